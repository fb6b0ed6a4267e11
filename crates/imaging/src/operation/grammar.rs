//! The text form of operations: `grayscale | blur[size=5] | canny`, read and written.
//!
//! ```text
//! chain = step { "|" step }
//! step  = name [ "[" name "=" value { "," name "=" value } "]" ]
//! ```
//! Blanks round every word are ignored. Writing leaves out the parameters that have their default, so the written
//! form is canonical: equal operations have equal texts, and reading the text gives the operation back.

use super::{Entry, Operation, OperationError, Step, TABLE, Value};
use std::fmt;
use std::str::FromStr;

/// Steps that a chain may have.
const LONGEST_CHAIN: usize = 32;

impl FromStr for Operation {
    type Err = OperationError;

    fn from_str(text: &str) -> Result<Self, OperationError> {
        let steps = text.split('|').count();
        if steps > LONGEST_CHAIN {
            return Err(OperationError::TooLong { steps, limit: LONGEST_CHAIN });
        }
        Ok(Operation { steps: text.split('|').map(step).collect::<Result<_, _>>()? })
    }
}

fn step(text: &str) -> Result<Step, OperationError> {
    let text = text.trim();
    let syntax = || OperationError::Syntax { step: text.chars().take(80).collect() };
    let (name, assignments) = match text.split_once('[') {
        Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(']').ok_or_else(syntax)?)),
        None => (text, None),
    };
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(syntax());
    }
    let entry = find(name)?;
    let mut given: Vec<Option<Value>> = vec![None; entry.parameters.len()];
    for assignment in
        assignments.into_iter().filter(|text| !text.trim().is_empty()).flat_map(|a| a.split(','))
    {
        let (parameter, value) = assignment.split_once('=').ok_or_else(syntax)?;
        assign(entry, &mut given, parameter.trim(), value.trim())?;
    }
    let values = given.iter().zip(entry.parameters).map(|(value, p)| value.unwrap_or(p.default)).collect();
    let step = Step { entry, values };
    match step.bind().contradiction() {
        Some(reason) => Err(OperationError::Contradiction { operation: step.to_string(), reason }),
        None => Ok(step),
    }
}

fn find(name: &str) -> Result<&'static Entry, OperationError> {
    TABLE.iter().find(|entry| entry.name == name).ok_or_else(|| OperationError::UnknownOperation {
        name: name.chars().take(80).collect(),
        nearest: nearest(name, TABLE.iter().map(|entry| entry.name)),
        known: TABLE.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", "),
    })
}

fn assign(
    entry: &'static Entry,
    given: &mut [Option<Value>],
    name: &str,
    value: &str,
) -> Result<(), OperationError> {
    let names = || entry.parameters.iter().map(|parameter| parameter.name);
    let at = names().position(|known| known == name).ok_or_else(|| OperationError::UnknownParameter {
        operation: entry.name,
        parameter: name.chars().take(80).collect(),
        nearest: nearest(name, names()),
        known: names().collect::<Vec<_>>().join(", "),
    })?;
    let parameter = &entry.parameters[at];
    if given[at].is_some() {
        return Err(OperationError::Repeated { operation: entry.name, parameter: parameter.name });
    }
    given[at] = Some(parameter.domain.read(value).ok_or_else(|| OperationError::OutOfRange {
        operation: entry.name,
        parameter: parameter.name,
        value: value.chars().take(80).collect(),
        allowed: parameter.domain.to_string(),
    })?);
    Ok(())
}

/// The known name most like what was written, unless nothing is near.
fn nearest(written: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let written: String = written.chars().take(40).collect::<String>().to_ascii_lowercase();
    known
        .map(|name| (strsim::jaro_winkler(&written, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, step) in self.steps.iter().enumerate() {
            write!(f, "{}{step}", if k > 0 { " | " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry.name)?;
        let differing =
            self.entry.parameters.iter().zip(&self.values).filter(|(p, value)| p.default != **value);
        let mut open = false;
        for (parameter, value) in differing {
            write!(f, "{}{}={value}", if open { "," } else { "[" }, parameter.name)?;
            open = true;
        }
        if open { f.write_str("]") } else { Ok(()) }
    }
}
