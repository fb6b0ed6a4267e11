//! What was seen of the cluster, pure: pictures, what changed between two of them, and how they read as JSON.

pub(crate) mod changes;
pub(crate) mod frame;
pub(crate) mod jobs;
pub(crate) mod listed;
pub(crate) mod picture;
pub(crate) mod strategies;
pub(crate) mod told;

pub(crate) use picture::Look;
