//! A folder of results as a file system keeps it: names and bytes, and what a power cut leaves of both.
//!
//! Changes of names survive in their order, up to some point behind the last flush of the folder. Bytes that were not
//! flushed survive wholly, in part or not at all, whatever their name.

use crate::chance::Chance;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Change {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Clone, Debug)]
struct Content {
    bytes: Vec<u8>,
    flushed: bool,
}

/// Names that are taken or missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    Exists,
    Missing,
}

#[derive(Debug, Default)]
pub(crate) struct SharedFolder {
    names: BTreeMap<String, usize>,
    /// Names that surely survive.
    flushed: BTreeMap<String, usize>,
    /// What happened to them since.
    changes: Vec<Change>,
    contents: Vec<Content>,
}

fn apply(names: &mut BTreeMap<String, usize>, change: &Change) {
    match change {
        Change::Create(name, content) => {
            names.insert(name.clone(), *content);
        }
        Change::Rename(from, to) => {
            if let Some(content) = names.remove(from) {
                names.insert(to.clone(), content);
            }
        }
        Change::Remove(name) => {
            names.remove(name);
        }
    }
}

impl SharedFolder {
    fn change(&mut self, change: Change) {
        apply(&mut self.names, &change);
        self.changes.push(change);
    }

    /// An empty file of a new name.
    pub(crate) fn create(&mut self, name: &str) -> Result<(), NameError> {
        if self.names.contains_key(name) {
            return Err(NameError::Exists);
        }
        self.contents.push(Content { bytes: Vec::new(), flushed: false });
        self.change(Change::Create(name.to_owned(), self.contents.len() - 1));
        Ok(())
    }

    /// The handle of a file, which stays with it when its name changes.
    pub(crate) fn handle(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    pub(crate) fn write(&mut self, handle: usize, bytes: &[u8]) {
        self.contents[handle] = Content { bytes: bytes.to_vec(), flushed: false };
    }

    pub(crate) fn flush(&mut self, handle: usize) {
        self.contents[handle].flushed = true;
    }

    pub(crate) fn flush_names(&mut self) {
        self.flushed.clone_from(&self.names);
        self.changes.clear();
    }

    pub(crate) fn read(&self, name: &str) -> Option<&[u8]> {
        self.handle(name).map(|handle| &self.contents[handle].bytes[..])
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), NameError> {
        if !self.names.contains_key(from) {
            return Err(NameError::Missing);
        }
        self.change(Change::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if self.names.contains_key(name) {
            self.change(Change::Remove(name.to_owned()));
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    pub(crate) fn cut_power(&mut self, chance: &mut Chance) {
        let survive = chance.below(self.changes.len() + 1);
        let mut names = std::mem::take(&mut self.flushed);
        self.changes[..survive].iter().for_each(|change| apply(&mut names, change));
        for content in self.contents.iter_mut().filter(|content| !content.flushed) {
            let left = chance.pick(&[0, content.bytes.len() / 2, content.bytes.len()]);
            content.bytes.truncate(left);
            content.flushed = true;
        }
        self.names.clone_from(&names);
        self.flushed = names;
        self.changes.clear();
    }
}
