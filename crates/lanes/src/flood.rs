//! Flooding on bits, 64 pixels a word: a row of weak pixels catches up with strong ones around it, without branches.
//!
//! Buffers that are looked at sideways have one empty word more on each side, so that neighbours need no special case.

compiled_for_each! {
    /// One row catches up: weak pixels (candidates that are not strong) that touch a strong one in this row or in the rows
    /// above and below become strong, and with them the run of weak pixels that they lie in, as far as its word goes.
    ///
    /// `columns` is for the kernel's own use; `fresh` tells which pixels became strong. Both begin and end with an empty
    /// word.
    ///
    /// # Panics
    /// When the rows differ in length, or `columns` and `fresh` are not two words longer.
    fn catch_up(
        level,
        around: [&[u64]; 2],
        candidates: &[u64],
        strong: &mut [u64],
        columns: &mut [u64],
        fresh: &mut [u64],
    );

    /// The weak pixels of a row that touch fresh ones in the same row or in one beside it; tells whether there are any.
    ///
    /// # Panics
    /// When the rows differ in length or `fresh` is not two words longer, an empty one on each side.
    fn behind(level, candidates: &[u64], strong: &[u64], fresh: &[u64], behind: &mut [u64]) -> bool;
}

/// The seeds and the runs of set bits that they lie in.
#[inline(always)]
pub fn fill(bits: u64, seeds: u64) -> u64 {
    // Upwards and downwards at once, in steps of doubling length: a step crosses only what is set all the way.
    let (mut up, mut down) = (bits, bits);
    let (mut above, mut below) = (seeds, seeds);
    let mut step = 1;
    while step < 64 {
        above |= up & (above << step);
        below |= down & (below >> step);
        up &= up << step;
        down &= down >> step;
        step *= 2;
    }
    above | below
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    use super::fill;

    /// See [`super::catch_up`].
    #[inline(always)]
    pub fn catch_up(
        around: [&[u64]; 2],
        candidates: &[u64],
        strong: &mut [u64],
        columns: &mut [u64],
        fresh: &mut [u64],
    ) {
        let n = strong.len();
        assert!(around.iter().all(|row| row.len() == n) && candidates.len() == n, "rows of one length");
        assert!(columns.len() == n + 2 && fresh.len() == n + 2, "an empty word more on each side");
        let [above, below] = around.map(|row| &row[..n]);
        for (k, column) in columns[1..=n].iter_mut().enumerate() {
            *column = above[k] | strong[k] | below[k];
        }
        (columns[0], columns[n + 1]) = (0, 0);
        (fresh[0], fresh[n + 1]) = (0, 0);
        let (left, middle, right) = (&columns[..n], &columns[1..=n], &columns[2..]);
        let (fresh, strong) = (&mut fresh[1..=n], &mut strong[..n]);
        for k in 0..n {
            let weak = candidates[k] & !strong[k];
            let touched = middle[k] | middle[k] << 1 | middle[k] >> 1 | left[k] >> 63 | right[k] << 63;
            fresh[k] = fill(weak, weak & touched);
            strong[k] |= fresh[k];
        }
    }

    /// See [`super::behind`].
    #[inline(always)]
    pub fn behind(candidates: &[u64], strong: &[u64], fresh: &[u64], behind: &mut [u64]) -> bool {
        let n = behind.len();
        assert!(candidates.len() == n && strong.len() == n, "rows of one length");
        assert_eq!(fresh.len(), n + 2, "an empty word more on each side");
        let (left, middle, right) = (&fresh[..n], &fresh[1..=n], &fresh[2..]);
        let mut any = 0;
        for k in 0..n {
            let touched = middle[k] | middle[k] << 1 | middle[k] >> 1 | left[k] >> 63 | right[k] << 63;
            behind[k] = candidates[k] & !strong[k] & touched;
            any |= behind[k];
        }
        any != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_are_filled_pixel_by_pixel(bits in any::<u64>(), more in any::<u64>(), seeds in any::<u64>()) {
            let bits = bits | more;
            let seeds = bits & seeds;
            let mut plain = seeds;
            for _ in 0..64 {
                plain |= bits & (plain << 1 | plain >> 1);
            }
            prop_assert_eq!(fill(bits, seeds), plain);
        }

        #[test]
        fn the_wide_forms_equal_the_plain_ones(words in vec(any::<[u64; 4]>(), 0..30)) {
            let n = words.len();
            let row = |k: usize| words.iter().map(|w| w[k] & w[(k + 1) % 4]).collect::<Vec<u64>>();
            let candidates = words.iter().map(|w| w[0] | w[1]).collect::<Vec<u64>>();
            let results = |level: Option<Level>| {
                let (mut strong, mut columns, mut fresh) = (row(2), vec![7; n + 2], vec![7; n + 2]);
                let mut late = vec![7; n];
                let around = [&row(0)[..], &row(1)[..]];
                let any = match level {
                    Some(level) => {
                        catch_up(level, around, &candidates, &mut strong, &mut columns, &mut fresh);
                        behind(level, &candidates, &strong, &fresh, &mut late)
                    }
                    None => {
                        scalar::catch_up(around, &candidates, &mut strong, &mut columns, &mut fresh);
                        scalar::behind(&candidates, &strong, &fresh, &mut late)
                    }
                };
                (strong, fresh, late, any)
            };
            for level in Level::available() {
                prop_assert_eq!(results(Some(level)), results(None));
            }
        }
    }
}
