//! Why it came out so: where each policy's time went, where its attempts went, and what the winner does better.

use crate::comparison::parts::PARTS;
use crate::comparison::{Group, Metric, Parts, Replication};
use crate::statistics::mean;
use serde::Serialize;

/// Where a policy's time and attempts went: means over replications.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The policy's name in the tables.
    pub name: String,
    /// Whether any task finished; else no time of it means anything.
    pub finished: bool,
    /// Mean latency in seconds: the sum of its parts.
    pub mean_s: f64,
    /// The parts in seconds, in the order of [`PARTS`].
    pub parts_s: [f64; 6],
    /// Attempts a task.
    pub attempts: f64,
    /// Share of finished tasks whose successful attempt started late.
    pub delayed_share: f64,
    /// Share of all attempts that were refused by nodes which got more than their fair share.
    pub sinkhole_share: f64,
    /// Attempts a task whose result nobody needed.
    pub wasted: f64,
    /// Share of all arrivals that were dropped, because too many tasks were open; no latency has them.
    pub dropped_share: f64,
    /// The node that got the most attempts.
    pub favourite: Option<Favourite>,
}

/// The node that a policy sent most attempts to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Favourite {
    /// Its name.
    pub node: String,
    /// Its share of the attempts.
    pub share: f64,
    /// Share of them that it refused.
    pub refused: f64,
}

/// The whole explanation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// One a policy, in the order of the groups.
    pub rows: Vec<Why>,
    /// Sentences for readers: first why the winner wins.
    pub sentences: Vec<String>,
}

/// Share of all attempts of a replication that went to nodes above their fair share, of `nodes`, and were refused.
pub fn sinkhole_share(replication: &Replication, nodes: usize) -> f64 {
    let all: u64 = replication.node_attempts.values().sum();
    let fair = all as f64 / nodes.max(replication.node_attempts.len()).max(1) as f64;
    let above = replication.node_attempts.iter().filter(|(_, attempts)| **attempts as f64 > fair);
    let refused: u64 = above.filter_map(|(node, _)| replication.node_rejections.get(node)).sum();
    refused as f64 / all.max(1) as f64
}

/// Explains groups that ran on `nodes` nodes; `baseline` is an index into them.
pub fn explain(groups: &[Group], baseline: usize, metric: Metric, nodes: usize) -> Explanation {
    let rows: Vec<Why> = groups.iter().map(|group| why(group, nodes)).collect();
    let mut sentences = Vec::new();
    let mut order: Vec<usize> = (0..groups.len()).filter(|&index| rows[index].finished).collect();
    order.sort_by(|&one, &other| groups[one].mean(metric).total_cmp(&groups[other].mean(metric)));
    if let [best, second, ..] = order[..] {
        let other = if best == baseline || !rows[baseline].finished { second } else { baseline };
        sentences.push(difference(&rows[best], &rows[other]));
        sentences.extend(hidden(groups, &rows, best, other, metric));
    }
    sentences.extend(order.first().and_then(|&best| dependence(&groups[best])));
    sentences.extend(rows.iter().filter(|row| !row.finished).map(nothing));
    sentences.extend(rows.iter().filter_map(|row| sinkhole(row, nodes)));
    sentences.extend(rows.iter().filter_map(waste));
    Explanation { rows, sentences }
}

fn why(group: &Group, nodes: usize) -> Why {
    let average = |figure: &dyn Fn(&Replication) -> Option<f64>| mean(&group.figures(figure)).unwrap_or(0.0);
    let part = |index: usize| {
        average(&|job| job.latency.as_ref().and_then(|latency| latency.parts.all().get(index).copied()))
    };
    let parts_s: [f64; 6] = std::array::from_fn(part);
    let per_task =
        |figure: fn(&Replication) -> u64| average(&|job| Some(figure(job) as f64 / job.tasks.max(1) as f64));
    Why {
        name: group.name(),
        finished: group.jobs().any(|job| job.latency.is_some()),
        mean_s: Parts::from_all(parts_s).sum_s(),
        parts_s,
        attempts: per_task(|job| job.attempts),
        delayed_share: average(&|job| {
            job.latency.as_ref().map(|latency| latency.delayed as f64 / latency.tasks.max(1) as f64)
        }),
        sinkhole_share: average(&|job| Some(sinkhole_share(job, nodes))),
        wasted: per_task(|job| job.wasted),
        dropped_share: average(&|job| Some(job.dropped as f64 / (job.dropped + job.tasks).max(1) as f64)),
        favourite: favourite(group),
    }
}

