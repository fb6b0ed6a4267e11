//! Nodes that come in the middle of a job, drain, are started anew; jobs that are paused.

use luck::Seed;
use proptest::prelude::*;
use scheduler::health::Health;
use scheduler::history::{self, Player};
use scheduler::{
    Action, Attempt, Event, JobEnd, JobId, JobSpec, LossReason, Micros, NodeFacts, NodeId, Observation,
    Outcome, Scheduler, Settings,
};

const JOB: JobId = JobId(0);

/// A scheduler and what it has answered. It checks every answer.
struct Stage {
    scheduler: Scheduler,
    now: u64,
    flying: Vec<Attempt>,
    tasks_ended: Vec<u32>,
    job_end: Option<JobEnd>,
    wake: Option<Micros>,
    probes: Vec<NodeId>,
    drained: bool,
    /// The decision log.
    log: String,
}

impl Stage {
    fn new(nodes: u32, tasks: u32) -> Stage {
        Stage::with_bound(nodes, tasks, u32::MAX)
    }

    fn with_bound(nodes: u32, tasks: u32, max_in_flight: u32) -> Stage {
        let mut stage = Stage {
            scheduler: Scheduler::new(Settings::default()),
            now: 0,
            flying: Vec::new(),
            tasks_ended: Vec::new(),
            job_end: None,
            wake: None,
            probes: Vec::new(),
            drained: false,
            log: String::new(),
        };
        history::settings(&mut stage.log, &Settings::default());
        (0..nodes).for_each(|node| stage.join(node));
        let mut spec = JobSpec::new(tasks, "least_connections".parse().unwrap(), Seed(1));
        spec.max_in_flight = max_in_flight;
        stage.tell(Event::JobSubmitted { job: JOB, spec });
        stage
    }

    fn tell(&mut self, event: Event) {
        self.now += 10;
        let (now, mut actions) = (Micros(self.now), Vec::new());
        history::event(&mut self.log, now, &event);
        self.scheduler.handle(now, event, &mut actions);
        actions.iter().for_each(|action| history::action(&mut self.log, now, action));
        for action in actions {
            match action {
                Action::Start(attempt) => {
                    assert_eq!(self.health(attempt.node()), Health::Up, "work for a node that takes none");
                    assert!(!self.scheduler.is_paused(JOB), "an attempt of a paused job");
                    self.flying.push(attempt);
                }
                Action::TaskEnded { task, .. } => {
                    assert!(!self.tasks_ended.contains(&task.0), "a task ended twice");
                    self.tasks_ended.push(task.0);
                }
                Action::JobEnded { end, .. } => assert_eq!(self.job_end.replace(end), None),
                Action::JobDrained { counts, .. } => {
                    assert_eq!(counts.begun, counts.settled);
                    self.drained = true;
                }
                Action::WakeAt(at) => self.wake = Some(at),
                Action::Probe { node } => self.probes.push(node),
                Action::Cancel { .. } => {}
            }
        }
        if let Some(counts) = self.scheduler.counts(JOB) {
            assert_eq!(counts.in_flight(), self.flying.len() as u64);
        }
    }

    fn health(&self, node: NodeId) -> Health {
        self.scheduler.nodes().get(node).unwrap().health()
    }

    fn join(&mut self, node: u32) {
        self.tell(Event::NodeJoined { node: NodeId(node), facts: NodeFacts::default() });
    }

    fn end(&mut self, attempt: Attempt, outcome: Outcome) {
        self.tell(Event::AttemptEnded {
            attempt,
            observation: Observation { outcome, ..Observation::default() },
        });
    }

    /// Ends those attempts in flight now for which `is_meant` holds.
    fn end_where(&mut self, is_meant: impl Fn(&Attempt) -> bool, outcome: Outcome) {
        let ids: Vec<u64> = self.flying.iter().filter(|it| is_meant(it)).map(Attempt::id).collect();
        for id in ids {
            let place = self.flying.iter().position(|attempt| attempt.id() == id).unwrap();
            let attempt = self.flying.remove(place);
            self.end(attempt, outcome);
        }
    }

    fn end_all(&mut self) {
        while let Some(attempt) = self.flying.pop() {
            self.end(attempt, Outcome::Done);
        }
    }

