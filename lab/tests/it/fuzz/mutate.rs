//! Bytes changed at random, the same for the same seed: what a fuzzer does, without a fuzzer's tools.

use luck::{Coin, Purpose, Seed};
use std::fs;
use std::path::Path;

/// Inputs whose changed descendants are tried; every file of a folder, in the order of their names.
pub(super) struct Corpus {
    inputs: Vec<Vec<u8>>,
    seed: Seed,
    rounds: u64,
}

/// Words that parsers treat in ways of their own.
const WORDS: [&[u8]; 12] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\n",
    b"\r\n",
    b"\"",
    b",",
    b"99999999999999999999",
    b"-1",
    b"\xc3\x28",
    b"p=",
];

impl Corpus {
    /// The corpus below `lab/tests/corpus`. `BALLAST_FUZZ_ROUNDS` asks for other than the usual number of rounds,
    /// `BALLAST_FUZZ_SEED` for others.
    pub(super) fn open(name: &str, rounds: u64) -> Corpus {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
        let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let inputs: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
        assert!(!inputs.is_empty(), "{folder:?} is empty");
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        Corpus {
            inputs,
            seed: Seed(number("BALLAST_FUZZ_SEED").unwrap_or(1)),
            rounds: number("BALLAST_FUZZ_ROUNDS").unwrap_or(rounds),
        }
    }

    /// Tries every input of the corpus as it is, and then as many changed ones as there are rounds. Where `target`
    /// panics, the round that it happened in is told, which is enough to try it again.
    pub(super) fn try_all(&self, mut target: impl FnMut(&[u8])) {
        self.inputs.iter().for_each(|input| target(input));
        for round in 0..self.rounds {
            let told = Told { round, seed: self.seed.0 };
            target(&self.changed(round));
            std::mem::forget(told);
        }
    }

    fn changed(&self, round: u64) -> Vec<u8> {
        let mut dice = Dice(self.seed.coin(Purpose::Fault, round, 0));
        let mut bytes = self.inputs[dice.below(self.inputs.len())].clone();
        for _ in 0..=dice.below(4) {
            self.change(&mut bytes, &mut dice);
        }
        bytes
    }

    fn change(&self, bytes: &mut Vec<u8>, dice: &mut Dice) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + 1 + dice.below(16)).min(bytes.len());
        match dice.below(7) {
            0 => bytes[at..end].iter_mut().take(1).for_each(|byte| *byte ^= 1 << dice.below(8)),
            1 => bytes[at..end].iter_mut().for_each(|byte| *byte = dice.below(256) as u8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            4 => drop(bytes.splice(at..at, WORDS[dice.below(WORDS.len())].iter().copied())),
            5 => bytes.truncate(at),
            _ => {
                // The end of another input: two formats in one.
                let other = &self.inputs[dice.below(self.inputs.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[dice.below(other.len() + 1)..]);
            }
        }
    }
}

struct Dice(Coin);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.next();
        self.0.below(bound)
    }
}

/// Says in which round a panic happened, and is forgotten where none does.
struct Told {
    round: u64,
    seed: u64,
}

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!(
            "in round {} of seed {}: BALLAST_FUZZ_SEED={} BALLAST_FUZZ_ROUNDS={} shows it again",
            self.round,
            self.seed,
            self.seed,
            self.round + 1
        );
    }
}

#[test]
fn a_seed_names_the_inputs_and_they_differ() {
    let corpus =
        Corpus { inputs: vec![b"hello".to_vec(), b"world, again".to_vec()], seed: Seed(3), rounds: 500 };
    let mut first = Vec::new();
    corpus.try_all(|input| first.push(input.to_vec()));
    let mut again = Vec::new();
    corpus.try_all(|input| again.push(input.to_vec()));
    assert_eq!(first, again);
    assert_eq!(first.len(), 502);
    let different: std::collections::BTreeSet<_> = first.iter().collect();
    assert!(different.len() > 300, "{} different inputs", different.len());
}