fn favourite(group: &Group) -> Option<Favourite> {
    let mut nodes: std::collections::BTreeMap<&str, (u64, u64)> = std::collections::BTreeMap::new();
    for job in group.jobs() {
        for (node, attempts) in &job.node_attempts {
            let counts = nodes.entry(node).or_default();
            counts.0 += attempts;
            counts.1 += job.node_rejections.get(node).copied().unwrap_or(0);
        }
    }
    let all: u64 = nodes.values().map(|(attempts, _)| attempts).sum();
    let (node, (attempts, refused)) = nodes.into_iter().max_by_key(|(_, (attempts, _))| *attempts)?;
    Some(Favourite {
        node: node.to_owned(),
        share: attempts as f64 / all.max(1) as f64,
        refused: refused as f64 / attempts.max(1) as f64,
    })
}

/// Why `best` is faster than `other`: the parts in which it saves most.
fn difference(best: &Why, other: &Why) -> String {
    let gain = other.mean_s - best.mean_s;
    if gain.abs() < 0.005 * other.mean_s {
        return format!(
            "A task of {} takes as long as one of {}: {}.",
            best.name,
            other.name,
            time(best.mean_s)
        );
    }
    let mut gains: Vec<(usize, f64)> =
        (0..PARTS.len()).map(|part| (part, other.parts_s[part] - best.parts_s[part])).collect();
    gains.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
    let told = gains.iter().filter(|(_, part)| part.abs() >= 0.1 * gain.abs()).take(3);
    let reasons: Vec<String> = told.map(|&(part, saved)| reason(part, saved, best, other)).collect();
    format!(
        "A task of {} takes {}, {} {} than one of {}: {}.",
        best.name,
        time(best.mean_s),
        time(gain.abs()),
        if gain > 0.0 { "less" } else { "more" },
        other.name,
        reasons.join("; ")
    )
}

fn reason(part: usize, saved: f64, best: &Why, other: &Why) -> String {
    let amount = format!("{} {}", time(saved.abs()), if saved > 0.0 { "less" } else { "more" });
    match PARTS[part] {
        "delay" if (best.delayed_share - other.delayed_share).abs() > 0.005 => format!(
            "{amount} delay, for {} instead of {} of its tasks were delayed",
            percent(best.delayed_share),
            percent(other.delayed_share)
        ),
        "delay" => format!("{amount} delay"),
        "wire" => format!(
            "{amount} on the wire, with {:.2} instead of {:.2} attempts a task",
            best.attempts, other.attempts
        ),
        "queue" => format!("{amount} waiting for slots of nodes"),
        "waiting" => format!("{amount} waiting at the scheduler"),
        "lost" => format!("{amount} in lost attempts"),
        _ => format!("{amount} of work"),
    }
}

/// What a makespan does not show.
fn hidden(groups: &[Group], rows: &[Why], best: usize, other: usize, metric: Metric) -> Option<String> {
    let ratio = groups[best].ratios(&groups[other], Metric::Makespan).ratio()?;
    let means = rows[best].mean_s / rows[other].mean_s;
    let is_blind = metric == Metric::Makespan
        && means.is_finite()
        && (0.95..1.05).contains(&ratio)
        && !(0.9..1.1).contains(&means);
    is_blind.then(|| {
        format!(
            "The makespan is blind to it: it is the time of the slowest task, {ratio:.3} times that of {} where the mean is {means:.2} times.",
            rows[other].name
        )
    })
}

/// How far an interval over requests, taken for independent, would be from the one over seeds.
fn dependence(group: &Group) -> Option<String> {
    let (interval, requests) =
        (group.interval(Metric::Mean)?, group.figures(|job| Some(job.latency.as_ref()?.tasks as f64)));
    let deviation = mean(&group.figures(|job| Some(job.latency.as_ref()?.deviation_s)))?;
    let all = (mean(&requests)? * requests.len() as f64).max(1.0);
    let naive = 1.96 * deviation / all.sqrt();
    let ratio = interval.half_width() / naive;
    (ratio > 3.0).then(|| {
        format!(
            "Requests are not replications: for {} an interval over {all:.0} requests would be ± {}, over {} seeds it is ± {}, {ratio:.1} times as wide.",
            group.name(),
            percent(naive / interval.centre),
            requests.len(),
            percent(interval.half_width() / interval.centre),
        )
    })
}

/// A node that is fed because it refuses.
fn sinkhole(row: &Why, nodes: usize) -> Option<String> {
    let favourite = row.favourite.as_ref()?;
    let fair = 1.0 / nodes.max(1) as f64;
    (nodes > 1 && favourite.share > 1.25 * fair && favourite.refused > 0.5).then(|| {
        format!(
            "{} feeds a sinkhole: {} refuses {} and gets {} of the attempts ({} would be fair).",
            row.name,
            favourite.node,
            percent(favourite.refused),
            percent(favourite.share),
            percent(fair)
        )
    })
}

