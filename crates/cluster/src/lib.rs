//! Who is in the cluster and how loaded its nodes pretend to be: `machine.txt`, node names and the load model.
//!
//! Reading order: [`admission`], [`load`], `machines`.

pub mod admission;
pub mod load;

pub use admission::Admission;
