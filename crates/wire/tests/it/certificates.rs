//! Ports that ask for a certificate, and callers that show a good one, a bad one, or none.

use crate::raw::*;
use crate::services::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use wire::node::*;
use wire::{CallError, Credentials, Limits, NodeClient, PoolSettings, Running, Secret, Tls};

/// An authority of its own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// What a program at `host` is given, with `other`'s word believed beside its own.
    fn sign(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn member(&self, host: &str) -> Credentials {
        self.member_with(host, |_| {})
    }

    fn member_with(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> Credentials {
        let (certificate, key) = self.sign(host, change);
        Credentials::of_certificates(
            Tls::new(self.pem.as_bytes(), certificate.as_bytes(), key.as_bytes()).unwrap(),
        )
    }
}

fn expired(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2020, 2, 1));
}

fn guarded(credentials: Credentials) -> Running {
    node_with(Limits { credentials, ..Limits::default() }).0
}

fn caller(running: &Running, credentials: Credentials) -> NodeClient {
    let settings = PoolSettings { credentials, ..PoolSettings::default() };
    NodeClient::new(running.local_addr().to_string(), settings)
}

/// Why a call was never begun.
fn refused(running: &Running, credentials: Credentials) -> String {
    let error = caller(running, credentials).ping(PATIENCE).unwrap_err();
    assert!(error.never_begun(), "{error}");
    assert_eq!(running.counters().calls, 0);
    match error {
        CallError::NotAdmitted { why, .. } => why,
        other => panic!("{other}"),
    }
}

#[test]
fn members_talk_over_connections_that_stay() {
    let authority = Authority::new();
    let running = guarded(authority.member("127.0.0.1"));
    let client = caller(&running, authority.member("laptop"));
    for _ in 0..20 {
        client.ping(PATIENCE).unwrap();
    }
    let image: Vec<u8> = (0..3_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761) as u8).collect();
    let request = request("edges", Work::Inline(image.clone()));
    let reply = client.attempt(&request, PATIENCE).unwrap().unwrap();
    assert!(matches!(reply.result, AttemptResult::Inline(bytes) if bytes == image), "large messages too");
    let counters = running.counters();
    assert_eq!(
        (counters.accepted, counters.calls, counters.unproven),
        (1, 21, 0),
        "one handshake a connection"
    );
}

#[test]
fn another_authoritys_certificate_is_refused_by_both_ends() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let running = guarded(ours.member("127.0.0.1"));
    let told = refused(&running, theirs.member("127.0.0.1"));
    assert!(told.contains("its certificate is signed by none of our authorities"), "{told}");
    // One that believes our port, and is not believed.
    let (certificate, key) = theirs.sign("127.0.0.1", |_| {});
    let both = format!("{}{}", ours.pem, theirs.pem);
    let naive = Tls::new(both.as_bytes(), certificate.as_bytes(), key.as_bytes()).unwrap();
    let told = refused(&running, Credentials::of_certificates(naive));
    assert!(told.contains("our certificate is signed by none of its authorities"), "{told}");
    // An end may see that it is refused before the other one has counted it.
    while running.counters().unproven < 2 {
        std::thread::yield_now();
    }
}

#[test]
fn an_expired_certificate_is_told_by_who_has_it_and_by_who_sees_it() {
    let authority = Authority::new();
    let running = guarded(authority.member("127.0.0.1"));
    let told = refused(&running, authority.member_with("127.0.0.1", expired));
    assert!(told.contains("our certificate has expired") && told.contains("lab certificates"), "{told}");
    let old = guarded(authority.member_with("127.0.0.1", expired));
    let told = refused(&old, authority.member("127.0.0.1"));
    assert!(told.contains("its certificate has expired"), "{told}");
}

