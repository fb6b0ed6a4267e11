//! What every program does at its edge, said once: where its log goes, how it takes a port, who may come in there
//! ([`door`]), how it tells that it is ready,
//! how monitors ask for its figures ([`probe`]), how times are written on its command line, and where unforeseeable numbers come from.

pub mod chance;
pub mod door;
pub mod listen;
pub mod logging;
pub mod metrics;
pub mod probe;
pub mod ready;
pub mod rotate;
pub mod time;
