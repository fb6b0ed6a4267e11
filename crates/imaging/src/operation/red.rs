//! `red`: keeps red and makes the other two channels zero.

use super::{Entry, Transform};
use crate::image::Image;
use crate::kernel::color;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry =
    Entry { name: "red", help: "only the red of the picture", parameters: &[], bind: |_| Box::new(Red) };

#[derive(Debug)]
struct Red;

impl Transform for Red {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        color::keep_channel(image, 0, scratch)
    }
}
