//! Whether the scheduler decides again what the decision log of a run says it decided.

use records::{Decisions, RecordsError};
use scheduler::history::{HistoryError, Player};
use std::path::Path;

/// Why the decisions of a run are not what they were.
#[derive(Debug, thiserror::Error)]
pub enum DecisionsError {
    /// The log cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The replay differs, or the log is damaged.
    #[error("{0}; this program may be of another version than the one that wrote the log")]
    Replay(#[from] HistoryError),
}

/// A decision log that was given again, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// Its lines.
    pub lines: u64,
    /// Events among them: the others are decisions.
    pub events: u64,
    /// Jobs in it.
    pub jobs: usize,
    /// Whether its writer was killed within a line, or before it had written all that followed from an event.
    pub is_torn: bool,
}

/// Tells a new scheduler what the log of the run in `folder` tells, and compares its answers with the log. None if the
/// run has no decision log.
///
/// # Errors
/// At the first byte that differs.
pub fn decide_again(folder: &Path) -> Result<Option<Again>, DecisionsError> {
    let Some(mut log) = Decisions::open(folder)? else { return Ok(None) };
    let mut player = Player::new();
    while let Some(line) = log.next_line()? {
        player.hear(line)?;
    }
    Ok(Some(Again {
        lines: player.lines(),
        events: player.events(),
        jobs: player.jobs(),
        is_torn: log.is_torn() || !player.is_between_events(),
    }))
}
