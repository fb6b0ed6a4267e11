//! One port, four dialects, by the stock library's own client.

use crate::services::*;
use idl::ballast::{
    BallastNodeSyncClient, BallastServerSyncClient, TBallastNodeSyncClient, TBallastServerSyncClient,
};
use idl::client_server::TClientServerSyncClient;
use idl::server_compute::TServerComputeSyncClient;
use std::io::{Read, Write};
use std::net::TcpStream;
use thrift::protocol::*;
use thrift::transport::{TFramedReadTransport, TFramedWriteTransport};
use wire::Running;

type Both = (Box<dyn TInputProtocol>, Box<dyn TOutputProtocol>);

/// The four ways of the stock library to speak to a port.
fn dialects(running: &Running) -> Vec<(&'static str, Both)> {
    let stream = || {
        let stream = TcpStream::connect(running.local_addr()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        (stream.try_clone().unwrap(), stream)
    };
    let mut all: Vec<(&'static str, Both)> = Vec::new();
    let (r, w) = stream();
    all.push((
        "binary",
        (Box::new(TBinaryInputProtocol::new(r, true)), Box::new(TBinaryOutputProtocol::new(w, true))),
    ));
    let (r, w) = stream();
    all.push((
        "compact",
        (Box::new(TCompactInputProtocol::new(r)), Box::new(TCompactOutputProtocol::new(w))),
    ));
    let (r, w) = stream();
    let (r, w) = (TFramedReadTransport::new(r), TFramedWriteTransport::new(w));
    all.push((
        "framed binary",
        (Box::new(TBinaryInputProtocol::new(r, true)), Box::new(TBinaryOutputProtocol::new(w, true))),
    ));
    let (r, w) = stream();
    let (r, w) = (TFramedReadTransport::new(r), TFramedWriteTransport::new(w));
    all.push((
        "framed compact",
        (Box::new(TCompactInputProtocol::new(r)), Box::new(TCompactOutputProtocol::new(w))),
    ));
    all
}

#[test]
fn a_node_answers_every_dialect() {
    let (running, _) = node();
    for (dialect, (input, output)) in dialects(&running) {
        let mut client = BallastNodeSyncClient::new(input, output);
        client.ping().unwrap();
        assert_eq!(client.describe().unwrap().load_probability.unwrap().into_inner(), 0.8, "{dialect}");
        assert_eq!(
            client.execute("/data".to_owned(), "busy.png".to_owned()).unwrap(),
            "Rejected",
            "{dialect}"
        );
        let error = client.execute("/data".to_owned(), "boom.png".to_owned()).unwrap_err();
        let thrift::Error::Application(error) = error else { panic!("{dialect}: {error:?}") };
        assert_eq!(error.message, "boom: no such file", "{dialect}");
        let image = vec![7; 300_000];
        let sent = idl::ballast::AttemptRequest {
            job_key: "j".to_owned(),
            epoch: 1,
            server_incarnation: -1,
            task: 3,
            attempt: 1,
            seed: i64::MIN,
            admission: idl::ballast::Admission::MAY_REJECT,
            operation: "edges".to_owned(),
            strategy: None,
            file: None,
            source: Some(image.clone()),
            synthetic_service_us: None,
            segment: None,
            batch: None,
            durable: None,
            folder_made: None,
        };
        assert_eq!(client.attempt(sent.clone()).unwrap().result, Some(image), "{dialect}");
        let unfit = idl::ballast::AttemptRequest { task: -1, ..sent };
        let thrift::Error::User(invalid) = client.attempt(unfit).unwrap_err() else { panic!("{dialect}") };
        let invalid = invalid.downcast::<idl::ballast::InvalidRequest>().unwrap();
        assert_eq!(invalid.field, "task", "{dialect}");
        client.ping().unwrap();
    }
    assert_eq!(running.counters().accepted, 4);
}

#[test]
fn a_server_answers_every_dialect() {
    let running = server();
    for (dialect, (input, output)) in dialects(&running) {
        let mut client = BallastServerSyncClient::new(input, output);
        client.ping().unwrap();
        assert_eq!(client.submit_request("/data/ü".to_owned(), true).unwrap(), "1.5", "{dialect}");
        let report = client.report("job".to_owned()).unwrap();
        assert_eq!((report.failures.len(), report.nodes.len()), (1, 1), "{dialect}");
        client.cancel("other".to_owned()).unwrap_err();
        client.ping().unwrap();
    }
}

#[test]
fn a_framed_answer_is_one_piece() {
    // A peer that reads once gets the length and the message together, as one write sends them.
    let (running, _) = node();
    let mut stream = TcpStream::connect(running.local_addr()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let ping = crate::raw::ping();
    stream.write_all(&[&u32::try_from(ping.len()).unwrap().to_be_bytes()[..], &ping].concat()).unwrap();
    let mut answer = [0; 256];
    let read = stream.read(&mut answer).unwrap();
    let pong = crate::raw::pong();
    assert_eq!(answer[..read], [&u32::try_from(pong.len()).unwrap().to_be_bytes()[..], &pong].concat());
}
