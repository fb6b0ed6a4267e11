//! What broken and hostile peers send. After each of it an honest call is answered.

use crate::raw::*;
use crate::services::*;
use std::sync::atomic::Ordering;
use wire::node::Work;
use wire::{CallError, Counters, Limits, Running, Shape};

const UNKNOWN_METHOD: i32 = 1;
const PROTOCOL_ERROR: i32 = 7;

/// An honest call on a connection of its own.
fn assert_serves(running: &Running) {
    node_client(running).ping(PATIENCE).unwrap();
}

/// Sends one message and expects an exception that says `words`, and the connection's end.
fn assert_refused(method: &str, body: &[u8], words: &str) {
    let (running, node) = node();
    let mut peer = Raw::connect(&running);
    let answer = peer.send(&call(method, body)).answer();
    let Answer::Exception(of, PROTOCOL_ERROR, said) = &answer else { panic!("{method}: {answer:?}") };
    assert_eq!(of, method);
    assert!(said.contains(words), "{said}");
    peer.wait_for_close();
    assert_serves(&running);
    assert_eq!(node.attempts.load(Ordering::SeqCst), 0, "no such message reaches the service");
    assert_eq!(running.counters().malformed, 1);
}

/// Arguments whose first field, the request, begins with the given bytes.
fn in_request(bytes: &[u8]) -> Vec<u8> {
    [&field(STRUCT, 1)[..], bytes].concat()
}

#[test]
fn a_list_bomb_is_refused_by_its_claim() {
    let bomb = [&field(LIST, 99)[..], &[STRUCT], &100_000_000_i32.to_be_bytes()].concat();
    assert_refused("attempt", &in_request(&bomb), "a count of 100000000 is above the limit of 100000");
}

#[test]
fn a_map_bomb_is_refused_by_its_claim() {
    let bomb = [&field(MAP, 4)[..], &[TEXT, TEXT], &i32::MAX.to_be_bytes()].concat();
    assert_refused("attempt", &in_request(&bomb), "a count of 2147483647 is above the limit");
}

#[test]
fn a_giant_string_is_refused_by_its_claim() {
    let giant = [&field(TEXT, 1)[..], &i32::MAX.to_be_bytes()].concat();
    assert_refused("attempt", &in_request(&giant), "a string of 2147483647 is above the limit of 65536");
    assert_refused("execute", &giant, "a string of 2147483647 is above the limit of 65536");
}

#[test]
fn a_giant_inline_image_is_refused_by_its_claim() {
    let giant = [&field(TEXT, 10)[..], &(100_i32 << 20).to_be_bytes()].concat();
    assert_refused("attempt", &in_request(&giant), "a message of 1048576");
}

#[test]
fn a_negative_length_is_refused() {
    let negative = [&field(TEXT, 1)[..], &(-1_i32).to_be_bytes()].concat();
    assert_refused("attempt", &in_request(&negative), "a negative size");
}

#[test]
fn a_type_that_does_not_exist_is_refused() {
    assert_refused("attempt", &in_request(&field(9, 1)), "no such type");
}

#[test]
fn deep_nesting_is_refused_in_known_and_unknown_fields() {
    let structs = field(STRUCT, 1).repeat(100_000);
    assert_refused("attempt", &structs, "a nesting of 65 is above the limit of 64");
    let lists = [&field(LIST, 99)[..], &[LIST, 0, 0, 0, 1].repeat(100_000)].concat();
    assert_refused("ping", &lists, "a nesting of 65 is above the limit of 64");
}

#[test]
fn nesting_as_deep_as_allowed_is_skipped_on_a_small_stack() {
    let (running, _) = node();
    let mut peer = Raw::connect(&running);
    // 62 levels below the arguments and the unknown field's struct.
    let body = [field(STRUCT, 99), field(STRUCT, 1).repeat(62), vec![0; 64]].concat();
    assert_eq!(peer.send(&call("describe", &body)).answer(), Answer::Reply("describe".to_owned()));
}

