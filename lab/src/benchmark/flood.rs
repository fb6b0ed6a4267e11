//! A thousand tasks in flight, each delayed by three seconds: what waiting costs.

use super::usage::memory_kib;
use super::{BenchmarkError, Figure, Goal, NODES, plan, request, temporary_folder};
use crate::experiment::interrupt::Interrupt;
use crate::experiment::jobs::Jobs;
use crate::local_cluster::LocalCluster;
use cluster::Probability;
use std::time::Duration;
use wire::job::JobSource;

/// Tasks, all in flight at once.
const TASKS: u64 = 1_000;

/// The original's delay.
const DELAY: Duration = Duration::from_secs(3);

/// Measures memory, losses and makespan. Without `/proc` there is no figure of memory.
///
/// # Errors
/// If a job fails.
pub fn measure(interrupt: &Interrupt) -> Result<Vec<Figure>, BenchmarkError> {
    let (_guard, folder) = temporary_folder()?;
    // Under `random` every node must accept, and with probability 1 it delays.
    let always = Probability::new(1.0).unwrap_or(Probability::ZERO);
    let cluster = LocalCluster::start(&plan(&folder, always, TASKS as usize, DELAY))?;
    let jobs = Jobs::on(&cluster, interrupt);
    let before = memory_kib(cluster.server().id(), "VmRSS:");
    let source = JobSource::Synthetic { tasks: TASKS, service: Duration::ZERO };
    let (_, report) = jobs.run(request(source, "random", TASKS as u32))?;
    super::photographs::complete(&report)?;
    let peak = memory_kib(cluster.server().id(), "VmHWM:");
    let makespan = report.progress.elapsed.as_secs_f64();
    let mut figures = vec![
        Figure {
            name: "makespan of 1,000 delayed tasks over the delay".to_owned(),
            value: makespan / DELAY.as_secs_f64(),
            unit: "",
            goal: Goal::AtMost(1.05),
            detail: format!("{makespan:.2} s for tasks that all sleep 3 s, {NODES} nodes"),
        },
        Figure {
            name: "attempts lost or timed out among them".to_owned(),
            value: report.progress.lost as f64,
            unit: "",
            goal: Goal::AtMost(0.0),
            detail: format!("{} attempts", report.progress.attempts),
        },
    ];
    if let (Some(before), Some(peak)) = (before, peak) {
        figures.push(Figure {
            name: "growth of the server with 1,000 in flight".to_owned(),
            value: peak.saturating_sub(before) as f64 / 1024.0,
            unit: "MiB",
            goal: Goal::AtMost(64.0),
            detail: format!("from {} to at most {} MiB resident", before / 1024, peak / 1024),
        });
    }
    Ok(figures)
}
