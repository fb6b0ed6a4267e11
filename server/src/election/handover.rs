//! What the others know of the leader's jobs, so that who leads next goes on with them.

use std::collections::BTreeMap;
use std::time::Duration;
use wire::job::{JobRequest, JobView};
use wire::{Credentials, PoolSettings, ServerClient};

/// How long the leader may take to tell of its jobs.
const PATIENCE: Duration = Duration::from_millis(500);

/// The running jobs of one leader after the other.
#[derive(Debug)]
pub(super) struct Handover {
    credentials: Credentials,
    leader: Option<ServerClient>,
    jobs: BTreeMap<String, JobRequest>,
}

impl Handover {
    pub(super) fn new(credentials: Credentials) -> Handover {
        Handover { credentials, leader: None, jobs: BTreeMap::new() }
    }

    /// Asks who leads now. What is known stays when there is no answer: then it is needed most.
    /// Answers the keys of jobs that are new.
    pub(super) fn look(&mut self, leader: &str) -> Vec<String> {
        if self.leader.as_ref().is_none_or(|known| known.address() != leader) {
            let credentials = self.credentials.clone();
            let settings = PoolSettings {
                connections: 1,
                connect_time: PATIENCE,
                credentials,
                ..PoolSettings::default()
            };
            self.leader = Some(ServerClient::new(leader, settings));
        }
        let Some(client) = &self.leader else { return Vec::new() };
        let Ok(running) = client.jobs(true, PATIENCE) else { return Vec::new() };
        let running: BTreeMap<String, JobRequest> = running.into_iter().map(known).collect();
        self.jobs.retain(|key, _| running.contains_key(key) || !has_ended(client, key));
        let new = running.keys().filter(|key| !self.jobs.contains_key(*key)).cloned().collect();
        self.jobs.extend(running);
        new
    }

    /// Hands over what is known, and forgets it.
    pub(super) fn take(&mut self) -> Vec<JobRequest> {
        self.leader = None;
        std::mem::take(&mut self.jobs).into_values().collect()
    }
}

/// Whether the leader tells how a job ended. One that it has let go, because it leads no more, it does not know.
fn has_ended(leader: &ServerClient, key: &str) -> bool {
    let told = leader.progress(key, Duration::ZERO);
    told.is_ok_and(|known| known.is_ok_and(|progress| progress.state.is_ended()))
}

/// A job under its luck, as its next submission begins it.
pub(super) fn known(job: JobView) -> (String, JobRequest) {
    (job.request.job_key.clone(), JobRequest { epoch: job.request.epoch + 1, ..job.request })
}
