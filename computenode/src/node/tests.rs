//! What becomes of an attempt, without a socket.

mod parts;

use super::*;
use crate::args::Args;
use clap::Parser as _;
use imaging::codec::{self, EncodeOptions, Format, Limits};
use imaging::image::{Channels, Image};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use wire::node::SharedFile;
use wire::node::{
    AttemptError, AttemptReply, CompatibleAnswer, FailureKind, NodeService as _, OperationTotals, Work,
};

/// A node over a data folder of its own.
pub(super) struct Fixture {
    folder: tempfile::TempDir,
    pub(super) node: Node,
}

impl Fixture {
    /// A node as the command line would make it, named `node7`.
    pub(super) fn new(arguments: &str) -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("input_dir")).unwrap();
        std::fs::write(folder.path().join("input_dir/cat.png"), cat()).unwrap();
        let args = Args::try_parse_from(std::iter::once("computenode").chain(arguments.split(' '))).unwrap();
        let settings = Settings::new(&args, "node7".to_owned(), None, 5).unwrap();
        let roots = DataRoots::open(&[folder.path().to_owned()]).unwrap();
        Fixture { node: Node::new(settings, roots, 99).unwrap(), folder }
    }

    fn base(&self) -> String {
        self.folder.path().to_str().unwrap().to_owned()
    }

    pub(super) fn shared(&self, file_name: &str) -> AttemptRequest {
        request(Work::Shared(SharedFile { base_path: self.base(), file_name: file_name.to_owned() }))
    }

    fn original(&self, admission: Admission, file_name: &str) -> Result<CompatibleAnswer, String> {
        self.node.execute(admission, SharedFile { base_path: self.base(), file_name: file_name.to_owned() })
    }

    /// Every file of `output_dir`, relative to it.
    pub(super) fn results(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let output = self.folder.path().join("output_dir");
        let mut found = Vec::new();
        walk(&output, &mut found);
        found.sort();
        found.into_iter().map(|path| path.strip_prefix(&output).unwrap().to_owned()).collect()
    }
}

fn cat() -> Vec<u8> {
    let samples = (0..32 * 24 * 3).map(|index| (index * index % 251) as u8).collect();
    let image = Image { width: 32, height: 24, channels: Channels::Rgb, samples };
    codec::encode(&image, Format::Png, &EncodeOptions::default()).unwrap()
}

/// What `edges` makes of the cat.
fn edges_of_cat() -> Vec<u8> {
    let decoded = codec::decode(&cat(), &Limits::default()).unwrap();
    let result = Operation::parse("edges").unwrap().apply(decoded.image).unwrap();
    codec::encode(&result, Format::Png, &EncodeOptions::default()).unwrap()
}

fn request(work: Work) -> AttemptRequest {
    AttemptRequest {
        job_key: "job".to_owned(),
        epoch: 1,
        server_incarnation: 3,
        task: 4,
        attempt: 1,
        seed: 6,
        admission: Admission::MayReject,
        operation: "edges".to_owned(),
        strategy: None,
        work,
        durable: false,
        folder_made: false,
    }
}

pub(super) fn synthetic() -> AttemptRequest {
    request(Work::Synthetic(Duration::ZERO))
}

pub(super) fn reason(outcome: Result<AttemptReply, AttemptError>) -> RejectReason {
    match outcome {
        Err(AttemptError::Rejected { reason, node, .. }) if node == "node7" => reason,
        other => panic!("no rejection by node7: {other:?}"),
    }
}

#[test]
fn a_shared_image_becomes_a_temporary_file_under_its_five_names() {
    let at = Fixture::new("0");
    let reply = at.node.attempt(at.shared("cat.png")).unwrap();
    let name = ".ballast/job/1-3-4-1.tmp";
    assert_eq!(reply.result, AttemptResult::TemporaryFile(name.to_owned()));
    assert_eq!(at.results(), [PathBuf::from(name)]);
    let written = std::fs::read(at.folder.path().join("output_dir").join(name)).unwrap();
    assert_eq!(written, edges_of_cat());
    assert_eq!((reply.width, reply.height), (32, 24));
    assert_eq!((reply.bytes_in, reply.bytes_out), (cat().len() as u64, written.len() as u64));
    let AttemptTimings { queue, delay, read, decode, operation, encode, write, total } = reply.timings;
    assert!(delay.is_zero() && total >= queue + read + decode + operation + encode + write);
    assert!(
        [read, decode, operation, encode, write].iter().all(|stage| !stage.is_zero()),
        "{:?}",
        reply.timings
    );
}

