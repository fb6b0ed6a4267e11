//! Parts of images that wait for what all parts together have seen, kept until their next phase comes to this node.
//!
//! Nothing depends on them: a part whose next phase goes elsewhere, or that had to make room, is done again from its
//! pixels. They only save that work.

use imaging::codec::Format;
use imaging::segment::Waiting;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Memory that waiting parts may take together: two quarters of an image of 8K. One is always kept, whatever its size.
const MOST_BYTES: usize = 128 << 20;

/// The name of a part in one of its phases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PhaseKey {
    pub(crate) job_key: String,
    pub(crate) epoch: u64,
    pub(crate) server_incarnation: u64,
    pub(crate) image: u64,
    pub(crate) part: u32,
    /// Summaries that the phase begins with.
    pub(crate) summaries: usize,
}

/// A part on its way.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) waiting: Waiting,
    pub(crate) format: Format,
    /// About how much memory it holds.
    pub(crate) bytes: usize,
}

/// Waiting parts, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<VecDeque<(PhaseKey, Begun)>>);

impl Kept {
    /// Keeps a part for its next phase. The oldest make room.
    pub(crate) fn keep(&self, key: PhaseKey, begun: Begun) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(other, _)| *other != key);
        kept.push_back((key, begun));
        let mut bytes: usize = kept.iter().map(|(_, begun)| begun.bytes).sum();
        while bytes > MOST_BYTES && kept.len() > 1 {
            bytes -= kept.pop_front().map_or(0, |(_, begun)| begun.bytes);
        }
    }

    /// Takes a part for the phase of that name, if it is here.
    pub(crate) fn take(&self, key: &PhaseKey) -> Option<Begun> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(other, _)| other == key)?;
        kept.remove(place).map(|(_, begun)| begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imaging::image::{Channels, Image};
    use imaging::operation::{Operation, Scratch};
    use imaging::segment::{Cut, Plan, Progress, Size, begin};

    fn begun(bytes: usize) -> Begun {
        let image = Image { width: 4, height: 4, channels: Channels::Gray, samples: vec![1; 16] };
        let operation = Operation::parse("equalize").unwrap();
        let plan = Plan::new(&operation, Size::of(&image), &Cut::rows(1)).unwrap();
        let Ok(Progress::Waiting(waiting)) = begin(&plan, 0, image, &mut Scratch::new()) else { panic!() };
        Begun { waiting, format: Format::Png, bytes }
    }

    fn key(part: u32) -> PhaseKey {
        PhaseKey { job_key: "j".to_owned(), epoch: 1, server_incarnation: 2, image: 3, part, summaries: 1 }
    }

    #[test]
    fn a_part_is_taken_once_and_the_oldest_make_room() {
        let kept = Kept::default();
        kept.keep(key(0), begun(MOST_BYTES / 2));
        kept.keep(key(1), begun(MOST_BYTES / 2));
        assert!(kept.take(&PhaseKey { summaries: 2, ..key(0) }).is_none(), "another phase");
        assert!(kept.take(&key(0)).is_some() && kept.take(&key(0)).is_none());
        kept.keep(key(2), begun(MOST_BYTES / 2 + 1));
        assert!(kept.take(&key(1)).is_none() && kept.take(&key(2)).is_some());
        kept.keep(key(3), begun(2 * MOST_BYTES));
        assert!(kept.take(&key(3)).is_some(), "one is always kept");
    }
}
