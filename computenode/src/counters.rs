//! What a node has done since its start, counted where it happens.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wire::node::OperationTotals;

/// Most operations, and strategies, that are counted by name; parameters make names, and callers choose parameters.
const MOST_NAMES: usize = 64;
/// The name under which the others are counted.
const OTHERS: &str = "(others)";

/// Counters that many threads may add to at once.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) done: Count,
    pub(crate) rejected: Count,
    pub(crate) delayed: Count,
    pub(crate) failed: Count,
    by_operation: Table,
    by_strategy: Table,
}

/// Totals by a name of which callers can make as many as they like; beyond a bound they are counted together.
#[derive(Debug, Default)]
struct Table(Mutex<BTreeMap<String, OperationTotals>>);

impl Table {
    fn add(&self, name: &str, time: Duration) {
        let mut totals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = totals.get_mut(name) {
            add(known, time);
            return;
        }
        let name = if totals.len() < MOST_NAMES { name } else { OTHERS };
        add(totals.entry(name.to_owned()).or_default(), time);
    }

    fn copy(&self) -> BTreeMap<String, OperationTotals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
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
    /// One more finished attempt, of `operation` and of a job of `strategy`, which took `total` on this node.
    pub(crate) fn finished(&self, operation: &str, strategy: Option<&str>, total: Duration) {
        self.done.add_one();
        self.by_operation.add(operation, total);
        if let Some(strategy) = strategy {
            self.by_strategy.add(strategy, total);
        }
    }

    /// Finished attempts by operation.
    pub(crate) fn by_operation(&self) -> BTreeMap<String, OperationTotals> {
        self.by_operation.copy()
    }

    /// Finished attempts by the strategy of their job, where the server told it.
    pub(crate) fn by_strategy(&self) -> BTreeMap<String, OperationTotals> {
        self.by_strategy.copy()
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
            counters.finished(&format!("blur[size={number}]"), Some("random"), Duration::from_millis(1));
            counters.finished("blur[size=0]", None, Duration::from_millis(2));
        }
        let table = counters.by_operation();
        assert_eq!(table.len(), MOST_NAMES + 1);
        assert_eq!(
            table["blur[size=0]"],
            OperationTotals { count: 1_001, total: Duration::from_millis(2_001) }
        );
        assert_eq!(table[OTHERS].count, 1_000 - MOST_NAMES as u64);
        assert_eq!(counters.by_strategy()["random"].count, 1_000);
        assert_eq!(counters.done.get(), 2_000);
    }
}
