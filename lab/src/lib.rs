//! Experiments and predictions over the testbed; nobody depends on the lab.
//!
//! Reading order: [`verb`] (one verb a file), [`design`] (what an experiment file says, pure), [`simulation`] (it is run
//! in virtual time), [`experiment`] (on real processes, what is run in which order), [`local_cluster`] (the processes),
//! [`findings`] (pure), [`prediction`] (pure), [`photograph`] (pure) and [`dataset`], [`collection`] (images as one array), [`benchmark`] (what the testbed
//! itself costs), [`torture`] (faults on real processes), [`certificates`] (for TLS between the programs). Statistics, verdicts and reports are a crate below: `evidence`.
//! [`document`] (pure) reads and renews the outputs that documents show.

pub mod benchmark;
pub mod certificates;
pub mod collection;
pub mod dataset;
pub mod design;
pub mod document;
pub mod experiment;
pub mod findings;
pub mod local_cluster;
pub mod photograph;
pub mod prediction;
pub mod simulation;
pub mod torture;
pub mod verb;
