//! What attempts need beside the scheduler: nodes, the recorder, and what holds for all of them.

use crate::peer::Peer;
use crate::recorder::Recorder;
use records::Text;
use std::sync::Arc;
use std::time::Duration;

/// What attempts need beside the scheduler.
#[derive(Debug)]
pub(crate) struct Means {
    /// The nodes, by number.
    pub(crate) peers: Vec<Arc<Peer>>,
    pub(crate) recorder: Recorder,
    /// Most attempts in flight, and so most worker threads.
    pub(crate) fan_out: u32,
    /// How long an attempt may take.
    pub(crate) attempt_timeout: Duration,
    /// Drawn at the start of this process.
    pub(crate) incarnation: u64,
    /// Name of the run's folder.
    pub(crate) run: Text,
    /// The empty text, shared by all rows without a reason.
    pub(crate) nothing: Text,
}
