//! The command `histories`: runs simulated histories and checks every promise after every step.

use histories::{Bug, Sum, find, run_many, tell};
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

const USAGE: &str = "usage: histories [--histories COUNT] [--from SEED] [--threads COUNT]
       histories --seed SEED [--bug NAME]
       histories --bug NAME [--histories COUNT]

Runs COUNT histories [default: 100000] from SEED on [default: 0] on all cores and checks every promise after every step.
With --seed, that one history is told step by step. With --bug alone, the first history that finds the planted mistake is
named. The names:";

struct Asked {
    count: u64,
    from: u64,
    seed: Option<u64>,
    threads: usize,
    bug: Option<Bug>,
}

fn asked(mut words: impl Iterator<Item = String>) -> Option<Asked> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut asked = Asked { count: 100_000, from: 0, seed: None, threads, bug: None };
    while let Some(word) = words.next() {
        let value = words.next()?;
        match word.as_str() {
            "--histories" => asked.count = value.replace('_', "").parse().ok()?,
            "--from" => asked.from = value.parse().ok()?,
            "--seed" => asked.seed = Some(value.parse().ok()?),
            "--threads" => asked.threads = value.parse().ok()?,
            "--bug" => asked.bug = Some(Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == value)?),
            _ => return None,
        }
    }
    Some(asked)
}

fn main() -> ExitCode {
    let Some(asked) = asked(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        Bug::ALL.iter().for_each(|bug| eprintln!("  {bug:?}"));
        return ExitCode::from(2);
    };
    match (asked.seed, asked.bug) {
        (Some(seed), bug) => step_by_step(seed, bug.unwrap_or(Bug::None)),
        (None, Some(bug)) => planted(&asked, bug),
        (None, None) => many(&asked),
    }
}

fn step_by_step(seed: u64, bug: Bug) -> ExitCode {
    let (came, tale) = tell(seed, bug);
    tale.iter().for_each(|line| println!("{line}"));
    match came {
        Ok(story) => {
            println!("{story:?}\nno promise broke");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("{violation}");
            ExitCode::FAILURE
        }
    }
}

fn planted(asked: &Asked, bug: Bug) -> ExitCode {
    match find(asked.from..asked.from.saturating_add(asked.count), bug) {
        Some(violation) => {
            println!("found: {violation}");
            ExitCode::SUCCESS
        }
        None => {
            println!("{bug:?} was not found in {} histories", asked.count);
            ExitCode::FAILURE
        }
    }
}

fn many(asked: &Asked) -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "told to whoever waits; no history knows it")]
    let begun = Instant::now();
    let Sum { histories, story, violations } =
        run_many(asked.from..asked.from.saturating_add(asked.count), Bug::None, asked.threads);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{histories} histories in {seconds:.1} s ({:.0} a second): {:.0} virtual hours, {} steps checked, {} faults, \
         {} troubled messages, {} failovers, {} results of deposed servers refused",
        histories as f64 / seconds,
        story.elapsed_us as f64 / 3.6e9,
        story.steps,
        story.faults,
        story.troubled_messages,
        story.failovers,
        story.refused
    );
    match violations.first() {
        None => {
            println!("no promise broke");
            ExitCode::SUCCESS
        }
        Some(first) => {
            println!("{} histories broke a promise; the first:\n{first}", violations.len());
            ExitCode::FAILURE
        }
    }
}
