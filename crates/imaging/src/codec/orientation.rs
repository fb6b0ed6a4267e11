//! How a camera was held: the EXIF orientation, applied to pixels.

use crate::image::Image;

/// The eight ways a stored image may lie, numbered 1 to 8 as in EXIF. Each names what must be done to see it upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// 1: it lies right.
    #[default]
    Upright,
    /// 2: swap left and right.
    FlipHorizontal,
    /// 3: turn by 180 degrees.
    Rotate180,
    /// 4: swap top and bottom.
    FlipVertical,
    /// 5: swap rows and columns.
    Transpose,
    /// 6: turn clockwise by 90 degrees.
    Rotate90,
    /// 7: swap rows and columns along the other diagonal.
    Transverse,
    /// 8: turn counter-clockwise by 90 degrees.
    Rotate270,
}

impl Orientation {
    /// From the number in the file; what is no orientation counts as upright, as everywhere.
    pub fn from_exif(number: u16) -> Orientation {
        match number {
            2 => Orientation::FlipHorizontal,
            3 => Orientation::Rotate180,
            4 => Orientation::FlipVertical,
            5 => Orientation::Transpose,
            6 => Orientation::Rotate90,
            7 => Orientation::Transverse,
            8 => Orientation::Rotate270,
            _ => Orientation::Upright,
        }
    }

    /// Whether rows become columns.
    pub(crate) fn swaps_sides(self) -> bool {
        matches!(
            self,
            Orientation::Transpose | Orientation::Rotate90 | Orientation::Transverse | Orientation::Rotate270
        )
    }

    /// The image as it should be seen.
    pub fn apply(self, image: Image) -> Image {
        let (w, h) = (image.width, image.height);
        match self {
            Orientation::Upright => image,
            Orientation::FlipHorizontal => gather(&image, w, h, |x, y| (w - 1 - x, y)),
            Orientation::Rotate180 => gather(&image, w, h, |x, y| (w - 1 - x, h - 1 - y)),
            Orientation::FlipVertical => gather(&image, w, h, |x, y| (x, h - 1 - y)),
            Orientation::Transpose => gather(&image, h, w, |x, y| (y, x)),
            Orientation::Rotate90 => gather(&image, h, w, |x, y| (y, h - 1 - x)),
            Orientation::Transverse => gather(&image, h, w, |x, y| (w - 1 - y, h - 1 - x)),
            Orientation::Rotate270 => gather(&image, h, w, |x, y| (w - 1 - y, x)),
        }
    }
}

/// An image of other sides whose pixel at (x, y) is the old one's at `source(x, y)`.
fn gather(
    image: &Image,
    width: usize,
    height: usize,
    source: impl Fn(usize, usize) -> (usize, usize),
) -> Image {
    let n = image.channels.count();
    let mut samples = vec![0; image.samples.len()];
    for (y, row) in samples.chunks_exact_mut(width * n).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(n).enumerate() {
            let (sx, sy) = source(x, y);
            let at = (sy * image.width + sx) * n;
            pixel.copy_from_slice(&image.samples[at..at + n]);
        }
    }
    Image { width, height, channels: image.channels, samples }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Channels;

    fn three_by_two() -> Image {
        Image { width: 3, height: 2, channels: Channels::Gray, samples: vec![1, 2, 3, 4, 5, 6] }
    }

    #[test]
    fn each_orientation_brings_its_corner_to_the_top_left() {
        let expect: [(u16, usize, &[u8]); 8] = [
            (1, 3, &[1, 2, 3, 4, 5, 6]),
            (2, 3, &[3, 2, 1, 6, 5, 4]),
            (3, 3, &[6, 5, 4, 3, 2, 1]),
            (4, 3, &[4, 5, 6, 1, 2, 3]),
            (5, 2, &[1, 4, 2, 5, 3, 6]),
            (6, 2, &[4, 1, 5, 2, 6, 3]),
            (7, 2, &[6, 3, 5, 2, 4, 1]),
            (8, 2, &[3, 6, 2, 5, 1, 4]),
        ];
        for (number, width, samples) in expect {
            let turned = Orientation::from_exif(number).apply(three_by_two());
            assert_eq!((turned.width, &turned.samples[..]), (width, samples), "orientation {number}");
        }
    }

    #[test]
    fn colour_pixels_move_whole() {
        let image = Image { width: 2, height: 1, channels: Channels::Rgb, samples: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(Orientation::Rotate90.apply(image.clone()).height, 2);
        assert_eq!(Orientation::FlipHorizontal.apply(image).samples, [4, 5, 6, 1, 2, 3]);
    }

    #[test]
    fn numbers_outside_one_to_eight_mean_upright() {
        assert_eq!(Orientation::from_exif(0), Orientation::Upright);
        assert_eq!(Orientation::from_exif(9), Orientation::Upright);
    }
}
