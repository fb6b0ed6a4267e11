//! Blobs of a gray picture: where the difference between a narrow and a wide mean peaks.

use crate::image::Image;

/// Columns and rows of the peaks, row by row: differences of at least `threshold` (1 or more) to either side, above those
/// of the neighbours before in reading order and not below those after.
pub(crate) fn blobs(narrow: &Image, wide: &Image, threshold: i16) -> Vec<(usize, usize)> {
    let Image { width, height, .. } = *narrow;
    // A cell more on each side and a row above and below; no peak is 0, so nothing outside hinders one.
    let mut lines = [vec![0; width + 2], vec![0; width + 2], vec![0; width + 2]];
    let mut found = Vec::new();
    for y in 0..=height {
        let line = &mut lines[y % 3][1..=width];
        if y == height {
            line.fill(0);
        } else {
            let row = |image: &'_ Image| y * image.width..(y + 1) * image.width;
            let pairs = narrow.samples[row(narrow)].iter().zip(&wide.samples[row(wide)]);
            line.iter_mut().zip(pairs).for_each(|(d, (n, w))| *d = i16::from(*n) - i16::from(*w));
        }
        if let Some(y) = y.checked_sub(1) {
            let [above, here, below] = [y + 2, y, y + 1].map(|k| &lines[k % 3][..]);
            peaks([above, here, below], threshold, |x| found.push((x, y)));
        }
    }
    found
}

fn peaks([above, here, below]: [&[i16]; 3], threshold: i16, mut found: impl FnMut(usize)) {
    /// Differences that are passed over together where none is large enough.
    const BLOCK: usize = 32;
    let end = here.len() - 1;
    for start in (1..end).step_by(BLOCK) {
        let block = start..end.min(start + BLOCK);
        if !here[block.clone()].iter().fold(false, |any, d| any | (d.abs() >= threshold)) {
            continue;
        }
        for x in block {
            let sign = here[x].signum();
            let height = |line: &[i16], x: usize| line[x] * sign;
            let own = height(here, x);
            if own >= threshold
                && own > height(here, x - 1)
                && own >= height(here, x + 1)
                && (x - 1..=x + 1).all(|k| own > height(above, k) && own >= height(below, k))
            {
                found(x - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Channels;

    fn image(samples: &[u8]) -> Image {
        Image { width: 5, height: samples.len() / 5, channels: Channels::Gray, samples: samples.to_vec() }
    }

    #[test]
    fn peaks_to_either_side_are_found_and_plateaus_once() {
        let wide = image(&[100; 20]);
        let narrow = image(&[
            130, 100, 100, 70, 70, //
            100, 100, 100, 70, 70, //
            100, 100, 100, 100, 100, //
            100, 100, 109, 110, 100,
        ]);
        assert_eq!(blobs(&narrow, &wide, 10), [(0, 0), (3, 0), (3, 3)]);
        assert_eq!(blobs(&narrow, &wide, 11), [(0, 0), (3, 0)]);
        assert_eq!(blobs(&wide, &wide, 1), []);
    }
}
