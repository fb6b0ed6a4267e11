//! What is said in a journal: jobs that were accepted, tasks that were published or settled, jobs that ended.

use crate::bytes::{Malformed, Put, Take};

/// One statement. What only the server understands (requests, receipts, reports) is bytes here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A job was taken. Said before the client is answered.
    Accepted(Accepted),
    /// A client submitted the job once more.
    Raised {
        /// The job.
        key: String,
        /// The client's count of submissions.
        epoch: u64,
    },
    /// A task has a result. Said before the result gets its name.
    Published {
        /// The job.
        key: String,
        /// The task's index.
        task: u32,
        /// The result.
        result: Output,
    },
    /// A task ended, with or without a result; `line` is what the records say of it. May be said late.
    Settled {
        /// The job.
        key: String,
        /// The task's index.
        task: u32,
        /// What the records say of it.
        line: Vec<u8>,
    },
    /// A job ended. Said when its results and records are where they belong.
    Ended {
        /// The job.
        key: String,
        /// The report; empty if the job goes on elsewhere and is to be forgotten here.
        report: Vec<u8>,
    },
}

/// A job that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Unique for ever.
    pub key: String,
    /// The client's count of submissions of this job.
    pub epoch: u64,
    /// Microseconds since 1970 by the server's clock.
    pub at_us: u64,
    /// The request.
    pub request: Vec<u8>,
    /// What the client was answered.
    pub receipt: Vec<u8>,
    /// Names of the images, in the order of the tasks: what is resumed is the job as it was accepted.
    pub names: Vec<String>,
}

/// A result that is about to get its name, or has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its length and checksum.
    pub print: Fingerprint,
    /// The temporary file that holds it until then, relative to the folder of results. Empty if the node gave the result
    /// its final name itself.
    pub temporary: String,
}

/// What tells a file's bytes from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Length in bytes.
    pub length: u64,
    /// CRC-32 of the bytes, where it is known.
    pub checksum: Option<u32>,
}

impl Fingerprint {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Fingerprint {
        Fingerprint { length: bytes.len() as u64, checksum: Some(crc32fast::hash(bytes)) }
    }

    /// Whether a file with the fingerprint `found` can be the one that this one was taken of.
    pub fn fits(&self, found: &Fingerprint) -> bool {
        let same = |wanted: u32| found.checksum.is_none_or(|found| found == wanted);
        self.length == found.length && self.checksum.is_none_or(same)
    }
}

impl Entry {
    /// The job that it speaks of.
    pub fn key(&self) -> &str {
        match self {
            Entry::Accepted(accepted) => &accepted.key,
            Entry::Raised { key, .. }
            | Entry::Published { key, .. }
            | Entry::Settled { key, .. }
            | Entry::Ended { key, .. } => key,
        }
    }

