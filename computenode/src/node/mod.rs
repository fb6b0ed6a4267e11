//! One compute node: what becomes of an attempt from its arrival to its reply.
//!
//! An attempt passes, in this order: the check that it can be served at all, the fence, the load model's first coin
//! (rejection), the gate of slots with its queue, the second coin (injected delay, asleep in the slot), the work. What
//! the caller is told at each stop is an outcome, never a hang: whoever waits either gets a slot or is sent away when
//! the node drains.

mod batch;
mod original;
mod plan;
mod segment;
mod service;

use crate::counters::{Count, Counters};
use crate::fence::{Fence, Stale};
use crate::files::{DataFolder, DataRoots, Missing, TemporaryFile, WORKSHOP};
use crate::gate::{Gate, Refusal};
use crate::kept::Kept;
use crate::pixels::{Encoded, Pixels, timed};
use crate::settings::Settings;
use crate::trouble::Trouble;
use cluster::{Admission, LoadModel, Moment, Verdict, encode_component};
use imaging::operation::{Operation, OperationError};
use luck::Seed;
use plan::Plan;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::node::{AttemptRequest, AttemptResult, AttemptTimings, FaultKind, RejectReason};

/// Jobs whose highest epoch is remembered.
const FENCED_JOBS: usize = 4_096;
/// What the original's calls apply.
const ORIGINAL_OPERATION: &str = "edges";
/// The name under which synthetic work is counted.
const SYNTHETIC: &str = "synthetic";

/// A running compute node.
#[derive(Debug)]
pub(crate) struct Node {
    settings: Settings,
    roots: DataRoots,
    pixels: Pixels,
    kept: Kept,
    slots: Gate,
    fence: Fence,
    counters: Counters,
    original_operation: Operation,
    /// Calls of the original's two methods, which carry no luck of their own.
    original_calls: Count,
    /// The number at the end of the node's name, which tells the luck of changing loads apart.
    number: u64,
    incarnation: u64,
    started: Instant,
    draining: AtomicBool,
}

/// Why an attempt has no result.
#[derive(Debug)]
enum Ending {
    Refused(RejectReason, String),
    Trouble(Trouble),
}

impl Ending {
    fn while_doing(self, operation: &Operation) -> Ending {
        match self {
            Ending::Trouble(trouble) => Ending::Trouble(trouble.while_doing(operation)),
            refused @ Ending::Refused(..) => refused,
        }
    }
}

impl From<Trouble> for Ending {
    fn from(trouble: Trouble) -> Ending {
        Ending::Trouble(trouble)
    }
}

/// The names of the coins of one attempt.
#[derive(Clone, Copy, Debug)]
struct Luck {
    seed: Seed,
    task: u64,
    attempt: u64,
}

/// Whose attempt it is: the five numbers and names in the names of its files.
#[derive(Clone, Debug)]
struct Origin {
    job_key: String,
    epoch: u64,
    server_incarnation: u64,
    task: u64,
    attempt: u32,
    /// Whether the server has made the folder of these files.
    folder_made: bool,
}

impl Origin {
    /// The name of a file that this attempt alone makes, relative to `output_dir`.
    fn temporary_name(&self, suffix: &str) -> String {
        let Origin { job_key, epoch, server_incarnation, task, attempt, folder_made } = self;
        let job = encode_component(job_key);
        let folder = if *folder_made { format!("{job}/{server_incarnation}") } else { job };
        format!("{WORKSHOP}/{folder}/{epoch}-{server_incarnation}-{task}-{attempt}{suffix}.tmp")
    }

    /// Writes such a file and tells its name.
    fn write_temporary<'folder>(
        &self,
        folder: &DataFolder<'folder>,
        suffix: &str,
        parts: &[&[u8]],
    ) -> Result<(String, TemporaryFile<'folder>), Trouble> {
        let name = self.temporary_name(suffix);
        let missing = if self.folder_made { Missing::Refuse } else { Missing::Make };
        let temporary = folder.write_temporary(&name, parts, missing)?;
        Ok((name, temporary))
    }
}

/// What the work of an attempt came to.
#[derive(Debug)]
struct Product {
    result: AttemptResult,
    bytes_in: u64,
    bytes_out: u64,
    width: u32,
    height: u32,
    /// CRC-32 of a result that is a file.
    checksum: Option<u32>,
}

