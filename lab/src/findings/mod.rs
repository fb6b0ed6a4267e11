//! What an experiment found, cell by cell: who wins, why, what theory says, and whether thresholds hold. Pure.
//!
//! Reading order: [`evidence::explanation`], [`theory`], `thresholds`, this file, `render`.

mod render;
pub mod theory;
mod thresholds;

pub use render::why as why_text;

use crate::design::{Cell, Design};
use crate::simulation::CellResult;
use evidence::comparison::group::{Group, group};
use evidence::comparison::{Comparison, Metric, compare_by};
use evidence::explanation::{Explanation, explain};
use serde::Serialize;
use theory::Checked;

/// All that an experiment found.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// Its name.
    pub experiment: String,
    /// What decides.
    pub metric: Metric,
    /// One a cell.
    pub cells: Vec<CellFindings>,
    /// Thresholds that are missed, a sentence each.
    missed: Vec<String>,
}

/// What was found in a cell.
#[derive(Clone, Debug, Serialize)]
pub struct CellFindings {
    /// The cell's label.
    pub label: String,
    /// Who wins; none if no policy had a result.
    pub comparison: Option<Comparison>,
    /// Why.
    pub explanation: Option<Explanation>,
    /// What theory says.
    pub theory: Vec<Checked>,
    /// What a reader must know if there is no comparison to tell it.
    pub warnings: Vec<String>,
}

impl Findings {
    /// Thresholds that are missed, a sentence each.
    pub fn missed(&self) -> &[String] {
        &self.missed
    }
}

/// What the results of `design` say.
pub fn findings(design: &Design, results: &[CellResult]) -> Findings {
    let cells: Vec<CellFindings> = design
        .cells
        .iter()
        .filter_map(|cell| {
            Some(cell_findings(design, cell, results.iter().find(|result| result.label == cell.label)?))
        })
        .collect();
    Findings {
        experiment: design.name.clone(),
        metric: design.metric,
        missed: thresholds::missed(design, results, &cells),
        cells,
    }
}

fn cell_findings(design: &Design, cell: &Cell, result: &CellResult) -> CellFindings {
    let groups = group(result.replications.clone());
    let (replications, warnings) = (result.replications.clone(), result.warnings.clone());
    // A baseline that was given up in this cell cannot be one.
    let there = |name: &&str| groups.iter().any(|group| group.key.strategy == **name);
    let baseline = design.baseline.as_deref().filter(there);
    let comparison = compare_by(design.metric, replications, baseline, warnings.clone()).ok();
    let explanation = comparison.as_ref().map(|comparison| {
        let baseline = groups.iter().position(|group| group.name() == comparison.baseline).unwrap_or(0);
        explain(&groups, baseline, design.metric, cell.setting.nodes.len())
    });
    let theory = design
        .policies
        .iter()
        .filter_map(|policy| Some((policy, of_policy(&groups, &policy.to_string())?)))
        .flat_map(|(policy, group)| theory::check(&cell.setting, policy, group))
        .collect();
    CellFindings {
        label: cell.label.clone(),
        warnings: if comparison.is_some() { Vec::new() } else { warnings },
        comparison,
        explanation,
        theory,
    }
}

fn of_policy<'a>(groups: &'a [Group], policy: &str) -> Option<&'a Group> {
    groups.iter().find(|group| group.key.strategy == policy)
}
