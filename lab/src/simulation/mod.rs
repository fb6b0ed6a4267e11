//! An experiment in virtual time: every policy under every seed in every cell, on all processors, recorded as it goes.
//!
//! Results and records are the same for any number of threads, and for a run that was interrupted and resumed.
//!
//! Reading order: [`scenario`], `watch` and `replicate` (one replication), [`in_order`](mod@in_order) (many), [`folder`] (where they
//! are recorded), this file; [`estimate`] (how long it will take).

pub mod estimate;
pub mod folder;
pub mod in_order;
mod replicate;
pub mod scenario;
mod watch;

pub use folder::Place;

use crate::design::{Cell, Design, Replications};
use crate::experiment::interrupt::Interrupt;
use crate::experiment::seed_of_replication;
use evidence::comparison::group::group;
use evidence::comparison::summary_row::from_row;
use evidence::comparison::{Metric, Replication};
use in_order::in_order;
use records::{RecordsError, RunWriter, utc};
use replicate::{Replicated, Wish, replicate};
use simulator::ScenarioError;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Why an experiment was not simulated to its end.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The file does not say how long a task takes.
    #[error("work.service is missing: a simulation has to know how long a task takes, such as \"50ms\"")]
    NoService,
    /// The simulator does not take the scenario.
    #[error("cell '{cell}' under {strategy}: {source}")]
    Scenario {
        /// The cell's label.
        cell: String,
        /// The policy.
        strategy: String,
        /// What is wrong.
        source: ScenarioError,
    },
    /// Rows could not be written or read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A file beside the rows could not be written or read.
    #[error("cannot use '{}': {source}; name a folder that you may write, or one that lab simulate or lab run has made", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The folder to resume is of another experiment.
    #[error("'{}' is of another experiment: give the same file and the same --set as then", folder.display())]
    Another {
        /// Which folder.
        folder: PathBuf,
    },
    /// The user asked for an end.
    #[error("interrupted; finished replications are kept. To go on: --resume {}", folder.display())]
    Interrupted {
        /// Exit status that the signal asks for.
        status: u8,
        /// The folder to resume.
        folder: PathBuf,
    },
}

/// What came out of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellResult {
    /// The cell's label.
    pub label: String,
    /// The folder of its records.
    pub folder: PathBuf,
    /// Its replications, seed by seed.
    pub replications: Vec<Replication>,
    /// What a reader must know before believing it.
    pub warnings: Vec<String>,
}

/// What is told while it runs.
pub trait Progress {
    /// A replication is recorded.
    fn replicated(&mut self, _cell: &Cell) {}
    /// A cell needs no more replications; so many that were planned at most are not run.
    fn enough(&mut self, _cell: &Cell, _saved: u64) {}
}

/// Tells nothing.
impl Progress for () {}

/// How an experiment is run.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Where it is recorded.
    pub place: Place<'a>,
    /// The folder of an interrupted experiment to go on with.
    pub resume: Option<&'a Path>,
    /// Threads at work.
    pub threads: usize,
}

/// Simulates all cells, one after the other.
///
/// # Errors
/// The first reason not to go on. What is recorded stays and can be resumed.
pub fn simulate(
    design: &Design,
    options: &Options<'_>,
    interrupt: &Interrupt,
    progress: &mut dyn Progress,
) -> Result<Vec<CellResult>, SimulationError> {
    let parent = match options.resume {
        Some(folder) => folder::check(design, folder).map(|()| folder.to_owned())?,
        None => folder::parent(design, &options.place)?,
    };
    let mut results = Vec::new();
    for cell in &design.cells {
        let begun = match options.resume {
            Some(folder) => folder::reopen(design, cell, folder)?,
            None => None,
        };
        let begun = match begun {
            Some(begun) => begun,
            None => folder::Begun {
                writer: folder::create(design, cell, &parent, &options.place)?,
                started_utc: utc::text(options.place.started),
                done: Vec::new(),
            },
        };
        let whole = if design.cells.len() > 1 { parent.clone() } else { begun.writer.folder().to_owned() };
        let runner = CellRunner { design, cell, threads: options.threads, interrupt, whole };
        results.push(runner.run(begun, progress)?);
    }
    Ok(results)
}

/// The seeds that are run before the next look at the intervals, after `before` ones.
pub(crate) fn next_round(rule: &Replications, before: u64) -> u64 {
    if before < rule.at_least {
        rule.at_least
    } else {
        (before + (rule.at_least / 2).max(2)).min(rule.at_most)
    }
}

