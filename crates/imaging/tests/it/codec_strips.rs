//! A JPEG cut between nodes: any number of strips gives the pixels and the file of the whole.

use imaging::codec::jpeg::{
    EncodedStrip, Index, Stitcher, Whole, decode_strip, encode_strip, index, index_by_rows, stitch,
};
use imaging::codec::{EncodeOptions, Format, Limits, Scratch, decode, encode};
use imaging::image::{Channels, Image};
use lanes::Level;
use proptest::prelude::*;
use std::ops::ControlFlow;

use crate::codec_golden::subjects;

fn rows(image: &Image, rows: std::ops::Range<usize>) -> Image {
    let row = image.width * image.channels.count();
    let samples = image.samples[rows.start * row..rows.end * row].to_vec();
    Image { height: rows.len(), samples, ..*image }
}

fn cuttable() -> Vec<(String, Vec<u8>)> {
    subjects()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".jpg") && !name.contains("progressive"))
        .collect()
}

/// The pixels as stored: what a strip is a strip of.
fn stored(bytes: &[u8], index: &Index, scratch: &mut Scratch) -> Image {
    let strip = index.cut(bytes, &(0..index.height)).unwrap();
    decode_strip(&strip, 0..index.height, &Limits::default(), scratch).unwrap()
}

#[test]
fn every_range_of_rows_decodes_to_the_rows_of_the_whole() {
    for level in Level::available() {
        let mut scratch = Scratch::with_level(level);
        for (name, bytes) in cuttable() {
            let index = index(&bytes, &Limits::default(), &mut scratch).unwrap();
            let whole = stored(&bytes, &index, &mut scratch);
            let decoded = decode(&bytes, &Limits::default()).unwrap().image;
            assert!(index.orientation.apply(whole.clone()) == decoded, "{name}");
            for start in 0..index.height {
                for end in start + 1..=index.height {
                    let strip = index.cut(&bytes, &(start..end)).unwrap();
                    let part = decode_strip(&strip, start..end, &Limits::default(), &mut scratch).unwrap();
                    assert!(part == rows(&whole, start..end), "{name}, rows {start} to {end}");
                }
            }
        }
    }
}

#[test]
fn a_strip_takes_only_its_share_of_the_data() {
    let (_, bytes) = cuttable().into_iter().find(|(name, _)| name == "444.jpg").unwrap();
    let index = index(&bytes, &Limits::default(), &mut Scratch::default()).unwrap();
    let strip = index.cut(&bytes, &(8..16)).unwrap();
    assert_eq!(index.rows.len(), 5);
    assert!(strip.data.len() < (bytes.len() - index.head) / 3);
}

/// What an incomplete index gives of rows that it reaches is what the complete one gives.
#[test]
fn strips_can_be_cut_while_the_index_grows() {
    let mut scratch = Scratch::default();
    for (name, bytes) in cuttable() {
        let index = index(&bytes, &Limits::default(), &mut scratch).unwrap();
        let (mut early, mut calls) = (0, 0);
        let seen = &mut |partial: &Index| {
            calls += 1;
            for end in 1..=index.height {
                if partial.reaches(&(end - 1..end)) {
                    assert_eq!(
                        partial.cut(&bytes, &(end - 1..end)),
                        index.cut(&bytes, &(end - 1..end)),
                        "{name}"
                    );
                    early += 1;
                }
            }
            ControlFlow::Continue(())
        };
        let grown = index_by_rows(&bytes, &Limits::default(), &mut scratch, seen).unwrap();
        assert_eq!((grown.as_ref(), calls), (Some(&index), index.rows.len()), "{name}");
        assert!(early > 0 || index.rows.len() <= 2, "{name}");
        let mut stop = |_: &Index| ControlFlow::Break(());
        assert_eq!(index_by_rows(&bytes, &Limits::default(), &mut scratch, &mut stop), Ok(None));
    }
}

