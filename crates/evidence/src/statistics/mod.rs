//! Pure statistics over replications: numbers in, numbers with their uncertainty out.
//!
//! The unit of observation is the replication (one seed), never the request: requests of one run depend on each
//! other, and an interval that treats them as independent covers 6 % where it says 95 %.
//!
//! Reading order: [`describe`] (mean, deviation, geometric mean), [`quantile`](mod@quantile), [`student`],
//! [`interval`] (of a mean, of a ratio), [`holm`] (many comparisons at once), [`warm_up`] (where a steady state begins),
//! [`kendall`] and [`kolmogorov`] (do two worlds agree?).

pub mod describe;
pub mod holm;
pub mod interval;
pub mod kendall;
pub mod kolmogorov;
pub mod quantile;
pub mod student;
pub mod transport;
pub mod warm_up;

pub use describe::{geometric_mean, mean, standard_deviation};
pub use interval::{Interval, LogRatios, interval_of_mean};
pub use quantile::quantile;
pub use warm_up::WarmUp;
