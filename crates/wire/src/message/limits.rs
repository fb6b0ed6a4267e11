//! What a peer may cost us: bounds on sizes, counts and times.

use crate::door::Credentials;
use crate::serve::Rates;
use std::time::Duration;

/// Bounds on one serving port. Every one of them ends at worst the connection that passed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections served at once. One more evicts the longest-idle one, or is turned away if all are at work.
    pub connections: usize,
    /// How long a connection may stay silent between messages.
    pub idle: Duration,
    /// How long one message may take to arrive, from its first byte; [`slowest_bytes_per_second`] adds to it.
    ///
    /// [`slowest_bytes_per_second`]: Limits::slowest_bytes_per_second
    pub message_time: Duration,
    /// A message that arrives at least this fast is never cut for its slowness.
    pub slowest_bytes_per_second: u32,
    /// How long a write may find no room because the peer does not read.
    pub write_time: Duration,
    /// Memory that the large messages of all connections may take together, from their arrival to their answer.
    pub buffered_bytes: usize,
    /// Stack of a connection's thread, on which the handler runs too.
    pub stack_bytes: usize,
    /// Bounds on a message's shape.
    pub shape: Shape,
    /// How often one machine may connect and call.
    pub rates: Rates,
    /// What a caller must prove before its first message is looked at.
    pub credentials: Credentials,
}

/// Bounds on the shape of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The whole message, an inline image included.
    pub message_bytes: usize,
    /// Any string or binary but the inline image.
    pub text_bytes: usize,
    /// Elements of one list, set or map.
    pub elements: usize,
    /// Structs and containers inside each other.
    pub depth: usize,
}

impl Default for Limits {
    /// For a cluster of our own: a thousand in-flight attempts a server and room beside them for others to look.
    fn default() -> Limits {
        Limits {
            connections: 2_048,
            idle: Duration::from_secs(60),
            message_time: Duration::from_secs(5),
            slowest_bytes_per_second: 1 << 20,
            write_time: Duration::from_secs(10),
            buffered_bytes: 512 << 20,
            stack_bytes: 256 * 1024,
            shape: Shape::default(),
            rates: Rates::default(),
            credentials: Credentials::default(),
        }
    }
}

impl Default for Shape {
    /// An inline image of 64 MiB, and nothing else that is large.
    fn default() -> Shape {
        Shape { message_bytes: 64 << 20, text_bytes: 64 << 10, elements: 100_000, depth: 64 }
    }
}
