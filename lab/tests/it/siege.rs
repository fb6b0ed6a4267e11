//! A port among strangers answers whoever calls honestly. How fast it does is `lab bench --only port`'s affair.

use lab::benchmark::port::besiege;
use lab::local_cluster::Process;
use std::path::Path;
use std::time::Duration;

#[test]
fn every_honest_call_at_a_besieged_port_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["0", "--listen", "127.0.0.1:0", "--log-level", "warn", "--data-root"];
    let arguments = arguments.iter().map(Into::into).chain([folder.path().into()]).collect();
    let node = Process::spawn(Path::new(env!("CARGO_BIN_EXE_lab")), "computenode", "node0", arguments);
    let node = node.unwrap().ready().unwrap();
    let (siege, ()) = besiege(node.address(), 200, Duration::ZERO, || ()).unwrap();
    assert_eq!((siege.unanswered, siege.latencies.len()), (0, 200));
}
