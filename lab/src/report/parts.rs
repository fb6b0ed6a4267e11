//! Where the time of finished tasks went, exactly: the parts of a task's latency add up to it.

use records::{AttemptOutcome, AttemptRow, Run, TaskOutcome};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;

/// Mean milliseconds of each part of a task's latency. They add up to the mean latency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct MeanParts {
    /// Round trips of attempts that nodes refused.
    pub refused_ms: f64,
    /// Attempts that were lost or timed out.
    pub lost_ms: f64,
    /// Waiting at the server: for its turn, in back-off, or for another attempt.
    pub waiting_ms: f64,
    /// The wire's part of the attempt that succeeded.
    pub wire_ms: f64,
    /// Waiting at the node for a slot.
    pub queue_ms: f64,
    /// The injected delay.
    pub delay_ms: f64,
    /// The work itself, from reading the image to writing the result.
    pub work_ms: f64,
}

impl MeanParts {
    /// Name and size of each part, in the order in which a task meets them.
    pub const fn named(&self) -> [(&'static str, f64); 7] {
        [
            ("waiting at the server", self.waiting_ms),
            ("refused attempts", self.refused_ms),
            ("lost attempts", self.lost_ms),
            ("wire", self.wire_ms),
            ("queue at the node", self.queue_ms),
            ("injected delay", self.delay_ms),
            ("work", self.work_ms),
        ]
    }

    /// The mean latency in milliseconds.
    pub fn sum(&self) -> f64 {
        self.named().iter().map(|(_, size)| size).sum()
    }
}

/// Sums over finished tasks, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartSums {
    tasks: u64,
    /// In the order of [`MeanParts::named`].
    sums_us: [i128; 7],
}

impl PartSums {
    /// The means; none of no task.
    pub fn means(&self) -> Option<MeanParts> {
        if self.tasks == 0 {
            return None;
        }
        let mean_ms = |sum: i128| sum as f64 / self.tasks as f64 / 1e3;
        let [waiting_ms, refused_ms, lost_ms, wire_ms, queue_ms, delay_ms, work_ms] = self.sums_us.map(mean_ms);
        Some(MeanParts { refused_ms, lost_ms, waiting_ms, wire_ms, queue_ms, delay_ms, work_ms })
    }

    fn add(&mut self, parts_us: [i128; 7]) {
        self.tasks += 1;
        for (sum, part) in self.sums_us.iter_mut().zip(parts_us) {
            *sum += part;
        }
    }
}

/// Adds the finished tasks of `run` to the sums of their groups; `group` tells the group of a job by its key.
pub fn add_run(run: &Run, group: &HashMap<&str, usize>, sums: &mut [PartSums]) {
    let mut attempts: HashMap<(&str, u64), Vec<&AttemptRow>> = HashMap::new();
    for attempt in &run.attempts {
        attempts.entry((&attempt.job_key, attempt.task)).or_default().push(attempt);
    }
    for task in run.tasks.iter().filter(|task| task.outcome == TaskOutcome::Done) {
        let own = attempts.get(&(&*task.job_key, task.task));
        if let (Some(&index), Some(own)) = (group.get(&*task.job_key), own)
            && let Some(parts) = parts_us(task.submitted_us, task.latency_us, own)
        {
            sums[index].add(parts);
        }
    }
}

/// The parts of one task, or none without an attempt that succeeded.
///
/// Attempts before the one that succeeded may overlap with it (hedges): what does not fit before its start is left out,
/// so that the parts always add up.
fn parts_us(submitted_us: u64, latency_us: u64, attempts: &[&AttemptRow]) -> Option<[i128; 7]> {
    let end = |attempt: &AttemptRow| attempt.begun_us.saturating_add(attempt.total_us);
    let done = attempts.iter().filter(|attempt| attempt.outcome == AttemptOutcome::Done);
    let winner = done.min_by_key(|attempt| end(attempt))?;
    let before = winner.begun_us.saturating_sub(submitted_us);
    let total = |wanted: &[AttemptOutcome]| -> u64 {
        attempts.iter().filter(|attempt| wanted.contains(&attempt.outcome)).map(|attempt| attempt.total_us).sum()
    };
    let refused = total(&[AttemptOutcome::Rejected]).min(before);
    let lost = total(&[AttemptOutcome::Lost, AttemptOutcome::TimedOut]).min(before - refused);
    let (wire, queue, delay) = (winner.wire_us, winner.queue_us, winner.delay_us);
    let work = i128::from(winner.total_us) - i128::from(wire) - i128::from(queue) - i128::from(delay);
    let waiting = i128::from(latency_us) - i128::from(refused) - i128::from(lost) - i128::from(winner.total_us);
    let [refused, lost, wire, queue, delay] = [refused, lost, wire, queue, delay].map(i128::from);
    Some([waiting, refused, lost, wire, queue, delay, work])
}

#[cfg(test)]
mod tests {
    use super::super::section::examples::{attempt, task};
    use super::*;
    use AttemptOutcome::{Done, Rejected};
    use proptest::prelude::*;

    #[test]
    fn a_refused_and_delayed_task() {
        let refused = attempt("j", 0, 1, Rejected, 1_000, 400);
        let won = AttemptRow { delay_us: 3_000, queue_us: 100, wire_us: 200, ..attempt("j", 0, 2, Done, 2_000, 4_000) };
        let parts = parts_us(0, 6_050, &[&refused, &won]).unwrap();
        // Waiting: 1000 before the first attempt, 600 between the two, 50 until the server told the end.
        assert_eq!(parts, [1_650, 400, 0, 200, 100, 3_000, 700]);
        assert_eq!(parts.iter().sum::<i128>(), 6_050);
        assert_eq!(parts_us(0, 10, &[&refused]), None);
    }

    #[test]
    fn means_are_over_finished_tasks_of_the_group() {
        let run = Run {
            tasks: vec![task("j", 0, 500), task("other", 0, 9)],
            attempts: vec![attempt("j", 0, 1, Done, 100, 400), attempt("other", 0, 1, Done, 0, 9)],
            ..super::super::section::examples::run("r", &[], &[])
        };
        let mut sums = [PartSums::default()];
        add_run(&run, &HashMap::from([("j", 0)]), &mut sums);
        let means = sums[0].means().unwrap();
        assert_eq!((means.waiting_ms, means.work_ms, means.sum()), (0.1, 0.4, 0.5));
        assert_eq!(PartSums::default().means(), None);
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_latency(
            attempts in proptest::collection::vec((0..5u8, 0..10_000u64, 0..10_000u64), 0..6),
            won in (0..20_000u64, 0..10_000u64),
            after in 0..1_000u64,
        ) {
            use AttemptOutcome::{Cancelled, Lost, TimedOut};
            let outcomes = [Rejected, Lost, TimedOut, Cancelled, Done];
            let mut rows: Vec<AttemptRow> = attempts
                .iter()
                .map(|&(outcome, begun, total)| attempt("j", 0, 1, outcomes[usize::from(outcome)], begun, total))
                .collect();
            rows.push(attempt("j", 0, 9, Done, won.0, won.1));
            let rows: Vec<&AttemptRow> = rows.iter().collect();
            let latency = won.0 + won.1 + after;
            let parts = parts_us(0, latency, &rows).unwrap();
            prop_assert_eq!(parts.iter().sum::<i128>(), i128::from(latency));
        }
    }
}
