//! Files that are cut off, damaged, lying or made to hurt: an error each, told in words, never a panic.

use imaging::codec::{EncodeOptions, Format, Limits, Scratch, decode, decode_with, encode};
use imaging::error::{DecodeError, EncodeError, Measure};
use imaging::image::{Channels, Image};
use lanes::Level;
use proptest::prelude::*;

use crate::codec_golden::subjects;

/// Few pixels, so that no damaged header makes a test slow.
const LIMITS: Limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 16 };

#[test]
fn no_bytes_are_no_image() {
    assert_eq!(decode(&[], &LIMITS), Err(DecodeError::Empty));
}

#[test]
fn text_is_no_image_and_the_message_shows_what_it_is() {
    let error = decode(b"GIF images are fun", &LIMITS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not an image of a known format (JPEG, PNG, BMP, GIF, WebP, TIFF); its first bytes are 47 49 46 20 69 6d 61 67; \
         convert it to one of them"
    );
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    for (name, bytes) in subjects() {
        let whole = decode(&bytes, &LIMITS).unwrap();
        for len in 0..bytes.len() {
            match decode(&bytes[..len], &LIMITS) {
                Err(_) => {}
                // What lies behind the pixels of these formats changes nothing.
                Ok(decoded) => {
                    assert!(!matches!(whole.format, Format::Jpeg | Format::Png), "{name} cut to {len} bytes");
                    assert!(decoded == whole, "{name} cut to {len} bytes gives other pixels");
                }
            }
        }
    }
}

#[test]
fn a_jpeg_cut_within_its_pixels_says_so() {
    let (_, bytes) = subjects().into_iter().find(|(name, _)| name == "420.jpg").unwrap();
    let error = decode(&bytes[..bytes.len() - 100], &LIMITS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the JPEG file is cut off: it ends within a scan; copy it again from its source"
    );
}

#[test]
fn limits_are_told_from_the_header() {
    for (name, bytes) in subjects() {
        let decoded = decode(&bytes, &LIMITS).unwrap();
        let pixels = (decoded.image.width * decoded.image.height) as u64;
        let exact = Limits { max_bytes: bytes.len() as u64, max_pixels: pixels };
        assert!(decode(&bytes, &exact).is_ok(), "{name}");
        let fewer = Limits { max_pixels: pixels - 1, ..exact };
        let expected = DecodeError::TooLarge { what: Measure::Pixels, actual: pixels, limit: pixels - 1 };
        assert_eq!(decode(&bytes, &fewer), Err(expected), "{name}");
        let shorter = Limits { max_bytes: exact.max_bytes - 1, ..exact };
        assert!(matches!(decode(&bytes, &shorter), Err(DecodeError::TooLarge { what: Measure::Bytes, .. })));
    }
}

/// Headers that promise far more pixels than the file has bytes.
#[test]
fn a_header_of_gigapixels_asks_for_no_memory() {
    let jpeg = b"\xFF\xD8\xFF\xC0\0\x11\x08\xFF\x00\xFF\x00\x03\x01\x22\0\x02\x11\0\x03\x11\0\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\x3F\0";
    let mut png = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\x7F\xFF\xFF\xFF\x7F\xFF\xFF\xFF\x08\x02\0\0\0".to_vec();
    png.extend([0; 20]);
    let gif = b"GIF89a\xFF\xFF\xFF\xFF\0\0\0,\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\x02\x44\x01\0;";
    let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bmp.extend(b"\xFF\xFF\xFF\x0F\xFF\xFF\xFF\x0F\x01\0\x18\0");
    bmp.extend([0; 40]);
    for (name, bytes) in [("jpeg", &jpeg[..]), ("png", &png), ("gif", gif), ("bmp", &bmp)] {
        let error = decode(bytes, &Limits::default()).unwrap_err();
        let is_header_told = matches!(
            error,
            DecodeError::TooLarge { what: Measure::Pixels, .. }
                | DecodeError::Corrupt { .. }
                | DecodeError::Unsupported { .. }
        );
        assert!(is_header_told, "{name}: {error}");
    }
}

#[test]
fn eight_k_passes_the_default_limits() {
    let limits = Limits::default();
    assert!(limits.max_pixels >= 7680 * 4320);
}

