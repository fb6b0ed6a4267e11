//! How a message arrives on a connection: whole, in time, one read for a small one.

use super::binary::Binary;
use super::budget::{FREE_BYTES, Share};
use super::compact::Compact;
use super::dialect::{Dialect, EncodingName};
use super::intake::Intake;
use super::limits::Shape;
use super::walk::{self, Header, LargeField, Supply, Unwalked, WalkError};
use crate::channel::Channel;
use std::io;
use std::time::{Duration, Instant};

/// Bytes of the length before a framed message.
const FRAME_HEAD_BYTES: usize = 4;

/// A connection's reading side: what came, and the time-outs in force.
#[derive(Debug, Default)]
pub(crate) struct Reading<'b> {
    intake: Intake,
    /// Part of the port's memory for large messages.
    share: Share<'b>,
}

/// How long a message may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the message's first byte.
    pub(crate) first: Duration,
    /// From the first byte to the last one, when the deadline is not given.
    pub(crate) rest: Duration,
    /// Adds to `rest` with what arrives: the slowest rate that is not cut.
    pub(crate) slowest_bytes_per_second: u32,
    /// The last moment, whatever arrived.
    pub(crate) deadline: Option<Instant>,
}

/// A message that has arrived whole and lies at the front of a [`Reading`].
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) header: Header,
    /// Bytes of a frame's length before it.
    skip: usize,
    length: usize,
}

/// Why there is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoMessage {
    /// The peer closed the connection between messages.
    Closed,
    /// Nothing came in time.
    Silent,
    /// Something came, but it was no message.
    Unwalked(Unwalked),
}

impl From<WalkError> for NoMessage {
    fn from(error: WalkError) -> NoMessage {
        NoMessage::Unwalked(error.into())
    }
}

impl<'b> Reading<'b> {
    /// A reading side whose large messages come out of a budget.
    pub(crate) fn sharing(share: Share<'b>) -> Reading<'b> {
        Reading { share, ..Reading::default() }
    }

    /// Waits for the next `N` bytes and looks at them.
    pub(crate) fn peek<const N: usize>(
        &mut self,
        channel: &mut Channel,
        patience: Patience,
    ) -> Result<[u8; N], NoMessage> {
        let mut arrival = self.arrival(channel, patience)?;
        arrival.ensure(N)?;
        let mut head = [0; N];
        head.copy_from_slice(&arrival.bytes()[..N]);
        Ok(head)
    }

    /// Waits for the next `N` bytes and takes them.
    pub(crate) fn take<const N: usize>(
        &mut self,
        channel: &mut Channel,
        patience: Patience,
    ) -> Result<[u8; N], NoMessage> {
        let taken = self.peek(channel, patience)?;
        self.intake.consume(N);
        Ok(taken)
    }

    /// What has arrived and was not consumed.
    pub(crate) fn arrived(&self) -> &[u8] {
        self.intake.waiting()
    }

    /// Takes away what has arrived, for who understands it otherwise.
    pub(crate) fn take_arrived(&mut self) -> Vec<u8> {
        let arrived = self.intake.waiting().to_vec();
        self.intake.clear();
        arrived
    }

    /// Waits for one whole message.
    pub(crate) fn message(
        &mut self,
        channel: &mut Channel,
        dialect: Dialect,
        patience: Patience,
        shape: &Shape,
        large: Option<LargeField>,
    ) -> Result<Message, NoMessage> {
        let mut arrival = self.arrival(channel, patience)?;
        let found = match dialect.framed {
            false => whole(&mut arrival, dialect.encoding, shape, large),
            true => framed(&mut arrival, dialect.encoding, shape, large),
        };
        let (header, skip, length) = found.map_err(NoMessage::Unwalked)?;
        Ok(Message { header, skip, length })
    }

    /// The bytes of a message that has arrived.
    pub(crate) fn bytes(&self, message: &Message) -> &[u8] {
        &self.intake.waiting()[message.skip..message.skip + message.length]
    }

    /// Makes place for the next message.
    pub(crate) fn consume(&mut self, message: &Message) {
        self.intake.consume(message.skip + message.length);
        self.share.release();
    }

    /// Whether bytes came that belong to no message yet.
    pub(crate) fn has_leftovers(&self) -> bool {
        !self.intake.waiting().is_empty()
    }

    /// Forgets everything, as for another connection.
    pub(crate) fn reset(&mut self) {
        self.intake.clear();
        self.share.release();
    }

    /// Waits for the first byte.
    fn arrival<'a>(
        &'a mut self,
        channel: &'a mut Channel,
        patience: Patience,
    ) -> Result<Arrival<'a, 'b>, NoMessage> {
        let mut arrival = Arrival { reading: self, channel, patience, base: 0, end: None };
        if arrival.bytes().is_empty() {
            match arrival.read(1, patience.first) {
                Ok(0) => return Err(NoMessage::Closed),
                Ok(_) => {}
                Err(kind) if is_time_out(kind) => return Err(NoMessage::Silent),
                Err(kind) => return Err(WalkError::Io(kind).into()),
            }
        }
        Ok(arrival)
    }
}

