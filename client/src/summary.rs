//! What the client says at the end of a job. Pure.

use crate::bar::figures;
use crate::error::Status;
use crate::show::{count, harmless};
use comfy_table::{CellAlignment, Table, presets};
use std::fmt::Write as _;
use std::time::Duration;
use wire::job::{JobReceipt, JobReport, JobState, NodeShare};

/// Failed images that are named; the rows of `tasks.csv` hold all.
const MOST_NAMED: usize = 20;

/// The whole summary, ending with a line feed. `noun` is what the tasks are: `image`, or `task` for made-up work.
/// `processors` are those of this machine.
pub fn render(receipt: &JobReceipt, report: &JobReport, noun: &str, processors: usize) -> String {
    let mut text = headline(receipt, report, noun);
    text.push_str(&how(receipt));
    text.push_str(&attempts(report));
    if receipt.skipped > 0 {
        let _ = writeln!(
            text,
            "{} of input_dir not taken: no image by its name, or a name that is not UTF-8",
            count(receipt.skipped, "file")
        );
    }
    if !report.nodes.is_empty() {
        let _ = writeln!(text, "\n{}", shares(&report.nodes).trim_fmt());
    }
    text.push_str(&together(report, (noun == "image").then_some(processors)));
    if let Some(histogram) = &report.histogram {
        text.push_str(&crate::histogram::render(histogram));
    }
    text.push_str(&failures(report, noun));
    if !receipt.run_folder.is_empty() {
        let _ = writeln!(text, "\nRecords: {}", harmless(&receipt.run_folder));
    }
    text
}

/// The exit status that tells how the job ended.
pub const fn status(state: JobState, interrupted: bool) -> Status {
    match state {
        JobState::Done => Status::Done,
        _ if interrupted => Status::Interrupted,
        JobState::Partial => Status::SomeFailed,
        JobState::NoNode => Status::NoNode,
        JobState::Cancelled | JobState::Running | JobState::Other(_) => Status::Failure,
    }
}

fn headline(receipt: &JobReceipt, report: &JobReport, noun: &str) -> String {
    let progress = &report.progress;
    let end = match progress.state {
        JobState::Running => "Still running",
        JobState::Done => "Done",
        JobState::Partial => "Ended with failures",
        JobState::Cancelled => "Cancelled",
        JobState::NoNode => "Given up",
        JobState::Other(_) => "In a state that only a later version of the client knows",
    };
    let mut text = format!(
        "{end}: {} of {} in {}",
        progress.done,
        count(receipt.tasks, noun),
        duration(progress.elapsed)
    );
    let seconds = progress.elapsed.as_secs_f64();
    if progress.done > 0 && seconds > 0.0 {
        let _ = write!(text, " ({} a second)", figures(progress.done as f64 / seconds));
    }
    text.push('\n');
    if let Some(why) = &report.why {
        let _ = writeln!(text, "{}", harmless(why));
    }
    text
}

fn how(receipt: &JobReceipt) -> String {
    let JobReceipt { strategy, admission, operation, seed, .. } = receipt;
    format!("{} with {} ({admission}), seed {seed}\n", harmless(operation), harmless(strategy))
}

fn attempts(report: &JobReport) -> String {
    let progress = &report.progress;
    format!(
        "{}: {} rejected, {} delayed, {} lost\n",
        count(progress.attempts, "attempt"),
        progress.rejected,
        progress.delayed,
        progress.lost
    )
}

