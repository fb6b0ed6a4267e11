//! Encoded bytes to encoded bytes through an operation, each stage timed, on one of the node's cores.

use crate::budget::{self, Budget};
use crate::gate::Gate;
use crate::trouble::Trouble;
use imaging::codec::{self, Decoded, EncodeOptions, Format, Limits};
use imaging::error::{DecodeError, EncodeError, Measure};
use imaging::operation::{self, Operation};
use imaging::statistics::Statistics;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use wire::node::{AttemptTimings, FailureKind, FaultKind};

/// The cores and what lies on them.
#[derive(Debug)]
pub(crate) struct Pixels {
    limits: Limits,
    cores: Gate,
    /// What images may take while they are worked on.
    budget: Budget,
    /// An image that takes more leaves no memory for the next: together the benches stay below a quarter of the whole.
    most_kept: u64,
    /// Memory of earlier images, one bundle a core at most.
    benches: Mutex<Vec<Bench>>,
}

/// Memory that one image leaves for the next on the same core.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    pub(crate) codec: codec::Scratch,
    pub(crate) operation: operation::Scratch,
}

/// A finished image, as a file's bytes.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// One of the codec's ways to decode: as the file is, or luminance alone.
type Decode = fn(&[u8], &Limits, &mut codec::Scratch) -> Result<Decoded, DecodeError>;

impl Pixels {
    /// Pixel work on at most `cores` images at once, of which at most `holders` wait, with `memory` bytes for all of them.
    pub(crate) fn new(limits: Limits, cores: usize, holders: usize, memory: u64) -> Pixels {
        let kept = memory / 4;
        Pixels {
            limits,
            cores: Gate::new(cores, holders),
            budget: Budget::new(memory - kept),
            most_kept: kept / cores.max(1) as u64,
            benches: Mutex::default(),
        }
    }

    /// Largest encoded image that is taken, in bytes.
    pub(crate) fn max_bytes(&self) -> u64 {
        self.limits.max_bytes
    }

    /// Decodes `source`, applies `operation` and encodes the result in the source's format. `name` is the file's, where
    /// there is one: it must not promise another format.
    ///
    /// The wait for a free core counts as queue time.
    ///
    /// # Errors
    /// The image's fault, in a sentence that begins with its name.
    pub(crate) fn transform(
        &self,
        source: &[u8],
        name: Option<&str>,
        operation: &Operation,
        timings: &mut AttemptTimings,
    ) -> Result<Encoded, Trouble> {
        let need = self.need(source, name)?;
        self.on_core(name, need, timings, |bench, timings| {
            let decode =
                if operation.sees_luminance_only() { codec::decode_gray_with } else { codec::decode_with };
            let decoded = self.decode_by(decode, source, name, bench, timings)?;
            let result =
                timed(&mut timings.operation, || operation.apply_with(decoded.image, &mut bench.operation));
            let result = result.map_err(|error| failed(name, FailureKind::Operation, &error))?;
            let options = EncodeOptions::default();
            let encoded = timed(&mut timings.encode, || {
                codec::encode_with(&result, decoded.format, &options, &mut bench.codec)
            });
            let bytes = encoded.map_err(|error| unwritable(name, operation, &error))?;
            let [width, height] = [result.width, result.height].map(side);
            bench.codec.recycle(result);
            Ok(Encoded { bytes, width, height })
        })
    }