#[test]
fn an_inline_image_comes_back_inline() {
    let at = Fixture::new("0");
    let reply = at.node.attempt(request(Work::Inline(cat()))).unwrap();
    assert_eq!(reply.result, AttemptResult::Inline(edges_of_cat()));
    assert_eq!(at.results(), Vec::<PathBuf>::new());
}

#[test]
fn synthetic_work_touches_no_image() {
    let at = Fixture::new("0");
    let reply = at.node.attempt(synthetic()).unwrap();
    assert_eq!(reply.result, AttemptResult::Nothing);
    let reply = at.node.attempt(request(Work::Synthetic(Duration::from_millis(1)))).unwrap();
    assert!(reply.timings.operation >= Duration::from_millis(1), "the slot was held for the work");
}

#[test]
fn the_coins_are_those_of_the_load_model_and_are_counted() {
    let at = Fixture::new("0.5 --delay 0s");
    let model = at.node.load();
    let mut expected = [0, 0];
    for task in 0..200 {
        let request = AttemptRequest { task, ..synthetic() };
        let outcome = at.node.attempt(request);
        match model.judge(Admission::MayReject, Seed(6), task, 1) {
            Verdict::Reject => {
                expected[0] += 1;
                assert_eq!(reason(outcome), RejectReason::Load);
            }
            verdict => {
                expected[1] += u64::from(verdict != Verdict::Run);
                outcome.unwrap();
            }
        }
    }
    let status = at.node.status();
    assert_eq!([status.rejected, status.delayed], expected);
    assert!(expected.iter().all(|&count| count > 20), "both coins were met: {expected:?}");
    assert_eq!(status.done, 200 - expected[0]);
    assert_eq!(status.by_operation["synthetic"].count, status.done);
}

#[test]
fn a_certain_load_rejects_all_that_may_be_rejected_and_delays_the_rest() {
    let at = Fixture::new("1 --delay 1ms");
    assert_eq!(reason(at.node.attempt(at.shared("cat.png"))), RejectReason::Load);
    let must = AttemptRequest { admission: Admission::MustAccept, ..at.shared("cat.png") };
    let reply = at.node.attempt(must).unwrap();
    assert!(reply.timings.delay >= Duration::from_millis(1));
    assert_eq!(at.node.status().delayed, 1);
}

