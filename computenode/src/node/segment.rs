//! One part of an image: its pixels, as far as what is known of the whole picture reaches.

use super::{Ending, Node, Origin, Product};
use crate::budget;
use crate::files::DataFolder;
use crate::kept::{Begun, PhaseKey};
use crate::pixels::{Bench, check_label, failed, side, timed, undecodable};
use crate::trouble::Trouble;
use imaging::codec::jpeg::{RowStart, SourceStrip, decode_strip};
use imaging::codec::{EncodeOptions, Format};
use imaging::error::{DecodeError, Measure};
use imaging::image::Image;
use imaging::operation::Operation;
use imaging::segment::{
    AssemblyError, Cut, Piece, Plan, Progress, SegmentError, Size, Summary, begin, finish,
};
use wire::division::{JpegStrip, Segment, SegmentCut, SegmentSource};
use wire::node::{AttemptResult, AttemptTimings, FailureKind, FaultKind};

/// Parts of one image at most: far more than anybody has nodes.
const MOST_PARTS: usize = 65_536;

/// The bytes that a part's pixels come from.
enum Bytes {
    /// The whole file.
    Whole(Vec<u8>),
    /// The file's head and the strip's data.
    Strip(Vec<u8>, Vec<u8>, JpegStrip),
}

/// A part as this node works on it.
pub(super) struct Part<'node> {
    pub(super) segment: Segment,
    pub(super) operation: Operation,
    /// Where the file is, unless it came inline.
    pub(super) folder: Option<DataFolder<'node>>,
}

impl Part<'_> {
    /// The file's name, where there is one.
    fn name(&self) -> Option<&str> {
        match &self.segment.source {
            SegmentSource::Shared(file) => Some(&file.file_name),
            SegmentSource::Inline(_) => None,
        }
    }

    fn plan(&self) -> Result<Plan, Trouble> {
        let Segment { width, height, cut, .. } = &self.segment;
        let numbers = |bands: &[u32]| bands.iter().map(|band| f64::from(*band)).collect::<Vec<f64>>();
        let cut = match cut {
            SegmentCut::Rows(heights) => Cut::Rows(numbers(heights)),
            SegmentCut::Columns(widths) => Cut::Columns(numbers(widths)),
            SegmentCut::Tiles { columns, rows } => {
                Cut::Tiles { columns: *columns as usize, rows: *rows as usize }
            }
        };
        if cut.parts() > MOST_PARTS {
            let why = format!("{} parts are too many; {MOST_PARTS} at most", cut.parts());
            return Err(Trouble::Request("segment", why));
        }
        let size = Size { width: *width as usize, height: *height as usize };
        Plan::new(&self.operation, size, &cut)
            .map_err(|error| failed(self.name(), FailureKind::Operation, &error))
    }

    /// What could not be put together is the request's fault, unless the operation says that it is the image's.
    fn segment_trouble(&self, error: &SegmentError) -> Trouble {
        match error {
            SegmentError::Operation(why) => failed(self.name(), FailureKind::Operation, why),
            other => Trouble::Request("segment", other.to_string()),
        }
    }
}

