//! The head of an NPY file, version 1.0: what numpy needs to read the numbers behind it.

/// What each number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers of one byte.
    U8,
    /// Floating point of four bytes, little-endian.
    F32,
}

impl Kind {
    /// Bytes of a number.
    pub const fn bytes(self) -> u64 {
        match self {
            Kind::U8 => 1,
            Kind::F32 => 4,
        }
    }
}

/// The head of an array of this shape, rows of the last axis side by side.
pub fn head(kind: Kind, shape: &[u64]) -> Vec<u8> {
    let sides: String = shape.iter().map(|side| format!("{side}, ")).collect();
    let descr = if kind == Kind::U8 { "|u1" } else { "<f4" };
    let mut text =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", sides.trim_end());
    // Magic, version and length take 10 bytes; the whole head is a multiple of 64 and ends with a line feed.
    let whole = (10 + text.len() + 1).next_multiple_of(64);
    text.push_str(&" ".repeat(whole - 10 - text.len() - 1));
    text.push('\n');
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [b"\x93NUMPY\x01\x00", &length.to_le_bytes()[..], text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_whole_lines_of_64_bytes() {
        for shape in [&[7][..], &[2, 30, 40, 3], &[u64::MAX; 4]] {
            let head = head(Kind::F32, shape);
            assert_eq!(head.len() % 64, 0);
            assert_eq!(usize::from(u16::from_le_bytes([head[8], head[9]])) + 10, head.len());
        }
        let text = String::from_utf8_lossy(&head(Kind::U8, &[7])[10..]).into_owned();
        assert_eq!(text.trim_end(), "{'descr': '|u1', 'fortran_order': False, 'shape': (7,), }");
    }
}