    fn on(&self, node: u32) -> usize {
        self.flying.iter().filter(|attempt| attempt.node() == NodeId(node)).count()
    }
}

#[test]
fn a_node_that_comes_in_the_middle_of_a_job_gets_work_at_once() {
    let mut stage = Stage::new(0, 8);
    stage.tell(Event::NodeListed { node: NodeId(0) });
    stage.tell(Event::NodeListed { node: NodeId(1) });
    assert!(stage.flying.is_empty(), "a node that is only listed takes nothing");
    stage.join(1);
    assert_eq!((stage.on(0), stage.on(1)), (0, 8));
    stage.end_all();
    assert_eq!(stage.job_end, Some(JobEnd::Done));
}

#[test]
fn a_draining_node_finishes_what_it_has_and_gets_nothing_until_it_is_resumed() {
    let mut stage = Stage::with_bound(2, 40, 4);
    assert_eq!((stage.on(0), stage.on(1)), (2, 2));
    stage.tell(Event::NodeDraining { node: NodeId(0) });
    stage.join(0);
    assert_eq!(stage.health(NodeId(0)), Health::Draining, "saying who it is does not end the draining");
    stage.end_where(|attempt| attempt.node() == NodeId(1), Outcome::Done);
    assert_eq!((stage.on(0), stage.on(1)), (2, 2), "its own attempts are left alone, new ones go elsewhere");
    stage.end_where(|attempt| attempt.node() == NodeId(0), Outcome::Done);
    assert_eq!((stage.on(0), stage.on(1)), (0, 4));
    stage.tell(Event::NodeResumed { node: NodeId(0) });
    stage.end_where(|_| true, Outcome::Done);
    assert!(stage.on(0) > 0, "it takes work again");
    stage.end_all();
    assert_eq!(stage.job_end, Some(JobEnd::Done));
}

#[test]
fn resuming_a_node_that_does_not_drain_changes_nothing() {
    let mut stage = Stage::new(1, 1);
    stage.tell(Event::NodeLeft { node: NodeId(0) });
    stage.tell(Event::NodeResumed { node: NodeId(0) });
    assert_eq!(stage.health(NodeId(0)), Health::Left);
    stage.tell(Event::NodeResumed { node: NodeId(7) });
}

#[test]
fn what_was_in_flight_on_an_earlier_process_goes_elsewhere_at_once() {
    let mut stage = Stage::new(1, 1);
    let facts = NodeFacts { slots: 3, ..NodeFacts::default() };
    stage.tell(Event::NodeRestarted { node: NodeId(0), facts });
    assert_eq!(stage.flying.len(), 2, "the task is tried again although the earlier attempt is still out");
    assert_eq!(*stage.scheduler.nodes().get(NodeId(0)).unwrap().facts(), facts);
    let old = stage.flying.remove(0);
    stage.end(old, Outcome::Cancelled);
    assert_eq!((stage.flying.len(), stage.job_end), (1, None), "what the earlier one says changes nothing");
    stage.end_all();
    assert_eq!((stage.job_end, stage.drained), (Some(JobEnd::Done), true));
}

#[test]
fn a_hanging_node_that_drains_or_rests_holds_nobody_up() {
    let mut stage = Stage::new(1, 2);
    stage.tell(Event::NodeDraining { node: NodeId(0) });
    stage.join(1);
    assert_eq!(stage.on(1), 0);
    stage.tell(Event::NodeSilent { node: NodeId(0) });
    assert_eq!((stage.on(1), stage.health(NodeId(0))), (2, Health::Draining));
    stage.end_where(|attempt| attempt.node() == NodeId(1), Outcome::Done);
    assert_eq!(stage.job_end, Some(JobEnd::Done));
}

#[test]
fn a_paused_job_begins_nothing_and_does_not_lose_its_patience() {
    let mut stage = Stage::new(1, 3);
    stage.tell(Event::JobPaused { job: JOB });
    let lost = stage.flying.pop().unwrap();
    stage.end(lost, Outcome::Rejected);
    // Ten times its patience goes by.
    for _ in 0..10 {
        let at = stage.wake.take().unwrap_or(Micros(stage.now));
        stage.now = stage.now.max(at.0) + 10_000_000;
        stage.tell(Event::TimerFired);
    }
    assert_eq!(stage.job_end, None);
    stage.tell(Event::JobResumed { job: JOB });
    stage.end_all();
    assert_eq!(stage.job_end, Some(JobEnd::Done));
}

