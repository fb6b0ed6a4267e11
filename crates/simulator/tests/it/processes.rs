//! How tasks come, and what is counted of them.

use crate::plans::{MS, job, node};
use scheduler::{JobEnd, Micros};
use simulator::{
    Arrivals, Collected, Distribution, Observer, Rows, Scenario, TaskSeen, Work, simulate, simulate_into,
};

#[test]
fn an_open_loop_counts_from_the_intended_arrival() {
    // One slot, 10 ms of work, an arrival each 5 ms: the queue grows, and the latency with it.
    let mut plan = job("random", 1, Arrivals::Constant { per_second: 200.0, tasks: 100 });
    plan.work = Work::ByTask(Distribution::Constant(10 * MS));
    let nodes = vec![simulator::NodePlan::new("n", 1)];
    let run = simulate(&Scenario::new(nodes, plan)).unwrap();
    // Task i comes at 5 i and ends at 10 (i + 1) milliseconds: the mean latency is 10 + 5 * 99 / 2.
    assert!((run.jobs[0].tasks.mean() - 0.2575).abs() < 1e-9, "{}", run.jobs[0].tasks.mean());
    assert_eq!(run.jobs[0].makespan, 1_000 * MS);
}

#[test]
fn arrivals_beyond_the_bound_are_dropped_and_counted() {
    let mut plan = job("random", 1, Arrivals::Constant { per_second: 200.0, tasks: 100 });
    plan.work = Work::ByTask(Distribution::Constant(10 * MS));
    plan.max_open = Some(4);
    let nodes = vec![simulator::NodePlan::new("n", 1)];
    let run = simulate(&Scenario::new(nodes, plan)).unwrap();
    let job = &run.jobs[0];
    assert_eq!(job.counts.tasks + job.dropped, 100);
    assert!(job.dropped > 40, "{}", job.dropped);
    assert!(job.tasks.quantile(1.0) <= 0.0401);
}

/// The most tasks that were open at once, from their arrivals and ends.
#[derive(Default)]
struct Spans(Vec<(Micros, i32)>);

impl Observer for Spans {
    fn task(&mut self, seen: &TaskSeen) {
        self.0.push((seen.submitted, 1));
        self.0.push((seen.ended, -1));
    }
}

impl Spans {
    fn most_open(mut self) -> i32 {
        self.0.sort();
        let mut open = 0;
        let after_each = self.0.iter().map(|(_, change)| {
            open += change;
            open
        });
        after_each.max().unwrap()
    }
}

#[test]
fn a_closed_loop_has_as_many_open_tasks_as_clients() {
    let think = Distribution::Constant(MS);
    let nodes = (0..3).map(|name| node(name, 4, 0.2)).collect();
    let plan = job("round_robin", 2, Arrivals::Closed { clients: 7, think, tasks: 300 });
    let mut spans = Spans::default();
    let run = simulate_into(&Scenario::new(nodes, plan), &mut spans).unwrap();
    assert_eq!((run.jobs[0].counts.done, run.jobs[0].end), (300, Some(JobEnd::Done)));
    assert_eq!(spans.most_open(), 7);
}

#[test]
fn a_trace_is_replayed_as_it_was() {
    let times: Vec<Micros> = [0, 7, 7, 90_000].map(Micros).into();
    let plan = job("random", 1, Arrivals::Trace(times.clone().into()));
    let scenario = Scenario::new(vec![node(0, 4, 0.0)], plan);
    let mut rows = Rows::new(&scenario, "run".into(), "label", "", Collected::default());
    simulate_into(&scenario, &mut rows).unwrap();
    let mut submitted: Vec<(u64, u64)> =
        rows.sink.tasks.iter().map(|row| (row.task, row.submitted_us)).collect();
    submitted.sort_unstable();
    let expected: Vec<(u64, u64)> = (0..).zip(times.iter().map(|time| time.0)).collect();
    assert_eq!(submitted, expected);
}

#[test]
fn a_horizon_cancels_what_is_open() {
    let plan = job("random", 1, Arrivals::Constant { per_second: 100.0, tasks: 1_000 });
    let mut scenario = Scenario::new(vec![node(0, 2, 0.0)], plan);
    scenario.horizon = Some(Micros(2_000_000));
    let run = simulate(&scenario).unwrap();
    let job = &run.jobs[0];
    assert_eq!(job.end, Some(JobEnd::Cancelled));
    assert_eq!(job.makespan, 2_000 * MS);
    assert!(job.counts.done > 20 && job.counts.tasks <= 201, "{:?}", job.counts);
}

#[test]
fn an_oracle_that_is_told_anew_follows_a_load_that_changes() {
    let level = |p: f64| cluster::Probability::new(p).unwrap();
    let run = |announce_every| {
        // Two nodes that change places each second.
        let nodes = [[0.0, 0.9], [0.9, 0.0]].into_iter().enumerate().map(|(name, levels)| {
            let period = std::time::Duration::from_secs(1);
            let profile = cluster::Profile::Steps { levels: levels.map(level).into(), period };
            let load = cluster::ChangingLoad::both(profile, 300 * MS);
            simulator::NodePlan { load, tells_load: true, ..node(name, 50, 0.0) }
        });
        let plan = job("oracle", 1, Arrivals::Constant { per_second: 50.0, tasks: 1_000 });
        let scenario = Scenario { announce_every, ..Scenario::new(nodes.collect(), plan) };
        simulate(&scenario).unwrap().jobs[0].counts
    };
    let (told, untold) = (run(Some(20 * MS)), run(None));
    assert_eq!((told.done, untold.done), (1_000, 1_000));
    assert!(told.rejected < 60 && untold.rejected > 300, "{told:?} {untold:?}");
}
