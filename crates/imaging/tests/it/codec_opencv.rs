//! The codec against OpenCV over photographs, noise and odd sizes, when Python has it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use imaging::codec::{EncodeOptions, Format, Limits, Scratch, decode, decode_with, encode_with};
use imaging::image::{Channels, Image};
use lanes::Level;

/// The folder that the reference script filled, once for all tests; `None`, with a line that says why, when it cannot run.
fn references() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(make_references).as_deref()
}

fn make_references() -> Option<PathBuf> {
    let python = std::env::var("BALLAST_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python).args(["-c", "import cv2, numpy, PIL"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: {python} has no cv2, numpy and PIL (pip install opencv-python-headless numpy pillow)"
        );
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codec_reference");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/opencv/codec_reference.py");
    let output = Command::new(&python).arg(script).arg(&folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(folder)
}

fn read_pnm(path: &Path) -> Image {
    let bytes = std::fs::read(path).unwrap();
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let header: Vec<_> = std::str::from_utf8(&bytes[..end]).unwrap().split(' ').collect();
    let channels = if header[0] == "P5" { Channels::Gray } else { Channels::Rgb };
    let (width, height) = (header[1].parse().unwrap(), header[2].parse().unwrap());
    Image { width, height, channels, samples: bytes[end + 1..].to_vec() }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Every level with buffers of its own.
fn scratches() -> Vec<(Level, Scratch)> {
    Level::available().into_iter().map(|level| (level, Scratch::with_level(level))).collect()
}

#[test]
fn decoded_pixels_are_opencvs() {
    let Some(folder) = references() else { return };
    let mut failures = Vec::new();
    let mut seen = 0;
    let mut scratches = scratches();
    for path in files(&folder.join("decode")) {
        if path.extension().is_some_and(|extension| extension == "pnm") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = read_pnm(Path::new(&format!("{}.pnm", path.display())));
        let bytes = std::fs::read(&path).unwrap();
        // The kernels are those of the JPEG decoder alone.
        let levels = if name.ends_with(".jpg") { scratches.len() } else { 1 };
        for (level, scratch) in scratches.iter_mut().rev().take(levels) {
            seen += 1;
            let difference = match decode_with(&bytes, &Limits::default(), scratch) {
                Err(e) => Some(e.to_string()),
                Ok(decoded) => difference(&decoded.image.into_rgb(), &expected),
            };
            failures.extend(difference.map(|difference| format!("{} {name}: {difference}", level.name())));
        }
    }
    assert!(seen > 500, "only {seen} files");
    assert!(failures.is_empty(), "{} of {seen} differ:\n{}", failures.len(), failures.join("\n"));
}

/// OpenCV makes a picture of nearly anything; ours refuses more. But what both read, both read alike.
#[test]
fn damaged_jpegs_are_errors_or_opencvs_pixels() {
    let Some(folder) = references() else { return };
    let mut failures = Vec::new();
    let (mut read, mut refused) = (0, 0);
    for path in files(&folder.join("damaged")) {
        if path.extension().is_some_and(|extension| extension == "pnm") {
            continue;
        }
        let Ok(decoded) = decode(&std::fs::read(&path).unwrap(), &Limits::default()) else {
            refused += 1;
            continue;
        };
        read += 1;
        let expected = PathBuf::from(format!("{}.pnm", path.display()));
        let difference = if expected.exists() {
            difference(&decoded.image.into_rgb(), &read_pnm(&expected))
        } else {
            Some("OpenCV does not read it".into())
        };
        failures.extend(difference.map(|difference| format!("{}: {difference}", path.display())));
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
    assert!(failures.is_empty(), "{} of {read} differ:\n{}", failures.len(), failures.join("\n"));
}

fn difference(image: &Image, expected: &Image) -> Option<String> {
    if (image.width, image.height) != (expected.width, expected.height) {
        return Some(format!("{}x{} pixels", image.width, image.height));
    }
    let worst = image.samples.iter().zip(&expected.samples).map(|(a, b)| a.abs_diff(*b)).max();
    worst.filter(|worst| *worst > 0).map(|worst| format!("up to {worst} off"))
}

#[test]
fn encoded_jpegs_are_opencvs_files() {
    let Some(folder) = references() else { return };
    let mut failures = Vec::new();
    let mut seen = 0;
    let mut scratches = scratches();
    for path in
        files(&folder.join("encode")).iter().filter(|path| path.extension().is_some_and(|e| e == "pnm"))
    {
        let image = read_pnm(path);
        for jpeg_quality in [1, 30, 75, 95, 100] {
            let expected = std::fs::read(path.with_extension(format!("q{jpeg_quality}.jpg"))).unwrap();
            let options = EncodeOptions { jpeg_quality };
            for (level, scratch) in &mut scratches {
                let bytes = encode_with(&image, Format::Jpeg, &options, scratch).unwrap();
                seen += 1;
                if bytes != expected {
                    let at = bytes.iter().zip(&expected).position(|(a, b)| a != b);
                    failures.push(format!("{}: {} q{jpeg_quality}: {at:?}", level.name(), path.display()));
                }
            }
        }
    }
    assert!(seen > 200, "only {seen} files");
    assert!(failures.is_empty(), "{} of {seen} differ:\n{}", failures.len(), failures.join("\n"));
}
