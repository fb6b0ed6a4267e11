//! How an image is cut, told by its header and, of a JPEG, by where its rows begin.

use crate::folder::{Folder, INPUT};
use crate::mix::Mix;
use imaging::codec::jpeg::{Index, SourceStrip, index};
use imaging::codec::{Format, Limits, Orientation, Scratch, header};
use imaging::error::DecodeError;
use imaging::operation::Operation;
use imaging::segment::{Area, Cut, Part, Plan, Size};
use scheduler::NodeId;
use std::fs;
use std::io;
use wire::division::{CutKind, JpegStrip, SegmentCut};

/// The server allocates nothing by an image's pixels: bounds on them are the nodes'.
const LIMITS: Limits = Limits { max_bytes: 1 << 30, max_pixels: u64::MAX };

/// How one image is cut.
#[derive(Debug)]
pub(crate) struct Cutting {
    pub(crate) plan: Plan,
    pub(crate) format: Format,
    /// The strip of the file that each part needs, if parts can be decoded alone.
    strips: Option<Vec<JpegStrip>>,
    pub(crate) cut: SegmentCut,
    /// The nodes that are to have the parts.
    pub(crate) homes: Vec<Option<NodeId>>,
}

/// The parts that are asked for: how many, who is to have them, and how large each is beside the others.
pub(crate) struct Parts {
    pub(crate) homes: Vec<Option<NodeId>>,
    pub(crate) weights: Vec<f64>,
    pub(crate) kind: CutKind,
}

impl Cutting {
    /// Looks at an image and plans its parts.
    ///
    /// # Errors
    /// A sentence that says why the image cannot be cut, with the remedy.
    pub(crate) fn survey(
        folder: &Folder,
        image: &str,
        mix: &Mix,
        seed: u64,
        number: usize,
        parts: Parts,
    ) -> Result<Cutting, String> {
        let bytes = fs::read(folder.base.join(INPUT).join(image)).map_err(|cause| {
            let kind = if cause.kind() == io::ErrorKind::NotFound { "not found" } else { "unreadable" };
            format!("{kind}: {cause}")
        })?;
        Cutting::of(&bytes, mix.of(seed, number), parts).map_err(|why| format!("{image:?}: {why}"))
    }

    pub(super) fn of(bytes: &[u8], operation: &Operation, parts: Parts) -> Result<Cutting, String> {
        let told = |error: DecodeError| error.to_string();
        let header = header(bytes, &LIMITS).map_err(told)?;
        let rows = match (header.format, header.orientation) {
            (Format::Jpeg, Orientation::Upright) => match index(bytes, &LIMITS, &mut Scratch::default()) {
                Ok(index) => Some(index),
                // Progressive: each node decodes the whole file.
                Err(DecodeError::Unsupported { .. }) => None,
                Err(error) => return Err(told(error)),
            },
            _ => None,
        };
        let size = Size { width: header.width, height: header.height };
        let refused = |error| format!("{operation} on {} x {} pixels: {error}", size.width, size.height);
        let result = Plan::new(operation, size, &Cut::rows(1)).map_err(refused)?.result();
        let cut = cut(&parts, header.format, result);
        let plan = Plan::new(operation, size, &cut).map_err(refused)?;
        let bands =
            cut.bands(result).into_iter().map(|band| u32::try_from(band).unwrap_or(u32::MAX)).collect();
        let cut = match (&cut, bands) {
            (Cut::Rows(_), heights) => SegmentCut::Rows(heights),
            (Cut::Columns(_), widths) => SegmentCut::Columns(widths),
            (Cut::Tiles { .. }, grid) => SegmentCut::Tiles { columns: grid[0], rows: grid[1] },
        };
        let strips = rows.map(|index| strips(&plan, &index, bytes)).transpose().map_err(told)?;
        let mut homes = parts.homes;
        homes.resize(plan.parts().len(), None);
        Ok(Cutting { plan, format: header.format, strips, cut, homes })
    }

    /// Parts of the image.
    pub(crate) fn count(&self) -> usize {
        self.plan.parts().len()
    }

    /// Pixels of the source.
    pub(crate) fn pixels(&self) -> u64 {
        let Size { width, height } = self.plan.source();
        width as u64 * height as u64
    }