#[test]
fn a_jpeg_without_data_for_its_pixels_ends_at_once() {
    // 65500 pixels wide and 600 high, within the limits, and not one byte of data.
    let mut jpeg = b"\xFF\xD8".to_vec();
    jpeg.extend([0xFF, 0xDB, 0, 67, 0].into_iter().chain([1; 64]));
    jpeg.extend(b"\xFF\xC0\0\x0B\x08\x02\x58\xFF\xDC\x01\x01\x11\0");
    jpeg.extend(b"\xFF\xC4\0\x14\x00\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00");
    jpeg.extend(b"\xFF\xC4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00");
    jpeg.extend(b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\xFF\xD9");
    let error = decode(&jpeg, &Limits::default()).unwrap_err();
    assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
}

#[test]
fn a_progressive_jpeg_without_its_last_scans_is_cut_off() {
    let (_, bytes) = subjects().into_iter().find(|(name, _)| name == "420_progressive.jpg").unwrap();
    let scans: Vec<_> =
        bytes.windows(2).enumerate().filter(|(_, pair)| *pair == [0xFF, 0xDA]).map(|(at, _)| at).collect();
    assert!(scans.len() > 5);
    for end in &scans[1..] {
        let ended = [&bytes[..*end], &[0xFF, 0xD9]].concat();
        let error = decode(&ended, &LIMITS).unwrap_err();
        assert!(matches!(error, DecodeError::Truncated { .. } | DecodeError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn jpegs_of_other_kinds_are_named() {
    for (marker, words) in [(0xC3, "lossless JPEG"), (0xC9, "arithmetic coding"), (0xC5, "hierarchical JPEG")]
    {
        let jpeg = [0xFF, 0xD8, 0xFF, marker, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0];
        let error = decode(&jpeg, &LIMITS).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// What may happen to a file on its way.
#[derive(Clone, Debug)]
enum Damage {
    Set(usize, u8),
    Flip(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Repeat(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, to)| Damage::Set(at, to)),
        4 => (any::<usize>(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        1 => any::<usize>().prop_map(Damage::Cut),
        1 => (any::<usize>(), 1usize..40).prop_map(|(at, len)| Damage::Remove(at, len)),
        1 => (any::<usize>(), 1usize..40).prop_map(|(at, len)| Damage::Repeat(at, len)),
    ]
}

fn hurt(bytes: &mut Vec<u8>, damage: &Damage) {
    let len = bytes.len();
    match *damage {
        _ if len == 0 => {}
        Damage::Set(at, to) => bytes[at % len] = to,
        Damage::Flip(at, bit) => bytes[at % len] ^= 1 << bit,
        Damage::Cut(at) => bytes.truncate(at % len),
        Damage::Remove(at, count) => drop(bytes.drain(at % len..(at % len + count).min(len))),
        Damage::Repeat(at, count) => {
            let part = bytes[at % len..(at % len + count).min(len)].to_vec();
            bytes.splice(at % len..at % len, part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// No panic, and whatever comes out is consistent; all levels agree on it, down to the words of the error.
    #[test]
    fn damaged_files_are_errors_or_images(which in any::<prop::sample::Index>(), damages in proptest::collection::vec(damage(), 1..5)) {
        let subjects = subjects();
        let (name, mut bytes) = which.get(&subjects).clone();
        for damage in &damages {
            hurt(&mut bytes, damage);
        }
        let mut results = Vec::new();
        for level in Level::available() {
            results.push(decode_with(&bytes, &LIMITS, &mut Scratch::with_level(level)));
        }
        prop_assert!(results.iter().all(|result| *result == results[0]), "levels differ on {}", name);
        if let Ok(decoded) = &results[0] {
            let Image { width, height, channels, samples } = &decoded.image;
            prop_assert_eq!(samples.len(), width * height * channels.count());
            prop_assert!((width * height) as u64 <= LIMITS.max_pixels);
        }
    }

    #[test]
    fn noise_behind_a_signature_is_an_error_or_an_image(which in 0usize..6, noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let signatures: [&[u8]; 6] = [b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1A\n", b"BM", b"GIF89a", b"RIFF\x40\0\0\0WEBPVP8 ", b"II*\0"];
        let bytes = [signatures[which], &noise].concat();
        let _ = decode(&bytes, &LIMITS);
    }
}

fn image(width: usize, height: usize, samples: usize) -> Image {
    Image { width, height, channels: Channels::Rgb, samples: vec![0; samples] }
}

#[test]
fn inconsistent_images_are_not_written() {
    for format in Format::ALL {
        let error = encode(&image(4, 4, 47), format, &EncodeOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "4x4 pixels of 3 samples need 48 samples, not 47");
        let empty = encode(&image(0, 4, 0), format, &EncodeOptions::default());
        assert!(matches!(empty, Err(EncodeError::Side { .. })), "{format}: {empty:?}");
    }
}

#[test]
fn what_a_jpeg_cannot_be_is_refused() {
    let quality = |jpeg_quality| encode(&image(1, 1, 3), Format::Jpeg, &EncodeOptions { jpeg_quality });
    assert_eq!(quality(0), Err(EncodeError::Quality(0)));
    assert_eq!(quality(101), Err(EncodeError::Quality(101)));
    let wide = encode(&image(65_501, 1, 3 * 65_501), Format::Jpeg, &EncodeOptions::default());
    assert!(matches!(wide, Err(EncodeError::Side { limit: 65_500, .. })));
}
