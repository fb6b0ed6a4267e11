//! Whoever makes faults happen: one after the other as the seed says, several at a time, each healed after its time.

use super::TortureError;
use super::fault::{Fault, Kind, Role, fault};
use super::stage::Stage;
use luck::Seed;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// How many faults of each kind there were, by whom they befell.
pub type Tally = BTreeMap<(Role, Kind), u64>;

/// A series of faults.
#[derive(Debug)]
pub struct Nemesis {
    seed: Seed,
    faults: u64,
    /// Whether to go on beyond that number until somebody stops it.
    on_and_on: bool,
    /// Whether the servers live as long as the run does.
    keep_servers: bool,
    /// Set by whoever wants it to end early.
    pub stop: AtomicBool,
    /// Faults so far.
    pub made: AtomicU64,
}

/// A fault that is not healed yet.
struct Open {
    until: Instant,
    kind: Kind,
}

impl Nemesis {
    /// So many faults under a seed, or that many and more until somebody stops it. Servers that are kept are stopped
    /// where they would be ended.
    pub fn new(seed: Seed, faults: u64, on_and_on: bool, keep_servers: bool) -> Nemesis {
        Nemesis {
            seed,
            faults,
            on_and_on,
            keep_servers,
            stop: AtomicBool::new(false),
            made: AtomicU64::new(0),
        }
    }

    /// Makes all faults and heals them; answers what happened.
    ///
    /// # Errors
    /// If a process cannot be signalled or started again.
    pub fn rage(&self, stage: &Stage) -> Result<Tally, TortureError> {
        let mut open: BTreeMap<usize, Open> = BTreeMap::new();
        let mut tally = Tally::new();
        let mut next = Instant::now();
        let mut made = 0;
        for number in 0.. {
            let done = made >= self.faults && !self.on_and_on;
            if done || self.stop.load(Ordering::Relaxed) {
                break;
            }
            // The client comes after the actors.
            let coming = fault(self.seed, number, stage.actors().len() + 1);
            next = next.max(Instant::now()) + coming.after;
            wait_and_heal(stage, &mut open, next)?;
            let victim = self.settle_on(stage, &mut open, coming)?;
            let (role, kind) = self.strike(stage, victim, coming.kind)?;
            open.insert(victim, Open { until: Instant::now() + coming.lasts, kind });
            *tally.entry((role, kind)).or_default() += 1;
            made += 1;
            self.made.store(made, Ordering::Relaxed);
        }
        while let Some(last) = open.values().map(|open| open.until).max() {
            wait_and_heal(stage, &mut open, last)?;
        }
        Ok(tally)
    }

    /// Whom the fault befalls: the next in the row who suffers nothing and is there; if nobody is, whoever is healed
    /// first. A client that was killed is not there until the user starts another one.
    fn settle_on(
        &self,
        stage: &Stage,
        open: &mut BTreeMap<usize, Open>,
        fault: Fault,
    ) -> Result<usize, TortureError> {
        let count = stage.actors().len() + 1;
        loop {
            let mut row = (0..count).map(|step| (fault.victim + step) % count);
            let is_there = |victim: &usize| *victim < count - 1 || stage.user().has_a_client();
            if let Some(victim) = row.find(|victim| !open.contains_key(victim) && is_there(victim)) {
                return Ok(victim);
            }
            let first = open.values().map(|open| open.until).min().unwrap_or_else(Instant::now);
            wait_and_heal(stage, open, first)?;
        }
    }

    /// Has `kind`, or what is possible instead, befall the victim.
    fn strike(&self, stage: &Stage, victim: usize, kind: Kind) -> Result<(Role, Kind), TortureError> {
        let Some(actor) = stage.actors().get(victim) else {
            let kind = kind.of_a_client();
            stage.user().suffer(kind)?;
            return Ok((Role::Client, kind));
        };
        let is_spared = self.keep_servers && actor.role() == Role::Server && kind.ends_the_process();
        let kind = actor.kind(if is_spared { Kind::Stop } else { kind });
        actor.suffer(kind)?;
        Ok((actor.role(), kind))
    }
}

/// Heals what is due until `moment` has come.
fn wait_and_heal(
    stage: &Stage,
    open: &mut BTreeMap<usize, Open>,
    moment: Instant,
) -> Result<(), TortureError> {
    loop {
        let due = open.iter().min_by_key(|(_, open)| open.until).map(|(victim, open)| (*victim, open.until));
        let until = due.map_or(moment, |(_, until)| until.min(moment));
        thread::sleep(until.saturating_duration_since(Instant::now()));
        match due {
            Some((victim, until)) if until <= moment => {
                if let Some(healed) = open.remove(&victim) {
                    match stage.actors().get(victim) {
                        Some(actor) => actor.heal(healed.kind, stage.executable())?,
                        None => stage.user().heal(healed.kind)?,
                    }
                }
            }
            _ => return Ok(()),
        }
    }
}
