//! The folder of a job's results: temporary files, their one rename, and who may do it.
//!
//! ```text
//! output_dir/<image>                                                   a whole result
//! output_dir/.ballast/owner-<number>-<incarnation>                     who may publish here: the highest one
//! output_dir/.ballast/<job>/<incarnation>/<epoch>-<incarnation>-<task>-<attempt>.tmp
//!                                                                      a result without a name
//! ```
//! Only the server makes and removes the folders. A node whose attempt outlasts its job finds none, and leaves nothing.
//! The order of the steps is `journal::publication`'s; here are the files.

use crate::folder::{Folder, OUTPUT, TEMPORARY};
use crate::owners::{Owners, Turn, gone_is_fine};
use cluster::encode_component;
use journal::entry::{Fingerprint, Output};
use journal::publication::{Owner, Seen, Shelf};
use rustix::fs::{CWD, IFlags, RenameFlags, ioctl_getflags, ioctl_setflags, renameat_with};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Component, Path, PathBuf};

/// The shelf of a folder's results.
#[derive(Debug)]
pub(crate) struct FolderShelf<'folder> {
    folder: &'folder Folder,
    durable: bool,
    /// The owner's file, locked: whoever comes sees whether its server lives.
    held: RefCell<Option<File>>,
}

impl<'folder> FolderShelf<'folder> {
    /// `durable` shelves survive power cuts.
    pub(crate) fn new(folder: &'folder Folder, durable: bool) -> FolderShelf<'folder> {
        FolderShelf { folder, durable, held: RefCell::default() }
    }

    fn output(&self) -> PathBuf {
        self.folder.base.join(OUTPUT)
    }

    /// Where temporary files of this owner are.
    fn bench(&self, owner: &Owner) -> PathBuf {
        self.workshop().join(encode_component(&owner.key)).join(owner.incarnation.to_string())
    }

    /// Makes the folder of the owner's temporary files; after it has taken the shelf, and before the first attempt.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn make_bench(&self, owner: &Owner) -> io::Result<()> {
        let bench = self.bench(owner);
        // A hint: without it, all works as well.
        let _ = keep_jobs_apart(&self.workshop());
        let mut last = Ok(());
        for _ in 0..MOST_TRIES {
            last = fs::create_dir_all(&bench);
            if !matches!(&last, Err(cause) if cause.kind() == io::ErrorKind::NotFound) {
                break;
            }
        }
        last
    }

    /// Whether `owner` may still publish here.
    ///
    /// # Errors
    /// If that cannot be told.
    pub(crate) fn is_owned_by(&self, owner: &Owner) -> io::Result<bool> {
        Ok(self.owner()?.is_some_and(|seen| {
            seen.incarnation == owner.incarnation && seen.key == owner.key.escape_default().to_string()
        }))
    }

    /// Whether a later submission of `owner`'s job owns the shelf.
    ///
    /// # Errors
    /// If that cannot be told.
    pub(crate) fn is_succeeded(&self, owner: &Owner) -> io::Result<bool> {
        Ok(self.owner()?.is_some_and(|seen| {
            seen.epoch > owner.epoch && seen.key == owner.key.escape_default().to_string()
        }))
    }

    fn workshop(&self) -> PathBuf {
        self.output().join(TEMPORARY)
    }

    /// The owner's file after it was written: keep it as long as the shelf is owned.
    pub(crate) fn into_held(self) -> Option<File> {
        self.held.into_inner()
    }

    /// Waits for the turn to change the owner; it ends when it is dropped.
    pub(crate) fn turn(&self) -> Turn {
        Turn::at(&self.folder.base)
    }

    fn owners(&self) -> Owners {
        Owners::of(&self.folder.base)
    }

    /// Whether another server that lives on this machine writes here for another job than `owner`'s.
    ///
    /// # Errors
    /// If that cannot be told.
    pub(crate) fn is_taken_from(&self, owner: &Owner) -> io::Result<Option<Seen>> {
        self.owners().living_other(owner)
    }

