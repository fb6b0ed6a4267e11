//! What a decision costs: `cargo bench -p scheduler` prints one line a policy.
//!
//! "policy" is everything the policy does for one attempt: the pick, hearing of its start and hearing of an end.
//! "scheduler" is everything the scheduler does for one attempt of a task: timers, counts, health and actions as well.
//! Nodes have four slots, half of which are taken; one in five attempts is refused and one in five is delayed.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use luck::{Purpose, Seed};
use scheduler::policy::{ALL, Choice, Cost, Ended, Entry, Started};
use scheduler::{
    Action, Attempt, Event, JobId, JobSpec, Micros, NodeFacts, NodeId, NodeTimes, Observation, Outcome,
    Scheduler, Settings, Strategy, TaskIndex,
};
use std::time::{Duration, Instant};

const NODES: u32 = 10_000;
const SLOTS: u32 = 4;
const IN_FLIGHT: u32 = NODES * SLOTS / 2;
const LIMIT: Duration = Duration::from_micros(1);
/// The shortest of so many rounds counts: the others were disturbed.
const ROUNDS: u32 = 40;

fn main() {
    println!(
        "{NODES} nodes, {IN_FLIGHT} attempts in flight; time for one attempt, shortest of {ROUNDS} rounds\n"
    );
    println!("{:30} {:12} {:>12} {:>12}", "policy", "claims", "policy", "scheduler");
    for entry in ALL {
        let (alone, whole) = (policy_alone(entry), whole_scheduler(entry));
        let claims = match entry.cost {
            Cost::Constant => "O(1)",
            Cost::Logarithmic => "O(log n)",
            Cost::Linear => "O(n)",
        };
        let verdict = if entry.cost != Cost::Linear && alone > LIMIT { "  over a microsecond" } else { "" };
        println!(
            "{:30} {claims:12} {:>9} ns {:>9} ns{verdict}",
            entry.name,
            alone.as_nanos(),
            whole.as_nanos()
        );
    }
}

fn repeats(entry: &Entry) -> u32 {
    if entry.cost == Cost::Linear { 20 } else { 5_000 }
}

fn joined() -> Scheduler {
    let mut scheduler = Scheduler::new(Settings::default());
    let mut actions = Vec::new();
    for node in (0..NODES).map(NodeId) {
        let load_probability = Some(f64::from(node.0 % 10) / 10.0);
        let facts = NodeFacts { slots: SLOTS, load_probability };
        scheduler.handle(Micros(0), Event::NodeJoined { node, facts }, &mut actions);
    }
    scheduler
}

fn observation(number: u64) -> Observation {
    let delay = Duration::from_millis(if number % 5 == 1 { 50 } else { 0 });
    let service = Duration::from_micros(4_000 + number % 997);
    let node = Some(NodeTimes { queue: Duration::ZERO, delay, service });
    match number % 5 {
        0 => Observation { outcome: Outcome::Rejected, round_trip: Duration::from_micros(200), node: None },
        _ => Observation { outcome: Outcome::Done, round_trip: delay + service, node },
    }
}

/// The policy by itself. It hears of one attempt on every second slot, then of one end and one start in turn.
fn policy_alone(entry: &Entry) -> Duration {
    let scheduler = joined();
    let mut policy = entry.name.parse::<Strategy>().unwrap().build().unwrap();
    for node in scheduler.nodes().eligible() {
        policy.node_up(*node, scheduler.nodes().get(*node).unwrap().facts(), 0);
    }
    let mut flights: Vec<(NodeId, Micros)> = Vec::new();
    for slot in 0..IN_FLIGHT {
        let node = NodeId(slot % NODES);
        policy.started(&Started { node, now: Micros(0), slot, has_to_wait: false });
        flights.push((node, Micros(0)));
    }
    let mut number = 0;
    let mut round = || {
        let begin = Instant::now();
        for _ in 0..repeats(entry) {
            number += 1;
            let now = Micros(number);
            let slot = (number.wrapping_mul(7_919) % u64::from(IN_FLIGHT)) as u32;
            let (node, started) = flights[slot as usize];
            let observation = observation(number);
            let seen = &observation;
            policy.ended(&Ended {
                node,
                now,
                started,
                slot,
                in_flight_then: 2,
                may_reject: true,
                observation: seen,
            });
            let coin = Seed(1).coin(Purpose::Pick, number, 1);
            let choice = Choice::new(scheduler.nodes(), None, now, coin).unwrap();
            let node = policy.pick(&choice.for_task(TaskIndex(number as u32), 1)).unwrap_or(node);
            policy.started(&Started { node, now, slot, has_to_wait: false });
            flights[slot as usize] = (node, now);
        }
        begin.elapsed() / repeats(entry)
    };
    (0..ROUNDS).map(|_| round()).min().unwrap()
}

/// The whole scheduler: attempts end in the order of their starts, each end lets another task begin.
fn whole_scheduler(entry: &Entry) -> Duration {
    let mut scheduler = joined();
    let mut actions = Vec::new();
    let mut spec =
        JobSpec::new(IN_FLIGHT * 2 + repeats(entry) * (ROUNDS + 1), entry.name.parse().unwrap(), Seed(1));
    spec.max_in_flight = if entry.cost == Cost::Linear { 1_000 } else { IN_FLIGHT };
    scheduler.handle(Micros(0), Event::JobSubmitted { job: JobId(1), spec }, &mut actions);
    let mut flights = std::collections::VecDeque::<Attempt>::new();
    let mut number = 0;
    let mut round = || {
        let begin = Instant::now();
        for _ in 0..repeats(entry) {
            flights.extend(actions.drain(..).filter_map(|action| match action {
                Action::Start(attempt) => Some(attempt),
                _ => None,
            }));
            number += 1;
            let Some(attempt) = flights.pop_front() else {
                break;
            };
            let event = Event::AttemptEnded { attempt, observation: observation(number) };
            scheduler.handle(Micros(number * 2), event, &mut actions);
        }
        begin.elapsed() / repeats(entry)
    };
    (0..ROUNDS).map(|_| round()).min().unwrap()
}
