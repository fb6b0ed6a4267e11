//! A batch that travels inline is cut into several when it, or its results, would be more than a message may have.

use crate::folder::{Folder, INPUT};
use crate::image_file;
use crate::mix::Mix;
use imaging::codec::{Limits, header};
use imaging::operation::Operation;
use imaging::segment::{Cut, Plan, Size};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Bytes at the beginning of a file in which its header is looked for.
const HEAD_BYTES: u64 = 256 << 10;
/// What a file without a header there is taken to grow by.
const GROWTH: u64 = 8;

/// The batches that `images` travel in, each small enough with its results.
pub(crate) fn batches(folder: &Folder, mix: &Mix, seed: u64, images: &[usize]) -> Vec<Arc<[usize]>> {
    let weight =
        |image: &usize| weight(&folder.base.join(INPUT).join(&folder.images[*image]), mix.of(seed, *image));
    // A quarter is left for what surrounds the images.
    groups(images, weight, image_file::most_inline() / 4 * 3)
}

fn groups(images: &[usize], weight: impl Fn(&usize) -> u64, most: u64) -> Vec<Arc<[usize]>> {
    let (mut groups, mut group, mut sum) = (Vec::new(), Vec::new(), 0_u64);
    for image in images {
        let weight = weight(image);
        if !group.is_empty() && sum.saturating_add(weight) > most {
            groups.push(Arc::from(std::mem::take(&mut group)));
            sum = 0;
        }
        group.push(*image);
        sum = sum.saturating_add(weight);
    }
    groups.extend((!group.is_empty()).then(|| Arc::from(group)));
    groups
}

/// Bytes of the file or of the result's pixels, whichever is more; 0 for a file that cannot be sent at all.
fn weight(path: &Path, operation: &Operation) -> u64 {
    let Ok(file) = image_file::open(path) else { return 0 };
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let mut head = Vec::new();
    let read = file.take(HEAD_BYTES).read_to_end(&mut head);
    let limits = Limits { max_bytes: u64::MAX, max_pixels: u64::MAX };
    let size = read.ok().and_then(|_| header(&head, &limits).ok());
    let size = size.map(|header| Size { width: header.width, height: header.height });
    let result = size.and_then(|size| Plan::new(operation, size, &Cut::rows(1)).ok());
    let pixels = result.map(|plan| (plan.result().width as u64).saturating_mul(plan.result().height as u64));
    bytes.max(pixels.map_or(bytes.saturating_mul(GROWTH), |pixels| pixels.saturating_mul(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(weights: &[u64]) -> Vec<Vec<usize>> {
        let images: Vec<usize> = (0..weights.len()).collect();
        groups(&images, |image| weights[*image], 10).iter().map(|group| group.to_vec()).collect()
    }

    #[test]
    fn images_go_together_as_far_as_a_message_takes_them_and_in_their_order() {
        assert_eq!(of(&[1, 2, 3, 4]), [vec![0, 1, 2, 3]]);
        assert_eq!(of(&[5, 5, 5, 5, 1]), [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(of(&[11, 1, 12, u64::MAX, 2]), [vec![0], vec![1], vec![2], vec![3], vec![4]]);
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn an_image_weighs_what_its_result_does_or_its_file() {
        use imaging::codec::{EncodeOptions, Format, encode};
        use imaging::image::{Channels, Image};
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("a.png");
        let image = Image { width: 200, height: 100, channels: Channels::Gray, samples: vec![7; 20_000] };
        std::fs::write(&path, encode(&image, Format::Png, &EncodeOptions::default()).unwrap()).unwrap();
        let weight = |path: &Path, text: &str| weight(path, &Operation::parse(text).unwrap());
        assert_eq!(weight(&path, "invert"), 60_000);
        assert_eq!(weight(&path, "resize[percent=200]"), 240_000);
        std::fs::write(&path, [0; 1000]).unwrap();
        assert_eq!(weight(&path, "invert"), 8_000, "no header");
        assert_eq!(weight(&at.path().join("nothing.png"), "invert"), 0);
    }
}
