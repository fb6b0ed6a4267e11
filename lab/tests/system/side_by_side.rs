//! The promises that `lab faults` compares, kept by this system alone, where the machine can make the faults.
//!
//! They need the registry's packages `thriftpy2`, `opencv-python-headless` and `numpy` in the Python that
//! `BALLAST_PYTHON` names or in `python3`. A fault that cannot be made here is said not to have been tried.

use crate::world::{Said, World};
use std::process::Command;

/// Long enough that only a defect reaches it.
const SECONDS: &str = "120";

fn kept(rows: &str) {
    let python = std::env::var("BALLAST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import cv2, numpy, thriftpy2"]).output();
    if !found.is_ok_and(|ran| ran.status.success()) {
        println!(
            "skipped: no Python with the packages thriftpy2 and opencv-python-headless (set BALLAST_PYTHON)"
        );
        return;
    }
    let world = World::empty();
    let mut command = world.command("faults");
    command.args(["--ours", "--only", rows, "--limit", SECONDS, "--python", &python]);
    let said: Said = command.output().unwrap().into();
    println!("{}", said.out);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(!said.out.contains("BROKEN"), "{said:?}");
}

#[test]
fn lost_and_late_packets_and_partitions_cost_time_only() {
    kept("6,7,8");
}

#[test]
fn a_clock_that_jumps_moves_nothing() {
    kept("22");
}

#[test]
fn panics_and_images_beyond_the_memory_leave_the_node_alive() {
    kept("25,26");
}