    /// The strip of the file that a part needs; none if it needs the whole file.
    pub(crate) fn strip(&self, part: usize) -> Option<JpegStrip> {
        self.strips.as_ref()?.get(part).copied()
    }
}

fn strips(plan: &Plan, index: &Index, bytes: &[u8]) -> Result<Vec<JpegStrip>, DecodeError> {
    let one = |part: &Part| {
        let Area { y, height, .. } = part.source;
        let SourceStrip { head, data, first_mcu_row, start } = index.cut(bytes, &(y..y + height))?;
        Ok(JpegStrip {
            head_bytes: head.len() as u64,
            offset: start.offset,
            bytes: data.len() as u64,
            first_mcu_row: u32::try_from(first_mcu_row).unwrap_or(u32::MAX),
            bit: start.bit,
            restart: start.restart,
            left: start.left,
            predictors: start.predictors,
        })
    };
    plan.parts().iter().map(one).collect()
}

fn cut(parts: &Parts, format: Format, result: Size) -> Cut {
    let weights = parts.weights.clone();
    match parts.kind {
        CutKind::Rows if format == Format::Jpeg => {
            Cut::strips(&weights, result.height).unwrap_or(Cut::Rows(weights))
        }
        CutKind::Rows => Cut::Rows(weights),
        CutKind::Columns => Cut::Columns(weights),
        CutKind::Tiles => {
            // As square as the number allows: of its divisors the one nearest below its root.
            let count = weights.len();
            let rows = (1..=count)
                .take_while(|rows| rows * rows <= count)
                .filter(|rows| count.is_multiple_of(*rows));
            let rows = rows.last().unwrap_or(1);
            Cut::Tiles { columns: count / rows, rows }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imaging::codec::{EncodeOptions, encode};
    use imaging::image::{Channels, Image};

    fn parts(count: usize, kind: CutKind) -> Parts {
        Parts { homes: vec![None; count], weights: vec![1.0; count], kind }
    }

    fn file(width: usize, height: usize, format: Format) -> Vec<u8> {
        let samples = (0..width * height * 3).map(|i| (i * 7 % 251) as u8).collect();
        let image = Image { width, height, channels: Channels::Rgb, samples };
        encode(&image, format, &EncodeOptions::default()).unwrap()
    }

    fn survey(bytes: &[u8], parts: Parts) -> Result<Cutting, String> {
        Cutting::of(bytes, &Operation::parse("edges").unwrap(), parts)
    }

    #[test]
    fn a_jpeg_is_cut_where_it_can_be_stitched_and_each_part_gets_its_share_of_the_file() {
        let bytes = file(64, 100, Format::Jpeg);
        let cutting = survey(&bytes, parts(3, CutKind::Rows)).unwrap();
        assert_eq!(cutting.cut, SegmentCut::Rows(vec![32, 48, 20]));
        let strips: Vec<_> = (0..3).map(|part| cutting.strip(part).unwrap()).collect();
        assert!(strips.iter().all(|strip| strip.bytes < bytes.len() as u64 * 3 / 4), "{strips:?}");
        assert_eq!(strips[2].offset + strips[2].bytes, bytes.len() as u64);
    }

    #[test]
    fn other_formats_are_cut_anywhere_and_read_whole() {
        let cutting = survey(&file(64, 100, Format::Png), parts(3, CutKind::Rows)).unwrap();
        assert_eq!(cutting.cut, SegmentCut::Rows(vec![33, 34, 33]));
        assert_eq!(cutting.strip(0), None);
        let tiles = survey(&file(64, 100, Format::Png), parts(6, CutKind::Tiles)).unwrap();
        assert_eq!((tiles.cut.clone(), tiles.count()), (SegmentCut::Tiles { columns: 3, rows: 2 }, 6));
    }

    #[test]
    fn what_cannot_be_cut_is_told_with_operation_and_remedy() {
        let why = survey(&file(64, 5, Format::Png), parts(9, CutKind::Rows)).unwrap_err();
        assert_eq!(
            why,
            "edges on 64 x 5 pixels: 9 parts are more than the 5 rows of the result; ask for 5 at most"
        );
        assert!(survey(b"nothing", parts(2, CutKind::Rows)).unwrap_err().contains("known format"));
        let jpeg = file(64, 100, Format::Jpeg);
        assert!(survey(&jpeg[..jpeg.len() / 2], parts(2, CutKind::Rows)).unwrap_err().contains("cut off"));
    }
}
