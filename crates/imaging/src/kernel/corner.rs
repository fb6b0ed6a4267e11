//! FAST corners of a gray picture: at least nine in a row of a circle of sixteen differ, and no neighbour scores higher.

use super::scratch::Scratch;
use super::window::Last;
use crate::image::Image;

/// Columns and rows of the corners, row by row; none lies within three pixels of the border.
pub(crate) fn corners(gray: &Image, threshold: u8, scratch: &Scratch) -> Vec<(usize, usize)> {
    let Image { width, height, .. } = *gray;
    if width < 7 || height < 7 {
        return Vec::new();
    }
    // Scores one pixel wider and higher than where corners may lie; nothing scores there.
    let mut scores = Last::new(3, width - 4, height - 4);
    let mut scoring = [false; 3];
    let mut found = Vec::new();
    for y in 3..height - 3 {
        scores.reach(y - 1, |line, scores| {
            scores.fill(0);
            scoring[line % 3] = false;
            if (1..height - 5).contains(&line) {
                let rows = std::array::from_fn(|k| &gray.samples[(line - 1 + k) * width..][..width]);
                scoring[line % 3] =
                    lanes::corner::scores(scratch.level(), rows, threshold, &mut scores[1..width - 5]);
            }
        });
        if scoring[(y - 2) % 3] {
            let rows = [y - 3, y - 2, y - 1].map(|line| scores.line(line));
            highest(rows, |x| found.push((x + 2, y)));
        }
    }
    found
}

/// Finds the scores in the middle of three rows that exceed all their neighbours'; the first and last do not count.
fn highest([above, here, below]: [&[u8]; 3], mut found: impl FnMut(usize)) {
    /// Scores that are passed over together where all are 0, as most are.
    const BLOCK: usize = 32;
    let end = here.len() - 1;
    for start in (1..end).step_by(BLOCK) {
        let block = start..end.min(start + BLOCK);
        if here[block.clone()].iter().fold(0, |any, score| any | score) == 0 {
            continue;
        }
        for x in block {
            let score = here[x];
            // The score proper is one less, so that a score of 1 is none.
            if score > 1
                && score > here[x - 1].max(here[x + 1])
                && (x - 1..=x + 1).all(|k| score > above[k].max(below[k]))
            {
                found(x);
            }
        }
    }
}
