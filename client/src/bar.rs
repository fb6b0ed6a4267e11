//! The progress bar: what it says is pure, how it is drawn is indicatif's, and off a terminal it is not drawn.

use crate::show::count;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;
use wire::job::JobProgress;

/// Images (or made-up tasks) that ended per second, over the whole job; none as long as nothing has ended.
pub fn rate(progress: &JobProgress) -> Option<f64> {
    let ended = progress.done + progress.failed;
    let seconds = progress.elapsed.as_secs_f64();
    (ended > 0 && seconds > 0.0).then(|| ended as f64 / seconds)
}

/// Time until the job's end at the rate so far; none as long as there is no rate.
pub fn time_left(progress: &JobProgress) -> Option<Duration> {
    let left = progress.tasks.saturating_sub(progress.done + progress.failed);
    rate(progress).and_then(|rate| Duration::try_from_secs_f64(left as f64 / rate).ok())
}

/// What stands beside the bar.
pub fn line(progress: &JobProgress) -> String {
    let mut parts = vec![format!("{}/{} done", progress.done, progress.tasks)];
    if progress.failed > 0 {
        parts.push(format!("{} failed", progress.failed));
    }
    parts.push(count(progress.rejected, "rejection"));
    parts.push(count(progress.delayed, "delay"));
    if progress.lost > 0 {
        parts.push(format!("{} lost", progress.lost));
    }
    if let Some(rate) = rate(progress) {
        parts.push(format!("{}/s", figures(rate)));
    }
    if let Some(left) = time_left(progress) {
        parts.push(format!("{} left", clock(left)));
    }
    parts.join(", ")
}

/// A number with three figures, more only before the point.
pub(crate) fn figures(number: f64) -> String {
    match number {
        _ if number >= 99.95 => format!("{number:.0}"),
        _ if number >= 9.995 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// Minutes and seconds, and hours if there are any. Begun seconds count: 0:00 means the end.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A bar on standard error, if that is a terminal.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(tasks: u64, quiet: bool) -> Bar {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(tasks), target);
        // The template is a constant and valid; with the default one the bar would only look different.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style);
        }
        Bar(bar)
    }

    pub(crate) fn show(&self, progress: &JobProgress) {
        self.0.set_message(line(progress));
        self.0.set_position(progress.done + progress.failed);
    }

    /// A line above the bar; on standard error even where there is no bar.
    pub(crate) fn say(&self, text: &str) {
        self.0.suspend(|| eprintln!("client: {text}"));
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::job::JobState;

    fn progress() -> JobProgress {
        JobProgress {
            state: JobState::Running,
            tasks: 240,
            done: 0,
            failed: 0,
            attempts: 0,
            rejected: 0,
            delayed: 0,
            lost: 0,
            in_flight: 8,
            elapsed: Duration::ZERO,
            paused: false,
        }
    }

    #[test]
    fn lines() {
        let mut progress = progress();
        insta::assert_snapshot!(line(&progress), @"0/240 done, 0 rejections, 0 delays");
        progress.elapsed = Duration::from_millis(2_500);
        insta::assert_snapshot!(line(&progress), @"0/240 done, 0 rejections, 0 delays");
        (progress.done, progress.rejected, progress.delayed) = (60, 1, 17);
        insta::assert_snapshot!(line(&progress), @"60/240 done, 1 rejection, 17 delays, 24.0/s, 0:08 left");
        (progress.failed, progress.lost, progress.elapsed) = (2, 3, Duration::from_secs(10_000));
        insta::assert_snapshot!(line(&progress), @"60/240 done, 2 failed, 1 rejection, 17 delays, 3 lost, 0.01/s, 7:58:30 left");
        (progress.done, progress.elapsed) = (238, Duration::from_secs(12_000));
        insta::assert_snapshot!(line(&progress), @"238/240 done, 2 failed, 1 rejection, 17 delays, 3 lost, 0.02/s, 0:00 left");
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(
            [0.014, 9.994, 9.996, 99.94, 99.96, 12_345.6].map(figures),
            ["0.01", "9.99", "10.0", "99.9", "100", "12346"]
        );
        let clocks = [0, 999, 1_000, 59_001, 3_599_000, 3_600_000].map(|ms| clock(Duration::from_millis(ms)));
        assert_eq!(clocks, ["0:00", "0:01", "0:01", "1:00", "59:59", "1:00:00"]);
    }
}
