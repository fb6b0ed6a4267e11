//! FAST corners: how much brighter or darker than a pixel the best nine neighbours in a row on a circle all are.

written_for_each! {
    /// Scores the middle row of seven and tells whether any pixel scores. The circle of radius 3 round pixel `x` of
    /// `scores` is round sample `x + 3` of the rows; the score is the largest difference that nine adjacent samples of the
    /// circle all exceed in one direction, or 0 where that is not above `threshold`.
    ///
    /// # Panics
    /// When the rows are not three samples longer than `scores` on each side.
    fn scores(level, rows: [&[u8]; 7], threshold: u8, scores: &mut [u8]) -> bool;
}

/// The circle of 16 samples: row and column of each, the middle being (3, 3).
const CIRCLE: [(usize, usize); 16] = [
    (6, 3),
    (6, 4),
    (5, 5),
    (4, 6),
    (3, 6),
    (2, 6),
    (1, 5),
    (0, 4), //
    (0, 3),
    (0, 2),
    (1, 1),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (6, 2),
];

/// The largest of the sixteen smallest-of-nine-in-a-row. Each eight in a row that begin at an odd place are shared by two
/// nines: with the one before, and with the one after.
macro_rules! best_of_nine {
    ($d:ident, $min:ident, $max:ident, $nothing:expr) => {{
        let mut two = $d;
        for k in 0..8 {
            two[k] = $min($d[2 * k + 1], $d[(2 * k + 2) % 16]);
        }
        let mut best = $nothing;
        for k in 0..8 {
            let (first, second) = ($min(two[k], two[(k + 1) % 8]), $min(two[(k + 2) % 8], two[(k + 3) % 8]));
            let eight = $min(first, second);
            best = $max(best, $min(eight, $max($d[2 * k], $d[(2 * k + 9) % 16])));
        }
        best
    }};
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    use super::CIRCLE;
    use crate::block::{self, excess, is_zero, larger, load, smaller};

    /// See [`super::scores`].
    pub fn scores(rows: [&[u8]; 7], threshold: u8, scores: &mut [u8]) -> bool {
        let n = scores.len();
        assert!(rows.iter().all(|row| row.len() == n + 6), "three samples more on each side");
        if n < block::LEN {
            return single(rows, threshold, scores);
        }
        let mut any = false;
        for x in block::places(n) {
            let (middle, limit) = (load(rows[3], x + 3), block::of([threshold; block::LEN]));
            let sample = |k: usize| load(rows[CIRCLE[k].0], x + CIRCLE[k].1);
            // Nine in a row hold one of each two opposite samples: where neither differs enough is no corner.
            let differs = |k: usize| {
                let (a, b) = (sample(k), sample(k + 8));
                let most = larger(excess(larger(a, b), middle), excess(middle, smaller(a, b)));
                excess(most, limit)
            };
            let scores = &mut scores[x..x + block::LEN];
            if is_zero(smaller(differs(0), differs(4))) {
                scores.fill(0);
                continue;
            }
            let ring = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(sample);
            let (up, down) =
                (ring.map(|sample| excess(sample, middle)), ring.map(|sample| excess(middle, sample)));
            let nothing = block::of([0; block::LEN]);
            let best = larger(
                best_of_nine!(up, smaller, larger, nothing),
                best_of_nine!(down, smaller, larger, nothing),
            );
            for (score, best) in scores.iter_mut().zip(block::samples(best)) {
                *score = if best > threshold { best } else { 0 };
            }
            any |= scores.iter().any(|score| *score > 0);
        }
        any
    }

    /// Sample by sample, for rows shorter than a block.
    fn single(rows: [&[u8]; 7], threshold: u8, scores: &mut [u8]) -> bool {
        for (x, score) in scores.iter_mut().enumerate() {
            let middle = rows[3][x + 3];
            let ring = CIRCLE.map(|(row, column)| rows[row][x + column]);
            let brighter = best_of_nine(ring.map(|sample| sample.saturating_sub(middle)));
            let darker = best_of_nine(ring.map(|sample| middle.saturating_sub(sample)));
            let best = brighter.max(darker);
            *score = if best > threshold { best } else { 0 };
        }
        scores.iter().any(|score| *score > 0)
    }

    /// The largest of the sixteen smallest-of-nine-in-a-row.
    fn best_of_nine(ring: [u8; 16]) -> u8 {
        let smallest = |first: usize| (first..first + 9).map(|k| ring[k % 16]).min().unwrap_or(0);
        (0..16).map(smallest).max().unwrap_or(0)
    }
}