impl Node {
    pub(super) fn work_on_segment(
        &self,
        origin: &Origin,
        part: &Part<'_>,
        timings: &mut AttemptTimings,
    ) -> Result<Product, Ending> {
        let Segment { width, height, .. } = part.segment;
        let (pixels, limit) = (u64::from(width) * u64::from(height), self.pixels.limits().max_pixels);
        if pixels > limit {
            let error = DecodeError::TooLarge { what: Measure::Pixels, actual: pixels, limit };
            return Err(undecodable(part.name(), &error).into());
        }
        let plan = part.plan()?;
        let summaries = self.summaries(part)?;
        let number = part.segment.part as usize;
        let begun = (!summaries.is_empty())
            .then(|| self.kept.take(&phase(origin, &part.segment, summaries.len())))
            .flatten();
        let source = match &begun {
            Some(_) => None,
            None => Some(timed(&mut timings.read, || self.read_segment(part))?),
        };
        let bytes_in = match &source {
            Some(Bytes::Whole(bytes)) => bytes.len() as u64,
            Some(Bytes::Strip(head, data, _)) => (head.len() + data.len()) as u64,
            None => 0,
        };
        let size = plan.part(number).map_err(|error| part.segment_trouble(&error))?.result.size();
        let pixels = match &source {
            Some(Bytes::Whole(_)) => plan.source(),
            _ => size,
        };
        let need = budget::need(bytes_in, pixels.width as u64, pixels.height as u64);
        let piece = self.pixels.on_core(part.name(), need, timings, |bench, timings| {
            let (progress, format) = match (begun, source) {
                (Some(Begun { waiting, format, .. }), _) => {
                    let last = summaries.last().ok_or_else(no_source)?;
                    let next =
                        timed(&mut timings.operation, || waiting.resume(&plan, last, &mut bench.operation));
                    (next.map_err(|error| part.segment_trouble(&error))?, format)
                }
                (None, source) => {
                    let source = source.ok_or_else(no_source)?;
                    self.begin_segment(part, &plan, source, &summaries, bench, timings)?
                }
            };
            self.piece(origin, part, &plan, progress, format, bench, timings)
        })?;
        let (width, height) = (side(size.width), side(size.height));
        let (head, body) = piece.to_slices();
        let bytes_out = (head.len() + body.len()) as u64;
        let result = match (&part.folder, &piece) {
            (Some(folder), Piece::Pixels(_) | Piece::Strip(..)) => {
                let (name, temporary) =
                    timed(&mut timings.write, || origin.write_temporary(folder, "", &[&head, body]))?;
                self.pass_fence(&origin.job_key, origin.epoch)?;
                temporary.keep();
                AttemptResult::TemporaryFile(name)
            }
            _ => AttemptResult::Inline([&head, body].concat()),
        };
        if let Piece::Strip(strip, _) = piece {
            self.pixels.recycle(strip.bits);
        }
        Ok(Product { result, bytes_in, bytes_out, width, height, checksum: None })
    }

    fn summaries(&self, part: &Part<'_>) -> Result<Vec<Summary>, Trouble> {
        let summaries = part.segment.summaries.iter().map(|bytes| Summary::from_bytes(bytes));
        summaries.collect::<Result<_, _>>().map_err(|error| part.segment_trouble(&error))
    }

    fn read_segment(&self, part: &Part<'_>) -> Result<Bytes, Trouble> {
        let most = self.pixels.max_bytes();
        match (&part.segment.source, &part.folder, part.segment.strip) {
            (SegmentSource::Shared(file), Some(folder), None) => {
                folder.read(&file.file_name, most).map(Bytes::Whole)
            }
            (SegmentSource::Shared(file), Some(folder), Some(strip)) => {
                let ranges = [(0, strip.head_bytes), (strip.offset, strip.bytes)];
                let [head, data] = folder.read_ranges(&file.file_name, ranges, most)?;
                Ok(Bytes::Strip(head, data, strip))
            }
            (SegmentSource::Inline(bytes), _, None) => Ok(Bytes::Whole(bytes.clone())),
            (SegmentSource::Inline(bytes), _, Some(strip)) => {
                let head = usize::try_from(strip.head_bytes).ok().and_then(|at| bytes.split_at_checked(at));
                let (head, data) = head.ok_or_else(|| {
                    Trouble::Request(
                        "segment.strip",
                        "its head is longer than the bytes that came".to_owned(),
                    )
                })?;
                Ok(Bytes::Strip(head.to_vec(), data.to_vec(), strip))
            }
            (SegmentSource::Shared(_), None, _) => Err(no_source()),
        }
    }

