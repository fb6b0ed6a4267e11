//! `grayscale`: luminance 0.299 R + 0.587 G + 0.114 B by OpenCV's integer formula, exactly `cvtColor(BGR2GRAY)`.
//!
//! It is computed from the decoded colours. OpenCV's `imread` in gray mode takes the JPEG's own luminance instead,
//! which differs in up to 2 % of the samples.

use super::{Arguments, Entry, Transform};
use crate::image::Image;
use crate::kernel::color;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "grayscale",
    help: "luminance, 0.299 R + 0.587 G + 0.114 B",
    parameters: &[],
    bind: |_: &Arguments<'_>| Box::new(Grayscale),
};

#[derive(Debug)]
struct Grayscale;

impl Transform for Grayscale {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        color::to_gray(image, scratch)
    }

    fn sees_luminance_only(&self) -> bool {
        true
    }
}
