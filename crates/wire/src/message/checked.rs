//! Refuses values of another type than their sender said they are of.
//!
//! Generated readers choose by a field's id alone how to read it: an integer sent where a string belongs is read as a
//! string of garbage, or, worse, as an empty one. This wrapper remembers the type that stood on the wire and compares it
//! with the type that the reader asks for, so no table of the interface is needed.

use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier, TSetIdentifier,
    TStructIdentifier, TType,
};
use thrift::{ProtocolError, ProtocolErrorKind};

/// Deepest nesting that is followed. The walk before has refused anything deeper than its own bound.
const MAX_DEPTH: usize = 128;

/// What the wire said comes next at one level of nesting.
#[derive(Clone, Copy, Debug)]
enum Announced {
    /// In a struct: the type of the field, once its head was read.
    Field(Option<TType>),
    /// In a list or set.
    Element(TType),
    /// In a map, by turns.
    Key(TType, TType),
    Held(TType, TType),
}

/// An input protocol that refuses a value of another type than announced.
#[derive(Debug)]
pub(crate) struct Checked<P> {
    inner: P,
    levels: [Announced; MAX_DEPTH],
    depth: usize,
    refused: Option<String>,
}

impl<P: TInputProtocol> Checked<P> {
    pub(crate) fn new(inner: P) -> Checked<P> {
        Checked { inner, levels: [Announced::Field(None); MAX_DEPTH], depth: 0, refused: None }
    }

    /// Why a value was refused, if one was.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// The reader wants a value of type `wanted`.
    fn expect(&mut self, wanted: TType) -> thrift::Result<()> {
        let Some(level) = self.depth.checked_sub(1) else {
            // Arguments and results are structs without a head.
            return if wanted == TType::Struct { Ok(()) } else { Err(self.refuse(wanted, None)) };
        };
        let announced = match self.levels[level] {
            Announced::Field(announced) => {
                self.levels[level] = Announced::Field(None);
                announced
            }
            Announced::Element(element) => Some(element),
            Announced::Key(key, held) => {
                self.levels[level] = Announced::Held(key, held);
                Some(key)
            }
            Announced::Held(key, held) => {
                self.levels[level] = Announced::Key(key, held);
                Some(held)
            }
        };
        if announced == Some(wanted) { Ok(()) } else { Err(self.refuse(wanted, announced)) }
    }

    fn refuse(&mut self, wanted: TType, announced: Option<TType>) -> thrift::Error {
        let message = match announced {
            Some(announced) => {
                format!("a value of type {announced} was sent where the interface has one of type {wanted}")
            }
            None => format!("nothing was sent where the interface has a value of type {wanted}"),
        };
        self.refused = Some(message.clone());
        thrift::Error::Protocol(ProtocolError::new(ProtocolErrorKind::InvalidData, message))
    }

