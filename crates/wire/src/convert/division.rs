//! Segments and batches: what travels in one piece is cut by its lengths.

use super::{Unfit, count, enumerations, micros, out, time};
use crate::division::{
    Batch, BatchImages, BatchItem, BatchSize, Division, DoneItem, ItemResult, JpegStrip, Segment, SegmentCut,
    SegmentSource, Way,
};
use crate::node::{FailureKind, SharedFile};
use idl::ballast as interface;

enumerations! {
    "cut": CutKind <=> crate::division::CutKind {
        ROWS = Rows,
        COLUMNS = Columns,
        TILES = Tiles,
    }
}

/// Cuts `bytes` into pieces of these lengths, which must use it up.
fn pieces(field: &'static str, bytes: &[u8], lengths: &[i32]) -> Result<Vec<Vec<u8>>, Unfit> {
    let mut rest = bytes;
    let mut pieces = Vec::with_capacity(lengths.len());
    for length in lengths {
        let length: usize = count(field, *length)?;
        let (piece, behind) = rest
            .split_at_checked(length)
            .ok_or_else(|| Unfit::new(field, "the lengths are more than the bytes that came"))?;
        pieces.push(piece.to_vec());
        rest = behind;
    }
    if rest.is_empty() {
        Ok(pieces)
    } else {
        Err(Unfit::new(field, "the lengths are less than the bytes that came"))
    }
}

fn numbers(field: &'static str, numbers: Vec<i32>) -> Result<Vec<u32>, Unfit> {
    numbers.into_iter().map(|number| count(field, number)).collect()
}

impl From<JpegStrip> for interface::JpegStrip {
    fn from(strip: JpegStrip) -> Self {
        Self {
            head_bytes: out(strip.head_bytes),
            offset: out(strip.offset),
            bytes: out(strip.bytes),
            first_mcu_row: out(strip.first_mcu_row),
            bit: i32::from(strip.bit),
            restart: i32::from(strip.restart),
            left: strip.left.map(out),
            predictors: strip.predictors.to_vec(),
        }
    }
}

impl TryFrom<interface::JpegStrip> for JpegStrip {
    type Error = Unfit;

    fn try_from(strip: interface::JpegStrip) -> Result<Self, Unfit> {
        let small = |field, number: i32| -> Result<u8, Unfit> {
            count(field, number)
                .ok()
                .filter(|number| *number < 8)
                .ok_or_else(|| Unfit::new(field, format!("{number} is out of range; 0 to 7 is right")))
        };
        Ok(Self {
            head_bytes: count("head_bytes", strip.head_bytes)?,
            offset: count("offset", strip.offset)?,
            bytes: count("bytes", strip.bytes)?,
            first_mcu_row: count("first_mcu_row", strip.first_mcu_row)?,
            bit: small("bit", strip.bit)?,
            restart: small("restart", strip.restart)?,
            left: strip.left.map(|left| count("left", left)).transpose()?,
            predictors: strip
                .predictors
                .try_into()
                .map_err(|_| Unfit::new("predictors", "four components have four predictors"))?,
        })
    }
}

/// The parts of a request that tell of a segment: the file, the segment, and what lies in `source`.
pub(super) type SegmentFields = (Option<SharedFile>, interface::Segment, Vec<u8>);

pub(super) fn segment_out(segment: &Segment) -> SegmentFields {
    let (file, inline) = match &segment.source {
        SegmentSource::Shared(file) => (Some(file.clone()), &[][..]),
        SegmentSource::Inline(bytes) => (None, &bytes[..]),
    };
    let all = std::iter::once(inline).chain(segment.summaries.iter().map(|summary| &summary[..]));
    let lengths = all.clone().map(|piece| out(piece.len() as u64)).collect();
    let source = all.collect::<Vec<_>>().concat();
    let list = |bands: &[u32]| Some(bands.iter().map(|band| out(*band)).collect());
    let (mut row_heights, mut column_widths, mut tiles) = (None, None, None);
    match &segment.cut {
        SegmentCut::Rows(heights) => row_heights = list(heights),
        SegmentCut::Columns(widths) => column_widths = list(widths),
        SegmentCut::Tiles { columns, rows } => tiles = Some((out(*columns), out(*rows))),
    }
    let generated = interface::Segment {
        image: out(segment.image),
        width: out(segment.width),
        height: out(segment.height),
        part: out(segment.part),
        row_heights,
        column_widths,
        tile_columns: tiles.map(|(columns, _)| columns),
        tile_rows: tiles.map(|(_, rows)| rows),
        strip: segment.strip.map(interface::JpegStrip::from),
        lengths,
    };
    (file, generated, source)
}

