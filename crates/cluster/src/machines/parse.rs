//! From text to machines: a line at a time, never stopping at a fault.

use super::{Address, Machine, MachineError, MachineErrors, Problem, Role};
use crate::Probability;
use std::collections::HashMap;
use std::ops::Range;

/// Longest name, in characters. Names stand in every row of the records.
pub(super) const LONGEST_NAME: usize = 64;

/// Most slots that a file may give a node.
const MOST_SLOTS: u32 = 100_000;

/// A word of a line and its first character's index.
#[derive(Clone, Copy)]
struct Word<'text> {
    text: &'text str,
    at: usize,
}

impl Word<'_> {
    fn range(&self) -> Range<usize> {
        self.at..self.at + self.text.chars().count()
    }
}

#[derive(Default)]
struct Parser {
    machines: Vec<Machine>,
    errors: Vec<MachineError>,
    /// First line of each name of a node or server.
    names: HashMap<String, usize>,
    /// First user of each address, with its line.
    addresses: HashMap<Address, (String, usize)>,
    /// Lines of plain `server`, to be named when all names are known.
    unnamed_servers: Vec<usize>,
    nodes: usize,
    servers: usize,
}

/// One line and its number, from 1.
#[derive(Clone, Copy)]
struct Line<'text> {
    text: &'text str,
    number: usize,
}

pub(super) fn parse(text: &str) -> Result<Vec<Machine>, MachineErrors> {
    let mut parser = Parser::default();
    let mut lines = 0;
    // Editors of one family begin text files with a byte order mark.
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        lines = index + 1;
        parser.line(Line { text: line, number: lines });
    }
    parser.finish(lines)
}

/// Words up to a comment. A `#` inside a word is no comment.
fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = line;
    let mut at = 0;
    loop {
        let trimmed = rest.trim_start();
        at += rest[..rest.len() - trimmed.len()].chars().count();
        let length = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
        let (word, after) = trimmed.split_at(length);
        if word.is_empty() || word.starts_with('#') {
            return words;
        }
        words.push(Word { text: word, at });
        at += word.chars().count();
        rest = after;
    }
}

impl Parser {
    fn line(&mut self, line: Line<'_>) {
        let words = words(line.text);
        let Some((&name, rest)) = words.split_first() else {
            return;
        };
        let role = Role::of(name.text);
        self.nodes += usize::from(role == Role::Node);
        self.servers += usize::from(role == Role::Server);

        let named = self.name(line, name, role);
        let settings_begin = usize::from(rest.first().is_some_and(|word| !word.text.contains('=')));
        let (address, settings) = rest.split_at(settings_begin);
        let address = match address.first() {
            Some(&word) => self.address(line, name, word, role),
            None => {
                let end = words.first().map_or(0, |word| word.range().end);
                self.fault(line, end..end, Problem::NoAddress { name: shown(name.text) });
                None
            }
        };
        let (slots, load_probability) = self.settings(line, settings);
        if let (true, Some(address)) = (named, address) {
            if name.text == "server" {
                self.unnamed_servers.push(self.machines.len());
            }
            self.machines.push(Machine { name: name.text.to_owned(), address, slots, load_probability });
        }
    }

    /// Whether the name is good and new.
    fn name(&mut self, line: Line<'_>, name: Word<'_>, role: Role) -> bool {
        let bad = name.text.chars().enumerate().position(|(index, character)| {
            let later = character.is_ascii_digit() || matches!(character, '-' | '_' | '.');
            !(character.is_ascii_alphabetic() || (index > 0 && later))
        });
        if let Some(bad) = bad {
            let at = name.at + bad;
            self.fault(line, at..at + 1, Problem::Name(shown(name.text)));
            return false;
        }
        if name.text.len() > LONGEST_NAME {
            self.fault(line, name.range(), Problem::Name(shown(name.text)));
            return false;
        }
        if role == Role::Other || name.text == "server" {
            return true;
        }
        if let Some(&first) = self.names.get(name.text) {
            self.fault(line, name.range(), Problem::DuplicateName { name: name.text.to_owned(), first });
            return false;
        }
        self.names.insert(name.text.to_owned(), line.number);
        true
    }

