//! Operations against OpenCV: photographs and random pictures, all kinds of sizes, every instruction set.

#[path = "../opencv/coprocess.rs"]
pub(crate) mod coprocess;

use crate::operation::{GOLDEN, picture};
use coprocess::OpenCv;
use imaging::image::{Channels, Image};
use imaging::operation::{Operation, Scratch};
use lanes::Level;
use luck::Seed;

/// Every operation that OpenCV has too, with its default and with other parameters.
pub(crate) const OPERATIONS: &[&str] = &[
    "edges",
    "edges[low=100,high=200]",
    "edges[aperture=3]",
    "canny",
    "canny[low=10,high=30,aperture=5,mean=3]",
    "canny[low=50,high=150]",
    "canny[low=200,high=20,aperture=5]",
    "canny[low=0,high=0]",
    "grayscale",
    "sharpen",
    "sharpen[size=1]",
    "blur",
    "blur[size=1]",
    "blur[size=3]",
    "blur[size=5]",
    "blur[size=7]",
    "blur[size=9]",
    "blur[size=11]",
    "blur[size=63]",
    "blur[size=255]",
    "blur[size=5,sigma=0.4]",
    "blur[size=9,sigma=2.5]",
    "sketch",
    "invert",
    "brightness",
    "brightness[contrast=-0.7,offset=100]",
    "brightness[contrast=2.37,offset=-80.25]",
    "red",
    "green",
    "blue",
    "hsv",
    "heatmap",
    "normalize",
    "normalize[low=20,high=117]",
    "equalize",
    "equalize[open=5,close=1]",
    "equalize[open=1,close=7]",
    "median",
    "median[size=5]",
    "threshold",
    "threshold[value=90,maximum=200,kind=inverse]",
    "threshold[kind=otsu]",
    "crop[part=1]",
    "crop[part=1,blur=1,median=3]",
    "resize",
    "resize[percent=37.5]",
    "resize[percent=250]",
    "resize[width=33,height=21]",
    "resize[width=7]",
    "resize[percent=133]",
    "corners",
    "corners[threshold=5]",
    "blobs",
    "blobs[size=3,threshold=2]",
    "blobs[size=31,threshold=1]",
    "lines",
    "lines[low=20,high=60,aperture=3,votes=9,count=12]",
    "grayscale | blur[size=5] | canny",
    "blur[size=5] | heatmap | sharpen",
];

fn random(width: usize, height: usize, channels: Channels, seed: u64, coarse: bool) -> Image {
    let count = width * height * channels.count();
    let coin = |k: usize| Seed(seed).derive(k as u64).0;
    let sample = |k: usize| if coarse { (coin(k) as u8 & 3) * 85 } else { coin(k) as u8 };
    Image { width, height, channels, samples: (0..count).map(sample).collect() }
}

/// Sizes at which windows, words and vectors begin and end.
pub(crate) fn random_images() -> Vec<(String, Image)> {
    let sizes = [
        (1, 1),
        (1, 2),
        (2, 1),
        (1, 9),
        (9, 1),
        (2, 2),
        (3, 3),
        (5, 4),
        (4, 7),
        (17, 5),
        (31, 33),
        (32, 8),
        (33, 31),
        (63, 9),
        (64, 64),
        (65, 10),
        (127, 6),
        (129, 12),
        (200, 3),
        (3, 200),
        (1, 100),
        (100, 1),
        (257, 40),
        (1200, 2),
    ];
    let mut images = Vec::new();
    for (k, (width, height)) in sizes.into_iter().enumerate() {
        for channels in [Channels::Gray, Channels::Rgb] {
            for coarse in [false, true] {
                let image = random(width, height, channels, k as u64, coarse);
                images.push((format!("{width}x{height} {channels:?} coarse={coarse}"), image));
            }
        }
    }
    for channels in [Channels::Gray, Channels::Rgb] {
        let samples = vec![77; 40 * 30 * channels.count()];
        images.push((format!("one value {channels:?}"), Image { width: 40, height: 30, channels, samples }));
    }
    images
}

/// The largest difference of two samples; the most there can be for pictures of different shapes.
pub(crate) fn largest_difference(ours: &Image, theirs: &Image) -> u8 {
    if ours.samples.len() != theirs.samples.len() {
        return u8::MAX;
    }
    ours.samples.iter().zip(&theirs.samples).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

/// Where and how much two pictures differ.
fn difference(ours: &Image, theirs: &Image) -> Option<String> {
    if (ours.width, ours.height, ours.channels) != (theirs.width, theirs.height, theirs.channels) {
        let shape = |i: &Image| format!("{}x{} {:?}", i.width, i.height, i.channels);
        return Some(format!("{} instead of {}", shape(ours), shape(theirs)));
    }
    let pairs = || ours.samples.iter().zip(&theirs.samples);
    let count = pairs().filter(|(a, b)| a != b).count();
    let worst = largest_difference(ours, theirs);
    (count > 0).then(|| format!("{count} samples differ, by up to {worst}"))
}

fn compare(cv: &mut OpenCv, operations: &[&str], images: &[(String, Image)]) {
    let mut failures = Vec::new();
    for text in operations {
        let operation = Operation::parse(text).unwrap();
        for (name, image) in images {
            let theirs = cv.apply(text, image);
            for level in Level::available() {
                let mut scratch = Scratch::with_level(level);
                let ours = operation.apply_with(image.clone(), &mut scratch).unwrap();
                if let Some(difference) = difference(&ours, &theirs) {
                    failures.push(format!("{text} on {name}, {}: {difference}", level.name()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} differ from {}:\n{}", failures.len(), cv.version, failures.join("\n"));
}

/// Cuts an image down to at most 301 by 203 pixels from its middle.
fn middle(image: &mut Image) {
    let count = image.channels.count();
    let (width, height) = (image.width.min(301), image.height.min(203));
    let (x, y) = ((image.width - width) / 2, (image.height - height) / 2);
    let row = |k: usize| &image.samples[((y + k) * image.width + x) * count..][..width * count];
    let samples = (0..height).flat_map(row).copied().collect();
    *image = Image { width, height, channels: image.channels, samples };
}

#[test]
fn operations_on_random_images_are_opencvs() {
    let Some(mut cv) = OpenCv::start() else { return };
    compare(&mut cv, OPERATIONS, &random_images());
}

#[test]
fn the_pinned_results_are_opencvs() {
    let Some(mut cv) = OpenCv::start() else { return };
    // The place of a crop and the luck of noise are our own.
    let ours = |text: &str| text.starts_with("crop") || text.starts_with("noise");
    let texts: Vec<&str> = GOLDEN.iter().map(|(text, ..)| *text).filter(|text| !ours(text)).collect();
    let images = [("color", picture(101, 67, Channels::Rgb)), ("gray", picture(83, 59, Channels::Gray))];
    compare(&mut cv, &texts, &images.map(|(name, image)| (name.to_owned(), image)));
}

#[test]
fn operations_on_photographs_are_opencvs() {
    let Some(mut cv) = OpenCv::start() else { return };
    let names = cv.photos();
    if names.is_empty() {
        eprintln!("skipped: no photographs (pip install scikit-image)");
    }
    let mut images: Vec<_> = names.iter().map(|name| (name.clone(), cv.photo(name, 0))).collect();
    // The whole of two, the middle of the others: borders and variety, in bearable time.
    images.iter_mut().skip(2).for_each(|(_, image)| middle(image));
    compare(&mut cv, OPERATIONS, &images);
}
