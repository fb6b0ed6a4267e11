//! The general case: several scans fill the coefficients of the whole image, which is painted at the end.

use lanes::Level;
use lanes::jpeg_block::Block;
use lanes::jpeg_entropy_decode::{BitReader, DecodeTable, McuBlock, decode_mcus};

use super::markers::{Event, Frame, Parser, Scan};
use super::pixels::Painter;
use super::progressive::{self, Band};
use super::scan::ScanData;
use super::{DecodeScratch, corrupt, truncated};
use crate::error::DecodeError;

/// The most scans that a file may have: each is a pass over the whole image, and no encoder writes more than some dozen.
const MAX_SCANS: usize = 200;

/// Coefficients of one component, padded to whole MCUs.
pub(super) struct Coefficients {
    /// Blocks in a row.
    pub(super) columns: usize,
    pub(super) blocks: Vec<Block>,
    /// Highest zigzag index of each block's coefficients.
    pub(super) extents: Vec<u8>,
    /// The steps as they were when the component's first scan came.
    quant: Option<Block>,
    /// The bit that each coefficient of a scan has come down to; `None` before its first scan.
    precision: [Option<u32>; 64],
}

/// Coefficients of all components.
pub(super) struct WholeImage {
    components: Vec<Coefficients>,
}

/// Decodes all scans from `first` on.
pub(super) fn decode(
    level: Level,
    parser: &mut Parser<'_>,
    frame: &Frame,
    first: Scan,
    scratch: &mut DecodeScratch,
) -> Result<WholeImage, DecodeError> {
    let mut image = WholeImage::new(frame);
    let mut scan = first;
    for _ in 0..MAX_SCANS {
        image.latch_quant(frame, &scan, parser)?;
        image.note_precision(&scan);
        let mut data = ScanData::open(level, parser, &mut scratch.data, &mut scratch.segments)?;
        if frame.progressive {
            image.progressive_scan(frame, &scan, parser, &mut data)?;
        } else {
            image.sequential_scan(level, frame, &scan, parser, &mut data)?;
        }
        data.finish()?;
        scan = match parser.next_event()? {
            Event::Scan(scan) => scan,
            Event::End => return image.check_whole().map(|()| image),
        };
    }
    Err(corrupt(format!("it has more than {MAX_SCANS} scans")))
}

impl WholeImage {
    fn new(frame: &Frame) -> WholeImage {
        let of = |h: usize, v: usize| {
            let (columns, rows) = (frame.mcu_columns() * h, frame.mcu_rows() * v);
            Coefficients {
                columns,
                blocks: vec![Block::ZERO; columns * rows],
                extents: vec![0; columns * rows],
                quant: None,
                precision: [None; 64],
            }
        };
        WholeImage { components: frame.components.iter().map(|c| of(c.h, c.v)).collect() }
    }

    fn latch_quant(&mut self, frame: &Frame, scan: &Scan, parser: &Parser<'_>) -> Result<(), DecodeError> {
        for (index, ..) in &scan.components {
            let slot = &mut self.components[*index].quant;
            if slot.is_none() {
                *slot = Some(*parser.quant(frame.components[*index].quant)?);
            }
        }
        Ok(())
    }

    fn note_precision(&mut self, scan: &Scan) {
        for (index, ..) in &scan.components {
            self.components[*index].precision[scan.first..=scan.last].fill(Some(scan.low));
        }
    }

    /// A progressive file may end early: libjpeg then guesses what is missing of the first coefficients, by smoothing.
    /// Guesses are no pixels, so that is an error here.
    fn check_whole(&self) -> Result<(), DecodeError> {
        let is_whole = |component: &Coefficients| component.precision[..10].iter().all(|bit| *bit == Some(0));
        if self.components.iter().all(is_whole) {
            return Ok(());
        }
        Err(truncated("scans are missing"))
    }

    fn sequential_scan(
        &mut self,
        level: Level,
        frame: &Frame,
        scan: &Scan,
        parser: &Parser<'_>,
        data: &mut ScanData<'_>,
    ) -> Result<(), DecodeError> {
        let tables: Vec<(&DecodeTable, &DecodeTable)> = scan
            .components
            .iter()
            .map(|(_, dc, ac)| Ok((parser.dc_table(*dc)?, parser.ac_table(*ac)?)))
            .collect::<Result<_, DecodeError>>()?;
        let mut predictors = [0; 4];
        for_each_block(frame, scan, data, |place, reader, restart| {
            if restart {
                predictors = [0; 4];
            }
            let (dc, ac) = tables[place.slot];
            let plan = [McuBlock { dc, ac, component: place.slot, first: place.block, step: 0 }];
            let Coefficients { blocks, extents, .. } = &mut self.components[place.component];
            decode_mcus(level, reader, &plan, &mut predictors, 1, blocks, extents).map_err(|_| no_code())
        })
    }

