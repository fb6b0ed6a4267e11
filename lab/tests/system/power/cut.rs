//! What a disk holds after a power cut: everything up to a flush, and of what came later any sectors.

use super::disk::Record;
use luck::{Coin, Purpose, Seed};
use std::ops::RangeInclusive;

const SECTOR_BYTES: usize = 512;

/// A power cut: after so many records of the log, with this luck.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) after: usize,
    luck: Coin,
    /// Whether writes that were not flushed reach the disk in any order and in part, or all of them in their order.
    pub(crate) reorders: bool,
}

/// So many cuts in this part of a log, in the order of time.
pub(crate) fn cuts(seed: u64, count: u64, part: RangeInclusive<usize>) -> Vec<Cut> {
    let cut = |number: u64| {
        let luck = Seed(seed).coin(Purpose::Derive, number, 0);
        let after = part.start() + luck.below(part.end() - part.start() + 1);
        Cut { after, luck: luck.next(), reorders: !number.is_multiple_of(4) }
    };
    let mut cuts: Vec<Cut> = (0..count).map(cut).collect();
    cuts.sort_by_key(|cut| cut.after);
    cuts
}

impl Cut {
    /// The disk's bytes.
    pub(crate) fn disk(&self, base: &[u8], log: &[Record]) -> Vec<u8> {
        let mut disk = base.to_vec();
        let before = &log[..self.after];
        let flushed = before.iter().rposition(|record| matches!(record, Record::Flush)).unwrap_or(0);
        let mut luck = self.luck;
        let mut happens = |probability: f64| {
            luck = luck.next();
            luck.happens(probability)
        };
        for (number, record) in before.iter().enumerate() {
            let Record::Write(at, bytes) = record else { continue };
            let survives_whole = number < flushed || !self.reorders || happens(0.4);
            let is_torn = !survives_whole && happens(0.5);
            for (sector, part) in bytes.chunks(SECTOR_BYTES).enumerate() {
                if survives_whole || is_torn && happens(0.5) {
                    let at = at + sector * SECTOR_BYTES;
                    disk[at..at + part.len()].copy_from_slice(part);
                }
            }
        }
        disk
    }
}

#[test]
fn what_was_flushed_survives_and_what_was_not_may_in_any_part() {
    let write = |at: usize, with: u8| Record::Write(at, vec![with; 2 * SECTOR_BYTES]);
    let log = [write(0, 1), Record::Flush, write(1024, 2), write(2048, 3)];
    let base = vec![0; 3072];
    let mut seen = std::collections::BTreeSet::new();
    for cut in cuts(1, 4000, 0..=log.len()).into_iter().filter(|cut| cut.after == 4) {
        let disk = cut.disk(&base, &log);
        assert!(disk[..1024].iter().all(|&byte| byte == 1), "it was flushed");
        let sectors: Vec<u8> = disk.chunks(SECTOR_BYTES).map(|sector| sector[0]).skip(2).collect();
        assert!(cut.reorders || sectors == [2, 2, 3, 3]);
        seen.insert(sectors);
    }
    assert_eq!(seen.len(), 16, "every choice of four sectors");
}
