//! A job whose tasks are not whole images: parts of images, or batches of them.
//!
//! To the scheduler they are tasks like any other. What they mean is known here: which images a task is of ([`Unit`]),
//! when an image has ended, when the next phase of its parts may begin, and which images are put to work next. Images are
//! put to work a few at a time, so that what waits of them stays small.
//!
//! Reading order: this file (the books), [`survey`] (how an image is cut), [`feed`] (the next images), [`mod@work`] (what a node
//! gets), [`mod@store`] (what becomes of its answer), [`joining`] (strips become a file), [`speeds`].

mod feed;
mod joining;
mod sendable;
mod speeds;
mod store;
mod survey;
mod work;

pub(crate) use feed::Fed;
pub(crate) use speeds::Speeds;
pub(crate) use store::{Stored, store};
pub(crate) use work::work;

use crate::mix::Mix;
use imaging::segment::Partial;
use imaging::statistics::Statistics;
use joining::{Held, Joining};
use records::Text;
use scheduler::{GiveUp, JobEnd, NodeId, TaskEnd};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use survey::Cutting;
use wire::division::{Division, Way};

/// Pixels of images in parts that are at work at once; beyond them only a second image is begun.
const PIXELS_AT_WORK: u64 = 50_000_000;

/// Parts of an image at most.
const MOST_PARTS: u32 = 4_096;

/// Whether a job may be divided so.
///
/// # Errors
/// A sentence that says what would be right.
pub(crate) fn check(division: Division) -> Result<(), String> {
    match division.way {
        Way::Segments { parts: Some(parts), .. } if parts > MOST_PARTS => {
            Err(format!("at most {MOST_PARTS} segments make an image, not {parts}"))
        }
        _ => Ok(()),
    }
}

/// How the images of a job become tasks, and how far they have come.
#[derive(Debug)]
pub(crate) struct Divided {
    way: Way,
    images: usize,
    state: Mutex<State>,
}

/// What one task of the scheduler is.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    /// One part of an image, with what is known of the whole picture.
    Part { image: usize, part: usize, cutting: Arc<Cutting>, summaries: Arc<Vec<Vec<u8>>> },
    /// Several images.
    Batch { images: Arc<[usize]>, measure: bool },
}

impl Unit {
    /// The images that it is of.
    pub(crate) fn images(&self) -> &[usize] {
        match self {
            Unit::Part { image, .. } => std::slice::from_ref(image),
            Unit::Batch { images, .. } => images,
        }
    }

    /// What it is, for the records.
    pub(crate) fn label(&self) -> String {
        match self {
            Unit::Part { part, cutting, summaries, .. } => {
                let area = cutting.plan.parts().get(*part).map(|part| part.result);
                let place = area.map_or_else(String::new, |area| {
                    format!(" {}x{}+{}+{}", area.width, area.height, area.x, area.y)
                });
                format!("part {}/{}{place} phase {}", part + 1, cutting.count(), summaries.len() + 1)
            }
            Unit::Batch { images, measure: false } => format!("batch of {}", images.len()),
            Unit::Batch { images, measure: true } => format!("measure {}", images.len()),
        }
    }
}

/// One task of the scheduler.
#[derive(Debug)]
struct UnitState {
    /// None once it has ended.
    unit: Option<Unit>,
    /// Whether somebody stores its result, or has.
    claimed: bool,
}

/// How far an image's strips are joined.
#[derive(Debug, Default)]
enum Joint {
    /// Nothing yet; images of other pieces stay here.
    #[default]
    None,
    /// So far; nobody is at it.
    At(Box<Joining>),
    /// Somebody is at it.
    Busy,
}

/// An image in parts.
#[derive(Debug)]
struct CutState {
    cutting: Arc<Cutting>,
    summaries: Arc<Vec<Vec<u8>>>,
    seen: Vec<Option<Partial>>,
    pieces: Vec<Option<Arc<Held>>>,
    joint: Joint,
    /// Who did each part last: what it kept of it lies there.
    nodes: Vec<Option<NodeId>>,
    /// Parts that are put to work in this phase: the first ones.
    placed: usize,
    /// Parts that have not ended in this phase.
    open: usize,
    /// Whether its end is told already.
    is_over: bool,
    is_published: bool,
}

