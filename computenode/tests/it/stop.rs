//! How the program ends.

use crate::process::Node;

#[test]
fn an_idle_node_ends_at_once_and_well() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut node = Node::anywhere(folder.path(), "0");
        node.signal(signal);
        let (status, output, log) = node.ended();
        assert!(status.success(), "{status} {log}");
        assert_eq!(output, "", "one line when ready and no other");
        assert!(log.contains("stopping: 0 attempts in flight"), "{log}");
    }
}
