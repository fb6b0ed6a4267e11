//! Submissions that are overtaken by a newer one while they wait or work.

use super::tests::{Fixture, reason, synthetic};
use cluster::Admission;
use std::path::PathBuf;
use std::thread;
use wire::node::{AttemptRequest, NodeService as _, RejectReason};

#[test]
fn a_submission_that_ages_while_it_works_leaves_no_result() {
    let at = Fixture::new("0 --cores 1");
    thread::scope(|scope| {
        // The only core is held, so the attempt stops between the two questions to the fence.
        let core = at.node.pixels.hold_core();
        let old = scope.spawn(|| at.node.attempt(at.shared("cat.png")));
        while at.node.pixels.waiting() != 1 {
            thread::yield_now();
        }
        at.node.attempt(AttemptRequest { epoch: 2, ..synthetic() }).unwrap();
        drop(core);
        assert_eq!(reason(old.join().unwrap()), RejectReason::StaleEpoch);
    });
    assert_eq!(at.results(), Vec::<PathBuf>::new());
}

#[test]
fn a_submission_that_ages_in_the_queue_is_not_begun() {
    // Begun, it would sleep for an hour.
    let at = Fixture::new("0 --slots 1 --delay-probability 1 --delay 1h");
    thread::scope(|scope| {
        let slot = at.node.slots.enter().unwrap();
        let must = AttemptRequest { admission: Admission::MustAccept, ..synthetic() };
        let old = scope.spawn(|| at.node.attempt(must));
        while at.node.status().queued != 1 {
            thread::yield_now();
        }
        at.node.fence.pass(&synthetic().job_key, 2).unwrap();
        drop(slot);
        assert_eq!(reason(old.join().unwrap()), RejectReason::StaleEpoch);
    });
}
