//! Sizes and rectangles of pixels.

use crate::image::Image;

/// Width and height of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Size {
    /// Of an image.
    pub fn of(image: &Image) -> Size {
        Size { width: image.width, height: image.height }
    }

    /// The rectangle that covers it.
    pub fn area(self) -> Area {
        Area { x: 0, y: 0, width: self.width, height: self.height }
    }
}

/// A rectangle of pixels within a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Area {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Area {
    /// Its size.
    pub fn size(self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// Whether it holds no pixel.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The column after the last.
    pub(crate) fn right(self) -> usize {
        self.x + self.width
    }

    /// The row after the last.
    pub(crate) fn bottom(self) -> usize {
        self.y + self.height
    }

    /// Whether a pixel lies in it.
    #[cfg(test)]
    pub(crate) fn contains(self, x: usize, y: usize) -> bool {
        (self.x..self.right()).contains(&x) && (self.y..self.bottom()).contains(&y)
    }

    /// With `margin` pixels more on each side, as far as the picture goes.
    pub(crate) fn grown(self, margin: usize, within: Size) -> Area {
        if self.is_empty() {
            return self;
        }
        let (x, y) = (self.x.saturating_sub(margin), self.y.saturating_sub(margin));
        let right = (self.right() + margin).min(within.width);
        let bottom = (self.bottom() + margin).min(within.height);
        Area { x, y, width: right - x, height: bottom - y }
    }

    /// The smallest rectangle that holds both; an empty one adds nothing.
    pub(crate) fn hull(self, other: Area) -> Area {
        if self.is_empty() || other.is_empty() {
            return if self.is_empty() { other } else { self };
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Area { x, y, width: right - x, height: bottom - y }
    }

    /// The pixels in both.
    pub(crate) fn shared(self, other: Area) -> Area {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        Area { x, y, width: right.saturating_sub(x), height: bottom.saturating_sub(y) }
    }

    /// The same rectangle seen from the first pixel of `whole`, which holds it.
    pub(crate) fn from(self, whole: Area) -> Area {
        Area { x: self.x - whole.x, y: self.y - whole.y, ..self }
    }
}

/// The pixels of a rectangle that lies within the image, in the image's own memory.
pub(crate) fn cut(image: Image, area: Area) -> Image {
    if Size::of(&image).area() == area {
        return image;
    }
    let Image { width: whole, mut samples, channels, .. } = image;
    let count = channels.count();
    for row in 0..area.height {
        let from = ((area.y + row) * whole + area.x) * count;
        samples.copy_within(from..from + area.width * count, row * area.width * count);
    }
    samples.truncate(area.width * area.height * count);
    Image { width: area.width, height: area.height, channels, samples }
}

/// A copy of the pixels of a rectangle that lies within the image.
pub(crate) fn copy(image: &Image, area: Area) -> Image {
    let count = image.channels.count();
    let mut samples = Vec::with_capacity(area.width * area.height * count);
    rows(image, area).for_each(|row| samples.extend_from_slice(row));
    Image { width: area.width, height: area.height, channels: image.channels, samples }
}

/// The rows of a rectangle that lies within the image.
pub(crate) fn rows(image: &Image, area: Area) -> impl Iterator<Item = &[u8]> {
    let count = image.channels.count();
    (area.y..area.bottom())
        .map(move |y| &image.samples[(y * image.width + area.x) * count..][..area.width * count])
}

/// Writes a picture over the place of the image that it was cut from.
pub(crate) fn paste(image: &mut Image, area: Area, piece: &Image) {
    let count = image.channels.count();
    for (row, from) in piece.samples.chunks_exact(area.width * count).enumerate() {
        let to = ((area.y + row) * image.width + area.x) * count;
        image.samples[to..to + from.len()].copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Channels;

    #[test]
    fn a_piece_goes_back_where_it_was_cut() {
        let image = Image { width: 4, height: 3, channels: Channels::Rgb, samples: (0..36).collect() };
        let area = Area { x: 1, y: 1, width: 2, height: 2 };
        let piece = copy(&image, area);
        assert_eq!(piece.samples, [15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32]);
        assert_eq!(cut(image.clone(), area), piece);
        let mut blank = Image { samples: vec![0; 36], ..image };
        paste(&mut blank, area, &piece);
        assert_eq!(copy(&blank, area), piece);
    }

    #[test]
    fn areas_grow_and_join_within_the_picture() {
        let size = Size { width: 10, height: 8 };
        let area = Area { x: 1, y: 6, width: 3, height: 2 };
        assert_eq!(area.grown(2, size), Area { x: 0, y: 4, width: 6, height: 4 });
        let nothing = Area { x: 9, y: 0, width: 0, height: 8 };
        assert_eq!(nothing.hull(area), area);
        assert!(nothing.grown(3, size).is_empty() && nothing.shared(area).is_empty());
        assert_eq!(
            area.hull(Area { x: 8, y: 0, width: 1, height: 1 }),
            Area { x: 1, y: 0, width: 8, height: 8 }
        );
    }
}
