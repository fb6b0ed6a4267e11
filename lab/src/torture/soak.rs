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
        let tenths = memory_kib * 10 / 1024;
        let (whole, tenth) = (tenths / 10, tenths % 10);
        write!(formatter, "{whole}.{tenth} MiB, {descriptors} descriptors, {threads} threads")
    }
}

/// Fewer samples than this say nothing about growth.
const FEWEST: usize = 40;
/// By so much of itself, in per cent, memory may grow from one quarter to the next and still be called flat.
const FLAT_PERCENT: u64 = 1;
/// What there may be more of in the last quarter without being growth: descriptors and threads of what is in flight.
const SLACK: u64 = 16;

/// Medians over the third and the last quarter of a process's life; the first half is warming up.
pub fn quarters(samples: &[Usage]) -> Option<[Usage; 2]> {
    (samples.len() >= FEWEST).then(|| {
        let quarter = samples.len() / 4;
        let last = samples.len() - quarter;
        [&samples[last - quarter..last], &samples[last..]].map(median)
    })
}

/// A sentence for everything that grew in the second half.
pub fn growth(samples: &[Usage]) -> Vec<String> {
    let Some([early, late]) = quarters(samples) else { return Vec::new() };
    let figures = [
        ("memory in KiB", early.memory_kib, late.memory_kib, early.memory_kib * FLAT_PERCENT / 100),
        ("descriptors", early.descriptors, late.descriptors, SLACK),
        ("threads", early.threads, late.threads, SLACK),
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

    fn samples(count: u64, memory_step: u64, step: u64) -> Vec<Usage> {
        let at = |number| Usage {
            memory_kib: 10_000 + number * memory_step,
            descriptors: 20 + number * step,
            threads: 9,
        };
        (0..count).map(at).collect()
    }

    #[test]
    fn what_grows_with_every_job_is_told_and_what_is_flat_is_not() {
        assert_eq!(growth(&samples(100, 0, 0)), [""; 0]);
        assert_eq!(growth(&samples(100, 4, 0)), [""; 0], "25 times 4 are 1 per cent of 10,248");
        assert_eq!(growth(&samples(100, 5, 0)), ["memory in KiB grew from 10310 to 10435"]);
        assert_eq!(growth(&samples(100, 0, 1)), ["descriptors grew from 82 to 107"]);
        assert_eq!(growth(&samples(39, 1_000, 1_000)), [""; 0], "too few to say");
        let mut warm = samples(100, 0, 0);
        warm[..50].fill(Usage { memory_kib: 1, descriptors: 1, threads: 1 });
        assert_eq!(growth(&warm), [""; 0], "the first half does not count");
    }

    #[test]
    fn this_process_uses_something() {
        if let Some(usage) = Usage::of(std::process::id()) {
            assert!(usage.memory_kib > 0 && usage.descriptors > 0 && usage.threads > 0);
        }
    }
}
