//! Why an image cannot be cut, or its parts not be put together.

use crate::operation::OperationError;

/// A cut, a part, a partial or a summary that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// More parts than rows or columns of the result.
    #[error("{parts} parts are more than the {length} {along} of the result; ask for {length} at most")]
    TooManyParts {
        /// Parts asked for.
        parts: usize,
        /// Rows or columns that there are.
        length: usize,
        /// `rows` or `columns`.
        along: &'static str,
    },
    /// No parts, or a weight that is no positive number.
    #[error("a cut needs at least one part and a positive weight for each")]
    NoParts,
    /// A part that the plan does not have.
    #[error("there is no part {part}; the plan has {parts}, numbered from 0")]
    NoSuchPart {
        /// Number asked for.
        part: usize,
        /// Parts of the plan.
        parts: usize,
    },
    /// Pixels of another size than the plan hands to the part.
    #[error("part {part} needs {needed:?} pixels but was given {given:?}")]
    WrongPixels {
        /// The part.
        part: usize,
        /// Width and height needed.
        needed: (usize, usize),
        /// Width and height given.
        given: (usize, usize),
    },
    /// Partials of different kinds, or not one of each part.
    #[error("the partials do not belong together: {reason}")]
    Mismatch {
        /// What is wrong.
        reason: &'static str,
    },
    /// A summary that the operation is not waiting for.
    #[error("the summary is not of the kind that the part waits for, or not made for this plan")]
    WrongSummary,
    /// Fewer summaries than the operation stops for.
    #[error("the part waits for one more summary after the {given} given")]
    MissingSummary {
        /// Summaries given.
        given: usize,
    },
    /// Bytes that are no partial and no summary.
    #[error("these bytes are no partial or summary: {reason}")]
    Bytes {
        /// What is wrong.
        reason: &'static str,
    },
    /// The operation cannot be done on the image.
    #[error(transparent)]
    Operation(#[from] OperationError),
}
