//! Whoever makes faults happen: one after the other as the seed says, several at a time, each healed after its time.

use super::TortureError;
use super::fault::{Fault, Kind, fault};
use super::stage::Stage;
use luck::Seed;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// How many faults of each kind there were, by whether they befell a server.
pub type Tally = BTreeMap<(bool, Kind), u64>;

/// A series of faults.
#[derive(Debug)]
pub struct Nemesis {
    seed: Seed,
    faults: u64,
    /// Whether to go on beyond that number until somebody stops it.
    on_and_on: bool,
    /// Whether the server lives as long as the run does.
    keep_server: bool,
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
    /// So many faults under a seed, or that many and more until somebody stops it. A server that is kept is stopped
    /// where it would be ended.
    pub fn new(seed: Seed, faults: u64, on_and_on: bool, keep_server: bool) -> Nemesis {
        Nemesis {
            seed,
            faults,
            on_and_on,
            keep_server,
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
        for number in 0.. {
            let done = number >= self.faults && !self.on_and_on;
            if done || self.stop.load(Ordering::Relaxed) {
                break;
            }
            let coming = fault(self.seed, number, stage.actors().len());
            next = next.max(Instant::now()) + coming.after;
            wait_and_heal(stage, &mut open, next)?;
            let (victim, kind) = self.settle_on(stage, &mut open, coming)?;
            stage.actors()[victim].suffer(kind)?;
            open.insert(victim, Open { until: Instant::now() + coming.lasts, kind });
            *tally.entry((stage.actors()[victim].is_server(), kind)).or_default() += 1;
            self.made.fetch_add(1, Ordering::Relaxed);
        }
        while let Some(last) = open.values().map(|open| open.until).max() {
            wait_and_heal(stage, &mut open, last)?;
        }
        Ok(tally)
    }

    /// Whom the fault befalls: the next in the row who suffers nothing; if all do, whoever is healed first.
    fn settle_on(
        &self,
        stage: &Stage,
        open: &mut BTreeMap<usize, Open>,
        fault: Fault,
    ) -> Result<(usize, Kind), TortureError> {
        let actors = stage.actors();
        while open.len() >= actors.len() {
            let first = open.values().map(|open| open.until).min().unwrap_or_else(Instant::now);
            wait_and_heal(stage, open, first)?;
        }
        let row = (0..actors.len()).map(|step| (fault.victim + step) % actors.len());
        let victim = row.into_iter().find(|victim| !open.contains_key(victim)).unwrap_or(fault.victim);
        let is_spared = self.keep_server && actors[victim].is_server() && fault.kind.ends_the_process();
        Ok((victim, if is_spared { Kind::Stop } else { fault.kind }))
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
                    stage.actors()[victim].heal(healed.kind, stage.executable())?;
                }
            }
            _ => return Ok(()),
        }
    }
}
