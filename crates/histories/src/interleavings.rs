//! Every order in which the steps of a node and two servers at one folder of results can come, and not some of them.
//!
//! A history of [`crate::run`] stops a server between two steps and lets the others live on; they come back before it
//! does. Orders in which two servers overtake each other in turn are not among those. There are few enough steps to try
//! them all: the product's [`publish`] and [`take_over`] run over a shelf that does one new step a turn and answers the
//! earlier ones from memory.

use journal::entry::{Fingerprint, Output};
use journal::publication::{NotPublished, Owner, Seen, Shelf, publish, take_over};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// A swap of two steps, or a step left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// None: the protocol as it is.
    None,
    /// Who takes a folder over removes the others' temporary files before it writes itself down.
    RemoveBeforeOwner,
    /// Who publishes looks whether the folder is its own before the temporary file is whole.
    CheckBeforeFile,
    /// Who publishes does not look whether the folder is its own.
    NoOwnerCheck,
    /// Who takes a folder over leaves the others' temporary files.
    NoRemoval,
}

impl Swap {
    /// Every mistake.
    pub const ALL: [Swap; 4] =
        [Swap::RemoveBeforeOwner, Swap::CheckBeforeFile, Swap::NoOwnerCheck, Swap::NoRemoval];
}

const RESULT: &str = "image.png";
const OWNER: &str = "owner";

/// A name is gone, or the turn is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    Missing,
    TurnIsOver,
}

/// What a step answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Text(Option<String>),
    Names(Vec<String>),
    Done(Result<(), Stop>),
    Holds(bool),
}

/// The folder at one moment, and how far each of the three is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    files: BTreeMap<String, String>,
    memories: [Vec<Answer>; 3],
    ended: [bool; 3],
    /// The second server has taken the folder over to the end.
    taken: bool,
}

/// One turn of one of the three: earlier steps from memory, one new one, then no more.
struct Turn<'moment> {
    moment: RefCell<&'moment mut Moment>,
    who: usize,
    steps: Cell<usize>,
    is_over: Cell<bool>,
    /// The planted mistake.
    leaves_temporaries: bool,
}

impl Turn<'_> {
    fn step(&self, act: impl FnOnce(&mut BTreeMap<String, String>) -> Answer) -> Result<Answer, Stop> {
        let mut moment = self.moment.borrow_mut();
        let step = self.steps.replace(self.steps.get() + 1);
        if let Some(answer) = moment.memories[self.who].get(step) {
            return Ok(answer.clone());
        }
        if self.is_over.replace(true) {
            return Err(Stop::TurnIsOver);
        }
        let answer = act(&mut moment.files);
        moment.memories[self.who].push(answer.clone());
        Ok(answer)
    }

    fn done(&self, act: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Stop>) -> Result<(), Stop> {
        match self.step(|files| Answer::Done(act(files)))? {
            Answer::Done(done) => done,
            _ => Err(Stop::Missing),
        }
    }

    /// Makes the temporary file in two steps: it is there, it is whole.
    fn make(&self, temporary: &str, bytes: &str) -> Result<(), Stop> {
        self.done(|files| {
            files.insert(temporary.to_owned(), String::new());
            Ok(())
        })?;
        // Whoever has the file open writes on when its name is gone.
        self.done(|files| {
            files.entry(temporary.to_owned()).and_modify(|content| bytes.clone_into(content));
            Ok(())
        })
    }
}

fn text(answer: Answer) -> Option<String> {
    if let Answer::Text(text) = answer { text } else { None }
}