pub(super) fn segment_in(
    segment: interface::Segment,
    file: Option<SharedFile>,
    source: &[u8],
) -> Result<Segment, Unfit> {
    let mut all = pieces("lengths", source, &segment.lengths)?.into_iter();
    let inline = all.next().ok_or_else(|| Unfit::new("lengths", "the first is that of the inline bytes"))?;
    let source = match file {
        Some(_) if !inline.is_empty() => {
            return Err(Unfit::new("file", "a segment is by path or inline, not both"));
        }
        Some(file) => SegmentSource::Shared(file),
        None => SegmentSource::Inline(inline),
    };
    let cut = match (segment.row_heights, segment.column_widths, segment.tile_columns, segment.tile_rows) {
        (Some(heights), None, None, None) => SegmentCut::Rows(numbers("row_heights", heights)?),
        (None, Some(widths), None, None) => SegmentCut::Columns(numbers("column_widths", widths)?),
        (None, None, Some(columns), Some(rows)) => {
            SegmentCut::Tiles { columns: count("tile_columns", columns)?, rows: count("tile_rows", rows)? }
        }
        _ => return Err(Unfit::new("segment", "exactly one way of cutting must be set")),
    };
    Ok(Segment {
        source,
        image: count("image", segment.image)?,
        width: count("width", segment.width)?,
        height: count("height", segment.height)?,
        part: count("part", segment.part)?,
        cut,
        strip: segment.strip.map(JpegStrip::try_from).transpose()?,
        summaries: all.collect(),
    })
}

/// The parts of a request that tell of a batch: the batch, and what lies in `source`.
pub(super) fn batch_out(batch: &Batch) -> (interface::Batch, Option<Vec<u8>>) {
    let operations = (!batch.operations.is_empty()).then(|| batch.operations.clone());
    let measure = batch.measure.then_some(true);
    match &batch.images {
        BatchImages::Shared { base_path, file_names } => {
            let (base_path, file_names) = (Some(base_path.clone()), Some(file_names.clone()));
            (interface::Batch { base_path, file_names, lengths: None, operations, measure }, None)
        }
        BatchImages::Inline(images) => {
            let lengths = Some(images.iter().map(|image| out(image.len() as u64)).collect());
            let generated =
                interface::Batch { base_path: None, file_names: None, lengths, operations, measure };
            (generated, Some(images.concat()))
        }
    }
}

pub(super) fn batch_in(batch: interface::Batch, source: Option<Vec<u8>>) -> Result<Batch, Unfit> {
    let images = match (batch.base_path, batch.file_names, batch.lengths, source) {
        (Some(base_path), Some(file_names), None, None) => BatchImages::Shared { base_path, file_names },
        (None, None, Some(lengths), Some(source)) => {
            BatchImages::Inline(pieces("lengths", &source, &lengths)?)
        }
        _ => {
            return Err(Unfit::new(
                "batch",
                "a batch is by path or inline: base_path and file_names, or lengths",
            ));
        }
    };
    let operations = batch.operations.unwrap_or_default();
    if images.count() == 0 {
        return Err(Unfit::new("batch", "a batch has at least one image"));
    }
    if !operations.is_empty() && operations.len() != images.count() {
        return Err(Unfit::new("operations", "there must be one for each image, or none"));
    }
    Ok(Batch { images, operations, measure: batch.measure.unwrap_or(false) })
}

/// The items of a reply, and what lies in `result`.
pub(super) fn items_out(items: Vec<BatchItem>) -> (Vec<interface::BatchItem>, Option<Vec<u8>>) {
    let mut result = Vec::new();
    let mut has_inline = false;
    let mut one = |item: BatchItem| {
        let mut generated = interface::BatchItem {
            temporary_name: None,
            inline_bytes: None,
            statistics: None,
            kind: None,
            why: None,
            bytes_in: 0,
            bytes_out: 0,
            width: 0,
            height: 0,
        };
        match item {
            Err((kind, why)) => (generated.kind, generated.why) = (Some(kind.into()), Some(why)),
            Ok(done) => {
                generated.bytes_in = out(done.bytes_in);
                generated.bytes_out = out(done.bytes_out);
                (generated.width, generated.height) = (out(done.width), out(done.height));
                match done.result {
                    ItemResult::TemporaryFile(name) => generated.temporary_name = Some(name),
                    ItemResult::Inline(bytes) => {
                        has_inline = true;
                        generated.inline_bytes = Some(out(bytes.len() as u64));
                        result.extend_from_slice(&bytes);
                    }
                    ItemResult::Statistics(counts) => {
                        generated.statistics = Some(counts.iter().flat_map(|n| n.to_le_bytes()).collect());
                    }
                }
            }
        }
        generated
    };
    let items = items.into_iter().map(&mut one).collect();
    (items, has_inline.then_some(result))
}

