//! The compact encoding, as far as a walk needs it.

use super::walk::{Cursor, Encoding, Header, Kind, MessageKind, Supply, WalkError};

/// Thrift's compact encoding, version 1.
#[derive(Debug)]
pub(crate) enum Compact {}

impl Encoding for Compact {
    fn header(at: &mut Cursor<'_, impl Supply>) -> Result<Header, WalkError> {
        let [protocol, version_and_kind] = at.array()?;
        if protocol != 0x82 || version_and_kind & 0x1f != 1 {
            return Err(WalkError::Malformed("not a compact message"));
        }
        let kind = MessageKind::from_code(version_and_kind >> 5)?;
        let sequence = varint32(at)?.cast_signed();
        let length = Compact::length(at)?;
        let name = at.name(length)?;
        Ok(Header { name, kind, sequence })
    }

    fn field(at: &mut Cursor<'_, impl Supply>, last: i16) -> Result<Option<(Kind, i16)>, WalkError> {
        let head = at.byte()?;
        let code = head & 0x0f;
        if code == 0 {
            return Ok(None);
        }
        let kind = kind(code)?;
        let step = i16::from(head >> 4);
        let id = if step == 0 {
            let zigzag = varint32(at)?;
            i16::try_from((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed())).ok()
        } else {
            last.checked_add(step)
        };
        Ok(Some((kind, id.ok_or(WalkError::Malformed("a field's id is out of range"))?)))
    }

    fn sequence(at: &mut Cursor<'_, impl Supply>) -> Result<(Kind, usize), WalkError> {
        let head = at.byte()?;
        let kind = kind(head & 0x0f)?;
        let count = match head >> 4 {
            15 => Compact::length(at)?,
            few => usize::from(few),
        };
        Ok((kind, count))
    }

    fn map(at: &mut Cursor<'_, impl Supply>) -> Result<Option<(Kind, Kind, usize)>, WalkError> {
        let count = Compact::length(at)?;
        if count == 0 {
            return Ok(None);
        }
        let kinds = at.byte()?;
        Ok(Some((kind(kinds >> 4)?, kind(kinds & 0x0f)?, count)))
    }

    fn length(at: &mut Cursor<'_, impl Supply>) -> Result<usize, WalkError> {
        i32::try_from(varint32(at)?)
            .ok()
            .and_then(|length| usize::try_from(length).ok())
            .ok_or(WalkError::Malformed("a negative size"))
    }

    fn scalar(at: &mut Cursor<'_, impl Supply>, kind: Kind, is_field: bool) -> Result<(), WalkError> {
        match kind {
            // A field's head holds its value already; in a container it takes a byte.
            Kind::Bool if is_field => Ok(()),
            Kind::Bool | Kind::I8 => at.pass(1).map(drop),
            Kind::I16 | Kind::I32 => varint(at, 5).map(drop),
            Kind::I64 => varint(at, 10).map(drop),
            Kind::Double => at.pass(8).map(drop),
            Kind::Uuid => at.pass(16).map(drop),
            _ => Err(WalkError::Malformed("not a scalar")),
        }
    }
}

/// A number of at most `longest` bytes of seven bits, the lowest first.
fn varint(at: &mut Cursor<'_, impl Supply>, longest: u32) -> Result<u64, WalkError> {
    let mut number = 0;
    for place in 0..longest {
        let byte = at.byte()?;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(WalkError::Malformed("a number without an end"))
}

fn varint32(at: &mut Cursor<'_, impl Supply>) -> Result<u32, WalkError> {
    u32::try_from(varint(at, 5)?).map_err(|_| WalkError::Malformed("a number above 32 bits"))
}

fn kind(code: u8) -> Result<Kind, WalkError> {
    Ok(match code {
        1 | 2 => Kind::Bool,
        3 => Kind::I8,
        4 => Kind::I16,
        5 => Kind::I32,
        6 => Kind::I64,
        7 => Kind::Double,
        8 => Kind::Text,
        9 => Kind::List,
        10 => Kind::Set,
        11 => Kind::Map,
        12 => Kind::Struct,
        13 => Kind::Uuid,
        _ => return Err(WalkError::Malformed("no such type")),
    })
}
