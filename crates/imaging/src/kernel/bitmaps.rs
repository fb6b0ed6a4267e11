//! One bit a pixel: the candidates and the strong pixels of Canny, and the flood from the strong ones.

use super::area::Area;
use lanes::Level;
use std::collections::HashSet;

/// Two bitmaps of an image; a row begins at a word, the lowest bit of a word is its leftmost pixel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bitmaps {
    words: usize,
    height: usize,
    candidates: Vec<u64>,
    strong: Vec<u64>,
}

/// Rows of words that a sweep works with.
struct Sweep {
    columns: Vec<u64>,
    fresh: Vec<u64>,
    late: Vec<u64>,
}

impl Bitmaps {
    /// Makes room for an image; what the bits are then is unspecified.
    pub(crate) fn reshape(&mut self, width: usize, height: usize) {
        (self.words, self.height) = (width.div_ceil(64), height);
        self.candidates.resize(self.words * height, 0);
        self.strong.resize(self.words * height, 0);
    }

    /// The words of row `y`: candidates and strong ones.
    pub(crate) fn row_mut(&mut self, y: usize) -> (&mut [u64], &mut [u64]) {
        let row = y * self.words..(y + 1) * self.words;
        (&mut self.candidates[row.clone()], &mut self.strong[row])
    }

    /// The strong pixels, row by row.
    pub(crate) fn strong_rows(&self) -> impl Iterator<Item = &[u64]> {
        self.strong.chunks_exact(self.words)
    }

    /// Whether a pixel is a candidate, strong or not.
    pub(crate) fn is_candidate(&self, x: usize, y: usize) -> bool {
        self.candidates[y * self.words + x / 64] >> (x % 64) & 1 == 1
    }

    /// Whether a pixel is strong.
    pub(crate) fn is_strong(&self, x: usize, y: usize) -> bool {
        self.strong[y * self.words + x / 64] >> (x % 64) & 1 == 1
    }

    /// Column and row of the strong pixels of an area.
    pub(crate) fn strong_pixels(&self, area: Area) -> impl Iterator<Item = (usize, usize)> {
        let words = area.x / 64..area.right().div_ceil(64);
        (area.y..area.bottom()).flat_map(move |y| {
            words.clone().flat_map(move |k| {
                let mut word = self.strong[y * self.words + k] & span(area.x, area.right(), k);
                std::iter::from_fn(move || {
                    let bit = word.trailing_zeros() as usize;
                    word &= word.wrapping_sub(1);
                    (bit < 64).then_some((64 * k + bit, y))
                })
            })
        })
    }

    /// Makes a pixel strong.
    pub(crate) fn strengthen(&mut self, x: usize, y: usize) {
        self.strong[y * self.words + x / 64] |= 1 << (x % 64);
    }

    /// Forgets every pixel outside a rectangle.
    pub(crate) fn keep(&mut self, area: Area) {
        for y in 0..self.height {
            let inside = (area.y..area.bottom()).contains(&y);
            for k in 0..self.words {
                let mask = if inside { span(area.x, area.right(), k) } else { 0 };
                self.candidates[y * self.words + k] &= mask;
                self.strong[y * self.words + k] &= mask;
            }
        }
    }

    /// The pixels of the component of weak pixels (eight neighbours) that holds a weak pixel.
    pub(crate) fn weak_component(&self, x: usize, y: usize) -> Vec<(usize, usize)> {
        let mut pixels = vec![(x, y)];
        let mut seen = HashSet::from([(x, y)]);
        let mut next = 0;
        while let Some((x, y)) = pixels.get(next).copied() {
            next += 1;
            for ny in y.saturating_sub(1)..(y + 2).min(self.height) {
                for nx in x.saturating_sub(1)..(x + 2).min(64 * self.words) {
                    let weak = self.is_candidate(nx, ny) && !self.is_strong(nx, ny);
                    if weak && seen.insert((nx, ny)) {
                        pixels.push((nx, ny));
                    }
                }
            }
        }
        pixels
    }

    /// Makes every candidate strong that touches a strong one (eight neighbours), and so on until nothing changes.
    ///
    /// Works on 64 pixels at a time: a sweep from top to bottom, and a work list of the words that it leaves behind.
    pub(crate) fn flood(&mut self, level: Level) {
        let mut work = Vec::new();
        let mut sweep = Sweep {
            columns: vec![0; self.words + 2],
            fresh: vec![0; self.words + 2],
            late: vec![0; self.words],
        };
        for y in 0..self.height {
            self.sweep_row(y, &mut sweep, &mut work, level);
        }
        while let Some((y, k)) = work.pop() {
            self.flood_word(y as usize, k as usize, &mut work);
        }
    }

    /// Lets a row catch up and puts the words in it and above it that have to follow on the work list; those below are
    /// swept later.
    fn sweep_row(&mut self, y: usize, sweep: &mut Sweep, work: &mut Vec<(u32, u32)>, level: Level) {
        let Sweep { columns, fresh, late } = sweep;
        let words = self.words;
        let candidates = &self.candidates[y * words..][..words];
        let (before, rest) = self.strong.split_at_mut(y * words);
        let (here, after) = rest.split_at_mut(words);
        if candidates.iter().zip(&*here).fold(0, |weak, (candidates, strong)| weak | (candidates & !strong))
            == 0
        {
            return;
        }
        // Beyond the border the row itself stands for its neighbour: it adds nothing.
        let own;
        let (above, below) = match (before.is_empty(), after.is_empty()) {
            (false, false) => (&before[(y - 1) * words..], &after[..words]),
            (above, below) => {
                own = here.to_vec();
                (
                    if above { &own[..] } else { &before[(y - 1) * words..] },
                    if below { &own[..] } else { &after[..words] },
                )
            }
        };
        lanes::flood::catch_up(level, [above, below], candidates, here, columns, fresh);
        let first = y.saturating_sub(1);
        for y in first..=y {
            let row = y * words..(y + 1) * words;
            if lanes::flood::behind(level, &self.candidates[row.clone()], &self.strong[row], fresh, late) {
                work.extend((0..words).filter(|k| late[*k] != 0).map(|k| (y as u32, k as u32)));
            }
        }
    }

