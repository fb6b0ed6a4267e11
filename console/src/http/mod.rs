//! What is answered over HTTP, and to whom.
//!
//! Reading order: `port` (connections, bounded), `guard` (who may ask), `problem` (how no is said), then one file a
//! subject: `page`, `stream`, `cluster`, `jobs`, `uploads`, `images`, `steer`, `preference`, `history`, `runs`, `machines`.

mod cluster;
mod guard;
mod history;
mod images;
mod jobs;
mod machines;
mod metrics;
mod page;
pub(crate) mod port;
mod preference;
mod problem;
mod runs;
mod steer;
mod stream;
mod uploads;

pub(crate) use guard::Guard;

use crate::history::History;
use crate::settings::UploadLimits;
use crate::store::Store;
use crate::watch::Watch;
use axum::Router;
use axum::middleware;
use axum::routing::{delete, get, post, put};
use problem::Problem;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Images that are made smaller at once; each may take as much memory as its pixels.
const THUMBNAILS_AT_ONCE: usize = 2;
/// Runs that are read at once.
const REPORTS_AT_ONCE: usize = 1;

/// What every handler has.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) watch: Arc<Watch>,
    pub(crate) store: Store,
    pub(crate) history: Option<Arc<History>>,
    pub(crate) results: PathBuf,
    pub(crate) limits: UploadLimits,
    pub(crate) guard: Guard,
    pub(crate) thumbnails: Semaphore,
    pub(crate) reports: Semaphore,
}

impl App {
    pub(crate) fn semaphores() -> (Semaphore, Semaphore) {
        (Semaphore::new(THUMBNAILS_AT_ONCE), Semaphore::new(REPORTS_AT_ONCE))
    }
}

/// Every address that is answered.
pub(crate) fn router(app: Arc<App>) -> Router {
    let router = Router::new()
        .route("/", get(page::index))
        .route("/web/{name}", get(page::asset))
        .route("/healthz", get(machines::health))
        .route("/readyz", get(machines::readiness))
        .route("/metrics", get(machines::metrics))
        .route("/api/stream", get(stream::stream))
        .route("/api/cluster", get(cluster::whole))
        .route("/api/options", get(cluster::options))
        .route("/api/default-strategy", post(preference::choose))
        .route("/api/jobs", get(jobs::list).post(jobs::submit))
        .route("/api/jobs/{key}", get(jobs::one))
        .route("/api/jobs/{key}/cancel", post(jobs::cancel))
        .route("/api/jobs/{key}/pause", post(steer::pause_job))
        .route("/api/jobs/{key}/resume", post(steer::resume_job))
        .route("/api/nodes/{name}/drain", post(steer::drain))
        .route("/api/nodes/{name}/resume", post(steer::resume))
        .route("/api/jobs/{key}/images", get(images::list))
        .route("/api/jobs/{key}/before/{*name}", get(images::before))
        .route("/api/jobs/{key}/after/{*name}", get(images::after))
        .route("/api/jobs/{key}/results.zip", get(images::archive))
        .route("/api/uploads", post(uploads::begin))
        .route("/api/uploads/{id}", delete(uploads::remove))
        .route("/api/uploads/{id}/{name}", put(uploads::put))
        .route("/api/history/jobs", get(history::jobs))
        .route("/api/history/events", get(history::events))
        .route("/api/runs", get(runs::list))
        .route("/api/compare", get(runs::compare))
        .route("/report", get(runs::report))
        .fallback(nothing_there);
    let guarded = middleware::from_fn_with_state(Arc::clone(&app), guard::check);
    router.layer(guarded).with_state(app)
}

async fn nothing_there() -> Problem {
    Problem::missing("there is nothing at this address; docs/console.md lists what there is")
}

/// Runs what blocks (calls, files, the database) on a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => {
            log::error!("a request of the console failed: {error}");
            Err(Problem::broken("the console failed at this; its log says more"))
        }
    }
}