/// A policy that got nothing done.
fn nothing(row: &Why) -> String {
    format!(
        "Nothing of {} finished: after {:.1} attempts a task none had a result, so there is no time to compare.",
        row.name, row.attempts
    )
}

fn waste(row: &Why) -> Option<String> {
    (row.wasted >= 0.02).then(|| {
        format!("{} wastes {:.2} attempts a task on copies that nobody needed.", row.name, row.wasted)
    })
}

/// Three significant figures, in seconds or milliseconds.
pub fn time(seconds: f64) -> String {
    match seconds.abs() {
        size if size >= 99.95 => format!("{seconds:.0} s"),
        size if size >= 9.995 => format!("{seconds:.1} s"),
        size if size >= 0.9995 => format!("{seconds:.2} s"),
        size if size >= 0.099_95 => format!("{:.0} ms", seconds * 1e3),
        size if size >= 0.009_995 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{:.2} ms", seconds * 1e3),
    }
}

/// A share in words: 0.25 as `25 %`.
pub fn percent(share: f64) -> String {
    if share >= 0.0995 || share == 0.0 {
        format!("{:.0} %", share * 100.0)
    } else {
        format!("{:.1} %", share * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::examples::{job, three_strategies};
    use crate::comparison::group::group;

    #[test]
    fn the_parts_add_up_and_the_winner_is_explained() {
        let groups = group(three_strategies());
        let explanation = explain(&groups, 0, Metric::Makespan, 2);
        for row in &explanation.rows {
            assert!((row.parts_s.iter().sum::<f64>() - row.mean_s).abs() < 1e-12);
            assert_eq!(row.delayed_share, 0.3);
        }
        insta::assert_snapshot!(explanation.sentences.join("\n"), @"A task of fast takes 404 ms, 217 ms less than one of random: 164 ms less of work; 53.3 ms less delay.");
    }

    #[test]
    fn a_node_above_its_share_that_refuses_is_a_sinkhole() {
        let mut jobs = vec![job("random", 1, 1_000_000), job("fast", 1, 1_000_000)];
        jobs[1].node_attempts = [("node0".to_owned(), 4), ("node1".to_owned(), 16)].into();
        jobs[1].node_rejections = [("node0".to_owned(), 1), ("node1".to_owned(), 12)].into();
        assert_eq!(sinkhole_share(&jobs[1], 2), 0.6);
        assert_eq!(sinkhole_share(&jobs[0], 2), 0.0);
        let explanation = explain(&group(jobs), 0, Metric::Makespan, 2);
        insta::assert_snapshot!(explanation.sentences.join("\n"), @r"
        A task of random takes as long as one of fast: 550 ms.
        fast feeds a sinkhole: node1 refuses 75 % and gets 80 % of the attempts (50 % would be fair).
        ");
    }

    #[test]
    fn what_finished_nothing_is_neither_fast_nor_slow() {
        let mut failed = job("random", 1, 3);
        (failed.done, failed.latency, failed.latencies_us) = (0, None, vec![]);
        let explained = |jobs| explain(&group(jobs), 0, Metric::Makespan, 2).sentences.join("\n");
        insta::assert_snapshot!(explained(vec![failed.clone(), job("fast", 1, 1_000_000), job("slow", 1, 2_000_000)]), @r"
        A task of fast takes 550 ms, 550 ms less than one of slow: 415 ms less of work; 135 ms less delay.
        Nothing of random finished: after 1.0 attempts a task none had a result, so there is no time to compare.
        ");
        insta::assert_snapshot!(explained(vec![failed]), @"Nothing of random finished: after 1.0 attempts a task none had a result, so there is no time to compare.");
    }

    #[test]
    fn a_blind_makespan_is_told() {
        let slow = job("random", 1, 1_000_000);
        let mut fast = job("fast", 1, 1_000_000);
        if let Some(latency) = &mut fast.latency {
            latency.parts.service /= 2.0;
        }
        let mut hedged = job("hedged", 1, 1_020_000);
        hedged.wasted = 3;
        let explanation = explain(&group(vec![slow, fast, hedged]), 0, Metric::Makespan, 2);
        insta::assert_snapshot!(explanation.sentences.join("\n"), @r"
        A task of random takes 550 ms, 207 ms more than one of fast: 207 ms more of work.
        The makespan is blind to it: it is the time of the slowest task, 1.000 times that of fast where the mean is 1.60 times.
        hedged wastes 0.30 attempts a task on copies that nobody needed.
        ");
    }
}
