//! What becomes of a node's answer to a part or a batch: kept until all are there, then put together and published.

use super::{Divided, Held, Unit};
use crate::folder::{Folder, OUTPUT};
use crate::job::Job;
use crate::publish;
use imaging::codec::EncodeOptions;
use imaging::segment::{Piece, Summary, assemble};
use imaging::statistics::Statistics;
use records::Text;
use scheduler::{Attempt, NodeId};
use std::fs;
use std::sync::Arc;
use wire::division::{BatchItem, ItemResult};
use wire::node::{AttemptReply, AttemptResult};

/// What came of storing an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It counts.
    Kept,
    /// Another answer was first, or the image has ended.
    TooLate,
    /// It cannot be used, for a reason.
    Useless(String),
}

/// Stores the answer to a task if nobody else has answered it.
pub(crate) fn store(
    job: &Job,
    divided: &Divided,
    folder: &Folder,
    attempt: &Attempt,
    unit: &Unit,
    reply: &AttemptReply,
) -> Stored {
    let task = attempt.task().index();
    if job.is_closed() || !divided.claim(task) {
        discard(folder, &reply.result);
        return Stored::TooLate;
    }
    let stored = match unit {
        Unit::Part { image, part, .. } => {
            divided.store_part(job, folder, *image, *part, attempt.node(), &reply.result)
        }
        Unit::Batch { images, .. } => divided.store_batch(job, folder, attempt, images, reply),
    };
    stored.map_or_else(
        |why| {
            divided.release(task);
            Stored::Useless(why)
        },
        |()| Stored::Kept,
    )
}

/// Removes what an answer has left in files.
fn discard(folder: &Folder, result: &AttemptResult) {
    match result {
        AttemptResult::TemporaryFile(name) => publish::discard(folder, name),
        AttemptResult::Items(items) => {
            for item in items.iter().flatten() {
                if let ItemResult::TemporaryFile(name) = &item.result {
                    publish::discard(folder, name);
                }
            }
        }
        AttemptResult::Inline(_) | AttemptResult::Nothing => {}
    }
}

impl Divided {
    fn claim(&self, task: usize) -> bool {
        let mut state = self.lock();
        let unit = state.units.get_mut(task).filter(|unit| unit.unit.is_some());
        unit.is_some_and(|unit| !std::mem::replace(&mut unit.claimed, true))
    }

    fn release(&self, task: usize) {
        if let Some(unit) = self.lock().units.get_mut(task) {
            unit.claimed = false;
        }
    }

    /// Whether another part of the image has failed, so that nobody needs this one.
    pub(crate) fn is_needless(&self, unit: &Unit) -> bool {
        let Unit::Part { image, .. } = unit else { return false };
        self.lock().cuts.get(image).is_none_or(|cut| cut.is_over)
    }

    fn store_part(
        &self,
        job: &Job,
        folder: &Folder,
        image: usize,
        part: usize,
        node: NodeId,
        result: &AttemptResult,
    ) -> Result<(), String> {
        let held = match result {
            AttemptResult::TemporaryFile(name) => Held::File(name.clone()),
            AttemptResult::Inline(bytes) => {
                Held::Piece(Piece::from_bytes(bytes).map_err(|error| error.to_string())?)
            }
            AttemptResult::Nothing | AttemptResult::Items(_) => {
                return Err("the node sent no piece".to_owned());
            }
        };
        let mut state = self.lock();
        let Some(cut) = state.cuts.get_mut(&image) else { return Err("the image has ended".to_owned()) };
        cut.nodes[part] = Some(node);
        if let Held::Piece(Piece::Seen(partial)) = held {
            cut.seen[part] = Some(partial);
            if cut.seen.iter().any(Option::is_none) {
                return Ok(());
            }
            let seen: Vec<_> = std::mem::take(&mut cut.seen).into_iter().flatten().collect();
            drop(state);
            // Without the lock: joining what thousands of borders have seen takes a while.
            let summary = Summary::combine(&seen).map_err(|error| error.to_string())?;
            if let Some(cut) = self.lock().cuts.get_mut(&image) {
                Arc::make_mut(&mut cut.summaries).push(summary.to_bytes());
            }
            return Ok(());
        }
        cut.pieces[part] = Some(held);
        if cut.pieces.iter().any(Option::is_none) {
            return Ok(());
        }
        let pieces: Vec<Held> = std::mem::take(&mut cut.pieces).into_iter().flatten().collect();
        let cutting = Arc::clone(&cut.cutting);
        drop(state);
        let merged = merge(&cutting, folder, &pieces).and_then(|bytes| {
            let name = format!("{}/{image}-merged", job.id.0);
            publish::write(folder, &name, &folder.images[image], &bytes)
                .map_err(|cause| format!("the result cannot be published: {cause}"))
        });
        let mut state = self.lock();
        let Some(cut) = state.cuts.get_mut(&image) else { return Err("the image has ended".to_owned()) };
        match merged {
            Ok(()) => {
                cut.is_published = true;
                drop(state);
                pieces.iter().for_each(|piece| forget(folder, piece));
                Ok(())
            }
            Err(why) => {
                // Only this part's answer is done again: the others are still here.
                cut.pieces = pieces.into_iter().map(Some).collect();
                cut.pieces[part] = None;
                Err(why)
            }
        }
    }

