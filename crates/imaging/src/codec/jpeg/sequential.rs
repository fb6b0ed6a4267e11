//! The common case: one interleaved scan, decoded chunk by chunk straight into pixels.

use lanes::Level;
use lanes::jpeg_block::Block;
use lanes::jpeg_entropy_decode::{McuBlock, decode_mcus};

use super::markers::{Frame, Parser, Scan};
use super::pixels::Painter;
use super::scan::ScanData;
use super::{DecodeScratch, corrupt};
use crate::error::DecodeError;

/// MCUs whose coefficients wait at a time; with 4:2:0 they fill 24 KiB, which stay in the first-level cache.
const CHUNK: usize = 32;

/// Where the coefficients of a chunk lie: for each component its rows of blocks, as many as an MCU has.
pub(super) struct ChunkLayout {
    /// Index of each component's first block.
    first: Vec<usize>,
    total: usize,
}

impl ChunkLayout {
    pub(super) fn new(frame: &Frame) -> ChunkLayout {
        let mut total = 0;
        let first = frame
            .components
            .iter()
            .map(|c| {
                let first = total;
                total += c.h * c.v * CHUNK;
                first
            })
            .collect();
        ChunkLayout { first, total }
    }

    /// The blocks of an MCU in coding order.
    pub(super) fn plan<'t>(
        &self,
        frame: &Frame,
        scan: &Scan,
        parser: &'t Parser<'_>,
    ) -> Result<Vec<McuBlock<'t>>, DecodeError> {
        let mut plan = Vec::new();
        for (index, dc, ac) in &scan.components {
            let component = &frame.components[*index];
            let (dc, ac) = (parser.dc_table(*dc)?, parser.ac_table(*ac)?);
            for y in 0..component.v {
                for x in 0..component.h {
                    let first = self.first[*index] + y * CHUNK * component.h + x;
                    plan.push(McuBlock { dc, ac, component: *index, first, step: component.h });
                }
            }
        }
        Ok(plan)
    }
}

/// Decodes the scan and paints every row of MCUs.
pub(super) fn decode(
    level: Level,
    parser: &mut Parser<'_>,
    frame: &Frame,
    scan: &Scan,
    scratch: &mut DecodeScratch,
    painter: &mut Painter,
) -> Result<(), DecodeError> {
    let DecodeScratch { data, segments, blocks, extents } = scratch;
    let mut data = ScanData::open(level, parser, data, segments)?;
    let mut rows = Rows::new(level, parser, frame, scan, blocks, extents)?;
    for row in 0..frame.mcu_rows() {
        rows.decode(&mut data, row, painter)?;
    }
    data.finish()
}

/// Decodes rows of MCUs one after another.
pub(super) struct Rows<'a> {
    level: Level,
    frame: &'a Frame,
    layout: ChunkLayout,
    plan: Vec<McuBlock<'a>>,
    quant: Vec<&'a Block>,
    blocks: &'a mut [Block],
    extents: &'a mut [u8],
    pub(super) predictors: [i32; 4],
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        level: Level,
        parser: &'a Parser<'_>,
        frame: &'a Frame,
        scan: &Scan,
        blocks: &'a mut Vec<Block>,
        extents: &'a mut Vec<u8>,
    ) -> Result<Rows<'a>, DecodeError> {
        let layout = ChunkLayout::new(frame);
        blocks.resize(layout.total, Block::ZERO);
        extents.resize(layout.total, 0);
        Ok(Rows {
            level,
            frame,
            plan: layout.plan(frame, scan, parser)?,
            layout,
            quant: frame.components.iter().map(|c| parser.quant(c.quant)).collect::<Result<_, _>>()?,
            blocks,
            extents,
            predictors: [0; 4],
        })
    }

    /// Decodes the next row of MCUs, which is the image's `row`, and paints it.
    pub(super) fn decode(
        &mut self,
        data: &mut ScanData<'_>,
        row: usize,
        painter: &mut Painter,
    ) -> Result<(), DecodeError> {
        let columns = self.frame.mcu_columns();
        let mut column = 0;
        while column < columns {
            let (run, restart) = data.run(CHUNK.min(columns - column))?;
            if restart {
                self.predictors = [0; 4];
            }
            decode_mcus(
                self.level,
                &mut data.reader,
                &self.plan,
                &mut self.predictors,
                run,
                self.blocks,
                self.extents,
            )
            .map_err(|_| no_code(self.frame, row))?;
            data.check()?;
            self.put(row, column, run, painter);
            column += run;
        }
        painter.finish_mcu_row(row);
        Ok(())
    }

    fn put(&self, row: usize, column: usize, run: usize, painter: &mut Painter) {
        for (index, component) in self.frame.components.iter().enumerate() {
            for y in 0..component.v {
                let at = self.layout.first[index] + y * CHUNK * component.h;
                let range = at..at + run * component.h;
                painter.put(
                    index,
                    row * component.v + y,
                    column * component.h,
                    &self.blocks[range.clone()],
                    &self.extents[range],
                    self.quant[index],
                );
            }
        }
    }
}

/// The error of data that are no code, with the row of pixels where it was found.
pub(super) fn no_code(frame: &Frame, row: usize) -> DecodeError {
    corrupt(format!("its data are no valid code near row {}", row * 8 * frame.v_max))
}