    /// Decodes what the part needs and goes as far as the summaries reach.
    fn begin_segment(
        &self,
        part: &Part<'_>,
        plan: &Plan,
        source: Bytes,
        summaries: &[Summary],
        bench: &mut Bench,
        timings: &mut AttemptTimings,
    ) -> Result<(Progress, Format), Trouble> {
        let number = part.segment.part as usize;
        let (pixels, format) = match source {
            Bytes::Whole(bytes) => {
                let decoded = self.pixels.decode(&bytes, part.name(), bench, timings)?;
                if Size::of(&decoded.image) != plan.source() {
                    return Err(changed(part));
                }
                let own =
                    plan.source_of(number, &decoded.image).map_err(|error| part.segment_trouble(&error))?;
                bench.codec.recycle(decoded.image);
                (own, decoded.format)
            }
            Bytes::Strip(head, data, strip) => {
                (self.decode_strip(part, plan, &head, &data, strip, bench, timings)?, Format::Jpeg)
            }
        };
        let progress = timed(&mut timings.operation, || {
            let mut progress = begin(plan, number, pixels, &mut bench.operation)?;
            for summary in summaries {
                progress = match progress {
                    Progress::Waiting(waiting) => waiting.resume(plan, summary, &mut bench.operation)?,
                    Progress::Finished(_) => return Err(SegmentError::WrongSummary),
                };
            }
            Ok(progress)
        });
        Ok((progress.map_err(|error| part.segment_trouble(&error))?, format))
    }

    #[expect(clippy::too_many_arguments, reason = "a strip is its head, its data and how it begins")]
    fn decode_strip(
        &self,
        part: &Part<'_>,
        plan: &Plan,
        head: &[u8],
        data: &[u8],
        strip: JpegStrip,
        bench: &mut Bench,
        timings: &mut AttemptTimings,
    ) -> Result<Image, Trouble> {
        check_label(part.name(), Format::Jpeg)
            .map_err(|why| failed(part.name(), FailureKind::Unsupported, &why))?;
        let number = part.segment.part as usize;
        let area = plan.part(number).map_err(|error| part.segment_trouble(&error))?.source;
        let JpegStrip { offset, bit, restart, left, predictors, .. } = strip;
        let source = SourceStrip {
            head,
            data,
            first_mcu_row: strip.first_mcu_row as usize,
            start: RowStart { offset, bit, restart, left, predictors },
        };
        let rows = timed(&mut timings.decode, || {
            decode_strip(&source, area.y..area.y + area.height, self.pixels.limits(), &mut bench.codec)
        });
        let rows = rows.map_err(|error| undecodable(part.name(), &error))?;
        if rows.width != plan.source().width {
            return Err(changed(part));
        }
        plan.source_in_rows(number, rows).map_err(|error| part.segment_trouble(&error))
    }

    #[expect(clippy::too_many_arguments, reason = "the last step needs what the others made")]
    fn piece(
        &self,
        origin: &Origin,
        part: &Part<'_>,
        plan: &Plan,
        progress: Progress,
        format: Format,
        bench: &mut Bench,
        timings: &mut AttemptTimings,
    ) -> Result<Piece, Trouble> {
        let number = part.segment.part as usize;
        match progress {
            Progress::Waiting(waiting) => {
                let seen = waiting.partial().clone();
                let area = plan.part(number).map_err(|error| part.segment_trouble(&error))?.source;
                // Its pixels, and about as much for what it has made of them.
                let bytes = 2 * 3 * area.width * area.height;
                let next = phase(origin, &part.segment, part.segment.summaries.len() + 1);
                self.kept.keep(next, Begun { waiting, format, bytes });
                Ok(Piece::Seen(seen))
            }
            Progress::Finished(pixels) => {
                let options = EncodeOptions::default();
                let coded = timed(&mut timings.encode, || {
                    finish(plan, number, pixels, format, &options, &mut bench.codec)
                });
                coded.map_err(|error| match error {
                    AssemblyError::Segment(error) => part.segment_trouble(&error),
                    AssemblyError::Encode(error) => failed(part.name(), FailureKind::Operation, &error),
                })
            }
        }
    }
}

fn phase(origin: &Origin, segment: &Segment, summaries: usize) -> PhaseKey {
    PhaseKey {
        job_key: origin.job_key.clone(),
        epoch: origin.epoch,
        server_incarnation: origin.server_incarnation,
        image: segment.image,
        part: segment.part,
        summaries,
    }
}

fn changed(part: &Part<'_>) -> Trouble {
    failed(part.name(), FailureKind::Corrupt, &"the file has changed since it was cut: submit the job again")
}

fn no_source() -> Trouble {
    Trouble::Node(FaultKind::Internal, "a segment without a source".to_owned())
}
