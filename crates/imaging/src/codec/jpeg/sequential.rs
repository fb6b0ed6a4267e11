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
    let mut data = ScanData::open(level, parser, &mut scratch.data, &mut scratch.segments)?;
    let layout = ChunkLayout::new(frame);
    let plan = layout.plan(frame, scan, parser)?;
    let quant: Vec<&Block> =
        frame.components.iter().map(|c| parser.quant(c.quant)).collect::<Result<_, _>>()?;
    scratch.blocks.resize(layout.total, Block::ZERO);
    scratch.extents.resize(layout.total, 0);
    let (blocks, extents) = (&mut scratch.blocks[..layout.total], &mut scratch.extents[..layout.total]);

    let mut predictors = [0; 4];
    for row in 0..frame.mcu_rows() {
        let mut column = 0;
        while column < frame.mcu_columns() {
            let (run, restart) = data.run(CHUNK.min(frame.mcu_columns() - column))?;
            if restart {
                predictors = [0; 4];
            }
            decode_mcus(level, &mut data.reader, &plan, &mut predictors, run, blocks, extents).map_err(
                |_| corrupt(format!("its data are no valid code near row {}", row * 8 * frame.v_max)),
            )?;
            data.check()?;
            for (index, component) in frame.components.iter().enumerate() {
                for y in 0..component.v {
                    let at = layout.first[index] + y * CHUNK * component.h;
                    let range = at..at + run * component.h;
                    painter.put(
                        index,
                        row * component.v + y,
                        column * component.h,
                        &blocks[range.clone()],
                        &extents[range],
                        quant[index],
                    );
                }
            }
            column += run;
        }
        painter.finish_mcu_row(row);
    }
    data.finish()
}
