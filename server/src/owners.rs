//! Who owns a folder of results: everybody who took it has a file of its own, and the highest number counts.
//!
//! `output_dir/.ballast/owner-<number>-<incarnation>`. One file for all would have to be looked at before it is removed,
//! and be somebody else's by then. A name that is never used again can be removed without a look: who gives a folder back
//! takes it from nobody.

use crate::folder::{OUTPUT, TEMPORARY};
use journal::publication::{Owner, Seen};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How the names of owners' files begin.
const OWNER: &str = "owner";
/// How the names of files begin that become owners' files.
const TAKING: &str = "taking";
/// How often and how long apart somebody asks for its turn at a folder.
const ASKS_FOR_TURN: u32 = 100;
const BETWEEN_ASKS: Duration = Duration::from_millis(20);
/// Looks at a folder whose files change meanwhile.
const MOST_LOOKS: usize = 10;

/// The owners' files of one folder of results.
#[derive(Debug)]
pub(crate) struct Owners {
    workshop: PathBuf,
}

/// An owner's file by its name; a later taker's is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    number: u64,
    incarnation: u64,
}

impl Place {
    /// The place that a file's name tells. The bare name is of an earlier version.
    fn of(name: &str) -> Option<Place> {
        if name == OWNER {
            return Some(Place { number: 0, incarnation: 0 });
        }
        let (number, incarnation) = name.strip_prefix(OWNER)?.strip_prefix('-')?.split_once('-')?;
        let incarnation = u64::from_str_radix(incarnation, 16).ok()?;
        Some(Place { number: number.parse().ok()?, incarnation })
    }

    fn name(self) -> String {
        let Place { number, incarnation } = self;
        if number == 0 { OWNER.to_owned() } else { format!("{OWNER}-{number}-{incarnation:016x}") }
    }
}

impl Owners {
    /// The owners below the data folder `base`.
    pub(crate) fn of(base: &Path) -> Owners {
        Owners { workshop: base.join(OUTPUT).join(TEMPORARY) }
    }

    fn path(&self, place: Place) -> PathBuf {
        self.workshop.join(place.name())
    }