#[derive(Debug)]
struct State {
    mix: Mix,
    units: Vec<UnitState>,
    cuts: BTreeMap<usize, CutState>,
    /// Images that are not yet put to work.
    waiting: VecDeque<usize>,
    open_units: usize,
    is_feeding: bool,
    is_sealed: bool,
    /// The images are being measured, before anything is done with them.
    is_measuring: bool,
    statistics: Option<Statistics>,
    /// By image: whether its end is told.
    ended: Vec<bool>,
    done: u64,
    failed: u64,
    /// Why images of a batch have no result.
    reasons: BTreeMap<usize, Text>,
    /// Images of batches so far and the time that nodes took for them, in microseconds.
    timed: (u64, u64),
}

/// An image whose end is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ImageEnd {
    pub(crate) image: usize,
    pub(crate) end: TaskEnd,
    /// Why it failed, where its last attempt does not tell.
    pub(crate) reason: Option<Text>,
}

/// What follows from the end of a task.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    pub(crate) ended: Vec<ImageEnd>,
    /// New tasks, with their homes.
    pub(crate) place: Vec<Option<NodeId>>,
}

/// What the job is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Put more images to work.
    Feed,
    /// No task will follow.
    Seal,
    /// Wait.
    Nothing,
}

impl Divided {
    /// The division of a job of so many images; none if each is a task.
    pub(crate) fn new(division: Division, images: usize, mix: Mix) -> Option<Divided> {
        if division == Division::default() {
            return None;
        }
        let state = State {
            mix,
            units: Vec::new(),
            cuts: BTreeMap::new(),
            waiting: (0..images).collect(),
            open_units: 0,
            is_feeding: false,
            is_sealed: false,
            is_measuring: division.data_set,
            statistics: division.data_set.then(Statistics::default),
            ended: vec![false; images],
            done: 0,
            failed: 0,
            reasons: BTreeMap::new(),
            timed: (0, 0),
        };
        Some(Divided { way: division.way, images, state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a task is; none once it has ended.
    pub(crate) fn unit(&self, task: usize) -> Option<Unit> {
        self.lock().units.get(task)?.unit.clone()
    }

    /// Images in all, done and failed.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let state = self.lock();
        (self.images as u64, state.done, state.failed)
    }

    /// How often each sample value occurs in the data set, once all images are measured.
    pub(crate) fn histogram(&self) -> Option<Vec<u64>> {
        let state = self.lock();
        let measured = state.statistics.as_ref().filter(|_| !state.is_measuring);
        measured.map(|statistics| statistics.histogram().to_vec())
    }

    /// A task has ended.
    pub(crate) fn unit_ended(&self, task: usize, end: TaskEnd) -> Aftermath {
        let mut state = self.lock();
        let mut after = Aftermath::default();
        let Some(unit) = state.units.get_mut(task).and_then(|unit| unit.unit.take()) else { return after };
        state.open_units -= 1;
        match unit {
            Unit::Part { image, .. } => state.part_ended(image, end, &mut after),
            Unit::Batch { images, measure } => {
                for &image in &*images {
                    state.batched_ended(image, end, measure, &mut after);
                }
            }
        }
        after
    }

    /// What to do next, with so many slots of nodes at hand.
    pub(crate) fn step(&self, slots: u64) -> Step {
        let mut state = self.lock();
        if state.is_feeding || state.is_sealed {
            return Step::Nothing;
        }
        if state.waiting.is_empty() {
            if state.open_units > 0 {
                return Step::Nothing;
            }
            if !state.end_measuring() {
                state.is_sealed = true;
                return Step::Seal;
            }
        }
        let at_work = state.cuts.values().filter(|cut| !cut.is_over);
        let pixels: u64 = at_work.clone().map(|cut| cut.cutting.pixels()).sum();
        let room = (state.open_units as u64) < (2 * slots).max(2);
        if room && !state.waiting.is_empty() && (pixels < PIXELS_AT_WORK || at_work.count() < 2) {
            state.is_feeding = true;
            return Step::Feed;
        }
        Step::Nothing
    }

    /// The job is over: the images whose end was not told.
    pub(crate) fn rest(&self, end: JobEnd) -> Vec<ImageEnd> {
        let mut state = self.lock();
        state.is_sealed = true;
        let why = if end == JobEnd::Cancelled { GiveUp::Cancelled } else { GiveUp::NoNode };
        let open: Vec<usize> = (0..self.images).filter(|image| !state.ended[*image]).collect();
        // Whoever looks at an image stops.
        state.cuts.values_mut().for_each(|cut| cut.is_over = true);
        let mut after = Aftermath::default();
        for image in open {
            state.end_image(image, TaskEnd::GaveUp(why), None, &mut after);
        }
        after.ended
    }
}

impl State {
    fn end_image(&mut self, image: usize, end: TaskEnd, reason: Option<Text>, after: &mut Aftermath) {
        if std::mem::replace(&mut self.ended[image], true) {
            return;
        }
        if end == TaskEnd::Done {
            self.done += 1
        } else {
            self.failed += 1
        }
        after.ended.push(ImageEnd { image, end, reason });
    }

    fn part_ended(&mut self, image: usize, end: TaskEnd, after: &mut Aftermath) {
        let Some(cut) = self.cuts.get_mut(&image) else { return };
        cut.open -= 1;
        if end != TaskEnd::Done {
            cut.is_over = true;
        }
        let (is_last, is_over, is_published) = (cut.open == 0, cut.is_over, cut.is_published);
        if end != TaskEnd::Done {
            self.end_image(image, end, None, after);
        }
        if is_published {
            self.end_image(image, TaskEnd::Done, None, after);
        }
        if is_last && (is_over || is_published) {
            self.cuts.remove(&image);
        } else if is_last {
            self.next_phase(image, after);
        }
    }

    /// All parts have seen what they can see alone: with the summary of all they go on, each where it was.
    fn next_phase(&mut self, image: usize, after: &mut Aftermath) {
        let Some(cut) = self.cuts.get_mut(&image) else { return };
        let count = cut.cutting.count();
        cut.placed = 0;
        cut.open = count;
        cut.seen = vec![None; count];
        self.place(image, count, after);
    }

    /// Puts the parts of an image up to a number to work, those that are not yet.
    fn place(&mut self, image: usize, end: usize, after: &mut Aftermath) {
        let Some(cut) = self.cuts.get_mut(&image).filter(|cut| !cut.is_over) else { return };
        let parts = cut.placed..end.clamp(cut.placed, cut.cutting.count());
        cut.placed = parts.end;
        self.open_units += parts.len();
        after.place.extend(&cut.nodes[parts.clone()]);
        for part in parts {
            let (cutting, summaries) = (Arc::clone(&cut.cutting), Arc::clone(&cut.summaries));
            let unit = Unit::Part { image, part, cutting, summaries };
            self.units.push(UnitState { unit: Some(unit), claimed: false });
        }
    }

    /// No more parts of an image are put to work in its first phase: those that are not yet need not end.
    fn end_parts(&mut self, image: usize) {
        let Some(cut) = self.cuts.get_mut(&image).filter(|cut| cut.is_over) else { return };
        cut.open -= cut.cutting.count() - cut.placed;
        cut.placed = cut.cutting.count();
        if cut.open == 0 {
            self.cuts.remove(&image);
        }
    }

    fn batched_ended(&mut self, image: usize, end: TaskEnd, measure: bool, after: &mut Aftermath) {
        match (self.reasons.remove(&image), end) {
            (Some(why), _) => self.end_image(image, TaskEnd::Failed, Some(why), after),
            (None, TaskEnd::Done) if measure => {}
            (None, end) => self.end_image(image, end, None, after),
        }
    }

    /// Once all images are measured they are put to work again, now knowing the data set. Answers whether it was so.
    fn end_measuring(&mut self) -> bool {
        if !std::mem::take(&mut self.is_measuring) {
            return false;
        }
        if let Some(extremes) = self.statistics.as_ref().and_then(Statistics::extremes) {
            match self.mix.with_extremes(extremes) {
                Ok(mix) => self.mix = mix,
                // Its words are those that were read before, with two numbers in range.
                Err(error) => log::error!("the data set's extremes {extremes:?} do not fit: {error}"),
            }
        }
        self.waiting = (0..self.ended.len()).filter(|image| !self.ended[*image]).collect();
        !self.waiting.is_empty()
    }
}
