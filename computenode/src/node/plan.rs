//! What a request asks for, checked before anything is begun.

use super::batch::{Images, Sources};
use super::segment::Part;
use super::{Node, SYNTHETIC};
use crate::files::{DataFolder, check_file_name};
use crate::trouble::Trouble;
use imaging::operation::Operation;
use std::time::Duration;
use wire::division::{Batch, BatchImages, SegmentSource};
use wire::node::{SharedFile, Work};

/// The name under which the measuring of images is counted.
const MEASURE: &str = "measure";

/// Checked work, ready to be done.
pub(super) enum Plan<'node> {
    Synthetic(Duration),
    Inline(Vec<u8>, Operation),
    Shared(DataFolder<'node>, String, Operation),
    Segment(Box<Part<'node>>),
    Batch(Images<'node>),
}

impl Plan<'_> {
    /// The name under which it is counted.
    pub(super) fn counted(&self) -> String {
        match self {
            Plan::Synthetic(_) => SYNTHETIC.to_owned(),
            Plan::Inline(_, operation) | Plan::Shared(_, _, operation) => operation.to_string(),
            Plan::Segment(part) => part.operation.to_string(),
            Plan::Batch(images) if images.measure => MEASURE.to_owned(),
            Plan::Batch(images) => match &images.operations[..] {
                [operation] => operation.to_string(),
                _ => "mix".to_owned(),
            },
        }
    }
}

impl Node {
    /// # Errors
    /// The request's fault, or this node's if the folder is outside its roots.
    pub(super) fn plan(&self, work: Work, operation: &str) -> Result<Plan<'_>, Trouble> {
        let parse =
            || Operation::parse(operation).map_err(|error| Trouble::Request("operation", error.to_string()));
        match work {
            Work::Synthetic(time) => Ok(Plan::Synthetic(time)),
            Work::Inline(source) => Ok(Plan::Inline(source, parse()?)),
            Work::Shared(SharedFile { base_path, file_name }) => {
                let operation = parse()?;
                Ok(Plan::Shared(self.find(&base_path, &file_name)?, file_name, operation))
            }
            Work::Segment(segment) => {
                let operation = parse()?;
                let folder = match &segment.source {
                    SegmentSource::Shared(file) => Some(self.find(&file.base_path, &file.file_name)?),
                    SegmentSource::Inline(_) => None,
                };
                Ok(Plan::Segment(Box::new(Part { segment: *segment, operation, folder })))
            }
            Work::Batch(batch) => self.plan_batch(batch, operation),
        }
    }

    fn plan_batch(&self, batch: Batch, operation: &str) -> Result<Plan<'_>, Trouble> {
        let texts = if batch.operations.is_empty() { vec![operation.to_owned()] } else { batch.operations };
        let operations = texts.iter().map(|text| Operation::parse(text)).collect::<Result<Vec<_>, _>>();
        let operations = operations.map_err(|error| Trouble::Request("operation", error.to_string()))?;
        let sources = match batch.images {
            BatchImages::Shared { base_path, file_names } => {
                for name in &file_names {
                    check_file_name(name).map_err(|why| Trouble::Request("batch.file_names", why))?;
                }
                Sources::Shared(self.roots.find(&base_path)?, file_names)
            }
            BatchImages::Inline(images) => Sources::Inline(images),
        };
        Ok(Plan::Batch(Images { sources, operations, measure: batch.measure }))
    }

    pub(super) fn find(&self, base_path: &str, file_name: &str) -> Result<DataFolder<'_>, Trouble> {
        check_file_name(file_name).map_err(|why| Trouble::Request("file.file_name", why))?;
        self.roots.find(base_path)
    }
}
