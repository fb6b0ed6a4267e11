//! Messages changed at random: whatever comes, the process lives and honest calls are answered.

use crate::raw::*;
use crate::services::*;
use idl::ballast::AttemptRequest;
use proptest::prelude::*;
use std::io::Read;
use std::sync::LazyLock;
use thrift::protocol::{TBinaryOutputProtocol, TCompactOutputProtocol, TOutputProtocol, TSerializable};
use thrift::protocol::{TFieldIdentifier, TMessageIdentifier, TMessageType, TStructIdentifier, TType};
use wire::Running;

/// A good message to begin from.
fn attempt(output: &mut dyn TOutputProtocol) {
    let request = AttemptRequest {
        job_key: "job".to_owned(),
        epoch: 1,
        server_incarnation: 2,
        task: 3,
        attempt: 4,
        seed: 5,
        admission: idl::ballast::Admission::MAY_REJECT,
        operation: "edges".to_owned(),
        strategy: None,
        file: Some(Box::new(idl::ballast::SharedFile::new("/data".to_owned(), "a.png".to_owned()))),
        source: None,
        synthetic_service_us: None,
        segment: None,
        batch: None,
        durable: None,
        folder_made: None,
    };
    output.write_message_begin(&TMessageIdentifier::new("attempt", TMessageType::Call, 1)).unwrap();
    output.write_struct_begin(&TStructIdentifier::new("args")).unwrap();
    output.write_field_begin(&TFieldIdentifier::new("request", TType::Struct, 1)).unwrap();
    request.write_to_out_protocol(output).unwrap();
    output.write_field_end().unwrap();
    output.write_field_stop().unwrap();
    output.write_struct_end().unwrap();
    output.write_message_end().unwrap();
}

fn seeds() -> [Vec<u8>; 4] {
    let mut binary = Vec::new();
    attempt(&mut TBinaryOutputProtocol::new(&mut binary, true));
    let mut compact = Vec::new();
    attempt(&mut TCompactOutputProtocol::new(&mut compact));
    let framed = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let (framed_binary, framed_compact) = (framed(&binary), framed(&compact));
    [binary, compact, framed_binary, framed_compact]
}

/// One change to a message.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Number(usize, u32),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0..400_usize;
    prop_oneof![
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (place.clone(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (place.clone(), 1..12_usize).prop_map(|(at, bytes)| Change::Remove(at, bytes)),
        (place.clone(), 1..40_usize).prop_map(|(at, bytes)| Change::Repeat(at, bytes)),
        (place.clone(), prop_oneof![Just(u32::MAX), Just(1 << 31), Just(0x7fff_ffff), any::<u32>()])
            .prop_map(|(at, number)| Change::Number(at, number)),
        place.prop_map(Change::Cut),
    ]
}

fn apply(message: &mut Vec<u8>, change: &Change) {
    let whole = message.len();
    let length = whole.max(1);
    let span = |at: usize, bytes: usize| (at % length)..(at % length + bytes).min(whole);
    match *change {
        Change::Set(at, byte) => message[span(at, 1)].fill(byte),
        Change::Flip(at, bit) => message[span(at, 1)].iter_mut().for_each(|byte| *byte ^= 1 << bit),
        Change::Remove(at, bytes) => drop(message.drain(span(at, bytes))),
        Change::Repeat(at, bytes) => {
            let again = message[span(at, bytes)].to_vec();
            let at = at % length;
            message.splice(at..at, again);
        }
        Change::Number(at, number) => {
            let place = span(at, 4);
            let bytes = number.to_be_bytes();
            let count = place.len();
            message[place].copy_from_slice(&bytes[..count]);
        }
        Change::Cut(at) => message.truncate(at % length),
    }
}

static NODE: LazyLock<Running> = LazyLock::new(|| node().0);

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_message_harms_nobody(
        seed in 0..4_usize,
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut message = seeds()[seed].clone();
        for change in &changes {
            apply(&mut message, change);
        }
        let mut peer = Raw::connect(&NODE);
        // A good call behind it: if the connection is still in step, that is answered too.
        peer.send(&message).send(&ping());
        // The other side may have hung up already.
        let _ = peer.0.shutdown(std::net::Shutdown::Write);
        let mut answers = Vec::new();
        // A reset is an answer as well.
        let _ = peer.0.read_to_end(&mut answers);
        node_client(&NODE).ping(PATIENCE).unwrap();
        prop_assert_eq!(NODE.counters().panics, 0);
    }
}

#[test]
fn the_messages_to_change_are_good_ones() {
    for message in seeds() {
        let (running, node) = node();
        let mut peer = Raw::connect(&running);
        peer.send(&message);
        peer.0.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        peer.0.read_to_end(&mut answer).unwrap();
        assert!(answer.windows(10).any(|window| window == b"a.png.part"), "{answer:?}");
        assert_eq!(node.attempts.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
