//! The strict binary encoding, as far as a walk needs it.

use super::walk::{Cursor, Encoding, Header, Kind, MessageKind, Supply, WalkError};

/// Thrift's strict binary encoding.
#[derive(Debug)]
pub(crate) enum Binary {}

impl Encoding for Binary {
    fn header(at: &mut Cursor<'_, impl Supply>) -> Result<Header, WalkError> {
        let [high, version, _, kind] = at.array()?;
        if [high, version] != [0x80, 0x01] {
            return Err(WalkError::Malformed("not a strict binary message"));
        }
        let kind = MessageKind::from_code(kind)?;
        let length = Binary::length(at)?;
        let name = at.name(length)?;
        let sequence = i32::from_be_bytes(at.array()?);
        Ok(Header { name, kind, sequence })
    }

    fn field(at: &mut Cursor<'_, impl Supply>, _last: i16) -> Result<Option<(Kind, i16)>, WalkError> {
        let code = at.byte()?;
        if code == 0 {
            return Ok(None);
        }
        Ok(Some((kind(code)?, i16::from_be_bytes(at.array()?))))
    }

    fn sequence(at: &mut Cursor<'_, impl Supply>) -> Result<(Kind, usize), WalkError> {
        let code = at.byte()?;
        Ok((kind(code)?, Binary::length(at)?))
    }

    fn map(at: &mut Cursor<'_, impl Supply>) -> Result<Option<(Kind, Kind, usize)>, WalkError> {
        let [key, held] = at.array()?;
        let count = Binary::length(at)?;
        if count == 0 {
            return Ok(None);
        }
        Ok(Some((kind(key)?, kind(held)?, count)))
    }

    fn length(at: &mut Cursor<'_, impl Supply>) -> Result<usize, WalkError> {
        usize::try_from(i32::from_be_bytes(at.array()?)).map_err(|_| WalkError::Malformed("a negative size"))
    }

    fn scalar(at: &mut Cursor<'_, impl Supply>, kind: Kind, _is_field: bool) -> Result<(), WalkError> {
        let bytes = match kind {
            Kind::Bool | Kind::I8 => 1,
            Kind::I16 => 2,
            Kind::I32 => 4,
            Kind::I64 | Kind::Double => 8,
            Kind::Uuid => 16,
            _ => return Err(WalkError::Malformed("not a scalar")),
        };
        at.pass(bytes).map(drop)
    }
}

fn kind(code: u8) -> Result<Kind, WalkError> {
    Ok(match code {
        2 => Kind::Bool,
        3 => Kind::I8,
        4 => Kind::Double,
        6 => Kind::I16,
        8 => Kind::I32,
        10 => Kind::I64,
        11 => Kind::Text,
        12 => Kind::Struct,
        13 => Kind::Map,
        14 => Kind::Set,
        15 => Kind::List,
        16 => Kind::Uuid,
        _ => return Err(WalkError::Malformed("no such type")),
    })
}
