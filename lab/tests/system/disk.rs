//! A real file system that is full: the task fails with the reason, and nothing half-written is left.

use crate::world::World;
use std::fs;
use std::process::Command;

/// Runs in a mount name space of its own, so that nothing is left of the small file system.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=512k none data/output_dir || exit 77
"$LAB" computenode 0 --listen 127.0.0.1:0 >node.out 2>node.err & node=$!
trap 'kill $node $server 2>/dev/null; wait' EXIT
address() { while ! grep -q " listening on " "$1"; do kill -0 "$2" || exit 1; done; sed -n 's/.* listening on \([^ ]*\).*/\1/p' "$1"; }
node_at=$(address node.out $node) || exit 1
"$LAB" server --listen 127.0.0.1:0 --node "$node_at" >server.out 2>server.err & server=$!
server_at=$(address server.out $server) || exit 1
[ -z "$FILLED" ] || head -c 1000000 /dev/zero >data/output_dir/filled 2>/dev/null
"$LAB" client data random --server "$server_at" "$@" >client.out 2>client.err
echo $? >status
find data/output_dir -mindepth 1 >everything
find data/output_dir -type f >left
mkdir kept && cp -r data/output_dir/. kept
"#;

fn a_full_disk(transfer: &[&str], is_filled: bool) -> Option<World> {
    let world = World::new();
    fs::create_dir(world.output()).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"]).args(transfer);
    command.current_dir(world.path()).env("LAB", env!("CARGO_BIN_EXE_lab")).env("BALLAST_CONSOLE", "off");
    command.env("FILLED", if is_filled { "yes" } else { "" });
    let ran = command.output();
    if !world.path().join("status").exists() {
        eprintln!("not checked: a file system of its own cannot be mounted here ({ran:?})");
        return None;
    }
    Some(world)
}

fn check(transfer: &[&str]) {
    let Some(world) = a_full_disk(transfer, false) else { return };
    let read = |name: &str| fs::read_to_string(world.path().join(name)).unwrap();
    assert_eq!(read("status").trim(), "3", "some images failed: {}", read("client.out"));
    let told = read("client.out");
    let failed: Vec<&str> = told.lines().filter(|line| line.contains("given up")).collect();
    assert!(!failed.is_empty(), "{told}");
    for line in failed {
        assert!(line.contains("no space is left") && line.contains("free some"), "{line}");
    }
    let mut whole = 0;
    for path in read("left").lines() {
        let name = path.strip_prefix("data/output_dir/").unwrap();
        let result = fs::read(world.path().join("kept").join(name)).unwrap();
        assert!(result == crate::world::expected(&world.input().join(name), "edges"), "{name} is not whole");
        whole += 1;
    }
    assert!(whole > 0 && whole < world.images().len(), "{whole} results");
}

#[test]
fn a_full_disk_fails_what_it_has_no_room_for_and_leaves_nothing_half() {
    check(&[]);
}

#[test]
fn a_full_disk_of_the_server_too() {
    check(&["--transfer", "inline"]);
}

#[test]
fn a_disk_without_any_room_refuses_the_job_and_nothing_is_left() {
    let Some(world) = a_full_disk(&[], true) else { return };
    let read = |name: &str| fs::read_to_string(world.path().join(name)).unwrap();
    let told = read("client.err");
    assert_eq!(read("status").trim(), "2", "{told}");
    assert!(told.contains("No space left on device") && told.contains("needs room"), "{told}");
    assert_eq!(read("everything").trim(), "data/output_dir/filled");
}
