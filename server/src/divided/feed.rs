//! The next images: looked at without any lock, then put to work.

use super::sendable;
use super::survey::{Cutting, Found, Parts};
use super::{Aftermath, CutState, Divided, Joint, Speeds, Unit, UnitState};
use crate::folder::Folder;
use crate::mix::Mix;
use records::Text;
use scheduler::{NodeId, TaskEnd};
use std::sync::Arc;
use wire::division::{BatchSize, Way};
use wire::job::Transfer;

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
    /// It can be cut; its parts follow.
    Cut(usize, Arc<Cutting>),
    /// Its parts up to this number can be put to work.
    Parts(usize, usize),
    /// That was all of it.
    End(usize),
    /// It cannot be cut, or not be done although parts of it were put to work.
    Failed(usize, String),
    /// Those of each group go together.
    Batches { groups: Vec<Arc<[usize]>>, measure: bool },
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

    /// Looks at the next images and tells what it finds, which may be several things. `up` are the nodes that could have
    /// parts.
    pub(crate) fn look(
        &self,
        next: Next,
        (folder, transfer): (&Folder, Transfer),
        seed: u64,
        (up, speeds): (&[NodeId], &Speeds),
        tell: &mut dyn FnMut(Fed),
    ) {
        let (image, mix) = match next {
            Next::Cut { image, mix } => (image, mix),
            Next::Batch { images, measure } => {
                let groups = if transfer == Transfer::Inline && images.len() > 1 {
                    let mix = self.lock().mix.clone();
                    sendable::batches(folder, &mix, seed, &images)
                } else {
                    vec![images]
                };
                return tell(Fed::Batches { groups, measure });
            }
        };
        let Way::Segments { parts, cut: kind } = self.way else {
            return tell(Fed::Failed(image, "it was not to be cut".to_owned()));
        };
        let is_shared = transfer == Transfer::Shared;
        let (homes, weights) = match parts {
            Some(count) => (Vec::new(), vec![1.0; count as usize]),
            None if up.is_empty() => (Vec::new(), vec![1.0]),
            None => {
                (up.iter().copied().map(Some).collect(), speeds.shares(up.iter().map(|node| node.index())))
            }
        };
        let parts = Parts { homes, weights, kind, is_shared, may_stay_whole: parts.is_none() };
        let mut is_whole = false;
        let surveyed =
            Cutting::survey(folder, &folder.images[image], mix.of(seed, image), parts, &mut |found| {
                tell(match found {
                    Found::Whole => {
                        is_whole = true;
                        Fed::Batches { groups: vec![Arc::from([image])], measure: false }
                    }
                    Found::Cutting(cutting) => Fed::Cut(image, cutting),
                    Found::Parts(end) => Fed::Parts(image, end),
                });
                self.lock().cuts.get(&image).is_some_and(|cut| !cut.is_over)
            });
        if is_whole {
            return;
        }
        tell(match surveyed {
            Ok(()) => Fed::End(image),
            Err(why) => Fed::Failed(image, why),
        });
    }

    /// Puts images to work that were looked at.
    pub(crate) fn admit(&self, fed: Option<Fed>) -> Aftermath {
        let mut state = self.lock();
        let mut after = Aftermath::default();
        // An image in parts is looked at until its end is told.
        state.is_feeding = matches!(fed, Some(Fed::Cut(..) | Fed::Parts(..)));
        match fed {
            None => {}
            Some(Fed::Failed(image, why)) => {
                state.end_image(image, TaskEnd::Failed, Some(Text::from(why)), &mut after);
                if let Some(cut) = state.cuts.get_mut(&image) {
                    cut.is_over = true;
                }
                state.end_parts(image);
            }
            Some(Fed::End(image)) => state.end_parts(image),
            Some(Fed::Batches { groups, measure }) => {
                for images in groups {
                    let unit = Unit::Batch { images, measure };
                    state.units.push(UnitState { unit: Some(unit), claimed: false });
                    state.open_units += 1;
                    after.place.push(None);
                }
            }
            Some(Fed::Cut(image, cutting)) => {
                let (count, homes) = (cutting.count(), cutting.homes.clone());
                let cut = CutState {
                    cutting,
                    summaries: Arc::default(),
                    seen: vec![None; count],
                    pieces: (0..count).map(|_| None).collect(),
                    joint: Joint::None,
                    nodes: homes,
                    placed: 0,
                    open: count,
                    is_over: false,
                    is_published: false,
                };
                state.cuts.insert(image, cut);
            }
            Some(Fed::Parts(image, end)) => state.place(image, end, &mut after),
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imaging::codec::{EncodeOptions, Format, encode};
    use imaging::image::{Channels, Image};
    use imaging::operation::Operation;
    use scheduler::TaskEnd;
    use wire::division::{CutKind, Division};

    /// A job of two images in three parts each, the first of which was looked at.
    fn divided() -> (Divided, Arc<Cutting>) {
        let way = Way::Segments { parts: Some(3), cut: CutKind::Rows };
        let division = Division { way, data_set: false };
        let divided = Divided::new(division, 2, Mix::parse("edges").unwrap()).unwrap();
        let image = Image { width: 8, height: 60, channels: Channels::Gray, samples: vec![7; 480] };
        let file = encode(&image, Format::Png, &EncodeOptions::default()).unwrap();
        let parts = Parts {
            homes: Vec::new(),
            weights: vec![1.0; 3],
            kind: CutKind::Rows,
            is_shared: false,
            may_stay_whole: false,
        };
        let cutting = Cutting::of(&file, &Operation::parse("edges").unwrap(), parts).unwrap();
        assert!(matches!(divided.next(), Some(Next::Cut { image: 0, .. })));
        (divided, Arc::new(cutting))
    }

    fn open(divided: &Divided) -> Option<usize> {
        divided.lock().cuts.get(&0).map(|cut| cut.open)
    }

    #[test]
    fn parts_are_put_to_work_as_they_are_found_and_the_next_phase_waits_for_all() {
        let (divided, cutting) = divided();
        assert!(divided.admit(Some(Fed::Cut(0, cutting))).place.is_empty());
        assert_eq!(divided.admit(Some(Fed::Parts(0, 1))).place.len(), 1);
        assert!(divided.unit_ended(0, TaskEnd::Done).place.is_empty(), "the others are not found yet");
        assert_eq!(divided.step(8), super::super::Step::Nothing, "one image is looked at at a time");
        assert_eq!(divided.admit(Some(Fed::Parts(0, 3))).place.len(), 2);
        divided.admit(Some(Fed::End(0)));
        assert_eq!(divided.step(8), super::super::Step::Feed);
        assert!(divided.unit_ended(1, TaskEnd::Done).place.is_empty());
        assert_eq!(divided.unit_ended(2, TaskEnd::Done).place.len(), 3, "the second phase");
        assert_eq!(open(&divided), Some(3));
    }

    #[test]
    fn an_image_that_fails_while_it_is_looked_at_fails_once_and_is_forgotten() {
        let (divided, cutting) = divided();
        divided.admit(Some(Fed::Cut(0, Arc::clone(&cutting))));
        divided.admit(Some(Fed::Parts(0, 2)));
        let failed = divided.admit(Some(Fed::Failed(0, "cut off".to_owned()))).ended;
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].reason.as_deref(), Some("cut off"));
        assert_eq!(open(&divided), Some(2), "those at work end by themselves");
        assert!(divided.unit_ended(0, TaskEnd::Failed).ended.is_empty());
        assert!(divided.unit_ended(1, TaskEnd::Done).place.is_empty());
        assert_eq!(open(&divided), None);
        assert_eq!(divided.counts(), (2, 0, 1));
    }

    #[test]
    fn a_part_that_fails_stops_the_search_for_others() {
        let (divided, cutting) = divided();
        divided.admit(Some(Fed::Cut(0, cutting)));
        divided.admit(Some(Fed::Parts(0, 1)));
        assert_eq!(divided.unit_ended(0, TaskEnd::Failed).ended.len(), 1);
        assert!(divided.admit(Some(Fed::Parts(0, 2))).place.is_empty());
        divided.admit(Some(Fed::End(0)));
        assert_eq!(open(&divided), None);
    }
}
