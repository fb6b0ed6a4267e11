//! The tree names no machine on which it was built, and no registry but the public ones.

use crate::tree;

/// Files in which a registry's address is right.
const LOCK: &str = "Cargo.lock";
const CRATES_IO: &str = "\"registry+https://github.com/rust-lang/crates.io-index\"";

/// What would point a build at another registry. Written in halves, so that this file does not find itself.
const REGISTRIES: &[&str] = &[
    concat!("--index", "-url"),
    concat!("--extra-index", "-url"),
    concat!("--find", "-links"),
    concat!("--trusted", "-host"),
    concat!("replace", "-with"),
    concat!("[regis", "tries"),
    concat!("PIP_INDEX", "_URL"),
];

fn find(needle: &str) -> Vec<String> {
    let mut places = Vec::new();
    for file in tree::texts().iter().filter(|file| file.path != LOCK) {
        for (number, line) in file.text.lines().enumerate() {
            let whole = |(place, _): (usize, &str)| {
                let (before, after) =
                    (line[..place].chars().next_back(), line[place + needle.len()..].chars().next());
                let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_-.".contains(c));
                !(part(before) || part(after))
            };
            if line.match_indices(needle).any(whole) {
                places.push(format!("{}:{}: {needle}", file.path, number + 1));
            }
        }
    }
    places
}

#[test]
fn no_path_of_this_machine() {
    let root = tree::root().to_string_lossy().into_owned();
    let variables = ["HOME", "CARGO_HOME", "RUSTUP_HOME", "CARGO_TARGET_DIR", "VIRTUAL_ENV"];
    let values = variables.iter().filter_map(|variable| std::env::var(variable).ok());
    // A path of one part, such as `/tmp`, is everybody's; a home folder of one part is not.
    let own = values.filter(|value| value.starts_with('/') && value.len() > 1 && value != "/tmp");
    let root = Some(root).filter(|root| root.matches('/').count() > 1);
    let own: Vec<String> = own.chain(root).flat_map(|path| find(&path)).collect();
    tree::none(&own, "write a path that other machines have too:");
}

#[test]
fn no_registry_but_the_public_ones() {
    let mut complaints: Vec<String> = REGISTRIES.iter().flat_map(|option| find(option)).collect();
    let lock = tree::texts().iter().find(|file| file.path == LOCK).expect("Cargo.lock is checked in");
    let sources = lock.text.lines().filter_map(|line| line.strip_prefix("source = "));
    complaints
        .extend(sources.filter(|source| *source != CRATES_IO).map(|source| format!("{LOCK}: {source}")));
    tree::none(&complaints, "whoever builds chooses the registry:");
}
