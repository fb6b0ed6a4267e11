//! What a report is made of: a run's rows, or where only those were kept, its summaries.

use crate::comparison::source::from_summaries;
use crate::comparison::{Metric, Replication};
use clap::ValueEnum as _;
use records::{Run, SummaryRow};

/// A recorded run.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its rows and its manifest.
    pub run: Run,
    /// Its replications, if only their summaries were kept; empty if there are rows.
    pub summaries: Vec<Replication>,
    /// What those summaries leave out, a sentence each.
    pub left_out: Vec<String>,
}

impl Source {
    /// A run with rows.
    pub const fn rows(run: Run) -> Source {
        Source { run, summaries: Vec::new(), left_out: Vec::new() }
    }

    /// A run with the rows of its summaries; they count only if it has no rows of tasks.
    pub fn with_summaries(run: Run, rows: &[SummaryRow]) -> Source {
        if !run.tasks.is_empty() {
            return Source::rows(run);
        }
        let mut left_out = Vec::new();
        let summaries = from_summaries(&run.path.display().to_string(), rows, &mut left_out);
        Source { run, summaries: summaries.into_iter().map(|(_, one)| one).collect(), left_out }
    }

    /// What decides, as the experiment's manifest says.
    pub fn metric(&self) -> Option<Metric> {
        let setting = self.run.manifest.as_ref()?.settings.get("metric")?;
        Metric::from_str(setting, true).ok()
    }
}
