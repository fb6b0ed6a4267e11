//! The same scheduler over modelled nodes in virtual time.
//!
//! [`simulate`] runs a [`Scenario`] and answers a [`Run`]; [`simulate_into`] also shows every ended attempt, task and
//! job to an [`Observer`], which may write records, a decision log or nothing. One simulation is one thread and one
//! seed is one run, byte for byte; who wants many runs starts many.
//!
//! ```
//! use cluster::{ChangingLoad, Probability};
//! use simulator::{Arrivals, Distribution, JobPlan, NodePlan, Scenario, Work};
//! use std::time::Duration;
//!
//! let load = |p| ChangingLoad::both(Probability::clamped(p).into(), Duration::from_secs(3));
//! let nodes = [0.1, 0.5, 0.9].map(|p| NodePlan { load: load(p), ..NodePlan::new(format!("p{p}"), 10) });
//! let work = Work::ByTask(Distribution::Constant(Duration::from_millis(50)));
//! let job = JobPlan::new("load_balancing".parse()?, luck::Seed(7), Arrivals::AllAtOnce { tasks: 100 }, work);
//! let run = simulator::simulate(&Scenario::new(nodes.into(), job))?;
//! assert_eq!(run.jobs[0].counts.done, 100);
//! assert!(run.jobs[0].tasks.attempts() > 1.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Reading order: [`scenario`] (what is simulated), [`distribution`], [`arrivals`], [`observe`] (what is seen),
//! `engine` (the event loop), [`summary`], [`rows`] (records), [`replay`] (records back into a plan), [`theory`], [`bare`].

pub mod arrivals;
pub mod bare;
pub mod distribution;
mod engine;
mod log;
pub mod observe;
pub mod replay;
pub mod rows;
pub mod scenario;
pub mod summary;
pub mod theory;

pub use arrivals::Arrivals;
pub use distribution::{BadDistribution, Distribution};
pub use engine::{NodeTotals, simulate, simulate_into};
pub use observe::{AttemptSeen, DecisionLog, JobSeen, Observer, Parts, TaskSeen};
pub use rows::{Collected, Recorded, RowSink, Rows};
pub use scenario::{
    Cancellation, Fault, FaultKind, JobPlan, NodePlan, Processors, Scenario, ScenarioError, Work,
};
pub use summary::{JobSummary, MeanParts, Run, TaskSummary};
