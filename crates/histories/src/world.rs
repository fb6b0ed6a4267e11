//! Time, messages, faults and clients: everything around the servers and nodes.

use crate::chance::Chance;
use crate::folder::SharedFolder;
use crate::node::Node;
use crate::server::Server;
use crate::{Bug, Story};
use journal::entry::Output;
use scheduler::{JobId, Strategy};
use std::collections::{BTreeMap, BTreeSet};

/// Servers of a history.
pub(crate) const SERVERS: usize = 2;
/// Steps after which a history counts as one that does not end.
const MOST_STEPS: u64 = 30_000;
/// Virtual time after the last fault in which every job must have ended.
const LONGEST_QUIET_US: u64 = 600_000_000;
/// What jobs are submitted with: some give a task two attempts at once.
const STRATEGIES: [&str; 4] = [
    "round_robin",
    "random+hedge[after=100ms]",
    "least_connections+hedge[after=300ms,copies=2]",
    "late_binding",
];

fn strategy(text: &str) -> Strategy {
    #[expect(clippy::expect_used, reason = "strategies that every build knows")]
    text.parse().expect("it is known")
}

/// The bytes of a task's result, as every node makes them.
pub(crate) fn bytes_of(job: usize, task: u32) -> Vec<u8> {
    format!("job {job}, task {task}").into_bytes()
}

/// One attempt on its way.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) server: usize,
    pub(crate) incarnation: u64,
    pub(crate) node: usize,
    /// The node's process at the other end of the connection.
    pub(crate) node_incarnation: u64,
    pub(crate) job: usize,
    /// The job's number at that process.
    pub(crate) life: JobId,
    pub(crate) epoch: u64,
    pub(crate) task: u32,
    pub(crate) number: u32,
    pub(crate) temporary: String,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    Done(Output),
    Rejected,
    Fault,
    Stale,
}

/// What a client hears of its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Running,
    Done,
    /// Ended without all results, or not taken.
    NotHere,
    Later,
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    ClientTick { job: usize },
    Submitted { server: usize, job: usize, epoch: u64 },
    Told { server: usize, job: usize, epoch: u64, heard: Heard },
    Called { call: Call },
    Created { node: usize, incarnation: u64, call: Call },
    Written { node: usize, incarnation: u64, call: Call, handle: usize },
    Answered { call: Call, came: Came },
    Deadline { call: Call },
    Timer { server: usize, incarnation: u64 },
    Probed { server: usize, incarnation: u64, node: u32 },
    EndAgain { server: usize, incarnation: u64, job: usize },
    Fault,
    ServerUp { server: usize },
    ServerResumes { server: usize },
    NodeUp { node: usize },
    NodeResumes { node: usize },
}

