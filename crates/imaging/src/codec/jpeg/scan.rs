//! The entropy-coded data of one scan: without stuffing, cut at its restart markers, checked at every cut.

use lanes::Level;
use lanes::jpeg_entropy_decode::BitReader;
use lanes::jpeg_stuffing::{Segment, Unstuffed, unstuff};

use super::index::RowStart;
use super::markers::Parser;
use super::{corrupt, truncated};
use crate::error::DecodeError;

/// Zeros behind the data, so that reading a whole word stays inside.
const PADDING: usize = 16;

/// Where the decoding of a scan stands.
pub(super) struct ScanData<'s> {
    data: &'s [u8],
    segments: &'s [Segment],
    /// Which segment is being read.
    current: usize,
    pub(super) reader: BitReader<'s>,
    /// MCUs a segment.
    interval: usize,
    /// MCUs that the current segment still has.
    left: usize,
    /// Whether a marker follows the scan; else the file ends within or right behind it.
    marker_follows: bool,
}

impl<'s> ScanData<'s> {
    /// Takes the scan's data out of the file and moves the parser behind them.
    pub(super) fn open(
        level: Level,
        parser: &mut Parser<'_>,
        data: &'s mut Vec<u8>,
        segments: &'s mut Vec<Segment>,
    ) -> Result<ScanData<'s>, DecodeError> {
        let rest = parser.rest();
        let found = unstuff(level, rest, 0, data, segments);
        parser.skip(found.consumed);
        let interval = interval(parser);
        ScanData::new(data, segments, found, rest.len(), interval, interval)
    }

    /// Goes on in the middle of a scan, with `part` of its data from a row's start on.
    pub(super) fn resume(
        level: Level,
        parser: &Parser<'_>,
        part: &[u8],
        start: &RowStart,
        data: &'s mut Vec<u8>,
        segments: &'s mut Vec<Segment>,
    ) -> Result<ScanData<'s>, DecodeError> {
        let found = unstuff(level, part, usize::from(start.restart), data, segments);
        let left = start.left.map_or(usize::MAX, |left| left as usize);
        let mut scan = ScanData::new(data, segments, found, part.len(), interval(parser), left)?;
        scan.reader = BitReader::new(scan.data, usize::from(start.bit & 7));
        Ok(scan)
    }

    fn new(
        data: &'s mut Vec<u8>,
        segments: &'s mut [Segment],
        found: Unstuffed,
        len: usize,
        interval: usize,
        left: usize,
    ) -> Result<ScanData<'s>, DecodeError> {
        data.resize(data.len() + PADDING, 0);
        if !found.in_order || (interval == usize::MAX && segments.len() > 1) {
            return Err(corrupt("restart markers out of order"));
        }
        let marker_follows = found.consumed < len;
        Ok(ScanData {
            reader: BitReader::new(data, 0),
            data,
            segments,
            current: 0,
            interval,
            left,
            marker_follows,
        })
    }

    /// Where the decoding stands: the byte in the data without stuffing, and what [`resume`](Self::resume) needs to know
    /// (except where that byte lies in the file).
    pub(super) fn row_start(&self, predictors: &[i32; 4]) -> (usize, RowStart) {
        let Segment { start, len } = self.segments[self.current];
        let bits = self.reader.position();
        let has_restarts = self.interval != usize::MAX;
        // A row that begins with a restart begins at the marker.
        let (byte, bit) =
            if has_restarts && self.left == 0 { (start + len, 0) } else { (start + bits / 8, bits % 8) };
        let row = RowStart {
            offset: 0,
            bit: bit as u8,
            restart: (self.current % 8) as u8,
            left: has_restarts.then_some(self.left as u32),
            predictors: *predictors,
        };
        (byte, row)
    }

    /// How many MCUs of `wanted` can be decoded in one go, and whether a restart comes first (predictors begin anew).
    pub(super) fn run(&mut self, wanted: usize) -> Result<(usize, bool), DecodeError> {
        let restart = self.left == 0;
        if restart {
            self.close_segment()?;
            self.current += 1;
            let segment = self.segments.get(self.current).ok_or_else(|| self.too_short())?;
            self.reader = BitReader::new(&self.data[segment.start..], 0);
            self.left = self.interval;
        }
        let run = wanted.min(self.left);
        // Without restarts the count never runs out.
        if self.interval != usize::MAX {
            self.left -= run;
        }
        Ok((run, restart))
    }

    /// Tells whether more was read than there is: call it often enough that little is decoded out of nothing.
    pub(super) fn check(&self) -> Result<(), DecodeError> {
        if self.reader.position() > 8 * self.segments[self.current].len {
            Err(self.too_short())
        } else {
            Ok(())
        }
    }

    fn too_short(&self) -> DecodeError {
        if self.marker_follows || self.current + 1 < self.segments.len() {
            corrupt("a scan ends before its image does")
        } else {
            truncated("it ends within a scan")
        }
    }

    /// A segment may end in some padding, but not in data that nobody asked for.
    fn close_segment(&self) -> Result<(), DecodeError> {
        self.check()?;
        let Segment { start, len } = self.segments[self.current];
        let used = self.reader.position().div_ceil(8);
        let rest = &self.data[start + used..start + len];
        if rest.iter().any(|byte| *byte != rest[0]) {
            return Err(corrupt("a scan has more data than its image"));
        }
        Ok(())
    }

    /// To be called when the last MCU has been decoded.
    pub(super) fn finish(&self) -> Result<(), DecodeError> {
        self.close_segment()?;
        if self.current + 1 < self.segments.len() {
            return Err(corrupt("a scan has more restart markers than its image needs"));
        }
        Ok(())
    }
}

/// MCUs between restarts; without any more than an image has.
fn interval(parser: &Parser<'_>) -> usize {
    if parser.restart_interval == 0 { usize::MAX } else { parser.restart_interval }
}
