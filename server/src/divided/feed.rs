//! The next images: looked at without any lock, then put to work.

use super::survey::{Cutting, Parts};
use super::{Aftermath, CutState, Divided, Joint, Speeds, Unit, UnitState};
use crate::folder::Folder;
use crate::mix::Mix;
use records::Text;
use scheduler::{NodeId, TaskEnd};
use std::sync::Arc;
use wire::division::{BatchSize, Way};

/// Images of a batch at most, however fast they are.
const MOST_IN_BATCH: usize = 1_000;

/// Images that are next.
#[derive(Debug)]
pub(crate) enum Next {
    /// One to be cut.
    Cut { image: usize, mix: Mix },
    /// Several to go together.
    Batch { images: Arc<[usize]>, measure: bool },
}

/// What became of the next images.
#[derive(Debug)]
pub(crate) enum Fed {
    /// It can be cut.
    Cut(usize, Box<Cutting>),
    /// It cannot.
    Failed(usize, String),
    /// They go together.
    Batch { images: Arc<[usize]>, measure: bool },
}

impl Divided {
    /// Takes the next images from those that wait.
    pub(crate) fn next(&self) -> Option<Next> {
        let mut state = self.lock();
        let measure = state.is_measuring;
        let size = match (measure, self.way) {
            (false, Way::Segments { .. }) => {
                return state.waiting.pop_front().map(|image| Next::Cut { image, mix: state.mix.clone() });
            }
            (_, Way::Batches(BatchSize::Images(images))) => images as usize,
            (_, Way::Batches(BatchSize::Target(target))) => {
                let (images, us) = state.timed;
                // Until something is known one image tells it.
                (target.as_micros() as u64 * images).checked_div(us).map_or(1, |size| size as usize)
            }
            (_, Way::Images | Way::Segments { .. }) => 1,
        };
        let size = size.clamp(1, MOST_IN_BATCH).min(state.waiting.len());
        let images: Arc<[usize]> = state.waiting.drain(..size).collect();
        (!images.is_empty()).then_some(Next::Batch { images, measure })
    }

    /// Looks at the next images. `up` are the nodes that could have parts.
    pub(crate) fn look(&self, next: Next, folder: &Folder, seed: u64, up: &[NodeId], speeds: &Speeds) -> Fed {
        let (image, mix) = match next {
            Next::Cut { image, mix } => (image, mix),
            Next::Batch { images, measure } => return Fed::Batch { images, measure },
        };
        let Way::Segments { parts, cut: kind } = self.way else {
            return Fed::Failed(image, "it was not to be cut".to_owned());
        };
        let parts = match parts {
            Some(count) => Parts { homes: Vec::new(), weights: vec![1.0; count as usize], kind },
            None if up.is_empty() => Parts { homes: Vec::new(), weights: vec![1.0], kind },
            None => Parts {
                homes: up.iter().copied().map(Some).collect(),
                weights: speeds.shares(up.iter().map(|node| node.index())),
                kind,
            },
        };
        match Cutting::survey(folder, &folder.images[image], &mix, seed, image, parts) {
            Ok(cutting) => Fed::Cut(image, Box::new(cutting)),
            Err(why) => Fed::Failed(image, why),
        }
    }

    /// Puts images to work that were looked at.
    pub(crate) fn admit(&self, fed: Option<Fed>) -> Aftermath {
        let mut state = self.lock();
        state.is_feeding = false;
        let mut after = Aftermath::default();
        match fed {
            None => {}
            Some(Fed::Failed(image, why)) => {
                state.end_image(image, TaskEnd::Failed, Some(Text::from(why)), &mut after);
            }
            Some(Fed::Batch { images, measure }) => {
                let unit = Unit::Batch { images, measure };
                state.units.push(UnitState { unit: Some(unit), claimed: false });
                state.open_units += 1;
                after.place.push(None);
            }
            Some(Fed::Cut(image, cutting)) => {
                let (count, homes) = (cutting.count(), cutting.homes.clone());
                let cut = CutState {
                    cutting: Arc::from(cutting),
                    summaries: Arc::default(),
                    seen: Vec::new(),
                    pieces: (0..count).map(|_| None).collect(),
                    joint: Joint::None,
                    nodes: homes,
                    open: 0,
                    is_over: false,
                    is_published: false,
                };
                state.cuts.insert(image, cut);
                state.next_phase(image, &mut after);
            }
        }
        after
    }
}