type Found = (Header, usize, usize);

fn whole(
    arrival: &mut Arrival<'_, '_>,
    encoding: EncodingName,
    shape: &Shape,
    large: Option<LargeField>,
) -> Result<Found, Unwalked> {
    let (header, length) = match encoding {
        EncodingName::Binary => walk::walk::<Binary>(arrival, shape, large)?,
        EncodingName::Compact => walk::walk::<Compact>(arrival, shape, large)?,
    };
    Ok((header, arrival.base, length))
}

fn framed(
    arrival: &mut Arrival<'_, '_>,
    encoding: EncodingName,
    shape: &Shape,
    large: Option<LargeField>,
) -> Result<Found, Unwalked> {
    arrival.ensure(FRAME_HEAD_BYTES)?;
    let mut head = [0; FRAME_HEAD_BYTES];
    head.copy_from_slice(&arrival.bytes()[..FRAME_HEAD_BYTES]);
    let claimed = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if claimed > shape.message_bytes {
        return Err(WalkError::TooLarge { what: "a frame", claimed, limit: shape.message_bytes }.into());
    }
    arrival.base = FRAME_HEAD_BYTES;
    arrival.end = Some(claimed);
    let found = whole(arrival, encoding, shape, large)?;
    if found.2 == claimed {
        Ok(found)
    } else {
        Err(WalkError::Malformed("the frame is longer than its message").into())
    }
}

/// One message on its way in.
struct Arrival<'a, 'b> {
    reading: &'a mut Reading<'b>,
    channel: &'a mut Channel,
    patience: Patience,
    /// Bytes of a frame's length before the message.
    base: usize,
    /// Length that the frame gives to the message.
    end: Option<usize>,
}

impl Supply for Arrival<'_, '_> {
    fn bytes(&self) -> &[u8] {
        &self.reading.intake.waiting()[self.base..]
    }

    fn ensure(&mut self, count: usize) -> Result<(), WalkError> {
        if self.end.is_some_and(|end| count > end) {
            return Err(WalkError::Malformed("the frame is shorter than its message"));
        }
        if count <= self.bytes().len() {
            return Ok(());
        }
        self.wait_for(count)
    }
}

impl Arrival<'_, '_> {
    /// The uncommon way: the message did not come in one piece.
    fn wait_for(&mut self, count: usize) -> Result<(), WalkError> {
        while self.bytes().len() < count {
            let now = Instant::now();
            let deadline = *self.patience.deadline.get_or_insert(now + self.patience.rest);
            let rate = u64::from(self.patience.slowest_bytes_per_second);
            let received = self.reading.intake.waiting().len();
            // No rate given: the deadline stands.
            let earned =
                (received as u64 * 1_000_000).checked_div(rate).map_or(Duration::ZERO, Duration::from_micros);
            let left = (deadline + earned).saturating_duration_since(now);
            if left.is_zero() {
                return Err(WalkError::TooSlow);
            }
            let wanted = count - self.bytes().len();
            // As much as the intake may make room for.
            if !self.reading.share.grow_to(received + wanted.min(received.max(FREE_BYTES))) {
                return Err(WalkError::Crowded);
            }
            match self.read(wanted, left) {
                Ok(0) => return Err(WalkError::Ended),
                Ok(_) => {}
                Err(kind) if is_time_out(kind) => return Err(WalkError::TooSlow),
                Err(kind) => return Err(WalkError::Io(kind)),
            }
        }
        Ok(())
    }

    /// One read that waits at most `time_out`.
    fn read(&mut self, wanted: usize, time_out: Duration) -> Result<usize, io::ErrorKind> {
        let mut left = time_out;
        let mut begun = None;
        loop {
            self.channel.wait_at_most(left).map_err(|error| error.kind())?;
            match self.reading.intake.read_from(self.channel, wanted) {
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.kind()),
            }
            // A peer that sends a sealed record byte by byte gains no time by it.
            let begun = *begun.get_or_insert_with(Instant::now);
            left = time_out.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut);
            }
        }
    }
}

/// A time-out of a socket shows as either kind, by platform.
pub(crate) fn is_time_out(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