impl Shelf for Turn<'_> {
    type Error = Stop;

    fn owner(&self) -> Result<Option<Seen>, Stop> {
        let owner = self.step(|files| Answer::Text(files.get(OWNER).cloned()))?;
        Ok(text(owner).and_then(|text| Seen::from_text(&text)))
    }

    fn set_owner(&self, owner: &Owner) -> Result<(), Stop> {
        self.done(|files| {
            files.insert(OWNER.to_owned(), owner.to_text());
            Ok(())
        })
    }

    fn withdraw(&self, _: &Owner) {}

    fn remove_temporaries_of_others(&self, owner: &Owner) -> Result<(), Stop> {
        if self.leaves_temporaries {
            return Ok(());
        }
        let others = |name: &String| name.ends_with(".tmp") && !name.starts_with(&owner.key);
        let names =
            self.step(|files| Answer::Names(files.keys().filter(|name| others(name)).cloned().collect()))?;
        let Answer::Names(names) = names else { return Err(Stop::Missing) };
        for name in names {
            self.done(|files| {
                files.remove(&name);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn rename(&self, temporary: &str, name: &str) -> Result<(), Stop> {
        self.done(|files| {
            let content = files.remove(temporary).ok_or(Stop::Missing)?;
            files.insert(name.to_owned(), content);
            Ok(())
        })
    }

    fn temporary_holds(&self, output: &Output) -> Result<bool, Stop> {
        self.holds(&output.temporary, output)
    }

    fn holds(&self, name: &str, output: &Output) -> Result<bool, Stop> {
        let fits = |content: &String| output.print.fits(&Fingerprint::of(content.as_bytes()));
        let held = self.step(|files| Answer::Holds(files.get(name).is_some_and(fits)))?;
        Ok(held == Answer::Holds(true))
    }
}

fn owner(key: &str, incarnation: u64) -> Owner {
    Owner { key: key.to_owned(), epoch: 1, incarnation }
}

fn output(key: &str) -> Output {
    Output { print: Fingerprint::of(bytes_of(key).as_bytes()), temporary: format!("{key}.tmp") }
}

fn bytes_of(key: &str) -> String {
    format!("pixels of {key}")
}

const NODE: usize = 0;
const FIRST_SERVER: usize = 1;
const SECOND_SERVER: usize = 2;
const NAMES: [&str; 3] = ["node", "first server", "second server"];
const FIRST: &str = "first";
const SECOND: &str = "second";

/// Whoever's turn it is does one step. False if it has nothing to do now.
fn turn(moment: &mut Moment, who: usize, swap: Swap) -> bool {
    let waits_for_file = who == FIRST_SERVER && swap != Swap::CheckBeforeFile && !moment.ended[NODE];
    if moment.ended[who] || waits_for_file {
        return false;
    }
    let shelf = Turn {
        moment: RefCell::new(moment),
        who,
        steps: Cell::new(0),
        is_over: Cell::new(false),
        leaves_temporaries: swap == Swap::NoRemoval,
    };
    let came = match who {
        NODE => shelf.make(&output(FIRST).temporary, &bytes_of(FIRST)).map_err(NotPublished::Shelf),
        FIRST_SERVER => first_server(&shelf, swap),
        _ => second_server(&shelf, swap),
    };
    let goes_on =
        matches!(came, Err(NotPublished::Shelf(Stop::TurnIsOver) | NotPublished::Journal(Stop::TurnIsOver)));
    moment.ended[who] = !goes_on;
    moment.taken |= who == SECOND_SERVER && came.is_ok();
    true
}

type Came = Result<(), NotPublished<Stop, Stop>>;

/// Publishes what the node made.
fn first_server(shelf: &Turn<'_>, swap: Swap) -> Came {
    let (owner, output) = (owner(FIRST, 1), output(FIRST));
    let commit = || shelf.done(|_| Ok(()));
    if swap == Swap::NoOwnerCheck {
        commit().map_err(NotPublished::Journal)?;
        return shelf.rename(&output.temporary, RESULT).map_err(NotPublished::Shelf);
    }
    publish(shelf, &owner, &output, RESULT, commit)
}

/// Takes the folder for another job.
fn second_server(shelf: &Turn<'_>, swap: Swap) -> Came {
    let owner = owner(SECOND, 2);
    if swap == Swap::RemoveBeforeOwner {
        shelf.remove_temporaries_of_others(&owner).map_err(NotPublished::Shelf)?;
        return shelf.set_owner(&owner).map_err(NotPublished::Shelf);
    }
    take_over(shelf, &owner, &BTreeMap::new(), |_| None, || false).map(drop)
}

/// What trying every order came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Different moments that were seen.
    pub moments: usize,
    /// An order that breaks the promise.
    pub broken: Option<String>,
}

/// Tries every order.
pub fn try_all(swap: Swap) -> Tried {
    let files = BTreeMap::from([(OWNER.to_owned(), owner(FIRST, 1).to_text())]);
    let mut seen = BTreeSet::new();
    let mut open = vec![(Moment { files, ..Moment::default() }, Vec::new())];
    let mut broken = None;
    while let Some((moment, order)) = open.pop() {
        for who in [NODE, FIRST_SERVER, SECOND_SERVER] {
            let (mut next, mut order) = (moment.clone(), order.clone());
            if !turn(&mut next, who, swap) {
                continue;
            }
            order.push(NAMES[who]);
            let result = next.files.get(RESULT);
            let appeared = moment.taken && moment.files.get(RESULT) != result;
            let torn = result.is_some_and(|content| *content != bytes_of(FIRST));
            if appeared || torn {
                let what = if torn { "a torn result" } else { "a result of who was deposed" };
                broken.get_or_insert(format!("{what} after these turns: {}", order.join(", ")));
            }
            if seen.insert(next.clone()) {
                open.push((next, order));
            }
        }
    }
    Tried { moments: seen.len(), broken }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_order_of_steps_lets_a_deposed_server_publish() {
        let Tried { moments, broken } = try_all(Swap::None);
        assert_eq!(broken, None);
        assert!(moments > 40, "{moments}");
    }

    #[test]
    fn every_swap_of_steps_is_found() {
        for swap in Swap::ALL {
            assert!(try_all(swap).broken.is_some(), "{swap:?}");
        }
    }
}