    /// All of them, the one that counts last.
    fn places(&self) -> io::Result<Vec<Place>> {
        let entries = match fs::read_dir(&self.workshop) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(cause),
        };
        let mut places = Vec::new();
        for entry in entries {
            places.extend(entry?.file_name().to_str().and_then(Place::of));
        }
        places.sort_unstable();
        Ok(places)
    }

    fn read(&self, place: Place) -> io::Result<Option<Seen>> {
        let bytes = fs::read(self.path(place))?;
        Ok(std::str::from_utf8(&bytes).ok().and_then(Seen::from_text))
    }

    /// The owner, if there is one.
    ///
    /// # Errors
    /// If that cannot be told.
    pub(crate) fn highest(&self) -> io::Result<Option<Seen>> {
        for _ in 0..MOST_LOOKS {
            let Some(highest) = self.places()?.pop() else { return Ok(None) };
            match self.read(highest) {
                // It was given back between the two looks.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                read => return read,
            }
        }
        Ok(None)
    }

    /// An owner of another job whose server lives on this machine.
    ///
    /// # Errors
    /// If that cannot be told.
    pub(crate) fn living_other(&self, owner: &Owner) -> io::Result<Option<Seen>> {
        for place in self.places()? {
            let seen = match self.read(place) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
                read => read?,
            };
            let other = seen.filter(|seen| {
                seen.incarnation != owner.incarnation && seen.key != owner.key.escape_default().to_string()
            });
            if other.is_some() && is_locked(&self.path(place))? {
                return Ok(other);
            }
        }
        Ok(None)
    }

    /// Writes `owner` down above all others. Answers its file, locked: whoever comes sees whether its server lives.
    ///
    /// # Errors
    /// If it cannot be written; nothing is left then.
    pub(crate) fn take(&self, owner: &Owner, durable: bool) -> io::Result<File> {
        let next = self.workshop.join(format!("{TAKING}-{:016x}", owner.incarnation));
        // One of our own that could not be finished.
        gone_is_fine(fs::remove_file(&next))?;
        let taken = self.write_down(&next, owner, durable);
        if taken.is_err() {
            // Nobody else uses this name, and the folder goes only if it is empty. The first error is the one to tell.
            let _ = fs::remove_file(&next);
            let _ = fs::remove_dir(&self.workshop);
        }
        taken
    }

    fn write_down(&self, next: &Path, owner: &Owner, durable: bool) -> io::Result<File> {
        let mut file = open_new(next)?;
        // Where locks are not known, nobody can tell whether we live, and nothing else depends on it.
        let _ = file.try_lock();
        file.write_all(owner.to_text().as_bytes())?;
        if durable {
            file.sync_all()?;
        }
        let before = self.places()?;
        let number = new_number(before.last().map_or(0, |highest| highest.number));
        fs::rename(next, self.path(Place { number, incarnation: owner.incarnation }))?;
        for earlier in before.into_iter().filter(|place| place.incarnation == owner.incarnation) {
            gone_is_fine(fs::remove_file(self.path(earlier)))?;
        }
        if durable {
            // A power cut may else bring back the owner's file of a submission that was given back before this one.
            File::open(&self.workshop)?.sync_all()?;
        }
        Ok(file)
    }

    /// Removes the files of `owner`'s process for this job, and nobody else's.
    pub(crate) fn withdraw(&self, owner: &Owner) {
        let is_its = |place: &Place| {
            self.read(*place).is_ok_and(|seen| seen.is_some_and(|seen| owner.is_behind(&seen)))
        };
        for place in self.places().unwrap_or_default().into_iter().filter(is_its) {
            let _ = fs::remove_file(self.path(place));
        }
    }

    /// Whether a file of the folder of temporary files is to be left where it is by `owner`, which clears it: it is no
    /// temporary one, or of somebody who takes the folder just now.
    ///
    /// # Errors
    /// If that cannot be told.
    pub(crate) fn keeps(&self, name: &str, owner: &Owner) -> io::Result<bool> {
        if let Some(place) = Place::of(name) {
            let own = self.places()?.into_iter().rfind(|place| place.incarnation == owner.incarnation);
            // What is above is of who has taken the folder since.
            return Ok(own.is_none_or(|own| place >= own));
        }
        Ok(name.starts_with(TAKING) && is_locked(&self.workshop.join(name))?)
    }
}

/// The turn of whoever changes the owner of a folder of results, among all servers of this machine: of two that come at the
/// same moment the second one sees the first. Nothing else depends on it, so nobody waits long for one that hangs.
#[derive(Debug)]
pub(crate) struct Turn {
    _folder: Option<File>,
}

impl Turn {
    /// Waits for the turn at the data folder `base`, for two seconds at most.
    pub(crate) fn at(base: &Path) -> Turn {
        let output = base.join(OUTPUT);
        // If it cannot be made or opened, what follows says why.
        let _ = fs::create_dir(&output);
        let Ok(folder) = File::open(output) else { return Turn { _folder: None } };
        for _ in 0..ASKS_FOR_TURN {
            match folder.try_lock() {
                Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_ASKS),
                Ok(()) | Err(TryLockError::Error(_)) => break,
            }
        }
        Turn { _folder: Some(folder) }
    }
}

/// A number above `highest` that this process has not used before: a name that comes again could be removed by whoever
/// saw it the first time.
fn new_number(highest: u64) -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let next = |last: u64| Some(last.max(highest) + 1);
    // The value before, of which the function makes the next one; it never refuses.
    let last = LAST.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).unwrap_or_else(|last| last);
    last.max(highest) + 1
}

/// Whether somebody holds the file locked: its server lives.
fn is_locked(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        // Where locks are not known, the order of the steps guards the results.
        Ok(file) => Ok(matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

/// A removal after which the file is not there is one, whoever removed it.
pub(crate) fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|cause| if cause.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(cause) })
}

