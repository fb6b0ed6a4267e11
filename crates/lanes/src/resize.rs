//! Bilinear interpolation in integers: two rows first, then two pixels, rounded once.

compiled_twice! {
    /// `blend[x] = (256 - weight) above[x] + weight below[x]`
    ///
    /// # Panics
    /// When the lengths differ or `weight` is above 256.
    fn blend(level, above: &[u8], below: &[u8], weight: u16, blend: &mut [u16]);

    /// Picks pixels of `channels` samples from blended rows: pixel `i` of `out` lies between pixel `at[i]` and the next,
    /// `weight[i]` 256ths of the way: `((256 - w) a + w b + 32768) >> 16`.
    ///
    /// # Panics
    /// When `at`, `weights` and `out` disagree, or a pixel and the one after it do not lie within `blend`.
    fn pick(level, channels: usize, blend: &[u16], at: &[u32], weights: &[u16], out: &mut [u8]);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// See [`super::blend`].
    #[inline(always)]
    pub fn blend(above: &[u8], below: &[u8], weight: u16, blend: &mut [u16]) {
        let n = blend.len();
        assert!(above.len() == n && below.len() == n && weight <= 256, "rows of one length");
        for x in 0..n {
            blend[x] = (256 - weight) * u16::from(above[x]) + weight * u16::from(below[x]);
        }
    }

    /// See [`super::pick`].
    #[inline(always)]
    pub fn pick(channels: usize, blend: &[u16], at: &[u32], weights: &[u16], out: &mut [u8]) {
        match channels {
            1 => pick_few::<1>(blend, at, weights, out),
            3 => pick_few::<3>(blend, at, weights, out),
            _ => unreachable!("pictures have one or three channels"),
        }
    }

    #[inline(always)]
    fn pick_few<const N: usize>(blend: &[u16], at: &[u32], weights: &[u16], out: &mut [u8]) {
        let (out, rest) = out.as_chunks_mut::<N>();
        assert!(
            rest.is_empty() && at.len() == out.len() && weights.len() == out.len(),
            "a place for each pixel"
        );
        for ((out, at), weight) in out.iter_mut().zip(at).zip(weights) {
            let pair = &blend[*at as usize * N..][..2 * N];
            let weight = u32::from(*weight);
            for c in 0..N {
                let sum = (256 - weight) * u32::from(pair[c]) + weight * u32::from(pair[N + c]);
                out[c] = ((sum + 32768) >> 16) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wide_forms_equal_the_plain_ones(
            samples in proptest::collection::vec(any::<[u8; 2]>(), 60..150),
            places in proptest::collection::vec((0u32..19, 0u16..=256), 1..90),
            weight in 0u16..=256,
        ) {
            let row = |k: usize| samples.iter().map(|p| p[k]).collect::<Vec<_>>();
            let n = samples.len();
            let (mut wide, mut plain) = (vec![0; n], vec![1; n]);
            super::blend(Level::detect(), &row(0), &row(1), weight, &mut wide);
            super::scalar::blend(&row(0), &row(1), weight, &mut plain);
            prop_assert_eq!(&wide, &plain);
            let (at, weights): (Vec<u32>, Vec<u16>) = places.into_iter().unzip();
            for channels in [1, 3] {
                let (mut a, mut b) = (vec![0; at.len() * channels], vec![1; at.len() * channels]);
                super::pick(Level::detect(), channels, &wide, &at, &weights, &mut a);
                super::scalar::pick(channels, &plain, &at, &weights, &mut b);
                prop_assert_eq!(a, b);
            }
        }
    }
}
