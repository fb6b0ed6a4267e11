//! Byte stuffing: in a JPEG's entropy-coded data a zero follows every 0xFF, so that markers can be told from data.

use crate::Level;

/// A stretch of entropy-coded data between restart markers, in the buffer without stuffing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Index of its first byte.
    pub start: usize,
    /// How many bytes it has.
    pub len: usize,
}

/// What [`unstuff`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unstuffed {
    /// Bytes of the input that belong to the scan; a marker (its 0xFF) or the input's end follows.
    pub consumed: usize,
    /// Whether the restart markers came in their order (0 to 7, again and again).
    pub in_order: bool,
}

/// Takes the stuffing out of a scan up to the first marker that is no restart marker.
///
/// `out` and `segments` are cleared first; there is always at least one segment. `restart` is the number (modulo 8) of the
/// restart marker that should come first: 0 at the start of a scan.
pub fn unstuff(
    level: Level,
    data: &[u8],
    restart: usize,
    out: &mut Vec<u8>,
    segments: &mut Vec<Segment>,
) -> Unstuffed {
    out.clear();
    segments.clear();
    out.reserve(data.len());
    let mut found = Unstuffed { consumed: data.len(), in_order: true };
    let mut start = 0;
    let mut i = 0;
    while i < data.len() {
        let clean = bytes_before_ff(level, &data[i..]);
        out.extend_from_slice(&data[i..i + clean]);
        i += clean;
        if i >= data.len() {
            break;
        }
        // Any number of 0xFF may fill the space before a marker.
        let mut mark = i + 1;
        while data.get(mark) == Some(&0xFF) {
            mark += 1;
        }
        match data.get(mark) {
            Some(0) => {
                out.push(0xFF);
                i = mark + 1;
            }
            Some(byte @ 0xD0..=0xD7) => {
                found.in_order &= usize::from(byte & 7) == (restart + segments.len()) % 8;
                segments.push(Segment { start, len: out.len() - start });
                start = out.len();
                i = mark + 1;
            }
            _ => {
                found.consumed = i;
                break;
            }
        }
    }
    segments.push(Segment { start, len: out.len() - start });
    found
}

written_twice! {
    /// How many bytes come before the first 0xFF; all of them when there is none.
    fn bytes_before_ff(level, data: &[u8]) -> usize;
}

mod scalar {
    pub(super) fn bytes_before_ff(data: &[u8]) -> usize {
        data.iter().position(|byte| *byte == 0xFF).unwrap_or(data.len())
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use crate::vector::load;
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma")]
    pub(super) fn bytes_before_ff(data: &[u8]) -> usize {
        let mut at = 0;
        while at + 32 <= data.len() {
            let found = _mm256_movemask_epi8(_mm256_cmpeq_epi8(load(data, at), _mm256_set1_epi8(-1))) as u32;
            if found != 0 {
                return at + found.trailing_zeros() as usize;
            }
            at += 32;
        }
        at + super::scalar::bytes_before_ff(&data[at..])
    }
}

/// Appends `data` with the stuffing put in.
pub fn stuff(level: Level, data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len() + data.len() / 64);
    let mut rest = data;
    while !rest.is_empty() {
        let clean = bytes_before_ff(level, rest);
        if clean == rest.len() {
            out.extend_from_slice(rest);
            break;
        }
        out.extend_from_slice(&rest[..=clean]);
        out.push(0);
        rest = &rest[clean + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_levels_find_the_first_ff(before in 0usize..150, after in proptest::collection::vec(any::<u8>(), 0..50)) {
            let data = [vec![0xFE; before], vec![0xFF], after].concat();
            for level in Level::available() {
                prop_assert_eq!(bytes_before_ff(level, &data), before);
                prop_assert_eq!(bytes_before_ff(level, &data[..before]), before);
            }
        }

        #[test]
        fn what_was_stuffed_comes_out_whole(data in proptest::collection::vec(prop_oneof![Just(0xFFu8), Just(0), any::<u8>()], 0..300)) {
            for level in Level::available() {
                let (mut stuffed, mut plain, mut segments) = (Vec::new(), Vec::new(), Vec::new());
                stuff(level, &data, &mut stuffed);
                stuffed.extend([0xFF, 0xD9]);
                let found = unstuff(level, &stuffed, 0, &mut plain, &mut segments);
                prop_assert_eq!(&plain, &data);
                prop_assert_eq!(found, Unstuffed { consumed: stuffed.len() - 2, in_order: true });
            }
        }
    }

    #[test]
    fn restart_markers_cut_segments() {
        let data = [1, 2, 0xFF, 0xD0, 3, 0xFF, 0xFF, 0xD1, 0xFF, 0, 0xFF, 0xD9];
        let (mut plain, mut segments) = (Vec::new(), Vec::new());
        let found = unstuff(Level::detect(), &data, 0, &mut plain, &mut segments);
        assert_eq!(plain, [1, 2, 3, 0xFF]);
        let bounds: Vec<_> = segments.iter().map(|s| (s.start, s.len)).collect();
        assert_eq!(bounds, [(0, 2), (2, 1), (3, 1)]);
        assert_eq!(found, Unstuffed { consumed: 10, in_order: true });
    }

    #[test]
    fn a_restart_marker_out_of_turn_is_told() {
        let (mut plain, mut segments) = (Vec::new(), Vec::new());
        let found = unstuff(Level::detect(), &[1, 0xFF, 0xD1, 2, 0xFF, 0xD9], 0, &mut plain, &mut segments);
        assert!(!found.in_order);
    }
}
