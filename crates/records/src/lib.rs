//! The record of a run: a folder of CSV files and a manifest, written as it goes and read back for every report.
//!
//! It is the only crate that names `csv`. A run is `results/<utc>-<label>-<seed>/` with
//!
//! - `attempts.csv`: one row an attempt ([`AttemptRow`]), rejected and lost ones too;
//! - `tasks.csv`: one row a task ([`TaskRow`]);
//! - `jobs.csv`: one row a job ([`JobRow`]);
//! - `summary.csv`: one row a strategy and seed ([`SummaryRow`]), if the run is an experiment's;
//! - `nodes.csv`: one row a node that said who it is ([`NodeRow`]);
//! - `decisions.log`: what the scheduler was told and what it decided, if that was wanted ([`Decisions`]);
//! - `manifest.json`: what is needed to run it again ([`Manifest`]).
//!
//! Durations are whole microseconds and their columns say so. Rows are raw: every table and figure is derived from
//! them later, by whoever reads them. The columns are listed in this crate's `README.md`.
//!
//! Reading order: [`rows`], [`manifest`], [`writer`], [`reader`].

mod cell;
mod decisions;
mod error;
pub mod manifest;
pub mod reader;
pub mod rows;
mod table;
mod times;
pub mod utc;
pub mod writer;

pub use cell::Text;
pub use decisions::{Decisions, FILE as DECISIONS_FILE};
pub use error::{RecordsError, RowFault};
pub use manifest::Manifest;
pub use reader::{Run, read_rows};
pub use rows::{
    AttemptOutcome, AttemptRow, JobOutcome, JobRow, NodeRow, Row, SummaryRow, TaskOutcome, TaskRow,
};
pub use times::read_times;
pub use writer::{Kept, RunWriter};
