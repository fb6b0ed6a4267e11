//! Runs an experiment: starts the processes, submits job after job.

use super::interrupt::Interrupt;
use super::jobs::{Jobs, RunError};
use super::{Experiment, Trial};
use crate::local_cluster::LocalCluster;
use luck::Seed;
use std::path::PathBuf;
use wire::job::{JobReport, JobRequest, JobSource, OpenArrivals};

/// An experiment that went through.
#[derive(Clone, Debug, Default)]
pub struct Finished {
    /// Folders of the records, one a server.
    pub run_folders: Vec<PathBuf>,
    /// Images that failed, with their reasons, as the first job with failures told them.
    pub failures: Vec<String>,
}

/// What the runner tells while it runs.
pub trait Observer {
    /// All processes are ready.
    fn started(&mut self, _cluster: &LocalCluster) {}
    /// Job `index` of all is submitted.
    fn begun(&mut self, _index: usize, _trial: &Trial) {}
    /// A job ended.
    fn ended(&mut self, _report: &JobReport) {}
    /// No node took a job's work. Answers whether to go on with the next one.
    fn given_up(&mut self, _trial: &Trial) -> bool {
        false
    }
    /// Every job ended; the processes go on until this returns.
    fn finished(&mut self, _finished: &Finished) {}
}

/// Runs all trials on one cluster. Whatever happens, no process is left behind.
///
/// # Errors
/// The first reason not to go on.
pub fn run(
    experiment: &Experiment,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<Finished, RunError> {
    let cluster = LocalCluster::start(&experiment.cluster)?;
    observer.started(&cluster);
    let jobs = Jobs::on(&cluster, interrupt);
    let mut finished = Finished::default();
    for (index, trial) in experiment.trials().into_iter().enumerate() {
        observer.begun(index, &trial);
        let (receipt, report) = match jobs.run(experiment.request(trial.clone())) {
            Err(RunError::NoNode { .. }) if observer.given_up(&trial) => continue,
            ended => ended?,
        };
        observer.ended(&report);
        let folder = PathBuf::from(receipt.run_folder);
        if !finished.run_folders.contains(&folder) {
            finished.run_folders.push(folder);
        }
        if finished.failures.is_empty() {
            let sentences =
                report.failures.iter().map(|failure| format!("{}: {}", failure.file_name, failure.why));
            finished.failures = sentences.collect();
        }
    }
    observer.finished(&finished);
    Ok(finished)
}

impl Experiment {
    fn source_under(&self, seed: u64) -> JobSource {
        match (&self.source, &self.open) {
            (JobSource::Synthetic { service, .. }, Some(open)) => {
                let times_us = open.arrivals.open_times(Seed(seed)).iter().map(|time| time.0).collect();
                let arrivals = OpenArrivals { times_us, max_open: open.max_open };
                JobSource::Open { arrivals, service: *service }
            }
            (source, _) => source.clone(),
        }
    }

    /// The job of one trial, without its key.
    pub(crate) fn request(&self, trial: Trial) -> JobRequest {
        JobRequest {
            job_key: String::new(),
            epoch: 1,
            source: self.source_under(trial.seed),
            strategy: trial.strategy,
            admission: None,
            operation: self.operation.clone(),
            seed: Some(trial.seed),
            max_in_flight: self.max_in_flight,
            max_attempts: self.max_attempts,
            label: Some(self.cluster.label.clone()),
        }
    }
}
