//! The only crate that names `thrift`: what the programs say to each other, as plain types, and how it travels.
//!
//! Reading order: [`node`] and [`job`] (the messages and the two service traits), then how they travel.

pub mod job;
pub mod node;
