//! Which bytes of a journal count: whole frames in unbroken order, up to the first that is not whole.
//!
//! A frame is one write to the medium, however many entries it carries, so what a crash tears is the last frame as a
//! whole, and nothing in it was acknowledged. Each frame says up to which frame the medium had confirmed everything when
//! it was written. A bad frame that a later one calls confirmed is therefore damage and not a torn tail: cutting there
//! would lose what was promised, and the replay refuses.
//!
//! ```text
//! journal: HEADER frame*
//! frame:   MARK 4 | length of payload u32 | number u64 | confirmed u64 | CRC-32 of the 20 bytes before and the payload u32 | payload
//! ```
//! All numbers have their lowest byte first. Frames are numbered from 1.

/// What a journal begins with. The last byte is the version of the format.
pub const HEADER: [u8; 16] = *b"ballast journal1";
/// What every frame begins with.
const MARK: [u8; 4] = [0xB5, b'J', 0x0D, 0xFE];
/// Bytes of a frame before its payload.
pub const FRAME_HEAD_BYTES: usize = 28;
/// Largest payload, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 30;

/// Writes one frame at the end of `bytes`.
pub fn put(bytes: &mut Vec<u8>, number: u64, confirmed: u64, payload: &[u8]) {
    let start = bytes.len();
    bytes.extend(MARK);
    bytes.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend(confirmed.to_le_bytes());
    let sum = checksum(&bytes[start + 4..], payload);
    bytes.extend(sum.to_le_bytes());
    bytes.extend(payload);
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(payload);
    hasher.finalize()
}

/// One whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'bytes> {
    /// Its place in the journal's order, from 1.
    pub number: u64,
    /// The last frame that the medium had confirmed when this one was written, 0 for none.
    pub confirmed: u64,
    /// What is said in it.
    pub payload: &'bytes [u8],
}

impl<'bytes> Frame<'bytes> {
    /// The frame that `bytes` begin with, if it is whole.
    fn at(bytes: &'bytes [u8]) -> Option<Frame<'bytes>> {
        let (head, rest) = bytes.split_first_chunk::<FRAME_HEAD_BYTES>()?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let number = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        let payload = rest.get(..word(4) as usize)?;
        let whole = head[..4] == MARK
            && payload.len() <= MAX_PAYLOAD_BYTES
            // Nobody comes to count so far, and there has to be a number behind it.
            && number(8) < u64::MAX
            && word(24) == checksum(&head[4..24], payload);
        whole.then(|| Frame { number: number(8), confirmed: number(16), payload })
    }

    /// Bytes on the medium.
    pub const fn length(&self) -> usize {
        FRAME_HEAD_BYTES + self.payload.len()
    }
}

/// What a journal's bytes come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay<'bytes> {
    /// The frames that count, in order.
    pub frames: Vec<Frame<'bytes>>,
    /// Where they end: what lies behind is a torn tail, to be cut before anything is written. 0 if not even the header
    /// is whole.
    pub end: usize,
}

/// Why a journal cannot be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The file is something else.
    #[error("it is no journal of this program's kind: it does not begin as one")]
    Foreign,
    /// Bytes in the middle have changed.
    #[error("it is damaged at byte {at}: frame {missing} was written and confirmed, and is not whole")]
    Damaged {
        /// Where the frame should begin.
        at: usize,
        /// Its number.
        missing: u64,
    },
}

/// Reads a journal.
///
/// # Errors
/// If these are no journal's bytes, or a confirmed frame is not whole. A torn tail is no error.
pub fn replay(bytes: &[u8]) -> Result<Replay<'_>, ReplayError> {
    let Some(body) = bytes.strip_prefix(&HEADER[..]) else {
        // A crash while the journal was made: nothing was promised yet. A disk may give zeros for what it has not got.
        let begun = bytes.len() <= HEADER.len()
            && bytes.iter().zip(HEADER).all(|(&found, wanted)| found == wanted || found == 0);
        return if begun { Ok(Replay { frames: Vec::new(), end: 0 }) } else { Err(ReplayError::Foreign) };
    };
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut place = 0;
    while let Some(frame) = Frame::at(&body[place..]) {
        let last = frames.last().map_or(0, |last| last.number);
        // The first may have any number: a compacted journal goes on counting.
        if frame.number != last + 1 && !frames.is_empty() {
            break;
        }
        place += frame.length();
        frames.push(frame);
    }
    let (at, last) = (HEADER.len() + place, frames.last().map_or(0, |frame| frame.number));
    if later_frames(&body[place..]).any(|later| later.number > last && later.confirmed > last) {
        return Err(ReplayError::Damaged { at, missing: last + 1 });
    }
    Ok(Replay { frames, end: at })
}

