//! What an experiment would run and about what it costs, before anything is run.

use super::{Cell, Design};
use scheduler::Strategy;
use simulator::Arrivals;
use simulator::theory::attempts;
use std::fmt::Write as _;

/// Replications that are run at most, over all cells and policies.
pub fn most_replications(design: &Design) -> u64 {
    design.replications.at_most * (design.cells.len() * design.policies.len()) as u64
}

/// The plan as text.
pub fn plan(design: &Design) -> String {
    let mut text = format!("{}\n", design.name);
    if !design.about.is_empty() {
        text += &format!("  {}\n", design.about.replace('\n', "\n  "));
    }
    let policies: Vec<String> = design.policies.iter().map(Strategy::to_string).collect();
    let rule = &design.replications;
    let seeds = match rule.half_width {
        Some(width) => format!(
            "{} to {} seeds, until the {} of every policy is known to ± {:.3} %",
            rule.at_least,
            rule.at_most,
            design.metric.name(),
            100.0 * width
        ),
        None => format!("{} seeds", rule.at_least),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "policies: {}", policies.join(", "));
    let _ = writeln!(text, "replications: {seeds}; seed {}", design.seed);
    for cell in &design.cells {
        let _ = writeln!(text, "cell {}: {}", cell.label, setting(cell));
    }
    let least = rule.at_least * (design.cells.len() * design.policies.len()) as u64;
    let most = most_replications(design);
    let runs = if least == most { format!("{most} runs") } else { format!("{least} to {most} runs") };
    let tasks: f64 = design.cells.iter().map(|cell| f64::from(cell.setting.arrivals.tasks())).sum();
    let each = design.cells.iter().map(expected_attempts).sum::<f64>();
    let per_policy = rule.at_least as f64 * design.policies.len() as f64;
    let _ = writeln!(
        text,
        "cost: {runs}, at least {} tasks and about {} attempts{}",
        rounded(tasks * per_policy),
        rounded(each * per_policy),
        if design.all_rows { ", a row each" } else { "; only summaries are kept" }
    );
    text
}

fn setting(cell: &Cell) -> String {
    let setting = &cell.setting;
    let slots: u64 = setting.nodes.iter().map(|node| u64::from(node.slots)).sum();
    let arrivals = match &setting.arrivals {
        Arrivals::AllAtOnce { tasks } => format!("{tasks} tasks at once"),
        Arrivals::Closed { clients, tasks, .. } => format!("{tasks} tasks from {clients} clients"),
        Arrivals::Poisson { per_second, tasks } => format!("{tasks} tasks, {per_second} a second (Poisson)"),
        Arrivals::Constant { per_second, tasks } => {
            format!("{tasks} tasks, {per_second} a second (evenly spaced)")
        }
        Arrivals::Trace(times) => format!("{} tasks at given times", times.len()),
    };
    format!("{} nodes with {slots} slots, {arrivals}", setting.nodes.len())
}

/// Attempts that the tasks of a cell take under random choice; a bound of the retry rule where nobody accepts.
fn expected_attempts(cell: &Cell) -> f64 {
    let p: Vec<f64> = cell.setting.nodes.iter().map(|node| node.load.reject.mean().get()).collect();
    let most = f64::from(cell.setting.max_attempts.unwrap_or(200));
    let each = attempts::uniform(&p).mean_attempts;
    f64::from(cell.setting.arrivals.tasks()) * if each.is_finite() { each.min(most) } else { most }
}

/// Two significant figures, with a unit that people say.
fn rounded(number: f64) -> String {
    match number {
        number if number >= 9.95e8 => format!("{:.1} billion", number / 1e9),
        number if number >= 9.95e5 => format!("{:.1} million", number / 1e6),
        number if number >= 9_950.0 => format!("{:.0} thousand", number / 1e3),
        number => format!("{number:.0}"),
    }
}
