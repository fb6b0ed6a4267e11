//! The scheduler from outside: driven in virtual time over modelled nodes.

mod behaviour;
mod cluster;
mod conformance;
mod conservation;
mod scale;