    /// Writes a whole result under its temporary name.
    ///
    /// # Errors
    /// If the disk is full or the folder cannot be written; nothing is left then.
    pub(crate) fn write_temporary(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.output().join(inside(name)?);
        let opened = OpenOptions::new().write(true).create_new(true).open(&path);
        let written = opened.and_then(|mut file| {
            file.write_all(bytes)?;
            file.flush()?;
            if self.durable { file.sync_all() } else { Ok(()) }
        });
        if written.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&path);
        }
        written
    }

    /// Removes the temporary file of a result that nobody wants.
    pub(crate) fn discard(&self, temporary: &str) {
        if let Ok(name) = inside(temporary) {
            // It may be gone already.
            let _ = fs::remove_file(self.output().join(name));
        }
    }

    /// Flushes the folders of these names, so that the names survive a power cut.
    ///
    /// # Errors
    /// If that is not certain.
    pub(crate) fn sync_folders<'a>(&self, names: impl Iterator<Item = &'a str>) -> io::Result<()> {
        if !self.durable {
            return Ok(());
        }
        let output = self.output();
        let mut folders = BTreeSet::from([self.folder.base.clone(), output.clone()]);
        for name in names {
            let inner = Path::new(name).ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
            folders.extend(inner.map(|folder| output.join(folder)));
        }
        for folder in folders {
            match File::open(&folder) {
                Ok(opened) => opened.sync_all()?,
                // No result of that folder was made.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }

    /// Gives the shelf back: the owner's temporary files go, and the owner's file, unless it is somebody else's by now.
    pub(crate) fn give_back(&self, owner: &Owner) {
        let of_job = self.workshop().join(encode_component(&owner.key));
        if let Err(cause) = remove_whole(&self.bench(owner)) {
            log::warn!("temporary files of job '{}' are left in {of_job:?}: {cause}", owner.key);
        }
        // Nodes that do not know of the server's folder write beside it.
        for file in fs::read_dir(&of_job).into_iter().flatten().flatten() {
            if is_of(&file, owner.incarnation) {
                let _ = fs::remove_file(file.path());
            }
        }
        self.withdraw(owner);
        let _ = fs::remove_dir(of_job);
        let _ = fs::remove_dir(self.workshop());
    }

    fn print(path: &Path, wanted: &Fingerprint) -> io::Result<Option<Fingerprint>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let data = file.metadata()?;
        if !data.is_file() || data.len() != wanted.length || wanted.checksum.is_none() {
            return Ok(data.is_file().then_some(Fingerprint { length: data.len(), checksum: None }));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(Fingerprint::of(&bytes)))
    }
}

/// Name of a temporary file, relative to the folder of results: as the nodes name theirs, of which `part` is
/// `<task>-<attempt>`.
pub(crate) fn temporary_name(owner: &Owner, part: &str) -> String {
    let Owner { key, epoch, incarnation } = owner;
    format!("{TEMPORARY}/{}/{incarnation}/{epoch}-{incarnation}-{part}.tmp", encode_component(key))
}

/// Removes a folder with what is in it. A node may put another file there in between; once the folder is gone, none can.
fn remove_whole(folder: &Path) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..MOST_REMOVALS {
        last = gone_is_fine(fs::remove_dir_all(folder));
        if !matches!(&last, Err(cause) if cause.kind() == io::ErrorKind::DirectoryNotEmpty) {
            break;
        }
    }
    last
}

/// Whether a temporary file is of this process.
fn is_of(file: &fs::DirEntry, incarnation: u64) -> bool {
    let name = file.file_name();
    let part = name.to_str().and_then(|name| name.split('-').nth(1));
    part.is_some_and(|part| part == incarnation.to_string())
}

