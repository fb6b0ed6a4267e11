//! Medians of 3×3 and 5×5 windows, the border replicated, as OpenCV's `medianBlur`.

use super::scratch::Scratch;
use super::window::{Border, pad, rewrite};
use crate::image::Image;
use lanes::order;

/// The median of each sample's window of `size` (1, 3 or 5) pixels.
pub(crate) fn median(image: Image, size: usize, scratch: &mut Scratch) -> Image {
    match size {
        3 => three(image, scratch),
        5 => five(image, scratch),
        _ => image,
    }
}

fn three(image: Image, scratch: &mut Scratch) -> Image {
    let (level, channels) = (scratch.level(), image.channels.count());
    let length = (image.width + 2) * channels;
    let mut sorted: [Vec<u8>; 3] = std::array::from_fn(|_| vec![0; length]);
    rewrite(image, Border::Replicate, scratch, |picture, y, row| {
        let inside = channels..length - channels;
        for (k, sorted) in sorted.iter_mut().enumerate() {
            sorted[inside.clone()].copy_from_slice(picture.row(y as isize + k as isize - 1));
        }
        let [low, middle, high] = sorted.each_mut().map(|row| &mut row[inside.clone()]);
        order::sort3(level, low, middle, high);
        sorted.iter_mut().for_each(|row| pad(row, channels, 1, Border::Replicate));
        order::median3(level, channels, sorted.each_ref().map(|row| &row[..]), row);
    })
}

fn five(image: Image, scratch: &mut Scratch) -> Image {
    let (level, channels) = (scratch.level(), image.channels.count());
    let length = (image.width + 4) * channels;
    let mut sorted: [Vec<u8>; 5] = std::array::from_fn(|_| vec![0; length]);
    rewrite(image, Border::Replicate, scratch, |picture, y, row| {
        let inside = 2 * channels..length - 2 * channels;
        let rows = std::array::from_fn(|k| picture.row(y as isize + k as isize - 2));
        order::sort5(level, rows, sorted.each_mut().map(|row| &mut row[inside.clone()]));
        sorted.iter_mut().for_each(|row| pad(row, channels, 2, Border::Replicate));
        order::median5(level, channels, sorted.each_ref().map(|row| &row[..]), row);
    })
}
