//! The walk against what the stock library writes: it finds the end of every message, and no end before it.

use super::binary::Binary;
use super::compact::Compact;
use super::limits::Shape;
use super::walk::*;
use proptest::prelude::*;
use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TFieldIdentifier, TListIdentifier, TMapIdentifier,
    TMessageIdentifier, TMessageType, TOutputProtocol, TSetIdentifier, TStructIdentifier, TType,
};

/// All the bytes that will ever come.
struct Whole<'a>(&'a [u8]);

impl Supply for Whole<'_> {
    fn bytes(&self) -> &[u8] {
        self.0
    }

    fn ensure(&mut self, count: usize) -> Result<(), WalkError> {
        if count <= self.0.len() { Ok(()) } else { Err(WalkError::Ended) }
    }
}

#[derive(Clone, Debug)]
enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(f64),
    Text(Vec<u8>),
    Struct(Vec<(i16, Value)>),
    /// Elements of one kind: copies of the first.
    List(Box<Value>, i32),
    Set(Box<Value>, i32),
    Map(Box<Value>, Box<Value>, i32),
}

impl Value {
    fn kind(&self) -> TType {
        match self {
            Value::Bool(_) => TType::Bool,
            Value::I8(_) => TType::I08,
            Value::I16(_) => TType::I16,
            Value::I32(_) => TType::I32,
            Value::I64(_) => TType::I64,
            Value::Double(_) => TType::Double,
            Value::Text(_) => TType::String,
            Value::Struct(_) => TType::Struct,
            Value::List(..) => TType::List,
            Value::Set(..) => TType::Set,
            Value::Map(..) => TType::Map,
        }
    }

    fn write(&self, out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        match self {
            Value::Bool(value) => out.write_bool(*value),
            Value::I8(value) => out.write_i8(*value),
            Value::I16(value) => out.write_i16(*value),
            Value::I32(value) => out.write_i32(*value),
            Value::I64(value) => out.write_i64(*value),
            Value::Double(value) => out.write_double(*value),
            Value::Text(value) => out.write_bytes(value),
            Value::Struct(fields) => write_fields(fields, out),
            Value::List(element, count) => {
                out.write_list_begin(&TListIdentifier::new(element.kind(), *count))?;
                (0..*count).try_for_each(|_| element.write(out))?;
                out.write_list_end()
            }
            Value::Set(element, count) => {
                out.write_set_begin(&TSetIdentifier::new(element.kind(), *count))?;
                (0..*count).try_for_each(|_| element.write(out))?;
                out.write_set_end()
            }
            Value::Map(key, held, count) => {
                out.write_map_begin(&TMapIdentifier::new(key.kind(), held.kind(), *count))?;
                (0..*count).try_for_each(|_| key.write(out).and_then(|()| held.write(out)))?;
                out.write_map_end()
            }
        }
    }
}

fn write_fields(fields: &[(i16, Value)], out: &mut dyn TOutputProtocol) -> thrift::Result<()> {
    out.write_struct_begin(&TStructIdentifier::new("struct"))?;
    for (id, value) in fields {
        out.write_field_begin(&TFieldIdentifier::new("field", value.kind(), *id))?;
        value.write(out)?;
        out.write_field_end()?;
    }
    out.write_field_stop()?;
    out.write_struct_end()
}

fn write_call(method: &str, fields: &[(i16, Value)], out: &mut dyn TOutputProtocol) {
    out.write_message_begin(&TMessageIdentifier::new(method, TMessageType::Call, -7)).unwrap();
    write_fields(fields, out).unwrap();
    out.write_message_end().unwrap();
}

fn binary(method: &str, fields: &[(i16, Value)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_call(method, fields, &mut TBinaryOutputProtocol::new(&mut bytes, true));
    bytes
}

fn compact(method: &str, fields: &[(i16, Value)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_call(method, fields, &mut TCompactOutputProtocol::new(&mut bytes));
    bytes
}

/// Steps between far ids overflow in the stock library's writer.
fn id() -> impl Strategy<Value = i16> {
    prop_oneof![-1_000..1_000_i16, 0..20_i16]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i8>().prop_map(Value::I8),
        any::<i16>().prop_map(Value::I16),
        any::<i32>().prop_map(Value::I32),
        any::<i64>().prop_map(Value::I64),
        any::<f64>().prop_map(Value::Double),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let count = 0..20_i32;
        prop_oneof![
            prop::collection::vec((id(), inner.clone()), 0..5).prop_map(Value::Struct),
            (boxed(), count.clone()).prop_map(|(element, count)| Value::List(element, count)),
            (boxed(), count.clone()).prop_map(|(element, count)| Value::Set(element, count)),
            (boxed(), boxed(), count).prop_map(|(key, held, count)| Value::Map(key, held, count)),
        ]
    })
}

