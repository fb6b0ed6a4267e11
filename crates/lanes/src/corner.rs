//! FAST corners: how much brighter or darker than a pixel the best nine neighbours in a row on a circle all are.

compiled_for_each! {
    /// Scores the middle row of seven. The circle of radius 3 round pixel `x` of `scores` is round sample `x + 3` of the
    /// rows; the score is the largest difference that nine adjacent samples of the circle all exceed in one direction,
    /// or 0 where that is not above `threshold`.
    ///
    /// # Panics
    /// When the rows are not three samples longer than `scores` on each side.
    fn scores(level, rows: [&[u8]; 7], threshold: u8, scores: &mut [u8]);
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

/// The plain twins: ordinary Rust.
pub mod scalar {
    use super::CIRCLE;

    /// Pixels scored together.
    const BLOCK: usize = 32;

    /// See [`super::scores`].
    #[inline(always)]
    pub fn scores(rows: [&[u8]; 7], threshold: u8, scores: &mut [u8]) {
        let n = scores.len();
        assert!(rows.iter().all(|row| row.len() == n + 6), "three samples more on each side");
        let mut x = 0;
        while x + BLOCK <= n {
            scores[x..x + BLOCK].copy_from_slice(&block(rows, x, threshold));
            x += BLOCK;
        }
        if x < n {
            // The rest as one block on copies that are padded with zeros.
            let mut padded = [[0; BLOCK + 6]; 7];
            for (padded, row) in padded.iter_mut().zip(rows) {
                padded[..n + 6 - x].copy_from_slice(&row[x..]);
            }
            let rest = block(padded.each_ref().map(|row| &row[..]), 0, threshold);
            scores[x..].copy_from_slice(&rest[..n - x]);
        }
    }

    /// Scores of the pixels from `x` on.
    #[inline(always)]
    fn block(rows: [&[u8]; 7], x: usize, threshold: u8) -> [u8; BLOCK] {
        #[inline(always)]
        fn samples(row: &[u8], at: usize) -> [u8; BLOCK] {
            std::array::from_fn(|k| row[at..at + BLOCK][k])
        }
        let middle = samples(rows[3], x + 3);
        let ring = |k: usize| samples(rows[CIRCLE[k % 16].0], x + CIRCLE[k % 16].1);
        // Nine in a row hold one of each two opposite samples: where neither differs enough there is no corner.
        let mut possible = [[255u8; BLOCK]; 2];
        for k in [0, 4, 2, 6] {
            let (a, b) = (ring(k), ring(k + 8));
            for i in 0..BLOCK {
                let brighter = a[i].max(b[i]).saturating_sub(middle[i]) > threshold;
                let darker = middle[i].saturating_sub(a[i].min(b[i])) > threshold;
                possible[0][i] &= if brighter { 255 } else { 0 };
                possible[1][i] &= if darker { 255 } else { 0 };
            }
        }
        if possible.as_flattened().iter().fold(0, |any, v| any | v) == 0 {
            return [0; BLOCK];
        }
        let mut brighter = [[0u8; BLOCK]; 16];
        let mut darker = [[0u8; BLOCK]; 16];
        for k in 0..16 {
            let sample = ring(k);
            for i in 0..BLOCK {
                brighter[k][i] = sample[i].saturating_sub(middle[i]);
                darker[k][i] = middle[i].saturating_sub(sample[i]);
            }
        }
        let (brighter, darker) = (best_of_nine(&brighter), best_of_nine(&darker));
        std::array::from_fn(|i| {
            let best = brighter[i].max(darker[i]);
            if best > threshold { best } else { 0 }
        })
    }

    /// The largest of the sixteen smallest-of-nine-in-a-row.
    #[inline(always)]
    fn best_of_nine(ring: &[[u8; BLOCK]; 16]) -> [u8; BLOCK] {
        #[inline(always)]
        fn lower(a: &[u8; BLOCK], b: &[u8; BLOCK]) -> [u8; BLOCK] {
            std::array::from_fn(|i| a[i].min(b[i]))
        }
        let two: [[u8; BLOCK]; 16] = std::array::from_fn(|k| lower(&ring[k], &ring[(k + 1) % 16]));
        let four: [[u8; BLOCK]; 16] = std::array::from_fn(|k| lower(&two[k], &two[(k + 2) % 16]));
        let mut best = [0; BLOCK];
        for k in 0..16 {
            let eight = lower(&four[k], &four[(k + 4) % 16]);
            let nine = lower(&eight, &ring[(k + 8) % 16]);
            best = std::array::from_fn(|i| best[i].max(nine[i]));
        }
        best
    }
}

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
            samples in proptest::collection::vec(any::<u8>(), 7 * 110),
            n in 1usize..104,
            threshold in 1u8..80,
            plain in any::<bool>(),
        ) {
            // Two values make long arcs likely.
            let value = |v: u8| if plain { v } else { u8::from(v > 200) * 150 };
            let rows: Vec<Vec<u8>> =
                (0..7).map(|k| samples[k * 110..][..n + 6].iter().map(|v| value(*v)).collect()).collect();
            let expected: Vec<u8> = (0..n).map(|x| by_definition(&rows, x, threshold)).collect();
            let rows: [&[u8]; 7] = std::array::from_fn(|k| &rows[k][..]);
            let mut found = vec![0; n];
            super::scores(Level::detect(), rows, threshold, &mut found);
            prop_assert_eq!(&found, &expected);
            super::scalar::scores(rows, threshold, &mut found);
            prop_assert_eq!(&found, &expected);
        }
    }
}
