//! What happened on a port, counted: honest calls and every kind of bad peer.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the port was opened.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The counters as the connections' threads count them.
        #[derive(Debug, Default)]
        pub(crate) struct Counting {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl Counters {
            /// Each counter by its name, for monitors and for other programs.
            pub fn by_name(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            /// The counters of these names; others are left alone, and what is not named is zero.
            pub(crate) fn of_names<'n>(named: impl IntoIterator<Item = (&'n str, u64)>) -> Counters {
                let mut counters = Counters::default();
                for (name, value) in named {
                    match name {
                        $(stringify!($name) => counters.$name = value,)*
                        _ => {}
                    }
                }
                counters
            }
        }

        impl Counting {
            pub(crate) fn read(&self) -> Counters {
                Counters { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counters! {
    /// Connections accepted.
    accepted,
    /// Connections turned away because all others were at work.
    turned_away,
    /// Connections closed to make place for another.
    evicted,
    /// Connections closed unheard because their machine makes too many.
    refused_connections,
    /// Calls refused because their machine makes too many.
    refused_calls,
    /// Connections closed because their peer was silent for too long.
    idle_closed,
    /// Connections closed because a message came too slowly or a peer did not read its answer.
    too_slow,
    /// Connections whose first bytes were HTTP, TLS or another thing that is not served.
    foreign,
    /// Callers that did not prove who they are, by the secret or a certificate.
    unproven,
    /// Messages that were none, or above a limit.
    malformed,
    /// Messages whose values had other types than the interface gives them, or text that was none.
    wrong_types,
    /// Messages dispatched to the service, calls of unknown methods included.
    calls,
    /// Calls in which the service panicked.
    panics,
    /// Times that no connection could be accepted, for want of file descriptors for instance.
    accept_errors,
}

/// Counts one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
