//! One picture of the cluster, drawn from what servers told and from the picture before.

use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use wire::job::{ElectionView, NodeState, NodeView, ServerDescription};

/// Samples that a node's curve keeps.
pub(crate) const CURVE_SAMPLES: usize = 60;
/// Samples that the curves of the whole cluster keep.
pub(crate) const TREND_SAMPLES: usize = 240;

/// What a node told of itself is out of date after this time.
const FRESH: Duration = Duration::from_secs(2);

/// What one server answered when it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// Its name in `machine.txt`.
    pub(crate) name: String,
    /// `host:port`.
    pub(crate) address: String,
    /// Its description, or why there is none.
    pub(crate) answer: Result<ServerDescription, String>,
}

/// A server as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) up: bool,
    /// What is shown of the nodes is what it sees, and new jobs of the console go to it.
    pub(crate) leads: bool,
    /// Servers, as `host:port`, whose jobs it takes over when they do not answer.
    pub(crate) standby_of: Vec<String>,
    /// Highest epoch of its running jobs.
    pub(crate) epoch: Option<u64>,
    /// Where servers elect who leads: what this one knows of that.
    pub(crate) election: Option<Election>,
    /// Why it does not answer.
    pub(crate) why: Option<String>,
    /// When it started, in milliseconds since 1970; so that nothing changes while nothing happens.
    pub(crate) started_ms: u64,
    /// Drawn at its last known start, as text: readers of JSON lose the last digits of such numbers.
    pub(crate) incarnation: String,
    pub(crate) version: String,
    pub(crate) jobs_running: u64,
    pub(crate) jobs_ended: u64,
}

/// What a server knows of the election in which it takes part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Election {
    /// `host:port` of another server that leads.
    pub(crate) leader: Option<String>,
    /// The term under which it leads itself.
    pub(crate) term: Option<u64>,
}

impl From<&ElectionView> for Election {
    fn from(view: &ElectionView) -> Election {
        Election { leader: view.leader.clone(), term: view.term }
    }
}

/// A node as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) view: NodeView,
    /// Since when it is in its state, in milliseconds since 1970.
    pub(crate) since_ms: u64,
    /// Attempts that wait for a slot.
    pub(crate) queue: Option<u64>,
    /// Mean round trip of the attempts that finished since the last picture, in microseconds.
    pub(crate) response_us: Option<u64>,
    /// The latest responses, the oldest first; none where nothing finished.
    pub(crate) curve: VecDeque<Option<u64>>,
}

/// Sums over all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Totals {
    pub(crate) nodes: u64,
    pub(crate) up: u64,
    pub(crate) slots: u64,
    pub(crate) in_flight: u64,
    pub(crate) queue: u64,
    pub(crate) attempts: u64,
    pub(crate) done: u64,
    pub(crate) rejected: u64,
    pub(crate) delayed: u64,
    pub(crate) lost: u64,
}

/// What happened between two pictures, a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Rates {
    pub(crate) done: f64,
    pub(crate) rejected: f64,
    pub(crate) delayed: f64,
    pub(crate) in_flight: f64,
    /// Mean round trip of what finished, in microseconds; 0 if nothing did.
    pub(crate) response_us: f64,
}

/// All that is known at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    pub(crate) number: u64,
    pub(crate) at_ms: u64,
    pub(crate) servers: Vec<Server>,
    /// What happened at each server's port; kept apart because it changes with every look.
    pub(crate) ports: Vec<wire::Counters>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) totals: Totals,
    pub(crate) rates: Rates,
    pub(crate) trend: VecDeque<Rates>,
    pub(crate) strategies: Vec<String>,
}

pub(crate) const fn state_word(state: NodeState) -> &'static str {
    match state {
        NodeState::Up => "up",
        NodeState::Down => "down",
        NodeState::Ejected => "ejected",
        NodeState::Draining => "draining",
        NodeState::Suspected => "suspected",
        NodeState::Other(_) => "unknown",
    }
}

