//! Medians of 3×3 and 5×5 windows, the border replicated, as OpenCV's `medianBlur`.

use super::scratch::Scratch;
use super::window::{Border, Picture, rewrite};
use crate::image::Image;
use lanes::Level;
use lanes::median::{median5, sort5};
use lanes::median3::median3;

/// The median of each sample's window of `size` (1, 3 or 5) pixels.
pub(crate) fn median(image: Image, size: usize, scratch: &mut Scratch) -> Image {
    let (level, channels) = (scratch.level(), image.channels.count());
    match size {
        3 => median_of_three(image, scratch),
        5 => {
            let mut columns = Columns::new(channels, sort5, median5);
            rewrite(image, Border::Replicate, scratch, |picture, y, row| columns.make(level, picture, y, row))
        }
        _ => image,
    }
}

/// Rows of a median of 3×3 that are made together: at the seams between them the sorting is done twice.
const ROWS: usize = 16;

fn median_of_three(image: Image, scratch: &mut Scratch) -> Image {
    let (level, channels) = (scratch.level(), image.channels.count());
    let length = image.width * channels;
    let mut samples = scratch.samples(image.samples.len());
    let picture = Picture::new(&image, Border::Replicate);
    if image.width > 2 {
        for (block, out) in samples.chunks_mut(ROWS * length).enumerate() {
            let count = out.len() / length;
            let rows: [&[u8]; ROWS + 2] =
                std::array::from_fn(|k| picture.row((block * ROWS + k.min(count + 1)) as isize - 1));
            let mut inner: [&mut [u8]; ROWS] = Default::default();
            for (inner, row) in inner.iter_mut().zip(out.chunks_exact_mut(length)) {
                *inner = &mut row[channels..length - channels];
            }
            median3(level, channels, &rows[..count + 2], &mut inner[..count]);
        }
    }
    let last = image.width - 1;
    end(&image, level, [0, 0, last.min(1)], 0, &mut samples);
    end(&image, level, [last.saturating_sub(1), last, last], last, &mut samples);
    scratch.put_back(image.samples);
    Image { samples, ..image }
}

/// The medians of a column at an end of the rows, from the three columns that its windows see. A window turned on its side
/// has the same median, so the columns are laid down as rows.
fn end(image: &Image, level: Level, seen: [usize; 3], column: usize, samples: &mut [u8]) {
    let channels = image.channels.count();
    let length = image.width * channels;
    let picture = Picture::new(image, Border::Replicate);
    let laid = seen.map(|x| {
        let mut laid = Vec::with_capacity((image.height + 2) * channels);
        for y in 0..image.height + 2 {
            laid.extend_from_slice(&picture.row(y as isize - 1)[x * channels..][..channels]);
        }
        laid
    });
    let mut medians = vec![0; image.height * channels];
    median3(level, channels, &laid.each_ref().map(|row| &row[..]), &mut [&mut medians]);
    for (row, median) in samples.chunks_exact_mut(length).zip(medians.chunks_exact(channels)) {
        row[column * channels..][..channels].copy_from_slice(median);
    }
}

/// Samples that are done together: few enough for the sorted columns to stay in the fastest memory.
const STRIP: usize = 1536;

/// Bytes of a line of the cache; vectors that lie across two are slower to write.
const LINE: usize = 64;

/// Sorts the columns of `N` rows.
type Sort<const N: usize> = fn(Level, [&[u8]; N], [&mut [u8]; N]);
/// Makes medians of sorted columns.
type Median<const N: usize> = fn(Level, usize, [&[u8]; N], &mut [u8]);

/// Sorted columns of a strip of a row, for windows of `N` by `N` pixels.
struct Columns<const N: usize> {
    channels: usize,
    sorted: [Vec<u8>; N],
    sort: Sort<N>,
    median: Median<N>,
}

impl<const N: usize> Columns<N> {
    fn new(channels: usize, sort: Sort<N>, median: Median<N>) -> Columns<N> {
        Columns {
            channels,
            sorted: std::array::from_fn(|_| vec![0; STRIP + (N - 1) * channels + 2 * LINE]),
            sort,
            median,
        }
    }

    /// Makes row `y` of the medians.
    fn make(&mut self, level: Level, picture: Picture<'_>, y: usize, out: &mut [u8]) {
        let rows: [&[u8]; N] =
            std::array::from_fn(|k| picture.row(y as isize + k as isize - (N / 2) as isize));
        let (length, margin) = (out.len(), N / 2 * self.channels);
        for (strip, out) in out.chunks_mut(STRIP).enumerate() {
            let start = strip * STRIP;
            // The columns under the strip's windows, as far as the row has them.
            let (first, end) = (start.saturating_sub(margin), (start + out.len() + margin).min(length));
            let at = first + margin - start;
            let total = out.len() + 2 * margin;
            let inside = at..at + end - first;
            // Each row is placed so that what is sorted begins at a line of the cache.
            let mut sorted = self.sorted.each_mut().map(|row| {
                let begin = row.as_ptr().align_offset(LINE) % LINE + LINE - at % LINE;
                &mut row[begin..begin + total]
            });
            (self.sort)(
                level,
                rows.map(|row| &row[first..end]),
                sorted.each_mut().map(|row| &mut row[inside.clone()]),
            );
            sorted.iter_mut().for_each(|row| extend(row, self.channels, inside.clone()));
            (self.median)(level, self.channels, sorted.each_ref().map(|row| &**row), out);
        }
    }
}

/// Repeats the first and the last pixel of `inside` up to the ends of a row.
fn extend(row: &mut [u8], channels: usize, inside: std::ops::Range<usize>) {
    for to in (0..inside.start).step_by(channels) {
        row.copy_within(inside.start..inside.start + channels, to);
    }
    for to in (inside.end..row.len()).step_by(channels) {
        row.copy_within(inside.end - channels..inside.end, to);
    }
}