impl Shelf for FolderShelf<'_> {
    type Error = io::Error;

    fn owner(&self) -> io::Result<Option<Seen>> {
        self.owners().highest()
    }

    fn set_owner(&self, owner: &Owner) -> io::Result<()> {
        *self.held.borrow_mut() = Some(self.owners().take(owner, self.durable)?);
        Ok(())
    }

    fn withdraw(&self, owner: &Owner) {
        self.owners().withdraw(owner);
    }

    fn remove_temporaries_of_others(&self, owner: &Owner) -> io::Result<()> {
        let ours = encode_component(&owner.key);
        for entry in fs::read_dir(self.workshop())? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some(name) = name.to_str()
                && self.owners().keeps(name, owner)?
            {
                continue;
            }
            if !entry.file_type()?.is_dir() {
                gone_is_fine(fs::remove_file(entry.path()))?;
                continue;
            }
            let is_ours = entry.file_name() == *ours;
            for file in fs::read_dir(entry.path())? {
                let file = file?;
                if !file.file_type()?.is_dir() {
                    if !(is_ours && is_of(&file, owner.incarnation)) {
                        gone_is_fine(fs::remove_file(file.path()))?;
                    }
                } else if !(is_ours && file.file_name() == *owner.incarnation.to_string()) {
                    remove_whole(&file.path())?;
                }
            }
            // A node may just be using it.
            let _ = fs::remove_dir(entry.path());
        }
        Ok(())
    }

    fn rename(&self, temporary: &str, name: &str) -> io::Result<()> {
        let from = self.output().join(inside(temporary)?);
        let to = self.output().join(inside(name)?);
        put(&from, &to)
    }

    fn temporary_holds(&self, output: &Output) -> io::Result<bool> {
        self.holds(&output.temporary, output)
    }

    fn holds(&self, name: &str, output: &Output) -> io::Result<bool> {
        let found = Self::print(&self.output().join(inside(name)?), &output.print)?;
        Ok(found.is_some_and(|found| output.print.fits(&found)))
    }
}

/// Tells ext4 that the folders in `workshop` have nothing to do with one another, so that it puts each into a region of
/// its own. It would put them all beside the results else, where earlier jobs have just removed what theirs replaced; and
/// without a journal ext4 looks at each recently removed file of a region again whenever it makes a new one there, which
/// costs more than a small image.
fn keep_jobs_apart(workshop: &Path) -> io::Result<()> {
    let folder = File::open(workshop)?;
    let flags = ioctl_getflags(&folder)?;
    Ok(ioctl_setflags(&folder, flags | IFlags::TOPDIR)?)
}

/// Gives the file its final name in one step: who looks sees the whole new file, or what was there before.
///
/// An old result trades places with the new one and is removed under the temporary name. A rename onto it would do as
/// much in one call, but file systems make that call slow (ext4 writes the new file's blocks out and frees the old
/// one's while it holds both folders), and every other attempt that ends meanwhile would wait in line.
fn put(from: &Path, to: &Path) -> io::Result<()> {
    if exchange(from, to).is_err() {
        return rename_new(from, to);
    }
    match fs::remove_file(from) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            // A folder that stands where a result belongs is not ours to replace.
            exchange(from, to)?;
            Err(error)
        }
        // The old result has left its name already; what is left of it lies among the temporary files.
        _ => Ok(()),
    }
}

fn exchange(from: &Path, to: &Path) -> io::Result<()> {
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::EXCHANGE)?)
}

/// For a name that is new, and for file systems that cannot exchange.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::rename(from, to)
        }
        outcome => outcome,
    }
}

/// Tries at something whose folder the end of an earlier job may just be cleaning up.
const MOST_TRIES: usize = 10;
/// Tries at a folder in which nodes are still making files: each has at most one at a time.
const MOST_REMOVALS: usize = 1_000;

