//! `invert`: the negative, `255 - v`; exactly OpenCV's `bitwise_not`.

use super::{Entry, Transform};
use crate::image::Image;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "invert",
    help: "the negative of the picture",
    parameters: &[],
    bind: |_| Box::new(Invert),
};

#[derive(Debug)]
struct Invert;

impl Transform for Invert {
    fn apply(&self, mut image: Image, scratch: &mut Scratch) -> Image {
        lanes::pointwise::invert(scratch.level(), &mut image.samples);
        image
    }
}
