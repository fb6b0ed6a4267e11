//! Why an operation cannot be understood or done.

/// A text that names no operation, or an image that an operation cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// The name is not in the table.
    #[error("there is no operation `{name}`{}; known are {known}", suggestion(.nearest))]
    UnknownOperation {
        /// What was written.
        name: String,
        /// The known name most like it, when one is.
        nearest: Option<&'static str>,
        /// All names.
        known: String,
    },
    /// The operation has no such parameter.
    #[error("{operation} has no parameter `{parameter}`{}; {}", suggestion(.nearest), parameters(.known))]
    UnknownParameter {
        /// The operation.
        operation: &'static str,
        /// What was written.
        parameter: String,
        /// The known parameter most like it, when one is.
        nearest: Option<&'static str>,
        /// All parameters of the operation.
        known: String,
    },
    /// A value outside its parameter's domain.
    #[error("{operation}[{parameter}={value}]: {parameter} must be {allowed}")]
    OutOfRange {
        /// The operation.
        operation: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was written.
        value: String,
        /// What may be written.
        allowed: String,
    },
    /// Values that each may be but not together.
    #[error("{operation}: {reason}")]
    Contradiction {
        /// The operation in canonical form.
        operation: String,
        /// Cause and remedy.
        reason: &'static str,
    },
    /// One parameter given twice.
    #[error("{operation} is given {parameter} twice; keep one")]
    Repeated {
        /// The operation.
        operation: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// The text is not `name`, `name[parameter=value, ...]` or several of these with `|` between them.
    #[error(
        "`{step}` is no operation: write `name` or `name[parameter=value, parameter=value]`, and ` | ` between two"
    )]
    Syntax {
        /// The step at fault.
        step: String,
    },
    /// More steps than any sensible chain has.
    #[error("a chain of {steps} operations is longer than the {limit} allowed; split the job")]
    TooLong {
        /// Steps in the text.
        steps: usize,
        /// Steps allowed.
        limit: usize,
    },
    /// The image contradicts itself.
    #[error("the image says {width}×{height} with {channels} samples a pixel but holds {samples} samples")]
    Malformed {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Samples a pixel.
        channels: usize,
        /// Samples held.
        samples: usize,
    },
    /// The operation does not fit the image.
    #[error("{operation} cannot be done on an image of {width}×{height}: {reason}")]
    Unfit {
        /// The operation in canonical form.
        operation: String,
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Cause and remedy.
        reason: String,
    },
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    nearest.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

fn parameters(known: &str) -> String {
    if known.is_empty() { "it takes none".to_owned() } else { format!("it takes {known}") }
}