/// Whether the intervals of all policies are as narrow as the rule wants, or no more seeds may be added.
pub(crate) fn is_enough(
    rule: &Replications,
    metric: Metric,
    seeds: u64,
    replications: &[Replication],
) -> bool {
    if seeds < rule.at_least {
        return false;
    }
    let Some(wanted) = rule.half_width.filter(|_| seeds < rule.at_most) else {
        return true;
    };
    group(replications.to_vec()).iter().all(|group| {
        let interval = group.interval(metric);
        interval.is_some_and(|interval| interval.half_width() <= wanted * interval.centre)
    })
}

struct CellRunner<'a> {
    design: &'a Design,
    cell: &'a Cell,
    threads: usize,
    interrupt: &'a Interrupt,
    /// The folder to name when it is interrupted.
    whole: PathBuf,
}

impl CellRunner<'_> {
    fn run(&self, begun: folder::Begun, progress: &mut dyn Progress) -> Result<CellResult, SimulationError> {
        let folder::Begun { mut writer, started_utc, mut done } = begun;
        let policies = self.design.policies.len();
        let rule = &self.design.replications;
        done.iter().for_each(|_| progress.replicated(self.cell));
        let mut seeds = 0;
        loop {
            let finished: Vec<Replication> =
                done.iter().take(seeds as usize * policies).flatten().cloned().collect();
            if is_enough(rule, self.design.metric, seeds, &finished) {
                break;
            }
            seeds = next_round(rule, seeds);
            self.round(seeds, &mut done, &mut writer, &started_utc, progress)?;
        }
        progress.enough(self.cell, (rule.at_most - seeds) * policies as u64);
        let folder = writer.folder().to_owned();
        writer.close()?;
        let warnings = self.warnings(&done);
        Ok(CellResult {
            label: self.cell.label.clone(),
            folder,
            replications: done.into_iter().flatten().collect(),
            warnings,
        })
    }

    /// Runs what is missing of the first `seeds` seeds.
    fn round(
        &self,
        seeds: u64,
        done: &mut Vec<Option<Replication>>,
        writer: &mut RunWriter,
        started_utc: &str,
        progress: &mut dyn Progress,
    ) -> Result<(), SimulationError> {
        let work = self.cell.setting.work.as_ref().ok_or(SimulationError::NoService)?;
        let policies = &self.design.policies;
        let (first, run) = (done.len(), writer.name());
        let missing = (seeds as usize * policies.len()).saturating_sub(first);
        let one = |index: usize| {
            let (replication, policy) = ((first + index) / policies.len(), (first + index) % policies.len());
            replicate(Wish {
                cell: self.cell,
                work,
                strategy: &policies[policy],
                seed: seed_of_replication(self.design.seed, replication as u64),
                all_rows: self.design.all_rows,
                run: &run,
                started_utc,
            })
        };
        let take = |index: usize, replicated: Result<Replicated, ScenarioError>| {
            let strategy = || policies[(first + index) % policies.len()].to_string();
            let taken = replicated
                .map_err(|source| SimulationError::Scenario {
                    cell: self.cell.label.clone(),
                    strategy: strategy(),
                    source,
                })
                .and_then(|replicated| {
                    record(writer, &replicated)?;
                    done.push(from_row(&replicated.summary));
                    progress.replicated(self.cell);
                    match self.interrupt.asked() {
                        Some(status) => {
                            Err(SimulationError::Interrupted { status, folder: self.whole.clone() })
                        }
                        None => Ok(()),
                    }
                });
            match taken {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            }
        };
        match in_order(missing, self.threads, one, take) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }

    /// Policies that were given up.
    fn warnings(&self, done: &[Option<Replication>]) -> Vec<String> {
        let policies = &self.design.policies;
        let mut warnings = Vec::new();
        for (index, policy) in policies.iter().enumerate() {
            let own: Vec<&Option<Replication>> = done.iter().skip(index).step_by(policies.len()).collect();
            let given_up = own.iter().filter(|replication| replication.is_none()).count();
            if given_up > 0 {
                warnings.push(format!(
                    "{policy} was given up under {given_up} of {} seeds, because no node took work; they are left out",
                    own.len()
                ));
            }
        }
        warnings
    }
}

/// Writes the rows of a replication, its summary last: what has a summary is complete.
fn record(writer: &mut RunWriter, replicated: &Replicated) -> Result<(), RecordsError> {
    writer.write_attempts(&replicated.rows.attempts)?;
    writer.write_tasks(&replicated.rows.tasks)?;
    replicated.rows.jobs.iter().try_for_each(|job| writer.write_job(job))?;
    writer.write_summary(&replicated.summary)?;
    writer.flush()
}