pub(super) fn items_in(
    items: Vec<interface::BatchItem>,
    result: Option<Vec<u8>>,
) -> Result<Vec<BatchItem>, Unfit> {
    let result = result.unwrap_or_default();
    let mut rest = &result[..];
    let items = items.into_iter().map(|item| item_in(item, &mut rest)).collect::<Result<Vec<_>, Unfit>>()?;
    if rest.is_empty() { Ok(items) } else { Err(Unfit::new("items", "more bytes came than the items have")) }
}

fn item_in(item: interface::BatchItem, rest: &mut &[u8]) -> Result<BatchItem, Unfit> {
    if let Some(kind) = item.kind {
        return Ok(Err((FailureKind::try_from(kind)?, item.why.unwrap_or_default())));
    }
    let result = match (item.temporary_name, item.inline_bytes, item.statistics) {
        (Some(name), None, None) => ItemResult::TemporaryFile(name),
        (None, Some(bytes), None) => {
            let bytes: usize = count("inline_bytes", bytes)?;
            let (own, behind) = rest
                .split_at_checked(bytes)
                .ok_or_else(|| Unfit::new("inline_bytes", "the items have more bytes than came"))?;
            *rest = behind;
            ItemResult::Inline(own.to_vec())
        }
        (None, None, Some(bytes)) => {
            let (counts, odd) = bytes.as_chunks::<8>();
            if counts.len() != 256 || !odd.is_empty() {
                return Err(Unfit::new("statistics", "256 counts of 8 bytes are right"));
            }
            ItemResult::Statistics(counts.iter().map(|count| u64::from_le_bytes(*count)).collect())
        }
        _ => return Err(Unfit::new("items", "an item is a result, statistics or a failure")),
    };
    Ok(Ok(DoneItem {
        result,
        bytes_in: count("bytes_in", item.bytes_in)?,
        bytes_out: count("bytes_out", item.bytes_out)?,
        width: count("width", item.width)?,
        height: count("height", item.height)?,
    }))
}

/// The parts of a job's request that tell of its division.
pub(super) fn division_out(
    division: Division,
) -> (Option<interface::Segmentation>, Option<interface::Batching>, Option<bool>) {
    let data_set = division.data_set.then_some(true);
    match division.way {
        Way::Images => (None, None, data_set),
        Way::Segments { parts, cut } => {
            (Some(interface::Segmentation { parts: parts.map(out), cut: cut.into() }), None, data_set)
        }
        Way::Batches(BatchSize::Images(images)) => {
            (None, Some(interface::Batching { images: Some(out(images)), target_us: None }), data_set)
        }
        Way::Batches(BatchSize::Target(target)) => {
            (None, Some(interface::Batching { images: None, target_us: Some(micros(target)) }), data_set)
        }
    }
}

