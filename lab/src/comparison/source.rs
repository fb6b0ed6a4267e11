//! Replications out of recorded runs.

use super::Replication;
use records::{AttemptOutcome, AttemptRow, JobOutcome, JobRow, Run, TaskOutcome};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How runs are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// By their labels, if there are several.
    Label,
    /// By their folders or files.
    Folder,
    /// Not at all: equal strategies belong together.
    Strategy,
}

/// The finished jobs of `runs`, and what had to be left out or guessed.
pub fn replications(runs: &[Run], by: By) -> (Vec<Replication>, Vec<String>) {
    let mut warnings = Vec::new();
    let mut labelled: Vec<(String, Replication)> = Vec::new();
    for run in runs {
        if run.torn_rows > 0 {
            warnings.push(format!(
                "{}: {} rows were written in part only, because the server was killed; they are left out",
                run.path.display(),
                run.torn_rows
            ));
        }
        let folder = run.path.display().to_string();
        let replications = if run.tasks.is_empty() && run.jobs.is_empty() {
            warnings.push(format!(
                "{folder} has no finished job's row: makespans and latencies are from the attempts' times alone"
            ));
            from_attempts(run)
        } else {
            from_jobs(run, &mut warnings)
        };
        for (label, replication) in replications {
            labelled.push((if by == By::Folder { folder.clone() } else { label }, replication));
        }
    }
    let labels: BTreeSet<&str> = labelled.iter().map(|(label, _)| label.as_str()).collect();
    let tell = by != By::Strategy && labels.len() > 1;
    let replications = labelled
        .into_iter()
        .map(|(label, replication)| Replication { label: tell.then_some(label), ..replication })
        .collect();
    (replications, warnings)
}

/// One replication of each job that ended with results.
fn from_jobs(run: &Run, warnings: &mut Vec<String>) -> Vec<(String, Replication)> {
    let mut latencies: HashMap<&str, Vec<u64>> = HashMap::new();
    for task in run.tasks.iter().filter(|task| task.outcome == TaskOutcome::Done) {
        latencies.entry(&task.job_key).or_default().push(task.latency_us);
    }
    let mut nodes: HashMap<&str, BTreeMap<String, u64>> = HashMap::new();
    for attempt in &run.attempts {
        let counts = nodes.entry(&attempt.job_key).or_default();
        *counts.entry(attempt.node.to_string()).or_default() += 1;
    }
    let ended: BTreeSet<&str> = run.jobs.iter().map(|job| &*job.job_key).collect();
    let unended = nodes.keys().filter(|key| !ended.contains(*key)).count();
    if unended > 0 {
        warnings.push(format!("{}: {unended} jobs did not end and are left out", run.path.display()));
    }
    let mut replications = Vec::new();
    for job in &run.jobs {
        if !matches!(job.state, JobOutcome::Done | JobOutcome::Partial) {
            warnings.push(format!(
                "{}: job {} ({}) was {} and is left out",
                run.path.display(),
                job.job_key,
                job.strategy,
                if job.state == JobOutcome::Cancelled { "cancelled" } else { "given up" }
            ));
            continue;
        }
        let latencies_us = latencies.remove(&*job.job_key).unwrap_or_default();
        let node_attempts = nodes.remove(&*job.job_key).unwrap_or_default();
        replications.push((job.label.to_string(), from_job(job, latencies_us, node_attempts)));
    }
    replications
}

fn from_job(job: &JobRow, latencies_us: Vec<u64>, node_attempts: BTreeMap<String, u64>) -> Replication {
    Replication {
        label: None,
        strategy: job.strategy.to_string(),
        admission: job.admission,
        operation: job.operation.to_string(),
        seed: job.seed,
        tasks: job.tasks,
        done: job.done,
        makespan_us: job.makespan_us,
        latencies_us,
        attempts: job.attempts,
        rejections: job.rejected,
        delays: job.delayed,
        node_attempts,
    }
}

/// What attempts alone tell: a job lasts until its last attempt ends, a task begins with its first attempt.
fn from_attempts(run: &Run) -> Vec<(String, Replication)> {
    let mut order: Vec<&str> = Vec::new();
    let mut jobs: HashMap<&str, Vec<&AttemptRow>> = HashMap::new();
    for attempt in &run.attempts {
        let key = &*attempt.job_key;
        jobs.entry(key).or_insert_with(|| {
            order.push(key);
            Vec::new()
        });
        jobs.entry(key).or_default().push(attempt);
    }
    order
        .iter()
        .filter_map(|key| Some((run.path.display().to_string(), from_job_attempts(&jobs[key])?)))
        .collect()
}