    /// Candidates of a word that are not strong yet.
    fn weak(&self, at: usize) -> u64 {
        self.candidates[at] & !self.strong[at]
    }

    /// Pixels of a word that have a strong one among themselves and their eight neighbours.
    fn touched(&self, y: usize, k: usize) -> u64 {
        let rows = y.saturating_sub(1)..(y + 2).min(self.height);
        if k == 0 || k + 1 == self.words {
            return rows.fold(0, |touched, y| touched | self.widened(y, k));
        }
        let (mut here, mut left, mut right) = (0, 0, 0);
        for y in rows {
            let three = &self.strong[y * self.words + k - 1..][..3];
            (left, here, right) = (left | three[0], here | three[1], right | three[2]);
        }
        here | here << 1 | here >> 1 | left >> 63 | right << 63
    }

    /// The strong pixels of a word and their left and right neighbours, those of adjacent words included.
    fn widened(&self, y: usize, k: usize) -> u64 {
        let row = &self.strong[y * self.words..][..self.words];
        let here = row[k];
        let left = if k > 0 { row[k - 1] >> 63 } else { 0 };
        let right = if k + 1 < self.words { row[k + 1] << 63 } else { 0 };
        here | here << 1 | here >> 1 | left | right
    }

    /// Lets one word catch up with its neighbours and asks for those that may now have to follow.
    fn flood_word(&mut self, y: usize, k: usize, work: &mut Vec<(u32, u32)>) {
        let at = y * self.words + k;
        let weak = self.weak(at);
        let seeds = weak & self.touched(y, k);
        if seeds == 0 {
            return;
        }
        let fresh = lanes::flood::fill(weak, seeds);
        self.strong[at] |= fresh;
        let reach = fresh | fresh << 1 | fresh >> 1;
        for ny in y.saturating_sub(1)..(y + 2).min(self.height) {
            let row = ny * self.words;
            if ny != y && self.weak(row + k) & reach != 0 {
                work.push((ny as u32, k as u32));
            }
            if fresh & 1 != 0 && k > 0 && self.weak(row + k - 1) >> 63 != 0 {
                work.push((ny as u32, k as u32 - 1));
            }
            if fresh >> 63 != 0 && k + 1 < self.words && self.weak(row + k + 1) & 1 != 0 {
                work.push((ny as u32, k as u32 + 1));
            }
        }
    }
}

/// The bits of word `k` whose columns lie from `first` up to `end`.
fn span(first: usize, end: usize, k: usize) -> u64 {
    // Ones below a column, as far as they lie in this word.
    let below = |column: usize| match column.saturating_sub(64 * k) {
        bits @ 0..64 => (1 << bits) - 1,
        _ => u64::MAX,
    };
    below(end) & !below(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Flood pixel by pixel, the way the textbook says it.
    fn plain(width: usize, height: usize, candidate: &[bool], strong: &[bool]) -> Vec<bool> {
        let mut reached = strong.to_vec();
        let mut stack: Vec<usize> = (0..width * height).filter(|i| strong[*i]).collect();
        while let Some(i) = stack.pop() {
            let (x, y) = (i % width, i / width);
            for ny in y.saturating_sub(1)..(y + 2).min(height) {
                for nx in x.saturating_sub(1)..(x + 2).min(width) {
                    let n = ny * width + nx;
                    if candidate[n] && !reached[n] {
                        reached[n] = true;
                        stack.push(n);
                    }
                }
            }
        }
        reached
    }

    proptest! {
        #[test]
        fn the_flood_of_words_is_the_flood_of_pixels(
            width in 1usize..140,
            height in 1usize..12,
            // Between thin paths and one large blob.
            density in 0.2f64..0.7,
            seeds in proptest::collection::vec(any::<(u32, bool)>(), 140 * 12),
        ) {
            let cells = &seeds[..width * height];
            let candidate: Vec<bool> = cells.iter().map(|(v, _)| f64::from(*v) < density * 4294967296.0).collect();
            let strong: Vec<bool> = cells.iter().zip(&candidate).map(|((v, s), c)| *c && *s && v % 16 == 0).collect();
            let mut maps = Bitmaps::default();
            maps.reshape(width, height);
            for y in 0..height {
                let (c, s) = maps.row_mut(y);
                (0..width).for_each(|x| {
                    c[x / 64] |= u64::from(candidate[y * width + x]) << (x % 64);
                    s[x / 64] |= u64::from(strong[y * width + x]) << (x % 64);
                });
            }
            maps.flood(lanes::Level::detect());
            let rows: Vec<&[u64]> = maps.strong_rows().collect();
            let found: Vec<bool> = (0..width * height)
                .map(|i| rows[i / width][i % width / 64] >> (i % width % 64) & 1 == 1)
                .collect();
            prop_assert_eq!(found, plain(width, height, &candidate, &strong));
        }
    }
}
