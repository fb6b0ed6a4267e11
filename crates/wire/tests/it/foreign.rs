//! Peers made from the original's interface with the registry's Python packages `thrift` and `thriftpy2`.
//!
//! `BALLAST_PYTHON` names a Python that has both; `python3` is tried otherwise. Without one the tests say so and pass.

use crate::services::*;
use cluster::Admission;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use wire::node::{CompatibleAnswer, SharedFile};
use wire::{Breakage, CallError, Evidence, Limits, NodeClient, Peer, PoolSettings};

fn folder(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// The Python to use, if it has the packages.
static PYTHON: LazyLock<Option<String>> = LazyLock::new(|| {
    let python = std::env::var("BALLAST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_packages = Command::new(&python).args(["-c", "import thrift, thriftpy2"]).output();
    has_packages.is_ok_and(|output| output.status.success()).then_some(python)
});

/// A program of `tests/foreign`, or nothing where it cannot run.
fn program(name: &str) -> Option<Command> {
    let Some(python) = PYTHON.as_ref() else {
        println!("skipped: no Python with the packages thrift and thriftpy2 (set BALLAST_PYTHON)");
        return None;
    };
    let mut command = Command::new(python);
    // No compiled files beside the sources.
    command.arg("-B").arg(folder("tests/foreign").join(name));
    Some(command)
}

/// Runs a program to its end and answers its lines.
fn lines(mut command: Command) -> Vec<String> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

const NINE_DIALECTS: [&str; 9] = [
    "ok thrift TBufferedTransport TBinaryProtocol",
    "ok thrift TBufferedTransport TBinaryProtocolAccelerated",
    "ok thrift TBufferedTransport TCompactProtocol",
    "ok thrift TFramedTransport TBinaryProtocol",
    "ok thrift TFramedTransport TCompactProtocol",
    "ok thriftpy2 TBufferedTransportFactory TBinaryProtocolFactory",
    "ok thriftpy2 TCyBufferedTransportFactory TCyBinaryProtocolFactory",
    "ok thriftpy2 TFramedTransportFactory TBinaryProtocolFactory",
    "ok thriftpy2 TFramedTransportFactory TCompactProtocolFactory",
];

fn matrix(kind: &str, port: u16) -> Option<Vec<String>> {
    let mut command = program("matrix.py")?;
    command.args([kind, &port.to_string()]).arg(folder("../../idl"));
    Some(lines(command))
}

#[test]
fn nine_foreign_clients_speak_to_our_node() {
    let (running, _) = node();
    let Some(said) = matrix("node", running.local_addr().port()) else { return };
    assert_eq!(said, NINE_DIALECTS);
    assert_eq!(running.counters().malformed + running.counters().wrong_types + running.counters().foreign, 0);
}

#[test]
fn nine_foreign_clients_speak_to_our_server() {
    let running = server();
    let Some(said) = matrix("server", running.local_addr().port()) else { return };
    assert_eq!(said, NINE_DIALECTS);
}

#[test]
fn a_foreign_server_that_connects_for_each_call_drives_our_node() {
    let (running, _) = node_with(Limits { connections: 20, ..Limits::default() });
    let Some(mut command) = program("connects_per_call.py") else { return };
    command.args([&running.local_addr().port().to_string(), "100"]);
    assert_eq!(lines(command), ["ok 100"]);
    let counters = running.counters();
    assert_eq!((counters.accepted, counters.calls, counters.turned_away), (100, 100, 0));
    assert!(running.connections() <= 20, "what it leaves open makes place");
}

/// A foreign node in a process of its own.
struct ForeignNode {
    process: Child,
    address: String,
}

impl ForeignNode {
    fn start(library: &str) -> Option<ForeignNode> {
        let mut command = program("node.py")?;
        command.arg(library).arg(folder("../../idl")).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Some(ForeignNode { process, address: format!("127.0.0.1:{}", port.trim()) })
    }
}

impl Drop for ForeignNode {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn execute(client: &NodeClient, admission: Admission, name: &str) -> Result<CompatibleAnswer, CallError> {
    let file = SharedFile { base_path: "/data/ü".to_owned(), file_name: name.to_owned() };
    client.execute(admission, &file, PATIENCE)
}

/// What every foreign node must do, whatever library it is made with.
fn drive(node: &ForeignNode) -> NodeClient {
    let client = NodeClient::new(node.address.clone(), PoolSettings::compatible());
    assert_eq!(client.identify(PATIENCE).unwrap(), Peer::Compatible(Evidence::UnknownMethod));
    assert_eq!(execute(&client, Admission::MayReject, "a.png"), Ok(CompatibleAnswer::Success));
    assert_eq!(execute(&client, Admission::MayReject, "busy.png"), Ok(CompatibleAnswer::Rejected));
    assert_eq!(execute(&client, Admission::MustAccept, "busy.png"), Ok(CompatibleAnswer::Success));
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(
                        execute(&client, Admission::MayReject, "a.png"),
                        Ok(CompatibleAnswer::Success)
                    );
                }
            });
        }
    });
    let (idle, leased) = client.connections();
    assert!(idle <= 10 && leased == 0, "{idle} connections to a node with ten threads");
    client
}

#[test]
fn our_pool_drives_a_node_made_with_thrift() {
    let Some(node) = ForeignNode::start("thrift") else { return };
    let client = drive(&node);
    let error = execute(&client, Admission::MayReject, "boom.png").unwrap_err();
    assert!(matches!(&error, CallError::Refused { why, .. } if why == "Internal error"), "{error:?}");
}

#[test]
fn our_pool_drives_a_node_made_with_thriftpy2() {
    let Some(node) = ForeignNode::start("thriftpy2") else { return };
    let client = drive(&node);
    // This library closes the connection when a handler raises.
    let error = execute(&client, Admission::MayReject, "boom.png").unwrap_err();
    assert!(matches!(error, CallError::Broken { how: Breakage::Closed, .. }), "{error:?}");
    assert_eq!(execute(&client, Admission::MayReject, "a.png"), Ok(CompatibleAnswer::Success));
}
