//! How large a made image is: `WxH`, or a name for a usual size.

use std::fmt;
use std::str::FromStr;

/// Width and height in pixels, each from 1 to 20,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Usual sizes by name.
const NAMED: [(&str, Size); 6] = [
    ("thumbnail", Size { width: 160, height: 120 }),
    ("small", Size { width: 320, height: 240 }),
    ("medium", Size { width: 816, height: 612 }),
    ("large", Size { width: 2048, height: 1536 }),
    ("4k", Size { width: 3840, height: 2160 }),
    ("8k", Size { width: 7680, height: 4320 }),
];

/// Longest edge: 20,000 × 20,000 pixels take 1.2 GB.
const LONGEST_EDGE: u32 = 20_000;

/// A word that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown size '{0}': say thumbnail, small, medium, large, 4k, 8k, or width and height such as 640x480 \
     (each from 1 to {LONGEST_EDGE})"
)]
pub struct UnknownSize(pub String);

impl FromStr for Size {
    type Err = UnknownSize;

    fn from_str(text: &str) -> Result<Size, UnknownSize> {
        if let Some((_, size)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Ok(*size);
        }
        let edge = |digits: &str| digits.parse().ok().filter(|edge| (1..=LONGEST_EDGE).contains(edge));
        let edges = text.split_once(['x', 'X', '×']).and_then(|(w, h)| Some((edge(w)?, edge(h)?)));
        edges.map(|(width, height)| Size { width, height }).ok_or_else(|| UnknownSize(text.to_owned()))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!("640x480".parse(), Ok(Size { width: 640, height: 480 }));
        assert_eq!("8K".parse(), Ok(Size { width: 7680, height: 4320 }));
        assert_eq!("medium".parse::<Size>().unwrap().to_string(), "816x612");
    }

    #[test]
    fn anything_else_tells_what_would_be_right() {
        for bad in ["", "big", "640", "0x10", "10x0", "-1x5", "99999x1", "1x2x3"] {
            let error = bad.parse::<Size>().unwrap_err().to_string();
            assert!(error.contains("small") && error.contains("640x480"), "{error}");
        }
    }
}