/// One thing that may happen in a cluster.
#[derive(Clone, Copy, Debug)]
enum Chance {
    Join(u32),
    Leave(u32),
    Silent(u32),
    Restart(u32),
    Drain(u32),
    Resume(u32),
    Probe(bool),
    Pause,
    Continue,
    Wake,
    End(usize, Outcome),
}

fn chances() -> impl Strategy<Value = Chance> {
    let node = 0..4_u32;
    let outcomes = prop_oneof![
        6 => Just(Outcome::Done),
        2 => Just(Outcome::Rejected),
        1 => Just(Outcome::Failed),
        2 => Just(Outcome::Lost(LossReason::Broken)),
        1 => Just(Outcome::Lost(LossReason::Unreachable)),
        1 => Just(Outcome::TimedOut),
        1 => Just(Outcome::Cancelled),
    ];
    prop_oneof![
        3 => node.clone().prop_map(Chance::Join),
        1 => node.clone().prop_map(Chance::Leave),
        2 => node.clone().prop_map(Chance::Silent),
        2 => node.clone().prop_map(Chance::Restart),
        2 => node.clone().prop_map(Chance::Drain),
        2 => node.prop_map(Chance::Resume),
        2 => any::<bool>().prop_map(Chance::Probe),
        1 => Just(Chance::Pause),
        1 => Just(Chance::Continue),
        2 => Just(Chance::Wake),
        8 => (any::<usize>(), outcomes).prop_map(|(which, outcome)| Chance::End(which, outcome)),
    ]
}

fn happen(stage: &mut Stage, chance: Chance) {
    match chance {
        Chance::Join(node) => stage.join(node),
        Chance::Leave(node) => stage.tell(Event::NodeLeft { node: NodeId(node) }),
        Chance::Silent(node) => stage.tell(Event::NodeSilent { node: NodeId(node) }),
        Chance::Restart(node) => {
            stage.tell(Event::NodeRestarted { node: NodeId(node), facts: NodeFacts::default() });
        }
        Chance::Drain(node) => stage.tell(Event::NodeDraining { node: NodeId(node) }),
        Chance::Resume(node) => stage.tell(Event::NodeResumed { node: NodeId(node) }),
        Chance::Probe(alive) => {
            if let Some(node) = stage.probes.pop() {
                stage.tell(Event::ProbeEnded { node, alive });
            }
        }
        Chance::Pause => stage.tell(Event::JobPaused { job: JOB }),
        Chance::Continue => stage.tell(Event::JobResumed { job: JOB }),
        Chance::Wake => {
            if let Some(at) = stage.wake.take() {
                stage.now = stage.now.max(at.0);
                stage.tell(Event::TimerFired);
            }
        }
        Chance::End(which, outcome) => {
            if !stage.flying.is_empty() {
                let place = which % stage.flying.len();
                let attempt = stage.flying.swap_remove(place);
                stage.end(attempt, outcome);
            }
        }
    }
}

proptest! {
    /// Whatever nodes do, work goes only to nodes that are up, every task ends once, and when all is calm again the
    /// job ends.
    #[test]
    fn nothing_is_lost_whoever_comes_and_goes(history in prop::collection::vec(chances(), 0..200)) {
        let mut stage = Stage::new(4, 12);
        for chance in history {
            happen(&mut stage, chance);
        }
        stage.tell(Event::JobResumed { job: JOB });
        for node in 0..4 {
            stage.tell(Event::NodeResumed { node: NodeId(node) });
            stage.join(node);
        }
        let mut turns = 0;
        while !stage.drained {
            turns += 1;
            prop_assert!(turns < 10_000, "the job does not end");
            stage.end_all();
            happen(&mut stage, Chance::Wake);
        }
        prop_assert!(stage.job_end.is_some());
        stage.tasks_ended.sort_unstable();
        prop_assert_eq!(stage.tasks_ended, (0..12).collect::<Vec<_>>());
        let mut player = Player::new();
        for line in stage.log.lines() {
            player.hear(line).unwrap();
        }
    }
}
