//! Times the codec on command, for `against_opencv.py`, which runs OpenCV beside it on the same files.
//!
//! Reads lines `LEVEL ACTION PATH` and answers each with the nanoseconds of processor time that the action took: `decode`
//! a file or, `decode-gray`, its luminance; `jpeg` or `png` encode its pixels, `gray-jpeg` or `gray-png` its first channel; `index` a JPEG; decode and encode it, `whole` or in four
//! `strips`; any other action is an operation that is done from file to file. Buffers are kept between lines, as a node keeps them between tasks.

use std::io::{BufRead, Write};

use imaging::codec::{
    EncodeOptions, Format, Limits, Scratch, decode, decode_gray_with, decode_with, encode_with, jpeg,
};
use imaging::image::{Channels, Image};
use imaging::operation::{self, Operation};
use lanes::Level;
use rustix::time::{ClockId, clock_gettime};

/// The file of the last line and what is made of it, so that only the action is timed.
struct Subject {
    path: String,
    bytes: Vec<u8>,
    rgb: Image,
    gray: Image,
}

impl Subject {
    fn load(path: &str) -> Result<Subject, Box<dyn std::error::Error>> {
        let bytes = std::fs::read(path)?;
        let rgb = decode(&bytes, &Limits::default())?.image.into_rgb();
        let samples = rgb.samples.iter().step_by(3).copied().collect();
        let gray = Image { channels: Channels::Gray, samples, ..rgb };
        Ok(Subject { path: path.into(), bytes, rgb, gray })
    }
}

/// Buffers for one level.
struct Buffers {
    codec: Scratch,
    operation: operation::Scratch,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let buffers = |level| Buffers {
        codec: Scratch::with_level(level),
        operation: operation::Scratch::with_level(level),
    };
    let mut all: Vec<_> = Level::available().into_iter().map(|l| (l.name(), buffers(l))).collect();
    let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
    println!("{}", names.join(" "));
    let mut subject: Option<Subject> = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let [level, action, path] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            return Err(format!("expected LEVEL ACTION PATH, got {line:?}").into());
        };
        if subject.as_ref().is_none_or(|s| s.path != path) {
            subject = Some(Subject::load(path)?);
        }
        let (Some(subject), Some((_, buffers))) = (&subject, all.iter_mut().find(|(name, _)| *name == level))
        else {
            return Err(format!("no level {level}, there are {names:?}").into());
        };
        println!("{}", time(action, subject, buffers)?);
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn time(action: &str, subject: &Subject, buffers: &mut Buffers) -> Result<i64, Box<dyn std::error::Error>> {
    let (image, format) = match action {
        "decode" | "decode-gray" => {
            let decode = if action == "decode" { decode_with } else { decode_gray_with };
            let start = processor_time();
            let decoded = decode(&subject.bytes, &Limits::default(), &mut buffers.codec)?;
            let nanoseconds = processor_time() - start;
            buffers.codec.recycle(decoded.image);
            return Ok(nanoseconds);
        }
        "jpeg" => (&subject.rgb, Format::Jpeg),
        "png" => (&subject.rgb, Format::Png),
        "gray-jpeg" => (&subject.gray, Format::Jpeg),
        "gray-png" => (&subject.gray, Format::Png),
        "index" => {
            let start = processor_time();
            std::hint::black_box(jpeg::index(&subject.bytes, &Limits::default(), &mut buffers.codec)?);
            return Ok(processor_time() - start);
        }
        "whole" | "strips" => {
            let start = processor_time();
            let bytes = again(&subject.bytes, if action == "whole" { 1 } else { 4 }, buffers)?;
            let nanoseconds = processor_time() - start;
            buffers.codec.recycle_bytes(std::hint::black_box(bytes));
            return Ok(nanoseconds);
        }
        operation => return file_to_file(&Operation::parse(operation)?, subject, buffers),
    };
    let start = processor_time();
    let bytes = encode_with(image, format, &EncodeOptions::default(), &mut buffers.codec)?;
    let nanoseconds = processor_time() - start;
    buffers.codec.recycle_bytes(std::hint::black_box(bytes));
    Ok(nanoseconds)
}

/// Decodes a JPEG and encodes it again, at once or in strips as nodes would.
fn again(bytes: &[u8], strips: usize, buffers: &mut Buffers) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let (limits, options) = (Limits::default(), EncodeOptions::default());
    if strips == 1 {
        let image = decode_with(bytes, &limits, &mut buffers.codec)?.image;
        let bytes = encode_with(&image, Format::Jpeg, &options, &mut buffers.codec)?;
        buffers.codec.recycle(image);
        return Ok(bytes);
    }
    let index = jpeg::index(bytes, &limits, &mut buffers.codec)?;
    let jpeg::Index { width, height, channels, .. } = index;
    let whole = jpeg::Whole { width, height, channels, quality: options.jpeg_quality };
    let unit = whole.strip_unit();
    let edge = |i: usize| (height * i / strips).next_multiple_of(unit).min(height);
    let mut coded = Vec::new();
    for i in 0..strips {
        let rows = edge(i)..edge(i + 1);
        if rows.is_empty() {
            continue;
        }
        let part = index.cut(bytes, &rows)?;
        let image = jpeg::decode_strip(&part, rows.clone(), &limits, &mut buffers.codec)?;
        coded.push(jpeg::encode_strip(&image, rows.start, &whole, &mut buffers.codec)?);
        buffers.codec.recycle(image);
    }
    Ok(jpeg::stitch(&whole, &coded)?)
}

fn file_to_file(
    operation: &Operation,
    subject: &Subject,
    buffers: &mut Buffers,
) -> Result<i64, Box<dyn std::error::Error>> {
    let start = processor_time();
    let decode = if operation.sees_luminance_only() { decode_gray_with } else { decode_with };
    let decoded = decode(&subject.bytes, &Limits::default(), &mut buffers.codec)?;
    let result = operation.apply_with(decoded.image, &mut buffers.operation)?;
    let bytes = encode_with(&result, decoded.format, &EncodeOptions::default(), &mut buffers.codec)?;
    let nanoseconds = processor_time() - start;
    buffers.codec.recycle(result);
    buffers.codec.recycle_bytes(std::hint::black_box(bytes));
    Ok(nanoseconds)
}

/// Nanoseconds that this thread has computed: other programs on the machine disturb it less than the clock on the wall.
fn processor_time() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
