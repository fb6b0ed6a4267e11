//! Clears uploads that nobody made a job of, at the start and from time to time.

use crate::http::App;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often is looked for them.
const EVERY: Duration = Duration::from_secs(3600);

/// Looks for ever.
pub(crate) async fn run(app: Arc<App>) {
    let mut turn = tokio::time::interval(EVERY);
    loop {
        turn.tick().await;
        let app = Arc::clone(&app);
        if let Err(error) = tokio::task::spawn_blocking(move || once(&app, SystemTime::now())).await {
            log::error!("the clearing of uploads broke off: {error}");
        }
    }
}

fn once(app: &App, now: SystemTime) {
    match app.store.clear_abandoned(now, |folder| has_job(app, folder)) {
        Ok(cleared) if cleared.is_empty() => {}
        Ok(cleared) => {
            log::info!(
                "{} uploads that nobody made a job of are cleared: {}",
                cleared.len(),
                cleared.join(", ")
            );
        }
        Err(error) => log::warn!("uploads that nobody made a job of cannot be looked for: {error}"),
    }
}

/// Whether a server or the history tells of a job there. What cannot be asked may have one.
fn has_job(app: &App, folder: &Path) -> bool {
    let Some(folder) = folder.to_str() else { return true };
    let live = app.watch.scene().jobs.iter().any(|job| job.folder.as_deref() == Some(folder));
    live || app.history.as_ref().is_some_and(|history| history.has_job_in(folder).unwrap_or(true))
}
