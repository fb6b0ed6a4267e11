//! What should come out: closed forms, to stand beside what was measured.
//!
//! Pure functions in seconds and probabilities. Each says what it assumes; where a simulation meets the assumptions, it
//! agrees (`tests/it/theory.rs`).
//!
//! - [`attempts`]: attempts a task, the node that accepts it, and what rejection does to delay (the selection effect);
//! - [`makespan`]: batches, with slots enough and with too few;
//! - [`hedging`]: copies after a time;
//! - [`sinkhole`]: who gets the attempts when least connections meets nodes that refuse;
//! - [`queues`]: Erlang's formulas, M/M/k, M/G/1 first come first served and with shared processors;
//! - [`jsq`]: join the shortest of d queues, in the long run and from an empty start;
//! - [`expect`]: which of them speak about a given scenario, and what they say.

pub mod attempts;
pub mod expect;
pub mod hedging;
pub mod jsq;
pub mod makespan;
pub mod queues;
pub mod sinkhole;