    fn progressive_scan(
        &mut self,
        frame: &Frame,
        scan: &Scan,
        parser: &Parser<'_>,
        data: &mut ScanData<'_>,
    ) -> Result<(), DecodeError> {
        if scan.first == 0 {
            return self.progressive_dc(frame, scan, parser, data);
        }
        let (_, _, ac) = scan.components[0];
        let table = parser.ac_table(ac)?;
        let mut band = Band::new(scan.first, scan.last, scan.low);
        for_each_block(frame, scan, data, |place, reader, restart| {
            if restart {
                band.restart();
            }
            let Coefficients { blocks, extents, .. } = &mut self.components[place.component];
            let (block, extent) = (&mut blocks[place.block].0, &mut extents[place.block]);
            if scan.high == 0 {
                band.first(reader, table, block, extent)
            } else {
                band.refine(reader, table, block, extent)
            }
            .map_err(|_| no_code())
        })
    }

    fn progressive_dc(
        &mut self,
        frame: &Frame,
        scan: &Scan,
        parser: &Parser<'_>,
        data: &mut ScanData<'_>,
    ) -> Result<(), DecodeError> {
        let mut predictors = [0; 4];
        // Only a first scan has codes; a refinement is one bare bit a block.
        let tables: Vec<Option<&DecodeTable>> = scan
            .components
            .iter()
            .map(|(_, dc, _)| if scan.high == 0 { parser.dc_table(*dc).map(Some) } else { Ok(None) })
            .collect::<Result<_, _>>()?;
        for_each_block(frame, scan, data, |place, reader, restart| {
            if restart {
                predictors = [0; 4];
            }
            let block = &mut self.components[place.component].blocks[place.block].0;
            match tables[place.slot] {
                Some(table) => {
                    progressive::dc_first(reader, table, &mut predictors[place.slot], scan.low, block)
                        .map_err(|_| no_code())
                }
                None => {
                    progressive::dc_refine(reader, scan.low, block);
                    Ok(())
                }
            }
        })
    }

    /// Turns all coefficients into pixels.
    pub(super) fn paint(&self, frame: &Frame, painter: &mut Painter) {
        for row in 0..frame.mcu_rows() {
            for (index, component) in self.components.iter().enumerate() {
                let v = frame.components[index].v;
                for block_row in row * v..(row + 1) * v {
                    let range = block_row * component.columns..(block_row + 1) * component.columns;
                    let quant = component.quant.as_ref().unwrap_or(&Block::ZERO);
                    painter.put(
                        index,
                        block_row,
                        0,
                        &component.blocks[range.clone()],
                        &component.extents[range],
                        quant,
                    );
                }
            }
            painter.finish_mcu_row(row);
        }
    }
}

fn no_code() -> DecodeError {
    corrupt("its data are no valid code")
}

/// Which block of the image comes next.
#[derive(Clone, Copy)]
struct Place {
    /// The component's place in the scan.
    slot: usize,
    /// The component's place in the frame.
    component: usize,
    /// The block's index among the component's.
    block: usize,
}

/// Calls `each` for every block of a scan in its order, interleaved or not; the flag tells the first block after a
/// restart.
fn for_each_block(
    frame: &Frame,
    scan: &Scan,
    data: &mut ScanData<'_>,
    mut each: impl FnMut(Place, &mut BitReader<'_>, bool) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    if let [(index, ..)] = scan.components[..] {
        // A lone component is coded without the padding to whole MCUs.
        let component = &frame.components[index];
        let stride = frame.mcu_columns() * component.h;
        let columns = component.width.div_ceil(8);
        for y in 0..component.height.div_ceil(8) {
            for x in 0..columns {
                let (_, restart) = data.run(1)?;
                let place = Place { slot: 0, component: index, block: y * stride + x };
                each(place, &mut data.reader, restart)?;
            }
            data.check()?;
        }
        return Ok(());
    }
    for y in 0..frame.mcu_rows() {
        for x in 0..frame.mcu_columns() {
            let (_, mut restart) = data.run(1)?;
            for (slot, (index, ..)) in scan.components.iter().enumerate() {
                let component = &frame.components[*index];
                let stride = frame.mcu_columns() * component.h;
                for by in 0..component.v {
                    for bx in 0..component.h {
                        let block = (y * component.v + by) * stride + x * component.h + bx;
                        let place = Place { slot, component: *index, block };
                        each(place, &mut data.reader, std::mem::take(&mut restart))?;
                    }
                }
            }
        }
        data.check()?;
    }
    Ok(())
}
