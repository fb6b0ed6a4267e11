//! Finds where a message ends, and refuses what is out of bounds, before anything is made of it.
//!
//! The walk goes over the bytes of one message in either encoding, asks for more bytes as it needs them, allocates
//! nothing, and never believes a claim: a length counts once as many bytes have come. What has passed can be decoded
//! from memory by generated code: it is whole, its sizes are true, its nesting is shallow.

use super::limits::Shape;
use std::ops::Range;

/// Bytes of the message under the walk: what came so far, and a way to more.
pub(crate) trait Supply {
    /// The bytes of the message that have come. Always at least as many as [`Supply::ensure`] was asked for.
    fn bytes(&self) -> &[u8];

    /// Waits until the message has at least `count` bytes.
    fn ensure(&mut self, count: usize) -> Result<(), WalkError>;
}

/// Why a walk ended before the message did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WalkError {
    #[error("the stream ended inside a message")]
    Ended,
    #[error("the message arrived too slowly")]
    TooSlow,
    #[error("the messages of all connections together are too large at the moment")]
    Crowded,
    #[error("{0}")]
    Io(std::io::ErrorKind),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("{what} of {claimed} is above the limit of {limit}")]
    TooLarge { what: &'static str, claimed: usize, limit: usize },
}

/// The first part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Where in the message the method's name stands.
    pub(crate) name: Range<usize>,
    pub(crate) kind: MessageKind,
    pub(crate) sequence: i32,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    Call,
    Reply,
    Exception,
    OneWay,
}

impl MessageKind {
    pub(super) fn from_code(code: u8) -> Result<MessageKind, WalkError> {
        match code {
            1 => Ok(MessageKind::Call),
            2 => Ok(MessageKind::Reply),
            3 => Ok(MessageKind::Exception),
            4 => Ok(MessageKind::OneWay),
            _ => Err(WalkError::Malformed("no such kind of message")),
        }
    }
}

/// What a value is, apart from its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Double,
    /// A string or a binary; the wire does not tell which.
    Text,
    Struct,
    Map,
    Set,
    List,
    Uuid,
}

/// The only field that may be larger than [`Shape::text_bytes`]: an image inline in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LargeField {
    pub(crate) method: &'static str,
    /// Field of the arguments or of the result.
    pub(crate) outer: i16,
    /// Field of the struct in it.
    pub(crate) inner: i16,
}

