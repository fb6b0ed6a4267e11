//! The operations' times over those of OpenCV with one thread, in the same run over the same photographs.
//!
//! ```text
//! cargo bench -p imaging --bench operations -- [--quick] [OPERATION ...]
//! ```
//! Needs Python with opencv-python-headless, numpy and scikit-image (whose photographs are used; `PYTHON` names another
//! interpreter). Codecs are not part of it. Each figure is the least of several processor times of one thread, ours and
//! OpenCV's measured in turn; memory is reused between calls on both sides. Below 1 is faster than OpenCV.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may panic")]

#[path = "../tests/opencv/coprocess.rs"]
mod coprocess;

use coprocess::OpenCv;
use imaging::image::Image;
use imaging::operation::{Operation, Scratch, descriptions};
use lanes::Level;
use rustix::time::{ClockId, clock_gettime};

/// What the goals are set for, beside the defaults of the whole table.
const MORE: &[&str] = &["canny[low=10,high=30,aperture=5,mean=3]", "blur[size=5]", "median[size=5]"];

/// Photographs and the width to which they are tiled; 0 keeps them.
const PHOTOS: &[(&str, usize)] = &[
    ("astronaut.png", 0),
    ("hubble_deep_field.jpg", 0),
    ("retina.jpg", 0),
    ("rocket.jpg", 3840),
    ("coffee.png", 7680),
];

/// Microseconds of the processor's time that this thread has had: other work on the machine does not count.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// The least of our times in microseconds.
fn ours(operation: &Operation, image: &Image, repeats: usize, scratch: &mut Scratch) -> f64 {
    let mut least = f64::INFINITY;
    let mut samples = Vec::new();
    for _ in 0..repeats {
        samples.clear();
        samples.extend_from_slice(&image.samples);
        let copy = Image { samples, ..*image };
        let begin = now();
        let result = operation.apply_with(copy, scratch).expect("the operation fits");
        least = least.min(now() - begin);
        samples = result.samples;
    }
    least
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let asked: Vec<String> = arguments.into_iter().filter(|argument| !argument.starts_with("--")).collect();
    let Some(mut cv) = OpenCv::start() else { return };
    cv.threads(1);
    let photos = if quick { &PHOTOS[2..4] } else { PHOTOS };
    let images: Vec<Image> = photos.iter().map(|(name, width)| cv.photo(name, *width)).collect();
    let operations: Vec<String> = if asked.is_empty() {
        descriptions().map(|d| d.name.to_owned()).chain(MORE.iter().map(|text| (*text).to_owned())).collect()
    } else {
        asked
    };
    let levels: Vec<Level> = Level::available().into_iter().filter(|level| *level > Level::SCALAR).collect();
    let sizes: Vec<String> =
        images.iter().map(|image| format!("{:.1} MP", (image.width * image.height) as f64 / 1e6)).collect();
    println!("ours / OpenCV {} with one thread; columns: {}, mean", cv.version, sizes.join(", "));
    for text in &operations {
        let operation = Operation::parse(text).expect("a known operation");
        for level in levels.iter().rev().take(if quick { 1 } else { 2 }).rev() {
            let mut scratch = Scratch::with_level(*level);
            let mut ratios = Vec::new();
            let mut shown = String::new();
            for image in &images {
                let repeats = (20_000_000 / (image.width * image.height)).clamp(3, 40);
                let (mut us, mut them) = (f64::INFINITY, f64::INFINITY);
                for _ in 0..if quick { 2 } else { 3 } {
                    them = them.min(cv.apply(text, image, repeats).1 as f64);
                    us = us.min(ours(&operation, image, repeats, &mut scratch));
                }
                ratios.push(us / them);
                shown += &format!(" {:6.3} ({:.1}/{:.1} ms)", us / them, us / 1e3, them / 1e3);
            }
            println!("{text:42} {:7}{shown}  {:6.3}", level.name(), geometric_mean(&ratios));
        }
    }
}
