//! The fence refuses attempts of an older submission of a job, so that a server that woke from the dead cannot
//! work against the one that took its job over.
//!
//! The epoch is the client's count of submissions of one job key; the highest one that this node has seen rules. The
//! node asks twice: before it begins an attempt, and again when the result is whole, because a newer submission may
//! have come while it worked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// The highest epoch seen of each job, for the latest jobs.
#[derive(Debug)]
pub(crate) struct Fence {
    seen: Mutex<Seen>,
    bound: usize,
}

#[derive(Debug, Default)]
struct Seen {
    highest: HashMap<String, u64>,
    /// Keys of `highest` in the order of their first attempt.
    order: VecDeque<String>,
}

/// The attempt is of an older submission than `highest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stale {
    /// The highest epoch seen of this job.
    pub(crate) highest: u64,
}

impl Fence {
    /// A fence that remembers the latest `bound` jobs; an older one starts anew when it is forgotten.
    pub(crate) fn new(bound: usize) -> Fence {
        Fence { seen: Mutex::default(), bound: bound.max(1) }
    }

    /// Takes note of `epoch` and answers whether it may go on.
    ///
    /// # Errors
    /// If a higher epoch of the same job was seen.
    pub(crate) fn pass(&self, job_key: &str, epoch: u64) -> Result<(), Stale> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(highest) = seen.highest.get_mut(job_key) {
            if epoch < *highest {
                return Err(Stale { highest: *highest });
            }
            *highest = epoch;
            return Ok(());
        }
        if seen.order.len() >= self.bound
            && let Some(oldest) = seen.order.pop_front()
        {
            seen.highest.remove(&oldest);
        }
        seen.highest.insert(job_key.to_owned(), epoch);
        seen.order.push_back(job_key.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_an_older_epoch_of_the_same_job_only() {
        let fence = Fence::new(8);
        assert_eq!(fence.pass("a", 2), Ok(()));
        assert_eq!(fence.pass("a", 2), Ok(()));
        assert_eq!(fence.pass("a", 3), Ok(()));
        assert_eq!(fence.pass("a", 2), Err(Stale { highest: 3 }));
        assert_eq!(fence.pass("b", 1), Ok(()), "another job has its own count");
    }

    #[test]
    fn remembers_a_bounded_number_of_jobs() {
        let fence = Fence::new(2);
        for (key, epoch) in [("a", 5), ("b", 5), ("c", 5)] {
            assert_eq!(fence.pass(key, epoch), Ok(()));
        }
        assert_eq!(fence.pass("c", 1), Err(Stale { highest: 5 }));
        assert_eq!(fence.pass("b", 1), Err(Stale { highest: 5 }));
        assert_eq!(fence.pass("a", 1), Ok(()), "the oldest job was forgotten");
        assert_eq!(fence.seen.lock().unwrap().highest.len(), 2);
    }
}
