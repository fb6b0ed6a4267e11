//! A warm standby: asks the servers before it in the list for their running jobs, and goes on with those of one that
//! does not answer any more.
//!
//! What it knows of another server's jobs it keeps in memory, as the requests that began them: no shared disk and no
//! third service is needed. Taking a job over is submitting it again under the next epoch, so the nodes refuse what
//! the other server, which may only have been cut off, still sends; and the client, if there is one, finds the same job
//! here by its key.

use crate::service::Service;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};
use wire::job::{JobRequest, JobView, ServerService as _};
use wire::membership::EventKind;
use wire::{Credentials, PoolSettings, ServerClient};

/// Time between two questions.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Starts a thread for each of `servers` that watches it, and takes its jobs over when it gives no answer for
/// `takeover_after`.
///
/// # Errors
/// If the system refuses a thread.
pub(crate) fn start(
    service: &Arc<Service>,
    servers: &[String],
    takeover_after: Duration,
    credentials: &Credentials,
) -> io::Result<()> {
    for server in servers {
        let settings =
            PoolSettings { connections: 1, credentials: credentials.clone(), ..PoolSettings::default() };
        let watch = Watch {
            client: ServerClient::new(server.clone(), settings),
            service: Arc::downgrade(service),
            takeover_after,
            jobs: BTreeMap::new(),
            answered: Instant::now(),
        };
        thread::Builder::new().name("standby".to_owned()).spawn(move || watch.run())?;
    }
    Ok(())
}

/// One server that is watched.
struct Watch {
    client: ServerClient,
    service: Weak<Service>,
    takeover_after: Duration,
    /// Its running jobs by key, when it answered last.
    jobs: BTreeMap<String, JobRequest>,
    answered: Instant,
}

impl Watch {
    fn run(mut self) {
        while let Some(service) = self.service.upgrade() {
            self.look(&service);
            drop(service);
            thread::sleep(HEARTBEAT);
        }
    }

    fn look(&mut self, service: &Service) {
        match self.client.jobs(true, HEARTBEAT.max(self.takeover_after / 3)) {
            Ok(jobs) => {
                self.answered = Instant::now();
                let jobs: BTreeMap<_, _> = jobs.into_iter().map(next_submission).collect();
                for key in jobs.keys().filter(|key| !self.jobs.contains_key(*key)) {
                    let text =
                        format!("job {key} of the server at {} is watched here", self.client.address());
                    service.note(EventKind::JobWatched, key, text);
                }
                self.jobs = jobs;
            }
            Err(error) => {
                log::debug!("the server before this one: {error}");
                if self.answered.elapsed() >= self.takeover_after {
                    self.take_over(service);
                }
            }
        }
    }

    fn take_over(&mut self, service: &Service) {
        for (key, request) in std::mem::take(&mut self.jobs) {
            let text = format!("job {key} of the server at {} goes on here", self.client.address());
            match service.submit(request) {
                // It had ended before its server was lost.
                Ok(_) if service.tells_the_end_of(&key) => {}
                Ok(_) => {
                    log::warn!("{text}");
                    service.note(EventKind::JobFailedOver, &key, text);
                }
                Err(error) => log::error!("job {key} of a lost server cannot go on here: {error}"),
            }
        }
    }
}

/// The submission that takes a job over.
fn next_submission(job: JobView) -> (String, JobRequest) {
    let epoch = job.request.epoch + 1;
    (job.request.job_key.clone(), JobRequest { epoch, ..job.request })
}
