//! How an image is cut, told by its header and, of a JPEG, by where its rows begin.

use crate::folder::{Folder, INPUT};
use crate::image_file::{self, MOST_SURVEYED};
use imaging::codec::jpeg::{Index, SourceStrip, index_by_rows};
use imaging::codec::{Format, Limits, Orientation, Scratch, header};
use imaging::error::DecodeError;
use imaging::operation::Operation;
use imaging::segment::{Area, Cut, Plan, Size};
use scheduler::NodeId;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, OnceLock};
use wire::division::{CutKind, JpegStrip, SegmentCut};

/// The server allocates nothing by an image's pixels: bounds on them are the nodes'.
const LIMITS: Limits = Limits { max_bytes: MOST_SURVEYED, max_pixels: u64::MAX };

/// How one image is cut.
#[derive(Debug)]
pub(crate) struct Cutting {
    pub(crate) plan: Plan,
    pub(crate) format: Format,
    /// The strip of the file that each part needs, if parts can be decoded alone; set when it is found.
    strips: Option<Vec<OnceLock<JpegStrip>>>,
    pub(crate) cut: SegmentCut,
    /// As in [`Parts`].
    is_shared: bool,
    /// The nodes that are to have the parts.
    pub(crate) homes: Vec<Option<NodeId>>,
}

/// The parts that are asked for: how many, who is to have them, and how large each is beside the others.
pub(crate) struct Parts {
    pub(crate) homes: Vec<Option<NodeId>>,
    pub(crate) weights: Vec<f64>,
    pub(crate) kind: CutKind,
    /// Nodes read the file themselves, so that a part may be given more of it than it needs.
    pub(crate) is_shared: bool,
    /// Nobody asked for so many parts: an image that gains nothing by them stays whole.
    pub(crate) may_stay_whole: bool,
}

/// What a survey has found.
pub(crate) enum Found {
    /// The image is better done whole, by one node.
    Whole,
    /// How the image is cut; no part can be put to work yet.
    Cutting(Arc<Cutting>),
    /// The parts up to this number can be put to work.
    Parts(usize),
}

impl Cutting {
    /// Looks at an image and plans its parts. Tells what it finds as soon as it has; the last part only when the file is known
    /// to be sound. Ends early when `tell` answers that nobody wants more.
    ///
    /// # Errors
    /// A sentence that says why the image cannot be cut, with the remedy. Parts may have been told before.
    pub(crate) fn survey(
        folder: &Folder,
        image: &str,
        operation: &Operation,
        parts: Parts,
        tell: &mut dyn FnMut(Found) -> bool,
    ) -> Result<(), String> {
        let path = folder.base.join(INPUT).join(image);
        let bytes = image_file::read_to_survey(&path).map_err(|why| why.reason(image, operation))?;
        Cutting::find(&bytes, operation, parts, tell).map_err(|why| format!("{image:?}: {why}"))
    }

    fn find(
        bytes: &[u8],
        operation: &Operation,
        parts: Parts,
        tell: &mut dyn FnMut(Found) -> bool,
    ) -> Result<(), String> {
        let told = |error: DecodeError| format!("cannot do {operation}: {error}");
        let header = header(bytes, &LIMITS).map_err(told)?;
        let size = Size { width: header.width, height: header.height };
        if parts.may_stay_whole && gains_nothing(operation, size, header.format, parts.weights.len()) {
            let _ = tell(Found::Whole);
            return Ok(());
        }
        let mut cutting = Cutting::plan(operation, size, header.format, parts)?;
        let count = cutting.count();
        if (header.format, header.orientation) == (Format::Jpeg, Orientation::Upright) {
            cutting.strips = Some((0..count).map(|_| OnceLock::new()).collect());
            let cutting = Arc::new(cutting);
            match cutting.find_strips(bytes, tell) {
                // Progressive: each node decodes the whole file.
                Err(DecodeError::Unsupported { .. }) => {}
                found => return found.map_err(told),
            }
            let Some(mut whole) = Arc::into_inner(cutting) else { return Ok(()) };
            whole.strips = None;
            let _ = tell(Found::Cutting(Arc::new(whole))) && tell(Found::Parts(count));
            return Ok(());
        }
        let _ = tell(Found::Cutting(Arc::new(cutting))) && tell(Found::Parts(count));
        Ok(())
    }

