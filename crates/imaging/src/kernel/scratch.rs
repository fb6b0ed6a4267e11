//! Memory that outlives an image, so that the next one does not pay for fresh pages.

use super::bitmaps::Bitmaps;
use lanes::Level;

/// Buffers that are handed from one image to the next, and the instruction set to use.
///
/// One worker owns one. What it holds is bounded by the largest images that went through it: two buffers of samples
/// and one pair of bitmaps.
#[derive(Debug, Default)]
pub struct Scratch {
    level: Level,
    spare: Vec<Vec<u8>>,
    maps: Option<Bitmaps>,
}

/// Buffers of samples kept.
const SPARE: usize = 2;

impl Scratch {
    /// Empty, with the widest instruction set of this processor.
    pub fn new() -> Scratch {
        Scratch::default()
    }

    /// Empty, with a given instruction set: for tests that hold all of them equal.
    pub fn with_level(level: Level) -> Scratch {
        Scratch { level, ..Scratch::default() }
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// A buffer of that many samples with any content.
    pub(crate) fn samples(&mut self, count: usize) -> Vec<u8> {
        let mut samples = self.spare.pop().unwrap_or_default();
        samples.resize(count, 0);
        samples
    }

    /// Keeps a buffer for a later image. Callers may give back what earlier results were made of.
    pub fn put_back(&mut self, samples: Vec<u8>) {
        if self.spare.len() < SPARE {
            self.spare.push(samples);
        }
    }

    /// Bitmaps of that size with any content.
    pub(crate) fn maps(&mut self, width: usize, height: usize) -> Bitmaps {
        let mut maps = self.maps.take().unwrap_or_default();
        maps.reshape(width, height);
        maps
    }

    /// Keeps bitmaps for a later image.
    pub(crate) fn put_back_maps(&mut self, maps: Bitmaps) {
        self.maps = Some(maps);
    }
}
