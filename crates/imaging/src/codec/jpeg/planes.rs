//! Planes of samples: of each component the last two rows of MCUs, which is all that colour needs at a time.

use lanes::Level;
use lanes::jpeg_block::Block;
use lanes::jpeg_idct::idct_run;

/// A component's samples in a ring of rows.
#[derive(Debug)]
pub(super) struct Plane {
    stride: usize,
    rows: usize,
    samples: Vec<u8>,
}

impl Plane {
    /// Room for two rows of MCUs, each `columns * h` blocks wide and `v` blocks high.
    pub(super) fn new(columns: usize, h: usize, v: usize) -> Plane {
        let (stride, rows) = (8 * columns * h, 2 * 8 * v);
        Plane { stride, rows, samples: vec![0; stride * rows] }
    }

    /// Transforms a run of neighbouring blocks into its place.
    pub(super) fn put(
        &mut self,
        level: Level,
        block_row: usize,
        block_column: usize,
        blocks: &[Block],
        extents: &[u8],
        quant: &Block,
    ) {
        let at = (8 * block_row % self.rows) * self.stride + 8 * block_column;
        idct_run(level, blocks, extents, quant, &mut self.samples[at..], self.stride);
    }

    /// The first `width` samples of a row that was put not longer ago than two rows of MCUs.
    pub(super) fn row(&self, y: usize, width: usize) -> &[u8] {
        &self.samples[(y % self.rows) * self.stride..][..width]
    }
}
