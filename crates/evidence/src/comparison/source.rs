//! Replications out of recorded runs.

use super::parts::Attempts;
use super::{Finished, Latency, Parts, Replication, summary_row};
use crate::statistics::WarmUp;
use records::{
    AttemptOutcome, AttemptRow, JobOutcome, JobRow, Manifest, Run, SummaryRow, TaskOutcome, TaskRow, Text,
};
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
    collect(runs.iter().map(|run| (run, [].as_slice())), by)
}

/// As [`replications`], of runs with the rows of their summaries, which are all that is known where the rows of tasks
/// were not kept.
pub fn summarised(runs: &[(Run, Vec<SummaryRow>)], by: By) -> (Vec<Replication>, Vec<String>) {
    collect(runs.iter().map(|(run, rows)| (run, rows.as_slice())), by)
}

fn collect<'a>(
    runs: impl Iterator<Item = (&'a Run, &'a [SummaryRow])>,
    by: By,
) -> (Vec<Replication>, Vec<String>) {
    let mut warnings = Vec::new();
    let mut labelled: Vec<(String, Replication)> = Vec::new();
    for (run, summaries) in runs {
        if run.torn_rows > 0 {
            warnings.push(format!(
                "{}: {} rows were written in part only, because the server was killed; they are left out",
                run.path.display(),
                run.torn_rows
            ));
        }
        let folder = run.path.display().to_string();
        let replications = if run.tasks.is_empty() && !summaries.is_empty() {
            from_summaries(&folder, summaries, &mut warnings)
        } else if run.tasks.is_empty() && run.jobs.is_empty() {
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

/// One replication of each row that has results, with its label; what has none is told in `warnings`.
pub fn from_summaries(
    folder: &str,
    rows: &[SummaryRow],
    warnings: &mut Vec<String>,
) -> Vec<(String, Replication)> {
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    let mut replications = Vec::new();
    for row in rows {
        match summary_row::from_row(row) {
            Some(replication) => replications.push((row.label.to_string(), replication)),
            None => *left_out.entry(&row.strategy).or_default() += 1,
        }
    }
    warnings.extend(left_out.into_iter().map(|(strategy, seeds)| {
        format!("{folder}: {strategy} was given up under {seeds} seeds, which are left out")
    }));
    replications
}

/// One replication of each job that ended with results.
fn from_jobs(run: &Run, warnings: &mut Vec<String>) -> Vec<(String, Replication)> {
    let mut rows = by_job(run);
    let ended: BTreeSet<&str> = run.jobs.iter().map(|job| &*job.job_key).collect();
    let unended = rows.keys().filter(|key| !ended.contains(*key)).count();
    if unended > 0 {
        warnings.push(format!("{}: {unended} jobs did not end and are left out", run.path.display()));
    }
    let warm_up = warm_up(run.manifest.as_ref());
    let mut replications = Vec::new();
    let mut left_out: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for job in &run.jobs {
        if !matches!(job.state, JobOutcome::Done | JobOutcome::Partial) {
            let fate = if job.state == JobOutcome::Cancelled { "cancelled" } else { "given up" };
            *left_out.entry((&job.strategy, fate)).or_default() += 1;
            continue;
        }
        let rows = rows.remove(&*job.job_key).unwrap_or_default();
        replications.push((job.label.to_string(), from_job(job, &rows, warm_up)));
    }
    warnings.extend(left_out.into_iter().map(|((strategy, fate), jobs)| {
        let count = if jobs == 1 { "a job".to_owned() } else { format!("{jobs} jobs") };
        let left = if jobs == 1 { "is" } else { "are" };
        format!("{}: {count} of {strategy}, {fate}, {left} left out", run.path.display())
    }));
    replications
}

/// What the manifest of an experiment says of its warm-up; jobs that are submitted as a whole have none.
fn warm_up(manifest: Option<&Manifest>) -> WarmUp {
    let setting = |name: &str| manifest.and_then(|manifest| manifest.settings.get(name)).map(String::as_str);
    match (setting("arrivals.kind"), setting("arrivals.warm_up")) {
        (None | Some("batch"), _) | (_, Some("none")) => WarmUp::None,
        (_, given) => given.and_then(|text| text.parse().ok()).map_or(WarmUp::Mser, WarmUp::First),
    }
}

/// The rows of a job.
#[derive(Debug, Default)]
pub struct JobRows<'a> {
    /// Its attempts, in the order of the file.
    pub attempts: Vec<&'a AttemptRow>,
    /// Its tasks, in the order of the file.
    pub tasks: Vec<&'a TaskRow>,
}

fn by_job(run: &Run) -> BTreeMap<&str, JobRows<'_>> {
    let mut jobs: BTreeMap<&str, JobRows<'_>> = BTreeMap::new();
    for attempt in &run.attempts {
        jobs.entry(&attempt.job_key).or_default().attempts.push(attempt);
    }
    for task in &run.tasks {
        jobs.entry(&task.job_key).or_default().tasks.push(task);
    }
    jobs
}

impl JobRows<'_> {
    /// Tasks with a result, in the order of their submission.
    fn finished(&self) -> Vec<Finished> {
        let mut attempts: HashMap<u64, Attempts> = HashMap::new();
        for attempt in &self.attempts {
            attempts.entry(attempt.task).or_default().hear(attempt);
        }
        let mut done: Vec<&&TaskRow> =
            self.tasks.iter().filter(|task| task.outcome == TaskOutcome::Done).collect();
        done.sort_by_key(|task| (task.submitted_us, task.task));
        let finished = |task: &&TaskRow| {
            // A task whose attempts are not in the records took its time somewhere.
            let whole = i64::try_from(task.latency_us).unwrap_or(i64::MAX);
            let nowhere = Parts { waiting: whole, ..Parts::default() };
            let parts = attempts.get(&task.task).and_then(|attempts| attempts.parts(task)).unwrap_or(nowhere);
            Finished { latency_us: task.latency_us, parts }
        };
        done.into_iter().map(finished).collect()
    }

    /// Attempts that ended with a result, or were told to stop, beyond one for each finished task.
    fn wasted(&self) -> u64 {
        let useful = |outcome| matches!(outcome, AttemptOutcome::Done | AttemptOutcome::Cancelled);
        let attempts = self.attempts.iter().filter(|attempt| useful(attempt.outcome)).count();
        let done = self.tasks.iter().filter(|task| task.outcome == TaskOutcome::Done).count();
        attempts.saturating_sub(done) as u64
    }
}

