//! Many histories on all cores: the same sums and the same first violation on any number of threads.

use crate::{Bug, Story, Violation, run};
use std::ops::Range;
use std::thread;

/// What many histories came to.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    /// Histories that were lived to their end.
    pub histories: u64,
    /// Everything that happened in them.
    pub story: Story,
    /// The broken promises, by seed.
    pub violations: Vec<Violation>,
}

impl Sum {
    fn add(&mut self, came: Result<Story, Violation>) {
        match came {
            Ok(story) => {
                self.histories += 1;
                self.story.add(&story);
            }
            Err(violation) => self.violations.push(violation),
        }
    }

    fn join(mut self, other: Sum) -> Sum {
        self.histories += other.histories;
        self.story.add(&other.story);
        self.violations.extend(other.violations);
        self.violations.sort_by_key(|violation| violation.seed);
        self
    }
}

impl Story {
    fn add(&mut self, story: &Story) {
        self.elapsed_us += story.elapsed_us;
        self.steps += story.steps;
        self.faults += story.faults;
        self.troubled_messages += story.troubled_messages;
        self.failovers += story.failovers;
        self.refused += story.refused;
    }
}

/// Runs the histories of all these seeds on so many threads.
pub fn run_many(seeds: Range<u64>, bug: Bug, threads: usize) -> Sum {
    let threads = threads.max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads as u64)
            .map(|part| {
                let mine = (seeds.start + part..seeds.end).step_by(threads);
                scope.spawn(move || {
                    let mut sum = Sum::default();
                    mine.for_each(|seed| sum.add(run(seed, bug)));
                    sum
                })
            })
            .collect();
        let sums = parts.into_iter().map(|part| part.join());
        sums.fold(Sum::default(), |sum, part| match part {
            Ok(part) => sum.join(part),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// The first of these seeds, in their order, whose history finds the mistake.
pub fn find(mut seeds: Range<u64>, bug: Bug) -> Option<Violation> {
    seeds.find_map(|seed| run(seed, bug).err())
}