impl Node {
    /// A node that begins to count now. `incarnation` tells this process from an earlier one of the same name.
    ///
    /// # Errors
    /// If the table of operations lacks the one that the original's calls need.
    pub(crate) fn new(
        settings: Settings,
        roots: DataRoots,
        incarnation: u64,
    ) -> Result<Node, OperationError> {
        Ok(Node {
            roots,
            pixels: Pixels::new(settings.limits, settings.cores, settings.slots, settings.memory),
            kept: Kept::default(),
            slots: Gate::new(settings.slots, settings.queue),
            fence: Fence::new(FENCED_JOBS),
            counters: Counters::default(),
            original_operation: Operation::parse(ORIGINAL_OPERATION)?,
            original_calls: Count::default(),
            number: number_at_end(&settings.name),
            incarnation,
            started: Instant::now(),
            draining: AtomicBool::new(false),
            settings,
        })
    }

    /// Takes nothing new from now on and sends those who wait for a slot elsewhere; work in slots goes on.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.slots.close();
    }

    /// Waits at most `limit` until all work in slots has ended; answers whether it has. For a node that drains.
    pub(crate) fn wait_until_idle(&self, limit: Duration) -> bool {
        self.slots.wait_until_idle(limit)
    }

    /// Whether it takes nothing new.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    /// The number that tells this process from others.
    pub(crate) const fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Attempts in a slot.
    pub(crate) fn running(&self) -> usize {
        self.slots.occupancy().inside
    }

    /// The load at this moment.
    fn load(&self) -> LoadModel {
        let occupancy = self.slots.occupancy();
        self.settings.load.at(&Moment {
            seed: self.settings.seed,
            node: self.number,
            time: self.started.elapsed(),
            in_flight: count(occupancy.inside + occupancy.queued),
        })
    }

    fn refuse_while_draining(&self) -> Result<(), Ending> {
        if self.is_draining() {
            return Err(Ending::Refused(RejectReason::Draining, draining()));
        }
        Ok(())
    }

    fn pass_fence(&self, job_key: &str, epoch: u64) -> Result<(), Ending> {
        self.fence.pass(job_key, epoch).map_err(|Stale { highest }| {
            let why =
                format!("submission {epoch} of this job is over: this node has seen submission {highest}");
            Ending::Refused(RejectReason::StaleEpoch, why)
        })
    }

    /// Has the coins thrown, waits for a slot, sleeps the injected delay and does the work, if `still` says that it is
    /// still wanted when it has the slot.
    fn admit_and_work<T>(
        &self,
        admission: Admission,
        luck: Luck,
        timings: &mut AttemptTimings,
        still: impl FnOnce() -> Result<(), Ending>,
        work: impl FnOnce(&mut AttemptTimings) -> Result<T, Ending>,
    ) -> Result<T, Ending> {
        let load = self.load();
        let verdict = load.judge(admission, luck.seed, luck.task, luck.attempt);
        if verdict == Verdict::Reject {
            let why = format!("it is busy, by its load probability of {}", load.reject);
            return Err(Ending::Refused(RejectReason::Load, why));
        }
        let slot = timed(&mut timings.queue, || self.slots.enter());
        let _slot = slot.map_err(|refusal| match refusal {
            Refusal::Closed => Ending::Refused(RejectReason::Draining, draining()),
            Refusal::Full => {
                let Settings { slots, queue, .. } = self.settings;
                let why = format!("all {slots} slots are taken and {queue} attempts wait already");
                Ending::Refused(RejectReason::QueueFull, why)
            }
        })?;
        still()?;
        if let Verdict::DelayThenRun(delay) = verdict {
            self.counters.delayed.add_one();
            timed(&mut timings.delay, || std::thread::sleep(delay));
        }
        // What a panic can leave behind is not used again: scratch memory is dropped, permits come back by themselves.
        catch_unwind(AssertUnwindSafe(|| work(timings))).unwrap_or_else(|panic| {
            let why =
                format!("the work panicked ({}): a defect of this node, please report it", said(&*panic));
            Err(Ending::Trouble(Trouble::Node(FaultKind::Internal, why)))
        })
    }

    fn do_attempt(
        &self,
        request: AttemptRequest,
        timings: &mut AttemptTimings,
    ) -> Result<(Product, String), Ending> {
        let AttemptRequest {
            job_key,
            epoch,
            server_incarnation,
            task,
            attempt,
            seed,
            admission,
            operation,
            strategy: _,
            work,
            durable,
            folder_made,
        } = request;
        self.refuse_while_draining()?;
        let plan = self.plan(work, &operation)?;
        self.pass_fence(&job_key, epoch)?;
        let counted = plan.counted();
        let origin = Origin { job_key, epoch, server_incarnation, task, attempt, folder_made };
        let luck = Luck { seed: Seed(seed), task, attempt: u64::from(attempt) };
        // A queue full of an older submission's attempts must not hold up the newer one's.
        let still = || self.pass_fence(&origin.job_key, epoch);
        let product = self.admit_and_work(admission, luck, timings, still, |timings| match plan {
            Plan::Synthetic(time) => {
                if !time.is_zero() {
                    timed(&mut timings.operation, || std::thread::sleep(time));
                }
                Ok(Product::nothing())
            }
            Plan::Inline(source, operation) => self.transform_inline(&source, &operation, timings),
            Plan::Shared(folder, file_name, operation) => {
                let (bytes_in, encoded) = self.transform_shared(&folder, &file_name, &operation, timings)?;
                let bytes = &[&encoded.bytes[..]];
                let (name, temporary) = timed(&mut timings.write, || {
                    let (name, temporary) = origin.write_temporary(&folder, "", bytes)?;
                    if durable {
                        temporary.flush_to_disk()?;
                    }
                    Ok::<_, Trouble>((name, temporary))
                })?;
                // A newer submission may have come while this one was at work: its results must not be offered.
                self.pass_fence(&origin.job_key, epoch)?;
                temporary.keep();
                let checksum = Some(crc32fast::hash(&encoded.bytes));
                let product = product(bytes_in, encoded, |bytes| {
                    self.pixels.recycle(bytes);
                    AttemptResult::TemporaryFile(name)
                });
                Ok(Product { checksum, ..product })
            }
            Plan::Segment(part) => {
                let done = self.work_on_segment(&origin, &part, timings);
                done.map_err(|ending| ending.while_doing(&part.operation))
            }
            Plan::Batch(images) => self.work_on_batch(&origin, &images, timings),
        })?;
        Ok((product, counted))
    }

    fn transform_inline(
        &self,
        source: &[u8],
        operation: &Operation,
        timings: &mut AttemptTimings,
    ) -> Result<Product, Ending> {
        let encoded = self.pixels.transform(source, None, operation, timings);
        let encoded = encoded.map_err(|trouble| trouble.while_doing(operation))?;
        Ok(product(source.len() as u64, encoded, AttemptResult::Inline))
    }

    fn transform_shared(
        &self,
        folder: &DataFolder<'_>,
        file_name: &str,
        operation: &Operation,
        timings: &mut AttemptTimings,
    ) -> Result<(u64, Encoded), Ending> {
        crate::planted::panic_in(file_name);
        let source = timed(&mut timings.read, || folder.read(file_name, self.pixels.max_bytes()));
        let done = source.and_then(|source| {
            let encoded = self.pixels.transform(&source, Some(file_name), operation, timings)?;
            Ok((source.len() as u64, encoded))
        });
        Ok(done.map_err(|trouble| trouble.while_doing(operation))?)
    }

    fn count_ending(&self, ending: &Ending, timings: &AttemptTimings) {
        match ending {
            Ending::Refused(reason, why) => {
                self.counters.rejected.add_one();
                log::debug!("rejected ({reason:?}): {why}");
            }
            Ending::Trouble(Trouble::Image(_, why)) => {
                self.counters.failed.add_one();
                log::info!("failed after {:?}: {why}", timings.total);
            }
            Ending::Trouble(trouble) => log::warn!("{trouble}"),
        }
    }
}

fn draining() -> String {
    "it shuts down and takes nothing new".to_owned()
}

fn product(bytes_in: u64, encoded: Encoded, result: impl FnOnce(Vec<u8>) -> AttemptResult) -> Product {
    let Encoded { bytes, width, height } = encoded;
    let bytes_out = bytes.len() as u64;
    Product { result: result(bytes), bytes_in, bytes_out, width, height, checksum: None }
}

impl Product {
    fn nothing() -> Product {
        let result = AttemptResult::Nothing;
        Product { result, bytes_in: 0, bytes_out: 0, width: 0, height: 0, checksum: None }
    }
}

/// What a panic said, if it said anything.
fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

fn number_at_end(name: &str) -> u64 {
    let digits = name.len() - name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    name[name.len() - digits..].parse().unwrap_or(0)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod aging_tests;
#[cfg(test)]
mod tests;
