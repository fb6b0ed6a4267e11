//! `sketch`: the absolute Laplacian of the luminance, cut to 255; exactly OpenCV's `convertScaleAbs(Laplacian)`.
//!
//! The original casts the absolute value to 8 bits instead, so that what exceeds 255 wraps and the strongest lines
//! turn dark; here they stay white.

use super::{Entry, Transform};
use crate::image::Image;
use crate::kernel::color;
use crate::kernel::scratch::Scratch;
use crate::kernel::window::{Border, pad, rewrite};

pub(super) const ENTRY: Entry = Entry {
    name: "sketch",
    help: "the absolute Laplacian of the luminance: light lines on black",
    parameters: &[],
    bind: |_| Box::new(Sketch),
};

#[derive(Debug)]
struct Sketch;

impl Transform for Sketch {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let gray = color::to_gray(image, scratch);
        let (level, width) = (scratch.level(), gray.width);
        let mut middle = vec![0; width + 2];
        rewrite(gray, Border::Reflect, scratch, |picture, y, row| {
            let [above, here, below] = [-1, 0, 1].map(|k| picture.row(y as isize + k));
            middle[1..=width].copy_from_slice(here);
            pad(&mut middle, 1, 1, Border::Reflect);
            lanes::window::laplacian(level, above, &middle, below, row);
        })
    }

    fn sees_luminance_only(&self) -> bool {
        true
    }

    fn halo(&self) -> usize {
        1
    }
}
