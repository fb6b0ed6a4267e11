//! What coins are for.

/// What a coin decides. The numbers are part of every recorded run: add at the end, never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Purpose {
    /// A seed for a part of a run.
    Derive = 1,
    /// Whether a node rejects an attempt.
    Reject = 2,
    /// Whether a node delays an attempt.
    Delay = 3,
    /// Which node a policy picks.
    Pick = 4,
    /// How long a back-off lasts.
    Backoff = 5,
    /// When a request arrives.
    Arrival = 6,
    /// How much work a task is.
    Service = 7,
    /// How long a message travels.
    Network = 8,
    /// When and what fails in a fault schedule.
    Fault = 9,
    /// Which operation a task of a random mix gets.
    Mix = 10,
    /// Pixels of a made image, noise and random crops.
    Pixels = 11,
    /// How the load of a node changes with time.
    LoadState = 12,
    /// Draws of a policy's own belief (Thompson sampling).
    Belief = 13,
    /// Resampling in statistics.
    Resample = 14,
}