#[test]
fn a_port_must_have_the_name_by_which_it_is_called() {
    let authority = Authority::new();
    let running = guarded(authority.member("elsewhere"));
    let told = refused(&running, authority.member("127.0.0.1"));
    assert!(told.contains("not for '127.0.0.1'") && told.contains("--host 127.0.0.1"), "{told}");
}

#[test]
fn plain_callers_get_a_sentence_before_their_message_is_looked_at() {
    let authority = Authority::new();
    let running = guarded(authority.member("127.0.0.1"));
    let told = refused(&running, Credentials::default());
    assert!(told.contains("asks for a certificate") && told.contains("--tls"), "{told}");
    let secret = Credentials::of_secret(Secret::new(&[7; 32]).unwrap());
    refused(&running, secret);
    let mut foreign = Raw::connect(&running);
    let answer = foreign.send(&ping()).answer();
    assert!(
        matches!(&answer, Answer::Exception(_, 10, words) if words.contains("certificate")),
        "{answer:?}"
    );
    // A message of a gigabyte is not waited for.
    let mut greedy = Raw::connect(&running);
    let claim = [&[0x80, 1, 0, 1][..], &text(b"attempt"), &[0, 0, 0, 1, STRUCT, 0, 1], &[0x3f; 16]].concat();
    assert!(matches!(greedy.send(&claim).answer(), Answer::Exception(..)));
    let counters = running.counters();
    assert_eq!((counters.calls, counters.malformed, counters.unproven), (0, 0, 4));
}

#[test]
fn a_member_does_not_talk_to_ports_that_show_no_certificate() {
    let authority = Authority::new();
    let (open, _) = node();
    let told = refused(&open, authority.member("127.0.0.1"));
    assert!(told.contains("instead of speaking TLS") && told.contains("--tls"), "{told}");
    let secret = Credentials::of_secret(Secret::new(&[7; 32]).unwrap());
    refused(&guarded(secret), authority.member("127.0.0.1"));
    // One that answers, but something else.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&pong()).unwrap();
        let _ = stream.read(&mut [0; 4096]);
    });
    let settings = PoolSettings { credentials: authority.member("127.0.0.1"), ..PoolSettings::default() };
    let error = NodeClient::new(address.to_string(), settings).ping(PATIENCE).unwrap_err();
    assert!(
        matches!(&error, CallError::NotAdmitted { why, .. } if why.contains("does not speak TLS")),
        "{error}"
    );
    served.join().unwrap();
}

#[test]
fn a_caller_without_a_certificate_is_refused_by_name() {
    let authority = Authority::new();
    let running = guarded(authority.member("127.0.0.1"));
    let mut roots = rustls::RootCertStore::empty();
    let pem = rustls::pki_types::pem::PemObject::from_pem_slice(authority.pem.as_bytes());
    roots.add(pem.unwrap()).unwrap();
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = "127.0.0.1".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, Raw::connect(&running).0);
    let _ = stream.write_all(&ping());
    let error = stream.read(&mut [0; 64]).unwrap_err().to_string();
    assert!(error.contains("CertificateRequired"), "{error}");
    assert_eq!(running.counters().calls, 0);
}

#[test]
fn certificates_and_a_secret_are_both_asked_for_where_both_are_named() {
    let authority = Authority::new();
    let secret = |letter| Credentials::of_secret(Secret::new(&[letter; 32]).unwrap());
    let running = guarded(authority.member("127.0.0.1").and(secret(1)));
    refused(&running, authority.member("127.0.0.1"));
    let told = refused(&running, authority.member("127.0.0.1").and(secret(2)));
    assert!(told.contains("knows another secret"), "{told}");
    caller(&running, authority.member("127.0.0.1").and(secret(1))).ping(PATIENCE).unwrap();
}

