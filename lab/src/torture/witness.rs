//! Who looks at what is left after the faults: outputs, rows, temporary files, processes.

use super::TortureError;
use records::{JobOutcome, Run, TaskOutcome};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The bytes of every result, by name.
pub type Outputs = BTreeMap<String, Vec<u8>>;

/// Reads all results of a data folder; what is hidden is not one.
///
/// # Errors
/// If one cannot be read.
pub fn outputs(data: &Path) -> Result<Outputs, TortureError> {
    let mut outputs = Outputs::new();
    for path in entries(&data.join("output_dir"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            let bytes = fs::read(&path).map_err(|source| TortureError::File { path, source })?;
            outputs.insert(name, bytes);
        }
    }
    Ok(outputs)
}

/// How `found` differs from what an undisturbed run made, a sentence a result.
pub fn differences(undisturbed: &Outputs, found: &Outputs) -> Vec<String> {
    let lacking = undisturbed.keys().filter(|name| !found.contains_key(*name));
    let lacking = lacking.map(|name| format!("{name} has no result"));
    let other = found.iter().filter_map(|(name, bytes)| match undisturbed.get(name) {
        None => Some(format!("{name} is a result that nobody asked for")),
        Some(right) if right != bytes => {
            Some(format!("{name} has other bytes ({} instead of {})", bytes.len(), right.len()))
        }
        Some(_) => None,
    });
    lacking.chain(other).collect()
}

