//! The median of 3×3, row pair by row pair: three neighbours of a row are sorted once, for all windows that they lie in.
//!
//! The median is the middle of three: the largest of the three rows' smallest, the middle of their middles, the smallest of
//! their largest. Two windows, one below the other, share two rows, so what these say together is found once for both.

written_for_each! {
    /// Medians of windows of 3×3 samples, neighbours `channels` samples apart: of as many rows as `out` has, each from the
    /// row of the same place and the two behind it.
    ///
    /// # Panics
    /// When there are not two more rows than results, or they are not one pixel longer on each side.
    fn median3(level, channels: usize, rows: &[&[u8]], out: &mut [&mut [u8]]);
}

/// Length of the results, once it is certain that all rows fit them.
#[inline(always)]
fn checked_length(channels: usize, rows: &[&[u8]], out: &[&mut [u8]]) -> usize {
    assert_eq!(rows.len(), out.len() + 2, "a row above and one below");
    let n = rows[0].len() - 2 * channels;
    assert!(rows.iter().all(|row| row.len() == n + 2 * channels), "one pixel more on each side");
    assert!(out.iter().all(|row| row.len() == n), "rows of one length");
    n
}

/// Three in order.
macro_rules! sorted {
    ($three:expr) => {{
        let [a, b, c] = $three;
        let (a, b) = ordered(a, b);
        let (b, c) = ordered(b, c);
        let (a, b) = ordered(a, b);
        [a, b, c]
    }};
}

/// What two sorted rows say together: the larger of the smallest, the middles in order, the smaller of the largest.
macro_rules! shared {
    ($p:ident, $q:ident) => {{
        let (low, high) = ordered($p[1], $q[1]);
        [larger($p[0], $q[0]), low, high, smaller($p[2], $q[2])]
    }};
}

/// The median of two rows and a third.
macro_rules! median {
    ($shared:ident, $third:ident) => {{
        let low = larger($shared[0], $third[0]);
        let middle = larger($shared[1], smaller($shared[2], $third[1]));
        let high = smaller($shared[3], $third[2]);
        let (a, b) = ordered(low, middle);
        larger(a, smaller(b, high))
    }};
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    use super::checked_length;
    use crate::block::{self, larger, load, ordered, smaller};

    /// See [`super::median3`].
    pub fn median3(channels: usize, rows: &[&[u8]], out: &mut [&mut [u8]]) {
        let n = checked_length(channels, rows, out);
        if n < block::LEN {
            return single::median3(channels, rows, out);
        }
        for (out, rows) in out.iter_mut().zip(rows.windows(3)) {
            // Slices of one length: loads need no checks of their own.
            let [a, b, c] = views(rows[0], channels, n);
            let [d, e, f] = views(rows[1], channels, n);
            let [g, h, i] = views(rows[2], channels, n);
            let out = &mut out[..n];
            for x in block::places(n) {
                let p = sorted!([load(a, x), load(b, x), load(c, x)]);
                let q = sorted!([load(d, x), load(e, x), load(f, x)]);
                let r = sorted!([load(g, x), load(h, x), load(i, x)]);
                let shared = shared!(p, q);
                block::store(out, x, median!(shared, r));
            }
        }
    }

    /// The row as each of three neighbours sees it.
    fn views(row: &[u8], channels: usize, n: usize) -> [&[u8]; 3] {
        [&row[..n], &row[channels..][..n], &row[2 * channels..][..n]]
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

        #[inline(always)]
        fn ordered(a: u8, b: u8) -> (u8, u8) {
            (a.min(b), a.max(b))
        }

        pub(super) fn median3(channels: usize, rows: &[&[u8]], out: &mut [&mut [u8]]) {
            let n = rows[0].len() - 2 * channels;
            for (out, rows) in out.iter_mut().zip(rows.windows(3)) {
                let [above, here, below] = [rows[0], rows[1], rows[2]];
                // Slices of one length: the compiler needs no checks and takes many places at once.
                let at = |k: usize| [above, here, below].map(|row| &row[k * channels..][..n]);
                let (left, middle, right) = (at(0), at(1), at(2));
                for (x, out) in out[..n].iter_mut().enumerate() {
                    let [p, q, r] = [0, 1, 2].map(|k| sorted!([left[k][x], middle[k][x], right[k][x]]));
                    let shared = shared!(p, q);
                    *out = median!(shared, r);
                }
            }
        }
    }
}

/// Bytes ahead that are asked for.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 256;