/// The kernel on vectors of one kind.
#[cfg(target_arch = "x86_64")]
macro_rules! on_vectors {
    (
        $module:ident, $features:literal, $lanes:literal, $load:ident, $store:ident, $min:ident, $max:ident, $minus:ident,
        $plus:ident, $all:ident, $nothing:expr, $helpers:ident
    ) => {
        #[cfg(target_arch = "x86_64")]
        mod $module {
            use super::CIRCLE;
            use crate::vector::{$load as load, $store as store};
            use std::arch::x86_64::*;

            #[target_feature(enable = $features)]
            pub(super) fn scores(rows: [&[u8]; 7], threshold: u8, scores: &mut [u8]) -> bool {
                let n = scores.len();
                assert!(rows.iter().all(|row| row.len() == n + 6), "three samples more on each side");
                if n < $lanes {
                    return super::scalar::scores(rows, threshold, scores);
                }
                let limit = $all(threshold as i8);
                let last = (n % $lanes != 0).then(|| n - $lanes);
                let mut any = $nothing;
                for x in (0..n / $lanes).map(|k| $lanes * k).chain(last) {
                    let sample = |k: usize| load(rows[CIRCLE[k].0], x + CIRCLE[k].1);
                    let middle = load(rows[3], x + 3);
                    let (high, low) = ($plus(middle, limit), $minus(middle, limit));
                    // Nine in a row hold one of each two opposite samples: where neither differs enough is no corner.
                    let opposite = |k: usize| {
                        let (a, b) = (sample(k), sample(k + 8));
                        ($minus($max(a, b), high), $minus(low, $min(a, b)))
                    };
                    let ((b0, d0), (b1, d1)) = (opposite(0), opposite(4));
                    let (brighter, darker) = ($min(b0, b1), $min(d0, d1));
                    if is_zero($max(brighter, darker)) {
                        store(scores, x, $nothing);
                        continue;
                    }
                    let ((b0, d0), (b1, d1)) = (opposite(2), opposite(6));
                    let (brighter, darker) = ($min(brighter, $min(b0, b1)), $min(darker, $min(d0, d1)));
                    if is_zero($max(brighter, darker)) {
                        store(scores, x, $nothing);
                        continue;
                    }
                    // Not by `map`, of which each step would be a call: the library's code is not compiled for these vectors.
                    let (mut up, mut down) = ([$nothing; 16], [$nothing; 16]);
                    for k in 0..16 {
                        let sample = load(rows[CIRCLE[k].0], x + CIRCLE[k].1);
                        (up[k], down[k]) = ($minus(sample, middle), $minus(middle, sample));
                    }
                    let best = $max(
                        best_of_nine!(up, $min, $max, $nothing),
                        best_of_nine!(down, $min, $max, $nothing),
                    );
                    let score = only_above(best, limit);
                    any = $max(any, score);
                    store(scores, x, score);
                }
                !is_zero(any)
            }

            use super::$helpers::{is_zero, only_above};
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod helpers256 {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn is_zero(vector: __m256i) -> bool {
        _mm256_testz_si256(vector, vector) == 1
    }

    /// Zero where a byte does not exceed the limit's.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn only_above(vector: __m256i, limit: __m256i) -> __m256i {
        let not_above = _mm256_cmpeq_epi8(_mm256_subs_epu8(vector, limit), _mm256_setzero_si256());
        _mm256_andnot_si256(not_above, vector)
    }
}

#[cfg(target_arch = "x86_64")]
mod helpers512 {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    #[inline]
    pub(super) fn is_zero(vector: __m512i) -> bool {
        _mm512_test_epi8_mask(vector, vector) == 0
    }

    /// Zero where a byte does not exceed the limit's.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    #[inline]
    pub(super) fn only_above(vector: __m512i, limit: __m512i) -> __m512i {
        _mm512_maskz_mov_epi8(_mm512_cmpgt_epu8_mask(vector, limit), vector)
    }
}

#[cfg(target_arch = "x86_64")]
on_vectors!(
    avx2,
    "avx2,bmi1,bmi2,lzcnt,popcnt,fma",
    32,
    load,
    store,
    _mm256_min_epu8,
    _mm256_max_epu8,
    _mm256_subs_epu8,
    _mm256_adds_epu8,
    _mm256_set1_epi8,
    _mm256_setzero_si256(),
    helpers256
);
#[cfg(target_arch = "x86_64")]
on_vectors!(
    avx512,
    "avx512f,avx512bw,avx512vl",
    64,
    load512,
    store512,
    _mm512_min_epu8,
    _mm512_max_epu8,
    _mm512_subs_epu8,
    _mm512_adds_epu8,
    _mm512_set1_epi8,
    _mm512_setzero_si512(),
    helpers512
);

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::prelude::*;

    /// The score as the definition says it.
    fn by_definition(rows: &[Vec<u8>], x: usize, threshold: u8) -> u8 {
        let middle = i32::from(rows[3][x + 3]);
        let ring: Vec<i32> = super::CIRCLE.iter().map(|(r, c)| i32::from(rows[*r][x + c]) - middle).collect();
        let arc = |k: usize, sign: i32| (0..9).map(|j| sign * ring[(k + j) % 16]).min().unwrap();
        let best = (0..16).flat_map(|k| [arc(k, 1), arc(k, -1)]).max().unwrap();
        if best > i32::from(threshold) { best as u8 } else { 0 }
    }

    proptest! {
        #[test]
        fn scores_are_those_of_the_definition(
            samples in proptest::collection::vec(any::<u8>(), 7 * 210),
            n in 1usize..204,
            threshold in 1u8..80,
            plain in any::<bool>(),
        ) {
            // Two values make long arcs likely.
            let value = |v: u8| if plain { v } else { u8::from(v > 200) * 150 };
            let rows: Vec<Vec<u8>> =
                (0..7).map(|k| samples[k * 210..][..n + 6].iter().map(|v| value(*v)).collect()).collect();
            let expected: Vec<u8> = (0..n).map(|x| by_definition(&rows, x, threshold)).collect();
            let rows: [&[u8]; 7] = std::array::from_fn(|k| &rows[k][..]);
            let mut found = vec![0; n];
            for level in Level::available() {
                let any = super::scores(level, rows, threshold, &mut found);
                prop_assert_eq!(&found, &expected);
                prop_assert_eq!(any, expected.iter().any(|score| *score > 0));
            }
            super::scalar::scores(rows, threshold, &mut found);
            prop_assert_eq!(&found, &expected);
        }
    }
}
