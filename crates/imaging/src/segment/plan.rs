//! Which pixels each part needs: worked out backwards from the parts of the result.

use super::{Area, Cut, SegmentError, Size};
use crate::image::Image;
use crate::kernel::area;
use crate::operation::{Operation, OperationError, Transform};
use std::fmt;
use std::sync::Arc;

/// How one image is done in parts.
pub struct Plan {
    operation: Operation,
    source: Size,
    result: Size,
    pub(super) steps: Vec<StepPlan>,
    parts: Vec<Part>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("operation", &self.operation)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

/// One part of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 0.
    pub index: usize,
    /// The pixels of the source that it is handed, halo included.
    pub source: Area,
    /// The pixels of the merged result that it makes.
    pub result: Area,
}

/// What all parts have of one step of the chain.
pub(super) struct StepPlan {
    pub(super) transform: Box<dyn Transform>,
    input: Size,
    shares: Arc<[Share]>,
}

/// What one part has of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// Pixels of the step's input that the part holds.
    pub(crate) have: Area,
    /// Pixels of the step's output that the part makes.
    pub(crate) want: Area,
    /// Pixels of the step's input that the part, and no other, counts in statistics.
    pub(crate) census: Area,
}

/// One part's view of one step.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Size of the step's whole input.
    pub(crate) input: Size,
    /// Number of the part.
    pub(crate) part: usize,
    /// The part's own share.
    pub(crate) own: Share,
    /// The shares of all parts.
    pub(crate) all: Arc<[Share]>,
}

impl View {
    /// What the part wants, of an output that was computed for all that it has.
    pub(crate) fn trim(&self, image: Image) -> Image {
        area::cut(image, self.own.want.from(self.own.have))
    }

    /// The census, seen from the first pixel that the part has.
    pub(crate) fn counted(&self) -> Area {
        if self.own.census.is_empty() {
            return Area { x: 0, y: 0, width: 0, height: 0 };
        }
        self.own.census.from(self.own.have)
    }
}

impl Plan {
    /// Plans an operation on an image of a size.
    ///
    /// # Errors
    /// A cut that does not fit the result, an operation that cannot be done on an image of this size.
    pub fn new(operation: &Operation, source: Size, cut: &Cut) -> Result<Plan, SegmentError> {
        let transforms = operation.bind();
        let mut sizes = vec![source];
        for (transform, name) in transforms.iter().zip(operation.step_names()) {
            let input = sizes[sizes.len() - 1];
            if let Some(reason) = transform.refusal(input) {
                let Size { width, height } = input;
                return Err(OperationError::Unfit { operation: name, width, height, reason }.into());
            }
            sizes.push(transform.output(input));
        }
        let result = sizes[transforms.len()];
        cut.check(result)?;
        let results = cut.areas(result);
        let mut wants = results.clone();
        let mut steps = Vec::new();
        for (transform, input) in transforms.into_iter().zip(sizes).rev() {
            let share = |(want, census): (Area, Area)| {
                let census = if transform.counts() { census } else { Area { width: 0, height: 0, ..census } };
                Share { have: transform.need(want, census, input), want, census }
            };
            let shares: Arc<[Share]> = wants.iter().copied().zip(cut.areas(input)).map(share).collect();
            wants = shares.iter().map(|share| share.have).collect();
            steps.push(StepPlan { transform, input, shares });
        }
        steps.reverse();
        let part = |(index, (source, result))| Part { index, source, result };
        let parts = wants.into_iter().zip(results).enumerate().map(part).collect();
        Ok(Plan { operation: operation.clone(), source, result, steps, parts })
    }

    /// The operation.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Size of the source.
    pub fn source(&self) -> Size {
        self.source
    }

    /// Size of the merged result.
    pub fn result(&self) -> Size {
        self.result
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// A part by its number.
    ///
    /// # Errors
    /// A number that the plan does not have.
    pub fn part(&self, index: usize) -> Result<&Part, SegmentError> {
        let parts = self.parts.len();
        self.parts.get(index).ok_or(SegmentError::NoSuchPart { part: index, parts })
    }

    pub(super) fn view(&self, step: usize, part: usize) -> View {
        let StepPlan { input, shares, .. } = &self.steps[step];
        View { input: *input, part, own: shares[part], all: Arc::clone(shares) }
    }

    /// The pixels of the source that a part is handed.
    ///
    /// # Errors
    /// A number that the plan does not have, an image of another size than planned.
    pub fn source_of(&self, index: usize, image: &Image) -> Result<Image, SegmentError> {
        let part = self.part(index)?;
        same_size(index, self.source, image)?;
        Ok(area::copy(image, part.source))
    }

    /// The pixels of the source that a part is handed, out of whole rows of the source that begin with the part's first.
    ///
    /// # Errors
    /// A number that the plan does not have, rows that are not the part's.
    pub fn source_in_rows(&self, index: usize, rows: Image) -> Result<Image, SegmentError> {
        let Area { x, width, height, .. } = self.part(index)?.source;
        same_size(index, Size { width: self.source.width, height }, &rows)?;
        Ok(area::cut(rows, Area { x, y: 0, width, height }))
    }

    /// Puts the results of all parts, in order, together.
    ///
    /// # Errors
    /// Results that are not one of each part, or not of the size or kind that belongs there.
    pub fn merge(&self, results: &[Image]) -> Result<Image, SegmentError> {
        if results.len() != self.parts.len() {
            return Err(SegmentError::Mismatch { reason: "not one result of each part" });
        }
        let channels = results[0].channels;
        let Size { width, height } = self.result;
        let mut whole =
            Image { width, height, channels, samples: vec![0; width * height * channels.count()] };
        for (part, result) in self.parts.iter().zip(results) {
            same_size(part.index, part.result.size(), result)?;
            if result.channels != channels
                || result.samples.len() != result.width * result.height * channels.count()
            {
                return Err(SegmentError::Mismatch { reason: "results of different kinds of pixels" });
            }
            area::paste(&mut whole, part.result, result);
        }
        Ok(whole)
    }
}

/// Whether an image has the size that belongs to a part.
pub(super) fn same_size(part: usize, size: Size, image: &Image) -> Result<(), SegmentError> {
    if Size::of(image) == size {
        return Ok(());
    }
    let needed = (size.width, size.height);
    Err(SegmentError::WrongPixels { part, needed, given: (image.width, image.height) })
}
