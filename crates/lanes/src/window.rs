//! Small weighted windows over rows: sums of three rows and the 3×3 box mean.

compiled_twice! {
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
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    /// See [`super::sum3`].
    #[inline(always)]
    pub fn sum3(above: &[u8], here: &[u8], below: &[u8], sum: &mut [u16]) {
        let n = sum.len();
        assert!(
            above.len() == n && here.len() == n && below.len() == n,
            "rows of one length"
        );
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
            let (mut mean, mut plain_mean) = (vec![0; rows.len() - 2], vec![1; rows.len() - 2]);
            super::box3(Level::detect(), &wide, &mut mean);
            super::scalar::box3(&plain, &mut plain_mean);
            prop_assert_eq!(mean, plain_mean);
        }
    }
}
