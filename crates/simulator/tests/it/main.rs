//! Behaviour of the simulator from outside.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod bare;
mod conservation;
mod determinism;
mod expect;
mod faults;
mod hand_over;
mod plans;
mod processes;
mod replay;
mod theory;