/// A strip that was cut before its end was known has all that follows, and the same rows.
#[test]
fn strips_of_unknown_end_decode_to_the_rows_of_the_whole() {
    let mut scratch = Scratch::default();
    let tall = Image { width: 64, height: 2_000, channels: Channels::Rgb, samples: noise(64 * 2_000 * 3) };
    let tall = ("tall".to_owned(), whole_file(&tall, 95));
    for (name, bytes) in cuttable().into_iter().chain([tall]) {
        let whole = {
            let index = index(&bytes, &Limits::default(), &mut scratch).unwrap();
            stored(&bytes, &index, &mut scratch)
        };
        let mut known = None;
        let mut seen = |index: &Index| {
            known = Some(index.clone());
            ControlFlow::Break(())
        };
        index_by_rows(&bytes, &Limits::default(), &mut scratch, &mut seen).unwrap();
        let index = known.unwrap();
        assert_eq!(index.rows.len(), 1);
        for end in [1, whole.height.div_ceil(9), whole.height.div_ceil(2), whole.height] {
            assert!(index.begins(&(0..end)) && !index.reaches(&(0..end)), "{name}");
            let strip = index.cut(&bytes, &(0..end)).unwrap();
            assert_eq!(strip.data.len(), bytes.len() - index.head, "{name}");
            let part = decode_strip(&strip, 0..end, &Limits::default(), &mut scratch).unwrap();
            assert!(part == rows(&whole, 0..end), "{name}, rows up to {end}");
        }
    }
}

/// Where the first rows take far more of the file than their share, its first try is too short.
#[test]
fn rows_that_take_more_than_their_share_are_decoded_too() {
    let mut samples = vec![7; 64 * 4_000 * 3];
    let busy = 64 * 1_000 * 3;
    samples[..busy].copy_from_slice(&noise(busy));
    let image = Image { width: 64, height: 4_000, channels: Channels::Rgb, samples };
    let bytes = whole_file(&image, 95);
    let mut scratch = Scratch::default();
    let index = index(&bytes, &Limits::default(), &mut scratch).unwrap();
    let mut strip = index.cut(&bytes, &(0..900)).unwrap();
    let needed = strip.data.len();
    strip.data = &bytes[index.head..];
    assert!(needed > strip.data.len() * 2 * 900 / 4_000 + (16 << 10), "{needed} of {}", strip.data.len());
    let part = decode_strip(&strip, 0..900, &Limits::default(), &mut scratch).unwrap();
    assert!(part == rows(&decode(&bytes, &Limits::default()).unwrap().image, 0..900));
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 56) as u8
    };
    (0..len).map(next).collect()
}

#[test]
fn progressive_files_are_not_cut() {
    let (_, bytes) = subjects().into_iter().find(|(name, _)| name == "420_progressive.jpg").unwrap();
    let error = index(&bytes, &Limits::default(), &mut Scratch::default()).unwrap_err();
    assert!(error.to_string().contains("cannot be cut"), "{error}");
}

#[test]
fn an_index_of_another_file_is_an_error_or_other_pixels() {
    let files = cuttable();
    for (_, bytes) in &files {
        let index = index(bytes, &Limits::default(), &mut Scratch::default()).unwrap();
        for (_, other) in &files {
            if let Ok(strip) = index.cut(other, &(0..index.height)) {
                let _ = decode_strip(&strip, 0..index.height, &Limits::default(), &mut Scratch::default());
            }
        }
    }
}

/// Cuts after the given rows, rounded to where strips may begin.
fn strips_of(image: &Image, cuts: &[usize], quality: u8) -> (Whole, Vec<EncodedStrip>) {
    let whole = Whole { width: image.width, height: image.height, channels: image.channels, quality };
    let unit = whole.strip_unit();
    let mut starts: Vec<_> = cuts.iter().map(|cut| cut % image.height / unit * unit).chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([image.height]);
    let mut scratch = Scratch::default();
    let strips = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| encode_strip(&rows(image, *start..end), *start, &whole, &mut scratch).unwrap());
    (whole, strips.collect())
}

fn whole_file(image: &Image, jpeg_quality: u8) -> Vec<u8> {
    encode(image, Format::Jpeg, &EncodeOptions { jpeg_quality }).unwrap()
}

fn image() -> impl Strategy<Value = Image> {
    (1usize..70, 1usize..90, any::<bool>(), any::<u64>(), 0u32..8).prop_map(
        |(width, height, gray, seed, calm)| {
            let channels = if gray { Channels::Gray } else { Channels::Rgb };
            let mut state = seed | 1;
            let samples = (0..width * height * channels.count())
                .map(|i| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (((state >> 56) as u8) >> calm).wrapping_add((i / 50) as u8)
                })
                .collect();
            Image { width, height, channels, samples }
        },
    )
}

