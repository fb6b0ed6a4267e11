//! Attempts over a real socket: what a server gets for what it asks.

use crate::process::{
    Node, PATIENCE, PROGRAM, cat, command_by, edges_of_cat, picture, reason, shared, synthetic,
};
use cluster::Admission;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread;
use std::time::Duration;
use wire::node::{
    AttemptError, AttemptRequest, AttemptResult, FailureKind, FaultKind, RejectReason, SharedFile, Work,
};

#[test]
fn a_node_tells_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::anywhere(folder.path(), "0.3 --name node7 --slots 6 --queue 5 --delay 20ms");
    let client = node.client();
    client.ping(PATIENCE).unwrap();
    let told = client.describe(PATIENCE).unwrap();
    assert_eq!((told.name.as_str(), told.slots, told.queue_bound), ("node7", 6, 5));
    assert_eq!((told.load_probability, told.delay), (Some(0.3), Some(Duration::from_millis(20))));
    assert_eq!(told.interface_version, wire::INTERFACE_VERSION);
    let status = client.status(PATIENCE).unwrap();
    assert_eq!((status.incarnation, status.done, status.draining), (told.incarnation, 0, false));
    let again = Node::anywhere(folder.path(), "0");
    assert_ne!(again.client().describe(PATIENCE).unwrap().incarnation, told.incarnation);
}

#[test]
fn a_shared_an_inline_and_a_synthetic_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::anywhere(folder.path(), "0");
    let client = node.client();
    fs::create_dir_all(folder.path().join("data/input_dir/holiday")).unwrap();
    fs::write(folder.path().join("data/input_dir/holiday/new\nline 猫.png"), cat()).unwrap();

    let by_path = shared(&folder.path().join("data"), "holiday/new\nline 猫.png");
    let reply = client.attempt(&by_path, PATIENCE).unwrap().unwrap();
    let AttemptResult::TemporaryFile(name) = reply.result else { panic!("{reply:?}") };
    assert_eq!(fs::read(folder.path().join("data/output_dir").join(name)).unwrap(), edges_of_cat());
    assert_eq!((reply.width, reply.height, reply.bytes_in), (32, 24, cat().len() as u64));

    let inline = AttemptRequest { work: Work::Inline(cat()), ..synthetic(Duration::ZERO) };
    let reply = client.attempt(&inline, PATIENCE).unwrap().unwrap();
    assert_eq!(reply.result, AttemptResult::Inline(edges_of_cat()));

    let reply = client.attempt(&synthetic(Duration::from_millis(2)), PATIENCE).unwrap().unwrap();
    assert_eq!(reply.result, AttemptResult::Nothing);
    assert!(reply.timings.operation >= Duration::from_millis(2));

    let status = client.status(PATIENCE).unwrap();
    assert_eq!((status.done, status.running, status.queued), (3, 0, 0));
    assert_eq!((status.by_operation["edges"].count, status.by_operation["synthetic"].count), (2, 1));
}

