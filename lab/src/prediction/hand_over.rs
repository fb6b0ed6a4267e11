//! How long the server takes to hand an attempt to a thread, from attempts that were decided at the same moment.
//!
//! A row tells when an attempt was decided and how long its round trip took, and its task's row when it came back. What is
//! left between is the way to its thread. Many that are decided together take turns for the processors, first to get to
//! their threads and then with their messages, so what they spend beyond a quiet round trip is one waiting line: the first
//! waits for one hand-over and the last for as many as there are, which is half of that on average.

use super::calibrate::wire_us;
use evidence::statistics::quantile;
use records::{AttemptOutcome, AttemptRow, Run};
use std::collections::HashMap;

/// Fewest attempts that make a crowd: of fewer, the noise of the machine is more than what is measured.
const FEWEST: usize = 16;

/// Share of the round trips that are as quick as the quiet one.
const QUIET: f64 = 0.25;

/// The attempts that were decided together with many others.
pub(super) struct Crowds<'a> {
    /// How many, by job and moment.
    sizes: HashMap<(&'a str, u64), usize>,
    /// The time on the wire of a quiet round trip, in microseconds.
    quiet_us: f64,
}

impl<'a> Crowds<'a> {
    pub(super) fn of(runs: &'a [Run]) -> Crowds<'a> {
        let attempts = || runs.iter().flat_map(|run| &run.attempts);
        let mut sizes: HashMap<(&str, u64), usize> = HashMap::new();
        attempts().for_each(|row| *sizes.entry((&*row.job_key, row.begun_us)).or_default() += 1);
        sizes.retain(|_, size| *size >= FEWEST);
        let answered =
            attempts().filter(|row| matches!(row.outcome, AttemptOutcome::Done | AttemptOutcome::Rejected));
        let mut wires: Vec<f64> = answered.map(|row| wire_us(row) as f64).collect();
        wires.sort_by(f64::total_cmp);
        Crowds { sizes, quiet_us: quantile(&wires, QUIET).unwrap_or(0.0) }
    }

    /// What an attempt spent on the wire apart from waiting in a crowd.
    pub(super) fn wire_us(&self, row: &AttemptRow) -> f64 {
        let wire = wire_us(row) as f64;
        if self.sizes.contains_key(&(&*row.job_key, row.begun_us)) { wire.min(self.quiet_us) } else { wire }
    }

    /// Microseconds that handing over one attempt takes; 0 where there was no crowd.
    pub(super) fn hand_over_us(&self, runs: &[Run]) -> f64 {
        let (mut waited, mut expected) = (0.0, 0.0);
        for run in runs {
            let ended: HashMap<(&str, u64), u64> =
                run.tasks.iter().map(|task| ((&*task.job_key, task.task), task.ended_us)).collect();
            for row in run.attempts.iter().filter(|row| row.outcome == AttemptOutcome::Done) {
                let Some(size) = self.sizes.get(&(&*row.job_key, row.begun_us)) else { continue };
                let end = ended.get(&(&*row.job_key, row.task));
                // Another attempt may have ended the task before; then the end is not this one's.
                let Some(to_thread) = end.and_then(|end| end.checked_sub(row.begun_us + row.total_us)) else {
                    continue;
                };
                waited += to_thread as f64 + wire_us(row) as f64 - self.wire_us(row);
                expected += (size + 1) as f64 / 2.0;
            }
        }
        if expected > 0.0 { waited / expected } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::Model;
    use super::super::model::examples::model;
    use super::super::scenario::{Change, scenario};
    use super::super::world::play;
    use super::*;

    fn found_after(hand_over_us: f64, max_in_flight: u32) -> f64 {
        let model = Model { hand_over_us, max_in_flight, ..model() };
        let change = Change { tasks: Some(200), slots: Some(200), ..Change::default() };
        let run = play(&scenario(&model, "load_balancing", 1, &change).unwrap(), "recorded").unwrap();
        let runs = [run];
        Crowds::of(&runs).hand_over_us(&runs)
    }

    #[test]
    fn what_was_simulated_is_found_again() {
        let found = found_after(40.0, 200);
        assert!((found / 40.0 - 1.0).abs() < 0.1, "{found}");
        assert_eq!(found_after(0.0, 200), 0.0);
    }

    #[test]
    fn few_at_once_are_no_crowd() {
        assert_eq!(found_after(40.0, 8), 0.0);
    }

    #[test]
    fn what_a_crowd_waits_on_the_wire_is_not_the_wires() {
        let of = |job: &str, wire_us: u64| AttemptRow {
            wire_us,
            ..evidence::report::section::examples::attempt(job, 0, 1, AttemptOutcome::Done, 0, 10_000)
        };
        let mut attempts: Vec<AttemptRow> = (0..20).map(|_| of("crowd", 3_000)).collect();
        attempts.extend((0..20).map(|lonely| AttemptRow { begun_us: lonely, ..of("alone", 100) }));
        let runs = [Run { attempts, ..evidence::report::section::examples::run("r", &[], &[]) }];
        let crowds = Crowds::of(&runs);
        assert_eq!((crowds.wire_us(&of("crowd", 3_000)), crowds.wire_us(&of("alone", 900))), (100.0, 900.0));
    }
}
