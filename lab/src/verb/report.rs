//! `lab report`: recorded runs as a page with pictures, and as tables for documents and programs.

use super::say::{failure, tell};
use super::why::runs_in;
use evidence::comparison::Metric;
use evidence::comparison::source::By;
use evidence::report::source::Source;
use evidence::report::splice::splice;
use evidence::report::{Report, Wish, page, report, text};
use records::{Run, SummaryRow, read_rows};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write a report of recorded runs: one HTML page, Markdown, CSV, JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab report results/*                                 report.html, to open in any browser
  lab report results/* --json report.json --csv t.csv  tables for other programs
  lab report results/demo --splice README.md           renew the block between <!-- BEGIN lab report … --> and
                                                       <!-- END lab report -->")]
pub(super) struct Arguments {
    /// Folders of runs or of experiments, or files with the columns of attempts.csv
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// The page [default: report.html if nothing else is asked for]
    #[arg(long, value_name = "FILE", env = "BALLAST_REPORT_OUT")]
    out: Option<PathBuf>,
    /// Tables for documents
    #[arg(long, value_name = "FILE", env = "BALLAST_REPORT_MARKDOWN")]
    markdown: Option<PathBuf>,
    /// A row a strategy and setting
    #[arg(long, value_name = "FILE", env = "BALLAST_REPORT_CSV")]
    csv: Option<PathBuf>,
    /// Everything, by docs/schema/report.schema.json
    #[arg(long, value_name = "FILE", env = "BALLAST_REPORT_JSON")]
    json: Option<PathBuf>,
    /// Document whose block is renewed with the tables
    #[arg(long, value_name = "FILE", env = "BALLAST_REPORT_SPLICE")]
    splice: Option<PathBuf>,
    /// What decides who wins [default: what the experiment says, else the makespan]
    #[arg(long, value_enum, env = "BALLAST_METRIC")]
    metric: Option<Metric>,
    /// Strategy that the ratios refer to [default: random if it is there, else the first]
    #[arg(long, value_name = "NAME", env = "BALLAST_BASELINE")]
    baseline: Option<String>,
    /// How runs are told apart
    #[arg(long, value_enum, default_value_t = By::Label, env = "BALLAST_COMPARE_BY")]
    by: By,
    /// The heading
    #[arg(long, value_name = "TEXT", default_value = "Which strategy won?", env = "BALLAST_REPORT_TITLE")]
    title: String,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match write(arguments) {
        Ok(written) => {
            written.iter().for_each(|path| tell(&format!("wrote {}", path.display())));
            ExitCode::SUCCESS
        }
        Err(error) => failure(&*error),
    }
}

/// Writes what is asked for; the paths written.
fn write(arguments: &Arguments) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let sources = sources(&arguments.runs)?;
    let command = command(arguments);
    let wish = Wish {
        title: &arguments.title,
        command: &command,
        metric: arguments.metric.or_else(|| sources.iter().find_map(Source::metric)).unwrap_or_default(),
        baseline: arguments.baseline.as_deref(),
        by: arguments.by,
    };
    let report = report(sources, &wish)?;
    let mut written = Vec::new();
    let mut put = |path: &Path, text: &str| -> Result<(), Box<dyn Error>> {
        write_whole(path, text)?;
        written.push(path.to_owned());
        Ok(())
    };
    type Render = fn(&Report) -> String;
    let files: [(Option<&PathBuf>, Render); 4] = [
        (arguments.out.as_ref(), page::render),
        (arguments.markdown.as_ref(), text::markdown),
        (arguments.csv.as_ref(), text::csv),
        (arguments.json.as_ref(), text::json),
    ];
    let default = PathBuf::from("report.html");
    let nothing_asked = arguments.splice.is_none() && files.iter().all(|(path, _)| path.is_none());
    if nothing_asked {
        put(&default, &page::render(&report))?;
    }
    for (path, render) in files {
        if let Some(path) = path {
            put(path, &render(&report))?;
        }
    }
    if let Some(path) = &arguments.splice {
        let document =
            fs::read_to_string(path).map_err(|error| format!("cannot read '{}': {error}", path.display()))?;
        let spliced = splice(&document, &command, &text::markdown(&report))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        put(path, &spliced)?;
    }
    Ok(written)
}

/// Every run in the given folders, with its summaries where only those were kept.
fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Box<dyn Error>> {
    let mut sources = Vec::new();
    for path in paths {
        let folders = runs_in(path).map_err(|error| format!("cannot read '{}': {error}", path.display()))?;
        for folder in folders {
            let run = Run::read(&folder)?;
            let rows = read_rows::<SummaryRow>(&folder).map(|(rows, _)| rows).unwrap_or_default();
            sources.push(Source::with_summaries(run, &rows));
        }
    }
    Ok(sources)
}

/// The command that makes the report again; where it is written to is not part of it.
fn command(arguments: &Arguments) -> String {
    let mut words = vec!["lab report".to_owned()];
    words.extend(arguments.runs.iter().map(|path| quoted(&path.display().to_string())));
    if let Some(metric) = arguments.metric {
        words.extend(["--metric".to_owned(), metric.key().to_owned()]);
    }
    if let Some(baseline) = &arguments.baseline {
        words.extend(["--baseline".to_owned(), quoted(baseline)]);
    }
    if arguments.by != By::Label {
        words.extend(["--by".to_owned(), format!("{:?}", arguments.by).to_lowercase()]);
    }
    words.join(" ")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "/._-+=:,@%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Writes a file whole or leaves the old one as it was.
fn write_whole(path: &Path, text: &str) -> Result<(), String> {
    let fault = |error: std::io::Error| format!("cannot write '{}': {error}", path.display());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| format!("'{}' is no name of a file", path.display()))?;
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    if let Err(error) = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path)) {
        // The first error is the one to tell; a temporary file that stays does no harm.
        let _ = fs::remove_file(&temporary);
        return Err(fault(error));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn the_command_is_one_that_a_shell_reads() {
        let line = [
            "x",
            "results/a",
            "my run",
            "--baseline",
            "power_of_two[d=3]",
            "--by",
            "folder",
            "--out",
            "p.html",
        ];
        let arguments = Line::try_parse_from(line).unwrap().arguments;
        assert_eq!(
            command(&arguments),
            "lab report results/a 'my run' --baseline 'power_of_two[d=3]' --by folder"
        );
    }
}
