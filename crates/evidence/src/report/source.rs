//! What a report is made of: a run's rows, or where only those were kept, its summaries.

use crate::comparison::{Metric, Replication};
use clap::ValueEnum as _;
use records::Run;

/// A recorded run.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its rows and its manifest.
    pub run: Run,
    /// Its replications, if only their summaries were kept; empty if there are rows.
    pub summaries: Vec<Replication>,
}

impl Source {
    /// A run with rows.
    pub const fn rows(run: Run) -> Source {
        Source { run, summaries: Vec::new() }
    }

    /// A run of which `summaries` are known; they count only if it has no rows.
    pub fn with_summaries(run: Run, summaries: Vec<Replication>) -> Source {
        if run.tasks.is_empty() { Source { run, summaries } } else { Source::rows(run) }
    }

    /// What decides, as the experiment's manifest says.
    pub fn metric(&self) -> Option<Metric> {
        let setting = self.run.manifest.as_ref()?.settings.get("metric")?;
        Metric::from_str(setting, true).ok()
    }
}
