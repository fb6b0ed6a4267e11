//! A table on a disk that is full, and in a file that is torn.

use super::*;
use crate::Text;
use crate::rows::{TaskOutcome, TaskRow};
use std::cell::RefCell;
use std::rc::Rc;

/// A disk with room for so many bytes.
#[derive(Clone, Default)]
struct Disk(Rc<RefCell<(Vec<u8>, usize)>>);

impl Disk {
    fn with_room(bytes: usize) -> Disk {
        let disk = Disk::default();
        disk.0.borrow_mut().1 = bytes;
        disk
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().0.clone()).unwrap()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (content, room) = &mut *self.0.borrow_mut();
        let count = bytes.len().min(*room - content.len());
        if count == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        content.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Disk {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.borrow_mut().0.truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn row(task: u64) -> TaskRow {
    TaskRow {
        run: Text::from("run"),
        job_key: Text::from("job"),
        task,
        image: Text::from(format!("a \"quoted\"\nname {task}.png")),
        outcome: TaskOutcome::Done,
        reason: Text::from(""),
        attempts: 1,
        rejections: 0,
        delays: 0,
        lost: 0,
        node: Text::from("node0"),
        submitted_us: 0,
        started_us: 1,
        ended_us: 2 + task,
        latency_us: 2 + task,
    }
}

fn whole_rows(disk: &Disk) -> Vec<TaskRow> {
    let read: Rows<TaskRow> = read(disk.text().as_bytes()).unwrap();
    assert_eq!(read.torn, 0);
    read.rows
}

#[test]
fn a_full_disk_is_told_and_leaves_whole_rows() {
    let rows: Vec<TaskRow> = (0..40).map(row).collect();
    let disk = Disk::with_room(1_500);
    let mut table = Table::begin(disk.clone(), PathBuf::from("tasks.csv")).unwrap();
    let mut flushed = 0;
    let fault = loop {
        table.write(&rows[flushed..flushed + 4]).unwrap();
        match table.flush() {
            Ok(()) => flushed += 4,
            Err(fault) => break fault,
        }
    };
    insta::assert_snapshot!(fault, @"cannot write 'tasks.csv': no storage space; free some space, or write to another folder");
    assert!(flushed > 0 && whole_rows(&disk) == rows[..flushed]);

    // Closing says so too, and space that comes free saves what waited.
    assert!(table.flush().is_err());
    disk.0.borrow_mut().1 = 1_000_000;
    table.write(&rows[flushed + 4..]).unwrap();
    table.close().unwrap();
    assert_eq!(whole_rows(&disk), rows);
}

#[test]
fn many_rows_go_out_by_themselves() {
    let disk = Disk::with_room(usize::MAX);
    let mut table = Table::begin(disk.clone(), PathBuf::from("tasks.csv")).unwrap();
    let rows: Vec<TaskRow> = (0..1_000).map(row).collect();
    while disk.text().lines().count() == 1 {
        table.write(&rows).unwrap();
    }
    assert!(disk.text().len() > MOST_PENDING && disk.text().ends_with('\n'));
}

#[cfg(target_os = "linux")]
#[test]
fn the_systems_own_full_disk() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let fault = Table::<TaskRow, File>::begin(full, PathBuf::from("/dev/full")).unwrap_err();
    insta::assert_snapshot!(fault, @"cannot write '/dev/full': No space left on device (os error 28); free some space, or write to another folder");
}

#[test]
fn a_file_torn_anywhere_gives_its_whole_rows() {
    let disk = Disk::with_room(usize::MAX);
    let mut table = Table::begin(disk.clone(), PathBuf::from("tasks.csv")).unwrap();
    let header = disk.text().len();
    let rows: Vec<TaskRow> = (0..3).map(row).collect();
    let mut ends = vec![header];
    for row in &rows {
        table.write(std::slice::from_ref(row)).unwrap();
        table.flush().unwrap();
        ends.push(disk.text().len());
    }
    let text = disk.text();
    for length in header..=text.len() {
        let read: Rows<TaskRow> = read(&text.as_bytes()[..length]).unwrap();
        let whole = ends.iter().filter(|&&end| end <= length).count() - 1;
        assert_eq!(read.rows, rows[..whole], "cut at {length}");
        assert_eq!(read.torn, usize::from(!ends.contains(&length)), "cut at {length}");
    }
}

#[test]
fn a_quote_that_nobody_closed_is_no_torn_row() {
    let disk = Disk::with_room(usize::MAX);
    let mut table = Table::begin(disk.clone(), PathBuf::from("tasks.csv")).unwrap();
    table.write(&(0..2_000).map(row).collect::<Vec<_>>()).unwrap();
    table.flush().unwrap();
    let text = disk.text().replacen("a \"\"quoted\"\"", "a \"quoted", 1);
    let fault = read::<TaskRow>(text.as_bytes()).unwrap_err();
    assert!(matches!(fault, ReadFault::Row(RowFault::Length { line: 2, .. })), "{fault:?}");
}
