//! A ring of the last few rows, with room on both sides for what a window needs beyond the border.

/// The last `count` rows; row `y` replaces row `y - count`.
#[derive(Debug)]
pub(crate) struct Lines<T> {
    cells: Vec<T>,
    length: usize,
    count: usize,
}

impl<T: Copy + Default> Lines<T> {
    /// Rows of `length` cells, all default at first.
    pub(crate) fn new(count: usize, length: usize) -> Lines<T> {
        Lines { cells: vec![T::default(); count * length], length, count }
    }

    /// Row `y`, when it is among the last.
    pub(crate) fn line(&self, y: usize) -> &[T] {
        let at = y % self.count * self.length;
        &self.cells[at..at + self.length]
    }

    /// The place of row `y`.
    pub(crate) fn line_mut(&mut self, y: usize) -> &mut [T] {
        let at = y % self.count * self.length;
        &mut self.cells[at..at + self.length]
    }
}

/// OpenCV's `BORDER_REFLECT_101`: the index that stands for `position` in a row of `length`, mirrored at the first
/// and the last cell without repeating them, as often as needed.
pub(crate) fn reflect(position: isize, length: usize) -> usize {
    if length == 1 {
        return 0;
    }
    let period = 2 * (length as isize - 1);
    let position = position.rem_euclid(period);
    position.min(period - position) as usize
}

/// OpenCV's `BORDER_REPLICATE`: the nearest index inside.
pub(crate) fn clamp(position: isize, length: usize) -> usize {
    position.clamp(0, length as isize - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflection_does_not_repeat_the_border() {
        let five: Vec<usize> = (-6..11).map(|k| reflect(k, 5)).collect();
        assert_eq!(five, [2, 3, 4, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2]);
        assert_eq!([-3, -2, -1, 0, 1, 2, 3].map(|k| reflect(k, 2)), [1, 0, 1, 0, 1, 0, 1]);
        assert_eq!([-3, 0, 7].map(|k| reflect(k, 1)), [0, 0, 0]);
    }

    #[test]
    fn a_ring_keeps_the_last_rows() {
        let mut ring = Lines::new(3, 2);
        for y in 0..5 {
            ring.line_mut(y).fill(y);
        }
        assert_eq!([2, 3, 4].map(|y| ring.line(y)[0]), [2, 3, 4]);
    }
}
