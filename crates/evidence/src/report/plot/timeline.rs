//! A job on its nodes: every attempt as a bar that is coloured by what happened in it.

use super::parts::legend;
use super::scale::{Scale, TimeUnit};
use super::svg::{Anchor, Svg};
use super::{WIDTH, room_for, short};
use crate::report::timeline::{Bar, NodeLanes, Timeline};
use records::AttemptOutcome;

const TOP: f64 = 34.0;
const LANE: f64 = 9.0;
const REFUSED: f64 = 9.0;
const GAP: f64 = 10.0;
const RIGHT: f64 = 16.0;
/// Narrower marks would not be seen.
const NARROWEST: f64 = 1.2;

/// The timeline on an axis that reaches to `longest_us`, so that several can be compared by eye.
pub(in crate::report) fn draw(timeline: &Timeline, longest_us: u64) -> String {
    let left = room_for(timeline.nodes.iter().map(|node| node.node.as_str()));
    let height = |node: &NodeLanes| LANE * node.lanes.len().max(1) as f64 + REFUSED + GAP;
    let bottom = TOP + timeline.nodes.iter().map(height).sum::<f64>();
    let unit = TimeUnit::for_seconds(longest_us as f64 / 1e6);
    let scale = Scale::from_zero(unit.of(longest_us as f64 / 1e6), left, WIDTH - RIGHT);
    let label = format!("Attempts of one job with {} on its nodes over time", timeline.strategy);
    let mut svg = Svg::new(WIDTH, bottom + 44.0, &label);
    legend(&mut svg, &entries(timeline));
    scale.draw_below(&mut svg, TOP, bottom, &format!("since the server took the job ({})", unit.name));
    let x = |us: u64| scale.at(unit.of(us as f64 / 1e6));
    let mut y = TOP;
    for node in &timeline.nodes {
        let below = y + height(node) - GAP;
        svg.line("rule", (left, below + GAP / 2.0), (WIDTH - RIGHT, below + GAP / 2.0));
        svg.text("name", (left - 10.0, f64::midpoint(y, below) + 4.0), Anchor::End, &short(&node.node));
        for (place, lane) in node.lanes.iter().enumerate() {
            let at = y + LANE * place as f64;
            lane.iter().for_each(|bar| draw_bar(&mut svg, bar, at, x, unit));
        }
        for bar in &node.refused {
            let width = (x(bar.begun_us + bar.total_us) - x(bar.begun_us)).max(NARROWEST);
            let at = (x(bar.begun_us), below - REFUSED + 2.0);
            svg.rectangle("rejected", at, (width, REFUSED - 2.0), &tip(bar, unit));
        }
        y += height(node);
    }
    let end = x(timeline.makespan_us);
    svg.line("end", (end, TOP - 4.0), (end, bottom));
    svg.finish()
}

/// The stages of an attempt, one after the other; half of the wire's time on each side.
fn draw_bar(svg: &mut Svg, bar: &Bar, y: f64, x: impl Fn(u64) -> f64, unit: TimeUnit) {
    let end = bar.begun_us + bar.total_us;
    let size = |from: u64, to: u64| ((x(to) - x(from)).max(0.0), LANE - 2.0);
    let whole = match bar.outcome {
        AttemptOutcome::Done => None,
        AttemptOutcome::Cancelled => Some("cancelled"),
        AttemptOutcome::Failed => Some("failed"),
        AttemptOutcome::Lost | AttemptOutcome::TimedOut | AttemptOutcome::Rejected => Some("lost"),
    };
    let tip = tip(bar, unit);
    if let Some(class) = whole {
        let (width, height) = size(bar.begun_us, end);
        svg.rectangle(class, (x(bar.begun_us), y + 1.0), (width.max(NARROWEST), height), &tip);
        return;
    }
    let reached = bar.begun_us + bar.wire_us / 2;
    let entered = (reached + bar.queue_us).min(end);
    let awake = (entered + bar.delay_us).min(end);
    let worked = end.saturating_sub(bar.wire_us / 2).max(awake);
    let stages = [
        ("wire", bar.begun_us, reached),
        ("queue", reached, entered),
        ("delay", entered, awake),
        ("work", awake, worked),
        ("wire", worked, end),
    ];
    for (class, from, to) in stages {
        let (width, height) = size(from, to);
        // Work is what it is all about: it is seen however short it is. The rest may vanish.
        let width = if class == "work" { width.max(NARROWEST) } else { width };
        if width >= 0.3 {
            svg.rectangle(class, (x(from), y + 1.0), (width, height), &tip);
        }
    }
}

fn tip(bar: &Bar, unit: TimeUnit) -> String {
    let seconds = |us: u64| unit.text(us as f64 / 1e6);
    format!(
        "task {}, attempt {}: {} after {} (queue {}, delay {}, wire {})",
        bar.task,
        bar.attempt,
        bar.outcome,
        seconds(bar.total_us),
        seconds(bar.queue_us),
        seconds(bar.delay_us),
        seconds(bar.wire_us)
    )
}

/// What the colours mean, of those that appear.
fn entries(timeline: &Timeline) -> Vec<(&'static str, &'static str)> {
    let any = |wanted: &dyn Fn(&Bar) -> bool| {
        timeline.nodes.iter().any(|node| node.lanes.iter().flatten().chain(&node.refused).any(wanted))
    };
    let ended = |outcome: AttemptOutcome| any(&|bar: &Bar| bar.outcome == outcome);
    let lost = ended(AttemptOutcome::Lost) || ended(AttemptOutcome::TimedOut);
    let all = [
        ("work", "work", ended(AttemptOutcome::Done)),
        ("injected delay", "delay", any(&|bar| bar.delay_us > 0)),
        ("queue at the node", "queue", any(&|bar| bar.queue_us > 0)),
        ("wire", "wire", ended(AttemptOutcome::Done)),
        ("refused", "rejected", ended(AttemptOutcome::Rejected)),
        ("lost or timed out", "lost", lost),
        ("cancelled", "cancelled", ended(AttemptOutcome::Cancelled)),
        ("failed", "failed", ended(AttemptOutcome::Failed)),
    ];
    all.into_iter().filter(|(.., appears)| *appears).map(|(name, class, _)| (name, class)).collect()
}
