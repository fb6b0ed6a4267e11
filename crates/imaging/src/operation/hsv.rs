//! `hsv`: hue (0 to 179), saturation and value, stored as a picture; exactly OpenCV's `cvtColor(BGR2HSV)`.
//!
//! The original stores the three as if they were blue, green and red, so hue lands in the blue channel, saturation in
//! the green one and value in the red one. That makes strange colours, but they are the original's numbers.

use super::{Entry, Transform};
use crate::image::Image;
use crate::kernel::color;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "hsv",
    help: "hue, saturation and value, stored in the places of blue, green and red",
    parameters: &[],
    bind: |_| Box::new(Hsv),
};

#[derive(Debug)]
struct Hsv;

impl Transform for Hsv {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let mut image = color::to_rgb(image, scratch);
        lanes::hsv::to_vsh(scratch.level(), &mut image.samples);
        image
    }
}
