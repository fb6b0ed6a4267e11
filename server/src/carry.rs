//! One attempt, from the request to the published result and the row.

use crate::came::{Came, refused};
use crate::core::Returned;
use crate::divided::{self, Stored, Unit};
use crate::image_file::{self, BadImageFile};
use crate::job::{Job, Tasks};
use crate::journal::NotWritten;
use crate::ledger::{micros, was_delayed};
use crate::means::Means;
use crate::peer::{Answer, Peer};
use crate::publish::Press;
use crate::shelf::{FolderShelf, temporary_name};
use journal::entry::{Entry, Fingerprint, Output};
use journal::publication::{self, NotPublished, Owner};
use records::{AttemptOutcome, AttemptRow, Text};
use scheduler::{Attempt, LossReason, NodeTimes, Observation, Outcome};
use std::fs;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use wire::job::Transfer;
use wire::node::{AttemptError, AttemptReply, AttemptRequest, AttemptResult, RejectReason, SharedFile, Work};

/// An attempt of a job that has ended before it began.
pub(crate) fn unwanted(attempt: Attempt) -> Returned {
    let observation = Observation { outcome: Outcome::Cancelled, round_trip: Duration::ZERO, node: None };
    Returned { attempt, observation, reason: None, is_held_up: false }
}

/// Carries the attempt out and hands its row to the recorder. A panic on the way is the server's fault and loses the
/// attempt, not the job.
pub(crate) fn carry_out(means: &Means, job: &Job, attempt: Attempt) -> Returned {
    let peer = &means.peers.get(attempt.node());
    let unit = job.tasks.divided().and_then(|divided| divided.unit(attempt.task().index()));
    let began = Instant::now();
    let came = catch_unwind(AssertUnwindSafe(|| try_once(means, job, &attempt, unit.as_ref(), peer)))
        .unwrap_or_else(|_| Came::without_result(Outcome::Lost(LossReason::Fault), "the server panicked"));
    let round_trip = began.elapsed();
    let node = came.timings.map(|times| NodeTimes {
        queue: times.queue,
        delay: times.delay,
        service: times.total.saturating_sub(times.queue).saturating_sub(times.delay),
    });
    let observation = Observation { outcome: came.outcome, round_trip, node };
    if let (Outcome::Done, Some(times)) = (came.outcome, node) {
        let pixels = u64::from(came.width) * u64::from(came.height);
        means.speeds.saw(attempt.node().index(), pixels, times.service);
    }
    let reason = came.reason.as_deref().map(Text::from);
    if let (Outcome::Lost(_) | Outcome::TimedOut, Some(why)) = (observation.outcome, &came.reason) {
        log::debug!(
            "{}: attempt {} at task {} is lost: {why}",
            peer.name,
            attempt.number(),
            attempt.task().0
        );
    }
    means.recorder.attempt(row(
        means,
        job,
        (&attempt, unit.as_ref()),
        peer,
        &observation,
        &came,
        reason.clone(),
    ));
    Returned { attempt, observation, reason, is_held_up: came.is_held_up }
}

fn try_once(means: &Means, job: &Job, attempt: &Attempt, unit: Option<&Unit>, peer: &Peer) -> Came {
    if job.is_closed() {
        return Came::without_result(Outcome::Cancelled, "the job had ended");
    }
    let (work, operation) = match work_of(job, attempt, unit) {
        Ok(found) => found,
        Err(came) => return came,
    };
    let request = AttemptRequest {
        job_key: job.receipt.job_key.clone(),
        epoch: job.epoch(),
        server_incarnation: means.incarnation,
        task: u64::from(attempt.task().0),
        attempt: attempt.number(),
        seed: job.words.seed,
        admission: job.words.admission,
        operation,
        strategy: Some(job.receipt.strategy.clone()),
        work,
        durable: means.durable(),
        folder_made: true,
    };
    match peer.attempt(&request, means.attempt_timeout) {
        Answer::Reply(reply) => match unit {
            Some(unit) => store_answer(means, job, attempt, unit, &reply),
            None => publish_result(means, job, attempt, &reply),
        },
        Answer::Published => claim_published(means, job, attempt),
        Answer::Refused(error) => {
            if let AttemptError::Rejected { reason: RejectReason::StaleEpoch, .. } = &error
                && request.epoch == job.epoch()
            {
                job.depose();
            }
            if matches!(error, AttemptError::Fault { .. }) {
                // The folder of a job that has ended is gone by our own doing: that is no fault of the node.
                if job.is_closed() {
                    return Came::without_result(Outcome::Cancelled, "the job had ended");
                }
                look_at_folder(means, job);
            }
            refused(error)
        }
        Answer::Outdated(reply) => outdated(job, reply),
        Answer::Lost(outcome, why) => Came::without_result(outcome, why),
    }
}

