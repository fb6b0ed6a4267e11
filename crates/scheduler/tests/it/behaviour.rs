//! Single behaviours that a user would notice.

use crate::cluster::{Cluster, ModelNode, Story};
use luck::Seed;
use scheduler::{GiveUp, JobEnd, JobSpec, Micros, Settings, TaskEnd};

fn spec(strategy: &str, tasks: u32) -> JobSpec {
    JobSpec::new(tasks, strategy.parse().unwrap(), Seed(11))
}

fn run(loads: &[f64], spec: JobSpec) -> Story {
    let nodes = loads.iter().map(|&load| ModelNode::new(load)).collect();
    Cluster::new(nodes).submit_at(Micros(0), 1, spec).run(Settings::default())
}

#[test]
fn a_cluster_that_refuses_everything_ends_the_job_within_the_budget() {
    let story = run(&[1.0; 4], spec("load_balancing", 10));
    let (end, counts) = story.ended[&1];
    assert_eq!(end, JobEnd::NoNode);
    assert_eq!((counts.given_up, counts.begun), (10, 10 * 200));
    assert!(story.tasks.values().all(|&end| end == TaskEnd::GaveUp(GiveUp::Rejections)));
    assert!(story.end < Micros(10_000_000), "gave up only at {}", story.end);
}

#[test]
fn must_accept_is_never_refused() {
    let story = run(&[1.0; 4], spec("random", 40));
    assert_eq!(story.ended[&1].0, JobEnd::Done);
    assert_eq!((story.rejected, story.ended[&1].1.delayed), (0, 40));
}

#[test]
fn nodes_that_are_all_dead_end_the_job_when_its_patience_does() {
    let mut node = ModelNode::new(0.0);
    node.dead = Some((Micros(0), Micros(u64::MAX)));
    let cluster = Cluster::new(vec![node.clone(), node]).submit_at(Micros(0), 1, spec("round_robin", 20));
    let story = cluster.run(Settings::default());
    assert_eq!(story.ended[&1].0, JobEnd::NoNode);
    assert!(story.tasks.values().all(|&end| end == TaskEnd::GaveUp(GiveUp::NoNode)));
    assert_eq!(story.end, Micros(10_000_000));
}

#[test]
fn a_node_that_comes_back_in_time_saves_the_job() {
    let mut node = ModelNode::new(0.0);
    node.dead = Some((Micros(0), Micros(4_000_000)));
    let story = Cluster::new(vec![node])
        .submit_at(Micros(0), 1, spec("least_connections", 20))
        .run(Settings::default());
    assert_eq!(story.ended[&1].0, JobEnd::Done);
}

#[test]
fn a_cancelled_job_ends_at_once_and_drains_later() {
    let nodes = vec![ModelNode::new(1.0); 2];
    let story = Cluster::new(nodes)
        .submit_at(Micros(0), 1, spec("random", 100))
        .cancel_at(Micros(60_000), 1)
        .run(Settings::default());
    let (end, at_end) = story.ended[&1];
    assert_eq!(end, JobEnd::Cancelled);
    assert!(at_end.in_flight() > 0 && at_end.done > 0, "{at_end:?}");
    assert_eq!(story.drained[&1].done, at_end.done, "late results change nothing");
}

#[test]
fn an_empty_job_is_done() {
    assert_eq!(run(&[0.0], spec("random", 0)).ended[&1].0, JobEnd::Done);
}

#[test]
fn two_jobs_share_the_cluster() {
    let nodes = vec![ModelNode::new(0.0); 2];
    let mut first = spec("least_connections", 200);
    first.max_in_flight = 8;
    let mut second = spec("round_robin", 20);
    second.max_in_flight = 8;
    let settings = Settings { max_in_flight: 8, ..Settings::default() };
    let story =
        Cluster::new(nodes).submit_at(Micros(0), 1, first).submit_at(Micros(10), 2, second).run(settings);
    let position = |text: &str| story.log.find(text).unwrap();
    assert!(
        position("JobEnded { job: JobId(2)") < position("JobEnded { job: JobId(1)"),
        "the short job waited"
    );
}

#[test]
fn a_task_with_a_home_goes_there_first_and_when_refused_where_the_policy_says() {
    use scheduler::{Action, Event, JobId, NodeFacts, NodeId, Observation, Outcome, Scheduler};
    let mut scheduler = Scheduler::new(Settings::default());
    let mut log = String::new();
    let mut tell = |event| {
        scheduler::history::event(&mut log, Micros(0), &event);
        let mut actions = Vec::new();
        scheduler.handle(Micros(0), event, &mut actions);
        actions
            .into_iter()
            .filter_map(|action| if let Action::Start(attempt) = action { Some(attempt) } else { None })
            .collect::<Vec<_>>()
    };
    for node in 0..3 {
        tell(Event::NodeJoined { node: NodeId(node), facts: NodeFacts { slots: 9, load_probability: None } });
    }
    let job = JobId(1);
    let open = JobSpec { sealed: false, ..spec("round_robin", 0) };
    assert!(tell(Event::JobSubmitted { job, spec: open }).is_empty());
    let homes = vec![Some(NodeId(2)), Some(NodeId(2)), None, Some(NodeId(1))];
    let begun = tell(Event::TasksPlaced { job, homes });
    let nodes: Vec<u32> = begun.iter().map(|attempt| attempt.node().0).collect();
    assert_eq!((nodes[0], nodes[1], nodes[3]), (2, 2, 1));
    let refused = Observation { outcome: Outcome::Rejected, ..Observation::default() };
    let attempt = begun.into_iter().next().unwrap();
    let again = tell(Event::AttemptEnded { attempt, observation: refused });
    assert_ne!(again[0].node(), NodeId(2));
    assert!(log.contains("placed j1 homes=2,2,-,1\n"), "{log}");
}
