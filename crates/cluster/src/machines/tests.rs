//! Good files, and every fault that a file can have.

use super::*;
use proptest::prelude::*;

fn faults(text: &str) -> String {
    Machines::parse(text).unwrap_err().to_string()
}

#[test]
fn the_originals_file_is_read_as_it_is() {
    let text = "node0 10.0.20.0\nnode1 10.0.20.1\nserver 10.0.40.0\nclient 10.0.50.0\n";
    let machines = Machines::parse(text).unwrap();
    assert_eq!(machines.nodes().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["node0", "node1"]);
    assert!(machines.all().iter().all(|machine| machine.address.port() == DEFAULT_PORT));
    assert_eq!(machines.servers().count(), 1);
    let notes: Vec<String> = machines.notes().collect();
    insta::assert_snapshot!(notes.join("\n"), @"machine.txt: 'client' is not used: names of nodes begin with 'node', of servers with 'server'");
}

#[test]
fn the_whole_dialect() {
    let text = "\u{feff}# our rack\r\n\r\nnode0 \t 127.0.0.1:5001 slots=4 p=0.30 # busy\r\n  node-b [::1]:7\nnode2 rack_2.example\n\
                server 127.0.0.1\nserver 127.0.0.1:6000\nserver2 127.0.0.1:6001\nserver 127.0.0.1:6002\n# end";
    insta::assert_snapshot!(Machines::parse(text).unwrap(), @r"
    node0 127.0.0.1:5001 slots=4 p=0.3
    node-b [::1]:7
    node2 rack_2.example:5000
    server 127.0.0.1:5000
    server3 127.0.0.1:6000
    server2 127.0.0.1:6001
    server4 127.0.0.1:6002
    ");
}

#[test]
fn every_fault_at_once_with_its_place() {
    let text = "node0 127.0.0.1:99999\nnode0 127.0.0.1:5002\n1node 127.0.0.1\nnode2\nnode3 p=0.2\n\
                node4 ::1\nnode5 10.0.0.300\nnode6 ho$t\nnöde 10.0.0.1\nnode7 10.0.0.1 5000 now slots=0 speed=9 p=x p=1\n\
                node8 [::1:5000\nnode9 0.0.0.0\nnode10 127.0.0.1:5002\nnode11 host: p=0.5 p=0.5\n";
    insta::assert_snapshot!(faults(text), @r"
    machine.txt:1:17: bad port '99999': a port is a whole number from 1 to 65535, such as 5000
        node0 127.0.0.1:99999
                        ^^^^^
    machine.txt:2:1: the name 'node0' is taken by line 1: give each machine a name of its own
        node0 127.0.0.1:5002
        ^^^^^
    machine.txt:3:1: bad name '1node': a name begins with an ASCII letter and goes on with letters, digits, '-', '_' and '.', at most 64 characters, such as node0
        1node 127.0.0.1
        ^
    machine.txt:4:6: 'node2' has no address: write 'node2 127.0.0.1:5000'
        node2
             ^
    machine.txt:5:6: 'node3' has no address: write 'node3 127.0.0.1:5000'
        node3 p=0.2
             ^
    machine.txt:6:7: bad address '::1': an IPv6 address stands in brackets, such as [::1]:5000
        node4 ::1
              ^^^
    machine.txt:7:7: bad address '10.0.0.300': write an IP address such as 10.0.0.1 or [::1], or a host name
        node5 10.0.0.300
              ^^^^^^^^^^
    machine.txt:8:9: bad host name 'ho$t': it has ASCII letters, digits, '-', '_' and single dots
        node6 ho$t
                ^
    machine.txt:9:2: bad name 'nöde': a name begins with an ASCII letter and goes on with letters, digits, '-', '_' and '.', at most 64 characters, such as node0
        nöde 10.0.0.1
         ^
    machine.txt:10:16: extra word '5000': after the address come only settings such as slots=4; a port is written ADDRESS:PORT
        node7 10.0.0.1 5000 now slots=0 speed=9 p=x p=1
                       ^^^^
    machine.txt:10:21: extra word 'now': after the address come only settings such as slots=4
        node7 10.0.0.1 5000 now slots=0 speed=9 p=x p=1
                            ^^^
    machine.txt:10:31: bad value '0': 'slots=' takes a whole number from 1 to 100000
        node7 10.0.0.1 5000 now slots=0 speed=9 p=x p=1
                                      ^
    machine.txt:10:33: unknown setting 'speed': the settings are slots=NUMBER and p=PROBABILITY
        node7 10.0.0.1 5000 now slots=0 speed=9 p=x p=1
                                        ^^^^^
    machine.txt:10:43: bad value 'x': 'p=' takes a number from 0 to 1
        node7 10.0.0.1 5000 now slots=0 speed=9 p=x p=1
                                                  ^
    machine.txt:11:7: bad address '[::1:5000': write [IPv6 address]:port, such as [::1]:5000
        node8 [::1:5000
              ^^^^^^^^^
    machine.txt:12:7: '0.0.0.0' is not the address of one machine: write the one by which the others reach it, such as 127.0.0.1
        node9 0.0.0.0
              ^^^^^^^
    machine.txt:13:8: 'node0' of line 2 listens at 127.0.0.1:5002 already: give one of them another port
        node10 127.0.0.1:5002
               ^^^^^^^^^^^^^^
    machine.txt:14:13: bad port '': a port is a whole number from 1 to 65535, such as 5000
        node11 host: p=0.5 p=0.5
                    ^
    machine.txt:14:22: 'p=' stands here twice: keep one
        node11 host: p=0.5 p=0.5
                             ^^^
    machine.txt:15:1: no server is listed: add a line such as 'server 127.0.0.1:5000'
    ");
}

#[test]
fn files_without_a_role() {
    insta::assert_snapshot!(faults(""), @"machine.txt:1:1: no machine is listed: write lines such as 'node0 127.0.0.1:5001' and 'server 127.0.0.1:5000'");
    insta::assert_snapshot!(faults("# nothing\n\n"), @"machine.txt:3:1: no machine is listed: write lines such as 'node0 127.0.0.1:5001' and 'server 127.0.0.1:5000'");
    // Nodes may come by themselves.
    assert_eq!(Machines::parse("server 127.0.0.1").unwrap().nodes().count(), 0);
    insta::assert_snapshot!(faults("node0 127.0.0.1\nNode1 127.0.0.1:2\n"), @"machine.txt:3:1: no server is listed: add a line such as 'server 127.0.0.1:5000'");
    // A machine whose line has a fault is not missing as well.
    insta::assert_snapshot!(faults("node0 127.0.0.1:x\nserver 127.0.0.1"), @r"
    machine.txt:1:17: bad port 'x': a port is a whole number from 1 to 65535, such as 5000
        node0 127.0.0.1:x
                        ^
    ");
}

#[test]
fn a_file_that_is_no_machine_file_is_shown_in_part_and_harmlessly() {
    let text = "\u{1b}[31mnode \u{202e}x\n".repeat(50) + &"é".repeat(500) + " 127.0.0.1\n";
    let shown = faults(&text);
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
    assert!(shown.lines().count() <= 61 && shown.ends_with("… and 82 more"), "{shown}");
    let long = faults(&format!("node0 {}!\n", "a".repeat(300)));
    assert!(long.lines().skip(1).all(|line| line.chars().count() <= 120), "{long}");
    let (_, mark) = long.split_once('^').unwrap();
    assert!(!mark.starts_with('^'), "{long}");
}

#[test]
fn loading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("machine.txt");
    let load = || Machines::load(&path);
    assert!(matches!(load(), Err(LoadError::Missing { .. })));
    let missing = load().unwrap_err().to_string().replace(&*folder.path().to_string_lossy(), "");
    insta::assert_snapshot!(missing, @"there is no file '/machine.txt': write one with lines such as 'node0 127.0.0.1:5001' and 'server 127.0.0.1:5000', or name another one with --machines");
    assert!(matches!(Machines::load(folder.path()), Err(LoadError::Unreadable { .. })));

    fs::write(&path, "").unwrap();
    let empty = load().unwrap_err().to_string();
    assert!(empty.contains("machine.txt:1:1: no machine is listed"), "{empty}");
    fs::write(&path, b"server 127.0.0.1\nnode0 127.\xff0.0.1").unwrap();
    let text = load().unwrap_err().to_string().replace(&*folder.path().to_string_lossy(), "");
    insta::assert_snapshot!(text, @r"
    /machine.txt:2:11: this is not UTF-8 text: save the file as plain text
        node0 127.�
                  ^
    ");
    fs::write(&path, "node0 127.0.0.1:1\nserver 127.0.0.1\n").unwrap();
    assert_eq!(load().unwrap().all().len(), 2);
}

#[test]
fn addresses_by_themselves() {
    let address = |text: &str| text.parse::<Address>().map(|address| address.to_string());
    assert_eq!(address(" 10.0.0.1 ").unwrap(), "10.0.0.1:5000");
    assert_eq!(address("[0:0::1]:80").unwrap(), "[::1]:80");
    assert_eq!(address("localhost:65535").unwrap(), "localhost:65535");
    for bad in [
        "",
        ":",
        ":80",
        "host:0",
        "host:+1",
        "host:65536",
        "a b",
        "[::1",
        "[::1]80",
        "1.2.3",
        "224.0.0.1",
        "-a",
        "a..b",
    ] {
        assert!(address(bad).is_err(), "{bad:?}");
    }
}

fn machine() -> impl Strategy<Value = String> {
    let name = "(node|server|client)[a-z0-9._-]{0,8}";
    let host = prop_oneof![
        "[a-z][a-z0-9-]{0,8}(\\.[a-z]{2,4})?",
        any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
    ];
    let slots = proptest::option::of(1..=100_000u32);
    let load = proptest::option::of(0.0..=1.0f64);
    (name, host, proptest::option::of(1..=u16::MAX), slots, load).prop_map(
        |(name, host, port, slots, load)| {
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            let slots = slots.map_or(String::new(), |slots| format!(" slots={slots}"));
            let load = load.map_or(String::new(), |load| format!(" p={load}"));
            format!("{name} {host}{port}{slots}{load}")
        },
    )
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*|(node|server|#|=|:|\\[|\\]|\\.|[0-9]| |\\n|\\t|é|\u{feff}){0,60}") {
        if let Err(errors) = Machines::parse(&text) {
            let lines = text.lines().count() + 1;
            for error in errors.list() {
                prop_assert!((1..=lines).contains(&error.line) && error.column >= 1);
                prop_assert!(error.column + error.width <= error.text.chars().count() + 2);
            }
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn what_is_written_reads_back(lines in proptest::collection::vec(machine(), 1..12)) {
        let mut text = lines.join("\n");
        // Faulty lines (a name or address twice, an address of all machines) go, so that most cases say something.
        while let Err(errors) = Machines::parse(&text) {
            let Some(worst) = errors.list().iter().find(|error| !error.text.is_empty()) else { break };
            text = text.lines().filter(|line| *line != worst.text).collect::<Vec<_>>().join("\n");
        }
        let text = format!("{text}\nnode 127.0.0.1:1\nserver 127.0.0.1:2");
        if let Ok(machines) = Machines::parse(&text) {
            prop_assert_eq!(Machines::parse(&machines.to_string()).unwrap(), machines);
        }
    }
}
