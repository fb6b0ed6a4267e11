//! Faults of a `machine.txt`, each with its place and a remedy, all at once.

use super::{Address, AddressFault};
use std::fmt;
use std::path::Path;

/// Faults that the text of all of them lists; a file that is no `machine.txt` at all would fill the screen.
const MOST_SHOWN: usize = 20;

/// Longest part of a faulty line that is shown, in characters.
const WIDEST_SHOWN: usize = 100;

/// What is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No machine at all.
    #[error("no machine is listed: write lines such as 'node0 127.0.0.1:5001' and 'server 127.0.0.1:5000'")]
    Empty,
    /// No server.
    #[error("no server is listed: add a line such as 'server 127.0.0.1:5000'")]
    NoServer,
    /// Bytes that are no text.
    #[error("this is not UTF-8 text: save the file as plain text")]
    NotText,
    /// A name with a character that names do not have.
    #[error(
        "bad name '{}': a name begins with an ASCII letter and goes on with letters, digits, '-', '_' and '.', \
         at most {} characters, such as node0",
        .0.escape_debug(),
        super::parse::LONGEST_NAME
    )]
    Name(String),
    /// A name for the second time.
    #[error("the name '{name}' is taken by line {first}: give each machine a name of its own")]
    DuplicateName {
        /// The name.
        name: String,
        /// Line of its first use.
        first: usize,
    },
    /// A name and nothing else.
    #[error("'{name}' has no address: write '{name} 127.0.0.1:5000'")]
    NoAddress {
        /// The name.
        name: String,
    },
    /// An address that is none.
    #[error("{0}")]
    Address(AddressFault),
    /// Two programs could never both listen here.
    #[error("'{name}' of line {first} listens at {address} already: give one of them another port")]
    DuplicateAddress {
        /// The address.
        address: Address,
        /// Who has it.
        name: String,
        /// The line of that.
        first: usize,
    },
    /// A word after the address that is no setting.
    #[error("extra word '{}': after the address come only settings such as slots=4{}", .0.escape_debug(), port_hint(.0))]
    ExtraWord(String),
    /// A setting that there is not.
    #[error("unknown setting '{}': the settings are slots=NUMBER and p=PROBABILITY", .0.escape_debug())]
    UnknownKey(String),
    /// A setting twice in one line.
    #[error("'{0}=' stands here twice: keep one")]
    DuplicateKey(&'static str),
    /// A setting with an impossible value.
    #[error("bad value '{}': '{key}=' takes {wanted}", .value.escape_debug())]
    Value {
        /// The setting.
        key: &'static str,
        /// What stands there.
        value: String,
        /// What it takes.
        wanted: &'static str,
    },
}

fn port_hint(word: &str) -> &'static str {
    if word.bytes().all(|byte| byte.is_ascii_digit()) { "; a port is written ADDRESS:PORT" } else { "" }
}

/// One fault and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineError {
    /// Line, from 1. Faults of the file as a whole are behind its last line.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters are at fault; 0 if something is missing.
    pub width: usize,
    /// The line itself; empty for faults of the file as a whole.
    pub text: String,
    /// What is wrong.
    pub problem: Problem,
}

/// Every fault of a `machine.txt`; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineErrors {
    file: String,
    list: Vec<MachineError>,
}

impl MachineErrors {
    pub(super) fn new(list: Vec<MachineError>) -> MachineErrors {
        MachineErrors { file: "machine.txt".to_owned(), list }
    }

    /// Names the file in the texts of the faults.
    #[must_use]
    pub fn in_file(mut self, path: &Path) -> MachineErrors {
        self.file = path.display().to_string();
        self
    }

    /// The fault of a file that is text only in its first `valid` bytes.
    pub(super) fn not_text(bytes: &[u8], valid: usize) -> MachineErrors {
        let before = String::from_utf8_lossy(&bytes[..valid]);
        let text = before.rsplit('\n').next().unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = text.chars().count() + 1;
        let text = format!("{text}\u{fffd}");
        MachineErrors::new(vec![MachineError { line, column, width: 1, text, problem: Problem::NotText }])
    }

    /// The faults, in the order of the file.
    pub fn list(&self) -> &[MachineError] {
        &self.list
    }
}

impl std::error::Error for MachineErrors {}

/// As compilers write it: place and sentence, the line, a mark under the fault.
impl fmt::Display for MachineErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.list.iter().take(MOST_SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{}:{}:{}: {}", self.file, error.line, error.column, error.problem)?;
            if !error.text.is_empty() {
                write_line(formatter, error)?;
            }
        }
        match self.list.len().saturating_sub(MOST_SHOWN) {
            0 => Ok(()),
            more => write!(formatter, "\n… and {more} more"),
        }
    }
}

/// The part of the line around the fault, harmless to a terminal, and the mark.
fn write_line(formatter: &mut fmt::Formatter<'_>, error: &MachineError) -> fmt::Result {
    let at = error.column - 1;
    let from = at.saturating_sub(WIDEST_SHOWN / 2);
    let shown: String = error
        .text
        .chars()
        .skip(from)
        .take(WIDEST_SHOWN)
        .map(|character| if is_harmless(character) { character } else { ' ' })
        .collect();
    let indent = at - from;
    let width = error.width.clamp(1, (WIDEST_SHOWN - indent).max(1));
    write!(formatter, "\n    {}\n    {}{}", shown.trim_end(), " ".repeat(indent), "^".repeat(width))
}

/// Whether a terminal shows the character and does nothing else; escapes and marks of direction do more.
fn is_harmless(character: char) -> bool {
    matches!(character, '"' | '\'' | '\\') || character.escape_debug().len() == 1
}
