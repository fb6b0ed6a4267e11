//! The journal over a medium in memory that fills up.

use super::*;
use ::journal::entry::Accepted;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that others can look at, with room for so many writes.
#[derive(Debug)]
struct Memory {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: Arc<AtomicUsize>,
    flushes: Arc<AtomicUsize>,
    next: Vec<u8>,
}

impl Medium for Memory {
    type Error = io::Error;

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = self.room.load(Ordering::SeqCst);
        let mut all = self.bytes.lock().unwrap();
        if left == 0 {
            all.extend(&bytes[..bytes.len() / 2]);
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room.store(left - 1, Ordering::SeqCst);
        all.extend(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.flushes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().truncate(length as usize);
        Ok(())
    }

    fn prepare(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.next = bytes.to_vec();
        Ok(())
    }

    fn swap(&mut self) -> io::Result<()> {
        *self.bytes.lock().unwrap() = std::mem::take(&mut self.next);
        Ok(())
    }
}

fn accepted(number: usize) -> Entry {
    Entry::Accepted(Accepted { key: format!("job-{number}"), epoch: 1, ..Accepted::default() })
}

fn told(bytes: &[u8]) -> Vec<String> {
    let (_, book) = Journal::resume(
        Box::new(Memory {
            bytes: Arc::new(Mutex::new(bytes.to_vec())),
            room: Arc::new(AtomicUsize::new(9)),
            flushes: Arc::default(),
            next: Vec::new(),
        }),
        bytes,
        Confirm::Synced,
    )
    .unwrap();
    book.jobs().map(|kept| kept.accepted.key.clone()).collect()
}

#[test]
fn a_disk_that_fills_up_at_any_write_loses_nothing_that_was_answered_and_takes_more_later() {
    for room_at_first in 1..6 {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let room = Arc::new(AtomicUsize::new(room_at_first));
        let medium = Memory {
            bytes: Arc::clone(&bytes),
            room: Arc::clone(&room),
            flushes: Arc::default(),
            next: Vec::new(),
        };
        let (journal, _) = Journal::resume(Box::new(medium), &[], Confirm::Synced).unwrap();
        let mut answered = Vec::new();
        for number in 0..8 {
            match journal.commit(accepted(number)) {
                Ok(()) => answered.push(format!("job-{number}")),
                Err(error) => assert!(error.to_string().contains("free space"), "{error}"),
            }
        }
        assert_eq!(answered.len(), room_at_first - 1, "the head took one write");
        assert_eq!(told(&bytes.lock().unwrap()), answered);
        room.store(1, Ordering::SeqCst);
        journal.commit(accepted(8)).unwrap();
        answered.push("job-8".to_owned());
        assert_eq!(told(&bytes.lock().unwrap()), answered);
    }
}

#[test]
fn what_nobody_waits_for_goes_with_the_next_write() {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let flushes = Arc::new(AtomicUsize::new(0));
    let room = Arc::new(AtomicUsize::new(usize::MAX));
    let medium = Memory { bytes: Arc::clone(&bytes), room, flushes: Arc::clone(&flushes), next: Vec::new() };
    let (journal, _) = Journal::resume(Box::new(medium), &[], Confirm::Synced).unwrap();
    let before = flushes.load(Ordering::SeqCst);
    (0..100).for_each(|number| journal.note(accepted(number)));
    assert_eq!(told(&bytes.lock().unwrap()).len(), 0);
    journal.commit(accepted(100)).unwrap();
    assert_eq!(told(&bytes.lock().unwrap()).len(), 101);
    assert_eq!(flushes.load(Ordering::SeqCst) - before, 1, "one flush for all");
}

#[test]
fn many_who_wait_at_once_are_all_written() {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let room = Arc::new(AtomicUsize::new(usize::MAX));
    let medium = Memory { bytes: Arc::clone(&bytes), room, flushes: Arc::default(), next: Vec::new() };
    let (journal, _) = Journal::resume(Box::new(medium), &[], Confirm::Synced).unwrap();
    std::thread::scope(|scope| {
        for part in 0..8 {
            let journal = &journal;
            scope.spawn(move || {
                (0..50).for_each(|number| journal.commit(accepted(part * 50 + number)).unwrap());
            });
        }
    });
    assert_eq!(told(&bytes.lock().unwrap()).len(), 400);
}

#[test]
fn a_file_cut_at_any_byte_tells_the_beginning_of_what_was_said_and_takes_more() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Journal::open(folder.path(), Durability::Process).unwrap();
    let (journal, _) = open();
    (0..4).for_each(|number| journal.commit(accepted(number)).unwrap());
    drop(journal);
    let path = folder.path().join("journal");
    let whole = std::fs::read(&path).unwrap();
    let keys = |book: &Book| -> Vec<String> { book.jobs().map(|kept| kept.accepted.key.clone()).collect() };
    let mut most = 0;
    for cut in 0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (journal, book) = open();
        let found = keys(&book);
        let beginning: Vec<String> = (0..found.len()).map(|number| format!("job-{number}")).collect();
        assert_eq!(found, beginning, "cut at {cut}");
        assert!(found.len() >= most, "more bytes tell no less: cut at {cut}");
        most = found.len();
        journal.commit(accepted(9)).unwrap();
        drop(journal);
        assert_eq!(keys(&open().1), [beginning, vec!["job-9".to_owned()]].concat(), "cut at {cut}");
    }
    assert_eq!(most, 4);
}

#[test]
fn the_remedy_fits_what_is_wrong_with_the_journal() {
    let told = |cause: file::BadJournal| cause.in_folder(Path::new("state")).to_string();
    let full = told(io::Error::from(io::ErrorKind::StorageFull).into());
    assert!(full.contains("free space") && !full.contains("move it away"), "{full}");
    let newer = told(::journal::frame::ReplayError::Foreign.into());
    assert!(newer.contains("start the version") && newer.contains("state/journal"), "{newer}");
    let damaged = told(::journal::frame::ReplayError::Damaged { at: 60, missing: 2 }.into());
    assert!(damaged.contains("move it away") && !damaged.contains("version"), "{damaged}");
}
