//! `blue`: keeps blue and makes the other two channels zero.

use super::{Entry, Transform};
use crate::image::Image;
use crate::kernel::color;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry =
    Entry { name: "blue", help: "only the blue of the picture", parameters: &[], bind: |_| Box::new(Blue) };

#[derive(Debug)]
struct Blue;

impl Transform for Blue {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        color::keep_channel(image, 2, scratch)
    }
}
