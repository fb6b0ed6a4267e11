//! What a part has seen, what all have seen together, and both as bytes for the wire.

use super::SegmentError;
use crate::kernel::histogram::Histogram;
use crate::kernel::hough;
use crate::kernel::joints::{self, Borders};

/// What one part has seen of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partial {
    /// How often each sample value occurs in the part.
    Histogram(Box<[u64; 256]>),
    /// The smallest and the largest sample of the part; 255 and 0 when it has none.
    Extremes(u8, u8),
    /// Which edge components of the part reach pixels that other parts see too.
    Borders(Borders),
    /// Votes for lines.
    Votes(hough::Votes),
}

/// What all parts together have seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Summary {
    /// Counts of the whole picture.
    Histogram(Box<[u64; 256]>),
    /// The smallest and the largest sample of the whole picture.
    Extremes(u8, u8),
    /// For each part, the components of its own numbering that are edges.
    Kept(Vec<Vec<u32>>),
    /// Lines as angle and distance, strongest first.
    Lines(Vec<[u32; 2]>),
}

impl Summary {
    /// Puts the partials of all parts, in the order of the parts, together.
    ///
    /// # Errors
    /// No partials, or partials of different kinds.
    pub fn combine(partials: &[Partial]) -> Result<Summary, SegmentError> {
        match partials.first() {
            None => Err(SegmentError::Mismatch { reason: "there is none" }),
            Some(Partial::Histogram(_)) => {
                let of = |p: &Partial| if let Partial::Histogram(counts) = p { Some(**counts) } else { None };
                let mut total: Histogram = [0; 256];
                for counts in all(partials, of)? {
                    total
                        .iter_mut()
                        .zip(counts)
                        .for_each(|(total, count)| *total = total.saturating_add(count));
                }
                Ok(Summary::Histogram(Box::new(total)))
            }
            Some(Partial::Extremes(..)) => {
                let of = |p: &Partial| {
                    if let Partial::Extremes(low, high) = p { Some((*low, *high)) } else { None }
                };
                let (lows, highs): (Vec<u8>, Vec<u8>) = all(partials, of)?.into_iter().unzip();
                let (low, high) = (lows.into_iter().min(), highs.into_iter().max());
                Ok(Summary::Extremes(low.unwrap_or(255), high.unwrap_or(0)))
            }
            Some(Partial::Borders(_)) => {
                let of = |p: &Partial| {
                    if let Partial::Borders(borders) = p { Some(borders.clone()) } else { None }
                };
                Ok(Summary::Kept(joints::join(&all(partials, of)?)))
            }
            Some(Partial::Votes(_)) => {
                let of = |p: &Partial| if let Partial::Votes(votes) = p { Some(votes.clone()) } else { None };
                let lines = hough::Votes::add_up(all(partials, of)?).map(|votes| votes.lines());
                lines
                    .map(Summary::Lines)
                    .ok_or(SegmentError::Mismatch { reason: "votes of different pictures" })
            }
        }
    }
}

/// The content of each partial, if all are of one kind.
fn all<T>(partials: &[Partial], of: impl Fn(&Partial) -> Option<T>) -> Result<Vec<T>, SegmentError> {
    let contents: Option<Vec<T>> = partials.iter().map(of).collect();
    contents.ok_or(SegmentError::Mismatch { reason: "they are of different kinds" })
}

/// Little-endian words behind a first byte that tells the kind.
struct Writer(Vec<u8>);

impl Writer {
    fn kind(kind: u8) -> Writer {
        Writer(vec![kind])
    }

    fn word(mut self, word: u32) -> Writer {
        self.0.extend(word.to_le_bytes());
        self
    }

    fn words(mut self, words: impl IntoIterator<Item = u32>) -> Writer {
        words.into_iter().for_each(|word| self.0.extend(word.to_le_bytes()));
        self
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], SegmentError> {
        let (bytes, rest) =
            self.0.split_first_chunk().ok_or(SegmentError::Bytes { reason: "they end too early" })?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn word(&mut self) -> Result<u32, SegmentError> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    /// A count of items of at least `size` bytes each, no more than the bytes that are left could hold.
    fn count(&mut self, size: usize) -> Result<usize, SegmentError> {
        let count = self.word()? as usize;
        if count > self.0.len() / size {
            return Err(SegmentError::Bytes { reason: "they promise more than they hold" });
        }
        Ok(count)
    }

    fn points<const N: usize>(&mut self) -> Result<Vec<[u32; N]>, SegmentError> {
        let count = self.count(4 * N)?;
        (0..count)
            .map(|_| {
                let mut point = [0; N];
                for word in &mut point {
                    *word = self.word()?;
                }
                Ok(point)
            })
            .collect()
    }

    fn words(&mut self) -> Result<Vec<u32>, SegmentError> {
        Ok(self.points::<1>()?.into_iter().map(|[word]| word).collect())
    }

    fn counts(&mut self) -> Result<Box<[u64; 256]>, SegmentError> {
        let mut counts = Box::new([0; 256]);
        for count in counts.iter_mut() {
            *count = u64::from_le_bytes(self.bytes()?);
        }
        Ok(counts)
    }

    fn end<T>(self, value: T) -> Result<T, SegmentError> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(SegmentError::Bytes { reason: "something follows them" })
        }
    }
}