impl Picture {
    /// The picture after this one. Nodes are the leader's; while no server answers, the last ones stay as they were.
    pub(crate) fn next(&self, looks: &[Look], at_ms: u64) -> Picture {
        let leader = leader(looks);
        let servers =
            looks.iter().enumerate().map(|(index, look)| self.server(look, leader == Some(index), at_ms));
        let servers = servers.collect();
        let port =
            |look: &Look| look.answer.as_ref().map_or_else(|_| wire::Counters::default(), |told| told.port);
        let ports = looks.iter().map(port).collect();
        let description = leader.and_then(|index| looks[index].answer.as_ref().ok());
        let nodes = match description {
            Some(described) => self.nodes_of(described, at_ms),
            None => self.nodes.clone(),
        };
        let totals = totals(&nodes);
        let seconds = at_ms.saturating_sub(self.at_ms) as f64 / 1_000.0;
        let rates = if self.number == 0 { Rates::default() } else { self.rates_to(&nodes, &totals, seconds) };
        let mut trend = self.trend.clone();
        trend.push_back(rates);
        trend.drain(..trend.len().saturating_sub(TREND_SAMPLES));
        let strategies = description.map_or_else(|| self.strategies.clone(), |told| told.strategies.clone());
        Picture { number: self.number + 1, at_ms, servers, ports, nodes, totals, rates, trend, strategies }
    }

    fn server(&self, look: &Look, leads: bool, at_ms: u64) -> Server {
        let before = self.servers.iter().find(|server| server.address == look.address);
        match &look.answer {
            Ok(told) => {
                let started_ms = at_ms.saturating_sub(told.uptime.as_millis() as u64);
                let incarnation = format!("{:016x}", told.incarnation);
                // The two clocks drift by milliseconds: a process has one start.
                let known =
                    before.filter(|server| server.incarnation == incarnation && server.started_ms > 0);
                Server {
                    name: told.name.clone(),
                    address: look.address.clone(),
                    up: true,
                    leads,
                    standby_of: told.standby_of.clone(),
                    epoch: told.epoch,
                    election: told.election.as_ref().map(Election::from),
                    why: None,
                    started_ms: known.map_or(started_ms, |server| server.started_ms),
                    incarnation,
                    version: told.program_version.clone(),
                    jobs_running: told.jobs_running,
                    jobs_ended: told.jobs_ended,
                }
            }
            Err(why) => Server {
                name: before.map_or_else(|| look.name.clone(), |server| server.name.clone()),
                address: look.address.clone(),
                up: false,
                leads: false,
                standby_of: before.map(|server| server.standby_of.clone()).unwrap_or_default(),
                epoch: None,
                election: None,
                why: Some(why.clone()),
                started_ms: 0,
                incarnation: before.map(|server| server.incarnation.clone()).unwrap_or_default(),
                version: before.map(|server| server.version.clone()).unwrap_or_default(),
                jobs_running: 0,
                jobs_ended: before.map_or(0, |server| server.jobs_ended),
            },
        }
    }

    fn nodes_of(&self, described: &ServerDescription, at_ms: u64) -> Vec<Node> {
        let by_name: BTreeMap<&str, usize> =
            self.nodes.iter().enumerate().map(|(index, node)| (node.view.name.as_str(), index)).collect();
        let draw = |(index, view): (usize, &NodeView)| {
            // Nearly always the list is the same, so the place is tried before the name.
            let before = self.nodes.get(index).filter(|node| node.view.name == view.name);
            let before = before.or_else(|| by_name.get(view.name.as_str()).map(|&known| &self.nodes[known]));
            node(view, before, described, at_ms)
        };
        described.nodes.iter().enumerate().map(draw).collect()
    }

