//! Tasks that arrive over time, whatever the server is doing: each at its intended time or, if that is past, at once.
//!
//! A task's latency counts from its intended arrival. A server that is late therefore looks as slow as its callers would
//! find it (no coordinated omission). Arrivals that find too many tasks open are dropped and counted, as a load generator
//! with bounded connections would.

use crate::engine::Engine;
use crate::job::Job;
use records::TaskRow;
use scheduler::{Event, JobSpec};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;
use wire::job::{JobSource, OpenArrivals};

/// Longest sleep between two looks at whether the job is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// Puts a job to work: as a whole, or open with a thread that tells the arrivals.
pub(crate) fn submit(engine: &Arc<Engine>, job: &Arc<Job>, mut spec: JobSpec, earlier: Vec<TaskRow>) {
    let JobSource::Open { arrivals, .. } = &job.request.source else {
        return engine.submit(job, spec, earlier);
    };
    spec.tasks = 0;
    spec.sealed = false;
    engine.submit(job, spec, earlier);
    let (told, arrivals) = (Arc::clone(job), arrivals.clone());
    let weak = Arc::downgrade(engine);
    let started =
        thread::Builder::new().name("arrivals".to_owned()).spawn(move || tell(&weak, &told, &arrivals));
    if let Err(error) = started {
        log::error!("the tasks of job '{}' cannot arrive: {error}", job.receipt.job_key);
        engine.tell(Event::JobCancelled { job: job.id });
    }
}

/// Tells every arrival at its time, then that no more come. Ends early with the job or the server.
fn tell(engine: &Weak<Engine>, job: &Job, arrivals: &OpenArrivals) {
    let mut left = &arrivals.times_us[..];
    while let Some(&next) = left.first() {
        let Some(engine) = engine.upgrade().filter(|_| !job.is_closed()) else { return };
        let now = crate::ledger::micros(engine.now().since(job.submitted));
        if next > now {
            drop(engine);
            thread::sleep(Duration::from_micros(next - now).min(LOOK));
            continue;
        }
        let (due, later) = left.split_at(left.partition_point(|&time| time <= now));
        engine.arrive(job.id, due, arrivals.max_open.unwrap_or(u32::MAX));
        left = later;
    }
    if let Some(engine) = engine.upgrade() {
        engine.tell(Event::JobSealed { job: job.id });
    }
}