    /// Counts the samples of an image.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    pub(crate) fn measure(
        &self,
        source: &[u8],
        name: Option<&str>,
        timings: &mut AttemptTimings,
    ) -> Result<(Statistics, u32, u32), Trouble> {
        let need = self.need(source, name)?;
        self.on_core(name, need, timings, |bench, timings| {
            let Decoded { image, .. } = self.decode(source, name, bench, timings)?;
            let statistics = timed(&mut timings.operation, || Statistics::of(&image));
            let [width, height] = [image.width, image.height].map(side);
            bench.codec.recycle(image);
            Ok((statistics, width, height))
        })
    }

    /// What an image may take, by its header.
    fn need(&self, source: &[u8], name: Option<&str>) -> Result<u64, Trouble> {
        let header = codec::header(source, &self.limits).map_err(|error| undecodable(name, &error))?;
        Ok(budget::need(source.len() as u64, header.width as u64, header.height as u64))
    }

    /// Work on pixels that may take `need` bytes, on a core and with the memory that lies there. The wait for both counts as
    /// queue time. `name` is the image's, where it has one.
    ///
    /// # Errors
    /// The work's own; the node's if there is no core to wait for; the image's if there is never so much memory.
    pub(crate) fn on_core<T>(
        &self,
        name: Option<&str>,
        need: u64,
        timings: &mut AttemptTimings,
        work: impl FnOnce(&mut Bench, &mut AttemptTimings) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let core = timed(&mut timings.queue, || self.cores.enter());
        let _core = core.map_err(|_| {
            Trouble::Node(
                FaultKind::Internal,
                "more attempts wait for a core than the node has slots".to_owned(),
            )
        })?;
        let share = timed(&mut timings.queue, || self.budget.take(need));
        let _share = share.map_err(|never| failed(name, FailureKind::TooLarge, &never))?;
        let mut bench = self.take_bench();
        let done = work(&mut bench, timings)?;
        if need <= self.most_kept {
            self.benches.lock().unwrap_or_else(PoisonError::into_inner).push(bench);
        }
        Ok(done)
    }

    /// Decodes a file whose name, where there is one, must not promise another format.
    ///
    /// # Errors
    /// The image's fault, in a sentence that begins with its name.
    pub(crate) fn decode(
        &self,
        source: &[u8],
        name: Option<&str>,
        bench: &mut Bench,
        timings: &mut AttemptTimings,
    ) -> Result<Decoded, Trouble> {
        self.decode_by(codec::decode_with, source, name, bench, timings)
    }

    fn decode_by(
        &self,
        decode: Decode,
        source: &[u8],
        name: Option<&str>,
        bench: &mut Bench,
        timings: &mut AttemptTimings,
    ) -> Result<Decoded, Trouble> {
        let decoded = timed(&mut timings.decode, || decode(source, &self.limits, &mut bench.codec));
        let decoded = decoded.map_err(|error| undecodable(name, &error))?;
        check_label(name, decoded.format).map_err(|why| failed(name, FailureKind::Unsupported, &why))?;
        Ok(decoded)
    }

    /// Gives the bytes of a result that was written to the next one that is encoded.
    pub(crate) fn recycle(&self, bytes: Vec<u8>) {
        if let Some(bench) = self.benches.lock().unwrap_or_else(PoisonError::into_inner).last_mut() {
            bench.codec.recycle_bytes(bytes);
        }
    }

    /// Bounds on images.
    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    #[cfg(test)]
    pub(crate) fn hold_core(&self) -> crate::gate::Permit<'_> {
        self.cores.enter().unwrap()
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.cores.occupancy().queued
    }

    /// A bench that a failure or a panic left half-used is not put back: the next image gets a fresh one.
    fn take_bench(&self) -> Bench {
        self.benches.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }
}

/// Runs `work` and adds what it took to `total`.
pub(crate) fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    *total += started.elapsed();
    result
}

/// An image's fault, in a sentence that begins with its name.
pub(crate) fn failed(name: Option<&str>, kind: FailureKind, why: &dyn std::fmt::Display) -> Trouble {
    let shown = name.map_or_else(|| "the image".to_owned(), |name| format!("{name:?}"));
    Trouble::Image(kind, format!("{shown}: {why}"))
}

/// The fault of an image that cannot be decoded, with the option that moves a limit.
pub(crate) fn undecodable(name: Option<&str>, error: &DecodeError) -> Trouble {
    let option = match error {
        DecodeError::TooLarge { what: Measure::Pixels, .. } => "--max-image-pixels",
        DecodeError::TooLarge { what: Measure::Bytes, .. } => "--max-image-bytes",
        _ => return failed(name, kind_of(error), error),
    };
    failed(name, kind_of(error), &format!("{error}, or start the nodes with a larger {option}"))
}

/// The fault of a result that its file's format cannot hold.
pub(crate) fn unwritable(name: Option<&str>, operation: &Operation, error: &EncodeError) -> Trouble {
    failed(name, FailureKind::Operation, &format!("the result of {operation} cannot be kept: {error}"))
}

/// A side as it travels.
pub(crate) fn side(pixels: usize) -> u32 {
    u32::try_from(pixels).unwrap_or(u32::MAX)
}

fn kind_of(error: &DecodeError) -> FailureKind {
    match error {
        DecodeError::Empty => FailureKind::Empty,
        DecodeError::Unknown { .. } | DecodeError::Unsupported { .. } => FailureKind::Unsupported,
        DecodeError::Truncated { .. } => FailureKind::Truncated,
        DecodeError::Corrupt { .. } => FailureKind::Corrupt,
        DecodeError::TooLarge { .. } => FailureKind::TooLarge,
    }
}

