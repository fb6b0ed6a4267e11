//! Medians of 5×5: columns are sorted once, then shared by the windows that they lie in.
//!
//! The comparisons are fixed networks, written once as macros and used on single samples and on vectors of 32.

written_for_each! {
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
}

/// Puts pairs of variables in order: `order!(a b, c d)`.
macro_rules! order {
    ($($a:ident $b:ident),*) => { $( ($a, $b) = (smaller($a, $b), larger($a, $b)); )* };
}

/// The median of three variables.
macro_rules! median_of_three {
    ($a:ident, $b:ident, $c:ident) => {
        larger(smaller($a, $b), smaller(larger($a, $b), $c))
    };
}

/// Sorts five with nine exchanges.
macro_rules! sort_five {
    ($value:expr) => {{
        let [mut a, mut b, mut c, mut d, mut e] = $value;
        order!(a d, b e, a c, b d, a b, c e, b c, d e, c d);
        [a, b, c, d, e]
    }};
}

/// The median of 25, `grid[i]` holding the `i`-th smallest of each of five columns.
///
/// Sorting each rank too leaves a grid that ascends both ways: at rank `i` and place `k` (from 0) at least
/// `(i + 1)(k + 1)` samples are not above and `(5 - i)(5 - k)` not below. Six samples have too many above and six too many
/// below them to be needed as the median. Of the thirteen left, on three diagonals, the lower four have at least seven
/// above all but the largest of them, and the upper four likewise: seven remain, with the same median.
macro_rules! median_of_twenty_five {
    ($grid:expr) => {{
        let [a, b, c, d, e] = $grid;
        let (a, b, c, d, e) = (sort_five!(a), sort_five!(b), sort_five!(c), sort_five!(d), sort_five!(e));
        let lower = larger(larger(a[3], b[2]), larger(c[1], d[0]));
        let upper = smaller(smaller(b[4], c[3]), smaller(d[2], e[1]));
        // The smallest and the largest of five cannot be the median of seven, nor those of four that of five.
        let (mut p, mut q, mut r, mut s, mut t) = (a[4], b[3], c[2], d[1], e[0]);
        order!(p q, r s, p r, q s, p t, t s);
        let mut u = lower;
        order!(q r, t u, q t, r u);
        median_of_three!(r, t, upper)
    }};
}

/// Five neighbours. A macro, because a function or closure that gives five vectors is not inlined.
macro_rules! five {
    ($views:ident, $x:ident) => {
        [
            load($views[0], $x),
            load($views[1], $x),
            load($views[2], $x),
            load($views[3], $x),
            load($views[4], $x),
        ]
    };
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    use crate::block::{self, larger, load, smaller};

    /// See [`super::sort5`].
    pub fn sort5(rows: [&[u8]; 5], sorted: [&mut [u8]; 5]) {
        super::check(&rows, &sorted);
        let n = rows[0].len();
        if n < block::LEN {
            return single::sort5(rows, sorted);
        }
        let [f, g, h, i, j] = rows.map(|row| &row[..n]);
        let [p, q, r, s, t] = sorted.map(|row| &mut row[..n]);
        for x in block::places(n) {
            let five = sort_five!([load(f, x), load(g, x), load(h, x), load(i, x), load(j, x)]);
            block::store(p, x, five[0]);
            block::store(q, x, five[1]);
            block::store(r, x, five[2]);
            block::store(s, x, five[3]);
            block::store(t, x, five[4]);
        }
    }

    /// See [`super::median5`].
    #[expect(unused_assignments, reason = "a network of exchanges, of which the median needs not all")]
    pub fn median5(channels: usize, sorted: [&[u8]; 5], out: &mut [u8]) {
        assert!(
            sorted.iter().all(|row| row.len() == out.len() + 4 * channels),
            "two pixels more on each side"
        );
        if out.len() < block::LEN {
            return single::median5(channels, sorted, out);
        }
        let [a, b, c, d, e] = super::views::<5, 5>(sorted, channels, out.len());
        for x in block::places(out.len()) {
            let grid = [five!(a, x), five!(b, x), five!(c, x), five!(d, x), five!(e, x)];
            block::store(out, x, median_of_twenty_five!(grid));
        }
    }

    /// Sample by sample, for rows shorter than a block.
    mod single {
        #[inline(always)]
        fn smaller(a: u8, b: u8) -> u8 {
            a.min(b)
        }

        #[inline(always)]
        fn larger(a: u8, b: u8) -> u8 {
            a.max(b)
        }

        pub(super) fn sort5(rows: [&[u8]; 5], sorted: [&mut [u8]; 5]) {
            for x in 0..rows[0].len() {
                let five = sort_five!(rows.map(|row| row[x]));
                (0..5).for_each(|k| sorted[k][x] = five[k]);
            }
        }

        #[expect(unused_assignments, reason = "a network of exchanges, of which the median needs not all")]
        pub(super) fn median5(channels: usize, sorted: [&[u8]; 5], out: &mut [u8]) {
            for (x, out) in out.iter_mut().enumerate() {
                let grid: [[u8; 5]; 5] = sorted.map(|row| [0, 1, 2, 3, 4].map(|k| row[x + k * channels]));
                *out = median_of_twenty_five!(grid);
            }
        }
    }
}