fn from_job_attempts(attempts: &[&AttemptRow]) -> Option<Replication> {
    let first = attempts.first()?;
    let end = |attempt: &AttemptRow| attempt.begun_us.saturating_add(attempt.total_us);
    let mut begun: BTreeMap<u64, u64> = BTreeMap::new();
    let mut done: BTreeMap<u64, u64> = BTreeMap::new();
    let mut node_attempts: BTreeMap<String, u64> = BTreeMap::new();
    for attempt in attempts {
        let earliest = begun.entry(attempt.task).or_insert(attempt.begun_us);
        *earliest = (*earliest).min(attempt.begun_us);
        if attempt.outcome == AttemptOutcome::Done {
            let earliest = done.entry(attempt.task).or_insert_with(|| end(attempt));
            *earliest = (*earliest).min(end(attempt));
        }
        *node_attempts.entry(attempt.node.to_string()).or_default() += 1;
    }
    let count =
        |wanted: fn(&AttemptRow) -> bool| attempts.iter().filter(|attempt| wanted(attempt)).count() as u64;
    Some(Replication {
        label: None,
        strategy: first.strategy.to_string(),
        admission: first.admission,
        operation: first.operation.to_string(),
        seed: first.seed,
        tasks: begun.len() as u64,
        done: done.len() as u64,
        makespan_us: attempts.iter().map(|attempt| end(attempt)).max()?,
        latencies_us: done.iter().map(|(task, end)| end.saturating_sub(begun[task])).collect(),
        attempts: attempts.len() as u64,
        rejections: count(|attempt| attempt.outcome == AttemptOutcome::Rejected),
        delays: count(|attempt| attempt.delayed),
        node_attempts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::Admission;
    use records::TaskRow;
    use std::path::PathBuf;

    fn attempt(
        job: &str,
        task: u64,
        number: u32,
        outcome: AttemptOutcome,
        begun_us: u64,
        total_us: u64,
    ) -> AttemptRow {
        AttemptRow {
            run: "run".into(),
            job_key: job.into(),
            task,
            attempt: number,
            strategy: "power_of_two".into(),
            admission: Admission::MayReject,
            operation: "edges".into(),
            image: "a.png".into(),
            node: format!("node{}", number % 2).into(),
            outcome,
            reason: "".into(),
            delayed: number == 2,
            begun_us,
            queue_us: 0,
            delay_us: 0,
            read_us: 0,
            decode_us: 0,
            operation_us: 0,
            encode_us: 0,
            write_us: 0,
            wire_us: 0,
            total_us,
            bytes_in: 0,
            bytes_out: 0,
            width: 0,
            height: 0,
            seed: 7,
        }
    }

    fn task(job: &str, index: u64, outcome: TaskOutcome, latency_us: u64) -> TaskRow {
        TaskRow {
            run: "run".into(),
            job_key: job.into(),
            task: index,
            image: "a.png".into(),
            outcome,
            reason: "".into(),
            attempts: 1,
            rejections: 0,
            delays: 0,
            lost: 0,
            node: "node0".into(),
            submitted_us: 0,
            started_us: 0,
            ended_us: latency_us,
            latency_us,
        }
    }

    fn job(key: &str, label: &str, outcome: JobOutcome) -> JobRow {
        JobRow {
            run: "run".into(),
            job_key: key.into(),
            label: label.into(),
            strategy: "power_of_two".into(),
            admission: Admission::MayReject,
            operation: "edges".into(),
            seed: 7,
            state: outcome,
            tasks: 2,
            done: 1,
            failed: 1,
            attempts: 3,
            rejected: 1,
            delayed: 1,
            lost: 0,
            makespan_us: 900,
            nodes: 2,
            started_utc: "2026-01-01T00:00:00Z".into(),
            why: "".into(),
        }
    }

    fn run(path: &str, jobs: Vec<JobRow>, tasks: Vec<TaskRow>) -> Run {
        let attempts = vec![
            attempt("j", 0, 1, AttemptOutcome::Rejected, 0, 10),
            attempt("j", 1, 1, AttemptOutcome::Failed, 0, 100),
            attempt("j", 0, 2, AttemptOutcome::Done, 20, 500),
        ];
        Run { path: PathBuf::from(path), manifest: None, attempts, tasks, jobs, torn_rows: 0 }
    }

    #[test]
    fn a_finished_job_is_a_replication() {
        let tasks = vec![task("j", 0, TaskOutcome::Done, 520), task("j", 1, TaskOutcome::Failed, 100)];
        let runs = [run("results/one", vec![job("j", "one", JobOutcome::Partial)], tasks)];
        let (replications, warnings) = replications(&runs, By::Label);
        assert_eq!(warnings, Vec::<String>::new());
        let [replication] = replications.as_slice() else { panic!("{replications:?}") };
        assert_eq!(replication.label, None, "one label tells nothing apart");
        assert_eq!((replication.makespan_us, replication.latencies_us.as_slice()), (900, [520].as_slice()));
        assert_eq!(replication.node_attempts, BTreeMap::from([("node0".into(), 1), ("node1".into(), 2)]));
    }

    #[test]
    fn attempts_alone_tell_nearly_as_much() {
        let (replications, warnings) = replications(&[run("a.csv", vec![], vec![])], By::Label);
        let [replication] = replications.as_slice() else { panic!("{replications:?}") };
        assert!(warnings[0].contains("attempts' times alone"), "{warnings:?}");
        assert_eq!((replication.tasks, replication.done, replication.makespan_us), (2, 1, 520));
        assert_eq!((replication.attempts, replication.rejections, replication.delays), (3, 1, 1));
        assert_eq!(replication.latencies_us, [520]);
    }

    #[test]
    fn unfinished_and_cancelled_jobs_are_left_out_and_named() {
        let cancelled = run("r", vec![job("k", "one", JobOutcome::Cancelled)], vec![]);
        let (replications, warnings) = replications(&[cancelled], By::Label);
        assert!(replications.is_empty());
        insta::assert_snapshot!(warnings.join("\n"), @r"
        r: 1 jobs did not end and are left out
        r: job k (power_of_two) was cancelled and is left out
        ");
    }

    #[test]
    fn runs_are_told_apart_by_label_or_folder_or_not_at_all() {
        let runs = [
            run("results/one", vec![job("j", "before", JobOutcome::Done)], vec![]),
            run("results/two", vec![job("j", "after", JobOutcome::Done)], vec![]),
        ];
        let labels = |by| -> Vec<Option<String>> {
            replications(&runs, by).0.into_iter().map(|replication| replication.label).collect()
        };
        assert_eq!(labels(By::Label), [Some("before".into()), Some("after".into())]);
        assert_eq!(labels(By::Folder), [Some("results/one".into()), Some("results/two".into())]);
        assert_eq!(labels(By::Strategy), [None, None]);
    }
}
