//! The only crate that names `thrift`: what the programs say to each other, as plain types, and how it travels.
//!
//! Reading order: [`node`], [`job`], [`division`] and [`membership`] (the messages and the two service traits), then how they travel: `message` (one
//! message on a connection: told apart, bounded, whole), `serve` (a port: [`serve_node`], [`serve_server`]), `call`
//! (pools of connections: [`NodeClient`], [`ServerClient`]), `channel` (bytes both ways, sealed or not), `door` (who
//! may come in: [`Credentials`]) and `convert` (generated types to plain ones); [`stored`] keeps messages for a later
//! process.
//!
//! A port answers our interface and the original system's, in binary or compact encoding, framed or not. Whatever a
//! peer sends costs at worst its own connection. A call that fails says by its type whether it can be repeated.

mod call;
mod channel;
mod convert;
pub mod division;
mod door;
pub mod job;
pub mod membership;
mod message;
pub mod node;
mod refusal;
mod serve;
pub mod stored;
mod version;
mod view;

pub use call::{Breakage, CallError, Evidence, NodeClient, Peer, PoolSettings, ServerClient};
pub use door::{BadCertificates, BadSecret, Credentials, Secret, Tls};
pub use message::limits::{Limits, Shape};
pub use serve::{Counters, PortWatch, Rates, Running, StopReport, serve_node, serve_server};

/// Version of the interface that this build speaks, by the rules of SemVer.
pub const INTERFACE_VERSION: &str = idl::ballast::VERSION;