    fn store_batch(
        &self,
        job: &Job,
        folder: &Folder,
        attempt: &Attempt,
        images: &[usize],
        reply: &AttemptReply,
    ) -> Result<(), String> {
        let AttemptResult::Items(items) = &reply.result else {
            return Err("the node sent no items".to_owned());
        };
        if items.len() != images.len() {
            return Err(format!("the node sent {} items for {} images", items.len(), images.len()));
        }
        let task = attempt.task().index();
        for (image, item) in images.iter().zip(items) {
            self.store_item(job, folder, (task, attempt.number()), *image, item)
                .map_err(|cause| format!("the result cannot be published: {cause}"))?;
        }
        let service =
            reply.timings.total.saturating_sub(reply.timings.queue).saturating_sub(reply.timings.delay);
        let mut state = self.lock();
        state.timed.0 += images.len() as u64;
        state.timed.1 += crate::ledger::micros(service);
        Ok(())
    }

    fn store_item(
        &self,
        job: &Job,
        folder: &Folder,
        (task, attempt): (usize, u32),
        image: usize,
        item: &BatchItem,
    ) -> std::io::Result<()> {
        let done = match item {
            Ok(done) => done,
            Err((kind, why)) => {
                let why = crate::words::image_failure(*kind, why);
                self.lock().reasons.insert(image, Text::from(why));
                return Ok(());
            }
        };
        match &done.result {
            ItemResult::TemporaryFile(name) => publish::rename(folder, name, &folder.images[image]),
            ItemResult::Inline(bytes) => {
                let name = format!("{}/{task}-{attempt}-{image}", job.id.0);
                publish::write(folder, &name, &folder.images[image], bytes)
            }
            ItemResult::Statistics(counts) => {
                let mut state = self.lock();
                if let (Some(all), Ok(counts)) = (&mut state.statistics, <[u64; 256]>::try_from(&counts[..]))
                {
                    all.merge(&Statistics::from_histogram(counts));
                }
                Ok(())
            }
        }
    }
}

fn merge(cutting: &super::Cutting, folder: &Folder, pieces: &[Held]) -> Result<Vec<u8>, String> {
    let read = |held: &Held| match held {
        Held::Piece(piece) => Ok(piece.clone()),
        Held::File(name) => {
            let path =
                folder.base.join(OUTPUT).join(publish::inside(name).map_err(|error| error.to_string())?);
            let bytes =
                fs::read(&path).map_err(|cause| format!("the piece {path:?} cannot be read: {cause}"))?;
            Piece::from_bytes(&bytes).map_err(|error| error.to_string())
        }
    };
    let pieces = pieces.iter().map(read).collect::<Result<Vec<_>, String>>()?;
    assemble(&cutting.plan, cutting.format, &EncodeOptions::default(), pieces)
        .map_err(|error| error.to_string())
}

fn forget(folder: &Folder, piece: &Held) {
    if let Held::File(name) = piece {
        publish::discard(folder, name);
    }
}