#[test]
fn many_large_messages_at_once_share_a_budget() {
    let (running, node) = node_with(Limits { buffered_bytes: 1 << 20, ..Limits::default() });
    let client = node_client(&running);
    let attempt = |operation| client.attempt(&request(operation, Work::Inline(vec![7; 900_000])), PATIENCE);
    attempt("edges").unwrap().unwrap();
    std::thread::scope(|scope| {
        let held = scope.spawn(|| attempt("hold"));
        node.gate.wait_for(1);
        let error = attempt("edges").unwrap_err();
        // On a machine that stalls, the connection's end can overtake the words.
        let told = matches!(&error, CallError::Refused { why, .. } if why.contains("together are too large"));
        assert!(told || matches!(error, CallError::Broken { .. }), "{error:?}");
        assert_eq!(running.counters().malformed, 1);
        assert_serves(&running);
        node.gate.open();
        held.join().unwrap().unwrap().unwrap();
    });
    attempt("edges").unwrap().unwrap();
}

#[test]
fn an_image_as_large_as_allowed_passes_and_one_byte_more_does_not() {
    let limits = Limits { shape: Shape { message_bytes: 100_000, ..Shape::default() }, ..Limits::default() };
    let (running, _) = node_with(limits);
    let client = node_client(&running);
    let inline = |bytes: usize| request("edges", Work::Inline(vec![7; bytes]));
    client.attempt(&inline(99_000), PATIENCE).unwrap().unwrap();
    let error = client.attempt(&inline(100_001), PATIENCE).unwrap_err();
    assert!(error.to_string().contains("above the limit of 100000"), "{error}");
    assert_serves(&running);
}

#[test]
fn an_unknown_method_is_answered_and_its_arguments_skipped() {
    let (running, _) = node();
    let mut peer = Raw::connect(&running);
    let arguments =
        [&field(TEXT, 1)[..], &text(b"hello"), &field(LIST, 2), &[I32, 0, 0, 0, 1, 0, 0, 0, 9], &[0]];
    let answer = peer.send(&call("from_the_future", &arguments.concat())).answer();
    let words = "unknown method from_the_future".to_owned();
    assert_eq!(answer, Answer::Exception("from_the_future".to_owned(), UNKNOWN_METHOD, words));
    assert!(peer.is_alive(), "the next call finds the connection in step");
}

#[test]
fn an_unknown_one_way_message_is_not_answered() {
    let (running, _) = node();
    let mut peer = Raw::connect(&running);
    peer.send(&message_of(ONE_WAY, "from_the_future", 1, &[0]));
    assert!(peer.is_alive(), "the first answer is the ping's");
}

#[test]
fn values_of_wrong_types_are_no_success_and_keep_the_connection() {
    let (running, node) = node();
    let mut peer = Raw::connect(&running);
    let number_for_text =
        [&field(I64, 1)[..], &3_i64.to_be_bytes(), &field(TEXT, 2), &text(b"a.png"), &[0]].concat();
    let zero_for_text = [&field(I32, 1)[..], &[0; 4], &field(TEXT, 2), &text(b"a.png"), &[0]].concat();
    let list_for_text =
        [&field(LIST, 1)[..], &[BOOL, 0, 0, 0, 1, 1], &field(TEXT, 2), &text(b"a.png"), &[0]].concat();
    let text_for_struct = [&field(TEXT, 1)[..], &text(b"x"), &[0]].concat();
    for (method, body) in [
        ("execute", &number_for_text),
        ("execute", &zero_for_text),
        ("delayed_execute", &list_for_text),
        ("attempt", &text_for_struct),
    ] {
        let answer = peer.send(&call(method, body)).answer();
        let Answer::Exception(of, PROTOCOL_ERROR, said) = &answer else { panic!("{method}: {answer:?}") };
        assert_eq!(of, method);
        assert!(said.starts_with("a value of type "), "{said}");
        assert!(peer.is_alive());
    }
    assert_eq!(node.executes.load(Ordering::SeqCst) + node.attempts.load(Ordering::SeqCst), 0);
    assert_eq!(running.counters().wrong_types, 4);
}

#[test]
fn text_that_is_none_is_refused_and_keeps_the_connection() {
    let (running, node) = node();
    let mut peer = Raw::connect(&running);
    let body = [&field(TEXT, 1)[..], &text(b"\xff\xfe"), &field(TEXT, 2), &text(b"a.png"), &[0]].concat();
    let answer = peer.send(&call("execute", &body)).answer();
    let words = "a string is not UTF-8 text".to_owned();
    assert_eq!(answer, Answer::Exception("execute".to_owned(), PROTOCOL_ERROR, words));
    assert!(peer.is_alive());
    assert_eq!(node.executes.load(Ordering::SeqCst), 0);
}

