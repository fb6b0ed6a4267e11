//! Simulated histories: servers, nodes and clients in virtual time, with every fault that a machine room has.
//!
//! What runs in here is the product's own code: the scheduler, the journal and the protocol of publication. Around it
//! are models of what they stand on: a folder that a power cut tears, a medium whose confirmations may fail, messages
//! that are lost, late, doubled and out of order, processes that die or hang between any two steps, a clock that leaps.
//! After every step the promises are checked. A history is named by its seed, and the same seed is the same history.
//!
//! A check that nothing can break proves nothing. [`Bug`] lists mistakes that can be planted in the protocol; each must be
//! found within a thousand seeds.
//!
//! Orders of steps in which two servers overtake each other in turn are tried one and all in [`interleavings`].
//!
//! Reading order: [`Bug`], `folder` and `medium` (what crashes), `world` (time, messages), `clients`, `faults`, `node`,
//! `server`, `promises` (what is checked).

mod chance;
mod clients;
mod faults;
mod folder;
pub mod interleavings;
mod many;
mod medium;
mod node;
mod promises;
mod server;
mod world;

pub use many::{Sum, find, run_many};

use std::fmt;
use world::World;

/// A mistake to plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// None: the protocol as it is.
    None,
    /// Both walls are down: who publishes does not look whether the folder is still its own, and nodes make a folder of
    /// temporary files that is gone. One wall alone holds in nearly all histories.
    NoFence,
    /// Nodes do not flush a result before they answer.
    NoResultFlush,
    /// A job ends without a flush of the folder.
    NoFolderFlush,
    /// A torn tail stays in the journal, and new frames go behind it.
    NoTailCut,
    /// The client is answered before its job is in the journal.
    AnswerFirst,
    /// The journal is written and not flushed.
    NoJournalFlush,
    /// A failed flush of the journal is taken for one that can be tried again.
    FlushAgain,
    /// A second result of the same task is published too.
    PublishTwice,
    /// Attempts of an earlier process with the same numbers are taken for those of this one.
    NoIncarnation,
    /// A result that the journal tells of is taken for there without a look.
    TrustJournal,
    /// Requests to nodes are repeated, and a node writes over the file of the first one.
    AttemptTwice,
    /// A restarted process does not look at what its journal says of published results.
    ForgetPublished,
    /// A client hears of an end under an epoch that is in no journal.
    EndUnderOldEpoch,
    /// Whose folder of temporary files is gone does not make it again.
    NoFolderAgain,
    /// Who gives a folder back sees that it is its own, and then removes the file of whoever owns it.
    GiveBackByLook,
    /// A job that is submitted once more takes its folder again without a look whether it has ended meanwhile.
    TakeAfterEnd,
    /// A later submission is written into the owner's file before it is in the journal.
    OwnerFirst,
}

impl Bug {
    /// Everything that can be planted.
    pub const ALL: [Bug; 17] = [
        Bug::NoFence,
        Bug::NoResultFlush,
        Bug::NoFolderFlush,
        Bug::NoTailCut,
        Bug::AnswerFirst,
        Bug::NoJournalFlush,
        Bug::FlushAgain,
        Bug::PublishTwice,
        Bug::NoIncarnation,
        Bug::TrustJournal,
        Bug::AttemptTwice,
        Bug::ForgetPublished,
        Bug::EndUnderOldEpoch,
        Bug::NoFolderAgain,
        Bug::GiveBackByLook,
        Bug::TakeAfterEnd,
        Bug::OwnerFirst,
    ];
}

/// What a history came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// Virtual time in microseconds.
    pub elapsed_us: u64,
    /// Steps after which the promises were checked.
    pub steps: u64,
    /// Faults that happened: ends and hangs of processes, power cuts, failing disks, leaps of clocks.
    pub faults: u64,
    /// Messages lost, doubled or held up.
    pub troubled_messages: u64,
    /// Submissions to another server.
    pub failovers: u64,
    /// Results that were refused because their server had been deposed.
    pub refused: u64,
}

/// A promise that broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Names the history.
    pub seed: u64,
    /// What was planted.
    pub bug: Bug,
    /// What broke, and when.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { seed, bug, what } = self;
        write!(
            formatter,
            "seed {seed}: {what}\n  step by step: cargo run --release -p histories -- --seed {seed}"
        )?;
        if *bug == Bug::None { Ok(()) } else { write!(formatter, " --bug {bug:?}") }
    }
}

/// Runs one history.
///
/// # Errors
/// If a promise breaks.
pub fn run(seed: u64, bug: Bug) -> Result<Story, Violation> {
    let (came, _) = World::new(seed, bug, None).run();
    came.map_err(|what| Violation { seed, bug, what })
}

/// Runs one history and tells every step of it in a line.
pub fn tell(seed: u64, bug: Bug) -> (Result<Story, Violation>, Vec<String>) {
    let (came, tale) = World::new(seed, bug, Some(Vec::new())).run();
    (came.map_err(|what| Violation { seed, bug, what }), tale)
}
