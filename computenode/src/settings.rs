//! What a node runs with, after the command line, `machine.txt` and the machine itself have had their say.

use crate::args::Args;
use cluster::{ChangingLoad, Machine, Profile};
use imaging::codec::Limits;
use luck::Seed;
use std::thread;

/// Slots of a node that nobody has told otherwise.
const DEFAULT_SLOTS: usize = 10;

/// What a node runs with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) load: ChangingLoad,
    /// Attempts in a slot at once.
    pub(crate) slots: usize,
    /// Attempts that may wait for a slot.
    pub(crate) queue: usize,
    /// Images worked on at once.
    pub(crate) cores: usize,
    /// Luck of calls that bring none, and of a load that changes.
    pub(crate) seed: Seed,
    pub(crate) limits: Limits,
    /// Bytes for the images that are worked on at once.
    pub(crate) memory: u64,
}

/// Nobody has said how loaded the node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no load probability is given: say 'computenode 0.8', or write p=0.8 in the node's line of machine.txt"
)]
pub(crate) struct NoLoad;

impl Settings {
    /// The command line rules, then the node's `entry` in `machine.txt`, then defaults. `drawn_seed` is for who gave none.
    ///
    /// # Errors
    /// If neither gives a load probability.
    pub(crate) fn new(
        args: &Args,
        name: String,
        entry: Option<&Machine>,
        drawn_seed: u64,
    ) -> Result<Settings, NoLoad> {
        let listed = entry.and_then(|entry| entry.load_probability).map(Profile::Constant);
        let load = args.load_probability.clone().or(listed);
        let coin = |own: &Option<Profile>| own.clone().or(load.clone()).ok_or(NoLoad);
        let load = ChangingLoad {
            reject: coin(&args.reject_probability)?,
            delay: coin(&args.delay_probability)?,
            delay_time: args.delay,
        };
        let listed = entry.and_then(|entry| entry.slots).and_then(|slots| usize::try_from(slots).ok());
        let limits = Limits::default();
        Ok(Settings {
            name,
            load,
            slots: args.slots.or(listed).unwrap_or(DEFAULT_SLOTS),
            queue: args.queue,
            cores: args.cores.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)),
            seed: Seed(args.seed.unwrap_or(drawn_seed)),
            limits: Limits {
                max_bytes: args.max_image_bytes.unwrap_or(limits.max_bytes),
                max_pixels: args.max_image_pixels.unwrap_or(limits.max_pixels),
            },
            memory: args.max_memory.unwrap_or_else(crate::memory::for_images),
        })
    }

    /// The load in words, for people.
    pub(crate) fn shown_load(&self) -> String {
        let ChangingLoad { reject, delay, .. } = &self.load;
        if reject == delay { format!("load {reject}") } else { format!("rejects {reject}, delays {delay}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use cluster::Machines;

    fn settings(arguments: &[&str], line: &str) -> Result<Settings, NoLoad> {
        let machines = Machines::parse(&format!("{line}\nserver 127.0.0.1:5009\n")).unwrap();
        let args =
            Args::try_parse_from(std::iter::once("computenode").chain(arguments.iter().copied())).unwrap();
        Settings::new(&args, "node0".to_owned(), machines.nodes().next(), 7)
    }

    #[test]
    fn the_command_line_rules_over_the_file_over_the_default() {
        let plain = "node0 127.0.0.1:5001";
        let full = "node0 127.0.0.1:5001 slots=4 p=0.3";
        let get = |arguments: &[&str], line| {
            settings(arguments, line).map(|s| (s.load.reject.mean().get(), s.slots))
        };
        assert_eq!(get(&["0.8"], plain), Ok((0.8, 10)));
        assert_eq!(get(&[], full), Ok((0.3, 4)));
        assert_eq!(get(&["0.8", "--slots", "2"], full), Ok((0.8, 2)));
        assert_eq!(get(&[], plain), Err(NoLoad));
    }

    #[test]
    fn both_coins_can_be_told_apart() {
        let line = "node0 127.0.0.1:5001";
        assert_eq!(settings(&["0.5"], line).unwrap().shown_load(), "load 0.5");
        let apart = settings(&["0.5", "--reject-probability", "0"], line).unwrap();
        assert_eq!(apart.shown_load(), "rejects 0, delays 0.5");
        let both = settings(&["--reject-probability", "0.1", "--delay-probability", "0.2"], line).unwrap();
        assert_eq!(both.shown_load(), "rejects 0.1, delays 0.2");
    }

    #[test]
    fn the_seed_is_drawn_only_when_none_is_given() {
        let line = "node0 127.0.0.1:5001";
        assert_eq!(settings(&["0"], line).unwrap().seed, Seed(7));
        assert_eq!(settings(&["0", "--seed", "9"], line).unwrap().seed, Seed(9));
    }
}
