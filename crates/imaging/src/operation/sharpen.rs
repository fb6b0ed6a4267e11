//! `sharpen`: Gaussian smoothing, then minus one all round and nine in the middle; exactly OpenCV's `GaussianBlur` and
//! `filter2D`, both mirrored at the border, in one pass.

use super::{Entry, Parameter, Transform};
use crate::image::Image;
use crate::kernel::gauss::{Gaussian, Smoother};
use crate::kernel::scratch::Scratch;
use crate::kernel::window::{Border, Last, pad, rewrite};

pub(super) const ENTRY: Entry = Entry {
    name: "sharpen",
    help: "Gaussian smoothing, then a 3x3 kernel of -1 with 9 in the middle",
    parameters: &[Parameter::odd("size", "of the Gaussian before, in pixels, 1 for none", (1, 255), 5)],
    bind: |arguments| Box::new(Sharpen { kernel: Gaussian::new(arguments.size("size"), 0.0) }),
};

#[derive(Debug)]
struct Sharpen {
    kernel: Gaussian,
}

impl Transform for Sharpen {
    fn apply(&self, image: Image, scratch: &mut Scratch) -> Image {
        let (level, channels, width) = (scratch.level(), image.channels.count(), image.width);
        let mut smoother = Smoother::new(&self.kernel, width, channels, level);
        let mut smooth = Last::new(3, width * channels, image.height);
        let mut sums = vec![0; (width + 2) * channels];
        rewrite(image, Border::Reflect, scratch, |picture, y, row| {
            smooth.reach(y + 1, |y, row| smoother.make(picture, y, row));
            let [above, here, below] = [-1, 0, 1].map(|k| smooth.row(y as isize + k, Border::Reflect));
            let inside = channels..(width + 1) * channels;
            lanes::window::sum3(level, above, here, below, &mut sums[inside]);
            pad(&mut sums, channels, 1, Border::Reflect);
            lanes::window::sharpen(level, channels, &sums, here, row);
        })
    }

    fn halo(&self) -> usize {
        self.kernel.radius() + 1
    }
}
