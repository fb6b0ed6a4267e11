//! How a result is cut: by rows, columns or tiles, with larger parts for faster workers.

use super::{Area, SegmentError, Size};

/// A way to cut a picture into parts.
#[derive(Clone, Debug, PartialEq)]
pub enum Cut {
    /// Bands of rows, one a weight, as high as its share of all weights.
    Rows(Vec<f64>),
    /// Bands of columns, one a weight, as wide as its share of all weights.
    Columns(Vec<f64>),
    /// A grid of tiles, row by row.
    Tiles {
        /// Tiles side by side.
        columns: usize,
        /// Tiles one above the other.
        rows: usize,
    },
}

impl Cut {
    /// Bands of rows of equal height, as nearly as whole rows allow.
    pub fn rows(parts: usize) -> Cut {
        Cut::Rows(vec![1.0; parts])
    }

    /// Bands of columns of equal width, as nearly as whole columns allow.
    pub fn columns(parts: usize) -> Cut {
        Cut::Columns(vec![1.0; parts])
    }

    /// Bands of rows in proportion to the weights that begin at multiples of [`STRIP_ROWS`](super::STRIP_ROWS), so that
    /// each can be coded as part of a JPEG of `height` rows; `None` when there are fewer such rows than weights.
    pub fn strips(weights: &[f64], height: usize) -> Option<Cut> {
        let units = height.div_ceil(super::STRIP_ROWS);
        let cut = Cut::Rows(weights.to_vec());
        cut.check(Size { width: 1, height: units }).ok()?;
        let ends = stretches(weights, units).map(|(start, length)| {
            let end = ((start + length) * super::STRIP_ROWS).min(height);
            (end - start * super::STRIP_ROWS) as f64
        });
        Some(Cut::Rows(ends.collect()))
    }

    /// The same cut of a picture of this size in whole numbers, as it travels: the heights or widths of its bands.
    pub fn bands(&self, size: Size) -> Vec<usize> {
        match self {
            Cut::Rows(weights) => stretches(weights, size.height).map(|(_, height)| height).collect(),
            Cut::Columns(weights) => stretches(weights, size.width).map(|(_, width)| width).collect(),
            Cut::Tiles { columns, rows } => vec![*columns, *rows],
        }
    }

    /// Parts that the cut makes.
    pub fn parts(&self) -> usize {
        match self {
            Cut::Rows(weights) | Cut::Columns(weights) => weights.len(),
            Cut::Tiles { columns, rows } => columns * rows,
        }
    }

    /// Whether a picture of this size can be cut so that no part is empty.
    pub(crate) fn check(&self, size: Size) -> Result<(), SegmentError> {
        let fits = |parts, length, along| {
            if parts > length { Err(SegmentError::TooManyParts { parts, length, along }) } else { Ok(()) }
        };
        let weights = |weights: &[f64]| {
            let positive = weights.iter().all(|weight| weight.is_finite() && *weight > 0.0);
            if weights.is_empty() || !positive || !weights.iter().sum::<f64>().is_finite() {
                return Err(SegmentError::NoParts);
            }
            Ok(())
        };
        match self {
            Cut::Rows(shares) => weights(shares).and_then(|()| fits(shares.len(), size.height, "rows")),
            Cut::Columns(shares) => weights(shares).and_then(|()| fits(shares.len(), size.width, "columns")),
            Cut::Tiles { columns: 0, .. } | Cut::Tiles { rows: 0, .. } => Err(SegmentError::NoParts),
            Cut::Tiles { columns, rows } => {
                fits(*columns, size.width, "columns").and_then(|()| fits(*rows, size.height, "rows"))
            }
        }
    }

    /// The parts of a picture of this size: disjoint, covering it, in order. Where there are fewer rows or columns than
    /// parts some are empty; otherwise none is.
    pub(crate) fn areas(&self, size: Size) -> Vec<Area> {
        let whole = size.area();
        let band = |(y, height)| Area { y, height, ..whole };
        let column = |(x, width)| Area { x, width, ..whole };
        match self {
            Cut::Rows(weights) => stretches(weights, size.height).map(band).collect(),
            Cut::Columns(weights) => stretches(weights, size.width).map(column).collect(),
            Cut::Tiles { columns, rows } => {
                let (across, down) = (vec![1.0; *columns], vec![1.0; *rows]);
                stretches(&down, size.height)
                    .flat_map(|(y, height)| {
                        stretches(&across, size.width).map(move |(x, width)| Area { x, y, width, height })
                    })
                    .collect()
            }
        }
    }
}

/// Start and length of consecutive stretches of `length` in proportion to the weights, none empty if that is possible.
fn stretches(weights: &[f64], length: usize) -> impl Iterator<Item = (usize, usize)> {
    let total: f64 = weights.iter().sum();
    let parts = weights.len();
    let mut ends = Vec::with_capacity(parts);
    let (mut sum, mut end) = (0.0, 0);
    for (k, weight) in weights.iter().enumerate() {
        sum += weight;
        let wanted = (sum / total * length as f64).round() as usize;
        // At least one more than the last, and one left for each that follows.
        let (least, most) = ((end + 1).min(length), length.saturating_sub(parts - 1 - k));
        end = if k + 1 == parts { length } else { wanted.min(most).max(least) };
        ends.push(end);
    }
    let starts = std::iter::once(0).chain(ends.clone());
    starts.zip(ends).map(|(start, end)| (start, end - start)).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_cover_the_picture_once_and_none_is_empty(
            weights in proptest::collection::vec(0.01f64..100.0, 1..9),
            width in 1usize..40,
            height in 1usize..40,
            shape in 0..3,
        ) {
            let cut = match shape {
                0 => Cut::Rows(weights),
                1 => Cut::Columns(weights),
                _ => Cut::Tiles { columns: weights.len(), rows: 1 + weights.len() / 2 },
            };
            let size = Size { width, height };
            let areas = cut.areas(size);
            prop_assert_eq!(areas.len(), cut.parts());
            for y in 0..height {
                for x in 0..width {
                    prop_assert_eq!(areas.iter().filter(|area| area.contains(x, y)).count(), 1);
                }
            }
            if cut.check(size).is_ok() {
                prop_assert!(areas.iter().all(|area| !area.is_empty()));
            }
        }
    }

    proptest! {
        #[test]
        fn bands_in_whole_numbers_are_the_same_cut(
            weights in proptest::collection::vec(0.01f64..100.0, 1..9),
            height in 9usize..70_000,
        ) {
            let size = Size { width: 3, height };
            let cut = Cut::Rows(weights.clone());
            let again = Cut::Rows(cut.bands(size).into_iter().map(|band| band as f64).collect());
            prop_assert_eq!(again.areas(size), cut.areas(size));
            if let Some(strips) = Cut::strips(&weights, height) {
                let areas = strips.areas(size);
                prop_assert!(areas.iter().all(|area| area.y % 16 == 0 && !area.is_empty()));
                prop_assert_eq!(areas.len(), weights.len());
            }
        }
    }

    #[test]
    fn a_faster_worker_gets_more_rows() {
        let areas = Cut::Rows(vec![1.0, 3.0]).areas(Size { width: 5, height: 100 });
        assert_eq!([areas[0].height, areas[1].height], [25, 75]);
    }

    #[test]
    fn more_parts_than_rows_are_refused() {
        let error = Cut::rows(9).check(Size { width: 100, height: 8 }).unwrap_err();
        assert_eq!(error.to_string(), "9 parts are more than the 8 rows of the result; ask for 8 at most");
    }
}
