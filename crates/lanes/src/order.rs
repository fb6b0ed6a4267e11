//! The smaller and the larger of two rows: what erosion and dilation are made of.

compiled_for_each! {
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_level_takes_the_smaller_and_the_larger(pairs in proptest::collection::vec(any::<[u8; 2]>(), 0..200)) {
            let row = |k: usize| pairs.iter().map(|pair| pair[k]).collect::<Vec<_>>();
            for level in Level::available() {
                let (mut low, mut high) = (row(0), row(0));
                lower(level, &mut low, &row(1));
                raise(level, &mut high, &row(1));
                for (x, [a, b]) in pairs.iter().enumerate() {
                    prop_assert_eq!([low[x], high[x]], [*a.min(b), *a.max(b)]);
                }
            }
        }
    }
}
