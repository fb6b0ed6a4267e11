//! `green`: keeps green and makes the other two channels zero.

use super::{Entry, Transform};
use crate::image::Image;
use crate::kernel::color;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "green",
    help: "only the green of the picture",
    parameters: &[],
    bind: |_| Box::new(Green),
};

#[derive(Debug)]
struct Green;

impl Transform for Green {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        color::keep_channel(image, 1, scratch)
    }
}
