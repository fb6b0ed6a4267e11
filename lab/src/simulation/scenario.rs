//! One cell under one policy and one seed, as the simulator takes it.

use crate::design::Setting;
use luck::Seed;
use scheduler::Strategy;
use simulator::{Arrivals, JobPlan, Scenario, Work};

/// The scenario of a replication: one job for each scheduler, which share out the tasks. `key` is the jobs' key in
/// records.
///
/// The first job has the replication's seed, so that it meets the luck of a real job under that seed; further ones have
/// seeds derived from it.
pub fn scenario(setting: &Setting, work: &Work, strategy: &Strategy, seed: Seed, key: &str) -> Scenario {
    let job = |scheduler: u32| {
        let own_seed = if scheduler == 0 { seed } else { seed.derive(u64::from(scheduler)) };
        let arrivals = share(&setting.arrivals, scheduler, setting.schedulers);
        let mut plan = JobPlan::new(strategy.clone(), own_seed, arrivals, work.clone());
        plan.key = if setting.schedulers == 1 { key.into() } else { format!("{key}/{scheduler}").into() };
        plan.spec.max_in_flight = setting.max_in_flight.unwrap_or(u32::MAX);
        if let Some(attempts) = setting.max_attempts {
            plan.spec.retry.max_attempts = attempts;
        }
        plan.attempt_timeout = setting.attempt_timeout;
        plan.max_open = setting.max_open;
        plan.scheduler = scheduler;
        plan
    };
    let mut scenario = Scenario::new(setting.nodes.clone(), job(0));
    scenario.jobs.extend((1..setting.schedulers).map(job));
    scenario.schedulers = setting.schedulers;
    scenario.cancellation = setting.cancellation;
    scenario.settings.stale = setting.stale;
    scenario.hand_over = setting.hand_over;
    scenario
}

/// The part of the arrivals that comes to scheduler `index` of `count`.
fn share(all: &Arrivals, index: u32, count: u32) -> Arrivals {
    let part = |tasks: u32| tasks / count + u32::from(index < tasks % count);
    match all {
        Arrivals::AllAtOnce { tasks } => Arrivals::AllAtOnce { tasks: part(*tasks) },
        Arrivals::Closed { clients, think, tasks } => {
            Arrivals::Closed { clients: part(*clients), think: think.clone(), tasks: part(*tasks) }
        }
        Arrivals::Poisson { per_second, tasks } => {
            Arrivals::Poisson { per_second: per_second / f64::from(count), tasks: part(*tasks) }
        }
        Arrivals::Constant { per_second, tasks } => {
            Arrivals::Constant { per_second: per_second / f64::from(count), tasks: part(*tasks) }
        }
        Arrivals::Trace(times) => {
            Arrivals::Trace(times.iter().skip(index as usize).step_by(count as usize).copied().collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scheduler::Micros;

    #[test]
    fn schedulers_share_out_all_tasks() {
        let all = [
            Arrivals::AllAtOnce { tasks: 11 },
            Arrivals::Poisson { per_second: 9.0, tasks: 11 },
            Arrivals::Trace((0..11).map(Micros).collect()),
        ];
        for arrivals in all {
            let parts: Vec<Arrivals> = (0..3).map(|index| share(&arrivals, index, 3)).collect();
            let tasks: Vec<u32> = parts.iter().map(Arrivals::tasks).collect();
            assert_eq!(tasks, [4, 4, 3], "{arrivals:?}");
            assert_eq!(share(&arrivals, 0, 1), arrivals);
        }
    }
}