#[test]
fn missing_arguments_are_answered_however_often() {
    let (running, node) = node();
    let mut peer = Raw::connect(&running);
    // As many as the nesting may be deep, in case a failed decoding left a level behind.
    for _ in 0..100 {
        let answer = peer.send(&call("attempt", &in_request(&[0, 0]))).answer();
        assert!(matches!(&answer, Answer::Exception(of, ..) if of == "attempt"), "{answer:?}");
        let answer = peer.send(&call("execute", &[0])).answer();
        assert!(matches!(&answer, Answer::Exception(of, ..) if of == "execute"), "{answer:?}");
    }
    assert!(peer.is_alive());
    assert_eq!(node.executes.load(Ordering::SeqCst) + node.attempts.load(Ordering::SeqCst), 0);
}

#[test]
fn a_reply_is_no_call() {
    for kind in [REPLY, EXCEPTION, 0, 5, 255] {
        let (running, _) = node();
        let mut peer = Raw::connect(&running);
        peer.send(&message_of(kind, "ping", 1, &[0])).wait_for_close();
        assert_serves(&running);
        assert_eq!(running.counters().malformed, 1, "kind {kind}");
    }
}

#[test]
fn what_is_not_thrift_is_closed() {
    let junk: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"\x00\x00\x00\x20\x0f\xff\x00\x00",
        b"\xff\xff\xff\xff\x80\x01\x00\x01",
        b"hello, anybody there?\n",
    ];
    let (running, _) = node();
    for (sent, bytes) in junk.iter().enumerate() {
        Raw::connect(&running).send(bytes).wait_for_close();
        assert_eq!(running.counters().foreign, sent as u64 + 1, "{bytes:?}");
    }
    assert_serves(&running);
}

#[test]
fn a_long_method_name_is_refused() {
    let (running, _) = node();
    let mut peer = Raw::connect(&running);
    peer.send(&[&[0x80, 1, 0, 1][..], &(90_i32 << 20).to_be_bytes()].concat()).wait_for_close();
    let mut peer = Raw::connect(&running);
    peer.send(&[&[0x80, 1, 0, 1][..], &text(b"\xff\xff"), &[0; 5]].concat()).wait_for_close();
    assert_serves(&running);
    assert_eq!(running.counters().malformed, 2);
}

#[test]
fn a_frame_that_does_not_fit_its_message_is_refused() {
    let (running, _) = node();
    let framed = |length: usize| [&u32::try_from(length).unwrap().to_be_bytes()[..], &ping()].concat();
    let whole = ping().len();
    Raw::connect(&running).send(&framed(whole - 1)).send(&[0; 8]).wait_for_close();
    let mut longer = Raw::connect(&running);
    longer.send(&framed(whole + 3)).send(&[0; 3]).wait_for_close();
    assert_serves(&running);
    assert_eq!(running.counters().malformed, 2);
}

#[test]
fn half_a_message_and_goodbye_is_no_trouble() {
    let (running, _) = node();
    let whole = ping();
    for cut in 1..whole.len() {
        let mut peer = Raw::connect(&running);
        peer.send(&whole[..cut]).0.shutdown(std::net::Shutdown::Write).unwrap();
        peer.wait_for_close();
    }
    assert_serves(&running);
    assert_eq!(running.counters(), Counters { accepted: whole.len() as u64, calls: 1, ..running.counters() });
}

#[test]
fn a_message_in_single_bytes_is_still_a_message() {
    let (running, _) = node();
    let mut peer = Raw::connect(&running);
    for byte in call("describe", &[0]) {
        peer.send(&[byte]);
    }
    assert_eq!(peer.answer(), Answer::Reply("describe".to_owned()));
}

#[test]
fn several_calls_in_one_packet_are_answered_in_order() {
    let (running, _) = node();
    let mut peer = Raw::connect(&running);
    let calls: Vec<u8> = (1..=3).flat_map(|sequence| message_of(CALL, "ping", sequence, &[0])).collect();
    peer.send(&calls);
    let answers: Vec<u8> = (1..=3).flat_map(|sequence| message_of(REPLY, "ping", sequence, &[0])).collect();
    let mut got = vec![0; answers.len()];
    std::io::Read::read_exact(&mut peer.0, &mut got).unwrap();
    assert_eq!(got, answers);
    assert_eq!(pong(), message_of(REPLY, "ping", 1, &[0]));
}
