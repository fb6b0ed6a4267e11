//! What attempts need beside the scheduler: nodes, the recorder, and what holds for all of them.

use crate::decisions::Decisions;
use crate::divided::Speeds;
use crate::events::Events;
use crate::peers::Peers;
use crate::recorder::Recorder;
use records::Text;
use scheduler::Settings;
use std::sync::Arc;
use std::time::Duration;

/// What attempts need beside the scheduler.
#[derive(Debug)]
pub(crate) struct Means {
    /// The nodes, by number.
    pub(crate) peers: Peers,
    pub(crate) recorder: Recorder,
    /// What was seen of the nodes' speeds.
    pub(crate) speeds: Speeds,
    /// The log that the recorder writes, if it is wanted.
    pub(crate) decisions: Option<Arc<Decisions>>,
    /// What holds for the scheduler.
    pub(crate) rules: Settings,
    pub(crate) events: Arc<Events>,
    /// How connections to one node are made and kept.
    pub(crate) pool: wire::PoolSettings,
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
