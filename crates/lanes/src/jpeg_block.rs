//! The 8x8 block of a JPEG: coefficients or samples in rows of eight.

/// 64 numbers of an 8x8 block in natural order (row by row), aligned for whole-row loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Block(pub [i16; 64]);

impl Block {
    /// The block of zeros.
    pub const ZERO: Block = Block([0; 64]);
}

impl Default for Block {
    fn default() -> Self {
        Block::ZERO
    }
}

/// Where the k-th coefficient of a scan lies in natural order (ITU-T T.81, figure A.6).
pub const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];