const UNKNOWN: SegmentError = SegmentError::Bytes { reason: "their kind is unknown" };

fn write_counts(kind: u8, counts: &[u64; 256]) -> Vec<u8> {
    std::iter::once(kind).chain(counts.iter().flat_map(|count| count.to_le_bytes())).collect()
}

impl Partial {
    /// As bytes for the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Partial::Histogram(counts) => write_counts(1, counts),
            Partial::Extremes(low, high) => vec![2, *low, *high],
            Partial::Borders(Borders { strong, weak }) => {
                Writer::kind(3)
                    .word(strong.len() as u32)
                    .words(strong.iter().flatten().copied())
                    .word(weak.len() as u32)
                    .words(weak.iter().flatten().copied())
                    .0
            }
            Partial::Votes(votes) => {
                let head = Writer::kind(4).words([votes.distances, votes.least, votes.count]);
                head.word(votes.votes.len() as u32).words(votes.votes.iter().copied()).0
            }
        }
    }

    /// From bytes of the wire.
    ///
    /// # Errors
    /// Bytes that [`to_bytes`](Self::to_bytes) has not made.
    pub fn from_bytes(bytes: &[u8]) -> Result<Partial, SegmentError> {
        let mut reader = Reader(bytes);
        let partial = match reader.bytes::<1>()? {
            [1] => Partial::Histogram(reader.counts()?),
            [2] => {
                let [low, high] = reader.bytes()?;
                Partial::Extremes(low, high)
            }
            [3] => Partial::Borders(Borders { strong: reader.points()?, weak: reader.points()? }),
            [4] => {
                let [distances, least, count] = [reader.word()?, reader.word()?, reader.word()?];
                Partial::Votes(hough::Votes { distances, least, count, votes: reader.words()? })
            }
            _ => return Err(UNKNOWN),
        };
        reader.end(partial)
    }
}

impl Summary {
    /// As bytes for the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Summary::Histogram(counts) => write_counts(1, counts),
            Summary::Extremes(low, high) => vec![2, *low, *high],
            Summary::Kept(parts) => {
                let head = Writer::kind(3).word(parts.len() as u32);
                let part = |writer: Writer, kept: &Vec<u32>| {
                    writer.word(kept.len() as u32).words(kept.iter().copied())
                };
                parts.iter().fold(head, part).0
            }
            Summary::Lines(lines) => {
                Writer::kind(4).word(lines.len() as u32).words(lines.iter().flatten().copied()).0
            }
        }
    }

    /// From bytes of the wire.
    ///
    /// # Errors
    /// Bytes that [`to_bytes`](Self::to_bytes) has not made.
    pub fn from_bytes(bytes: &[u8]) -> Result<Summary, SegmentError> {
        let mut reader = Reader(bytes);
        let summary = match reader.bytes::<1>()? {
            [1] => Summary::Histogram(reader.counts()?),
            [2] => {
                let [low, high] = reader.bytes()?;
                Summary::Extremes(low, high)
            }
            [3] => {
                let parts = reader.count(4)?;
                Summary::Kept((0..parts).map(|_| reader.words()).collect::<Result<_, _>>()?)
            }
            [4] => Summary::Lines(reader.points()?),
            _ => return Err(UNKNOWN),
        };
        reader.end(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            strong in vec(any::<[u32; 2]>(), 0..9),
            weak in vec(any::<[u32; 3]>(), 0..9),
            kept in vec(vec(any::<u32>(), 0..5), 0..5),
            counts in vec(any::<u64>(), 256),
            head in any::<[u32; 3]>(),
        ) {
            let counts: Box<[u64; 256]> = counts.into_boxed_slice().try_into().unwrap();
            let votes = hough::Votes { distances: head[0], least: head[1], count: head[2], votes: head.to_vec() };
            for partial in [
                Partial::Histogram(counts.clone()),
                Partial::Extremes(head[0] as u8, head[1] as u8),
                Partial::Borders(Borders { strong: strong.clone(), weak }),
                Partial::Votes(votes),
            ] {
                prop_assert_eq!(Partial::from_bytes(&partial.to_bytes()), Ok(partial.clone()));
            }
            for summary in [
                Summary::Histogram(counts),
                Summary::Extremes(head[0] as u8, head[1] as u8),
                Summary::Kept(kept),
                Summary::Lines(strong),
            ] {
                prop_assert_eq!(Summary::from_bytes(&summary.to_bytes()), Ok(summary.clone()));
            }
        }

        #[test]
        fn hostile_bytes_are_an_error_or_harmless(bytes in vec(any::<u8>(), 0..80), kind in 0u8..6) {
            let bytes = [&[kind][..], &bytes].concat();
            if let Ok(partial) = Partial::from_bytes(&bytes) {
                prop_assert_eq!(partial.to_bytes(), bytes.clone());
                let _ = Summary::combine(&[partial.clone(), partial]);
            }
            if let Ok(summary) = Summary::from_bytes(&bytes) {
                prop_assert_eq!(summary.to_bytes(), bytes);
            }
        }
    }
}
