//! A compute node: admission, queue and pixels.
//!
//! It answers `wire`'s node interface, and the original system's, on one port. Reading order: `args` and `settings`
//! (what it is told), `node` (what becomes of an attempt), and the parts that `node` puts together: `gate` (slots, cores
//! and their queues), `budget` and `memory` (what images may take), `fence` (old submissions), `files` (data roots and temporary results), `pixels` (decode, operation,
//! encode), `counters` and `figures`; then `start`, `register` and `stop` (the process around it).

mod args;
mod budget;
mod counters;
mod fence;
mod figures;
mod files;
mod gate;
mod kept;
mod memory;
mod node;
mod pixels;
mod planted;
mod register;
mod settings;
mod start;
mod stop;
mod trouble;

pub use start::run;