pub(super) fn division_in(
    segmentation: Option<interface::Segmentation>,
    batching: Option<interface::Batching>,
    data_set: Option<bool>,
) -> Result<Division, Unfit> {
    let way = match (segmentation, batching) {
        (None, None) => Way::Images,
        (Some(segmentation), None) => {
            let parts = segmentation.parts.map(|parts| count("parts", parts)).transpose()?;
            if parts == Some(0) {
                return Err(Unfit::new("parts", "an image has at least one part"));
            }
            Way::Segments { parts, cut: segmentation.cut.try_into()? }
        }
        (None, Some(interface::Batching { images: Some(images), target_us: None })) => {
            match count("images", images)? {
                0 => return Err(Unfit::new("images", "a batch has at least one image")),
                images => Way::Batches(BatchSize::Images(images)),
            }
        }
        (None, Some(interface::Batching { images: None, target_us: Some(target) })) => {
            Way::Batches(BatchSize::Target(time("target_us", target)?))
        }
        (None, Some(_)) => {
            return Err(Unfit::new("batching", "exactly one of images and target_us must be set"));
        }
        (Some(_), Some(_)) => {
            return Err(Unfit::new("batching", "images go in segments or in batches, not both"));
        }
    };
    Ok(Division { way, data_set: data_set.unwrap_or(false) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::division::CutKind;
    use std::time::Duration;

    fn segment(source: SegmentSource, cut: SegmentCut) -> Segment {
        let strip = JpegStrip {
            head_bytes: 600,
            offset: 9_000,
            bytes: 400,
            first_mcu_row: 7,
            bit: 3,
            restart: 0,
            left: None,
            predictors: [-5, 4, 0, 0],
        };
        Segment {
            source,
            image: 3,
            width: 640,
            height: 480,
            part: 1,
            cut,
            strip: Some(strip),
            summaries: vec![vec![1, 2], Vec::new(), vec![9]],
        }
    }

    #[test]
    fn segments_survive_the_way_there_and_back() {
        let file = SharedFile { base_path: "/data".to_owned(), file_name: "a.jpg".to_owned() };
        for source in [SegmentSource::Shared(file), SegmentSource::Inline(vec![7, 8, 9])] {
            let cuts = [
                SegmentCut::Rows(vec![16, 32, 5]),
                SegmentCut::Columns(vec![600, 40]),
                SegmentCut::Tiles { columns: 3, rows: 2 },
            ];
            for cut in cuts {
                let segment = segment(source.clone(), cut);
                let (file, generated, bytes) = segment_out(&segment);
                assert_eq!(segment_in(generated, file, &bytes), Ok(segment));
            }
        }
    }

    #[test]
    fn lengths_are_not_believed() {
        let whole = segment(SegmentSource::Inline(vec![7, 8, 9]), SegmentCut::Rows(vec![1]));
        let (_, generated, bytes) = segment_out(&whole);
        for lengths in [vec![], vec![7], vec![3, 2, 0, 2], vec![-1], vec![i32::MAX]] {
            let changed = interface::Segment { lengths, ..generated.clone() };
            assert_eq!(segment_in(changed, None, &bytes).unwrap_err().field, "lengths");
        }
        let file = SharedFile { base_path: "/data".to_owned(), file_name: "a.jpg".to_owned() };
        assert_eq!(segment_in(generated.clone(), Some(file), &bytes).unwrap_err().field, "file");
        let two_ways = interface::Segment { tile_rows: Some(1), ..generated };
        assert_eq!(segment_in(two_ways, None, &bytes).unwrap_err().field, "segment");
    }

    #[test]
    fn batches_and_their_items_survive_the_way_there_and_back() {
        let names = vec!["a.png".to_owned(), "b.png".to_owned()];
        let batches = [
            Batch {
                images: BatchImages::Shared { base_path: "/data".to_owned(), file_names: names.clone() },
                operations: Vec::new(),
                measure: true,
            },
            Batch {
                images: BatchImages::Inline(vec![vec![1, 2], vec![], vec![3]]),
                operations: vec!["red".to_owned(), "blue".to_owned(), "edges".to_owned()],
                measure: false,
            },
        ];
        for batch in batches {
            let (generated, source) = batch_out(&batch);
            assert_eq!(batch_in(generated, source), Ok(batch));
        }
        let done = |result| Ok(DoneItem { result, bytes_in: 1, bytes_out: 2, width: 3, height: 4 });
        let items = vec![
            done(ItemResult::Inline(vec![1, 2, 3])),
            Err((FailureKind::Corrupt, "bad".to_owned())),
            done(ItemResult::TemporaryFile("x.tmp".to_owned())),
            done(ItemResult::Statistics((0..256).collect())),
            done(ItemResult::Inline(vec![4])),
        ];
        let (generated, result) = items_out(items.clone());
        assert_eq!(items_in(generated.clone(), result), Ok(items));
        assert_eq!(items_in(generated, Some(vec![0; 9])).unwrap_err().field, "items");
    }

    #[test]
    fn divisions_survive_the_way_there_and_back() {
        let ways = [
            Way::Images,
            Way::Segments { parts: None, cut: CutKind::Tiles },
            Way::Segments { parts: Some(4), cut: CutKind::Rows },
            Way::Batches(BatchSize::Images(16)),
            Way::Batches(BatchSize::Target(Duration::from_millis(200))),
        ];
        for (way, data_set) in ways.into_iter().zip([true, false, true, false, true]) {
            let division = Division { way, data_set };
            let (segmentation, batching, data_set) = division_out(division);
            assert_eq!(division_in(segmentation, batching, data_set), Ok(division));
        }
        let none = interface::Batching { images: Some(0), target_us: None };
        assert_eq!(division_in(None, Some(none), None).unwrap_err().field, "images");
    }
}
