//! A recorded job as a plan: its arrivals, its work and its luck, to run again or under another strategy.
//!
//! The coins of rejection and delay are named by the job's seed, so they fall as they fell. What the wire took is known
//! of the attempts that were made; others draw from what was seen. The nodes are not in the rows: whoever replays says
//! what they were, and gives them [`Recording::wire`].

use crate::scenario::{JobPlan, RecordedWire, Work};
use crate::{Arrivals, Distribution};
use luck::Seed;
use records::{AttemptOutcome, AttemptRow, JobRow, TaskRow};
use scheduler::{Micros, StrategyError};
use std::time::Duration;

/// What the rows of a job tell.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The job with its own strategy. Put another one into `plan.spec.strategy` to ask what would have been. Rules that
    /// rows do not tell (retries, bounds, time limits) are the defaults.
    pub plan: JobPlan,
    /// What the wire took, all attempts that a node answered.
    pub wire: Distribution,
}

/// Rows that do not make a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There are no rows of finished attempts or of tasks.
    #[error("job '{job}' has no {what}: there is nothing to replay")]
    Nothing {
        /// Its key.
        job: String,
        /// What is missing.
        what: &'static str,
    },
    /// A number beyond what a simulation takes.
    #[error("job '{job}': task {task} is above {}, the most that a simulation takes", u32::MAX)]
    TooMany {
        /// Its key.
        job: String,
        /// The task.
        task: u64,
    },
    /// The strategy is not known any more.
    #[error("job '{job}': {why}")]
    Strategy {
        /// Its key.
        job: String,
        /// What is wrong.
        why: StrategyError,
    },
}

/// Makes a plan from the rows of a job; rows of other jobs are passed over.
///
/// # Errors
/// If the rows do not make a job.
pub fn recording(job: &JobRow, tasks: &[TaskRow], attempts: &[AttemptRow]) -> Result<Recording, ReplayError> {
    let key = || job.job_key.to_string();
    let nothing = |what| ReplayError::Nothing { job: key(), what };
    let strategy: Result<scheduler::Strategy, _> = job.strategy.parse();
    let strategy = strategy.map_err(|why| ReplayError::Strategy { job: key(), why })?;

    let mut submitted: Vec<(u64, u64)> = tasks
        .iter()
        .filter(|row| row.job_key == job.job_key)
        .map(|row| (row.task, row.submitted_us))
        .collect();
    submitted.sort_unstable();
    let last = submitted.last().ok_or_else(|| nothing("tasks"))?.0;
    let count = u32::try_from(last + 1).map_err(|_| ReplayError::TooMany { job: key(), task: last })?;

    let mut work: Vec<Option<Duration>> = vec![None; count as usize];
    let mut wire = RecordedWire::new();
    for row in attempts.iter().filter(|row| row.job_key == job.job_key && row.task < u64::from(count)) {
        let is_answered = matches!(row.outcome, AttemptOutcome::Done | AttemptOutcome::Rejected);
        if is_answered {
            wire.insert((row.task as u32, row.attempt), Duration::from_micros(row.wire_us));
        }
        if row.outcome == AttemptOutcome::Done {
            work[row.task as usize] = Some(Duration::from_micros(service_us(row)));
        }
    }
    let mut known: Vec<Duration> = work.iter().flatten().copied().collect();
    known.sort_unstable();
    // A task without a result needs some work too: as much as the middle one.
    let middle = *known.get(known.len() / 2).ok_or_else(|| nothing("finished attempts"))?;
    let seen: Vec<Duration> = wire.values().copied().collect();

    let arrivals = if submitted.iter().all(|(_, at)| *at == 0) {
        Arrivals::AllAtOnce { tasks: count }
    } else {
        Arrivals::Trace(submitted.iter().map(|(_, at)| Micros(*at)).collect())
    };
    let work = Work::Recorded(work.into_iter().map(|work| work.unwrap_or(middle)).collect());
    let strategy = strategy.with_admission(job.admission);
    let mut plan = JobPlan::new(strategy, Seed(job.seed), arrivals, work);
    plan.key = job.job_key.clone();
    plan.recorded_wire = Some(wire.into());
    Ok(Recording { plan, wire: Distribution::Empirical(seen.into()) })
}

/// What the node worked on an attempt, without waiting and the injected delay.
fn service_us(row: &AttemptRow) -> u64 {
    row.read_us + row.decode_us + row.operation_us + row.encode_us + row.write_us
}