/// One of Thrift's encodings, as far as a walk needs it.
pub(crate) trait Encoding {
    /// Reads the message's first part.
    fn header(at: &mut Cursor<'_, impl Supply>) -> Result<Header, WalkError>;
    /// Reads a field's kind and id; nothing at the struct's end. `last` is the id of the field before it.
    fn field(at: &mut Cursor<'_, impl Supply>, last: i16) -> Result<Option<(Kind, i16)>, WalkError>;
    /// Reads the head of a list or set: its elements' kind and their count.
    fn sequence(at: &mut Cursor<'_, impl Supply>) -> Result<(Kind, usize), WalkError>;
    /// Reads the head of a map. An empty one need not name its kinds.
    fn map(at: &mut Cursor<'_, impl Supply>) -> Result<Option<(Kind, Kind, usize)>, WalkError>;
    /// Reads the length of a string.
    fn length(at: &mut Cursor<'_, impl Supply>) -> Result<usize, WalkError>;
    /// Passes a value that is neither string nor container nor struct.
    fn scalar(at: &mut Cursor<'_, impl Supply>, kind: Kind, is_field: bool) -> Result<(), WalkError>;
}

/// A place in a message, and the bounds on it.
#[derive(Debug)]
pub(crate) struct Cursor<'a, S> {
    supply: &'a mut S,
    place: usize,
    pub(super) shape: &'a Shape,
}

impl<'a, S: Supply> Cursor<'a, S> {
    pub(crate) fn new(supply: &'a mut S, shape: &'a Shape) -> Cursor<'a, S> {
        Cursor { supply, place: 0, shape }
    }

    /// Passes `count` bytes.
    pub(super) fn pass(&mut self, count: usize) -> Result<Range<usize>, WalkError> {
        let end = self.place.saturating_add(count);
        if end > self.shape.message_bytes {
            return Err(WalkError::TooLarge {
                what: "a message",
                claimed: end,
                limit: self.shape.message_bytes,
            });
        }
        self.supply.ensure(end)?;
        let passed = self.place..end;
        self.place = end;
        Ok(passed)
    }

    /// Reads as many bytes as the array has.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], WalkError> {
        let range = self.pass(N)?;
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.supply.bytes()[range]);
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, WalkError> {
        Ok(self.array::<1>()?[0])
    }

    /// Passes the name of a method.
    pub(super) fn name(&mut self, length: usize) -> Result<Range<usize>, WalkError> {
        const LONGEST_NAME: usize = 256;
        if length > LONGEST_NAME {
            return Err(WalkError::TooLarge {
                what: "a method's name",
                claimed: length,
                limit: LONGEST_NAME,
            });
        }
        let range = self.pass(length)?;
        if std::str::from_utf8(&self.supply.bytes()[range.clone()]).is_err() {
            return Err(WalkError::Malformed("the method's name is not text"));
        }
        Ok(range)
    }

    /// Checks a count that a peer claims.
    pub(super) fn count(&self, claimed: usize) -> Result<usize, WalkError> {
        if claimed > self.shape.elements {
            return Err(WalkError::TooLarge { what: "a count", claimed, limit: self.shape.elements });
        }
        Ok(claimed)
    }
}

/// A walk that did not reach the message's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unwalked {
    /// The method's name and the sequence number, if the walk came that far: enough to answer with an exception.
    pub(crate) caller: Option<(String, i32)>,
    pub(crate) error: WalkError,
}

impl From<WalkError> for Unwalked {
    fn from(error: WalkError) -> Unwalked {
        Unwalked { caller: None, error }
    }
}

/// Walks over one message. Answers its header and its length.
pub(crate) fn walk<E: Encoding>(
    supply: &mut impl Supply,
    shape: &Shape,
    large: Option<LargeField>,
) -> Result<(Header, usize), Unwalked> {
    let mut cursor = Cursor::new(supply, shape);
    let header = E::header(&mut cursor)?;
    let large = large.filter(|field| cursor.supply.bytes()[header.name.clone()] == *field.method.as_bytes());
    let path = large.map_or(Path::Elsewhere, |field| Path::Top(field.outer, field.inner));
    match fields::<E>(&mut cursor, 1, path) {
        Ok(()) => Ok((header, cursor.place)),
        Err(error) => {
            let name = &supply.bytes()[header.name];
            Err(Unwalked {
                caller: Some((String::from_utf8_lossy(name).into_owned(), header.sequence)),
                error,
            })
        }
    }
}

/// How far the walk has come towards the large field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    /// In the arguments: two ids ahead.
    Top(i16, i16),
    /// In the struct that holds it: one id ahead.
    Inside(i16),
    /// This is it.
    Here,
    Elsewhere,
}

impl Path {
    fn descend(self, id: i16) -> Path {
        match self {
            Path::Top(outer, inner) if outer == id => Path::Inside(inner),
            Path::Inside(inner) if inner == id => Path::Here,
            _ => Path::Elsewhere,
        }
    }
}

/// Passes the fields of a struct and its end.
fn fields<E: Encoding>(at: &mut Cursor<'_, impl Supply>, depth: usize, path: Path) -> Result<(), WalkError> {
    let mut last = 0;
    while let Some((kind, id)) = E::field(at, last)? {
        last = id;
        value::<E>(at, kind, depth, path.descend(id), true)?;
    }
    Ok(())
}

/// Passes one value.
fn value<E: Encoding>(
    at: &mut Cursor<'_, impl Supply>,
    kind: Kind,
    depth: usize,
    path: Path,
    is_field: bool,
) -> Result<(), WalkError> {
    if matches!(kind, Kind::Struct | Kind::Map | Kind::Set | Kind::List) && depth >= at.shape.depth {
        return Err(WalkError::TooLarge { what: "a nesting", claimed: depth + 1, limit: at.shape.depth });
    }
    match kind {
        Kind::Text => {
            let length = E::length(at)?;
            if length > at.shape.text_bytes && path != Path::Here {
                let limit = at.shape.text_bytes;
                return Err(WalkError::TooLarge { what: "a string", claimed: length, limit });
            }
            at.pass(length)?;
        }
        Kind::Struct => fields::<E>(at, depth + 1, path)?,
        Kind::List | Kind::Set => {
            let (element, count) = E::sequence(at)?;
            for _ in 0..at.count(count)? {
                value::<E>(at, element, depth + 1, Path::Elsewhere, false)?;
            }
        }
        Kind::Map => {
            if let Some((key, held, count)) = E::map(at)? {
                for _ in 0..at.count(count)? {
                    value::<E>(at, key, depth + 1, Path::Elsewhere, false)?;
                    value::<E>(at, held, depth + 1, Path::Elsewhere, false)?;
                }
            }
        }
        scalar => E::scalar(at, scalar, is_field)?,
    }
    Ok(())
}
