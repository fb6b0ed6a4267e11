//! Who is in the cluster and how loaded its nodes pretend to be: `machine.txt`, node names and the load model.
//!
//! Reading order: [`admission`], [`component`], [`load`], [`machines`], [`own_entry`](mod@own_entry).

pub mod admission;
pub mod component;
pub mod load;
pub mod machines;
pub mod own_entry;

pub use admission::Admission;
pub use component::encode_component;
pub use load::{BadProbability, ChangingLoad, LoadModel, Moment, Probability, Profile, Verdict};
pub use machines::{Address, Machine, Machines, Role};
pub use own_entry::{OwnEntry, OwnEntryError, own_entry};
