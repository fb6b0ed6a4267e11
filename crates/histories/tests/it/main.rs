//! A hundred thousand histories keep every promise, and every planted mistake is found within a thousand.

use histories::{Bug, find, run, run_many, tell};

/// Histories of a test run. More: `cargo run --release -p histories -- --histories 10000000`.
const HISTORIES: u64 = 100_000;
/// Histories within which a planted mistake has to be found.
const ENOUGH: u64 = 1_000;

#[test]
fn no_promise_breaks_in_a_hundred_thousand_histories() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let sum = run_many(0..HISTORIES, Bug::None, threads);
    if let Some(first) = sum.violations.first() {
        panic!("{} histories broke a promise; the first:\n{first}", sum.violations.len());
    }
    let story = sum.story;
    // What does not happen shows nothing.
    assert!(sum.histories == HISTORIES && story.faults > HISTORIES && story.refused > 1_000, "{sum:?}");
    assert!(story.failovers > 10_000 && story.troubled_messages > HISTORIES, "{sum:?}");
}

fn is_found(bug: Bug) {
    assert!(find(0..ENOUGH, bug).is_some(), "{bug:?} was not found in {ENOUGH} histories");
}

#[test]
fn the_mistake_no_fence_is_found() {
    is_found(Bug::NoFence);
}

#[test]
fn the_mistake_no_result_flush_is_found() {
    is_found(Bug::NoResultFlush);
}

#[test]
fn the_mistake_no_folder_flush_is_found() {
    is_found(Bug::NoFolderFlush);
}

#[test]
fn the_mistake_no_tail_cut_is_found() {
    is_found(Bug::NoTailCut);
}

#[test]
fn the_mistake_answer_first_is_found() {
    is_found(Bug::AnswerFirst);
}

#[test]
fn the_mistake_no_journal_flush_is_found() {
    is_found(Bug::NoJournalFlush);
}

#[test]
fn the_mistake_flush_again_is_found() {
    is_found(Bug::FlushAgain);
}

#[test]
fn the_mistake_publish_twice_is_found() {
    is_found(Bug::PublishTwice);
}

#[test]
fn the_mistake_no_incarnation_is_found() {
    is_found(Bug::NoIncarnation);
}

#[test]
fn the_mistake_trust_journal_is_found() {
    is_found(Bug::TrustJournal);
}

#[test]
fn the_mistake_attempt_twice_is_found() {
    is_found(Bug::AttemptTwice);
}

#[test]
fn the_mistake_forget_published_is_found() {
    is_found(Bug::ForgetPublished);
}

#[test]
fn the_mistake_end_under_old_epoch_is_found() {
    is_found(Bug::EndUnderOldEpoch);
}

#[test]
fn the_mistake_no_folder_again_is_found() {
    is_found(Bug::NoFolderAgain);
}

#[test]
fn the_mistake_give_back_by_look_is_found() {
    is_found(Bug::GiveBackByLook);
}

#[test]
fn the_mistake_take_after_end_is_found() {
    is_found(Bug::TakeAfterEnd);
}

#[test]
fn the_mistake_owner_first_is_found() {
    is_found(Bug::OwnerFirst);
}

#[test]
fn every_mistake_has_its_test() {
    let tests = include_str!("main.rs");
    for bug in Bug::ALL {
        assert!(tests.contains(&format!("is_found(Bug::{bug:?});")), "{bug:?}");
    }
}

#[test]
fn one_seed_is_one_history() {
    for seed in 0..20 {
        let (came, tale) = tell(seed, Bug::None);
        assert_eq!(came, run(seed, Bug::None), "told or not");
        assert_eq!(tale, tell(seed, Bug::None).1);
    }
    assert_ne!(tell(1, Bug::None).1, tell(2, Bug::None).1);
    let sums = [1, 3].map(|threads| run_many(0..200, Bug::None, threads).story);
    assert_eq!(sums[0], sums[1], "on any number of threads");
}

#[test]
fn a_broken_promise_names_the_command_that_tells_it() {
    let violation = find(0..ENOUGH, Bug::NoTailCut).unwrap();
    let command = format!("cargo run --release -p histories -- --seed {} --bug NoTailCut", violation.seed);
    assert!(violation.to_string().ends_with(&command), "{violation}");
    let (_, tale) = tell(violation.seed, Bug::NoTailCut);
    assert!(tale.last().unwrap().contains("BROKEN: "), "{tale:?}");
}
