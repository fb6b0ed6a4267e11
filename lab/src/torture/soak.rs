//! Whether a process grows: its memory, descriptors and threads after each job, and a verdict over them.

use crate::benchmark::usage::memory_kib;
use std::fmt;
use std::fs;

/// What a process holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory, in KiB.
    pub memory_kib: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
}

impl Usage {
    /// Of a process that lives; none where the system tells nothing in `/proc`.
    pub fn of(process: u32) -> Option<Usage> {
        let count = |what: &str| Some(fs::read_dir(format!("/proc/{process}/{what}")).ok()?.count() as u64);
        Some(Usage {
            memory_kib: memory_kib(process, "VmRSS:")?,
            descriptors: count("fd")?,
            threads: count("task")?,
        })
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Usage { memory_kib, descriptors, threads } = self;
        write!(formatter, "{} MiB, {descriptors} descriptors, {threads} threads", memory_kib / 1024)
    }
}

/// Fewer samples than this say nothing about growth.
const FEWEST: usize = 8;
/// What may come on top between the second quarter and the last without being growth: buffers and threads of a job that
/// had more in flight, and what is remembered of ended jobs.
const SLACK: Usage = Usage { memory_kib: 16 << 10, descriptors: 48, threads: 48 };

/// Medians over the second and the last quarter of a process's life; the first quarter is warming up.
pub fn quarters(samples: &[Usage]) -> Option<[Usage; 2]> {
    (samples.len() >= FEWEST).then(|| {
        let quarter = samples.len() / 4;
        [&samples[quarter..2 * quarter], &samples[samples.len() - quarter..]].map(median)
    })
}

/// A sentence for everything that grew.
pub fn growth(samples: &[Usage]) -> Vec<String> {
    let Some([early, late]) = quarters(samples) else { return Vec::new() };
    let figures = [
        ("memory in KiB", early.memory_kib, late.memory_kib, SLACK.memory_kib),
        ("descriptors", early.descriptors, late.descriptors, SLACK.descriptors),
        ("threads", early.threads, late.threads, SLACK.threads),
    ];
    let grown = figures.into_iter().filter(|(_, early, late, slack)| *late > early + slack);
    grown.map(|(what, early, late, _)| format!("{what} grew from {early} to {late}")).collect()
}

fn median(samples: &[Usage]) -> Usage {
    let middle = |of: fn(&Usage) -> u64| {
        let mut values: Vec<u64> = samples.iter().map(of).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    Usage {
        memory_kib: middle(|usage| usage.memory_kib),
        descriptors: middle(|usage| usage.descriptors),
        threads: middle(|usage| usage.threads),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(count: u64, step: u64) -> Vec<Usage> {
        let at = |number| Usage { memory_kib: 10_000, descriptors: 20 + number * step, threads: 9 };
        (0..count).map(at).collect()
    }

    #[test]
    fn what_grows_with_every_job_is_told_and_what_is_flat_is_not() {
        assert_eq!(growth(&samples(100, 0)), [""; 0]);
        assert_eq!(growth(&samples(100, 1)), ["descriptors grew from 57 to 107"]);
        assert_eq!(growth(&samples(4, 1_000)), [""; 0], "too few to say");
    }

    #[test]
    fn this_process_uses_something() {
        if let Some(usage) = Usage::of(std::process::id()) {
            assert!(usage.memory_kib > 0 && usage.descriptors > 0 && usage.threads > 0);
        }
    }
}
