//! Arrival times from a file: one column of any CSV file, or the tasks of a recorded run.

use crate::{RecordsError, TaskRow, read_rows};
use std::path::Path;

/// Seconds since the first arrival, ascending.
///
/// `path` is the folder of a run, then these are the submissions of its first job's tasks; or a CSV file, then they are
/// the numbers of `column`, or of `submitted_us`, `time_s` or the only column if none is named. Names that end in `_us` or
/// `_ms` hold microseconds or milliseconds, all others seconds. A file of one column needs no header.
///
/// # Errors
/// If it cannot be read, has no such column, or holds something that is no time; with the line.
pub fn read_times(path: &Path, column: Option<&str>) -> Result<Vec<f64>, RecordsError> {
    let mut times = if path.is_dir() { of_run(path)? } else { of_file(path, column)? };
    times.sort_by(f64::total_cmp);
    let Some(&first) = times.first() else {
        return Err(fault(path, "there is no arrival in it".to_owned()));
    };
    Ok(times.into_iter().map(|time| time - first).collect())
}

fn fault(path: &Path, why: String) -> RecordsError {
    RecordsError::Times { path: path.to_owned(), why }
}

fn unreadable(path: &Path, cause: std::io::Error) -> RecordsError {
    RecordsError::ReadTimes { path: path.to_owned(), cause }
}

fn of_run(folder: &Path) -> Result<Vec<f64>, RecordsError> {
    let (tasks, _) = read_rows::<TaskRow>(folder).map_err(|error| match error {
        RecordsError::Read { path, cause } => unreadable(&path, cause),
        other => other,
    })?;
    let first = tasks.first().map(|task| task.job_key.clone());
    let of_first = tasks.iter().filter(|task| Some(&task.job_key) == first.as_ref());
    Ok(of_first.map(|task| task.submitted_us as f64 / 1e6).collect())
}

fn of_file(path: &Path, column: Option<&str>) -> Result<Vec<f64>, RecordsError> {
    let unreadable = |cause: csv::Error| unreadable(path, cause.into());
    let mut csv = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(unreadable)?;
    let mut rows = csv.records();
    let Some(header) = rows.next().transpose().map_err(unreadable)? else {
        return Err(fault(path, "it is empty".to_owned()));
    };
    let bare = header.len() == 1 && header[0].parse::<f64>().is_ok();
    let (place, unit) = if bare { (0, 1.0) } else { place_and_unit(path, &header, column)? };
    let first = bare.then(|| Ok(header.clone()));
    let mut times = Vec::new();
    for row in first.into_iter().chain(rows) {
        let row = row.map_err(unreadable)?;
        let line = row.position().map_or(0, csv::Position::line);
        let text = row.get(place).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(time) if time.is_finite() && time >= 0.0 => times.push(time * unit),
            _ => return Err(fault(path, format!("line {line}: '{text}' is no time: a number from 0 up"))),
        }
    }
    Ok(times)
}

/// Where the column is, and its unit in seconds.
fn place_and_unit(
    path: &Path,
    header: &csv::StringRecord,
    column: Option<&str>,
) -> Result<(usize, f64), RecordsError> {
    let place = |name: &str| header.iter().position(|known| known == name);
    let only = (header.len() == 1).then_some(0);
    let found = match column {
        Some(name) => place(name),
        None => place("submitted_us").or_else(|| place("time_s")).or(only),
    };
    let place = found.ok_or_else(|| {
        let known: Vec<&str> = header.iter().collect();
        let wanted = column.unwrap_or("time_s");
        fault(path, format!("it has no column '{wanted}'; name one of {} with column", known.join(", ")))
    })?;
    let unit = match header.get(place).unwrap_or_default() {
        name if name.ends_with("_us") => 1e-6,
        name if name.ends_with("_ms") => 1e-3,
        _ => 1.0,
    };
    Ok((place, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str, column: Option<&str>) -> Result<Vec<f64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrivals.csv");
        std::fs::write(&path, text).unwrap();
        let shown = format!("{}", folder.path().display());
        read_times(&path, column).map_err(|error| error.to_string().replace(&shown, ""))
    }

    #[test]
    fn times_are_seconds_since_the_first_in_order() {
        assert_eq!(times("time_s\n2.5\n1\n3\n", None).unwrap(), [0.0, 1.5, 2.0]);
        assert_eq!(times("1\n1.5\n", None).unwrap(), [0.0, 0.5]);
        assert_eq!(times("who,at_ms\na,500\nb, 750\n", Some("at_ms")).unwrap(), [0.0, 0.25]);
        assert_eq!(times("task,submitted_us\n0,0\n1,250000\n", None).unwrap(), [0.0, 0.25]);
    }

    #[test]
    fn what_is_no_time_is_told_with_its_line() {
        let error = |text: &str, column| times(text, column).unwrap_err();
        insta::assert_snapshot!(error("time_s\n1\nsoon\n", None), @"/arrivals.csv: line 3: 'soon' is no time: a number from 0 up");
        insta::assert_snapshot!(error("a,b\n1,2\n", None), @"/arrivals.csv: it has no column 'time_s'; name one of a, b with column");
        insta::assert_snapshot!(error("a,b\n1,2\n", Some("c")), @"/arrivals.csv: it has no column 'c'; name one of a, b with column");
        insta::assert_snapshot!(error("time_s\n-1\n", None), @"/arrivals.csv: line 2: '-1' is no time: a number from 0 up");
        insta::assert_snapshot!(error("time_s\n", None), @"/arrivals.csv: there is no arrival in it");
        insta::assert_snapshot!(error("", None), @"/arrivals.csv: it is empty");
    }
}
