//! What must survive a crash: the server's journal and the protocol that publishes a result exactly once.
//!
//! There is no file in here. Bytes go to a [`Medium`](log::Medium), results lie on a
//! [`Shelf`](publication::Shelf); the server makes both of real files, and simulated histories make both of memory that
//! crashes, tears and lies. What is proven about the one is therefore code of the other.
//!
//! Reading order: [`frame`] (bytes on the medium, and which of them count), [`entry`] (what is said in them), [`book`]
//! (what a replay comes to), [`log`] (how a frame gets onto the medium), [`publication`] (how a result gets its name).

pub mod book;
pub mod bytes;
pub mod entry;
pub mod frame;
pub mod log;
pub mod publication;
