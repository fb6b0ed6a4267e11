//! What becomes of a node's answer to a part or a batch: kept until all are there, then put together and published.

use super::joining::{Held, Joining, path};
use super::survey::Cutting;
use super::{CutState, Divided, Joint, Unit};
use crate::folder::Folder;
use crate::publish::Press;
use crate::shelf::FolderShelf;
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
    press: &Press<'_>,
    divided: &Divided,
    attempt: &Attempt,
    unit: &Unit,
    reply: &AttemptReply,
) -> Stored {
    let task = attempt.task().index();
    if press.job.is_closed() || !divided.claim(task) {
        discard(press.folder, &reply.result);
        return Stored::TooLate;
    }
    let stored = match unit {
        Unit::Part { image, part, .. } => {
            divided.store_part(press, *image, *part, attempt.node(), &reply.result)
        }
        Unit::Batch { images, .. } => divided.store_batch(press, attempt, images, reply),
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
        AttemptResult::TemporaryFile(name) => FolderShelf::new(folder, false).discard(name),
        AttemptResult::Items(items) => {
            for item in items.iter().flatten() {
                if let ItemResult::TemporaryFile(name) = &item.result {
                    FolderShelf::new(folder, false).discard(name);
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
        press: &Press<'_>,
        image: usize,
        part: usize,
        node: NodeId,
        result: &AttemptResult,
    ) -> Result<(), String> {
        let held = match result {
            AttemptResult::TemporaryFile(name) => Held::in_file(press.folder, name)?,
            AttemptResult::Inline(bytes) => {
                Held::Piece(Piece::from_bytes(bytes).map_err(|error| error.to_string())?)
            }
            AttemptResult::Nothing | AttemptResult::Items(_) => {
                return Err("the node sent no piece".to_owned());
            }
        };
        let mut state = self.lock();
        let Some(cut) = state.cuts.get_mut(&image) else { return Err(ended()) };
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
        cut.pieces[part] = Some(Arc::new(held));
        drop(state);
        let joined = self.join(press, image);
        if joined.is_err()
            && let Some(cut) = self.lock().cuts.get_mut(&image)
        {
            // Only this part's answer is done again: the others are still here, and joined anew.
            cut.pieces[part] = None;
            cut.joint = Joint::None;
        }
        joined
    }

    /// Joins what can be joined of an image, unless somebody is at it, who will see what has come; publishes it when that
    /// was all.
    fn join(&self, press: &Press<'_>, image: usize) -> Result<(), String> {
        let (folder, file_name) = (press.folder, &press.folder.images[image]);
        loop {
            let step = {
                let mut state = self.lock();
                let cut = state.cuts.get_mut(&image).ok_or_else(ended)?;
                match cut.take_step() {
                    Some(step) => step,
                    None => return Ok(()),
                }
            };
            let part = || format!("{image}-merged");
            let (cutting, joining) = match step {
                JoinStep::Pixels(cutting, pieces) => {
                    let bytes = merge(&cutting, folder, &pieces)?;
                    press
                        .write(&part(), file_name, &bytes)
                        .map_err(|cause| crate::publish::failure(&cause))?;
                    return self.published(folder, image);
                }
                JoinStep::Strip(cutting, joining, held) => {
                    let mut joining = match (joining, held.strip()) {
                        (Some(joining), _) => joining,
                        (None, Some(channels)) => {
                            Box::new(Joining::begin(press.begin(&part()), &cutting, channels)?)
                        }
                        (None, None) => return Err("pieces of different kinds".to_owned()),
                    };
                    joining.add(folder, &held)?;
                    (cutting, joining)
                }
            };
            if joining.strips == cutting.count() {
                joining.publish(|name| press.rename(name, file_name))?;
                return self.published(folder, image);
            }
            let mut state = self.lock();
            state.cuts.get_mut(&image).ok_or_else(ended)?.joint = Joint::At(joining);
        }
    }

    /// The image is there: what its pieces have left goes.
    fn published(&self, folder: &Folder, image: usize) -> Result<(), String> {
        let mut state = self.lock();
        let cut = state.cuts.get_mut(&image).ok_or_else(ended)?;
        cut.is_published = true;
        let pieces = std::mem::take(&mut cut.pieces);
        drop(state);
        pieces.iter().flatten().for_each(|piece| piece.forget(folder));
        Ok(())
    }

    fn store_batch(
        &self,
        press: &Press<'_>,
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
            self.store_item(press, (task, attempt.number()), *image, item)
                .map_err(|cause| crate::publish::failure(&cause))?;
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
        press: &Press<'_>,
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
            ItemResult::TemporaryFile(name) => press.rename(name, &press.folder.images[image]),
            ItemResult::Inline(bytes) => {
                press.write(&format!("{task}-{attempt}-{image}"), &press.folder.images[image], bytes)
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

/// What can be done for an image with the pieces that are there.
enum JoinStep {
    /// All are there, and are no strips.
    Pixels(Arc<Cutting>, Vec<Arc<Held>>),
    /// The strip that comes next; the file so far, if it was begun.
    Strip(Arc<Cutting>, Option<Box<Joining>>, Arc<Held>),
}

impl CutState {
    /// What to do next; nothing if somebody is at it, or something must come first.
    fn take_step(&mut self) -> Option<JoinStep> {
        if self.is_over || matches!(self.joint, Joint::Busy) {
            return None;
        }
        let cutting = Arc::clone(&self.cutting);
        if self.pieces.first()?.as_ref()?.strip().is_none() {
            let pieces: Option<Vec<_>> = self.pieces.iter().cloned().collect();
            let pieces = pieces?;
            self.joint = Joint::Busy;
            return Some(JoinStep::Pixels(cutting, pieces));
        }
        let strips = if let Joint::At(joining) = &self.joint { joining.strips } else { 0 };
        let held = Arc::clone(self.pieces.get(strips)?.as_ref()?);
        let joining = match std::mem::replace(&mut self.joint, Joint::Busy) {
            Joint::At(joining) => Some(joining),
            Joint::None | Joint::Busy => None,
        };
        Some(JoinStep::Strip(cutting, joining, held))
    }
}

fn merge(cutting: &Cutting, folder: &Folder, pieces: &[Arc<Held>]) -> Result<Vec<u8>, String> {
    let read = |held: &Arc<Held>| match &**held {
        Held::Piece(piece) => Ok(piece.clone()),
        Held::Pixels(name) => {
            let path = path(folder, name)?;
            let bytes =
                fs::read(&path).map_err(|cause| format!("the piece {path:?} cannot be read: {cause}"))?;
            Piece::from_bytes(&bytes).map_err(|error| error.to_string())
        }
        Held::Strip(_) => Err("pieces of different kinds".to_owned()),
    };
    let pieces = pieces.iter().map(read).collect::<Result<Vec<_>, String>>()?;
    assemble(&cutting.plan, cutting.format, &EncodeOptions::default(), pieces)
        .map_err(|error| error.to_string())
}

fn ended() -> String {
    "the image has ended".to_owned()
}