    fn rates_to(&self, nodes: &[Node], totals: &Totals, seconds: f64) -> Rates {
        if seconds <= 0.0 {
            return self.rates;
        }
        // A server that was restarted counts from zero again.
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        let responses: Vec<u64> = nodes.iter().filter_map(|node| node.response_us).collect();
        Rates {
            done: rate(totals.done, self.totals.done),
            rejected: rate(totals.rejected, self.totals.rejected),
            delayed: rate(totals.delayed, self.totals.delayed),
            in_flight: totals.in_flight as f64,
            response_us: if responses.is_empty() {
                0.0
            } else {
                responses.iter().sum::<u64>() as f64 / responses.len() as f64
            },
        }
    }

    /// Whether the leader answered in this picture.
    pub(crate) fn has_leader(&self) -> bool {
        self.servers.iter().any(|server| server.leads)
    }

    /// Whether both pictures have the same nodes in the same places.
    pub(crate) fn has_nodes_of(&self, other: &Picture) -> bool {
        self.nodes.len() == other.nodes.len()
            && self
                .nodes
                .iter()
                .zip(&other.nodes)
                .all(|(a, b)| a.view.name == b.view.name && a.view.address == b.view.address)
    }
}

/// The place of the server that leads. Where servers elect one it is who was elected last, or nobody; else the one that has
/// taken jobs over, which its epoch tells; else the first that answers and does not stand by for one that answers; else the
/// first that answers.
fn leader(looks: &[Look]) -> Option<usize> {
    let answers = || {
        let told = looks.iter().enumerate();
        told.filter_map(|(place, look)| look.answer.as_ref().ok().map(|told| (place, told)))
    };
    if answers().any(|(_, told)| told.election.is_some()) {
        let elected = answers().filter_map(|(place, told)| Some((told.election.as_ref()?.term?, place)));
        return elected.max().map(|(_, place)| place);
    }
    let taken_over =
        answers().filter_map(|(place, told)| Some((told.epoch.filter(|&epoch| epoch > 1)?, place)));
    // Of equal epochs the first server's counts.
    if let Some((_, place)) = taken_over.max_by_key(|&(epoch, place)| (epoch, std::cmp::Reverse(place))) {
        return Some(place);
    }
    let is_up = |address: &String| looks.iter().any(|look| look.answer.is_ok() && look.address == *address);
    let first = answers().find(|(_, told)| !told.standby_of.iter().any(is_up)).or_else(|| answers().next());
    first.map(|(place, _)| place)
}

fn node(view: &NodeView, before: Option<&Node>, server: &ServerDescription, at_ms: u64) -> Node {
    let same_state = before.filter(|node| node.view.state == view.state);
    let told = (!view.since.is_zero())
        .then(|| at_ms.saturating_sub(server.uptime.saturating_sub(view.since).as_millis() as u64));
    let since_ms = same_state.map(|node| node.since_ms).or(told).unwrap_or(at_ms);
    let response_us = before.and_then(|node| response(&node.view, view));
    let mut curve = before.map(|node| node.curve.clone()).unwrap_or_default();
    curve.push_back(response_us);
    curve.drain(..curve.len().saturating_sub(CURVE_SAMPLES));
    Node { queue: queue(view), view: view.clone(), since_ms, response_us, curve }
}

/// What exceeds its slots, or what it told of late, whichever is more: what it told may be older than what this server
/// knows, and this server knows nothing of what others ask of it.
fn queue(view: &NodeView) -> Option<u64> {
    let beyond = view.slots.map(|slots| view.in_flight.saturating_sub(u64::from(slots)));
    let fresh = view.status.as_ref().filter(|(_, age)| *age <= FRESH);
    // Nothing waits where nothing is in flight.
    let told = fresh.map(|(status, _)| u64::from(status.queued).min(view.in_flight));
    beyond.max(told)
}

/// Mean round trip of what finished between two views, from their means over everything.
fn response(before: &NodeView, now: &NodeView) -> Option<u64> {
    let finished = now.done.checked_sub(before.done).filter(|&finished| finished > 0)?;
    let sum = |view: &NodeView| view.mean_round_trip.as_micros() * u128::from(view.done);
    let spent = sum(now).saturating_sub(sum(before)) / u128::from(finished);
    u64::try_from(spent).ok()
}