    fn address(&mut self, line: Line<'_>, name: Word<'_>, word: Word<'_>, role: Role) -> Option<Address> {
        let address = match Address::read(word.text) {
            Ok(address) => address,
            Err((fault, range)) => {
                let range = word.at + range.start..word.at + range.end;
                self.fault(line, range, Problem::Address(fault));
                return None;
            }
        };
        if role == Role::Other {
            return Some(address);
        }
        if let Some((name, first)) = self.addresses.get(&address).cloned() {
            self.fault(line, word.range(), Problem::DuplicateAddress { address, name, first });
            return None;
        }
        self.addresses.insert(address.clone(), (name.text.to_owned(), line.number));
        Some(address)
    }

    fn settings(&mut self, line: Line<'_>, words: &[Word<'_>]) -> (Option<u32>, Option<Probability>) {
        let (mut slots, mut load_probability) = (None, None);
        for word in words {
            let Some((key, value)) = word.text.split_once('=') else {
                self.fault(line, word.range(), Problem::ExtraWord(shown(word.text)));
                continue;
            };
            let key_width = key.chars().count();
            let value_range = word.at + key_width + 1..word.range().end;
            let fault = match key {
                "slots" => take("slots", &mut slots, value, "a whole number from 1 to 100000", read_slots),
                "p" => {
                    take("p", &mut load_probability, value, "a number from 0 to 1", |text| text.parse().ok())
                }
                _ => {
                    self.fault(line, word.at..word.at + key_width, Problem::UnknownKey(shown(key)));
                    continue;
                }
            };
            if let Some(problem) = fault {
                self.fault(line, value_range, problem);
            }
        }
        (slots, load_probability)
    }

    fn fault(&mut self, line: Line<'_>, range: Range<usize>, problem: Problem) {
        let width = range.end - range.start;
        let text = line.text.to_owned();
        self.errors.push(MachineError { line: line.number, column: range.start + 1, width, text, problem });
    }

    fn finish(mut self, lines: usize) -> Result<Vec<Machine>, MachineErrors> {
        // A machine whose line has faults counts: it is named already.
        let mut whole = |missing: bool, problem| {
            if missing {
                let line = lines + 1;
                self.errors.push(MachineError { line, column: 1, width: 0, text: String::new(), problem });
            }
        };
        let nothing = self.nodes == 0 && self.servers == 0;
        whole(nothing, Problem::Empty);
        whole(self.servers == 0 && !nothing, Problem::NoServer);
        if !self.errors.is_empty() {
            return Err(MachineErrors::new(self.errors));
        }
        let mut number = 2;
        for &index in self.unnamed_servers.iter().skip(1) {
            while self.names.contains_key(&format!("server{number}")) {
                number += 1;
            }
            self.machines[index].name = format!("server{number}");
            number += 1;
        }
        Ok(self.machines)
    }
}

fn read_slots(text: &str) -> Option<u32> {
    text.parse().ok().filter(|slots| (1..=MOST_SLOTS).contains(slots) && !text.starts_with('+'))
}

/// Puts a setting's value in its place, or answers what is wrong with it.
fn take<Value>(
    key: &'static str,
    place: &mut Option<Value>,
    value: &str,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<Value>,
) -> Option<Problem> {
    if place.is_some() {
        return Some(Problem::DuplicateKey(key));
    }
    *place = read(value);
    place.is_none().then(|| Problem::Value { key, value: shown(value), wanted })
}

/// At most so much of a faulty word as a sentence can hold.
fn shown(word: &str) -> String {
    if word.chars().nth(LONGEST_NAME).is_none() {
        return word.to_owned();
    }
    word.chars().take(LONGEST_NAME).chain(['…']).collect()
}
