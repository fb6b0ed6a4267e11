//! Experiments, statistics and reports over the testbed; nobody depends on the lab.
//!
//! Reading order: [`verb`] (one verb a file), [`comparison`] and [`statistics`] (pure), [`photograph`] (pure), [`dataset`].

pub mod comparison;
pub mod dataset;
pub mod photograph;
pub mod statistics;
pub mod verb;