fn totals(nodes: &[Node]) -> Totals {
    let mut totals = Totals { nodes: nodes.len() as u64, ..Totals::default() };
    for node in nodes {
        let view = &node.view;
        totals.up += u64::from(view.state == NodeState::Up);
        totals.slots += u64::from(view.slots.unwrap_or(0));
        totals.in_flight += view.in_flight;
        totals.queue += node.queue.unwrap_or(0);
        totals.attempts += view.attempts;
        totals.done += view.done;
        totals.rejected += view.rejected;
        totals.delayed += view.delayed;
        totals.lost += view.lost;
    }
    totals
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn view(name: &str, done: u64, mean_us: u64) -> NodeView {
        NodeView {
            name: name.to_owned(),
            address: format!("127.0.0.1:{}", 5_000 + name.len()),
            state: NodeState::Up,
            since: Duration::ZERO,
            in_flight: 3,
            attempts: done + 3,
            done,
            rejected: 0,
            delayed: 0,
            lost: 0,
            mean_round_trip: Duration::from_micros(mean_us),
            slots: Some(2),
            load_probability: Some(0.5),
            compatibility: false,
            registered: false,
            incarnation: None,
            status: None,
        }
    }

    pub(crate) fn look(nodes: Vec<NodeView>) -> Look {
        let description = ServerDescription {
            name: "server".to_owned(),
            interface_version: "1".to_owned(),
            program_version: "0".to_owned(),
            incarnation: 7,
            uptime: Duration::from_secs(10),
            nodes,
            jobs_running: 0,
            jobs_ended: 0,
            strategies: vec!["random".to_owned()],
            operations: vec!["edges".to_owned()],
            port: wire::Counters::default(),
            standby_of: Vec::new(),
            epoch: None,
            election: None,
        };
        Look { name: "server".to_owned(), address: "127.0.0.1:5000".to_owned(), answer: Ok(description) }
    }

    fn silent(address: &str) -> Look {
        Look { name: "server".to_owned(), address: address.to_owned(), answer: Err("gone".to_owned()) }
    }

    #[test]
    fn responses_are_of_what_finished_in_between() {
        let first = Picture::default().next(&[look(vec![view("a", 10, 100)])], 1_000);
        let second = first.next(&[look(vec![view("a", 20, 150)])], 2_000);
        assert_eq!(
            second.nodes[0].response_us,
            Some(200),
            "10 at 100 µs, then 10 at 200 µs, make 20 at 150 µs"
        );
        assert_eq!(second.nodes[0].curve, [None, Some(200)]);
        assert_eq!(second.rates.done, 10.0);
        assert_eq!(second.nodes[0].queue, Some(1), "three in flight and two slots");
    }

    #[test]
    fn a_server_that_starts_again_counts_from_zero_and_nothing_is_negative() {
        let first = Picture::default().next(&[look(vec![view("a", 10, 100)])], 1_000);
        let second = first.next(&[look(vec![view("a", 2, 50)])], 2_000);
        assert_eq!((second.rates.done, second.nodes[0].response_us), (0.0, None));
    }

    /// A server at `address` that stands by for others and runs jobs of this epoch.
    fn server(address: &str, standby_of: &[&str], epoch: Option<u64>) -> Look {
        let mut look = Look { address: address.to_owned(), ..look(vec![]) };
        if let Ok(told) = &mut look.answer {
            told.standby_of = standby_of.iter().map(ToString::to_string).collect();
            told.epoch = epoch;
        }
        look
    }

    #[test]
    fn who_stands_by_does_not_lead_until_it_takes_over() {
        // In the list the standby comes first here: its place says nothing.
        let standby = |epoch| server("b:1", &["a:1"], epoch);
        assert_eq!(leader(&[standby(None), server("a:1", &[], Some(1))]), Some(1));
        assert_eq!(leader(&[standby(None), silent("a:1")]), Some(0), "nobody else is there");
        assert_eq!(leader(&[standby(Some(2)), silent("a:1")]), Some(0));
        assert_eq!(leader(&[standby(Some(2)), server("a:1", &[], None)]), Some(0), "it still has the jobs");
        assert_eq!(
            leader(&[standby(Some(2)), server("a:1", &[], Some(3))]),
            Some(1),
            "and they were taken back"
        );
        assert_eq!(leader(&[standby(None), server("a:1", &[], None)]), Some(1));
        assert_eq!(leader(&[server("a:1", &["b:1"], None), standby(None)]), Some(0), "each for the other");
        assert_eq!(leader(&[silent("a:1")]), None);
    }

    #[test]
    fn where_servers_elect_who_leads_nobody_else_does() {
        let elected = |address: &str, leader: Option<&str>, term| {
            let mut look = look(Vec::new());
            look.address = address.to_owned();
            if let Ok(told) = &mut look.answer {
                let leader = leader.map(str::to_owned);
                // What it goes on with, and whom it stands by, tells nothing here.
                (told.election, told.epoch) = (Some(ElectionView { leader, term }), Some(90));
            }
            look
        };
        let follower = || elected("a:1", Some("b:1"), None);
        assert_eq!(leader(&[follower(), elected("b:1", None, Some(7))]), Some(1));
        assert_eq!(leader(&[follower(), silent("b:1")]), None, "the next one is being elected");
        // One that was frozen has not heard yet of the higher term.
        assert_eq!(leader(&[elected("a:1", None, Some(6)), elected("b:1", None, Some(7))]), Some(1));
        let picture = Picture::default().next(&[follower(), elected("b:1", None, Some(7))], 1_000);
        assert_eq!(picture.servers[1].election, Some(Election { leader: None, term: Some(7) }));
    }

    #[test]
    fn the_first_server_that_answers_leads_and_its_absence_leaves_the_nodes_as_they_were() {
        let first = Picture::default().next(&[silent("h:1"), look(vec![view("a", 1, 1)])], 1_000);
        assert_eq!(first.servers.iter().map(|server| server.leads).collect::<Vec<_>>(), [false, true]);
        let second = first.next(&[silent("h:1"), silent("127.0.0.1:5000")], 2_000);
        assert!(!second.has_leader());
        assert_eq!(second.nodes.len(), 1);
        assert_eq!(second.servers[1].name, "server");
    }

    #[test]
    fn a_state_is_dated_from_its_change() {
        let first = Picture::default().next(&[look(vec![view("a", 1, 1)])], 1_000);
        let second = first.next(&[look(vec![view("a", 1, 1)])], 2_000);
        assert_eq!(second.nodes[0].since_ms, 1_000);
        let down = NodeView { state: NodeState::Down, ..view("a", 1, 1) };
        assert_eq!(second.next(&[look(vec![down])], 3_000).nodes[0].since_ms, 3_000);
    }

    #[test]
    fn a_queue_is_what_is_beyond_the_slots_or_what_the_node_told_of_late() {
        let told = |queued, age_ms, in_flight, slots| {
            let status = wire::node::NodeStatus { queued, ..Default::default() };
            let status = Some((status, Duration::from_millis(age_ms)));
            queue(&NodeView { status, in_flight, slots, ..view("a", 0, 0) })
        };
        assert_eq!(told(0, 100, 17, Some(2)), Some(15));
        assert_eq!(told(5, 100, 6, Some(2)), Some(5));
        assert_eq!(told(5, 100, 0, Some(2)), Some(0));
        assert_eq!(told(5, 9_000, 3, Some(2)), Some(1), "that was long ago");
        assert_eq!(told(5, 9_000, 3, None), None);
    }

    #[test]
    fn curves_are_bounded() {
        let mut picture = Picture::default();
        for step in 0..1_000 {
            picture = picture.next(&[look(vec![view("a", step, 1)])], step * 500);
        }
        assert_eq!((picture.nodes[0].curve.len(), picture.trend.len()), (CURVE_SAMPLES, TREND_SAMPLES));
    }
}
