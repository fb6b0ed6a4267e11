//! What a node gets of a task: a part of an image, or a batch.

use super::Unit;
use super::survey::Cutting;
use crate::folder::{Folder, INPUT};
use crate::image_file::{self, BadImageFile};
use crate::job::{Job, Tasks};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use wire::division::{Batch, BatchImages, Segment, SegmentSource};
use wire::job::Transfer;
use wire::node::{SharedFile, Work};

/// The work of a task and the operation of it.
///
/// # Errors
/// Which image cannot be read, and why.
pub(crate) fn work(job: &Job, unit: &Unit) -> Result<(Work, String), (usize, BadImageFile)> {
    let Tasks::Folder { folder, transfer, divided: Some(divided), .. } = &job.tasks else {
        return Err((0, io::Error::other("the job is not divided").into()));
    };
    let mix = divided.lock().mix.clone();
    match unit {
        Unit::Part { image, part, cutting, summaries } => {
            let source =
                source(folder, *transfer, *image, *part, cutting).map_err(|cause| (*image, cause))?;
            let size = cutting.plan.source();
            let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let segment = Segment {
                source,
                image: *image as u64,
                width: short(size.width),
                height: short(size.height),
                part: short(*part),
                cut: cutting.cut.clone(),
                strip: cutting.strip(*part),
                summaries: Arc::unwrap_or_clone(Arc::clone(summaries)),
            };
            Ok((Work::Segment(Box::new(segment)), mix.of(job.words.seed, *image).to_string()))
        }
        Unit::Batch { images, measure } => {
            let operations = if mix.is_mixed() && !measure {
                images.iter().map(|image| mix.of(job.words.seed, *image).to_string()).collect()
            } else {
                Vec::new()
            };
            let operation = mix.of(job.words.seed, images.first().copied().unwrap_or(0)).to_string();
            let images = batch(folder, *transfer, images)?;
            Ok((Work::Batch(Batch { images, operations, measure: *measure }), operation))
        }
    }
}

fn source(
    folder: &Folder,
    transfer: Transfer,
    image: usize,
    part: usize,
    cutting: &Cutting,
) -> Result<SegmentSource, BadImageFile> {
    if transfer == Transfer::Shared {
        let (base_path, file_name) = (base(folder), folder.images[image].clone());
        return Ok(SegmentSource::Shared(SharedFile { base_path, file_name }));
    }
    let path = path(folder, image);
    let Some(strip) = cutting.strip(part) else {
        return image_file::read_inline(&path).map(SegmentSource::Inline);
    };
    let mut file = image_file::open(&path)?;
    let mut bytes = Vec::new();
    file.by_ref().take(strip.head_bytes).read_to_end(&mut bytes)?;
    file.seek(SeekFrom::Start(strip.offset))?;
    file.take(strip.bytes).read_to_end(&mut bytes)?;
    Ok(SegmentSource::Inline(bytes))
}

fn batch(
    folder: &Folder,
    transfer: Transfer,
    images: &[usize],
) -> Result<BatchImages, (usize, BadImageFile)> {
    match transfer {
        Transfer::Shared => {
            let file_names = images.iter().map(|image| folder.images[*image].clone()).collect();
            Ok(BatchImages::Shared { base_path: base(folder), file_names })
        }
        Transfer::Inline => {
            // What cannot be read goes as nothing: it fails alone, as an empty image, with the others done.
            let read = |image: &usize| image_file::read_inline(&path(folder, *image)).unwrap_or_default();
            Ok(BatchImages::Inline(images.iter().map(read).collect()))
        }
    }
}

fn base(folder: &Folder) -> String {
    folder.base.to_string_lossy().into_owned()
}

fn path(folder: &Folder, image: usize) -> PathBuf {
    folder.base.join(INPUT).join(&folder.images[image])
}
