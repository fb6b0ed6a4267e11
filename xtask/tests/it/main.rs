//! The rules of the workspace, one a file. A failure says which file breaks which rule and what to do.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot read the tree should stop")]

mod documents;
mod imports;
mod lints;
mod machine;
mod marks;
mod purity;
mod size;
mod source;
mod tables;
mod threads;
mod tree;
