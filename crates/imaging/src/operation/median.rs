//! `median`: the median of each sample's window; exactly OpenCV's `medianBlur`, the border replicated.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::median;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "median",
    help: "the median of each pixel's window: removes specks, keeps edges",
    parameters: &[Parameter::odd("size", "of the window in pixels", (1, 5), 3)],
    bind: |arguments| Box::new(Median { size: arguments.size("size") }),
};

#[derive(Debug)]
struct Median {
    size: usize,
}

impl Transform for Median {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        median::median(image, self.size, scratch)
    }

    fn halo(&self) -> usize {
        self.size / 2
    }
}