/// Who did what.
fn shares(nodes: &[NodeShare]) -> Table {
    let done: u64 = nodes.iter().map(|node| node.done).sum();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["node", "attempts", "done", "rejected", "delayed", "lost", "share"]);
    for node in nodes {
        let share = if done == 0 { 0.0 } else { 100.0 * node.done as f64 / done as f64 };
        let numbers = [node.attempts, node.done, node.rejected, node.delayed, node.lost];
        let numbers = numbers.map(|number| number.to_string());
        table.add_row([harmless(&node.node)].into_iter().chain(numbers).chain([format!("{share:.1}%")]));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// How much of the nodes' work went on at once: what several nodes save over one, as far as their clocks tell. On nodes that
/// share processors the work of each takes longer, and the speedup looks larger than it is: where it is more than
/// `processors` allow, the text says so. Made-up work needs none of them.
fn together(report: &JobReport, processors: Option<usize>) -> String {
    let worked: Vec<f64> =
        report.nodes.iter().map(|node| node.service.as_secs_f64()).filter(|s| *s > 0.0).collect();
    let (work, elapsed) = (worked.iter().sum::<f64>(), report.progress.elapsed.as_secs_f64());
    if worked.len() < 2 || elapsed <= 0.0 {
        return String::new();
    }
    let speedup = work / elapsed;
    let mut text = format!(
        "\nWork of {} nodes: {} s in {} s, a speedup of {} over one at a time, efficiency {:.0}%\n",
        worked.len(),
        figures(work),
        figures(elapsed),
        figures(speedup),
        100.0 * speedup / worked.len() as f64
    );
    if let Some(processors) = processors.filter(|processors| speedup > *processors as f64) {
        let _ = writeln!(
            text,
            "By the nodes' wall clocks, which count waiting for a shared processor as work: nodes on this machine gain at \
             most {processors}"
        );
    }
    text
}

fn failures(report: &JobReport, noun: &str) -> String {
    let failed = report.progress.failed.max(report.failures.len() as u64);
    if failed == 0 {
        return String::new();
    }
    let mut text = format!("\nWithout a result: {}\n", count(failed, noun));
    for failure in report.failures.iter().take(MOST_NAMED) {
        // The sentence names the image by itself, for those who read it alone.
        let why = failure.why.replacen(&format!("{:?}: ", failure.file_name), "", 1);
        let _ = writeln!(text, "  {}: {}", harmless(&failure.file_name), harmless(&why));
    }
    let named = report.failures.len().min(MOST_NAMED) as u64;
    if named > 0 && failed > named {
        let _ = writeln!(text, "  … and {} more: see tasks.csv", failed - named);
    }
    text
}

fn duration(time: Duration) -> String {
    format!("{} s", figures(time.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::Admission;
    use wire::job::{JobProgress, TaskFailure};

    fn receipt() -> JobReceipt {
        JobReceipt {
            job_key: "k".to_owned(),
            tasks: 8,
            seed: 42,
            strategy: "load_balancing".to_owned(),
            admission: Admission::MayReject,
            operation: "edges".to_owned(),
            skipped: 0,
            run_folder: "/srv/results/20261120T174451Z-demo-42".to_owned(),
        }
    }

    fn share(node: &str, attempts: u64, done: u64, rejected: u64) -> NodeShare {
        NodeShare {
            node: node.to_owned(),
            attempts,
            done,
            rejected,
            delayed: 1,
            lost: attempts - done - rejected,
            service: Duration::ZERO,
        }
    }

    fn report(state: JobState, done: u64, failed: u64) -> JobReport {
        JobReport {
            progress: JobProgress {
                state,
                tasks: 8,
                done,
                failed,
                attempts: 24,
                rejected: 14,
                delayed: 2,
                lost: 2,
                in_flight: 0,
                elapsed: Duration::from_millis(3_412),
                paused: false,
            },
            failures: Vec::new(),
            nodes: vec![share("node0", 14, 2, 12), share("node10", 10, 6, 2)],
            why: None,
            histogram: None,
        }
    }

    #[test]
    fn all_done() {
        insta::assert_snapshot!(render(&receipt(), &report(JobState::Done, 8, 0), "image", 2), @r"
        Done: 8 of 8 images in 3.41 s (2.34 a second)
        edges with load_balancing (may-reject), seed 42
        24 attempts: 14 rejected, 2 delayed, 2 lost

         node    attempts  done  rejected  delayed  lost  share
         node0         14     2        12        1     0  25.0%
         node10        10     6         2        1     2  75.0%

        Records: /srv/results/20261120T174451Z-demo-42
        ");
    }

    #[test]
    fn a_speedup_that_the_processors_do_not_allow_is_explained() {
        let mut report = report(JobState::Done, 8, 0);
        for node in &mut report.nodes {
            node.service = Duration::from_millis(3_000);
        }
        assert_eq!(together(&report, Some(2)), together(&report, None));
        insta::assert_snapshot!(together(&report, Some(1)), @r"

        Work of 2 nodes: 6.00 s in 3.41 s, a speedup of 1.76 over one at a time, efficiency 88%
        By the nodes' wall clocks, which count waiting for a shared processor as work: nodes on this machine gain at most 1
        ");
    }

    #[test]
    fn some_failed() {
        let failure = |index: usize| TaskFailure {
            file_name: format!("bad\n{index}.png"),
            why: "the file ends too early".to_owned(),
        };
        let mut report = report(JobState::Partial, 6, 2);
        report.failures = (0..2).map(failure).collect();
        let receipt = JobReceipt { skipped: 1, ..receipt() };
        insta::assert_snapshot!(render(&receipt, &report, "image", 2), @r"
        Ended with failures: 6 of 8 images in 3.41 s (1.76 a second)
        edges with load_balancing (may-reject), seed 42
        24 attempts: 14 rejected, 2 delayed, 2 lost
        1 file of input_dir not taken: no image by its name, or a name that is not UTF-8

         node    attempts  done  rejected  delayed  lost  share
         node0         14     2        12        1     0  25.0%
         node10        10     6         2        1     2  75.0%

        Without a result: 2 images
          bad 0.png: the file ends too early
          bad 1.png: the file ends too early

        Records: /srv/results/20261120T174451Z-demo-42
        ");
        let why = r#"truncated: cannot do edges: "cut.png": the PNG file is cut off"#.to_owned();
        report.failures = vec![TaskFailure { file_name: "cut.png".to_owned(), why }];
        let text = render(&receipt, &report, "image", 2);
        assert!(text.contains("  cut.png: truncated: cannot do edges: the PNG file is cut off\n"), "{text}");
        report.failures = (0..1_000).map(failure).collect();
        report.progress.failed = 5_000;
        let text = render(&receipt, &report, "image", 2);
        assert_eq!(text.matches("ends too early").count(), MOST_NAMED);
        assert!(
            text.contains("Without a result: 5000 images\n")
                && text.contains("… and 4980 more: see tasks.csv"),
            "{text}"
        );
    }

    #[test]
    fn no_node() {
        let mut report = report(JobState::NoNode, 0, 8);
        report.why =
            Some("every node rejected 40 times in a row; start one with a lower load probability".to_owned());
        report.nodes = vec![share("node0", 14, 0, 14)];
        let receipt = JobReceipt { run_folder: String::new(), ..receipt() };
        insta::assert_snapshot!(render(&receipt, &report, "image", 2), @r"
        Given up: 0 of 8 images in 3.41 s
        every node rejected 40 times in a row; start one with a lower load probability
        edges with load_balancing (may-reject), seed 42
        24 attempts: 14 rejected, 2 delayed, 2 lost

         node   attempts  done  rejected  delayed  lost  share
         node0        14     0        14        1     0   0.0%

        Without a result: 8 images
        ");
    }

    #[test]
    fn cancelled_before_anything_happened() {
        let mut report = report(JobState::Cancelled, 0, 0);
        report.nodes.clear();
        report.progress.elapsed = Duration::ZERO;
        insta::assert_snapshot!(render(&receipt(), &report, "task", 2), @r"
        Cancelled: 0 of 8 tasks in 0.00 s
        edges with load_balancing (may-reject), seed 42
        24 attempts: 14 rejected, 2 delayed, 2 lost

        Records: /srv/results/20261120T174451Z-demo-42
        ");
    }

    #[test]
    fn statuses() {
        let ends = [JobState::Done, JobState::Partial, JobState::NoNode, JobState::Cancelled];
        assert_eq!(ends.map(|state| status(state, false).code()), [0, 3, 4, 1]);
        // What was done in the time between Ctrl-C and the server's hearing of it is done.
        assert_eq!(ends.map(|state| status(state, true).code()), [0, 130, 130, 130]);
    }
}
