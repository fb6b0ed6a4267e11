//! Journals: what cannot be understood is refused, and what is understood can be gone on with.

use super::mutate::Corpus;
use journal::book::Book;
use journal::entry::Entry;
use journal::frame::{self, replay};
use journal::log::{Confirm, Log, Medium};
use std::convert::Infallible;

/// A medium that never fails.
#[derive(Debug)]
struct Bytes {
    now: Vec<u8>,
    next: Vec<u8>,
}

impl Medium for Bytes {
    type Error = Infallible;

    fn append(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.now.extend(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> Result<(), Infallible> {
        self.now.truncate(length as usize);
        Ok(())
    }

    fn prepare(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.next = bytes.to_vec();
        Ok(())
    }

    fn swap(&mut self) -> Result<(), Infallible> {
        self.now = std::mem::take(&mut self.next);
        Ok(())
    }
}

/// Frames in, and one more behind them: all of them come out again. Entries that are understood mean the same when
/// they are written anew.
fn go_on_with(input: &[u8]) {
    let Ok(replayed) = replay(input) else { return };
    let payloads = |bytes: &[u8]| -> Vec<Vec<u8>> {
        replay(bytes).unwrap().frames.iter().map(|frame| frame.payload.to_vec()).collect()
    };
    let mut wanted: Vec<Vec<u8>> = replayed.frames.iter().map(|frame| frame.payload.to_vec()).collect();
    let entries: Option<Vec<Entry>> = replayed
        .frames
        .iter()
        .map(|frame| Entry::all(frame.payload).ok())
        .collect::<Option<Vec<_>>>()
        .map(|all| all.concat());
    let medium = Bytes { now: input.to_vec(), next: Vec::new() };
    let mut log = Log::resume(medium, &replayed, input.len() as u64).unwrap();
    log.write(b"one more", Confirm::Synced).unwrap();
    wanted.push(b"one more".to_vec());
    assert_eq!(payloads(&log.medium().now), wanted);
    let Some(entries) = entries else { return };
    let mut book = Book::new(1_000);
    entries.into_iter().for_each(|entry| book.apply(entry));
    log.compact(&book.snapshot()).unwrap();
    let mut again = Book::new(1_000);
    for payload in payloads(&log.medium().now) {
        Entry::all(&payload).unwrap().into_iter().for_each(|entry| again.apply(entry));
    }
    assert_eq!(again, book);
}

#[test]
fn journals() {
    Corpus::open("journals", 20_000).try_all(|input| {
        go_on_with(input);
        // Checksums keep nearly every change from the entries: once more as a whole frame.
        let mut framed = frame::HEADER.to_vec();
        frame::put(&mut framed, 1, 0, input);
        go_on_with(&framed);
    });
}
