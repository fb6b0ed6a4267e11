//! Filters of PNG rows: what is left of a row when a guess from its neighbours is taken off, and how much that is.

compiled_for_each! {
    /// Differences to the sample above. Returns their cost: the sum of their sizes, as signed bytes.
    ///
    /// # Panics
    /// When the lengths differ.
    fn up(level, above: &[u8], row: &[u8], out: &mut [u8]) -> u64;

    /// Differences to the sample `step` before. Returns their cost.
    ///
    /// # Panics
    /// When the lengths differ or are below `step`.
    fn sub(level, step: usize, row: &[u8], out: &mut [u8]) -> u64;

    /// Differences to the mean, rounded down, of the sample before and the one above. Returns their cost.
    ///
    /// # Panics
    /// When the lengths differ or are below `step`.
    fn average(level, step: usize, above: &[u8], row: &[u8], out: &mut [u8]) -> u64;

    /// Differences to the nearest of before, above and above-before to what the three extrapolate to. Returns their cost.
    ///
    /// # Panics
    /// When the lengths differ or are below `step`.
    fn paeth(level, step: usize, above: &[u8], row: &[u8], out: &mut [u8]) -> u64;
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// Samples that are done together: enough for the widest lanes, few enough for 16-bit sums of their sizes.
    const BLOCK: usize = 64;

    /// See [`super::up`].
    #[inline(always)]
    pub fn up(above: &[u8], row: &[u8], out: &mut [u8]) -> u64 {
        assert!(above.len() == row.len() && out.len() == row.len(), "rows of one length");
        each([above, row, row, row], out, |[b, v, ..]| v.wrapping_sub(b))
    }

    /// See [`super::sub`].
    #[inline(always)]
    pub fn sub(step: usize, row: &[u8], out: &mut [u8]) -> u64 {
        assert_eq!(out.len(), row.len(), "rows of one length");
        let (first, rest) = out.split_at_mut(step);
        first.copy_from_slice(&row[..step]);
        let (a, v) = (&row[..row.len() - step], &row[step..]);
        cost(first) + each([a, v, v, v], rest, |[a, v, ..]| v.wrapping_sub(a))
    }

    /// See [`super::average`].
    #[inline(always)]
    pub fn average(step: usize, above: &[u8], row: &[u8], out: &mut [u8]) -> u64 {
        assert!(above.len() == row.len() && out.len() == row.len(), "rows of one length");
        let (first, rest) = out.split_at_mut(step);
        for (k, out) in first.iter_mut().enumerate() {
            *out = row[k].wrapping_sub(above[k] / 2);
        }
        let (a, b, v) = (&row[..row.len() - step], &above[step..], &row[step..]);
        // The sum of two samples has nine bits; what they share and half of where they differ has eight.
        cost(first) + each([a, b, v, v], rest, |[a, b, v, _]| v.wrapping_sub((a & b) + ((a ^ b) >> 1)))
    }

    /// See [`super::paeth`].
    #[inline(always)]
    pub fn paeth(step: usize, above: &[u8], row: &[u8], out: &mut [u8]) -> u64 {
        assert!(above.len() == row.len() && out.len() == row.len(), "rows of one length");
        let (first, rest) = out.split_at_mut(step);
        for (k, out) in first.iter_mut().enumerate() {
            *out = row[k].wrapping_sub(above[k]);
        }
        let n = row.len() - step;
        let (a, b, c, v) = (&row[..n], &above[step..], &above[..n], &row[step..]);
        cost(first) + each([a, b, c, v], rest, |[a, b, c, v]| v.wrapping_sub(nearest(a, b, c)))
    }

    /// Which of before `a`, above `b` and above-before `c` is nearest to `a + b - c`, in this order when they tie.
    ///
    /// All in bytes: the guess is as far from `a` as `b` is from `c`, and as far from `b` as `a` is from `c`. Its distance
    /// from `c` is the difference of these two when `c` lies between the others, else their sum, and then never the least.
    #[inline(always)]
    fn nearest(a: u8, b: u8, c: u8) -> u8 {
        let (low, high) = (a.min(b), a.max(b));
        let (from_a, from_b) = (b.abs_diff(c), a.abs_diff(c));
        let between = low <= c && c <= high;
        let from_c = if between { from_a.abs_diff(from_b) } else { from_a.saturating_add(from_b) };
        let nearer = if from_a <= from_b { a } else { b };
        if from_c < from_a.min(from_b) { c } else { nearer }
    }

    /// Puts `guess` of four rows' samples into `out` and adds up the sizes.
    #[inline(always)]
    fn each(rows: [&[u8]; 4], out: &mut [u8], residue: impl Fn([u8; 4]) -> u8) -> u64 {
        let n = out.len();
        let [a, b, c, d] = rows.map(|row| &row[..n]);
        let mut total = 0;
        let mut at = 0;
        while at + BLOCK <= n {
            let block = [a, b, c, d].map(|row| &row[at..at + BLOCK]);
            let out = &mut out[at..at + BLOCK];
            let mut sum = 0u16;
            for k in 0..BLOCK {
                let value = residue([block[0][k], block[1][k], block[2][k], block[3][k]]);
                out[k] = value;
                sum += u16::from(size(value));
            }
            total += u64::from(sum);
            at += BLOCK;
        }
        for k in at..n {
            out[k] = residue([a[k], b[k], c[k], d[k]]);
        }
        total + cost(&out[at..])
    }

    #[inline(always)]
    fn size(residue: u8) -> u8 {
        (residue as i8).unsigned_abs()
    }

    #[inline(always)]
    fn cost(residues: &[u8]) -> u64 {
        residues.iter().map(|v| u64::from(size(*v))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// What the standard subtracts, in whole numbers.
    fn guesses(a: i32, b: i32, c: i32) -> [i32; 4] {
        let p = a + b - c;
        let (pa, pb, pc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
        let paeth = if pa <= pb && pa <= pc {
            a
        } else if pb <= pc {
            b
        } else {
            c
        };
        [b, a, (a + b) / 2, paeth]
    }

    fn filtered(level: Level, kind: usize, step: usize, above: &[u8], row: &[u8]) -> (Vec<u8>, u64) {
        let mut out = vec![0; row.len()];
        let cost = match kind {
            0 => up(level, above, row, &mut out),
            1 => sub(level, step, row, &mut out),
            2 => average(level, step, above, row, &mut out),
            _ => paeth(level, step, above, row, &mut out),
        };
        (out, cost)
    }

    proptest! {
        #[test]
        fn every_level_filters_as_the_standard_says(
            samples in vec(any::<[u8; 2]>(), 3..300),
            near in any::<bool>(),
            step in prop_oneof![Just(1usize), Just(3)],
        ) {
            // Near each other, the guesses tie often.
            let row = |k: usize| samples.iter().map(|s| if near { s[k] & 7 } else { s[k] }).collect::<Vec<u8>>();
            let (above, row) = (row(0), row(1));
            for kind in 0..4 {
                let wanted: Vec<u8> = (0..row.len())
                    .map(|x| {
                        let left = |row: &[u8]| x.checked_sub(step).map_or(0, |x| i32::from(row[x]));
                        let guess = guesses(left(&row), i32::from(above[x]), left(&above))[kind];
                        (i32::from(row[x]) - guess) as u8
                    })
                    .collect();
                let cost: u64 = wanted.iter().map(|v| u64::from((*v as i8).unsigned_abs())).sum();
                for level in Level::available() {
                    prop_assert_eq!(filtered(level, kind, step, &above, &row), (wanted.clone(), cost), "{} {}", kind, level.name());
                }
            }
        }
    }

    #[test]
    fn the_nearest_is_the_standards_for_every_three_samples() {
        for a in (0..=255).step_by(3) {
            for b in 0..=255u8 {
                let above: Vec<u8> = (0..=255).flat_map(|c| [c, b]).collect();
                let row: Vec<u8> = (0..=255).flat_map(|_| [a, 0]).collect();
                let (out, _) = filtered(Level::detect(), 3, 1, &above, &row);
                for c in 0..=255u8 {
                    let wanted = guesses(i32::from(a), i32::from(b), i32::from(c))[3];
                    assert_eq!(out[2 * usize::from(c) + 1], 0u8.wrapping_sub(wanted as u8), "{a} {b} {c}");
                }
            }
        }
    }
}
