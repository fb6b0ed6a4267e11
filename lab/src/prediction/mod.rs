//! What would have been: a model fitted to recorded runs, other strategies played on it, and how far that is from reality.
//!
//! The coins of a recorded run are known, because they are functions of its seed. Whether an attempt was refused
//! therefore does not only count into a share: it bounds the node's probability from one side, and a few hundred
//! attempts leave room for one round number. A prediction under the seeds of the run then meets the very same luck.
//!
//! Reading order: [`bracket`] (a probability from its coins), [`calibrate`] (a model from records; `told` and `hand_over`
//! are parts of it), [`model`] (what is in it), [`scenario`] (a model as something to simulate), [`world`] (simulate, and read as if recorded), [`replay`]
//! (the same arrivals, work and wire under another strategy), [`decisions`] (the same decisions again), [`agreement`] (prediction against reality), [`scale`].

pub mod agreement;
pub mod bracket;
pub mod calibrate;
pub mod decisions;
mod hand_over;
pub mod model;
pub mod replay;
pub mod scale;
pub mod scenario;
mod told;
pub mod world;

/// Why nothing can be predicted.
#[derive(Debug, thiserror::Error)]
pub enum PredictionError {
    /// No attempt brought a result.
    #[error("no attempt in these records brought a result: name the folder of a run with finished jobs")]
    NoResults,
    /// The model's file is none.
    #[error("{path}: {why}; make it anew with lab calibrate")]
    Model {
        /// Which.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The scenario cannot be simulated.
    #[error(transparent)]
    Scenario(#[from] simulator::ScenarioError),
    /// A change does not fit the model.
    #[error("{0}")]
    Change(String),
}
