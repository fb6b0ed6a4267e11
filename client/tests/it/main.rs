//! The client program against servers that play a part, over real sockets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod endings;
mod failover;
mod interrupts;
mod stage;
