//! The folder as one process sees it: between any two steps it may end or hang.

use super::Stop;
use crate::Bug;
use crate::world::World;
use journal::entry::{Fingerprint, Output};
use journal::publication::{Owner, Seen, Shelf};
use std::cell::RefCell;

/// Where temporary files lie.
pub(crate) const WORKSHOP: &str = ".ballast/";
/// How names of owners' files begin: the highest one counts.
const OWNER: &str = ".ballast/owner-";

/// An owner's file of the given number.
fn owner_file(number: u64, incarnation: u64) -> String {
    format!("{OWNER}{number:08}-{incarnation:08}")
}

/// The number of an owner's file.
fn number_of(name: &str) -> u64 {
    let number = name.strip_prefix(OWNER).and_then(|rest| rest.split('-').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

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
        let highest = self.folder.names().filter(|name| name.starts_with(OWNER)).last()?;
        self.owner_in(highest)
    }

    fn owner_in(&self, name: &str) -> Option<Seen> {
        std::str::from_utf8(self.folder.read(name)?).ok().and_then(Seen::from_text)
    }

    /// All owners' files, the one that counts last.
    pub(crate) fn owners(&self) -> Vec<(String, Seen)> {
        let names = self.folder.names().filter(|name| name.starts_with(OWNER));
        names.filter_map(|name| Some((name.to_owned(), self.owner_in(name)?))).collect()
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

    /// What the job's process has there goes: its temporary files, its owner's file.
    pub(super) fn give_back(&mut self, server: usize, job: usize) -> Result<(), Stop> {
        let owner = self.owner_of(server, job);
        self.linger(server, owner.incarnation)?;
        let bench = self.bench(&owner);
        self.remove_all(|name, _| name.starts_with(&bench));
        self.linger(server, owner.incarnation)?;
        if self.bug == Bug::GiveBackByLook && self.is_owner(&owner) {
            self.linger(server, owner.incarnation)?;
            let highest = self.owners().pop().map(|(name, _)| name);
            self.remove_all(|name, _| Some(name) == highest.as_deref());
        } else {
            self.remove_all(|_, seen| seen.is_some_and(|seen| owner.is_behind(seen)));
        }
        if self.taken.as_ref().is_some_and(|(_, by)| *by == owner.incarnation) {
            self.taken = None;
        }
        Ok(())
    }

    fn remove_all(&mut self, is_meant: impl Fn(&str, Option<&Seen>) -> bool) {
        let owners: std::collections::BTreeMap<String, Seen> = self.owners().into_iter().collect();
        let names: Vec<String> = self.folder.names().map(str::to_owned).collect();
        names
            .iter()
            .filter(|name| is_meant(name, owners.get(*name)))
            .for_each(|name| self.folder.remove(name));
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
        let next = format!("{WORKSHOP}taking-{}", owner.incarnation);
        let number = self.step(|world| {
            world.folder.remove(&next);
            world.folder.create(&next).map_err(|_| Stop::Failed)?;
            let handle = world.folder.handle(&next).ok_or(Stop::Failed)?;
            world.folder.write(handle, owner.to_text().as_bytes());
            world.folder.flush(handle);
            let highest = world.owners().last().map_or(0, |(name, _)| number_of(name));
            let takes = &mut world.servers[self.server].takes;
            *takes = highest.max(*takes) + 1;
            Ok(*takes)
        })?;
        let name = owner_file(number, owner.incarnation);
        let before = self.step(|world| {
            let before = world.owners();
            world.folder.rename(&next, &name).map_err(|_| Stop::Failed)?;
            world.taken = None;
            world.ever.insert((owner.incarnation, owner.key.clone(), owner.epoch));
            let me = (owner.incarnation, owner.key.clone());
            let others = before.iter().filter(|(_, seen)| !owner.is_behind(seen));
            for (other, seen) in others {
                let loser = if *other < name { (seen.incarnation, seen.key.clone()) } else { me.clone() };
                world.deposed.insert(loser);
            }
            world.say(|| format!("process {} owns the folder for {}", owner.incarnation, owner.key));
            Ok(before)
        })?;
        for (earlier, _) in before.iter().filter(|(earlier, seen)| owner.is_behind(seen) && *earlier != name)
        {
            self.step(|world| {
                world.folder.remove(earlier);
                Ok(())
            })?;
        }
        self.step(|world| {
            world.folder.flush_names();
            Ok(())
        })
    }

    fn withdraw(&self, owner: &Owner) {
        self.world.borrow_mut().remove_all(|_, seen| seen.is_some_and(|seen| owner.is_behind(seen)));
    }

    fn remove_temporaries_of_others(&self, owner: &Owner) -> Result<(), Stop> {
        let (ours, own, names) = self.step(|world| {
            let names: Vec<String> = world.folder.names().map(str::to_owned).collect();
            let own = world.owners().into_iter().rfind(|(_, seen)| owner.is_behind(seen));
            Ok((world.bench(owner), own.map(|(name, _)| name), names))
        })?;
        for name in names.iter().filter(|name| name.starts_with(WORKSHOP)) {
            // What is above is of who has taken the folder since, and so is what is about to be.
            let is_above = name.starts_with(OWNER) && own.as_ref().is_none_or(|own| name >= own);
            if !name.starts_with(&ours) && !is_above && !name.contains("taking-") {
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