proptest! {
    #[test]
    fn stitched_strips_are_the_file_of_one_encoder(
        image in image(),
        cuts in proptest::collection::vec(0usize..90, 0..6),
        quality in prop_oneof![Just(95u8), 1u8..=100],
        step in 1usize..60,
    ) {
        let (whole, strips) = strips_of(&image, &cuts, quality);
        let expected = whole_file(&image, quality);
        prop_assert!(stitch(&whole, &strips).unwrap() == expected);
        // In steps of any size, with what came out taken away in between.
        let (mut file, mut out) = (Vec::new(), Vec::new());
        let mut stitcher = Stitcher::new(whole, &mut out).unwrap();
        for strip in &strips {
            stitcher.begin(&strip.head, strip.bits.len(), &mut out).unwrap();
            for part in strip.bits.chunks(step) {
                stitcher.bits(part, &mut out).unwrap();
                file.append(&mut out);
            }
        }
        stitcher.finish(&mut out).unwrap();
        file.append(&mut out);
        prop_assert!(file == expected);
    }

    /// The way of a segmented image: cut, decoded in strips, coded in strips, stitched.
    #[test]
    fn file_to_file_in_strips_is_file_to_file_at_once(image in image(), cuts in proptest::collection::vec(0usize..90, 0..5)) {
        let source = whole_file(&image, 90);
        let mut scratch = Scratch::default();
        let index = index(&source, &Limits::default(), &mut scratch).unwrap();
        let decoded = decode(&source, &Limits::default()).unwrap().image;
        let (whole, strips) = strips_of(&decoded, &cuts, 95);
        let again: Vec<_> = strips
            .iter()
            .map(|strip| {
                let range = strip.head.first_row..strip.head.first_row + strip.head.rows;
                let part = index.cut(&source, &range).unwrap();
                let part = decode_strip(&part, range.clone(), &Limits::default(), &mut scratch).unwrap();
                encode_strip(&part, range.start, &whole, &mut scratch).unwrap()
            })
            .collect();
        prop_assert!(stitch(&whole, &again).unwrap() == whole_file(&decoded, 95));
    }
}

#[test]
fn strips_that_do_not_fit_are_refused_in_words() {
    let image = Image { width: 20, height: 40, channels: Channels::Rgb, samples: vec![9; 2400] };
    let (whole, strips) = strips_of(&image, &[16, 32], 95);
    assert_eq!(strips.len(), 3);
    let refused = |strips: &[EncodedStrip]| stitch(&whole, strips).unwrap_err().to_string();
    assert_eq!(
        refused(&strips[..2]),
        "the strips do not fit together: they have 32 of 40 rows; cut the image anew"
    );
    assert_eq!(
        refused(&[strips[0].clone(), strips[2].clone()]),
        "the strips do not fit together: row 16 should be next, not row 32; cut the image anew"
    );
    let mut damaged = strips.clone();
    damaged[1].head.first_mcu.pop();
    assert_eq!(
        refused(&damaged),
        "the strips do not fit together: the strip from row 16 is damaged; cut the image anew"
    );
    let between = encode_strip(&rows(&image, 8..40), 8, &whole, &mut Scratch::default()).unwrap_err();
    assert!(between.to_string().contains("multiples of 16"), "{between}");
}

#[test]
fn a_strip_of_another_length_than_it_said_is_refused() {
    let image = Image { width: 20, height: 40, channels: Channels::Rgb, samples: vec![9; 2400] };
    let (whole, strips) = strips_of(&image, &[16], 95);
    let EncodedStrip { head, bits } = &strips[0];
    let mut out = Vec::new();
    let mut stitcher = Stitcher::new(whole, &mut out).unwrap();
    stitcher.begin(head, bits.len(), &mut out).unwrap();
    stitcher.bits(&bits[1..], &mut out).unwrap();
    let lacking = stitcher.begin(&strips[1].head, 1, &mut out).unwrap_err().to_string();
    assert!(lacking.contains("the strip up to row 16 lacks 1 bytes"), "{lacking}");
    let many = stitcher.bits(bits, &mut out).unwrap_err().to_string();
    assert!(many.contains("the strip up to row 16 has too many bytes"), "{many}");
}