/// A relative name that stays below its folder. The temporary name comes from a node: it is not believed.
pub(crate) fn inside(name: &str) -> io::Result<PathBuf> {
    let path = PathBuf::from(name);
    let stays = !name.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    stays.then_some(path).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no name inside {OUTPUT}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::publication::{NotPublished, publish, take_over};
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    fn folder(base: &Path) -> Folder {
        Folder { base: base.to_owned(), images: Vec::new(), skipped: 0 }
    }

    fn owner(incarnation: u64) -> Owner {
        Owner { key: "job".to_owned(), epoch: incarnation, incarnation }
    }

    /// A result of `owner`, whole under its temporary name.
    fn result(shelf: &FolderShelf<'_>, owner: &Owner, bytes: &[u8]) -> Output {
        let temporary = temporary_name(owner, "0-1");
        shelf.make_bench(owner).unwrap();
        shelf.write_temporary(&temporary, bytes).unwrap();
        Output { print: Fingerprint::of(bytes), temporary }
    }

    fn take<'f>(
        folder: &'f Folder,
        owner: &Owner,
        committed: &BTreeMap<u32, Output>,
    ) -> (FolderShelf<'f>, Vec<u32>) {
        let shelf = FolderShelf::new(folder, true);
        let done =
            take_over::<_, Infallible>(&shelf, owner, committed, |_| Some("a.png".to_owned()), || false)
                .unwrap();
        (shelf, done.into_iter().collect())
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let base = tempfile::tempdir().unwrap();
        for name in ["../x", "/etc/passwd", "", "a/../../x", "."] {
            assert!(FolderShelf::new(&folder(base.path()), false).rename(name, "a.png").is_err(), "{name}");
        }
    }

    #[test]
    fn a_result_appears_whole_and_nothing_else_stays() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let (shelf, _) = take(&folder, &owner(1), &BTreeMap::new());
        let output = result(&shelf, &owner(1), b"pixels");
        publish::<_, Infallible>(&shelf, &owner(1), &output, "sub/a.png", || Ok(())).unwrap();
        shelf.sync_folders(["sub/a.png", "b/c/d.png"].into_iter()).unwrap();
        assert_eq!(fs::read(base.path().join("output_dir/sub/a.png")).unwrap(), b"pixels");
        shelf.give_back(&owner(1));
        assert!(!base.path().join("output_dir/.ballast").exists());
    }

    #[test]
    fn a_new_result_takes_the_place_of_an_old_one_and_nothing_of_it_is_left() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let (shelf, _) = take(&folder, &owner(1), &BTreeMap::new());
        for pixels in [&b"old"[..], b"new", b"newer"] {
            let output = result(&shelf, &owner(1), pixels);
            publish::<_, Infallible>(&shelf, &owner(1), &output, "sub/a.png", || Ok(())).unwrap();
            assert_eq!(fs::read(base.path().join("output_dir/sub/a.png")).unwrap(), pixels);
            assert_eq!(fs::read_dir(base.path().join("output_dir/.ballast/job/1")).unwrap().count(), 0);
        }
    }

    #[test]
    fn who_comes_after_the_end_finds_no_folder_and_leaves_nothing() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let (shelf, _) = take(&folder, &owner(1), &BTreeMap::new());
        let temporary = result(&shelf, &owner(1), b"unpublished").temporary;
        shelf.give_back(&owner(1));
        assert!(shelf.write_temporary(&temporary, b"late").is_err());
        assert!(!base.path().join("output_dir/.ballast").exists());
    }

    #[test]
    fn a_folder_in_the_place_of_a_result_still_stands() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let (shelf, _) = take(&folder, &owner(1), &BTreeMap::new());
        fs::create_dir_all(base.path().join("output_dir/a.png/x")).unwrap();
        let output = result(&shelf, &owner(1), b"pixels");
        assert!(publish::<_, Infallible>(&shelf, &owner(1), &output, "a.png", || Ok(())).is_err());
        assert!(base.path().join("output_dir/a.png/x").is_dir());
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let shelf = FolderShelf::new(&folder, false);
        fs::create_dir_all(base.path().join("output_dir/.ballast/job/taken.tmp/x")).unwrap();
        assert!(shelf.write_temporary(".ballast/job/taken.tmp", b"pixels").is_err());
        assert_eq!(fs::read_dir(base.path().join("output_dir/.ballast/job")).unwrap().count(), 1);
    }

    #[test]
    fn who_was_deposed_publishes_nothing_and_who_deposed_keeps_what_was_published() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let (old, _) = take(&folder, &owner(1), &BTreeMap::new());
        let output = result(&old, &owner(1), b"old");
        let (new, done) = take(&folder, &owner(2), &BTreeMap::from([(0, output.clone())]));
        assert_eq!(done, [0], "what the other had committed is published by its successor");
        let late = result(&old, &owner(1), b"late");
        let refused = publish::<_, Infallible>(&old, &owner(1), &late, "a.png", || Ok(()));
        assert!(matches!(refused, Err(NotPublished::Deposed)));
        assert!(take_over::<_, Infallible>(&old, &owner(1), &BTreeMap::new(), |_| None, || false).is_err());
        old.give_back(&owner(1));
        assert_eq!(new.owner().unwrap().unwrap().epoch, 2);
        assert_eq!(fs::read(base.path().join("output_dir/a.png")).unwrap(), b"old");
        new.give_back(&owner(2));
        assert!(!base.path().join("output_dir/.ballast").exists());
    }

    #[test]
    fn a_later_submission_of_the_job_is_a_successor_and_another_job_is_none() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let first = owner(1);
        let (shelf, _) = take(&folder, &first, &BTreeMap::new());
        assert!(!shelf.is_succeeded(&first).unwrap(), "nobody came");
        let second = Owner { epoch: first.epoch + 1, ..owner(2) };
        take(&folder, &second, &BTreeMap::new());
        assert!(shelf.is_succeeded(&first).unwrap());
        assert!(!shelf.is_succeeded(&second).unwrap());
        let other = Owner { key: "the next job".to_owned(), epoch: 9, incarnation: 2 };
        take(&folder, &other, &BTreeMap::new());
        assert!(!shelf.is_succeeded(&first).unwrap(), "its end was heard: the folder is a later job's");
    }

    #[test]
    fn a_committed_result_that_changed_is_not_done() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let (shelf, _) = take(&folder, &owner(1), &BTreeMap::new());
        let output = result(&shelf, &owner(1), b"pixels");
        publish::<_, Infallible>(&shelf, &owner(1), &output, "a.png", || Ok(())).unwrap();
        let committed = BTreeMap::from([(0, output)]);
        assert_eq!(take(&folder, &owner(2), &committed).1, [0]);
        fs::write(base.path().join("output_dir/a.png"), b"pixelz").unwrap();
        assert_eq!(take(&folder, &owner(3), &committed).1, Vec::<u32>::new());
    }

    #[test]
    fn folders_of_jobs_are_kept_apart_where_the_file_system_takes_the_hint() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let (shelf, _) = take(&folder, &owner(1), &BTreeMap::new());
        let workshop = shelf.workshop();
        if keep_jobs_apart(&workshop).is_err() {
            eprintln!("skipped: {workshop:?} is on a file system without the hint");
            return;
        }
        let opened = File::open(&workshop).unwrap();
        ioctl_setflags(&opened, ioctl_getflags(&opened).unwrap() - IFlags::TOPDIR).unwrap();
        shelf.make_bench(&owner(1)).unwrap();
        assert!(ioctl_getflags(&opened).unwrap().contains(IFlags::TOPDIR));
    }

    #[test]
    fn another_living_server_is_seen_and_a_dead_one_is_not() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let (shelf, _) = take(&folder, &owner(1), &BTreeMap::new());
        let other = Owner { key: "other".to_owned(), ..owner(2) };
        let looking = FolderShelf::new(&folder, false);
        assert!(looking.is_taken_from(&other).unwrap().is_some());
        assert!(looking.is_taken_from(&owner(2)).unwrap().is_none(), "the same job may move");
        drop(shelf.into_held());
        assert!(looking.is_taken_from(&other).unwrap().is_none());
    }
}