fn check<const N: usize>(rows: &[&[u8]; N], sorted: &[&mut [u8]; N]) {
    let n = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == n), "rows of one length");
    assert!(sorted.iter().all(|row| row.len() == n), "rows of one length");
}

/// The rows seen from each of `M` neighbouring pixels, as long as the result: a loop over them needs no checks of bounds.
#[inline(always)]
fn views<const N: usize, const M: usize>(rows: [&[u8]; N], step: usize, length: usize) -> [[&[u8]; M]; N] {
    rows.map(|row| std::array::from_fn(|k| &row[k * step..][..length]))
}

/// Does something with places of vectors that cover `n` samples, at least one vector; the last may overlap.
#[cfg(target_arch = "x86_64")]
macro_rules! cover {
    ($n:ident, $lanes:literal, |$x:ident| $body:block) => {{
        let mut $x = 0;
        while $x + $lanes <= $n {
            $body
            $x += $lanes;
        }
        if $x < $n {
            let $x = $n - $lanes;
            $body
        }
    }};
}

/// The kernels on vectors of one kind.
#[cfg(target_arch = "x86_64")]
macro_rules! on_vectors {
    ($module:ident, $features:literal, $vector:ident, $lanes:literal, $load:ident, $store:ident, $min:ident, $max:ident) => {
        #[cfg(target_arch = "x86_64")]
        mod $module {
            use crate::vector::{$load as load, $store as store};
            use std::arch::x86_64::*;

            #[target_feature(enable = $features)]
            #[inline]
            fn smaller(a: $vector, b: $vector) -> $vector {
                $min(a, b)
            }

            #[target_feature(enable = $features)]
            #[inline]
            fn larger(a: $vector, b: $vector) -> $vector {
                $max(a, b)
            }

            #[target_feature(enable = $features)]
            pub(super) fn sort5(rows: [&[u8]; 5], sorted: [&mut [u8]; 5]) {
                super::check(&rows, &sorted);
                let n = rows[0].len();
                if n < $lanes {
                    return super::scalar::sort5(rows, sorted);
                }
                let [f, g, h, i, j] = rows.map(|row| &row[..n]);
                let [p, q, r, s, t] = sorted.map(|row| &mut row[..n]);
                cover!(n, $lanes, |x| {
                    let five = sort_five!([load(f, x), load(g, x), load(h, x), load(i, x), load(j, x)]);
                    store(p, x, five[0]);
                    store(q, x, five[1]);
                    store(r, x, five[2]);
                    store(s, x, five[3]);
                    store(t, x, five[4]);
                });
            }

            #[target_feature(enable = $features)]
            #[expect(
                unused_assignments,
                reason = "a network of exchanges, of which the median needs not all"
            )]
            pub(super) fn median5(channels: usize, sorted: [&[u8]; 5], out: &mut [u8]) {
                let n = out.len();
                assert!(
                    sorted.iter().all(|row| row.len() == n + 4 * channels),
                    "two pixels more on each side"
                );
                if n < $lanes {
                    return super::scalar::median5(channels, sorted, out);
                }
                let [a, b, c, d, e]: [[&[u8]; 5]; 5] = super::views(sorted, channels, n);
                cover!(n, $lanes, |x| {
                    let grid = [five!(a, x), five!(b, x), five!(c, x), five!(d, x), five!(e, x)];
                    store(out, x, median_of_twenty_five!(grid));
                });
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
on_vectors!(
    avx2,
    "avx2,bmi1,bmi2,lzcnt,popcnt,fma",
    __m256i,
    32,
    load,
    store,
    _mm256_min_epu8,
    _mm256_max_epu8
);
#[cfg(target_arch = "x86_64")]
on_vectors!(
    avx512,
    "avx512f,avx512bw,avx512vl",
    __m512i,
    64,
    load512,
    store512,
    _mm512_min_epu8,
    _mm512_max_epu8
);

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
            }
        }
    }
}
