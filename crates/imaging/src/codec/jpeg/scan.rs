//! The entropy-coded data of one scan: without stuffing, cut at its restart markers, checked at every cut.

use lanes::Level;
use lanes::jpeg_entropy_decode::BitReader;
use lanes::jpeg_stuffing::{Segment, unstuff};

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
        let found = unstuff(level, rest, data, segments);
        parser.skip(found.consumed);
        data.resize(data.len() + PADDING, 0);
        let interval = if parser.restart_interval == 0 { usize::MAX } else { parser.restart_interval };
        if !found.in_order || (interval == usize::MAX && segments.len() > 1) {
            return Err(corrupt("restart markers out of order"));
        }
        Ok(ScanData {
            reader: BitReader::new(data, 0),
            data,
            segments,
            current: 0,
            interval,
            left: interval,
            marker_follows: found.consumed < rest.len(),
        })
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
