//! The calling side: bounded pools of connections, and calls whose failures are told apart by what can be done.

mod connection;
mod error;
mod exchange;
mod node;
mod pool;
mod server;
mod settings;

pub use error::{Breakage, CallError};
pub use node::{Evidence, NodeClient, Peer};
pub use server::ServerClient;
pub use settings::PoolSettings;
