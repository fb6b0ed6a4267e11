//! What the form for hedging says, where copies come at a fixed age and never lack a slot or a token.

use super::{Claim, Expectation, Quantity, Reading};
use crate::theory::hedging;
use crate::{Arrivals, Distribution, Scenario};
use scheduler::HedgeAfter;

/// Copies at a fixed age, as many as may be needed, over nodes that are alike, must accept and have slots enough.
pub(super) fn hedged(scenario: &Scenario) -> Vec<Expectation> {
    hedged_reading(scenario).unwrap_or_default()
}

fn hedged_reading(scenario: &Scenario) -> Option<Vec<Expectation>> {
    let ([job], [first, ..]) = (&scenario.jobs[..], &scenario.nodes[..]) else { return None };
    let rule = job.spec.strategy.hedge()?;
    let reading = Reading::with_hedges(scenario, job, &scenario.nodes, first)?;
    let HedgeAfter::Fixed(after) = rule.after else { return None };
    let (Distribution::Constant(work), Distribution::Constant(_)) = (&reading.work, &first.wire) else {
        return None;
    };
    let (p, h, d) = (reading.p[0], after.as_secs_f64(), reading.delay);
    // The form counts whole ages: a copy is sent at each until one is not delayed, or the first delay is over.
    let copies = (d / h).round();
    let whole = (copies * h - d).abs() < 1e-9 && reading.wire + work.as_secs_f64() < h;
    let never_lacks = rule.idle == 0.0
        && f64::from(rule.copies) > copies
        && rule.budget >= copies
        && reading.nodes.len() as f64 > copies
        && first.speed.to_bits() == 1f64.to_bits();
    if reading.may_reject() || !reading.alike() || !reading.slots_enough() || !whole || !never_lacks {
        return None;
    }
    let (m, s) = (copies as u32, reading.wire + work.as_secs_f64());
    // When the first delay is over its work is still to do, so one more copy is sent, which comes too late.
    let sent = hedging::mean_copies(p, m + 1);
    let exact =
        |quantity, value| Expectation { quantity, value, claim: Claim::Exact, law: "a copy at every age" };
    Some(match job.arrivals {
        Arrivals::AllAtOnce { tasks } => {
            let makespan = hedging::makespan(u64::from(tasks), p, h, m, s);
            vec![exact(Quantity::Attempts, sent), exact(Quantity::Makespan, makespan)]
        }
        _ => vec![exact(Quantity::Attempts, sent), exact(Quantity::Latency, hedging::mean_time(p, h, m, s))],
    })
}
