//! Who may come in: programs with the cluster's secret, with another one, with none; and ports beyond this machine.

use crate::world::World;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

/// A secret in a file of its own; answers its path.
fn secret(world: &World, name: &str) -> String {
    let path = world.path().join(name);
    fs::write(&path, format!("{name}, and long enough to be one\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn who_knows_the_secret_gets_the_work_done_and_nobody_else_does() {
    let world = World::new();
    let (ours, other) = (secret(&world, "ours"), secret(&world, "other"));
    let node = world.node("0", &["--secret-file", &ours]);
    let server = world.server([node.address.as_str()], &["--secret-file", &ours]);
    let said = world.client(&server, &["data", "random"]);
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.err.contains("secret") && said.err.contains("--secret-file"), "{said:?}");
    let said = world.client(&server, &["data", "random", "--secret-file", &other]);
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(said.err.contains("another secret"), "{said:?}");
    assert!(!world.path().join("data/output_dir").exists(), "somebody was let in");
    let said = world.client(&server, &["data", "random", "--secret-file", &ours]);
    assert_eq!(said.status, Some(0), "{said:?}");
    world.check_results(&world.images(), "edges");
}

#[test]
fn a_server_without_the_nodes_secret_says_so() {
    let world = World::new();
    let node = world.node("0", &["--secret-file", &secret(&world, "ours")]);
    let server = world.server([node.address.as_str()], &["--patience", "1s"]);
    let said = world.client(&server, &["data", "random"]);
    assert_eq!(said.status, Some(4), "{said:?}");
    let everything = format!("{}{}", said.out, said.err);
    assert!(everything.contains("secret"), "{everything}");
}

#[test]
fn a_port_beyond_this_machine_is_not_opened_by_accident() {
    let world = World::new();
    let ours = secret(&world, "ours");
    for (program, arguments) in [("computenode", &["0"][..]), ("server", &["--node", "127.0.0.1:1"])] {
        let mut command = world.command(program);
        command.args(arguments).args(["--listen", "0.0.0.0:0"]);
        let refused = command.output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(told.contains("--secret-file") && told.contains("--insecure"), "{told}");
        for allowed in [&["--insecure"][..], &["--secret-file", &ours]] {
            let mut command = world.command(program);
            command.args(arguments).args(["--listen", "0.0.0.0:0"]).args(allowed);
            drop(world.start(command));
        }
    }
}

#[test]
fn a_secret_that_others_may_read_is_none() {
    let world = World::new();
    let path = secret(&world, "ours");
    fs::set_permissions(Path::new(&path), fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = world.command("client");
    command.args(["data", "random", "--server", "127.0.0.1:1", "--secret-file", &path]).stdout(Stdio::null());
    let told = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(told.contains("others may read") && told.contains("chmod 600"), "{told}");
}