/// The kernel on vectors of one kind.
#[cfg(target_arch = "x86_64")]
macro_rules! on_vectors {
    ($module:ident, $features:literal, $vector:ident, $lanes:literal, $load:ident, $store:ident, $min:ident, $max:ident, $xor:ident) => {
        #[cfg(target_arch = "x86_64")]
        mod $module {
            use super::AHEAD;
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

            /// The larger one is what the smaller one leaves: processors have more units for that than for comparing.
            #[target_feature(enable = $features)]
            #[inline]
            fn ordered(a: $vector, b: $vector) -> ($vector, $vector) {
                let low = $min(a, b);
                (low, $xor($xor(a, b), low))
            }

            /// Asks memory for what will be needed in a while. So many rows at once are more than processors foresee.
            #[target_feature(enable = $features)]
            #[inline]
            fn soon(row: &[u8], x: usize) {
                // Nothing is read: any address may be asked for.
                _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().wrapping_add(x + AHEAD).cast());
            }

            /// Three neighbours in order.
            ///
            /// # Safety
            /// The row has a vector from the place of the last of them on.
            #[target_feature(enable = $features)]
            #[inline]
            unsafe fn triple(row: &[u8], x: usize, channels: usize) -> [$vector; 3] {
                soon(row, x);
                // SAFETY: the caller vouches for the last one; the others lie before it.
                sorted!(unsafe { [load(row, x), load(row, x + channels), load(row, x + 2 * channels)] })
            }

            /// One vector of each row.
            ///
            /// # Safety
            /// The results have a vector from `x` on and the rows are two pixels longer.
            #[target_feature(enable = $features)]
            #[inline]
            unsafe fn column(channels: usize, rows: &[&[u8]], out: &mut [&mut [u8]], x: usize) {
                // SAFETY: what the caller vouches for is what all of these need.
                unsafe {
                    let [mut p, mut q] = [triple(rows[0], x, channels), triple(rows[1], x, channels)];
                    for (rows, out) in rows[2..].chunks(2).zip(out.chunks_mut(2)) {
                        let r = triple(rows[0], x, channels);
                        // The window of `p`, `q` and `r` and the one below it.
                        let both = shared!(q, r);
                        soon(out[0], x);
                        store(out[0], x, median!(both, p));
                        if let ([_, row], [_, out]) = (rows, out) {
                            let s = triple(row, x, channels);
                            soon(out, x);
                            store(out, x, median!(both, s));
                            (p, q) = (r, s);
                        }
                    }
                }
            }

            #[target_feature(enable = $features)]
            pub(super) fn median3(channels: usize, rows: &[&[u8]], out: &mut [&mut [u8]]) {
                let n = super::checked_length(channels, rows, out);
                if n < $lanes {
                    return super::scalar::median3(channels, rows, out);
                }
                let mut x = 0;
                loop {
                    // SAFETY: x + lanes <= n here, which is the length of the results, and the rows are longer by two pixels.
                    unsafe { column(channels, rows, out, x) };
                    if x + $lanes == n {
                        return;
                    }
                    // The last vector may overlap the one before.
                    x = (x + $lanes).min(n - $lanes);
                }
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
    load_unchecked,
    store_unchecked,
    _mm256_min_epu8,
    _mm256_max_epu8,
    _mm256_xor_si256
);
#[cfg(target_arch = "x86_64")]
on_vectors!(
    avx512,
    "avx512f,avx512bw,avx512vl",
    __m512i,
    64,
    load512_unchecked,
    store512_unchecked,
    _mm512_min_epu8,
    _mm512_max_epu8,
    _mm512_xor_si512
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn medians_are_the_middle_of_the_sorted_window(
            samples in vec(any::<u8>(), 9 * 210),
            few in any::<bool>(),
            channels in prop_oneof![Just(1usize), Just(3)],
            count in 1usize..8,
            n in 1usize..200,
        ) {
            let samples: Vec<u8> = if few { samples.iter().map(|v| v & 3).collect() } else { samples };
            let rows: Vec<&[u8]> = (0..count + 2).map(|k| &samples[k * 210..][..n + 2 * channels]).collect();
            let wanted: Vec<Vec<u8>> = rows
                .windows(3)
                .map(|rows| (0..n).map(|x| {
                    let mut window: Vec<u8> =
                        rows.iter().flat_map(|row| [0, 1, 2].map(|k| row[x + k * channels])).collect();
                    window.sort_unstable();
                    window[4]
                }).collect())
                .collect();
            for level in Level::available() {
                let mut found = vec![vec![0; n]; count];
                let mut out: Vec<&mut [u8]> = found.iter_mut().map(|row| &mut row[..]).collect();
                median3(level, channels, &rows, &mut out);
                prop_assert_eq!(&found, &wanted);
            }
        }
    }
}
