//! Chroma back to full resolution: libjpeg-turbo's "fancy" triangle filters, bit for bit.
//!
//! Each works on one row of samples. Outside the row the nearest sample is repeated, which gives exactly that library's
//! special cases for the first and last column.

use crate::Level;

/// Doubles a row: 3/4 of the nearer sample and 1/4 of the further one. `out` holds `2 * near.len()` samples.
///
/// # Panics
/// When `out` is shorter than twice the row.
pub fn upsample_h2v1(level: Level, row: &[u8], out: &mut [u8]) {
    assert!(out.len() >= 2 * row.len(), "room for a doubled row");
    let _ = level;
    scalar::upsample_h2v1(row, out);
}

/// Doubles a row of a plane that is halved in both directions: 9/16, 3/16, 3/16 and 1/16 of the four nearest samples.
/// `near` is the chroma row nearer to the output row, `far` the other neighbour.
///
/// # Panics
/// When the rows differ in length or `out` is shorter than twice a row.
pub fn upsample_h2v2(level: Level, near: &[u8], far: &[u8], out: &mut [u8]) {
    assert_eq!(near.len(), far.len(), "two rows of one plane");
    assert!(out.len() >= 2 * near.len(), "room for a doubled row");
    let _ = level;
    scalar::upsample_h2v2(near, far, out);
}

/// A row of a plane that is halved vertically only. `lower` tells whether the output row is the lower of the two that the
/// near row stands for (it rounds up, the upper one down).
///
/// # Panics
/// When the rows differ in length or `out` is shorter than a row.
pub fn upsample_h1v2(near: &[u8], far: &[u8], lower: bool, out: &mut [u8]) {
    assert_eq!(near.len(), far.len(), "two rows of one plane");
    let bias = if lower { 2 } else { 1 };
    for ((o, n), f) in out[..near.len()].iter_mut().zip(near).zip(far) {
        *o = ((u16::from(*n) * 3 + u16::from(*f) + bias) >> 2) as u8;
    }
}

/// The twins in ordinary Rust.
mod scalar {
    pub(super) fn upsample_h2v1(row: &[u8], out: &mut [u8]) {
        let at = |i: usize| u16::from(row[i]);
        let last = row.len().saturating_sub(1);
        for (i, pair) in out.chunks_exact_mut(2).take(row.len()).enumerate() {
            let three = 3 * at(i);
            pair[0] = ((three + at(i.saturating_sub(1)) + 1) >> 2) as u8;
            pair[1] = ((three + at((i + 1).min(last)) + 2) >> 2) as u8;
        }
    }

    pub(super) fn upsample_h2v2(near: &[u8], far: &[u8], out: &mut [u8]) {
        let at = |i: usize| 3 * u16::from(near[i]) + u16::from(far[i]);
        let last = near.len().saturating_sub(1);
        for (i, pair) in out.chunks_exact_mut(2).take(near.len()).enumerate() {
            let three = 3 * at(i);
            pair[0] = ((three + at(i.saturating_sub(1)) + 8) >> 4) as u8;
            pair[1] = ((three + at((i + 1).min(last)) + 7) >> 4) as u8;
        }
    }
}