/// The replication of a job and its rows.
pub fn from_job(job: &JobRow, rows: &JobRows<'_>, warm_up: WarmUp) -> Replication {
    let finished = rows.finished();
    let mut node_attempts: BTreeMap<String, u64> = BTreeMap::new();
    let mut node_rejections: BTreeMap<String, u64> = BTreeMap::new();
    for attempt in &rows.attempts {
        count(&mut node_attempts, &attempt.node);
        if attempt.outcome == AttemptOutcome::Rejected {
            count(&mut node_rejections, &attempt.node);
        }
    }
    Replication {
        label: None,
        strategy: job.strategy.to_string(),
        admission: job.admission,
        operation: job.operation.to_string(),
        source: job.source.to_string(),
        transfer: job.transfer.to_string(),
        seed: job.seed,
        tasks: job.tasks,
        done: job.done,
        dropped: job.dropped,
        makespan_us: job.makespan_us,
        latencies_us: finished.iter().map(|task| task.latency_us).collect(),
        latency: Latency::of(&finished, warm_up),
        attempts: job.attempts,
        rejections: job.rejected,
        delays: job.delayed,
        lost: job.lost,
        wasted: rows.wasted(),
        node_attempts,
        node_rejections,
    }
}

/// Adds one to the count of `node`.
fn count(counts: &mut BTreeMap<String, u64>, node: &str) {
    match counts.get_mut(node) {
        Some(count) => *count += 1,
        None => {
            counts.insert(node.to_owned(), 1);
        }
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
    let mut tasks: BTreeMap<u64, TaskRow> = BTreeMap::new();
    for attempt in attempts {
        let task = tasks.entry(attempt.task).or_insert_with(|| unfinished(attempt));
        task.submitted_us = task.submitted_us.min(attempt.begun_us);
        if attempt.outcome == AttemptOutcome::Done {
            let earlier = if task.outcome == TaskOutcome::Done { task.ended_us } else { u64::MAX };
            task.ended_us = end(attempt).min(earlier);
            task.outcome = TaskOutcome::Done;
        }
    }
    for task in tasks.values_mut() {
        task.latency_us = task.ended_us.saturating_sub(task.submitted_us);
    }
    let number =
        |wanted: fn(&AttemptRow) -> bool| attempts.iter().filter(|attempt| wanted(attempt)).count() as u64;
    let done = tasks.values().filter(|task| task.outcome == TaskOutcome::Done).count() as u64;
    let job = JobRow {
        run: Text::clone(&first.run),
        job_key: Text::clone(&first.job_key),
        label: "".into(),
        strategy: Text::clone(&first.strategy),
        admission: first.admission,
        operation: Text::clone(&first.operation),
        seed: first.seed,
        state: JobOutcome::Done,
        tasks: tasks.len() as u64,
        done,
        failed: tasks.len() as u64 - done,
        attempts: attempts.len() as u64,
        rejected: number(|attempt| attempt.outcome == AttemptOutcome::Rejected),
        delayed: number(|attempt| attempt.delayed),
        lost: number(|attempt| matches!(attempt.outcome, AttemptOutcome::Lost | AttemptOutcome::TimedOut)),
        makespan_us: attempts.iter().map(|attempt| end(attempt)).max()?,
        nodes: 0,
        started_utc: "".into(),
        why: "".into(),
        dropped: 0,
        source: "".into(),
        transfer: "".into(),
    };
    let rows = JobRows { attempts: attempts.to_vec(), tasks: tasks.values().collect() };
    Some(from_job(&job, &rows, WarmUp::None))
}

/// The task of an attempt, before it is known how it ended.
fn unfinished(attempt: &AttemptRow) -> TaskRow {
    TaskRow {
        run: Text::clone(&attempt.run),
        job_key: Text::clone(&attempt.job_key),
        task: attempt.task,
        image: Text::clone(&attempt.image),
        outcome: TaskOutcome::Failed,
        reason: "".into(),
        attempts: 0,
        rejections: 0,
        delays: 0,
        lost: 0,
        node: "".into(),
        submitted_us: attempt.begun_us,
        started_us: attempt.begun_us,
        ended_us: 0,
        latency_us: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::Admission;
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
            segment: "".into(),
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
            dropped: 0,
            source: "".into(),
            transfer: "".into(),
        }
    }

    fn run(path: &str, jobs: Vec<JobRow>, tasks: Vec<TaskRow>) -> Run {
        let attempts = vec![
            attempt("j", 0, 1, AttemptOutcome::Rejected, 0, 10),
            attempt("j", 1, 1, AttemptOutcome::Failed, 0, 100),
            attempt("j", 0, 2, AttemptOutcome::Done, 20, 500),
        ];
        Run {
            path: PathBuf::from(path),
            manifest: None,
            attempts,
            tasks,
            jobs,
            nodes: Vec::new(),
            torn_rows: 0,
        }
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
        r: a job of power_of_two, cancelled, is left out
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
