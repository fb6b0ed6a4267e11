//! Several images as one task: one admission and one slot; an image that is at fault fails alone.

use super::{Ending, Node, Origin, Product};
use crate::files::DataFolder;
use crate::pixels::{Encoded, timed};
use crate::trouble::Trouble;
use imaging::operation::Operation;
use wire::division::{BatchItem, DoneItem, ItemResult};
use wire::node::{AttemptResult, AttemptTimings};

/// A batch as this node works on it.
pub(super) struct Images<'node> {
    pub(super) sources: Sources<'node>,
    /// One for all, or one for each.
    pub(super) operations: Vec<Operation>,
    pub(super) measure: bool,
}

impl Images<'_> {
    fn operation_of(&self, number: usize) -> &Operation {
        &self.operations[number.min(self.operations.len() - 1)]
    }

    /// What is done with an image, in words.
    fn wanted_of(&self, number: usize) -> &dyn std::fmt::Display {
        if self.measure { &"the measuring of its samples" } else { self.operation_of(number) }
    }
}

/// Where the images of a batch are.
pub(super) enum Sources<'node> {
    Shared(DataFolder<'node>, Vec<String>),
    Inline(Vec<Vec<u8>>),
}

impl Node {
    /// Does all images. A fault of the node's own ends the attempt, and nothing of it stays.
    pub(super) fn work_on_batch(
        &self,
        origin: &Origin,
        images: &Images<'_>,
        timings: &mut AttemptTimings,
    ) -> Result<Product, Ending> {
        let (mut items, mut files) = (Vec::new(), Vec::new());
        let count = match &images.sources {
            Sources::Shared(_, names) => names.len(),
            Sources::Inline(sources) => sources.len(),
        };
        for number in 0..count {
            let item: BatchItem = match self.one_of_batch(images, number, timings) {
                Ok((mut item, Some(bytes))) => {
                    if let Sources::Shared(folder, _) = &images.sources {
                        let suffix = format!("-{number}");
                        let (name, file) =
                            timed(&mut timings.write, || origin.write_temporary(folder, &suffix, &[&bytes]))?;
                        files.push(file);
                        self.pixels.recycle(bytes);
                        item.result = ItemResult::TemporaryFile(name);
                    } else {
                        item.result = ItemResult::Inline(bytes);
                    }
                    Ok(item)
                }
                Ok((item, None)) => Ok(item),
                Err(trouble) => match trouble.while_doing(images.wanted_of(number)) {
                    Trouble::Image(kind, why) => Err((kind, why)),
                    other => return Err(other.into()),
                },
            };
            items.push(item);
        }
        // A newer submission may have come while this one was at work: its results must not be offered.
        self.pass_fence(&origin.job_key, origin.epoch)?;
        files.into_iter().for_each(crate::files::TemporaryFile::keep);
        let sum = |of: fn(&DoneItem) -> u64| items.iter().flatten().map(of).sum();
        let (bytes_in, bytes_out) = (sum(|item| item.bytes_in), sum(|item| item.bytes_out));
        Ok(Product {
            result: AttemptResult::Items(items),
            bytes_in,
            bytes_out,
            width: 0,
            height: 0,
            checksum: None,
        })
    }

    /// One image: what came of it, and its encoded result if that is what was asked for.
    fn one_of_batch(
        &self,
        images: &Images<'_>,
        number: usize,
        timings: &mut AttemptTimings,
    ) -> Result<(DoneItem, Option<Vec<u8>>), Trouble> {
        let read;
        let (source, name) = match &images.sources {
            Sources::Shared(folder, names) => {
                let name = &names[number];
                read = timed(&mut timings.read, || folder.read(name, self.pixels.max_bytes()))?;
                (&read, Some(name.as_str()))
            }
            Sources::Inline(sources) => (&sources[number], None),
        };
        let bytes_in = source.len() as u64;
        if images.measure {
            let (statistics, width, height) = self.pixels.measure(source, name, timings)?;
            let result = ItemResult::Statistics(statistics.histogram().to_vec());
            return Ok((DoneItem { result, bytes_in, bytes_out: 0, width, height }, None));
        }
        let operation = images.operation_of(number);
        let Encoded { bytes, width, height } = self.pixels.transform(source, name, operation, timings)?;
        let result = ItemResult::Inline(Vec::new());
        Ok((DoneItem { result, bytes_in, bytes_out: bytes.len() as u64, width, height }, Some(bytes)))
    }
}
