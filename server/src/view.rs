//! Nodes and jobs as others see them.

use crate::job::Job;
use crate::ledger::Share;
use crate::peer::{Kind, Peer};
use crate::standing::Standing;
use scheduler::health::Health;
use std::time::Duration;
use wire::job::{JobProgress, JobReport, JobRequest, JobState, JobView, NodeState, NodeView};

/// One node; none if it came by itself and is gone.
pub(crate) fn node(peer: &Peer, in_flight: u32, standing: Standing, share: Share) -> Option<NodeView> {
    if peer.is_registered && standing.health == Health::Left {
        return None;
    }
    let (slots, load_probability) = match peer.kind() {
        Kind::Ballast(described) => (Some(described.slots), described.load_probability),
        Kind::Compatible | Kind::Unknown => (None, None),
    };
    Some(NodeView {
        name: peer.name.to_string(),
        address: peer.address().to_string(),
        state: match standing.health {
            Health::Up => NodeState::Up,
            Health::Down if standing.is_suspected => NodeState::Suspected,
            Health::Down | Health::Left => NodeState::Down,
            Health::Ejected => NodeState::Ejected,
            Health::Draining => NodeState::Draining,
        },
        since: Duration::from_micros(standing.since.0),
        in_flight: u64::from(in_flight),
        attempts: share.attempts,
        done: share.done,
        rejected: share.rejected,
        delayed: share.delayed,
        lost: share.lost,
        mean_round_trip: Duration::from_micros(share.done_us.checked_div(share.done).unwrap_or(0)),
        slots,
        load_probability,
        compatibility: matches!(peer.kind(), Kind::Compatible),
        registered: peer.is_registered,
        incarnation: peer.incarnation(),
        status: peer.status(),
    })
}

/// A job that was taken and has not been put to work yet.
pub(crate) fn not_begun(job: &Job) -> JobReport {
    let progress = JobProgress {
        state: JobState::Running,
        tasks: job.receipt.tasks,
        done: 0,
        failed: 0,
        attempts: 0,
        rejected: 0,
        delayed: 0,
        lost: 0,
        in_flight: 0,
        elapsed: Duration::ZERO,
        paused: false,
    };
    JobReport { progress, failures: Vec::new(), nodes: Vec::new(), why: None, histogram: None }
}

/// One job, with the seed in use: whoever submits its request again has the same job under the same luck.
pub(crate) fn job(job: &Job, progress: JobProgress) -> JobView {
    JobView {
        request: JobRequest { seed: Some(job.receipt.seed), epoch: job.epoch(), ..job.request.clone() },
        receipt: job.receipt.clone(),
        progress,
        submitted: job.submitted_at,
    }
}
