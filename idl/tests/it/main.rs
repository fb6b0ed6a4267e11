//! What is promised about the generated code, read from its source.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test should say where")]

use std::path::PathBuf;
use std::process::Command;

const MODULES: [&str; 3] = ["ballast", "client_server", "server_compute"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn source(module: &str) -> String {
    std::fs::read_to_string(folder().join("src").join(format!("{module}.rs"))).unwrap()
}

/// Lines that reserve memory for as many elements as a peer claims.
fn unbounded(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter(|line| {
            line.contains("with_capacity(")
                && !line.contains("with_capacity(thrift::protocol::prealloc_size(")
        })
        .collect()
}

#[test]
fn no_reader_preallocates_what_a_peer_claims() {
    for module in MODULES {
        assert_eq!(unbounded(&source(module)), Vec::<&str>::new(), "{module}.rs: run idl/generate.sh");
    }
}

#[test]
fn the_search_for_unbounded_readers_finds_one() {
    let bomb = "let mut val: Vec<String> = Vec::with_capacity(list_ident.size as usize);";
    assert_eq!(unbounded(bomb), [bomb]);
    assert!(
        source("ballast").contains("prealloc_size"),
        "there is a list in the interface, so the bound shows"
    );
}

#[test]
fn the_checked_in_code_is_what_the_interface_generates() {
    let check = Command::new(folder().join("generate.sh")).arg("--check").output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout);
    print!("{said}");
    assert!(check.status.success(), "{said}{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn the_version_constant_is_a_semantic_version() {
    let numbers: Vec<u32> = idl::ballast::VERSION.split('.').map(|n| n.parse().unwrap()).collect();
    assert_eq!(numbers.len(), 3);
}
