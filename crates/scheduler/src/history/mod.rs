//! The decision log: everything that a scheduler was told and everything that it answered, a line each.
//!
//! A line is `<microseconds> <what> <about>`; jobs, tasks, attempts and nodes are `j0`, `t7`, `a2` and `n3`. There are two
//! lengths of it. The short one is for readers. The long one also holds all that the scheduler looked at (facts of
//! nodes, rules of jobs, times of attempts, to the nanosecond), so that a [`Player`] can tell another scheduler the same
//! and compare its answers, byte for byte: whatever the threads and the network did, the decisions follow from the log.
//!
//! Reading order: [`write`](settings) (events and actions to lines), `read` (lines to events), [`Player`].

mod player;
mod read;
mod write;

pub use player::{HistoryError, Player};
pub use write::{action, event, settings, told, words_of};