    fn enter(&mut self, level: Announced) -> thrift::Result<()> {
        let Some(slot) = self.levels.get_mut(self.depth) else {
            let message = format!("nesting above {MAX_DEPTH}");
            return Err(thrift::Error::Protocol(ProtocolError::new(ProtocolErrorKind::DepthLimit, message)));
        };
        *slot = level;
        self.depth += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

/// The methods that read one value and nothing else.
macro_rules! values {
    ($($method:ident -> $value:ty, $kind:ident;)*) => {$(
        fn $method(&mut self) -> thrift::Result<$value> {
            self.expect(TType::$kind)?;
            self.inner.$method()
        }
    )*};
}

impl<P: TInputProtocol> TInputProtocol for Checked<P> {
    values! {
        read_bool -> bool, Bool;
        read_i8 -> i8, I08;
        read_i16 -> i16, I16;
        read_i32 -> i32, I32;
        read_i64 -> i64, I64;
        read_double -> f64, Double;
        read_bytes -> Vec<u8>, String;
        skip_binary -> (), String;
    }

    fn read_string(&mut self) -> thrift::Result<String> {
        self.expect(TType::String)?;
        let string = self.inner.read_string();
        if string.is_err() {
            self.refused = Some("a string is not UTF-8 text".to_owned());
        }
        string
    }

    fn read_uuid(&mut self) -> thrift::Result<uuid::Uuid> {
        self.expect(TType::Uuid)?;
        self.inner.read_uuid()
    }

    fn read_message_begin(&mut self) -> thrift::Result<TMessageIdentifier> {
        self.inner.read_message_begin()
    }

    fn read_message_end(&mut self) -> thrift::Result<()> {
        self.inner.read_message_end()
    }

    fn read_struct_begin(&mut self) -> thrift::Result<Option<TStructIdentifier>> {
        self.expect(TType::Struct)?;
        self.enter(Announced::Field(None))?;
        self.inner.read_struct_begin()
    }

    fn read_struct_end(&mut self) -> thrift::Result<()> {
        self.leave();
        self.inner.read_struct_end()
    }

    fn read_field_begin(&mut self) -> thrift::Result<TFieldIdentifier> {
        let field = self.inner.read_field_begin()?;
        if field.field_type != TType::Stop
            && let Some(level) = self.depth.checked_sub(1)
        {
            self.levels[level] = Announced::Field(Some(field.field_type));
        }
        Ok(field)
    }

    fn read_field_end(&mut self) -> thrift::Result<()> {
        self.inner.read_field_end()
    }

    fn read_list_begin(&mut self) -> thrift::Result<TListIdentifier> {
        self.expect(TType::List)?;
        let list = self.inner.read_list_begin()?;
        self.enter(Announced::Element(list.element_type))?;
        Ok(list)
    }

    fn read_list_end(&mut self) -> thrift::Result<()> {
        self.leave();
        self.inner.read_list_end()
    }

    fn read_set_begin(&mut self) -> thrift::Result<TSetIdentifier> {
        self.expect(TType::Set)?;
        let set = self.inner.read_set_begin()?;
        self.enter(Announced::Element(set.element_type))?;
        Ok(set)
    }

    fn read_set_end(&mut self) -> thrift::Result<()> {
        self.leave();
        self.inner.read_set_end()
    }

    fn read_map_begin(&mut self) -> thrift::Result<TMapIdentifier> {
        self.expect(TType::Map)?;
        let map = self.inner.read_map_begin()?;
        // An empty map of the compact encoding names no types, and nothing will be read from it.
        let key = map.key_type.unwrap_or(TType::Stop);
        let held = map.value_type.unwrap_or(TType::Stop);
        self.enter(Announced::Key(key, held))?;
        Ok(map)
    }

    fn read_map_end(&mut self) -> thrift::Result<()> {
        self.leave();
        self.inner.read_map_end()
    }

    fn read_byte(&mut self) -> thrift::Result<u8> {
        self.inner.read_byte()
    }

    fn min_serialized_size(&self, field_type: TType) -> usize {
        self.inner.min_serialized_size(field_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl::ballast::{SharedFile, TaskFailure};
    use thrift::protocol::{
        TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
        TSerializable,
    };

    #[test]
    fn what_was_meant_passes_in_both_encodings() {
        let file = SharedFile::new("/data".to_owned(), "a.png".to_owned());
        let mut binary = Vec::new();
        file.write_to_out_protocol(&mut TBinaryOutputProtocol::new(&mut binary, true)).unwrap();
        let mut checked = Checked::new(TBinaryInputProtocol::new(&binary[..], true));
        assert_eq!(SharedFile::read_from_in_protocol(&mut checked).unwrap(), file);
        let mut compact = Vec::new();
        file.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut compact)).unwrap();
        let mut checked = Checked::new(TCompactInputProtocol::new(&compact[..]));
        assert_eq!(SharedFile::read_from_in_protocol(&mut checked).unwrap(), file);
        assert_eq!(checked.refused(), None);
    }

    #[test]
    fn a_field_of_another_type_is_refused() {
        // Field 1 as an i32 of zero, which an unchecked reader takes for an empty string.
        let bytes = [8, 0, 1, 0, 0, 0, 0, 11, 0, 2, 0, 0, 0, 1, b'x', 0];
        let unchecked =
            TaskFailure::read_from_in_protocol(&mut TBinaryInputProtocol::new(&bytes[..], true)).unwrap();
        assert_eq!(unchecked.file_name, "");
        let mut checked = Checked::new(TBinaryInputProtocol::new(&bytes[..], true));
        TaskFailure::read_from_in_protocol(&mut checked).unwrap_err();
        assert_eq!(
            checked.refused(),
            Some("a value of type i32 was sent where the interface has one of type string")
        );
    }

    #[test]
    fn an_unknown_field_is_skipped_whatever_it_holds() {
        // Field 9: a map of strings to lists of booleans.
        let unknown = [13, 0, 9, 11, 15, 0, 0, 0, 1, 0, 0, 0, 1, b'k', 2, 0, 0, 0, 2, 1, 0];
        let known = [11, 0, 1, 0, 0, 0, 1, b'x', 11, 0, 2, 0, 0, 0, 1, b'y', 0];
        let bytes = [&unknown[..], &known].concat();
        let mut checked = Checked::new(TBinaryInputProtocol::new(&bytes[..], true));
        let failure = TaskFailure::read_from_in_protocol(&mut checked).unwrap();
        assert_eq!((failure.file_name, failure.why), ("x".to_owned(), "y".to_owned()));
    }
}
