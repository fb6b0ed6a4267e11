//! What a node has done since its start, counted where it happens.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wire::node::OperationTotals;

/// Most operations that are counted by name; parameters make names, and callers choose parameters.
const MOST_OPERATIONS: usize = 64;
/// The name under which the others are counted.
const OTHERS: &str = "(others)";

/// Counters that many threads may add to at once.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) done: Count,
    pub(crate) rejected: Count,
    pub(crate) delayed: Count,
    pub(crate) failed: Count,
    by_operation: Mutex<BTreeMap<String, OperationTotals>>,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds one and answers the number before.
    pub(crate) fn add_one(&self) -> u64 {
        // Relaxed: the number orders nothing else.
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// The number now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// One more finished attempt, of `operation`, which took `total` on this node.
    pub(crate) fn finished(&self, operation: &str, total: Duration) {
        self.done.add_one();
        let mut totals = self.by_operation.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = totals.get_mut(operation) {
            add(known, total);
            return;
        }
        let name = if totals.len() < MOST_OPERATIONS { operation } else { OTHERS };
        add(totals.entry(name.to_owned()).or_default(), total);
    }

    /// Finished attempts by operation.
    pub(crate) fn by_operation(&self) -> BTreeMap<String, OperationTotals> {
        self.by_operation.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn add(totals: &mut OperationTotals, time: Duration) {
    totals.count += 1;
    totals.total += time;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_operation_and_keeps_the_table_bounded() {
        let counters = Counters::default();
        for number in 0..1_000 {
            counters.finished(&format!("blur[size={number}]"), Duration::from_millis(1));
            counters.finished("blur[size=0]", Duration::from_millis(2));
        }
        let table = counters.by_operation();
        assert_eq!(table.len(), MOST_OPERATIONS + 1);
        assert_eq!(
            table["blur[size=0]"],
            OperationTotals { count: 1_001, total: Duration::from_millis(2_001) }
        );
        assert_eq!(table[OTHERS].count, 1_000 - MOST_OPERATIONS as u64);
        assert_eq!(counters.done.get(), 2_000);
    }
}
