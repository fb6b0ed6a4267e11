//! Out of EXIF data the one thing that changes pixels: the orientation.

use super::Orientation;

const ORIENTATION_TAG: u16 = 0x0112;

/// The orientation in a TIFF-structured EXIF block (without the `Exif\0\0` in front). What cannot be read is upright:
/// spoilt metadata spoils no pixels.
pub(super) fn orientation(tiff: &[u8]) -> Orientation {
    number(tiff).map_or(Orientation::Upright, Orientation::from_exif)
}

fn number(tiff: &[u8]) -> Option<u16> {
    let big_endian = match tiff.get(..4)? {
        [b'I', b'I', 42, 0] => false,
        [b'M', b'M', 0, 42] => true,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk::<2>()?;
        Some(if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk::<4>()?;
        Some(if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) } as usize)
    };
    let directory = long(4)?;
    let entries = usize::from(short(directory)?);
    for i in 0..entries {
        let entry = directory.checked_add(2 + 12 * i)?;
        if short(entry)? == ORIENTATION_TAG {
            // Whatever type it claims to have, as OpenCV reads it.
            return short(entry + 8);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn little_endian(orientation: u8) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x01\0".to_vec();
        tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
        tiff.extend([0; 4]);
        tiff
    }

    #[test]
    fn reads_both_byte_orders() {
        assert_eq!(orientation(&little_endian(6)), Orientation::Rotate90);
        let mut tiff = b"MM\0*\0\0\0\x08\0\x01".to_vec();
        tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0]);
        assert_eq!(orientation(&tiff), Orientation::Rotate270);
    }

    #[test]
    fn a_cut_off_block_means_upright() {
        let tiff = little_endian(6);
        for len in 0..18 {
            assert_eq!(orientation(&tiff[..len]), Orientation::Upright, "{len} bytes");
        }
    }
}
