//! `blur`: Gaussian smoothing; exactly OpenCV's `GaussianBlur` on 8-bit samples, mirrored at the border.
//!
//! Exact for every odd size without a sigma. With a sigma of one's own the weights come from this platform's `exp`,
//! OpenCV's from a software one: a difference in the last bit could move a weight by 1/256 (none is known).

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::gauss::Gaussian;
use crate::kernel::scratch::Scratch;

pub(super) const ENTRY: Entry = Entry {
    name: "blur",
    help: "Gaussian smoothing",
    parameters: &[
        Parameter::odd("size", "of the kernel in pixels", (1, 255), 31),
        Parameter::real(
            "sigma",
            "standard deviation in pixels, 0 for one that fits the size",
            (0.0, 100.0),
            0.0,
        ),
    ],
    bind: |arguments| {
        Box::new(Blur { kernel: Gaussian::new(arguments.size("size"), arguments.real("sigma")) })
    },
};

#[derive(Debug)]
struct Blur {
    kernel: Gaussian,
}

impl Transform for Blur {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        self.kernel.apply(image, scratch)
    }

    fn halo(&self) -> usize {
        self.kernel.radius()
    }
}