#[test]
fn a_handshake_that_does_not_end_is_cut() {
    let authority = Authority::new();
    let limits = Limits {
        credentials: authority.member("127.0.0.1"),
        message_time: std::time::Duration::from_millis(50),
        ..Limits::default()
    };
    let (running, _) = node_with(limits);
    for begun in
        [&b""[..], b"\x16\x03", b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\x40\x00\x01\x00\x00\x10\x03\x03"]
    {
        let mut peer = Raw::connect(&running);
        peer.send(begun).wait_for_close();
    }
    // Nonsense is answered by an alert and no more.
    let mut peer = Raw::connect(&running);
    peer.send(b"\x16\x03\x01\x00\x04\xff\x00\x00\x00");
    let mut alert = Vec::new();
    peer.0.read_to_end(&mut alert).unwrap();
    assert_eq!(alert.first(), Some(&0x15), "{alert:?}");
    assert_eq!(running.counters().calls, 0);
}

#[test]
fn nothing_readable_travels() {
    let authority = Authority::new();
    let running = guarded(authority.member("127.0.0.1"));
    let (address, seen) = eavesdropper(running.local_addr());
    let settings = PoolSettings { credentials: authority.member("laptop"), ..PoolSettings::default() };
    let client = NodeClient::new(address.to_string(), settings);
    let pattern = b"a word that would be found in plain text";
    let request = request("edges", Work::Inline(pattern.repeat(100)));
    client.attempt(&request, PATIENCE).unwrap().unwrap();
    drop(client);
    let seen = seen.join().unwrap();
    assert!(seen.len() > pattern.len() * 200, "{} bytes travelled", seen.len());
    for word in [&pattern[..], b"attempt", b"edges"] {
        assert!(!seen.windows(word.len()).any(|window| window == word), "{word:?} travelled as it is");
    }
}

/// A way to a port on which all bytes of one connection, both ways, are written down.
fn eavesdropper(to: std::net::SocketAddr) -> (std::net::SocketAddr, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = std::thread::spawn(move || {
        let near = listener.accept().unwrap().0;
        let far = std::net::TcpStream::connect(to).unwrap();
        let there = copy(near.try_clone().unwrap(), far.try_clone().unwrap());
        let back = copy(far, near);
        [there.join().unwrap(), back.join().unwrap()].concat()
    });
    (address, seen)
}

fn copy(mut from: std::net::TcpStream, mut to: std::net::TcpStream) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let (mut seen, mut chunk) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            seen.extend_from_slice(&chunk[..read]);
            if to.write_all(&chunk[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
        seen
    })
}

/// Calls of honest callers so far.
static HONEST: AtomicU64 = AtomicU64::new(0);

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Changed and cut beginnings of TLS cost their own connection and nothing else.
    #[test]
    fn a_changed_handshake_harms_nobody(changes in proptest::collection::vec((0_usize..600, 0_u8..=255), 1..8), cut in 6_usize..600) {
        static PORT: std::sync::LazyLock<(Running, Authority)> = std::sync::LazyLock::new(|| {
            let authority = Authority::new();
            let credentials = authority.member("127.0.0.1");
            let message_time = std::time::Duration::from_millis(20);
            (node_with(Limits { credentials, message_time, ..Limits::default() }).0, authority)
        });
        let (running, authority) = &*PORT;
        let mut hello = client_hello();
        for (place, byte) in changes {
            let place = place % hello.len();
            hello[place] = byte;
        }
        hello.truncate(cut);
        let mut peer = Raw::connect(running);
        peer.send(&hello);
        // Whatever comes back, an alert or its own greeting, it ends.
        let _ = peer.0.read_to_end(&mut Vec::new());
        assert_eq!((running.counters().calls, running.counters().panics), (HONEST.load(SeqCst), 0));
        // A handshake of 20 ms may be too short for an honest caller on a busy machine: it asks again.
        let honest = caller(running, authority.member("127.0.0.1"));
        while honest.ping(PATIENCE).is_err() {}
        HONEST.fetch_add(1, SeqCst);
    }
}

/// The first bytes of a caller, as TLS has them.
fn client_hello() -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let mut connection =
        rustls::ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    hello
}