/// A node that cannot write may have lost the job's folder to another server. If the folder is still the job's, a server
/// that was deposed has woken in the middle of its clearing and taken the folder of temporary files: it is made again.
fn look_at_folder(means: &Means, job: &Job) {
    let Tasks::Folder { folder, .. } = &job.tasks else { return };
    let (shelf, owner) = (FolderShelf::new(folder, false), job.owner(means.incarnation));
    match shelf.is_owned_by(&owner) {
        Ok(false) => job.depose_if_open(),
        Ok(true) => {
            if let Err(cause) = shelf.make_bench(&owner) {
                log::warn!("the folder of temporary files in {:?} cannot be made: {cause}", folder.base);
            }
        }
        // The next attempt that fails looks again.
        Err(_) => {}
    }
}

/// The work of an attempt and its operation.
fn work_of(job: &Job, attempt: &Attempt, unit: Option<&Unit>) -> Result<(Work, String), Came> {
    let Some(divided) = job.tasks.divided() else {
        return work(job, attempt).map(|work| (work, operation(job, attempt.task().index())));
    };
    let Some(unit) = unit else {
        return Err(Came::without_result(Outcome::Cancelled, "the task had ended"));
    };
    if divided.is_needless(unit) {
        return Err(Came::without_result(Outcome::Failed, "another part of the image has failed"));
    }
    divided::work(job, unit).map_err(|(image, why)| no_image(job, image, &why))
}

/// The operation of an image, or of a task without one.
fn operation(job: &Job, task: usize) -> String {
    match &job.tasks {
        Tasks::Folder { mix, .. } if mix.is_mixed() => mix.of(job.words.seed, task).to_string(),
        Tasks::Folder { .. } => job.receipt.operation.clone(),
        // Records call it something else; a node knows operations only.
        Tasks::Synthetic { .. } => job.request.operation.clone(),
    }
}

fn no_image(job: &Job, image: usize, why: &BadImageFile) -> Came {
    let name = match &job.tasks {
        Tasks::Folder { names, .. } => &*names[image],
        Tasks::Synthetic { .. } => "",
    };
    Came::without_result(Outcome::Failed, why.reason(name, &operation(job, image)))
}

/// Keeps a part's or a batch's answer if nobody else's was first.
fn store_answer(means: &Means, job: &Job, attempt: &Attempt, unit: &Unit, reply: &AttemptReply) -> Came {
    let Tasks::Folder { folder, divided: Some(divided), .. } = &job.tasks else { return Came::done(reply) };
    match divided::store(&Press::new(means, job, folder), divided, attempt, unit, reply) {
        Stored::Kept => Came::done(reply),
        Stored::TooLate => Came::too_late(reply),
        Stored::Useless(why) => {
            Came { outcome: Outcome::Lost(LossReason::Fault), reason: Some(why), ..Came::done(reply) }
        }
    }
}

/// What the node gets: a name on the shared folder, the image itself, or nothing but a time to hold a slot.
fn work(job: &Job, attempt: &Attempt) -> Result<Work, Came> {
    match &job.tasks {
        Tasks::Synthetic { service, .. } => Ok(Work::Synthetic(*service)),
        Tasks::Folder { folder, names, transfer, .. } => {
            let image = &names[attempt.task().index()];
            match transfer {
                Transfer::Shared => Ok(Work::Shared(SharedFile {
                    base_path: folder.base.to_string_lossy().into_owned(),
                    file_name: image.to_string(),
                })),
                Transfer::Inline => {
                    let path = folder.base.join(crate::folder::INPUT).join(&**image);
                    image_file::read_labelled(&path)
                        .map(Work::Inline)
                        .map_err(|why| no_image(job, attempt.task().index(), &why))
                }
            }
        }
    }
}

/// Makes the result visible if nobody else has and the job is still open.
fn publish_result(means: &Means, job: &Job, attempt: &Attempt, reply: &AttemptReply) -> Came {
    let Tasks::Folder { folder, names, .. } = &job.tasks else { return Came::done(reply) };
    let (task, shelf) = (attempt.task().index(), FolderShelf::new(folder, means.durable()));
    if !job.claim(task) {
        if let AttemptResult::TemporaryFile(name) = &reply.result {
            shelf.discard(name);
        }
        return Came::too_late(reply);
    }
    let owner = job.owner(means.incarnation);
    let published = make_output(&shelf, &owner, attempt, reply).and_then(|output| {
        let (key, result) = (owner.key.clone(), output.clone());
        let entry = Entry::Published { key, task: attempt.task().0, result };
        let published =
            publication::publish(&shelf, &owner, &output, &names[task], || means.journal.commit(entry));
        if published.is_err() {
            shelf.discard(&output.temporary);
        }
        published
    });
    match published {
        Ok(()) => Came::done(reply),
        Err(cause) => {
            if matches!(cause, NotPublished::Deposed) {
                job.depose_if_open();
            }
            job.release(task);
            // A full journal is no fault of the node, and costs the task nothing.
            let is_held_up = matches!(cause, NotPublished::Journal(_));
            let outcome = if is_held_up { Outcome::Cancelled } else { Outcome::Lost(LossReason::Fault) };
            let reason = Some(match cause {
                NotPublished::Shelf(cause) => crate::publish::failure(&cause),
                other => format!("the result cannot be published: {other}"),
            });
            Came { outcome, reason, is_held_up, ..Came::done(reply) }
        }
    }
}

