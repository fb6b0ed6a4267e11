//! The operations' times over those of OpenCV with one thread, in the same run over the same photographs.
//!
//! ```text
//! cargo bench -p imaging --bench operations -- [--quick] [--scalar] [OPERATION ...]
//! ```
//! Needs Python with opencv-python-headless, numpy and scikit-image (whose photographs are used; `BALLAST_PYTHON` names
//! another interpreter). Codecs are not part of it. Each figure is the least of several processor times of one thread, ours
//! and OpenCV's measured in turn; memory is reused between calls on both sides. Below 1 is faster than OpenCV. With
//! `--scalar` our kernels without AVX2 are measured too. The whole takes about two minutes of a processor.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may panic")]

#[path = "../tests/opencv/coprocess.rs"]
mod coprocess;

use coprocess::OpenCv;
use imaging::image::Image;
use imaging::operation::{Operation, Scratch, descriptions};
use lanes::Level;
use rustix::time::{ClockId, clock_gettime};

/// What the goals are set for, beside the defaults of the whole table.
const MORE: &[&str] = &[
    "normalize[low=20,high=117]",
    "canny[low=10,high=30,aperture=5,mean=3]",
    "blur[size=5]",
    "median[size=5]",
];

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

/// Processor time spent on one measurement of an operation, in milliseconds; it is done at least once.
const MILLISECONDS: u64 = 60;

/// The least of our times in microseconds.
fn ours(operation: &Operation, image: &Image, scratch: &mut Scratch) -> f64 {
    let (mut least, mut spent) = (f64::INFINITY, 0.0);
    let mut samples = Vec::new();
    while spent < MILLISECONDS as f64 * 1e3 {
        samples.clear();
        samples.extend_from_slice(&image.samples);
        let copy = Image { samples, ..*image };
        let begin = now();
        let result = operation.apply_with(copy, scratch).expect("the operation fits");
        let taken = now() - begin;
        (least, spent) = (least.min(taken), spent + taken);
        samples = result.samples;
    }
    least
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

/// Our times over OpenCV's for one operation on the image that OpenCV holds: one for each level.
fn ratios(cv: &mut OpenCv, text: &str, image: &Image, levels: &mut [Scratch], rounds: usize) -> Vec<f64> {
    let operation = Operation::parse(text).expect("a known operation");
    let mut them = f64::INFINITY;
    let mut us = vec![f64::INFINITY; levels.len()];
    for _ in 0..rounds {
        them = them.min(cv.time(text, MILLISECONDS) as f64);
        for (least, scratch) in us.iter_mut().zip(&mut *levels) {
            *least = least.min(ours(&operation, image, scratch));
        }
    }
    us.into_iter().map(|us| us / them).collect()
}

/// A row for each operation and level, with a column for each image and their mean; then the mean of all operations.
fn print(operations: &[String], levels: &[Level], table: &[Vec<Vec<f64>>]) {
    for (index, text) in operations.iter().enumerate() {
        for (at, level) in levels.iter().enumerate() {
            let row: Vec<f64> = table.iter().map(|image| image[index][at]).collect();
            let shown: String = row.iter().map(|ratio| format!(" {ratio:6.3}")).collect();
            println!("{text:42} {:7}{shown}  {:6.3}", level.name(), geometric_mean(&row));
        }
    }
    for (at, level) in levels.iter().enumerate() {
        let means: Vec<f64> = (0..operations.len())
            .map(|index| geometric_mean(&table.iter().map(|image| image[index][at]).collect::<Vec<_>>()))
            .collect();
        let slowest = means.iter().zip(operations).max_by(|a, b| a.0.total_cmp(b.0));
        let (most, name) = slowest.map_or((f64::NAN, ""), |(most, name)| (*most, name));
        println!(
            "mean of {} operations, {}: {:.3}; most: {most:.3} ({name})",
            means.len(),
            level.name(),
            geometric_mean(&means)
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let (quick, scalar) = (has("--quick"), has("--scalar"));
    let asked: Vec<String> =
        arguments.iter().filter(|argument| !argument.starts_with("--")).cloned().collect();
    let Some(mut cv) = OpenCv::start() else { return };
    cv.threads(1);
    let photos = if quick { &PHOTOS[2..4] } else { PHOTOS };
    let images: Vec<Image> = photos.iter().map(|(name, width)| cv.photo(name, *width)).collect();
    let operations: Vec<String> = if asked.is_empty() {
        descriptions().map(|d| d.name.to_owned()).chain(MORE.iter().map(|text| (*text).to_owned())).collect()
    } else {
        asked
    };
    let levels: Vec<Level> =
        Level::available().into_iter().filter(|level| scalar || *level > Level::SCALAR).collect();
    let sizes: Vec<String> =
        images.iter().map(|image| format!("{:.1} MP", (image.width * image.height) as f64 / 1e6)).collect();
    println!("ours / OpenCV {} with one thread; columns: {}, mean", cv.version, sizes.join(", "));
    let mut table = Vec::new();
    for (image, size) in images.iter().zip(&sizes) {
        cv.hold(image);
        let mut scratches: Vec<Scratch> = levels.iter().map(|level| Scratch::with_level(*level)).collect();
        let rounds = if quick { 2 } else { 3 };
        let column = operations.iter().map(|text| {
            let found = ratios(&mut cv, text, image, &mut scratches, rounds);
            eprintln!("{size}: {text} {found:.3?}");
            found
        });
        table.push(column.collect::<Vec<_>>());
    }
    print(&operations, &levels, &table);
}
