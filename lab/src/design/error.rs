//! What is wrong with an experiment file, where, and what would be right.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// An experiment file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DesignError {
    /// There is no such file, or it cannot be read.
    #[error("cannot read '{}': {source}; name an experiment file, such as experiments/quickstart.toml", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// It is no TOML, has an unknown name, or a value of the wrong kind. The parser's words show the line.
    #[error("{0}")]
    Toml(String),
    /// A value cannot be used, or does not go with the others.
    #[error("{}{path}: {why}", line.map_or(String::new(), |line| format!("line {line}: ")))]
    Value {
        /// Its line, counted from 1, if it stands in the file.
        line: Option<usize>,
        /// Its name with its table's, such as `nodes.load`.
        path: String,
        /// What is wrong and what would be right.
        why: String,
    },
}

/// A value that cannot be used, before its line is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) path: String,
    pub(super) why: String,
}

impl Fault {
    pub(super) fn new(path: impl Into<String>, why: impl Into<String>) -> Fault {
        Fault { path: path.into(), why: why.into() }
    }

    /// With the line of `text` on which the value stands.
    pub(super) fn in_text(self, text: &str) -> DesignError {
        DesignError::Value { line: line_of(text, &self.path), path: self.path, why: self.why }
    }
}

/// The line, from 1, on which the value of a path such as `nodes.load` is written, or else its table begins.
fn line_of(text: &str, path: &str) -> Option<usize> {
    let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
    let (mut current, mut header) = (String::new(), None);
    let mut lists: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("[[").and_then(|rest| rest.split(']').next()) {
            // The tables of a list are counted: `faults.1.node` is in the second.
            let count = lists.entry(name.trim()).or_default();
            current = format!("{}.{count}", name.trim());
            *count += 1;
            header = header.or((current == table).then_some(index + 1));
        } else if let Some(name) = line.strip_prefix('[') {
            current = name.split(']').next().unwrap_or_default().trim_matches('[').trim().to_owned();
            if current == path || current == table {
                header = header.or(Some(index + 1));
            }
        } else if let Some((name, _)) = line.split_once('=') {
            let name = name.trim().trim_matches('"');
            let full = if current.is_empty() { name.to_owned() } else { format!("{current}.{name}") };
            if full == path || (current == table && name == key) {
                return Some(index + 1);
            }
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_paths() {
        let text =
            "name = \"x\"\nnodes.slots = 2\n\n[arrivals]\n# rate\nrate = 3\n[sweep]\n\"nodes.load\" = [1]\n";
        let lines =
            ["name", "nodes.slots", "arrivals.rate", "arrivals.tasks", "sweep.nodes.load", "work.service"];
        let seen: Vec<_> = lines.iter().map(|path| line_of(text, path)).collect();
        assert_eq!(seen, [Some(1), Some(2), Some(6), Some(4), Some(8), None]);
    }
}
