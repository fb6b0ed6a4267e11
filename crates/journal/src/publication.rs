//! How a result gets its name exactly once, whatever else is alive.
//!
//! Results lie on a shelf: a folder in which nodes put temporary files and servers rename them. Locks do not fence a
//! server that hangs and wakes up again, so nothing here depends on one. A shelf has an **owner**: everybody who took it has
//! a small file of a name of its own, and the latest one counts. Who takes a shelf over first writes itself down as owner and
//! then removes the files of everybody before. Who gives it back removes its own file, which needs no look. Who
//! publishes has the whole temporary file first, then sees that it is still the owner, then renames. If it was deposed
//! in between, its temporary file is gone, and the rename fails. The order of the steps is the whole fence, and each swap
//! of two of them is a planted bug in the simulated histories.

use crate::entry::Output;
use std::collections::{BTreeMap, BTreeSet};

/// Who may publish on a shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The job.
    pub key: String,
    /// The client's count of submissions of the job.
    pub epoch: u64,
    /// The server process.
    pub incarnation: u64,
}

impl Owner {
    /// The owner's file.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{:016x}\n", self.epoch, self.key.escape_default(), self.incarnation)
    }

    /// Whether `text` is this owner's file, in this epoch or an earlier one of its own.
    pub fn is_behind(&self, seen: &Seen) -> bool {
        seen.incarnation == self.incarnation && seen.key == self.key.escape_default().to_string()
    }
}

/// What an owner's file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The job's key, escaped.
    pub key: String,
    /// The client's count of submissions of the job.
    pub epoch: u64,
    /// The server process.
    pub incarnation: u64,
}

impl Seen {
    /// Reads an owner's file; a torn or foreign one has no owner.
    pub fn from_text(text: &str) -> Option<Seen> {
        let mut lines = text.lines();
        let epoch = lines.next()?.parse().ok()?;
        let key = lines.next()?.to_owned();
        let incarnation = u64::from_str_radix(lines.next()?, 16).ok()?;
        (text.ends_with('\n') && lines.next().is_none()).then_some(Seen { key, epoch, incarnation })
    }
}

/// A folder of results.
pub trait Shelf {
    /// What goes wrong with it.
    type Error;

    /// Who owns it.
    ///
    /// # Errors
    /// If that cannot be read.
    fn owner(&self) -> Result<Option<Seen>, Self::Error>;

    /// Writes the owner down, in one step, above all who were written down before.
    ///
    /// # Errors
    /// If it cannot be written.
    fn set_owner(&self, owner: &Owner) -> Result<(), Self::Error>;

    /// Takes back what [`Shelf::set_owner`] wrote for this owner's process, whoever owns the shelf by now.
    fn withdraw(&self, owner: &Owner);

    /// Removes every temporary file but those of this owner's process for this job, and the owners' files before its own.
    ///
    /// # Errors
    /// If one may still be there.
    fn remove_temporaries_of_others(&self, owner: &Owner) -> Result<(), Self::Error>;

    /// Gives a temporary file its final name, in one step, in the place of whatever had it.
    ///
    /// # Errors
    /// If the temporary file is gone, or the name cannot be written.
    fn rename(&self, temporary: &str, name: &str) -> Result<(), Self::Error>;

    /// Whether the temporary file holds the output's bytes.
    ///
    /// # Errors
    /// If it cannot be read; one that is not there holds nothing.
    fn temporary_holds(&self, output: &Output) -> Result<bool, Self::Error>;

    /// Whether the file of that final name holds the output's bytes.
    ///
    /// # Errors
    /// If it cannot be read; one that is not there holds nothing.
    fn holds(&self, name: &str, output: &Output) -> Result<bool, Self::Error>;
}

/// Why nothing was published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPublished<S, J> {
    /// Somebody else owns the shelf now.
    #[error("another submission or another job has taken the folder of results over")]
    Deposed,
    /// The shelf failed.
    #[error("{0}")]
    Shelf(S),
    /// The journal failed.
    #[error("{0}")]
    Journal(J),
}

