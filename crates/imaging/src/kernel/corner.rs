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
    let mut found = Vec::new();
    for y in 3..height - 3 {
        scores.reach(y - 1, |line, scores| {
            scores.fill(0);
            if (1..height - 5).contains(&line) {
                let rows = std::array::from_fn(|k| &gray.samples[(line - 1 + k) * width..][..width]);
                lanes::corner::scores(scratch.level(), rows, threshold, &mut scores[1..width - 5]);
            }
        });
        let [above, here, below] = [y - 3, y - 2, y - 1].map(|line| scores.line(line));
        // Most rows, and most of the others, hold no corner: look at sixteen pixels at a time.
        let blocks =
            (1..width - 5).step_by(16).filter(|x| here[*x..(x + 16).min(width - 5)].iter().any(|s| *s > 0));
        for x in blocks.flat_map(|x| x..(x + 16).min(width - 5)).filter(|x| here[*x] > 0) {
            // The score proper is one less, so that a score of 1 is none.
            let highest = (x - 1..=x + 1).map(|k| above[k].max(below[k])).max().unwrap_or(0);
            let highest = highest.max(here[x - 1]).max(here[x + 1]);
            if here[x] > 1 && here[x] > highest.max(1) {
                found.push((x + 2, y));
            }
        }
    }
    found
}
