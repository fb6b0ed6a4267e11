//! JPEG's YCbCr to RGB and back: the fixed-point arithmetic of libjpeg, bit for bit.

use crate::Level;

/// One row from luma and chroma at full resolution to RGB.
///
/// # Panics
/// When the rows differ in length or `rgb` does not hold three samples a pixel.
pub fn ycc_to_rgb(level: Level, y: &[u8], cb: &[u8], cr: &[u8], rgb: &mut [u8]) {
    assert!(y.len() == cb.len() && y.len() == cr.len(), "three rows of one length");
    assert_eq!(rgb.len(), 3 * y.len(), "three samples a pixel");
    let _ = level;
    scalar::ycc_to_rgb(y, cb, cr, rgb);
}

/// One row from RGB to luma and chroma at full resolution.
///
/// # Panics
/// When the rows differ in length or `rgb` does not hold three samples a pixel.
pub fn rgb_to_ycc(level: Level, rgb: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
    assert!(y.len() == cb.len() && y.len() == cr.len(), "three rows of one length");
    assert_eq!(rgb.len(), 3 * y.len(), "three samples a pixel");
    let _ = level;
    scalar::rgb_to_ycc(rgb, y, cb, cr);
}

/// Halves two rows of chroma in both directions into one of half the length: the mean of four, rounded down and up in
/// turn.
///
/// # Panics
/// When a row is shorter than twice `out`.
pub fn downsample_h2v2(level: Level, upper: &[u8], lower: &[u8], out: &mut [u8]) {
    assert!(
        upper.len() >= 2 * out.len() && lower.len() >= 2 * out.len(),
        "two samples for each of the output"
    );
    let _ = level;
    scalar::downsample_h2v2(upper, lower, out);
}

/// The twins in ordinary Rust.
mod scalar {
    /// 16-bit fixed point of the conversion's factors.
    const HALF: i32 = 1 << 15;

    pub(super) fn ycc_to_rgb(y: &[u8], cb: &[u8], cr: &[u8], rgb: &mut [u8]) {
        for (((rgb, y), cb), cr) in rgb.chunks_exact_mut(3).zip(y).zip(cb).zip(cr) {
            let (y, cb, cr) = (i32::from(*y), i32::from(*cb) - 128, i32::from(*cr) - 128);
            rgb[0] = clamp(y + ((91881 * cr + HALF) >> 16));
            rgb[1] = clamp(y + ((-22554 * cb - 46802 * cr + HALF) >> 16));
            rgb[2] = clamp(y + ((116130 * cb + HALF) >> 16));
        }
    }

    fn clamp(v: i32) -> u8 {
        v.clamp(0, 255) as u8
    }

    pub(super) fn rgb_to_ycc(rgb: &[u8], y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
        // Chroma rounds to nearest with ties down, so that 255 is never exceeded.
        const CENTRE: i32 = (128 << 16) + HALF - 1;
        for (((rgb, y), cb), cr) in rgb.chunks_exact(3).zip(y).zip(cb).zip(cr) {
            let (r, g, b) = (i32::from(rgb[0]), i32::from(rgb[1]), i32::from(rgb[2]));
            *y = ((19595 * r + 38470 * g + 7471 * b + HALF) >> 16) as u8;
            *cb = ((-11059 * r - 21709 * g + 32768 * b + CENTRE) >> 16) as u8;
            *cr = ((32768 * r - 27439 * g - 5329 * b + CENTRE) >> 16) as u8;
        }
    }

    pub(super) fn downsample_h2v2(upper: &[u8], lower: &[u8], out: &mut [u8]) {
        for (i, ((o, a), b)) in
            out.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)).enumerate()
        {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            *o = ((sum + 1 + (i as u16 & 1)) >> 2) as u8;
        }
    }
}
