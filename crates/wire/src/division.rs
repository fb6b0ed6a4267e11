//! How a job's images become tasks: whole, cut into segments, or several as a batch.

use crate::node::{FailureKind, SharedFile};
use std::time::Duration;

/// How the images of a folder become tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Division {
    /// What a task is.
    pub way: Way,
    /// First measure all images; then each step `normalize` without extremes of its own gets those of the data set.
    pub data_set: bool,
}

/// What a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// One image.
    #[default]
    Images,
    /// One part of an image.
    Segments {
        /// Parts of each image; none: as many as nodes are up, each as large as its node is fast.
        parts: Option<u32>,
        /// How images are cut.
        cut: CutKind,
    },
    /// Several images.
    Batches(BatchSize),
}

/// How an image is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CutKind {
    /// Bands of rows.
    Rows,
    /// Bands of columns.
    Columns,
    /// A grid.
    Tiles,
}

/// How many images a batch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    /// So many, at least 1.
    Images(u32),
    /// As many as take about this long.
    Target(Duration),
}

/// One part of an image, as a node gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where its pixels come from.
    pub source: SegmentSource,
    /// Number of the image in its job.
    pub image: u64,
    /// Pixels in a row of the whole source, upright.
    pub width: u32,
    /// Rows of the whole source.
    pub height: u32,
    /// Number of the part, from 0.
    pub part: u32,
    /// How the result is cut.
    pub cut: SegmentCut,
    /// The strip of a JPEG that the part needs; none: the whole file.
    pub strip: Option<JpegStrip>,
    /// What all parts together have seen before, step by step.
    pub summaries: Vec<Vec<u8>>,
}

/// Where a segment's pixels come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentSource {
    /// A file on a folder that server and node share.
    Shared(SharedFile),
    /// The whole file; of a strip the file's head and the strip's data.
    Inline(Vec<u8>),
}

/// A cut in whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentCut {
    /// Rows of the result in each band.
    Rows(Vec<u32>),
    /// Columns of the result in each band.
    Columns(Vec<u32>),
    /// A grid of even tiles.
    Tiles {
        /// Tiles side by side.
        columns: u32,
        /// Tiles one above the other.
        rows: u32,
    },
}

/// Where a strip of a JPEG lies in its file, and how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JpegStrip {
    /// Bytes of the file in front of its entropy-coded data.
    pub head_bytes: u64,
    /// Where the strip's data begin in the file.
    pub offset: u64,
    /// Bytes of data.
    pub bytes: u64,
    /// Number of the row of MCUs that the data begin with.
    pub first_mcu_row: u32,
    /// First bit in the first byte, 0 for the highest.
    pub bit: u8,
    /// Number of the next restart marker.
    pub restart: u8,
    /// MCUs up to the next restart.
    pub left: Option<u32>,
    /// The last first coefficient of each component.
    pub predictors: [i32; 4],
}

/// Several images as one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The images.
    pub images: BatchImages,
    /// An operation for each image; empty: the request's for all.
    pub operations: Vec<String>,
    /// Answer statistics instead of results.
    pub measure: bool,
}

/// The images of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchImages {
    /// On a folder that server and node share.
    Shared {
        /// The data folder, absolute.
        base_path: String,
        /// Names relative to `input_dir`.
        file_names: Vec<String>,
    },
    /// The encoded images themselves.
    Inline(Vec<Vec<u8>>),
}

impl BatchImages {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            BatchImages::Shared { file_names, .. } => file_names.len(),
            BatchImages::Inline(images) => images.len(),
        }
    }
}

/// What came of one image of a batch: a result, or how and why it failed.
pub type BatchItem = Result<DoneItem, (FailureKind, String)>;

/// One image of a batch that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneItem {
    /// The result.
    pub result: ItemResult,
    /// Size of the encoded source.
    pub bytes_in: u64,
    /// Size of the encoded result.
    pub bytes_out: u64,
    /// Width of the result.
    pub width: u32,
    /// Height of the result.
    pub height: u32,
}

/// Where the result of one image of a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemResult {
    /// A whole temporary file, relative to `<base_path>/output_dir`.
    TemporaryFile(String),
    /// The encoded result itself.
    Inline(Vec<u8>),
    /// How often each of the 256 sample values occurs.
    Statistics(Vec<u64>),
}