    /// The parts, without the strips of the file that they need.
    fn plan(operation: &Operation, size: Size, format: Format, parts: Parts) -> Result<Cutting, String> {
        let refused = |error| format!("{operation} on {} x {} pixels: {error}", size.width, size.height);
        let result = Plan::new(operation, size, &Cut::rows(1)).map_err(refused)?.result();
        let cut = cut(&parts, format, result);
        let plan = Plan::new(operation, size, &cut).map_err(refused)?;
        let bands =
            cut.bands(result).into_iter().map(|band| u32::try_from(band).unwrap_or(u32::MAX)).collect();
        let cut = match (&cut, bands) {
            (Cut::Rows(_), heights) => SegmentCut::Rows(heights),
            (Cut::Columns(_), widths) => SegmentCut::Columns(widths),
            (Cut::Tiles { .. }, grid) => SegmentCut::Tiles { columns: grid[0], rows: grid[1] },
        };
        let mut homes = parts.homes;
        homes.resize(plan.parts().len(), None);
        Ok(Cutting { plan, format, strips: None, cut, is_shared: parts.is_shared, homes })
    }

    /// Walks through the file and tells of each part once the strip that it needs is found.
    fn find_strips(
        self: &Arc<Cutting>,
        bytes: &[u8],
        tell: &mut dyn FnMut(Found) -> bool,
    ) -> Result<(), DecodeError> {
        let (count, mut known, mut is_told) = (self.count(), 0, false);
        let mut trouble = None;
        let found = index_by_rows(bytes, &LIMITS, &mut Scratch::default(), &mut |index| {
            let mut wanted = is_told || tell(Found::Cutting(Arc::clone(self)));
            is_told = true;
            let before = known;
            // The last part waits until the file is known to be sound.
            while known + 1 < count && self.can_begin(known, index) {
                if let Err(error) = self.set_strip(known, index, bytes) {
                    trouble = Some(error);
                    return ControlFlow::Break(());
                }
                known += 1;
            }
            wanted = wanted && (known == before || tell(Found::Parts(known)));
            if wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if let Some(error) = trouble {
            return Err(error);
        }
        if let Some(index) = found {
            (known..count).try_for_each(|part| self.set_strip(part, &index, bytes))?;
            tell(Found::Parts(count));
        }
        Ok(())
    }

    /// Whether a part can be put to work with what is known of the file. The first need not wait for anything: it gets more of
    /// the file than it needs, so that nodes work while the file is walked through.
    fn can_begin(&self, part: usize, index: &Index) -> bool {
        let rows = self.rows(part);
        index.reaches(&rows) || (part == 0 && self.is_shared && index.begins(&rows))
    }

    /// Rows of the source that a part needs.
    fn rows(&self, part: usize) -> Range<usize> {
        let Area { y, height, .. } = self.plan.parts()[part].source;
        y..y + height
    }

    fn set_strip(&self, part: usize, index: &Index, bytes: &[u8]) -> Result<(), DecodeError> {
        let SourceStrip { head, data, first_mcu_row, start } = index.cut(bytes, &self.rows(part))?;
        let strip = JpegStrip {
            head_bytes: head.len() as u64,
            offset: start.offset,
            bytes: data.len() as u64,
            first_mcu_row: u32::try_from(first_mcu_row).unwrap_or(u32::MAX),
            bit: start.bit,
            restart: start.restart,
            left: start.left,
            predictors: start.predictors,
        };
        if let Some(place) = self.strips.as_ref().and_then(|strips| strips.get(part)) {
            place.get_or_init(|| strip);
        }
        Ok(())
    }

    /// The whole survey of an image at once.
    #[cfg(test)]
    pub(super) fn of(bytes: &[u8], operation: &Operation, parts: Parts) -> Result<Cutting, String> {
        let mut found = None;
        Cutting::find(bytes, operation, parts, &mut |told| {
            if let Found::Cutting(cutting) = told {
                found = Some(cutting);
            }
            true
        })?;
        found.and_then(Arc::into_inner).ok_or_else(|| "nothing was told".to_owned())
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
        self.strips.as_ref()?.get(part)?.get().copied()
    }
}

/// Whether parts of an image cost more than they save. Only of a JPEG can parts be coded apart, if each has rows enough; of
/// every other format each node decodes the whole file, and the server codes the whole result alone: together that is most
/// of the work, and cut over idle nodes such an image takes longer than whole even with an operation as heavy as a blur of 31.
fn gains_nothing(operation: &Operation, size: Size, format: Format, parts: usize) -> bool {
    let too_low = || {
        let result = Plan::new(operation, size, &Cut::rows(1)).map(|plan| plan.result());
        result.is_ok_and(|result| Cut::strips(&vec![1.0; parts], result.height).is_none())
    };
    parts < 2 || format != Format::Jpeg || too_low()
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
        Parts {
            homes: vec![None; count],
            weights: vec![1.0; count],
            kind,
            is_shared: false,
            may_stay_whole: false,
        }
    }

    fn file(width: usize, height: usize, format: Format) -> Vec<u8> {
        let samples = (0..width * height * 3).map(|i| (i * 7 % 251) as u8).collect();
        let image = Image { width, height, channels: Channels::Rgb, samples };
        encode(&image, format, &EncodeOptions::default()).unwrap()
    }

    fn survey(bytes: &[u8], parts: Parts) -> Result<Cutting, String> {
        Cutting::of(bytes, &Operation::parse("edges").unwrap(), parts)
    }

    /// What was told, parts by their numbers.
    fn tales(bytes: &[u8], count: usize, wanted: usize) -> (Vec<usize>, Result<(), String>) {
        let mut told = Vec::new();
        let operation = Operation::parse("edges").unwrap();
        let outcome = Cutting::find(bytes, &operation, parts(count, CutKind::Rows), &mut |found| {
            told.push(if let Found::Parts(parts) = found { parts } else { 0 });
            told.len() < wanted
        });
        (told, outcome)
    }

    #[test]
    fn parts_are_told_as_soon_as_they_are_found_and_the_last_when_the_file_is_sound() {
        let bytes = file(64, 200, Format::Jpeg);
        assert_eq!(tales(&bytes, 4, 9), (vec![0, 1, 2, 3, 4], Ok(())));
        assert_eq!(tales(&bytes, 4, 2), (vec![0, 1], Ok(())), "nobody wants more");
        assert_eq!(tales(&file(64, 200, Format::Png), 4, 9), (vec![0, 4], Ok(())));
        let (told, outcome) = tales(&bytes[..bytes.len() - 200], 4, 9);
        assert!(told.starts_with(&[0, 1]) && !told.contains(&4), "{told:?}");
        assert!(outcome.unwrap_err().contains("cut off"));
    }

    #[test]
    fn where_nodes_read_the_file_the_first_part_waits_for_nothing() {
        let bytes = file(64, 200, Format::Jpeg);
        let parts = Parts { is_shared: true, ..parts(4, CutKind::Rows) };
        let (mut told, mut first) = (Vec::new(), None);
        let operation = Operation::parse("edges").unwrap();
        // All that is known is the head.
        let outcome = Cutting::find(&bytes[..700], &operation, parts, &mut |found| {
            match found {
                Found::Cutting(cutting) => first = Some(cutting),
                Found::Parts(parts) => told.push(parts),
                Found::Whole => panic!(),
            }
            true
        });
        assert!(outcome.unwrap_err().contains("cut off"));
        assert_eq!(told, [1]);
        let strip = first.unwrap().strip(0).unwrap();
        assert_eq!((strip.offset, strip.offset + strip.bytes), (strip.head_bytes, 700));
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
    fn what_gains_nothing_stays_whole_if_nobody_asked_for_parts() {
        let stays_whole = |bytes: &[u8], count, operation: &str| {
            let mut is_whole = false;
            let parts = Parts { may_stay_whole: true, ..parts(count, CutKind::Rows) };
            Cutting::find(bytes, &Operation::parse(operation).unwrap(), parts, &mut |found| {
                is_whole |= matches!(found, Found::Whole);
                true
            })
            .unwrap();
            is_whole
        };
        let jpeg = file(64, 100, Format::Jpeg);
        assert!(!stays_whole(&jpeg, 7, "edges") && stays_whole(&jpeg, 8, "edges"), "it has 7 rows of MCUs");
        assert!(stays_whole(&jpeg, 2, "resize[percent=10]"), "its result has one");
        assert!(
            stays_whole(&jpeg, 1, "edges") && stays_whole(&file(64, 100, Format::Png), 2, "blur[size=31]")
        );
    }

    #[test]
    fn what_cannot_be_cut_is_told_with_operation_and_remedy() {
        let why = survey(&file(64, 5, Format::Png), parts(9, CutKind::Rows)).unwrap_err();
        assert_eq!(
            why,
            "edges on 64 x 5 pixels: 9 parts are more than the 5 rows of the result; ask for 5 at most"
        );
        let jpeg = file(64, 100, Format::Jpeg);
        let refused = |bytes: &[u8]| survey(bytes, parts(2, CutKind::Rows)).unwrap_err();
        assert!(refused(b"nothing").starts_with("cannot do edges: not an image of a known format"));
        assert_eq!(
            refused(&jpeg[..jpeg.len() / 2]),
            "cannot do edges: the JPEG file is cut off: it ends within a scan; copy it again from its source"
        );
    }
}
