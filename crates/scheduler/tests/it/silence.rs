//! A node that hangs and keeps its connections: grey failure.

use luck::Seed;
use scheduler::{
    Action, Attempt, Event, JobCounts, JobEnd, JobId, JobSpec, Micros, NodeFacts, NodeId, Observation,
    Outcome, Scheduler, Settings, TaskEnd,
};

struct Stage {
    scheduler: Scheduler,
    now: u64,
    started: Vec<Attempt>,
    ends: Vec<TaskEnd>,
    job_end: Option<JobEnd>,
    drained: Option<JobCounts>,
}

impl Stage {
    fn new(tasks: u32, max_in_flight: u32) -> Stage {
        let scheduler = Scheduler::new(Settings::default());
        let (started, ends) = (Vec::new(), Vec::new());
        let mut stage = Stage { scheduler, now: 0, started, ends, job_end: None, drained: None };
        for node in [NodeId(0), NodeId(1)] {
            stage.tell(Event::NodeJoined { node, facts: NodeFacts::default() });
        }
        let mut spec = JobSpec::new(tasks, "round_robin".parse().unwrap(), Seed(1));
        spec.max_in_flight = max_in_flight;
        stage.tell(Event::JobSubmitted { job: JobId(0), spec });
        stage
    }

    fn tell(&mut self, event: Event) {
        self.now += 10;
        let mut actions = Vec::new();
        self.scheduler.handle(Micros(self.now), event, &mut actions);
        for action in actions {
            match action {
                Action::Start(attempt) => self.started.push(attempt),
                Action::TaskEnded { end, .. } => self.ends.push(end),
                Action::JobEnded { end, .. } => self.job_end = Some(end),
                Action::JobDrained { counts, .. } => self.drained = Some(counts),
                Action::Cancel { .. } | Action::Probe { .. } | Action::WakeAt(_) => {}
            }
        }
    }

    fn end(&mut self, attempt: Attempt, outcome: Outcome) {
        self.tell(Event::AttemptEnded {
            attempt,
            observation: Observation { outcome, ..Observation::default() },
        });
    }
}

#[test]
fn a_silent_nodes_tasks_go_elsewhere_at_once_and_its_late_answer_changes_nothing() {
    let mut stage = Stage::new(1, 8);
    let hanging = stage.started.pop().unwrap();
    stage.tell(Event::NodeSilent { node: hanging.node() });
    let other = stage.started.pop().expect("the task is handed on at once");
    assert_ne!(other.node(), hanging.node());
    stage.end(other, Outcome::Done);
    assert_eq!((stage.ends.as_slice(), stage.job_end), ([TaskEnd::Done].as_slice(), Some(JobEnd::Done)));
    assert_eq!(stage.drained, None, "an attempt is still out");
    stage.end(hanging, Outcome::Done);
    let counts = stage.drained.unwrap();
    assert_eq!((counts.done, counts.begun, counts.settled, counts.wasted), (1, 2, 2, 1));
}

#[test]
fn a_silent_nodes_answer_that_comes_first_counts() {
    let mut stage = Stage::new(1, 8);
    let hanging = stage.started.pop().unwrap();
    stage.tell(Event::NodeSilent { node: hanging.node() });
    let other = stage.started.pop().unwrap();
    stage.end(hanging, Outcome::Done);
    assert_eq!(stage.job_end, Some(JobEnd::Done));
    stage.end(other, Outcome::Done);
    assert_eq!(stage.drained.unwrap().done, 1);
}

#[test]
fn a_silent_nodes_attempts_hold_no_place() {
    // Two places, both on the node that hangs and on its neighbour: the job must go on with both places free.
    let mut stage = Stage::new(6, 2);
    let hanging = stage.started.remove(0);
    let silent = hanging.node();
    stage.tell(Event::NodeSilent { node: silent });
    let mut finished = 0;
    while let Some(attempt) = stage.started.pop() {
        assert_ne!(attempt.node(), silent);
        finished += 1;
        stage.end(attempt, Outcome::Done);
    }
    assert_eq!((finished, stage.job_end), (6, Some(JobEnd::Done)));
    stage.end(hanging, Outcome::TimedOut);
    assert_eq!(stage.drained.unwrap().lost, 1);
}

#[test]
fn a_late_failure_of_a_silent_node_is_not_retried_twice() {
    let mut stage = Stage::new(1, 8);
    let hanging = stage.started.pop().unwrap();
    stage.tell(Event::NodeSilent { node: hanging.node() });
    stage.end(hanging, Outcome::TimedOut);
    assert_eq!(stage.started.len(), 1, "one attempt elsewhere, not two");
    let other = stage.started.pop().unwrap();
    stage.end(other, Outcome::Done);
    assert_eq!(stage.drained.unwrap().begun, 2);
}
