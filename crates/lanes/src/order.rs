//! Order statistics of small windows: medians of 3×3 and 5×5, smallest and largest of rows.

compiled_twice! {
    /// Sorts three rows in place, sample by sample.
    ///
    /// # Panics
    /// When the lengths differ.
    fn sort3(level, low: &mut [u8], middle: &mut [u8], high: &mut [u8]);

    /// The median of 3×3 from columns that [`sort3`] has sorted, neighbours `channels` samples apart.
    ///
    /// # Panics
    /// When the columns are not one pixel longer than `out` on each side.
    fn median3(level, channels: usize, sorted: [&[u8]; 3], out: &mut [u8]);

    /// Sorts five rows, sample by sample.
    ///
    /// # Panics
    /// When the lengths differ.
    fn sort5(level, rows: [&[u8]; 5], sorted: [&mut [u8]; 5]);

    /// The median of 5×5 from columns that [`sort5`] has sorted, neighbours `channels` samples apart.
    ///
    /// # Panics
    /// When the columns are not two pixels longer than `out` on each side.
    fn median5(level, channels: usize, sorted: [&[u8]; 5], out: &mut [u8]);

    /// `into[x] = min(into[x], row[x])`
    ///
    /// # Panics
    /// When the lengths differ.
    fn lower(level, into: &mut [u8], row: &[u8]);

    /// `into[x] = max(into[x], row[x])`
    ///
    /// # Panics
    /// When the lengths differ.
    fn raise(level, into: &mut [u8], row: &[u8]);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// Orders two samples.
    #[inline(always)]
    fn order(a: &mut u8, b: &mut u8) {
        (*a, *b) = ((*a).min(*b), (*a).max(*b));
    }

    /// Orders samples `i` and `j` of a few.
    #[inline(always)]
    fn exchange<const N: usize>(values: &mut [u8; N], i: usize, j: usize) {
        let (a, b) = (values[i], values[j]);
        (values[i], values[j]) = (a.min(b), a.max(b));
    }

    #[inline(always)]
    fn median_of_three(a: u8, b: u8, c: u8) -> u8 {
        a.min(b).max(a.max(b).min(c))
    }

    /// See [`super::sort3`].
    #[inline(always)]
    pub fn sort3(low: &mut [u8], middle: &mut [u8], high: &mut [u8]) {
        let n = low.len();
        assert!(middle.len() == n && high.len() == n, "rows of one length");
        for x in 0..n {
            let [mut a, mut b, mut c] = [low[x], middle[x], high[x]];
            order(&mut a, &mut b);
            order(&mut b, &mut c);
            order(&mut a, &mut b);
            (low[x], middle[x], high[x]) = (a, b, c);
        }
    }

    /// See [`super::median3`].
    #[inline(always)]
    pub fn median3(channels: usize, sorted: [&[u8]; 3], out: &mut [u8]) {
        let n = out.len();
        assert!(sorted.iter().all(|row| row.len() == n + 2 * channels), "one pixel more on each side");
        let [l, m, h] = sorted;
        let (l0, l1, l2) = (&l[..n], &l[channels..][..n], &l[2 * channels..][..n]);
        let (m0, m1, m2) = (&m[..n], &m[channels..][..n], &m[2 * channels..][..n]);
        let (h0, h1, h2) = (&h[..n], &h[channels..][..n], &h[2 * channels..][..n]);
        for x in 0..n {
            let low = l0[x].max(l1[x]).max(l2[x]);
            let high = h0[x].min(h1[x]).min(h2[x]);
            out[x] = median_of_three(low, median_of_three(m0[x], m1[x], m2[x]), high);
        }
    }

    /// Nine exchanges that sort five samples.
    #[inline(always)]
    fn sort_five(v: &mut [u8; 5]) {
        for (i, j) in [(0, 3), (1, 4), (0, 2), (1, 3), (0, 1), (2, 4), (1, 2), (3, 4), (2, 3)] {
            exchange(v, i, j);
        }
    }

    /// See [`super::sort5`].
    #[inline(always)]
    pub fn sort5(rows: [&[u8]; 5], sorted: [&mut [u8]; 5]) {
        let n = rows[0].len();
        assert!(rows.iter().all(|row| row.len() == n), "rows of one length");
        assert!(sorted.iter().all(|row| row.len() == n), "rows of one length");
        let [a, b, c, d, e] = rows.map(|row| &row[..n]);
        let [p, q, r, s, t] = sorted.map(|row| &mut row[..n]);
        for x in 0..n {
            let mut five = [a[x], b[x], c[x], d[x], e[x]];
            sort_five(&mut five);
            [p[x], q[x], r[x], s[x], t[x]] = five;
        }
    }

    /// See [`super::median5`].
    #[inline(always)]
    pub fn median5(channels: usize, sorted: [&[u8]; 5], out: &mut [u8]) {
        let n = out.len();
        assert!(sorted.iter().all(|row| row.len() == n + 4 * channels), "two pixels more on each side");
        let rows: [[&[u8]; 5]; 5] = sorted.map(|row| std::array::from_fn(|k| &row[k * channels..][..n]));
        for x in 0..n {
            let grid: [[u8; 5]; 5] = std::array::from_fn(|i| std::array::from_fn(|k| rows[i][k][x]));
            out[x] = median_of_sorted_columns(grid);
        }
    }

    /// The median of 25 samples, `grid[i]` holding the `i`-th smallest of each of five columns.
    ///
    /// Sorting each rank too leaves a grid that ascends both ways: at rank `i` and place `k` (from 0) at least
    /// `(i + 1)(k + 1)` samples are not above and `(5 - i)(5 - k)` not below. Where either is more than 13 the sample is
    /// not needed as the median; six drop out at each end, and the median of the thirteen left is that of all.
    #[inline(always)]
    fn median_of_sorted_columns(mut grid: [[u8; 5]; 5]) -> u8 {
        grid.iter_mut().for_each(sort_five);
        let [a, b, c, d, e] = grid;
        let band = [a[3], a[4], b[2], b[3], b[4], c[1], c[2], c[3], d[0], d[1], d[2], e[0], e[1]];
        median_of_thirteen(band)
    }

    /// The median of thirteen by forgetting the smallest and the largest of a growing few.
    #[inline(always)]
    fn median_of_thirteen(v: [u8; 13]) -> u8 {
        let mut few = [v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]];
        // The smallest and the largest of eight cannot be the median of thirteen.
        forget_extremes(&mut few);
        let mut few = [few[1], few[2], few[3], few[4], few[5], few[6], v[8]];
        forget_extremes(&mut few);
        let mut few = [few[1], few[2], few[3], few[4], few[5], v[9]];
        forget_extremes(&mut few);
        let mut few = [few[1], few[2], few[3], few[4], v[10]];
        forget_extremes(&mut few);
        let mut few = [few[1], few[2], few[3], v[11]];
        forget_extremes(&mut few);
        median_of_three(few[1], few[2], v[12])
    }

    /// Brings the smallest to the front and the largest to the back.
    #[inline(always)]
    fn forget_extremes<const N: usize>(v: &mut [u8; N]) {
        for i in 0..N / 2 {
            exchange(v, i, N - 1 - i);
        }
        let lower = N.div_ceil(2);
        for i in 1..lower {
            exchange(v, 0, i);
        }
        for i in N / 2..N - 1 {
            exchange(v, i, N - 1);
        }
    }

    /// See [`super::lower`].
    #[inline(always)]
    pub fn lower(into: &mut [u8], row: &[u8]) {
        assert_eq!(into.len(), row.len(), "rows of one length");
        into.iter_mut().zip(row).for_each(|(a, b)| *a = (*a).min(*b));
    }

    /// See [`super::raise`].
    #[inline(always)]
    pub fn raise(into: &mut [u8], row: &[u8]) {
        assert_eq!(into.len(), row.len(), "rows of one length");
        into.iter_mut().zip(row).for_each(|(a, b)| *a = (*a).max(*b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// The middle of the samples of a window, found by sorting all of them.
    fn by_sorting(rows: &[&[u8]], size: usize, channels: usize, n: usize) -> Vec<u8> {
        let of = |x: usize| {
            let mut window: Vec<u8> =
                rows.iter().flat_map(|row| (0..size).map(|k| row[x + k * channels])).collect();
            window.sort_unstable();
            window[window.len() / 2]
        };
        (0..n).map(of).collect()
    }

    proptest! {
        #[test]
        fn medians_are_the_middle_of_the_sorted_window(
            samples in vec(any::<u8>(), 5 * 120),
            few in any::<bool>(),
            channels in prop_oneof![Just(1usize), Just(3)],
            n in 1usize..100,
        ) {
            let samples: Vec<u8> = if few { samples.iter().map(|v| v & 3).collect() } else { samples };
            for level in Level::available() {
                let rows: Vec<&[u8]> = (0..5).map(|k| &samples[k * 120..][..n + 4 * channels]).collect();
                let mut sorted: [Vec<u8>; 5] = std::array::from_fn(|_| vec![0; n + 4 * channels]);
                sort5(level, std::array::from_fn(|k| rows[k]), sorted.each_mut().map(|row| &mut row[..]));
                let mut out = vec![0; n];
                median5(level, channels, std::array::from_fn(|k| &sorted[k][..]), &mut out);
                prop_assert_eq!(&out, &by_sorting(&rows, 5, channels, n));
                let rows: Vec<&[u8]> = rows[..3].iter().map(|row| &row[..n + 2 * channels]).collect();
                let [mut l, mut m, mut h] = std::array::from_fn(|k| rows[k].to_vec());
                sort3(level, &mut l, &mut m, &mut h);
                median3(level, channels, [&l, &m, &h], &mut out);
                prop_assert_eq!(&out, &by_sorting(&rows, 3, channels, n));
                let (mut low, mut high) = (rows[0].to_vec(), rows[0].to_vec());
                lower(level, &mut low, rows[1]);
                raise(level, &mut high, rows[1]);
                for x in 0..rows[0].len() {
                    prop_assert_eq!([low[x], high[x]], [rows[0][x].min(rows[1][x]), rows[0][x].max(rows[1][x])]);
                }
            }
        }
    }
}