/// Whole frames anywhere in `bytes`.
fn later_frames(bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let starts = bytes.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    starts.filter_map(|(start, _)| Frame::at(&bytes[start..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn journal(payloads: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = HEADER.to_vec();
        let mut ends = vec![bytes.len()];
        for (number, payload) in (1..).zip(payloads) {
            put(&mut bytes, number, number - 1, payload);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..8)
    }

    proptest! {
        #[test]
        fn a_journal_cut_anywhere_is_its_whole_frames(payloads in payloads(), cut in any::<proptest::sample::Index>()) {
            let (bytes, ends) = journal(&payloads);
            let cut = cut.index(bytes.len() + 1);
            let replayed = replay(&bytes[..cut]).unwrap();
            let whole = ends.iter().filter(|&&end| end <= cut).count().saturating_sub(1);
            prop_assert_eq!(replayed.frames.len(), whole);
            prop_assert_eq!(replayed.end, if cut < HEADER.len() { 0 } else { ends[whole] });
            for (frame, payload) in replayed.frames.iter().zip(&payloads) {
                prop_assert_eq!(frame.payload, &payload[..]);
            }
        }

        #[test]
        fn a_changed_byte_cuts_the_last_frame_and_is_refused_in_any_other(
            payloads in payloads(), at in any::<proptest::sample::Index>(), with in 1..=255_u8,
        ) {
            let (mut bytes, ends) = journal(&payloads);
            let at = HEADER.len() + at.index(bytes.len() - HEADER.len());
            bytes[at] ^= with;
            let hit = ends.iter().filter(|&&end| end <= at).count();
            match replay(&bytes) {
                Ok(replayed) => {
                    prop_assert_eq!(hit, payloads.len(), "only the last frame may be cut");
                    prop_assert_eq!(replayed.end, ends[hit - 1]);
                }
                Err(error) => {
                    prop_assert!(hit < payloads.len());
                    prop_assert_eq!(error, ReplayError::Damaged { at: ends[hit - 1], missing: hit as u64 });
                }
            }
        }

        #[test]
        fn any_bytes_are_borne(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = replay(&bytes);
            let behind = [&HEADER[..], &bytes].concat();
            let replayed = replay(&behind).unwrap();
            prop_assert!(replayed.end >= HEADER.len());
        }
    }

    #[test]
    fn a_hole_among_unconfirmed_frames_is_a_torn_tail() {
        let mut bytes = HEADER.to_vec();
        let mut ends = Vec::new();
        for number in 1..=4 {
            put(&mut bytes, number, 1, b"a frame whose sectors reach the disk in any order");
            ends.push(bytes.len());
        }
        bytes[ends[1]..ends[2]].fill(0);
        assert_eq!(replay(&bytes).unwrap().end, ends[1], "frames 3 and 4 were never confirmed");
    }

    #[test]
    fn a_journal_that_was_being_made_is_empty_and_another_file_is_refused() {
        for begun in [&b""[..], b"ball", &[0; 16], b"ballast \0\0\0"] {
            assert_eq!(replay(begun).unwrap().end, 0, "{begun:?}");
        }
        for foreign in [&b"#!/bin/sh"[..], b"ballast journal2 and more", &[0; 17]] {
            assert_eq!(replay(foreign), Err(ReplayError::Foreign), "{foreign:?}");
        }
    }

    #[test]
    fn the_last_number_of_all_belongs_to_no_frame() {
        let mut bytes = HEADER.to_vec();
        put(&mut bytes, u64::MAX, 0, b"a number that has none behind it");
        assert_eq!(replay(&bytes).unwrap().frames, []);
    }

    #[test]
    fn a_compacted_journal_goes_on_counting() {
        let mut bytes = HEADER.to_vec();
        put(&mut bytes, 41, 40, b"snapshot");
        put(&mut bytes, 42, 41, b"more");
        assert_eq!(replay(&bytes).unwrap().frames.len(), 2);
    }
}
