//! The folder as one process sees it: between any two steps it may end or hang.

use super::Stop;
use crate::Bug;
use crate::world::World;
use journal::entry::{Fingerprint, Output};
use journal::publication::{Owner, Seen, Shelf};
use std::cell::RefCell;

/// Where temporary files lie.
pub(crate) const WORKSHOP: &str = ".ballast/";
/// The owner's file.
pub(crate) const OWNER: &str = ".ballast/owner";

pub(super) struct PausingShelf<'world> {
    pub(super) world: RefCell<&'world mut World>,
    pub(super) server: usize,
    pub(super) owner: Owner,
    /// Whether it is only one result that gets its name, and not a whole folder that is taken over.
    pub(super) publishes: bool,
}

impl<'world> PausingShelf<'world> {
    pub(super) fn new(world: &'world mut World, server: usize, owner: &Owner) -> PausingShelf<'world> {
        let owner = owner.clone();
        PausingShelf { world: RefCell::new(world), server, owner, publishes: false }
    }

    fn step<T>(&self, step: impl FnOnce(&mut World) -> Result<T, Stop>) -> Result<T, Stop> {
        let mut world = self.world.borrow_mut();
        world.pause(self.server, self.owner.incarnation)?;
        step(&mut world)
    }
}

impl World {
    pub(crate) fn owner(&self) -> Option<Seen> {
        let bytes = self.folder.read(OWNER)?;
        std::str::from_utf8(bytes).ok().and_then(Seen::from_text)
    }

    pub(super) fn is_owner(&self, owner: &Owner) -> bool {
        self.owner().is_some_and(|seen| seen.incarnation == owner.incarnation && seen.key == owner.key)
    }

    /// The folder of one process's temporary files: who was deposed, and his nodes, find it gone.
    pub(super) fn bench(&self, owner: &Owner) -> String {
        let incarnation = if self.bug == Bug::NoIncarnation { 0 } else { owner.incarnation };
        format!("{WORKSHOP}{}/{incarnation}/", owner.key)
    }

    /// Makes it, after the shelf was taken and before the first attempt.
    pub(super) fn make_bench(&mut self, server: usize, owner: &Owner) -> Result<(), Stop> {
        self.pause(server, owner.incarnation)?;
        let bench = self.bench(owner);
        // It is there already if the job was submitted once more.
        let _ = self.folder.create(&bench);
        Ok(())
    }

    /// The folder is free again, unless it is somebody else's by now.
    pub(super) fn give_back(&mut self, server: usize, job: usize) {
        let owner = self.owner_of(server, job);
        if self.is_owner(&owner) {
            let prefix = format!("{WORKSHOP}{}/", owner.key);
            let names: Vec<String> = self.folder.names().map(str::to_owned).collect();
            names.iter().filter(|name| name.starts_with(&prefix)).for_each(|name| self.folder.remove(name));
            self.remove_owner();
        }
    }

    /// The folder is nobody's from now on.
    pub(super) fn remove_owner(&mut self) {
        self.folder.remove(OWNER);
        self.taken = None;
    }

    pub(super) fn holds(&self, name: &str, output: &Output) -> bool {
        self.folder.read(name).is_some_and(|bytes| output.print.fits(&Fingerprint::of(bytes)))
    }
}

impl Shelf for PausingShelf<'_> {
    type Error = Stop;

    fn owner(&self) -> Result<Option<Seen>, Stop> {
        self.step(|world| Ok(world.owner()))
    }

    fn set_owner(&self, owner: &Owner) -> Result<(), Stop> {
        let next = format!("{OWNER}-{}", owner.incarnation);
        self.step(|world| {
            world.folder.remove(&next);
            world.folder.create(&next).map_err(|_| Stop::Failed)?;
            let handle = world.folder.handle(&next).ok_or(Stop::Failed)?;
            world.folder.write(handle, owner.to_text().as_bytes());
            world.folder.flush(handle);
            Ok(())
        })?;
        self.step(|world| {
            world.folder.rename(&next, OWNER).map_err(|_| Stop::Failed)?;
            world.taken = None;
            world.say(|| format!("process {} owns the folder for {}", owner.incarnation, owner.key));
            Ok(())
        })
    }

    fn remove_temporaries_of_others(&self, owner: &Owner) -> Result<(), Stop> {
        let (ours, names) = self.step(|world| {
            let names: Vec<String> = world.folder.names().map(str::to_owned).collect();
            Ok((world.bench(owner), names))
        })?;
        for name in names.iter().filter(|name| name.starts_with(WORKSHOP) && *name != OWNER) {
            let is_ours = name.starts_with(&ours);
            if !is_ours {
                self.step(|world| {
                    world.folder.remove(name);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn rename(&self, temporary: &str, name: &str) -> Result<(), Stop> {
        self.step(|world| {
            world.folder.rename(temporary, name).map_err(|_| Stop::Failed)?;
            world.say(|| format!("{temporary} is {name} from now on"));
            if self.publishes {
                world.check_publisher(&self.owner, name);
            }
            Ok(())
        })
    }

    fn temporary_holds(&self, output: &Output) -> Result<bool, Stop> {
        self.step(|world| Ok(world.holds(&output.temporary, output)))
    }

    fn holds(&self, name: &str, output: &Output) -> Result<bool, Stop> {
        self.step(|world| Ok(world.bug == Bug::TrustJournal || world.holds(name, output)))
    }
}