/// How harsh a history is.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) tasks: u32,
    pub(crate) strategy: Strategy,
    pub(crate) quiet_from: u64,
    loss: f64,
    doubling: f64,
    delay: f64,
    /// Of a fault between two steps of a server.
    pub(crate) trouble: f64,
    /// How long a node is at a temporary file at most.
    pub(crate) longest_writing_us: u64,
    /// How long a server is away at most.
    pub(crate) longest_restart_us: u64,
    pub(crate) failing_disks: f64,
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) server: usize,
    pub(crate) epoch: u64,
    pub(crate) heard_at: u64,
    pub(crate) begun: bool,
    pub(crate) done: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) bug: Bug,
    pub(crate) chance: Chance,
    pub(crate) terms: Terms,
    pub(crate) now: u64,
    queue: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    pub(crate) folder: SharedFolder,
    pub(crate) servers: Vec<Server>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) clients: Vec<Client>,
    pub(crate) incarnations: u64,
    /// Servers that were stopped between two steps, on the stack.
    pub(crate) depth: usize,
    /// What each server has answered for: (server, job).
    pub(crate) promised: BTreeSet<(usize, usize)>,
    /// Results that each process has published: (incarnation, job, task).
    pub(crate) published_once: BTreeSet<(u64, u64, u32)>,
    /// At which server each process lives or lived.
    pub(crate) homes: BTreeMap<u64, usize>,
    /// Owners who took the folder for a job that they have not written down yet, or never did: process and key.
    pub(crate) unpromised: BTreeSet<(u64, String)>,
    /// Everybody who ever owned the folder: process, key and epoch.
    pub(crate) ever: BTreeSet<(u64, String, u64)>,
    /// Owners who lost the folder to a later one: process and key.
    pub(crate) deposed: BTreeSet<(u64, String)>,
    /// Who has taken the folder over to the end, unless somebody else has begun to: key and process.
    pub(crate) taken: Option<(String, u64)>,
    pub(crate) broken: Option<String>,
    pub(crate) story: Story,
    /// Every step in words, where somebody reads them.
    tale: Option<Vec<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, bug: Bug, tale: Option<Vec<String>>) -> World {
        let mut chance = Chance::new(seed);
        let terms = Terms {
            tasks: chance.between(1, 5) as u32,
            strategy: strategy(chance.pick(&STRATEGIES)),
            quiet_from: chance.between(1, 12) * 1_000_000,
            loss: chance.pick(&[0.0, 0.02, 0.2]),
            doubling: chance.pick(&[0.0, 0.05, 0.3]),
            delay: chance.pick(&[0.0, 0.03, 0.1, 0.3]),
            trouble: chance.pick(&[0.0, 0.03, 0.15]),
            longest_writing_us: chance.pick(&[300_000, 300_000, 2_000_000]),
            longest_restart_us: chance.pick(&[200_000, 5_000_000]),
            failing_disks: chance.pick(&[0.0, 0.0, 0.05]),
        };
        let nodes = chance.between(1, 4) as usize;
        let mut world = World {
            bug,
            terms,
            now: 0,
            queue: BTreeMap::new(),
            sequence: 0,
            folder: SharedFolder::default(),
            servers: (0..SERVERS).map(|_| Server::new()).collect(),
            nodes: Vec::new(),
            clients: Vec::new(),
            incarnations: 0,
            depth: 0,
            promised: BTreeSet::new(),
            published_once: BTreeSet::new(),
            homes: BTreeMap::new(),
            unpromised: BTreeSet::new(),
            ever: BTreeSet::new(),
            deposed: BTreeSet::new(),
            taken: None,
            broken: None,
            tale,
            story: Story::default(),
            chance,
        };
        for _ in 0..nodes {
            let rejects = world.chance.pick(&[0.0, 0.3, 0.8]);
            world.nodes.push(Node { up: true, rejects, ..Node::default() });
        }
        for _ in 0..world.chance.between(1, 3) {
            world.clients.push(Client { server: 0, epoch: 1, heard_at: 0, begun: false, done: false });
        }
        for server in 0..SERVERS {
            world.start_server(server);
        }
        world.at(0, Event::ClientTick { job: 0 });
        for _ in 0..world.chance.pick(&[0, 2, 6, 14]) {
            let at = world.chance.between(0, world.terms.quiet_from);
            world.at(at, Event::Fault);
        }
        world
    }

    /// Lives the whole history; answers what it came to, and its steps in words.
    pub(crate) fn run(mut self) -> (Result<Story, String>, Vec<String>) {
        self.run_until(u64::MAX);
        if self.broken.is_none() && !self.is_over() {
            self.broken = Some(format!("at {} us nothing more happens, and a job has not ended", self.now));
        }
        self.story.elapsed_us = self.now;
        (self.broken.map_or(Ok(self.story), Err), self.tale.unwrap_or_default())
    }

    fn is_over(&self) -> bool {
        self.clients.iter().all(|client| client.done)
    }

    /// Lets everybody live until then.
    pub(crate) fn run_until(&mut self, until: u64) {
        while self.broken.is_none() {
            let Some((&key, _)) = self.queue.first_key_value() else { return };
            let (at, _) = key;
            if at > until {
                self.now = until;
                return;
            }
            if self.is_over() && at > self.terms.quiet_from + 20_000_000 {
                self.queue.clear();
                return;
            }
            let Some(event) = self.queue.remove(&key) else { return };
            self.now = self.now.max(at);
            self.story.steps += 1;
            self.say(|| format!("{event:?}"));
            self.step(event);
            self.check();
            if self.story.steps > MOST_STEPS || self.now > self.terms.quiet_from + LONGEST_QUIET_US {
                let open = self.clients.iter().position(|client| !client.done);
                self.break_promise(format!("job {open:?} does not end"));
            }
        }
    }

    /// Notes a step for whoever reads the history.
    pub(crate) fn say(&mut self, words: impl FnOnce() -> String) {
        if let Some(tale) = &mut self.tale {
            tale.push(format!("{:>12} us  {}", self.now, words()));
        }
    }

    pub(crate) fn break_promise(&mut self, what: String) {
        let at = self.now;
        if self.broken.is_none() {
            self.say(|| format!("BROKEN: {what}"));
            self.broken = Some(format!("at {at} us: {what}"));
        }
    }

    pub(crate) fn at(&mut self, time: u64, event: Event) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), event);
    }

    pub(crate) fn is_troubled(&self) -> bool {
        self.now < self.terms.quiet_from
    }

    /// A message: it may be lost, doubled or held up. A request to a node is not doubled: servers never repeat one, and
    /// a connection delivers it once.
    pub(crate) fn send(&mut self, event: Event) {
        let may_double = self.bug == Bug::AttemptTwice || !matches!(event, Event::Called { .. });
        let doubles = self.is_troubled() && self.chance.happens(self.terms.doubling) && may_double;
        let copies = if doubles { 2 } else { 1 };
        self.story.troubled_messages += copies - 1;
        for _ in 0..copies {
            if self.is_troubled() && self.chance.happens(self.terms.loss) {
                self.story.troubled_messages += 1;
                continue;
            }
            let mut delay = self.chance.between(100, 20_000);
            if self.is_troubled() && self.chance.happens(self.terms.delay) {
                self.story.troubled_messages += 1;
                delay += self.chance.between(0, 8_000_000);
            }
            self.at(self.now + delay, event.clone());
        }
    }

    fn step(&mut self, event: Event) {
        match &event {
            Event::Submitted { server, .. }
            | Event::Answered { call: Call { server, .. }, .. }
            | Event::Deadline { call: Call { server, .. } }
            | Event::Timer { server, .. }
            | Event::EndAgain { server, .. }
            | Event::Probed { server, .. } => {
                let server = *server;
                if !self.servers[server].up {
                    return;
                }
                if self.servers[server].hung || self.servers[server].busy {
                    return self.servers[server].held.push(event);
                }
                self.server_hears(server, event);
            }
            Event::Called { call: Call { node, .. } }
            | Event::Created { node, .. }
            | Event::Written { node, .. } => {
                let node = *node;
                if !self.nodes[node].up {
                    return;
                }
                if self.nodes[node].hung {
                    return self.nodes[node].held.push(event);
                }
                match event {
                    Event::Called { call } => self.attempt_arrives(node, call),
                    Event::Created { incarnation, call, .. } => self.create(node, incarnation, call),
                    Event::Written { incarnation, call, handle, .. } => {
                        self.finish(node, incarnation, call, handle);
                    }
                    _ => {}
                }
            }
            Event::ClientTick { job } => self.client_tick(*job),
            Event::Told { server, job, epoch, heard } => self.told(*server, *job, *epoch, *heard),
            Event::Fault => self.fault(),
            Event::ServerUp { server } => self.start_server(*server),
            Event::ServerResumes { server } => {
                self.servers[*server].hung = false;
                self.let_go(*server);
            }
            Event::NodeUp { node } => self.nodes[*node].up = true,
            Event::NodeResumes { node } => {
                self.nodes[*node].hung = false;
                for held in std::mem::take(&mut self.nodes[*node].held) {
                    self.at(self.now, held);
                }
            }
        }
    }

    /// What came for a server while it could not hear.
    pub(crate) fn let_go(&mut self, server: usize) {
        for held in std::mem::take(&mut self.servers[server].held) {
            self.at(self.now, held);
        }
    }
}