#[test]
fn a_loaded_node_rejects_and_delays() {
    let folder = tempfile::tempdir().unwrap();
    let client = Node::anywhere(folder.path(), "1 --name node5 --delay 3ms");
    let (node, client) = (&client, client.client());
    match client.attempt(&synthetic(Duration::ZERO), PATIENCE).unwrap() {
        Err(AttemptError::Rejected { reason: RejectReason::Load, node, why }) => {
            assert!(node == "node5" && why.contains("load probability of 1"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    let must = AttemptRequest { admission: Admission::MustAccept, ..synthetic(Duration::ZERO) };
    let reply = client.attempt(&must, PATIENCE).unwrap().unwrap();
    assert!(reply.timings.delay >= Duration::from_millis(3) && reply.timings.total >= reply.timings.delay);
    let status = node.client().status(PATIENCE).unwrap();
    assert_eq!((status.rejected, status.delayed, status.done), (1, 1, 1));
}

#[test]
fn a_full_node_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::anywhere(folder.path(), "0 --slots 1 --queue 1");
    let client = node.client();
    let long = Duration::from_secs(600);
    thread::scope(|scope| {
        let held: Vec<_> =
            (0..2).map(|_| scope.spawn(|| client.attempt(&synthetic(long), PATIENCE))).collect();
        node.until(|status| (status.running, status.queued) == (1, 1));
        let must = AttemptRequest { admission: Admission::MustAccept, ..synthetic(Duration::ZERO) };
        assert_eq!(reason(client.attempt(&must, PATIENCE)), RejectReason::QueueFull);
        drop(node);
        for attempt in held {
            attempt.join().unwrap().unwrap_err();
        }
    });
}

#[test]
fn bad_images_are_named_with_their_reason_and_the_node_lives() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::anywhere(folder.path(), "0 --max-image-bytes 5000 --max-image-pixels 1000");
    let client = node.client();
    let input = folder.path().join("input_dir");
    fs::create_dir(&input).unwrap();
    fs::write(folder.path().join("secret.png"), cat()).unwrap();
    let whole = cat();
    let mut corrupt = whole.clone();
    let middle = corrupt.len() / 2;
    corrupt[middle..middle + 16].fill(0x5A);
    let files: [(&str, &[u8], FailureKind, &str); 6] = [
        ("empty.png", b"", FailureKind::Empty, "no bytes"),
        ("cut.png", &whole[..whole.len() / 2], FailureKind::Truncated, "cut off"),
        ("corrupt.png", &corrupt, FailureKind::Corrupt, "damaged"),
        ("text.png", b"not an image", FailureKind::Unsupported, "not an image"),
        ("label.jpg", &whole, FailureKind::Unsupported, "its name says JPEG but it is PNG"),
        ("large.png", &[0; 5_001], FailureKind::TooLarge, "larger than 5000 bytes"),
    ];
    for (name, bytes, wanted, words) in files {
        fs::write(input.join(name), bytes).unwrap();
        match client.attempt(&shared(folder.path(), name), PATIENCE).unwrap() {
            Err(AttemptError::Failed { kind, why, .. }) => {
                assert_eq!(kind, wanted, "{why}");
                assert!(why.contains(name) && why.contains(words), "{why}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    // A header that promises 2^31 by 2^31 pixels, refused before anything is asked of the memory.
    let mut bomb = whole.clone();
    bomb[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
    let inline = AttemptRequest { work: Work::Inline(bomb), ..synthetic(Duration::ZERO) };
    let outcome = client.attempt(&inline, PATIENCE).unwrap();
    assert!(matches!(outcome, Err(AttemptError::Failed { .. })), "{outcome:?}");
    client
        .attempt(&AttemptRequest { work: Work::Inline(whole), ..synthetic(Duration::ZERO) }, PATIENCE)
        .unwrap()
        .unwrap();
    assert!(!folder.path().join("output_dir").exists(), "nothing was written");
    assert_eq!(client.status(PATIENCE).unwrap().failed, 7);
}

#[test]
fn nothing_outside_the_data_root_is_read_or_written() {
    let outer = tempfile::tempdir().unwrap();
    let (root, beside) = (outer.path().join("root"), outer.path().join("beside"));
    for folder in [&root, &beside] {
        fs::create_dir_all(folder.join("input_dir")).unwrap();
        fs::write(folder.join("input_dir/cat.png"), cat()).unwrap();
    }
    symlink(beside.join("input_dir/cat.png"), root.join("input_dir/link.png")).unwrap();
    symlink(&beside, root.join("folder")).unwrap();
    let node = Node::anywhere(&root, "0");
    let client = node.client();
    let attempt = |base: &std::path::Path, name: &str| client.attempt(&shared(base, name), PATIENCE).unwrap();

    for base in [beside.clone(), root.join("../beside"), root.join("folder"), "/".into()] {
        let outcome = attempt(&base, "cat.png");
        assert!(
            matches!(outcome, Err(AttemptError::Fault { kind: FaultKind::NoAccess, .. })),
            "{base:?} {outcome:?}"
        );
    }
    for name in ["../../beside/input_dir/cat.png", "/etc/hostname", "a/../../cat.png"] {
        let outcome = attempt(&root, name);
        assert!(
            matches!(&outcome, Err(AttemptError::Invalid { field, .. }) if field.contains("file_name")),
            "{outcome:?}"
        );
    }
    let outcome = attempt(&root, "link.png");
    assert!(
        matches!(outcome, Err(AttemptError::Failed { kind: FailureKind::Unreadable, .. })),
        "{outcome:?}"
    );

    symlink(&beside, root.join("output_dir")).unwrap();
    let outcome = attempt(&root, "cat.png");
    assert!(matches!(outcome, Err(AttemptError::Fault { kind: FaultKind::WriteFailed, .. })), "{outcome:?}");
    assert_eq!(fs::read_dir(&beside).unwrap().count(), 1, "only its input_dir");
    let odd_key = AttemptRequest { job_key: "../../beside".to_owned(), ..shared(&root, "cat.png") };
    fs::remove_file(root.join("output_dir")).unwrap();
    let reply = client.attempt(&odd_key, PATIENCE).unwrap().unwrap();
    assert!(matches!(&reply.result, AttemptResult::TemporaryFile(name) if !name.contains("..")), "{reply:?}");
}

#[test]
fn a_write_that_fails_midway_leaves_no_partial_file_and_the_node_lives() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("input_dir")).unwrap();
    fs::write(folder.path().join("input_dir/small.png"), picture(2, 2)).unwrap();
    fs::write(folder.path().join("input_dir/large.png"), picture(300, 300)).unwrap();
    // The system writes as much of a file as it may have (one block of 512 or 1024 bytes) and fails then, as a full
    // disk does; it says so by an error because the signal that would say it is ignored.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"", PROGRAM]);
    let node = Node::of(command_by(shell, folder.path(), &["0", "--listen", "127.0.0.1:0"]));
    let client = node.client();
    let attempt = |name, task| AttemptRequest { task, ..shared(folder.path(), name) };

    match client.attempt(&attempt("large.png", 1), PATIENCE).unwrap() {
        Err(AttemptError::Fault { kind: FaultKind::WriteFailed, why }) => {
            assert!(why.contains(".tmp"), "{why}")
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_dir(folder.path().join("output_dir/.ballast/job")).unwrap().count(), 0);
    let original = SharedFile { base_path: ".".to_owned(), file_name: "large.png".to_owned() };
    client.execute(Admission::MayReject, &original, PATIENCE).unwrap_err();
    let left =
        fs::read_dir(folder.path().join("output_dir")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), [".ballast"]);
    client.attempt(&attempt("small.png", 2), PATIENCE).unwrap().unwrap();
}

#[test]
fn two_data_roots_serve_both() {
    let [one, two] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    for folder in [&one, &two] {
        fs::create_dir(folder.path().join("input_dir")).unwrap();
        fs::write(folder.path().join("input_dir/cat.png"), cat()).unwrap();
    }
    let roots = format!("0 --data-root {} --data-root {}", one.path().display(), two.path().display());
    let node = Node::anywhere(one.path(), &roots);
    for folder in [&one, &two] {
        node.client().attempt(&shared(folder.path(), "cat.png"), PATIENCE).unwrap().unwrap();
        assert!(folder.path().join("output_dir").exists());
    }
}

#[test]
fn an_old_submission_and_an_unknown_operation_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::anywhere(folder.path(), "0");
    let client = node.client();
    client.attempt(&AttemptRequest { epoch: 5, ..synthetic(Duration::ZERO) }, PATIENCE).unwrap().unwrap();
    let old = AttemptRequest { epoch: 4, ..synthetic(Duration::ZERO) };
    assert_eq!(reason(client.attempt(&old, PATIENCE)), RejectReason::StaleEpoch);
    let file =
        SharedFile { base_path: folder.path().to_str().unwrap().to_owned(), file_name: "cat.png".to_owned() };
    let unknown = AttemptRequest {
        operation: "egdes".to_owned(),
        work: Work::Shared(file),
        ..synthetic(Duration::ZERO)
    };
    match client.attempt(&AttemptRequest { epoch: 5, ..unknown }, PATIENCE).unwrap() {
        Err(AttemptError::Invalid { field, why }) => {
            assert!(field == "operation" && why.contains("did you mean `edges`"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}