/// The result as a whole temporary file.
fn make_output(
    shelf: &FolderShelf<'_>,
    owner: &Owner,
    attempt: &Attempt,
    reply: &AttemptReply,
) -> Result<Output, NotPublished<io::Error, NotWritten>> {
    match &reply.result {
        AttemptResult::TemporaryFile(name) => {
            let print = Fingerprint { length: reply.bytes_out, checksum: reply.checksum };
            Ok(Output { print, temporary: name.clone() })
        }
        AttemptResult::Inline(bytes) => {
            let temporary =
                temporary_name(owner, &format!("{}-{}", attempt.task().index(), attempt.number()));
            shelf.write_temporary(&temporary, bytes).map_err(NotPublished::Shelf)?;
            Ok(Output { print: Fingerprint::of(bytes), temporary })
        }
        AttemptResult::Nothing | AttemptResult::Items(_) => {
            Err(NotPublished::Shelf(io::Error::new(ErrorKind::InvalidData, "the node sent no result")))
        }
    }
}

/// A node of the original's interface has written the final file itself.
fn claim_published(means: &Means, job: &Job, attempt: &Attempt) -> Came {
    if job.tasks.divided().is_some() {
        // Such nodes know whole images only.
        return Came::without_result(Outcome::Lost(LossReason::Fault), "the node did a whole image");
    }
    if !job.claim(attempt.task().index()) {
        return Came::without_result(Outcome::Cancelled, "too late");
    }
    if let Tasks::Folder { folder, names, .. } = &job.tasks {
        let path = folder.base.join(crate::folder::OUTPUT).join(&*names[attempt.task().index()]);
        if let Ok(data) = fs::metadata(path) {
            let print = Fingerprint { length: data.len(), checksum: None };
            let result = Output { print, temporary: String::new() };
            let key = job.receipt.job_key.clone();
            // If it gets lost, a resumed job does the task again.
            means.journal.note(Entry::Published { key, task: attempt.task().0, result });
        }
    }
    Came { reason: None, ..Came::without_result(Outcome::Done, "") }
}

/// What a process that is not the node any more has answered counts for nothing.
fn outdated(job: &Job, reply: Option<AttemptReply>) -> Came {
    if let (Tasks::Folder { folder, .. }, Some(AttemptResult::TemporaryFile(name))) =
        (&job.tasks, reply.map(|reply| reply.result))
    {
        FolderShelf::new(folder, false).discard(&name);
    }
    Came::without_result(Outcome::Cancelled, "the node was started anew meanwhile")
}

fn row(
    means: &Means,
    job: &Job,
    (attempt, unit): (&Attempt, Option<&Unit>),
    peer: &Peer,
    observation: &Observation,
    came: &Came,
    reason: Option<Text>,
) -> AttemptRow {
    let words = &job.words;
    let task = unit.and_then(|unit| unit.images().first().copied()).unwrap_or(attempt.task().index());
    let is_mixed = matches!(&job.tasks, Tasks::Folder { mix, .. } if mix.is_mixed());
    let times = came.timings.unwrap_or_default();
    AttemptRow {
        run: Text::clone(&means.run),
        job_key: Text::clone(&words.job_key),
        task: task as u64,
        attempt: attempt.number(),
        strategy: Text::clone(&words.strategy),
        admission: words.admission,
        operation: if is_mixed { operation(job, task).into() } else { Text::clone(&words.operation) },
        image: job.tasks.name(task),
        node: Text::clone(&peer.name),
        outcome: match observation.outcome {
            Outcome::Done => AttemptOutcome::Done,
            Outcome::Rejected => AttemptOutcome::Rejected,
            Outcome::Failed => AttemptOutcome::Failed,
            Outcome::Lost(_) => AttemptOutcome::Lost,
            Outcome::TimedOut => AttemptOutcome::TimedOut,
            Outcome::Cancelled => AttemptOutcome::Cancelled,
        },
        reason: reason.unwrap_or_else(|| Text::clone(&means.nothing)),
        delayed: was_delayed(observation),
        begun_us: micros(attempt.started().since(job.submitted)),
        queue_us: micros(times.queue),
        delay_us: micros(times.delay),
        read_us: micros(times.read),
        decode_us: micros(times.decode),
        operation_us: micros(times.operation),
        encode_us: micros(times.encode),
        write_us: micros(times.write),
        wire_us: micros(observation.round_trip.saturating_sub(times.total)),
        total_us: micros(observation.round_trip),
        bytes_in: came.bytes_in,
        bytes_out: came.bytes_out,
        width: came.width,
        height: came.height,
        seed: words.seed,
        segment: unit.map_or_else(|| Text::clone(&means.nothing), |unit| unit.label().into()),
    }
}
