//! Faults of the journal's disk that a test asks for, at a counted write or flush. Only test builds have them.
//!
//! `BALLAST_TEST_JOURNAL_FAULT=KIND@N` or `full@N+K`, which is full for K writes: at the N-th write the process ends `before` it, in the middle of it (`torn`) or
//! `behind` it, or the disk is `full` and takes half of it; at the N-th flush (`flush`) it is not certain what the disk
//! holds. A fault that the process survives leaves its kind in the file `fault` beside the journal.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
#[cfg(debug_assertions)]
use std::path::PathBuf;

/// What is to happen, and how many writes or flushes before that.
#[derive(Debug)]
pub(super) struct Fault {
    #[cfg(debug_assertions)]
    planned: Option<Planned>,
}

#[cfg(debug_assertions)]
#[derive(Debug)]
struct Planned {
    kind: String,
    left: u64,
    /// Times that it happens.
    times: u64,
    told_in: PathBuf,
}

#[cfg(not(debug_assertions))]
impl Fault {
    pub(super) fn asked_for(_: &Path) -> Fault {
        Fault {}
    }

    #[expect(clippy::unused_self, reason = "the twin in test builds counts")]
    pub(super) fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    #[expect(clippy::unused_self, reason = "the twin in test builds counts")]
    pub(super) fn flush(&mut self, flush: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        flush()
    }
}

#[cfg(debug_assertions)]
impl Fault {
    /// What the environment asks for.
    pub(super) fn asked_for(folder: &Path) -> Fault {
        let asked = std::env::var("BALLAST_TEST_JOURNAL_FAULT").ok();
        let planned = asked.and_then(|asked| {
            let (kind, left) = asked.split_once('@')?;
            let told_in = folder.join("fault");
            let (left, times) = left.split_once('+').unwrap_or((left, "1"));
            let (left, times) = (left.parse().ok()?, times.parse().ok()?);
            Some(Planned { kind: kind.to_owned(), left, times, told_in })
        });
        Fault { planned }
    }

    /// The kind of fault that happens now, if one does.
    fn now(&mut self, is_flush: bool) -> Option<&Planned> {
        let planned = self.planned.as_mut().filter(|planned| (planned.kind == "flush") == is_flush)?;
        planned.left = planned.left.saturating_sub(1);
        if planned.left > 0 || planned.times == 0 {
            return None;
        }
        planned.times -= 1;
        Some(planned)
    }

    pub(super) fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let Some(planned) = self.now(false) else { return file.write_all(bytes) };
        let length = match planned.kind.as_str() {
            "before" => 0,
            "behind" => bytes.len(),
            _ => bytes.len() / 2,
        };
        file.write_all(&bytes[..length])?;
        if planned.kind == "full" {
            std::fs::write(&planned.told_in, &planned.kind)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        std::process::abort();
    }

    pub(super) fn flush(&mut self, flush: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let Some(planned) = self.now(true) else { return flush() };
        std::fs::write(&planned.told_in, &planned.kind)?;
        Err(io::Error::other("the disk does not say what it holds"))
    }
}
