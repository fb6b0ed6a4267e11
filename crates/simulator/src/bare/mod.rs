//! The bare event loop: join the shortest of `d` random queues over servers with one slot each, and nothing else.
//!
//! No scheduler, no refusals, no records: this is what an event costs when nothing is decided, the yardstick for the
//! full simulator ([`crate::simulate`]) and the fast test of the mean-field theory ([`crate::theory::jsq`]).

mod lines;
mod stream;
mod tournament;

pub use stream::Stream;

use lines::Lines;
use luck::{Purpose, Seed};
use tournament::Tournament;

/// What is simulated. Times are in units of the mean service time if `service` draws numbers with mean 1.
#[derive(Clone, Copy, Debug)]
pub struct Plan<Service> {
    /// Servers, at least 1.
    pub servers: u32,
    /// Poisson arrivals a server and unit of time; below 1 for a stable system.
    pub rate: f64,
    /// Queues that an arrival looks at, drawn with replacement; the shortest is joined, the first drawn among equals.
    pub choices: u32,
    /// Arrivals.
    pub tasks: u64,
    /// Draws a service time.
    pub service: Service,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Mean response time.
    pub mean: f64,
    /// Standard deviation of the response time.
    pub standard_deviation: f64,
    /// When the last arrival came.
    pub last_arrival: f64,
    /// When the last task ended.
    pub end: f64,
}

/// Memoryless service with mean 1.
pub fn exponential(stream: &mut Stream) -> f64 {
    stream.exponential()
}

/// Runs until every task has ended, from empty queues.
pub fn run<Service: FnMut(&mut Stream) -> f64>(plan: Plan<Service>, seed: Seed) -> Outcome {
    run_into(plan, seed, |_, _| {})
}

/// The same, and shows `seen` of each ended task when it came and how long it took.
pub fn run_into<Service, Seen>(plan: Plan<Service>, seed: Seed, seen: Seen) -> Outcome
where
    Service: FnMut(&mut Stream) -> f64,
    Seen: FnMut(f64, f64),
{
    match plan.choices {
        0 | 1 => run_with(plan, seed, seen, |_, draw, k| draw.pick(k)),
        2 => run_with(plan, seed, seen, |lengths, draw, k| {
            let (first, second) = draw.pick_two(k);
            if lengths[second as usize] < lengths[first as usize] { second } else { first }
        }),
        d => run_with(plan, seed, seen, |lengths, draw, k| {
            let mut best = draw.pick(k);
            for _ in 1..d {
                let other = draw.pick(k);
                if lengths[other as usize] < lengths[best as usize] {
                    best = other;
                }
            }
            best
        }),
    }
}

fn run_with<Service, Seen, Choose>(
    mut plan: Plan<Service>,
    seed: Seed,
    mut seen: Seen,
    choose: Choose,
) -> Outcome
where
    Service: FnMut(&mut Stream) -> f64,
    Seen: FnMut(f64, f64),
    Choose: Fn(&[u32], &mut Stream, u32) -> u32,
{
    let stream = |purpose| Stream::new(seed.coin(purpose, 0, 0));
    let mut gaps = stream(Purpose::Arrival);
    let mut picks = stream(Purpose::Pick);
    let mut services = stream(Purpose::Service);

    let k = plan.servers.max(1);
    let mut completions = Tournament::new(k);
    let ticks = completions.ticks_for(horizon(&plan));
    let gap_ticks = ticks / (plan.rate * f64::from(k));
    let mut lines = Lines::new(k);
    let (mut left, mut now, mut last_arrival) = (plan.tasks, 0u64, 0u64);
    let (mut sum, mut squares) = (0u128, 0f64);
    let mut arrival = (gap_ticks * gaps.exponential()) as u64;
    loop {
        let (at, server) = completions.first();
        if left > 0 && arrival <= at {
            now = arrival;
            last_arrival = now;
            let server = choose(lines.lengths(), &mut picks, k);
            if lines.join(server, now) {
                completions.begin(server, now + (ticks * (plan.service)(&mut services)) as u64);
            }
            left -= 1;
            arrival = now + (gap_ticks * gaps.exponential()) as u64;
        } else {
            if at == u64::MAX {
                break;
            }
            now = at;
            let (arrived, more) = lines.leave(server);
            let response = now - arrived;
            sum += u128::from(response);
            squares += (response as f64).powi(2);
            seen(arrived as f64 / ticks, response as f64 / ticks);
            let next = if more { Some(now + (ticks * (plan.service)(&mut services)) as u64) } else { None };
            completions.replace_first(server, next);
        }
    }
    let count = plan.tasks.max(1) as f64;
    let mean = sum as f64 / count;
    Outcome {
        mean: mean / ticks,
        standard_deviation: (squares / count - mean * mean).max(0.0).sqrt() / ticks,
        last_arrival: last_arrival as f64 / ticks,
        end: now as f64 / ticks,
    }
}

/// A time that the run will not exceed by far: all arrivals, or all the work, and some more.
fn horizon<Service>(plan: &Plan<Service>) -> f64 {
    let each = plan.tasks as f64 / f64::from(plan.servers.max(1));
    each / plan.rate.min(1.0) + 1_000.0
}