/// Takes the shelf for `owner`. Answers the tasks of `committed` whose results lie there under their final names.
///
/// A result that was committed and not yet renamed is renamed now. One that is gone is no error: its task is open again.
///
/// `has_moved` tells whether another server has taken a later submission of the job. It is asked when the owner is
/// written down: who took the job before that is seen now, and who takes it later deposes this owner. Asked earlier, a
/// process that hangs meanwhile would publish into a folder that others have used and left.
///
/// # Errors
/// [`NotPublished::Deposed`] if a later submission of the same job owns the shelf, or did. The shelf may be `owner`'s
/// all the same: it is to be given back.
pub fn take_over<S: Shelf, J>(
    shelf: &S,
    owner: &Owner,
    committed: &BTreeMap<u32, Output>,
    name_of: impl Fn(u32) -> Option<String>,
    has_moved: impl FnOnce() -> bool,
) -> Result<BTreeSet<u32>, NotPublished<S::Error, J>> {
    let seen = shelf.owner().map_err(NotPublished::Shelf)?;
    let is_later =
        |seen: Seen| seen.epoch > owner.epoch && owner.key.escape_default().to_string() == seen.key;
    if seen.is_some_and(is_later) {
        return Err(NotPublished::Deposed);
    }
    shelf.set_owner(owner).map_err(NotPublished::Shelf)?;
    if has_moved() {
        return Err(NotPublished::Deposed);
    }
    let mut done = BTreeSet::new();
    for (&task, output) in committed {
        let Some(name) = name_of(task) else { continue };
        let there = shelf.holds(&name, output).map_err(NotPublished::Shelf)?;
        if there || publish_committed(shelf, owner, output, &name)? {
            done.insert(task);
        }
    }
    // Who was deposed meanwhile would take from the new owner what it is about to publish.
    if !owns(shelf, owner)? {
        return Err(NotPublished::Deposed);
    }
    shelf.remove_temporaries_of_others(owner).map_err(NotPublished::Shelf)?;
    Ok(done)
}

/// Gives a result of the journal its name, if its temporary file is still there. The same order as in [`publish`]: the
/// file is whole, the shelf is the owner's, the file gets its name.
fn publish_committed<S: Shelf, J>(
    shelf: &S,
    owner: &Owner,
    output: &Output,
    name: &str,
) -> Result<bool, NotPublished<S::Error, J>> {
    if output.temporary.is_empty() || !shelf.temporary_holds(output).map_err(NotPublished::Shelf)? {
        return Ok(false);
    }
    if !owns(shelf, owner)? {
        return Err(NotPublished::Deposed);
    }
    Ok(shelf.rename(&output.temporary, name).is_ok())
}

fn owns<S: Shelf, J>(shelf: &S, owner: &Owner) -> Result<bool, NotPublished<S::Error, J>> {
    let seen = shelf.owner().map_err(NotPublished::Shelf)?;
    Ok(seen.is_some_and(|seen| owner.is_behind(&seen)))
}

/// Publishes a result whose temporary file is whole and safe: sees that the shelf is still the owner's, has `commit`
/// write it into the journal, and gives it its name.
///
/// # Errors
/// If the shelf is another's, or something failed. The result has no name then, and the task is open.
pub fn publish<S: Shelf, J>(
    shelf: &S,
    owner: &Owner,
    output: &Output,
    name: &str,
    commit: impl FnOnce() -> Result<(), J>,
) -> Result<(), NotPublished<S::Error, J>> {
    if !owns(shelf, owner)? {
        return Err(NotPublished::Deposed);
    }
    commit().map_err(NotPublished::Journal)?;
    shelf.rename(&output.temporary, name).map_err(NotPublished::Shelf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owners_file_is_read_back_or_is_nobodys() {
        let owner = Owner { key: "a\nb ü".into(), epoch: 3, incarnation: 0xBEEF };
        let text = owner.to_text();
        let seen = Seen::from_text(&text).unwrap();
        assert!(owner.is_behind(&seen));
        assert_eq!((seen.epoch, seen.incarnation), (3, 0xBEEF));
        for cut in 0..text.len() {
            assert_eq!(Seen::from_text(&text[..cut]), None, "{:?}", &text[..cut]);
        }
        let other = Owner { incarnation: 1, ..owner.clone() };
        assert!(!other.is_behind(&seen) && Owner { epoch: 9, ..owner }.is_behind(&seen));
    }
}
