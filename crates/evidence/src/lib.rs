//! From rows to verdicts: what runs say about strategies, with intervals, reasons and pictures. Pure but for reading and
//! writing files.
//!
//! Reading order: [`statistics`], [`comparison`] (who wins), [`explanation`] (why), [`report`] (the page).

pub mod comparison;
pub mod explanation;
pub mod report;
pub mod statistics;
