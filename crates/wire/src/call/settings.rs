//! How many connections a pool may have, and how long they may wait.

use crate::door::Credentials;
use crate::message::limits::Shape;
use std::time::Duration;

/// Bounds of a pool of connections to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Most connections at once, which is most calls in flight: a connection carries one call at a time.
    pub connections: usize,
    /// A connection that was idle for longer is not used again. Must be below the peer's own idle limit.
    pub idle_age: Duration,
    /// How long making a connection may take.
    pub connect_time: Duration,
    /// How long a write may find no room because the peer does not read.
    pub write_time: Duration,
    /// Bounds on the messages both ways.
    pub shape: Shape,
    /// What both ends prove to each other when a connection begins.
    pub credentials: Credentials,
}

impl Default for PoolSettings {
    /// For peers of our own kind.
    fn default() -> PoolSettings {
        PoolSettings {
            connections: 1_024,
            idle_age: Duration::from_secs(30),
            connect_time: Duration::from_secs(2),
            write_time: Duration::from_secs(10),
            shape: Shape::default(),
            credentials: Credentials::default(),
        }
    }
}

impl PoolSettings {
    /// For nodes of the original's kind: stock Python servers have ten threads, each bound to one connection, and some
    /// close connections that were idle for three seconds.
    pub fn compatible() -> PoolSettings {
        PoolSettings { connections: 10, idle_age: Duration::from_secs(2), ..PoolSettings::default() }
    }
}