/// A new file in a folder that the end of an earlier job may just be cleaning up.
fn open_new(path: &Path) -> io::Result<File> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for _ in 0..MOST_LOOKS {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => last = cause,
            other => return other,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(key: &str, incarnation: u64) -> Owner {
        Owner { key: key.to_owned(), epoch: 1, incarnation }
    }

    fn incarnation(owners: &Owners) -> Option<u64> {
        owners.highest().unwrap().map(|seen| seen.incarnation)
    }

    #[test]
    fn names_tell_their_places_and_others_tell_none() {
        let place = Place { number: 12, incarnation: 0xBEEF };
        assert_eq!(place.name(), "owner-12-000000000000beef");
        assert_eq!(Place::of(&place.name()), Some(place));
        assert!(Place::of("owner") < Some(place));
        assert!(Place { number: 9, incarnation: 7 } < place, "by number, not by letters");
        for name in ["owners", "owner-", "owner-1", "owner-x-1", "taking-1", "job"] {
            assert_eq!(Place::of(name), None, "{name}");
        }
    }

    #[test]
    fn who_gives_a_folder_back_takes_it_from_nobody() {
        let base = tempfile::tempdir().unwrap();
        let owners = Owners::of(base.path());
        let (first, second) = (owner("a", 1), owner("b", 2));
        let _held = owners.take(&first, false).unwrap();
        let _held_too = owners.take(&second, false).unwrap();
        assert_eq!(incarnation(&owners), Some(2));
        // The first one saw long ago that the folder was its own.
        owners.withdraw(&first);
        assert_eq!(incarnation(&owners), Some(2));
        owners.withdraw(&second);
        assert_eq!(incarnation(&owners), None);
    }

    #[test]
    fn who_took_a_folder_and_gives_it_back_at_once_has_deposed_nobody() {
        let base = tempfile::tempdir().unwrap();
        let owners = Owners::of(base.path());
        let (first, second) = (owner("a", 2), owner("a", 1));
        let _held = owners.take(&first, false).unwrap();
        let _held_too = owners.take(&second, false).unwrap();
        owners.withdraw(&second);
        assert_eq!(incarnation(&owners), Some(2));
    }

    #[test]
    fn one_that_takes_a_folder_again_has_one_file() {
        let base = tempfile::tempdir().unwrap();
        let owners = Owners::of(base.path());
        for _ in 0..3 {
            let _held = owners.take(&owner("a", 1), false).unwrap();
        }
        let [Place { number, incarnation: 1 }] = owners.places().unwrap()[..] else { panic!() };
        owners.withdraw(&owner("a", 1));
        let _held = owners.take(&owner("a", 1), false).unwrap();
        assert!(owners.places().unwrap()[0].number > number, "no name comes again");
    }

    #[test]
    fn only_files_below_are_cleared_and_no_living_takers() {
        let base = tempfile::tempdir().unwrap();
        let owners = Owners::of(base.path());
        let _first = owners.take(&owner("a", 3), false).unwrap();
        let _second = owners.take(&owner("b", 2), false).unwrap();
        let _third = owners.take(&owner("c", 1), false).unwrap();
        let keeps = |name: &str| owners.keeps(name, &owner("b", 2)).unwrap();
        let [first, second, third] = owners.places().unwrap()[..] else { panic!() };
        assert!(!keeps(&first.name()) && !keeps("owner"));
        assert!(keeps(&second.name()) && keeps(&third.name()));
        let taking = open_new(&base.path().join("output_dir/.ballast/taking-7")).unwrap();
        assert!(!keeps("taking-7"), "nobody is at it");
        taking.try_lock().unwrap();
        assert!(keeps("taking-7"));
    }

    #[test]
    fn one_turn_at_a_time() {
        let base = tempfile::tempdir().unwrap();
        let turn = Turn::at(base.path());
        let folder = File::open(base.path().join(OUTPUT)).unwrap();
        assert!(folder.try_lock().is_err());
        drop(turn);
        folder.try_lock().unwrap();
    }
}