/// A result goes to a file of the same name, so a name that promises another format would lie about the result too.
pub(crate) fn check_label(name: Option<&str>, content: Format) -> Result<(), String> {
    match name.and_then(Format::promised_by) {
        Some(promised) if promised != content => {
            Err(format!("its name says {promised} but it is {content}: rename it, or convert it"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imaging::image::{Channels, Image};

    fn pixels() -> Pixels {
        Pixels::new(Limits { max_bytes: 100_000, max_pixels: 10_000 }, 1, 4, 1 << 30)
    }

    fn image(width: usize, height: usize) -> Image {
        let samples = (0..width * height * 3).map(|index| (index * 7 % 251) as u8).collect();
        Image { width, height, channels: Channels::Rgb, samples }
    }

    fn png(width: usize, height: usize) -> Vec<u8> {
        codec::encode(&image(width, height), Format::Png, &EncodeOptions::default()).unwrap()
    }

    fn transform(source: &[u8], name: &str) -> Result<Encoded, Trouble> {
        let operation = Operation::parse("grayscale").unwrap();
        pixels().transform(source, Some(name), &operation, &mut AttemptTimings::default())
    }

    #[test]
    fn an_image_that_never_fits_into_the_memory_fails_and_a_large_one_leaves_none_behind() {
        let run = |memory: u64| {
            let pixels = Pixels::new(Limits::default(), 1, 4, memory);
            let operation = Operation::parse("grayscale").unwrap();
            let done =
                pixels.transform(&png(20, 10), Some("cat.png"), &operation, &mut AttemptTimings::default());
            (done.map(|_| ()), pixels.benches.lock().unwrap().len())
        };
        let (refused, _) = run(8 << 20);
        let Err(Trouble::Image(FailureKind::TooLarge, why)) = refused else { panic!("{refused:?}") };
        assert!(why.starts_with("\"cat.png\": ") && why.contains("--max-memory"), "{why}");
        // With the tables beside them these few pixels are more than a quarter of 16 MiB.
        assert_eq!(run(16 << 20), (Ok(()), 0));
        assert_eq!(run(1 << 30), (Ok(()), 1));
    }

    #[test]
    fn the_result_is_the_operations_in_the_sources_format() {
        let encoded = transform(&png(20, 10), "cat.png").unwrap();
        let result = codec::decode(&encoded.bytes, &Limits::default()).unwrap();
        let wanted = Operation::parse("grayscale").unwrap().apply(image(20, 10)).unwrap();
        assert_eq!((result.image, result.format), (wanted, Format::Png));
        assert_eq!((encoded.width, encoded.height), (20, 10));
    }

    #[test]
    fn a_bench_serves_again_and_a_bad_image_spoils_nothing() {
        let pixels = pixels();
        let operation = Operation::parse("edges").unwrap();
        let run = |source: &[u8]| pixels.transform(source, None, &operation, &mut AttemptTimings::default());
        let first = run(&png(40, 30)).unwrap().bytes;
        assert!(run(&png(40, 30)[..80]).is_err());
        run(&png(7, 90)).unwrap();
        assert_eq!(run(&png(40, 30)).unwrap().bytes, first);
        assert_eq!(pixels.benches.lock().unwrap().len(), 1);
        assert_eq!(pixels.cores.occupancy().inside, 0);
    }

    #[test]
    fn bad_images_fail_with_their_name_and_kind() {
        let whole = png(20, 10);
        let jpeg = codec::encode(&image(20, 10), Format::Jpeg, &EncodeOptions::default()).unwrap();
        let mut corrupt = whole.clone();
        let middle = corrupt.len() / 2;
        corrupt[middle..middle + 8].fill(0xAA);
        let cases: [(&str, &[u8], FailureKind); 7] = [
            ("empty.png", b"", FailureKind::Empty),
            ("text.png", b"this is no image at all", FailureKind::Unsupported),
            ("cut.png", &whole[..whole.len() / 2], FailureKind::Truncated),
            ("corrupt.png", &corrupt, FailureKind::Corrupt),
            ("really-jpeg.png", &jpeg, FailureKind::Unsupported),
            ("really-png.JPG", &whole, FailureKind::Unsupported),
            ("large.png", &png(101, 100), FailureKind::TooLarge),
        ];
        for (name, source, wanted) in cases {
            match transform(source, name) {
                Err(Trouble::Image(kind, why)) => {
                    assert_eq!(kind, wanted, "{why}");
                    assert!(why.starts_with(&format!("{name:?}: ")), "{why}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(
            transform(&jpeg, "really-jpeg.png").unwrap_err().to_string().contains("says PNG but it is JPEG")
        );
        assert!(transform(&jpeg, "without_extension").is_ok());
    }
}