#[test]
fn a_full_queue_rejects_even_what_must_be_accepted() {
    let at = Fixture::new("0 --slots 1 --queue 1");
    thread::scope(|scope| {
        let holder = at.node.slots.enter().unwrap();
        let waiting = scope.spawn(|| at.node.attempt(synthetic()));
        while at.node.status().queued != 1 {
            thread::yield_now();
        }
        let must = AttemptRequest { admission: Admission::MustAccept, ..synthetic() };
        assert_eq!(reason(at.node.attempt(must)), RejectReason::QueueFull);
        assert_eq!(at.original(Admission::MayReject, "cat.png"), Ok(CompatibleAnswer::Rejected));
        let told = at.original(Admission::MustAccept, "cat.png").unwrap_err();
        assert!(told.contains("node7") && told.contains("slots are taken"), "{told}");
        drop(holder);
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_draining_node_sends_the_queue_elsewhere_and_finishes_what_it_has() {
    let at = Fixture::new("0 --slots 1 --queue 4");
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let node = &at.node;
        let luck = Luck { seed: Seed(0), task: 0, attempt: 1 };
        let working = scope.spawn(move || {
            let work = |_: &mut AttemptTimings| {
                begun.send(()).unwrap();
                released.recv().map_err(|_| Ending::Trouble(Trouble::Request("test", String::new())))
            };
            node.admit_and_work(Admission::MustAccept, luck, &mut AttemptTimings::default(), || Ok(()), work)
                .is_ok()
        });
        has_begun.recv().unwrap();
        let waiting = scope.spawn(|| node.attempt(synthetic()));
        while node.status().queued != 1 {
            thread::yield_now();
        }
        node.drain();
        assert_eq!(reason(waiting.join().unwrap()), RejectReason::Draining);
        assert_eq!(reason(node.attempt(synthetic())), RejectReason::Draining);
        assert_eq!(at.original(Admission::MayReject, "cat.png"), Ok(CompatibleAnswer::Rejected));
        assert!(node.status().draining && node.status().running == 1);
        assert!(!node.wait_until_idle(Duration::ZERO));
        release.send(()).unwrap();
        assert!(working.join().unwrap(), "the work in the slot ended well");
        assert!(node.wait_until_idle(Duration::from_secs(600)));
    });
}

#[test]
fn an_older_submission_is_refused() {
    let at = Fixture::new("0");
    at.node.attempt(AttemptRequest { epoch: 2, ..synthetic() }).unwrap();
    assert_eq!(reason(at.node.attempt(AttemptRequest { epoch: 1, ..synthetic() })), RejectReason::StaleEpoch);
    at.node.attempt(AttemptRequest { epoch: 2, attempt: 2, ..synthetic() }).unwrap();
}

#[test]
fn the_same_attempt_twice_is_refused_and_the_first_result_stays() {
    let at = Fixture::new("0");
    at.node.attempt(at.shared("cat.png")).unwrap();
    let again = at.node.attempt(at.shared("cat.png"));
    assert!(
        matches!(&again, Err(AttemptError::Fault { kind: FaultKind::WriteFailed, why }) if why.contains("twice"))
    );
    assert_eq!(at.results().len(), 1);
}

#[test]
fn a_bad_image_fails_with_its_timings_and_leaves_nothing() {
    let at = Fixture::new("0");
    let input = at.folder.path().join("input_dir");
    std::fs::write(input.join("cut.png"), &cat()[..100]).unwrap();
    std::fs::write(input.join("new\nline.png"), b"").unwrap();
    let cases = [
        ("cut.png", FailureKind::Truncated, "\"cut.png\""),
        ("new\nline.png", FailureKind::Empty, "\"new\\nline.png\""),
        ("dog.png", FailureKind::NotFound, "\"dog.png\""),
    ];
    for (name, wanted, shown) in cases {
        match at.node.attempt(at.shared(name)) {
            Err(AttemptError::Failed { kind, why, timings }) => {
                assert_eq!(kind, wanted, "{why}");
                assert!(why.contains(shown) && !why.contains('\n'), "{why}");
                assert!(timings.total >= timings.read && !timings.read.is_zero());
            }
            other => panic!("{name:?}: {other:?}"),
        }
    }
    assert_eq!(at.results(), Vec::<PathBuf>::new());
    assert_eq!(at.node.status().failed, 3);
}

#[test]
fn what_cannot_be_served_is_told_before_any_coin_is_thrown() {
    let at = Fixture::new("1");
    let wrong = AttemptRequest { operation: "egdes".to_owned(), ..at.shared("cat.png") };
    match at.node.attempt(wrong) {
        Err(AttemptError::Invalid { field, why }) => {
            assert!(field == "operation" && why.contains("`edges`"), "{why}")
        }
        other => panic!("{other:?}"),
    }
    match at.node.attempt(at.shared("../secret")) {
        Err(AttemptError::Invalid { field, why }) => {
            assert!(field == "file.file_name" && why.contains("climbs"), "{why}")
        }
        other => panic!("{other:?}"),
    }
    let outside = SharedFile { base_path: "/".to_owned(), file_name: "etc/passwd".to_owned() };
    let outcome = at.node.attempt(request(Work::Shared(outside)));
    assert!(matches!(outcome, Err(AttemptError::Fault { kind: FaultKind::NoAccess, .. })), "{outcome:?}");
}

#[test]
fn a_result_that_cannot_be_written_is_the_nodes_fault() {
    let at = Fixture::new("0");
    std::fs::write(at.folder.path().join("output_dir"), b"a file, not a folder").unwrap();
    let outcome = at.node.attempt(at.shared("cat.png"));
    assert!(matches!(outcome, Err(AttemptError::Fault { kind: FaultKind::WriteFailed, .. })), "{outcome:?}");
}

#[test]
fn a_panic_in_the_work_is_an_answer_and_frees_the_slot() {
    let at = Fixture::new("0 --slots 1");
    let luck = Luck { seed: Seed(0), task: 0, attempt: 1 };
    let panicking = |_: &mut AttemptTimings| -> Result<(), Ending> { panic!("planted") };
    let mut timings = AttemptTimings::default();
    match at.node.admit_and_work(Admission::MayReject, luck, &mut timings, || Ok(()), panicking) {
        Err(Ending::Trouble(Trouble::Node(FaultKind::Internal, why))) => {
            assert!(why.contains("planted"), "{why}")
        }
        other => panic!("{other:?}"),
    }
    at.node.attempt(synthetic()).unwrap();
}

#[test]
fn the_originals_call_publishes_under_the_images_name() {
    let at = Fixture::new("0");
    std::fs::create_dir(at.folder.path().join("input_dir/holiday")).unwrap();
    std::fs::copy(
        at.folder.path().join("input_dir/cat.png"),
        at.folder.path().join("input_dir/holiday/cat.png"),
    )
    .unwrap();
    assert_eq!(at.original(Admission::MayReject, "cat.png"), Ok(CompatibleAnswer::Success));
    assert_eq!(at.original(Admission::MustAccept, "cat.png"), Ok(CompatibleAnswer::Success));
    assert_eq!(at.original(Admission::MustAccept, "holiday/cat.png"), Ok(CompatibleAnswer::Success));
    assert_eq!(at.results(), ["cat.png", "holiday/cat.png"].map(PathBuf::from));
    assert_eq!(std::fs::read(at.folder.path().join("output_dir/cat.png")).unwrap(), edges_of_cat());
    assert!(at.original(Admission::MayReject, "dog.png").unwrap_err().contains("dog.png"));
    assert_eq!(at.node.status().by_operation["edges"].count, 3);
}

#[test]
fn the_originals_calls_meet_the_luck_of_the_nodes_seed() {
    let answers = |seed: u64| -> Vec<_> {
        let at = Fixture::new(&format!("0.5 --delay 0s --seed {seed}"));
        (0..40).map(|_| at.original(Admission::MayReject, "cat.png").unwrap()).collect()
    };
    let first = answers(1);
    assert_eq!(first, answers(1));
    assert_ne!(first, answers(2));
    let rejected = first.iter().filter(|answer| **answer == CompatibleAnswer::Rejected).count();
    assert!((5..35).contains(&rejected), "{rejected} of 40 at one half");
}

#[test]
fn a_load_may_follow_what_is_in_flight() {
    let at = Fixture::new("in_flight[idle=0,full=1,from=0,to=2] --slots 8");
    assert_eq!(at.node.describe().load_probability, None, "no one number says it");
    at.node.attempt(synthetic()).unwrap();
    let held = [(); 2].map(|()| at.node.slots.enter().unwrap());
    assert_eq!(reason(at.node.attempt(synthetic())), RejectReason::Load);
    drop(held);
    at.node.attempt(synthetic()).unwrap();
}

#[test]
fn nodes_are_numbered_by_their_names() {
    assert_eq!(["node0", "node12", "spare", "", "猫7"].map(number_at_end), [0, 12, 0, 0, 7]);
}

#[test]
fn the_node_describes_itself() {
    let at = Fixture::new("0.3 --slots 7 --queue 9 --delay 50ms");
    let told = at.node.describe();
    assert_eq!((told.name.as_str(), told.slots, told.queue_bound), ("node7", 7, 9));
    assert_eq!((told.load_probability, told.delay), (Some(0.3), Some(Duration::from_millis(50))));
    assert_eq!(told.incarnation, 99);
    assert!(told.operations.iter().any(|operation| operation.starts_with("edges")), "{:?}", told.operations);
    let finished =
        at.node.attempt(AttemptRequest { admission: Admission::MustAccept, ..request(Work::Inline(cat())) });
    let total = finished.unwrap().timings.total;
    assert_eq!(at.node.status().by_operation["edges"], OperationTotals { count: 1, total });
}
