//! The codec against OpenCV over photographs, noise and odd sizes, when Python has it.

use std::path::{Path, PathBuf};
use std::process::Command;

use imaging::codec::{EncodeOptions, Format, Limits, Scratch, decode_with, encode_with};
use imaging::image::{Channels, Image};
use lanes::Level;

/// Runs the reference script into a fresh folder; `None`, with a line that says why, when it cannot run.
fn references() -> Option<tempfile::TempDir> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python).args(["-c", "import cv2, numpy, PIL"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: {python} has no cv2, numpy and PIL (pip install opencv-python-headless numpy pillow)"
        );
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/opencv/codec_reference.py");
    let output = Command::new(&python).arg(script).arg(folder.path()).output().unwrap();
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

#[test]
fn decoded_pixels_are_opencvs() {
    let Some(folder) = references() else { return };
    let mut failures = Vec::new();
    let mut seen = 0;
    for level in Level::available() {
        let mut scratch = Scratch::with_level(level);
        for path in files(&folder.path().join("decode")) {
            if path.extension().is_some_and(|extension| extension == "pnm") {
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let expected = read_pnm(Path::new(&format!("{}.pnm", path.display())));
            let bytes = std::fs::read(&path).unwrap();
            seen += 1;
            match decode_with(&bytes, &Limits::default(), &mut scratch) {
                Err(e) => failures.push(format!("{}: {name}: {e}", level.name())),
                Ok(decoded) => {
                    let image = decoded.image.into_rgb();
                    if (image.width, image.height) != (expected.width, expected.height) {
                        failures.push(format!("{name}: {}x{}", image.width, image.height));
                    } else {
                        let pairs = image.samples.iter().zip(&expected.samples);
                        let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
                        if worst > 0 {
                            failures.push(format!("{}: {name}: differs by up to {worst}", level.name()));
                        }
                    }
                    scratch.recycle(image);
                }
            }
        }
    }
    assert!(seen > 500, "only {seen} files");
    assert!(failures.is_empty(), "{} of {seen} differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn encoded_jpegs_are_opencvs_files() {
    let Some(folder) = references() else { return };
    let folder = folder.path().join("encode");
    let mut failures = Vec::new();
    let mut seen = 0;
    for level in Level::available() {
        let mut scratch = Scratch::with_level(level);
        for path in files(&folder).iter().filter(|path| path.extension().is_some_and(|e| e == "pnm")) {
            let image = read_pnm(path);
            for jpeg_quality in [1, 30, 75, 95, 100] {
                let expected = std::fs::read(path.with_extension(format!("q{jpeg_quality}.jpg"))).unwrap();
                let options = EncodeOptions { jpeg_quality };
                let bytes = encode_with(&image, Format::Jpeg, &options, &mut scratch).unwrap();
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