/// Walks the message with bytes behind it, and every beginning of it.
fn check<E: Encoding>(message: &[u8]) -> Result<(), TestCaseError> {
    let shape = Shape::default();
    let longer = [message, &[0x55; 9]].concat();
    let (header, length) = walk::<E>(&mut Whole(&longer), &shape, None).unwrap();
    prop_assert_eq!(length, message.len());
    prop_assert_eq!(&longer[header.name], b"method");
    prop_assert_eq!((header.kind, header.sequence), (MessageKind::Call, -7));
    for cut in 0..message.len() {
        let refused = walk::<E>(&mut Whole(&message[..cut]), &shape, None).unwrap_err();
        prop_assert_eq!(refused.error, WalkError::Ended, "cut at {}", cut);
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_message_ends_where_it_ends(fields in prop::collection::vec((id(), value()), 0..6)) {
        check::<Binary>(&binary("method", &fields))?;
        check::<Compact>(&compact("method", &fields))?;
    }

    #[test]
    fn no_bytes_lead_beyond_themselves(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let shape = Shape::default();
        let started = |head: &[u8]| [head, &bytes].concat();
        let binary = started(&[0x80, 1, 0, 1, 0, 0, 0, 1, b'm', 0, 0, 0, 0]);
        let compact = started(&[0x82, 0x21, 0, 1, b'm']);
        for length in [
            walk::<Binary>(&mut Whole(&binary), &shape, None).map_or(0, |found| found.1),
            walk::<Compact>(&mut Whole(&compact), &shape, None).map_or(0, |found| found.1),
        ] {
            prop_assert!(length <= binary.len());
        }
    }
}

const LARGE: LargeField = LargeField { method: "attempt", outer: 1, inner: 10 };

fn holding(outer: i16, inner: i16, bytes: usize) -> Vec<(i16, Value)> {
    vec![(outer, Value::Struct(vec![(inner, Value::Text(vec![7; bytes]))]))]
}

fn walked(method: &str, fields: &[(i16, Value)], shape: &Shape) -> Result<(), WalkError> {
    let (binary, compact) = (binary(method, fields), compact(method, fields));
    let first =
        walk::<Binary>(&mut Whole(&binary), shape, Some(LARGE)).map(drop).map_err(|refused| refused.error);
    let second =
        walk::<Compact>(&mut Whole(&compact), shape, Some(LARGE)).map(drop).map_err(|refused| refused.error);
    assert_eq!(first, second, "both encodings agree");
    first
}

#[test]
fn only_the_large_field_may_be_large() {
    let shape = Shape { text_bytes: 100, ..Shape::default() };
    let large = Err(WalkError::TooLarge { what: "a string", claimed: 101, limit: 100 });
    assert_eq!(walked("attempt", &holding(1, 10, 101), &shape), Ok(()));
    assert_eq!(walked("attempt", &holding(1, 9, 101), &shape), large);
    assert_eq!(walked("attempt", &holding(2, 10, 101), &shape), large);
    assert_eq!(walked("other", &holding(1, 10, 101), &shape), large);
    assert_eq!(walked("other", &holding(1, 10, 100), &shape), Ok(()));
    let deeper = vec![(1, Value::Struct(vec![(10, Value::Struct(vec![(10, Value::Text(vec![7; 101]))]))]))];
    assert_eq!(walked("attempt", &deeper, &shape), large);
    let in_list = vec![(1, Value::List(Box::new(Value::Struct(vec![(10, Value::Text(vec![7; 101]))])), 1))];
    assert_eq!(walked("attempt", &in_list, &shape), large);
}

#[test]
fn counts_and_nesting_have_bounds_that_can_be_reached() {
    let shape = Shape { elements: 5, depth: 4, ..Shape::default() };
    let list = |count| vec![(1, Value::List(Box::new(Value::I64(1)), count))];
    let map = |count| vec![(1, Value::Map(Box::new(Value::I64(1)), Box::new(Value::Bool(true)), count))];
    let many = Err(WalkError::TooLarge { what: "a count", claimed: 6, limit: 5 });
    assert_eq!((walked("m", &list(5), &shape), walked("m", &map(5), &shape)), (Ok(()), Ok(())));
    assert_eq!((walked("m", &list(6), &shape), walked("m", &map(6), &shape)), (many, many));
    let nested = |levels: usize| {
        let inner = (0..levels).fold(Value::I8(1), |inner, _| Value::Struct(vec![(1, inner)]));
        vec![(1, inner)]
    };
    assert_eq!(walked("m", &nested(3), &shape), Ok(()), "the arguments are the first level");
    let deep = Err(WalkError::TooLarge { what: "a nesting", claimed: 5, limit: 4 });
    assert_eq!(walked("m", &nested(4), &shape), deep);
}

#[test]
fn a_message_has_a_bound_whatever_it_holds() {
    let fields = vec![(1, Value::Text(vec![7; 60])), (2, Value::Text(vec![7; 60]))];
    let shape = Shape { message_bytes: 100, ..Shape::default() };
    let message = binary("m", &fields);
    let refused = walk::<Binary>(&mut Whole(&message), &shape, None).unwrap_err();
    assert_eq!(refused.caller, Some(("m".to_owned(), -7)), "so that it can be told");
    assert!(
        matches!(refused.error, WalkError::TooLarge { what: "a message", limit: 100, .. }),
        "{refused:?}"
    );
    let exact = Shape { message_bytes: message.len(), ..Shape::default() };
    assert!(walk::<Binary>(&mut Whole(&message), &exact, None).is_ok());
}