    /// Writes the entry behind what is there.
    pub fn put(&self, put: &mut Put) {
        match self {
            Entry::Accepted(accepted) => {
                put.byte(1);
                put.text(&accepted.key);
                put.number(accepted.epoch);
                put.number(accepted.at_us);
                put.bytes(&accepted.request);
                put.bytes(&accepted.receipt);
                put.number(accepted.names.len() as u64);
                accepted.names.iter().for_each(|name| put.text(name));
            }
            Entry::Raised { key, epoch } => {
                put.byte(2);
                put.text(key);
                put.number(*epoch);
            }
            Entry::Published { key, task, result } => {
                put.byte(3);
                put.text(key);
                put.number(u64::from(*task));
                put.number(result.print.length);
                // No checksum is one more than every checksum.
                put.number(result.print.checksum.map_or(1 << 32, u64::from));
                put.text(&result.temporary);
            }
            Entry::Settled { key, task, line } => {
                put.byte(4);
                put.text(key);
                put.number(u64::from(*task));
                put.bytes(line);
            }
            Entry::Ended { key, report } => {
                put.byte(5);
                put.text(key);
                put.bytes(report);
            }
        }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// If the bytes hold none.
    pub fn take(take: &mut Take<'_>) -> Result<Entry, Malformed> {
        let kind = take.byte()?;
        let key = take.text()?;
        Ok(match kind {
            1 => {
                let mut accepted = Accepted {
                    key,
                    epoch: take.number()?,
                    at_us: take.number()?,
                    request: take.bytes()?.to_vec(),
                    receipt: take.bytes()?.to_vec(),
                    names: Vec::new(),
                };
                for _ in 0..take.number()? {
                    accepted.names.push(take.text()?);
                }
                Entry::Accepted(accepted)
            }
            2 => Entry::Raised { key, epoch: take.number()? },
            3 => {
                let task = index(take)?;
                let print =
                    Fingerprint { length: take.number()?, checksum: u32::try_from(take.number()?).ok() };
                Entry::Published { key, task, result: Output { print, temporary: take.text()? } }
            }
            4 => Entry::Settled { key, task: index(take)?, line: take.bytes()?.to_vec() },
            5 => Entry::Ended { key, report: take.bytes()?.to_vec() },
            _ => return Err(Malformed("an entry's kind that this version knows")),
        })
    }

    /// All entries of a frame's payload.
    ///
    /// # Errors
    /// If the payload holds anything else.
    pub fn all(payload: &[u8]) -> Result<Vec<Entry>, Malformed> {
        let mut take = Take(payload);
        let mut entries = Vec::new();
        while !take.is_empty() {
            entries.push(Entry::take(&mut take)?);
        }
        Ok(entries)
    }
}

fn index(take: &mut Take<'_>) -> Result<u32, Malformed> {
    u32::try_from(take.number()?).map_err(|_| Malformed("a task's index"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_entry() -> impl Strategy<Value = Entry> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        let accepted =
            (".*", any::<u64>(), any::<u64>(), bytes(), bytes(), proptest::collection::vec(".*", 0..4));
        prop_oneof![
            accepted.prop_map(|(key, epoch, at_us, request, receipt, names)| {
                Entry::Accepted(Accepted { key, epoch, at_us, request, receipt, names })
            }),
            (".*", any::<u64>()).prop_map(|(key, epoch)| Entry::Raised { key, epoch }),
            (".*", any::<u32>(), any::<u64>(), any::<Option<u32>>(), ".*").prop_map(
                |(key, task, length, checksum, temporary)| {
                    let print = Fingerprint { length, checksum };
                    Entry::Published { key, task, result: Output { print, temporary } }
                }
            ),
            (".*", any::<u32>(), bytes()).prop_map(|(key, task, line)| Entry::Settled { key, task, line }),
            (".*", bytes()).prop_map(|(key, report)| Entry::Ended { key, report }),
        ]
    }

    proptest! {
        #[test]
        fn entries_survive_the_round_trip(entries in proptest::collection::vec(any_entry(), 0..6)) {
            let mut put = Put::default();
            entries.iter().for_each(|entry| entry.put(&mut put));
            prop_assert_eq!(Entry::all(&put.0).unwrap(), entries);
        }

        #[test]
        fn any_bytes_are_borne(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Entry::all(&bytes);
        }
    }

    #[test]
    fn a_claimed_number_of_names_reserves_nothing() {
        let mut put = Put::default();
        put.byte(1);
        put.text("key");
        put.number(1);
        put.number(2);
        put.bytes(b"");
        put.bytes(b"");
        put.number(u64::MAX);
        assert_eq!(Entry::all(&put.0), Err(Malformed("a length")));
    }

    #[test]
    fn a_checksum_that_is_not_known_fits_any() {
        let bytes = Fingerprint::of(b"pixels");
        assert!(bytes.fits(&Fingerprint { checksum: None, ..bytes }));
        assert!(Fingerprint { checksum: None, ..bytes }.fits(&bytes));
        assert!(!bytes.fits(&Fingerprint::of(b"pixelz")));
        assert!(!bytes.fits(&Fingerprint { length: 7, ..bytes }));
    }
}
