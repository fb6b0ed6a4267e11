//! A cell of an experiment file on real nodes: round by round until the intervals are narrow enough, and on from where it
//! was interrupted.

use super::interrupt::Interrupt;
use super::jobs::{Jobs, RunError};
use super::{Experiment, Trial};
use crate::design::{Cell, Design};
use crate::local_cluster::LocalCluster;
use crate::simulation::folder::{annotate, recorded_folder};
use crate::simulation::{CellResult, SimulationError, is_enough, next_round};
use evidence::comparison::Replication;
use evidence::comparison::source::{By, replications};
use records::{JobOutcome, RecordsError, Run};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Why a cell was not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum RoundsError {
    /// A job did not go through.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Folders of the experiment, or an interruption that can be resumed.
    #[error(transparent)]
    Folder(#[from] SimulationError),
    /// Rows could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// What is told while a cell runs.
pub trait Progress {
    /// A job begins.
    fn begun(&mut self, _trial: &Trial) {}
    /// A job is recorded, now or before an interruption.
    fn recorded(&mut self) {}
    /// The cell needs no more jobs; so many that were planned at most are not run.
    fn enough(&mut self, _saved: u64) {}
}

/// One cell and what it is run with.
#[derive(Debug)]
pub struct Rounds<'a> {
    /// The experiment's file.
    pub design: &'a Design,
    /// The cell.
    pub cell: &'a Cell,
    /// The cell as processes and jobs.
    pub experiment: Experiment,
    /// Asked between two looks at a job.
    pub interrupt: &'a Interrupt,
    /// The folder of an experiment with several cells, to name when it is interrupted.
    pub parent: Option<&'a Path>,
    /// The folder of an interrupted experiment to go on with.
    pub resume: Option<&'a Path>,
}

impl Rounds<'_> {
    /// Runs what is missing. Whatever happens, no process is left behind.
    ///
    /// # Errors
    /// The first reason not to go on. What is recorded stays and can be resumed.
    pub fn run(mut self, progress: &mut dyn Progress) -> Result<CellResult, RoundsError> {
        let mut folder = match self.resume {
            Some(resumed) => recorded_folder(self.design, self.cell, resumed)?,
            None => None,
        };
        self.experiment.cluster.go_on.clone_from(&folder);
        let rule = &self.design.replications;
        let policies = self.experiment.strategies.len() as u64;
        let mut cluster = None;
        let mut seeds = 0;
        let mut known = Known::read(folder.as_deref())?;
        (0..known.ended.len()).for_each(|_| progress.recorded());
        while !is_enough(rule, self.design.metric, seeds, &known.under(&self.seeds(seeds))) {
            seeds = next_round(rule, seeds);
            let wanted = (0..seeds).flat_map(|replication| self.experiment.trials_of(replication));
            for trial in wanted.filter(|trial| !known.has(trial)).collect::<Vec<_>>() {
                progress.begun(&trial);
                let cluster = match &cluster {
                    Some(running) => running,
                    None => cluster
                        .insert(LocalCluster::start(&self.experiment.cluster).map_err(RunError::Cluster)?),
                };
                self.job(cluster, trial, &mut folder)?;
                progress.recorded();
            }
            known = Known::read(folder.as_deref())?;
        }
        progress.enough(rule.at_most.saturating_sub(seeds) * policies);
        // The server closes its files.
        drop(cluster);
        let known = Known::read(folder.as_deref())?;
        let label = self.cell.label.clone();
        let folder = folder.unwrap_or_default();
        Ok(CellResult { label, folder, replications: known.replications, warnings: known.warnings })
    }

    fn seeds(&self, count: u64) -> BTreeSet<u64> {
        let seed = |replication| super::seed_of_replication(self.experiment.seed, replication);
        (0..count).map(seed).collect()
    }

    /// Runs one job; `folder` is known from the first one on.
    fn job(
        &self,
        cluster: &LocalCluster,
        trial: Trial,
        folder: &mut Option<PathBuf>,
    ) -> Result<(), RoundsError> {
        let mut annotated = Ok(());
        let jobs = Jobs::on(cluster, self.interrupt);
        let ended = jobs.run_seen(self.experiment.request(trial), |receipt| {
            if folder.is_none() {
                let made = folder.insert(PathBuf::from(&receipt.run_folder));
                annotated = annotate(self.design, self.cell, made);
            }
        });
        annotated?;
        match ended {
            // What is given up is in the records with its reason.
            Ok(_) | Err(RunError::NoNode { .. }) => Ok(()),
            Err(RunError::Interrupted { status }) => match self.parent.or(folder.as_deref()) {
                Some(folder) => {
                    Err(SimulationError::Interrupted { status, folder: folder.to_owned() }.into())
                }
                None => Err(RunError::Interrupted { status }.into()),
            },
            Err(other) => Err(other.into()),
        }
    }
}

/// What is recorded of a cell so far.
#[derive(Debug, Default)]
struct Known {
    /// Jobs that ended by themselves, also those that were given up.
    ended: BTreeSet<(String, u64)>,
    replications: Vec<Replication>,
    warnings: Vec<String>,
}

impl Known {
    fn read(folder: Option<&Path>) -> Result<Known, RecordsError> {
        let Some(folder) = folder else { return Ok(Known::default()) };
        let run = Run::read(folder)?;
        let ended = run.jobs.iter().filter(|job| job.state != JobOutcome::Cancelled);
        let ended = ended.map(|job| (job.strategy.to_string(), job.seed)).collect();
        let (replications, warnings) = replications(&[run], By::Strategy);
        Ok(Known { ended, replications, warnings })
    }

    fn has(&self, trial: &Trial) -> bool {
        self.ended.contains(&(trial.strategy.clone(), trial.seed))
    }

    fn under(&self, seeds: &BTreeSet<u64>) -> Vec<Replication> {
        self.replications.iter().filter(|replication| seeds.contains(&replication.seed)).cloned().collect()
    }
}
