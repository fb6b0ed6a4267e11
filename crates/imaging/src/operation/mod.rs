//! The table of operations: name, parameters, function.
//!
//! Each operation is one file here and one line in the table. It is written `name` or `name[parameter=value]`; a chain
//! such as `grayscale | blur[size=5] | canny` is an [`Operation`] too. Results are OpenCV's, sample for sample, where
//! OpenCV computes in integers; the file of each operation says so, or by how much it differs and why.
//!
//! ```
//! use imaging::image::{Channels, Image};
//! use imaging::operation::Operation;
//!
//! let operation = Operation::parse("grayscale")?;
//! let image = Image { width: 1, height: 1, channels: Channels::Rgb, samples: vec![255, 0, 0] };
//! assert_eq!(operation.apply(image)?.samples, [76]);
//! # Ok::<(), imaging::operation::OperationError>(())
//! ```

mod error;
mod grammar;
mod parameter;

mod blobs;
mod blue;
mod blur;
mod brightness;
mod canny;
mod corners;
mod crop;
mod edges;
mod equalize;
mod grayscale;
mod green;
mod heatmap;
mod hsv;
mod invert;
mod lines;
mod median;
mod noise;
mod normalize;
mod red;
mod resize;
mod sharpen;
mod sketch;
mod threshold;

pub use crate::kernel::scratch::Scratch;
pub use error::OperationError;
pub use parameter::{Domain, Parameter, Value};

use crate::image::Image;
use crate::segment::{Area, SegmentError, Size, Stage, View};
use luck::Seed;
use parameter::Arguments;
use std::fmt;

/// Every operation, in the order in which people are shown them.
static TABLE: &[Entry] = &[
    edges::ENTRY,
    canny::ENTRY,
    grayscale::ENTRY,
    sharpen::ENTRY,
    blur::ENTRY,
    sketch::ENTRY,
    invert::ENTRY,
    brightness::ENTRY,
    red::ENTRY,
    green::ENTRY,
    blue::ENTRY,
    hsv::ENTRY,
    heatmap::ENTRY,
    normalize::ENTRY,
    crop::ENTRY,
    noise::ENTRY,
    equalize::ENTRY,
    median::ENTRY,
    threshold::ENTRY,
    resize::ENTRY,
    corners::ENTRY,
    lines::ENTRY,
    blobs::ENTRY,
];

/// One line of the table.
pub(crate) struct Entry {
    name: &'static str,
    help: &'static str,
    parameters: &'static [Parameter],
    bind: fn(&Arguments<'_>) -> Box<dyn Transform>,
}

/// An operation with its parameters bound: what each operation's file provides.
pub(crate) trait Transform: fmt::Debug + Send + Sync {
    /// The result for a whole image.
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image;

    /// Why it cannot be done on an image of a size, with the remedy; `None` when it can.
    fn refusal(&self, input: Size) -> Option<String> {
        let _ = input;
        None
    }

    /// Why its parameters cannot be meant together, with the remedy; `None` when they can.
    fn contradiction(&self) -> Option<&'static str> {
        None
    }

    /// Size of the result.
    fn output(&self, input: Size) -> Size {
        input
    }

    /// Whether colours matter only by their luminance: the result is that of the image in gray.
    fn sees_luminance_only(&self) -> bool {
        false
    }

    /// Pixels to every side on which a pixel of the result depends.
    fn halo(&self) -> usize {
        0
    }

    /// Whether the result depends on statistics of the whole picture, to which each part gives its census.
    fn counts(&self) -> bool {
        false
    }

    /// The pixels of the input on which an area of the result depends, the part's census included.
    fn need(&self, want: Area, census: Area, input: Size) -> Area {
        want.grown(self.halo(), input).hull(census)
    }

    /// One part's way through the operation. What a halo makes right needs nothing else than to be trimmed.
    fn part(&self, image: Image, view: View, scratch: &mut Scratch) -> Result<Stage, SegmentError> {
        Ok(Stage::Done(view.trim(self.apply(image, scratch))))
    }
}

/// An operation of the table as people are shown it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Description {
    /// The name that a job gives.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Its parameters, which may be none.
    pub parameters: &'static [Parameter],
}

/// All operations, in the order in which people are shown them.
pub fn descriptions() -> impl Iterator<Item = Description> {
    TABLE.iter().map(|entry| Description { name: entry.name, help: entry.help, parameters: entry.parameters })
}

/// One operation or a chain of them, with every parameter known and valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    steps: Vec<Step>,
}

/// One operation with its values.
#[derive(Clone)]
struct Step {
    entry: &'static Entry,
    values: Vec<Value>,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.entry.name == other.entry.name && self.values == other.values
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Step {
    fn bind(&self) -> Box<dyn Transform> {
        (self.entry.bind)(&Arguments { parameters: self.entry.parameters, values: &self.values })
    }
}

impl Operation {
    /// Reads an operation or a chain, for example `edges`, `blur[size=5]` or `grayscale | blur[size=5] | canny`.
    ///
    /// # Errors
    /// An unknown name or parameter (the error lists the known ones), a value out of range, a text of another form.
    pub fn parse(text: &str) -> Result<Operation, OperationError> {
        text.parse()
    }

    /// The result for an image, in fresh memory. See [`apply_with`](Self::apply_with) to reuse memory.
    ///
    /// # Errors
    /// An image that contradicts itself or that the operation cannot be done on.
    pub fn apply(&self, image: Image) -> Result<Image, OperationError> {
        self.apply_with(image, &mut Scratch::new())
    }

    /// The result for an image, with the memory of earlier calls.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn apply_with(&self, mut image: Image, scratch: &mut Scratch) -> Result<Image, OperationError> {
        for step in &self.steps {
            check(&image)?;
            let transform = step.bind();
            if let Some(reason) = transform.refusal(Size::of(&image)) {
                let Image { width, height, .. } = image;
                return Err(OperationError::Unfit { operation: step.to_string(), width, height, reason });
            }
            image = transform.apply(image, scratch);
        }
        Ok(image)
    }

    /// Whether the result is the same for an image and for its luminance, so that
    /// [`decode_gray_with`](crate::codec::decode_gray_with) is enough.
    pub fn sees_luminance_only(&self) -> bool {
        self.steps.first().is_some_and(|step| step.bind().sees_luminance_only())
    }

    /// Each step, ready to be done.
    pub(crate) fn bind(&self) -> Vec<Box<dyn Transform>> {
        self.steps.iter().map(Step::bind).collect()
    }

    /// Each step in canonical form.
    pub(crate) fn step_names(&self) -> impl Iterator<Item = String> {
        self.steps.iter().map(Step::to_string)
    }
}

/// One of several operations for the image with number `index` of a job: a mix that the seed alone decides.
pub fn draw(operations: &[Operation], seed: Seed, index: u64) -> Option<&Operation> {
    let luck = u128::from(seed.derive(index).0);
    // The high half of a product draws evenly.
    operations.get(((luck * operations.len() as u128) >> 64) as usize)
}

/// Whether an image is what it says it is.
pub(crate) fn check(image: &Image) -> Result<(), OperationError> {
    let Image { width, height, channels, ref samples } = *image;
    let channels = channels.count();
    let wanted = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
    if width == 0 || height == 0 || wanted != Some(samples.len()) {
        return Err(OperationError::Malformed { width, height, channels, samples: samples.len() });
    }
    Ok(())
}
