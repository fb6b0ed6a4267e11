//! The codec against files whose pixels OpenCV once told, and against files that OpenCV once wrote.

use std::path::{Path, PathBuf};

use imaging::codec::{
    Decoded, EncodeOptions, Format, Limits, Scratch, decode, decode_gray_with, decode_with, encode,
    encode_with,
};
use imaging::image::{Channels, Image};
use lanes::Level;

pub(crate) fn golden(part: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(part);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}

/// The files to decode, without those that hold what is expected.
pub(crate) fn subjects() -> Vec<(String, Vec<u8>)> {
    let all = golden("decode");
    let is_reference = |name: &str| name.strip_suffix(".png").is_some_and(|rest| rest.contains('.'));
    all.into_iter().filter(|(name, _)| !is_reference(name)).collect()
}

fn pixels(bytes: &[u8]) -> Image {
    decode(bytes, &Limits::default()).unwrap().image.into_rgb()
}

#[test]
fn every_kind_of_file_has_opencvs_pixels() {
    let references: std::collections::HashMap<_, _> = golden("decode").into_iter().collect();
    let subjects = subjects();
    assert!(subjects.len() > 25);
    for level in Level::available() {
        let mut scratch = Scratch::with_level(level);
        for (name, bytes) in &subjects {
            let decoded = decode_with(bytes, &Limits::default(), &mut scratch).unwrap();
            let expected = pixels(&references[&format!("{name}.png")]);
            assert!(decoded.image.into_rgb() == expected, "{name} at level {}", level.name());
        }
    }
}

#[test]
fn gray_files_stay_gray_and_the_others_do_not() {
    for (name, bytes) in subjects() {
        let expected =
            if name.contains("gray") || name == "bits.png" { Channels::Gray } else { Channels::Rgb };
        assert_eq!(decode(&bytes, &Limits::default()).unwrap().image.channels, expected, "{name}");
    }
}

#[test]
fn jpeg_files_are_byte_for_byte_opencvs() {
    let files: std::collections::HashMap<_, _> = golden("encode").into_iter().collect();
    let mut seen = 0;
    for level in Level::available() {
        let mut scratch = Scratch::with_level(level);
        for name in ["color", "gray", "even", "dot"] {
            let image = decode(&files[&format!("{name}.png")], &Limits::default()).unwrap().image;
            for jpeg_quality in [20, 95, 100] {
                let bytes =
                    encode_with(&image, Format::Jpeg, &EncodeOptions { jpeg_quality }, &mut scratch).unwrap();
                assert!(bytes == files[&format!("{name}.q{jpeg_quality}.jpg")], "{name} q{jpeg_quality}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 12 * Level::available().len());
}

/// Formats without loss give back what was put in, also after other images went through the same buffers.
#[test]
fn lossless_formats_keep_every_sample() {
    let mut scratch = Scratch::default();
    for (name, bytes) in subjects() {
        let Decoded { image, .. } = decode(&bytes, &Limits::default()).unwrap();
        for format in [Format::Png, Format::Bmp, Format::WebP, Format::Tiff] {
            let written = encode_with(&image, format, &EncodeOptions::default(), &mut scratch).unwrap();
            let again = decode_with(&written, &Limits::default(), &mut scratch).unwrap();
            assert_eq!(again.format, format);
            assert!(again.image.clone().into_rgb() == image.clone().into_rgb(), "{name} as {format}");
            scratch.recycle(again.image);
        }
    }
}

#[test]
fn gif_keeps_an_image_of_few_colours() {
    let samples = (0..16 * 16 * 3).map(|i| ((i / 3 % 16) * 10 + i % 3) as u8).collect();
    let image = Image { width: 16, height: 16, channels: Channels::Rgb, samples };
    let written = encode(&image, Format::Gif, &EncodeOptions::default()).unwrap();
    assert_eq!(decode(&written, &Limits::default()).unwrap().image, image);
}

/// The short way to luminance gives what the long way gives, also turned, interlaced and through used buffers.
#[test]
fn luminance_alone_is_the_luminance_of_the_colours() {
    let mut scratch = Scratch::default();
    for (name, bytes) in subjects() {
        let colors = decode(&bytes, &Limits::default()).unwrap().image.into_rgb();
        let mut samples = vec![0; colors.width * colors.height];
        lanes::gray::gray(Level::SCALAR, &colors.samples, &mut samples);
        let expected = Image { channels: Channels::Gray, samples, ..colors };
        let Decoded { image, .. } = decode_gray_with(&bytes, &Limits::default(), &mut scratch).unwrap();
        assert!(image == expected, "{name}");
        scratch.recycle(image);
    }
}

#[test]
fn buffers_of_earlier_files_change_nothing() {
    let mut scratch = Scratch::default();
    for (name, bytes) in subjects() {
        let image = decode(&bytes, &Limits::default()).unwrap().image;
        for format in Format::ALL {
            let fresh = encode(&image, format, &EncodeOptions::default()).unwrap();
            let again = encode_with(&image, format, &EncodeOptions::default(), &mut scratch).unwrap();
            assert!(again == fresh, "{name} as {format}");
            scratch.recycle_bytes(again);
        }
    }
}
