//! A disk that remembers in which order it was written and flushed: one file in a file system of our own, under a loop
//! device. What a power cut would leave at any moment can be made of the log afterwards.
//!
//! The file system speaks the kernel's FUSE protocol (`linux/fuse.h`), as much of it as one file needs.

use rustix::mount::{MountFlags, mount};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

/// One thing that was asked of the disk.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// These bytes at this place.
    Write(usize, Vec<u8>),
    /// Everything before has to survive from now on.
    Flush,
}

/// What was asked of a disk, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Record>>>);

impl Log {
    /// How much has been asked so far.
    pub(crate) fn length(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, record: Record) {
        self.0.lock().unwrap().push(record);
    }
}

/// Name of the disk's file in the folder that it is mounted at.
pub(crate) const DISK: &str = "disk";

/// Mounts a disk with these bytes in `folder`. It serves until it is unmounted.
pub(crate) fn serve(bytes: Vec<u8>, folder: &Path) -> io::Result<Log> {
    let device = OpenOptions::new().read(true).write(true).open("/dev/fuse")?;
    let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
    let options = std::ffi::CString::new(options)?;
    mount("ballast-disk", folder, "fuse", MountFlags::empty(), options.as_c_str())?;
    let log = Log::default();
    let mut disk = Disk { bytes, log: log.clone(), device };
    thread::spawn(move || while disk.answer_one().is_ok() {});
    Ok(log)
}

struct Disk {
    bytes: Vec<u8>,
    log: Log,
    device: File,
}

const ROOT: u64 = 1;
const FILE: u64 = 2;
/// Bytes of a request's head.
const HEAD: usize = 40;
/// Bytes of a write's own head.
const WRITE_HEAD: usize = 40;
const LARGEST_WRITE: u32 = 128 << 10;

const ENOENT: i32 = 2;
const ENOSYS: i32 = 38;
const EOPNOTSUPP: i32 = 95;
const PUNCH_HOLE: u64 = 2;
const ZERO_RANGE: u64 = 16;

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Little-endian words of 4 and 8 bytes in a row.
#[derive(Default)]
struct Reply(Vec<u8>);

impl Reply {
    fn words(mut self, words: &[u32]) -> Reply {
        words.iter().for_each(|word| self.0.extend(word.to_le_bytes()));
        self
    }

    fn longs(mut self, longs: &[u64]) -> Reply {
        longs.iter().for_each(|long| self.0.extend(long.to_le_bytes()));
        self
    }
}

impl Disk {
    /// Answers the next request; an error when the disk is unmounted.
    fn answer_one(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; LARGEST_WRITE as usize + 4096];
        let length = match self.device.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            // A request that was taken back.
            Err(error) if error.raw_os_error() == Some(ENOENT) => return Ok(()),
            read => read?,
        };
        let request = &buffer[..length];
        let Some(answer) = self.answer(word(request, 4), long(request, 16), &request[HEAD..]) else {
            return Ok(());
        };
        let (error, body) = match answer {
            Ok(Reply(body)) => (0, body),
            Err(error) => (-error, Vec::new()),
        };
        let mut reply = Reply::default().words(&[16 + body.len() as u32, error as u32]).0;
        reply.extend(&request[8..16]);
        reply.extend(body);
        self.device.write_all(&reply)
    }

    /// Nothing for requests that want no answer.
    fn answer(&mut self, operation: u64, node: u64, body: &[u8]) -> Option<Result<Reply, i32>> {
        let empty = Ok(Reply::default());
        Some(match operation {
            // LOOKUP
            1 if body.strip_suffix(b"\0") == Some(DISK.as_bytes()) => {
                Ok(self.attributes(Reply::default().longs(&[FILE, 0, 3600, 3600]).words(&[0, 0]), FILE))
            }
            1 => Err(ENOENT),
            // FORGET, INTERRUPT, BATCH_FORGET
            2 | 36 | 42 => return None,
            // GETATTR, SETATTR
            3 | 4 => Ok(self.attributes(Reply::default().longs(&[3600]).words(&[0, 0]), node)),
            // OPEN
            14 | 27 => Ok(Reply::default().longs(&[0]).words(&[0, 0])),
            // READ
            15 => {
                let from = (long(body, 8) as usize).min(self.bytes.len());
                let to = (from + word(body, 16) as usize).min(self.bytes.len());
                Ok(Reply(self.bytes[from..to].to_vec()))
            }
            // WRITE
            16 => {
                let (at, length) = (long(body, 8) as usize, word(body, 16) as usize);
                self.write(at, body[WRITE_HEAD..WRITE_HEAD + length].to_vec());
                Ok(Reply::default().words(&[length as u32, 0]))
            }
            // STATFS
            17 => Ok(Reply::default().longs(&[0; 5]).words(&[4096, 255, 4096, 0]).words(&[0; 6])),
            // FSYNC
            20 => {
                self.log.add(Record::Flush);
                empty
            }
            // RELEASE, FLUSH, RELEASEDIR, ACCESS
            18 | 25 | 29 | 34 => empty,
            // INIT: version 7.31, writes of more than one page
            26 => Ok(Reply::default()
                .words(&[7, 31, LARGEST_WRITE, 1 << 5, 0, LARGEST_WRITE, 1])
                .words(&[0; 9])),
            // FALLOCATE: what is discarded is zeros
            43 if word(body, 24) & (PUNCH_HOLE | ZERO_RANGE) != 0 => {
                self.write(long(body, 8) as usize, vec![0; long(body, 16) as usize]);
                empty
            }
            43 => Err(EOPNOTSUPP),
            _ => Err(ENOSYS),
        })
    }

    fn write(&mut self, at: usize, bytes: Vec<u8>) {
        self.bytes[at..at + bytes.len()].copy_from_slice(&bytes);
        self.log.add(Record::Write(at, bytes));
    }

    fn attributes(&self, reply: Reply, node: u64) -> Reply {
        let (mode, size) = if node == ROOT { (0o040_755, 0) } else { (0o100_600, self.bytes.len() as u64) };
        reply.longs(&[node, size, size / 512, 0, 0, 0]).words(&[0, 0, 0, mode, 1, 0, 0, 0, 4096, 0])
    }
}
