//! Windows of 3×3 over rows: sums, the box mean, sharpening, the Laplacian.

compiled_for_each! {
    /// `sum[x] = above[x] + here[x] + below[x]`.
    ///
    /// # Panics
    /// When the lengths differ.
    fn sum3(level, above: &[u8], here: &[u8], below: &[u8], sum: &mut [u16]);

    /// The mean of nine from column sums of three: `((s[x] + s[x+1] + s[x+2] + 4) * 7282) >> 16`, as OpenCV rounds.
    ///
    /// # Panics
    /// When `sums` is not two longer than `mean`.
    fn box3(level, sums: &[u16], mean: &mut [u8]);

    /// Ten times the sample minus the nine of its window (minus one all round, nine in the middle), cut to 0..=255;
    /// neighbours `channels` samples apart.
    ///
    /// # Panics
    /// When `here` and `out` differ in length or `sums` (of three rows) is not one pixel longer on each side.
    fn sharpen(level, channels: usize, sums: &[u16], here: &[u8], out: &mut [u8]);

    /// The absolute Laplacian `|above + below + left + right - 4 middle|`, at most 255.
    ///
    /// # Panics
    /// When `here` is not one longer than `out` on each side or the other rows are not as long as `out`.
    fn laplacian(level, above: &[u8], here: &[u8], below: &[u8], out: &mut [u8]);
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// See [`super::sum3`].
    #[inline(always)]
    pub fn sum3(above: &[u8], here: &[u8], below: &[u8], sum: &mut [u16]) {
        let n = sum.len();
        assert!(above.len() == n && here.len() == n && below.len() == n, "rows of one length");
        for x in 0..n {
            sum[x] = u16::from(above[x]) + u16::from(here[x]) + u16::from(below[x]);
        }
    }

    /// See [`super::box3`].
    #[inline(always)]
    pub fn box3(sums: &[u16], mean: &mut [u8]) {
        let n = mean.len();
        assert_eq!(sums.len(), n + 2, "one sum more on each side");
        let (left, here, right) = (&sums[..n], &sums[1..=n], &sums[2..]);
        for x in 0..n {
            mean[x] = ((u32::from(left[x] + here[x] + right[x] + 4) * 7282) >> 16) as u8;
        }
    }

    /// See [`super::sharpen`].
    #[inline(always)]
    pub fn sharpen(channels: usize, sums: &[u16], here: &[u8], out: &mut [u8]) {
        let n = out.len();
        assert!(here.len() == n && sums.len() == n + 2 * channels, "one pixel more on each side");
        let (left, middle, right) = (&sums[..n], &sums[channels..][..n], &sums[2 * channels..]);
        for x in 0..n {
            let nine = (left[x] + middle[x] + right[x]) as i16;
            out[x] = (10 * i16::from(here[x]) - nine).clamp(0, 255) as u8;
        }
    }

    /// See [`super::laplacian`].
    #[inline(always)]
    pub fn laplacian(above: &[u8], here: &[u8], below: &[u8], out: &mut [u8]) {
        let n = out.len();
        assert!(above.len() == n && below.len() == n && here.len() == n + 2, "one sample more on each side");
        let (left, middle, right) = (&here[..n], &here[1..=n], &here[2..]);
        for x in 0..n {
            let four = [above[x], below[x], left[x], right[x]].map(i16::from);
            let difference = four[0] + four[1] + four[2] + four[3] - 4 * i16::from(middle[x]);
            out[x] = difference.abs().min(255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wide_forms_equal_the_plain_ones(rows in proptest::collection::vec(any::<[u8; 3]>(), 3..300)) {
            let row = |k: usize| rows.iter().map(|p| p[k]).collect::<Vec<_>>();
            let (mut wide, mut plain) = (vec![0; rows.len()], vec![1; rows.len()]);
            super::sum3(Level::detect(), &row(0), &row(1), &row(2), &mut wide);
            super::scalar::sum3(&row(0), &row(1), &row(2), &mut plain);
            prop_assert_eq!(&wide, &plain);
            let n = rows.len() - 2;
            let (mut a, mut b) = (vec![0; n], vec![1; n]);
            super::box3(Level::detect(), &wide, &mut a);
            super::scalar::box3(&plain, &mut b);
            prop_assert_eq!(&a, &b);
            let inside = &row(1)[1..=n];
            super::sharpen(Level::detect(), 1, &wide, inside, &mut a);
            super::scalar::sharpen(1, &wide, inside, &mut b);
            prop_assert_eq!(&a, &b);
            super::laplacian(Level::detect(), &row(0)[..n], &row(1), &row(2)[..n], &mut a);
            super::scalar::laplacian(&row(0)[..n], &row(1), &row(2)[..n], &mut b);
            prop_assert_eq!(a, b);
        }
    }
}