/// Files below `output_dir` that are no results.
///
/// # Errors
/// If the folder cannot be read.
pub fn temporary_files(data: &Path) -> Result<Vec<PathBuf>, TortureError> {
    let mut found = Vec::new();
    let hidden =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut left: Vec<PathBuf> = entries(&data.join("output_dir"))?.into_iter().filter(hidden).collect();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(entries(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// The final rows of the jobs that one run tells of.
#[derive(Debug, Default)]
struct Told {
    rows: BTreeMap<(String, u64), Vec<TaskOutcome>>,
    /// How the jobs ended that have ended in it.
    ends: BTreeMap<String, Vec<JobOutcome>>,
}

impl Told {
    fn ends(&self, job: &str, how: JobOutcome) -> usize {
        self.ends.get(job).map_or(0, |ends| ends.iter().filter(|end| **end == how).count())
    }

    fn rows(&self, job: &str, task: u64, how: TaskOutcome) -> usize {
        let rows = self.rows.get(&(job.to_owned(), task));
        rows.map_or(0, |rows| rows.iter().filter(|outcome| **outcome == how).count())
    }
}

/// What is wrong with the final rows of the jobs, each of so many tasks, over all runs below `results`.
///
/// A server that was killed leaves a run without the job's end, and one that another server took the job from tells that
/// it cancelled it. Somebody tells of the job from its beginning to its end.
///
/// # Errors
/// If a run cannot be read.
pub fn wrong_rows(results: &Path, jobs: &[String], tasks: u64) -> Result<Vec<String>, TortureError> {
    let mut runs = Vec::new();
    for folder in entries(results)? {
        let run = Run::read(&folder).map_err(|error| TortureError::Records(error.to_string()))?;
        let mut told = Told::default();
        for row in run.tasks {
            told.rows.entry((row.job_key.to_string(), row.task)).or_default().push(row.outcome);
        }
        for row in run.jobs {
            told.ends.entry(row.job_key.to_string()).or_default().push(row.state);
        }
        runs.push(told);
    }
    Ok(jobs.iter().flat_map(|job| wrong_rows_of(&runs, job, tasks)).collect())
}

fn wrong_rows_of(runs: &[Told], job: &str, tasks: u64) -> Vec<String> {
    let mut wrong = Vec::new();
    if !runs.iter().any(|run| run.ends(job, JobOutcome::Done) > 0) {
        wrong.push(format!("no run tells of the end of job {job}"));
    }
    for run in runs {
        let (ended, left) = (run.ends(job, JobOutcome::Done), run.ends(job, JobOutcome::Cancelled));
        if ended > 1 || run.ends.get(job).is_some_and(|ends| ends.len() > ended + left) {
            wrong.push(format!("job {job} ended as {:?}", run.ends[job]));
        }
        for task in 0..tasks {
            let all = run.rows.get(&(job.to_owned(), task)).map_or(0, Vec::len);
            let done = run.rows(job, task, TaskOutcome::Done);
            let cancelled = run.rows(job, task, TaskOutcome::Cancelled);
            if all != done + cancelled {
                wrong
                    .push(format!("job {job}, task {task} ended as {:?}", run.rows[&(job.to_owned(), task)]));
            } else if ended == 1 && done == 0 {
                wrong.push(format!("job {job}, task {task} has no final row"));
            } else if all > 1 {
                wrong.push(format!("job {job}, task {task} has {all} final rows"));
            }
        }
    }
    wrong
}

/// Processes whose command line names `folder`.
pub fn processes(folder: &Path) -> Vec<String> {
    let wanted = folder.to_string_lossy().into_owned();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let lines = entries.flatten().filter_map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        Some((entry.file_name(), String::from_utf8_lossy(&line).replace('\0', " ")))
    });
    let own = std::process::id().to_string();
    lines
        .filter(|(id, line)| line.contains(&wanted) && id.to_string_lossy() != own)
        .map(|(id, line)| format!("{} {line}", id.to_string_lossy()))
        .collect()
}

/// What is in a folder; nothing if there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, TortureError> {
    let fault = |source| TortureError::File { path: folder.to_owned(), source };
    match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(fault(error)),
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path()).map_err(fault)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_told() {
        let undisturbed: Outputs =
            [("a", "1"), ("b", "2"), ("c", "3")].map(|(name, bytes)| (name.to_owned(), bytes.into())).into();
        let mut found = undisturbed.clone();
        assert_eq!(differences(&undisturbed, &found), [""; 0]);
        found.remove("a");
        found.insert("b".to_owned(), b"22".to_vec());
        found.insert("d".to_owned(), Vec::new());
        let told = differences(&undisturbed, &found);
        assert_eq!(
            told,
            ["a has no result", "b has other bytes (2 instead of 1)", "d is a result that nobody asked for"]
        );
    }

    #[test]
    fn rows_are_complete_where_the_end_is_told_and_single_everywhere() {
        let run = |rows: &[(u64, TaskOutcome)], ends: &[JobOutcome]| {
            let mut told = Told::default();
            for (task, outcome) in rows {
                told.rows.entry(("k".to_owned(), *task)).or_default().push(*outcome);
            }
            told.ends.insert("k".to_owned(), ends.to_vec());
            told
        };
        let (done, cancelled, end) = (TaskOutcome::Done, TaskOutcome::Cancelled, JobOutcome::Done);
        let killed = run(&[(0, done)], &[]);
        let deposed = run(&[(0, cancelled), (1, done)], &[JobOutcome::Cancelled]);
        let whole = || run(&[(0, done), (1, done)], &[end]);
        assert_eq!(wrong_rows_of(&[killed, whole(), deposed], "k", 2), [""; 0]);
        assert_eq!(wrong_rows_of(&[run(&[(1, done)], &[end])], "k", 2), ["job k, task 0 has no final row"]);
        let twice = [run(&[(0, done), (0, done)], &[end]), run(&[], &[])];
        assert_eq!(wrong_rows_of(&twice, "k", 1), ["job k, task 0 has 2 final rows"]);
        assert_eq!(
            wrong_rows_of(&[run(&[(0, cancelled)], &[JobOutcome::Cancelled])], "k", 1),
            ["no run tells of the end of job k"]
        );
        assert_eq!(
            wrong_rows_of(&[whole(), run(&[(0, TaskOutcome::GivenUp)], &[JobOutcome::Partial])], "k", 2),
            ["job k ended as [Partial]", "job k, task 0 ended as [GivenUp]"]
        );
        assert_eq!(wrong_rows_of(&[run(&[(0, done)], &[end, end])], "k", 1), ["job k ended as [Done, Done]"]);
    }

    #[test]
    fn what_is_left_is_found() {
        let data = tempfile::tempdir().unwrap();
        assert!(temporary_files(data.path()).unwrap().is_empty());
        let deep = data.path().join("output_dir/.hidden/deep");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("x"), b"").unwrap();
        fs::write(data.path().join("output_dir/whole.png"), b"1").unwrap();
        assert_eq!(temporary_files(data.path()).unwrap(), [deep.join("x")]);
        assert_eq!(outputs(data.path()).unwrap().into_keys().collect::<Vec<_>>(), ["whole.png"]);
    }
}
