//! Faults at random on real processes: two hundred of them, under one seed.

use crate::world::World;

#[test]
fn two_hundred_faults_cost_no_image_and_leave_nothing() {
    let world = World::empty();
    let output = world.command("torture").args(["--faults", "200"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}{err}");
    assert!(said.starts_with("200 faults\n"), "{said}");
    assert!(said.ends_with("nothing was lost, nothing is left\n"), "{said}");
    // Nearly every kind befell a node, and the server did not only hang.
    let kinds = said.lines().filter(|line| line.contains(" node ")).count();
    assert!(kinds >= 8, "{said}");
    assert!(said.contains(" server killed\n") && said.contains(" server told to end\n"), "{said}");
    assert!(said.contains(" client killed\n"), "{said}");
}

#[test]
fn faults_of_a_network_of_namespaces_cost_no_image_and_leave_nothing() {
    let world = World::empty();
    let output =
        world.command("torture").args(["--network", "namespaces", "--faults", "30"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    if err.contains("a network of namespaces cannot be had here") {
        return eprintln!("skipped: {err}");
    }
    assert!(output.status.success(), "{said}{err}");
    assert!(said.starts_with("30 faults\n"), "{said}");
    assert!(said.ends_with("nothing was lost, nothing is left\n"), "{said}");
    assert!(said.contains(" packets lost\n") && said.contains(" partitioned\n"), "{said}");
}
