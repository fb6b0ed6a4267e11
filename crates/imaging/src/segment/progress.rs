//! A part on its way: until the next summary is needed, or to its pixels.

use super::plan::same_size;
use super::{Cut, Partial, Plan, SegmentError, Size, Summary};
use crate::image::Image;
use crate::operation::{Operation, Scratch, check};
use std::fmt;

/// How far a part has come.
#[derive(Debug)]
pub enum Progress {
    /// Its pixels of the result.
    Finished(Image),
    /// It has looked at its pixels and waits for what all parts together have seen.
    Waiting(Waiting),
}

/// A part that waits for a summary.
pub struct Waiting {
    partial: Partial,
    then: Then,
    part: usize,
    step: usize,
}

/// What a step does once it knows the summary.
pub(crate) type Then = Box<dyn FnOnce(&Summary, &mut Scratch) -> Result<Stage, SegmentError> + Send>;

/// How far one step of a part has come.
pub(crate) enum Stage {
    /// The step's pixels.
    Done(Image),
    /// What the step has seen, and what it does with the summary.
    Wait(Partial, Then),
}

impl Stage {
    pub(crate) fn wait(
        partial: Partial,
        then: impl FnOnce(&Summary, &mut Scratch) -> Result<Stage, SegmentError> + Send + 'static,
    ) -> Stage {
        Stage::Wait(partial, Box::new(then))
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("partial", &self.partial)
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}

impl Waiting {
    /// What this part has seen.
    pub fn partial(&self) -> &Partial {
        &self.partial
    }

    /// Goes on with the summary of all parts' partials; `plan` is the one that the part was begun with.
    ///
    /// # Errors
    /// A summary of another kind or of another plan.
    pub fn resume(
        self,
        plan: &Plan,
        summary: &Summary,
        scratch: &mut Scratch,
    ) -> Result<Progress, SegmentError> {
        let stage = (self.then)(summary, scratch)?;
        drive(plan, self.part, self.step, stage, scratch)
    }
}

/// Begins a part with its pixels of the source ([`Plan::source_of`]).
///
/// # Errors
/// A number that the plan does not have, pixels of another size than planned.
pub fn begin(
    plan: &Plan,
    part: usize,
    pixels: Image,
    scratch: &mut Scratch,
) -> Result<Progress, SegmentError> {
    same_size(part, plan.part(part)?.source.size(), &pixels)?;
    check(&pixels)?;
    let stage = plan.steps[0].transform.part(pixels, plan.view(0, part), scratch)?;
    drive(plan, part, 0, stage, scratch)
}

/// Goes on with a step and those after it, as far as pixels and summaries reach.
fn drive(
    plan: &Plan,
    part: usize,
    mut step: usize,
    mut stage: Stage,
    scratch: &mut Scratch,
) -> Result<Progress, SegmentError> {
    loop {
        match stage {
            Stage::Wait(partial, then) => {
                return Ok(Progress::Waiting(Waiting { partial, then, part, step }));
            }
            Stage::Done(image) if step + 1 == plan.steps.len() => return Ok(Progress::Finished(image)),
            Stage::Done(image) => {
                step += 1;
                stage = plan.steps[step].transform.part(image, plan.view(step, part), scratch)?;
            }
        }
    }
}

/// Does a part from its pixels to the end with summaries that were made before: what becomes of a lost part.
///
/// # Errors
/// As [`begin`] and [`Waiting::resume`]; fewer summaries than the operation stops for.
pub fn redo(
    plan: &Plan,
    part: usize,
    pixels: Image,
    summaries: &[Summary],
    scratch: &mut Scratch,
) -> Result<Image, SegmentError> {
    let mut progress = begin(plan, part, pixels, scratch)?;
    for summary in summaries {
        progress = match progress {
            Progress::Waiting(waiting) => waiting.resume(plan, summary, scratch)?,
            Progress::Finished(_) => return Err(SegmentError::WrongSummary),
        };
    }
    match progress {
        Progress::Finished(image) => Ok(image),
        Progress::Waiting(_) => Err(SegmentError::MissingSummary { given: summaries.len() }),
    }
}

/// Does an image in parts, one after the other: the reference for whoever spreads the parts over workers.
///
/// # Errors
/// As [`Plan::new`] and [`begin`].
pub fn apply(operation: &Operation, image: &Image, cut: &Cut) -> Result<Image, SegmentError> {
    check(image)?;
    let plan = Plan::new(operation, Size::of(image), cut)?;
    let mut scratch = Scratch::new();
    let begun = |part: usize| begin(&plan, part, plan.source_of(part, image)?, &mut scratch);
    let mut parts = (0..plan.parts().len()).map(begun).collect::<Result<Vec<_>, _>>()?;
    loop {
        let partials: Vec<Partial> = parts
            .iter()
            .filter_map(|part| match part {
                Progress::Waiting(waiting) => Some(waiting.partial().clone()),
                Progress::Finished(_) => None,
            })
            .collect();
        if partials.is_empty() {
            break;
        }
        let summary = Summary::combine(&partials)?;
        let go_on = |part| match part {
            Progress::Waiting(waiting) => waiting.resume(&plan, &summary, &mut scratch),
            finished => Ok(finished),
        };
        parts = parts.into_iter().map(go_on).collect::<Result<Vec<_>, _>>()?;
    }
    let results: Vec<Image> = parts
        .into_iter()
        .filter_map(|part| match part {
            Progress::Finished(image) => Some(image),
            Progress::Waiting(_) => None,
        })
        .collect();
    plan.merge(&results)
}
