//! The whole system from outside: real processes, real sockets, real images. What a user types is what runs here.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

mod bad_input;
mod browser;
mod cards_way;
mod certificates;
mod disk;
mod door;
mod election;
mod faults;
mod foreign;
mod images;
mod journal_faults;
mod left;
mod membership;
mod power;
mod put_off;
mod records;
mod resume;
mod segments;
mod side_by_side;
mod torture;
#[expect(dead_code, reason = "shared with the tests of the console, which strike keys too")]
mod webdriver;
mod world;
