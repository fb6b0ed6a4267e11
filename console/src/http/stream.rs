//! Server-sent events: the whole scene first, then what changes.
//!
//! A browser that reads slowly holds nobody up: frames wait for it in a short ring that it shares with everybody, and
//! when it has missed some it gets the whole scene again.

use super::App;
use super::problem::Problem;
use crate::cluster::frame::{self, Scene};
use crate::watch::Watch;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Streams at once.
const MOST_STREAMS: usize = 64;

struct Follower {
    watch: Arc<Watch>,
    first: Option<Arc<Scene>>,
    frames: Receiver<Arc<str>>,
}

pub(super) async fn stream(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    if app.watch.followers() >= MOST_STREAMS {
        return Err(Problem::unavailable(format!("{MOST_STREAMS} browsers are watching already: close one")));
    }
    let (scene, frames) = app.watch.follow();
    let follower = Follower { watch: Arc::clone(&app.watch), first: Some(scene), frames };
    let events = stream::unfold(follower, |mut follower| async move {
        let frame = follower.next().await?;
        Some((Ok::<_, Infallible>(frame), follower))
    });
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response())
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(scene) = self.first.take() {
            return Some(format!("retry: 1000\ndata: {}\n\n", frame::whole(&scene)).into());
        }
        match self.frames.recv().await {
            Ok(frame) => Some(format!("data: {frame}\n\n").into()),
            Err(RecvError::Lagged(_)) => {
                Some(format!("data: {}\n\n", frame::whole(&self.watch.scene())).into())
            }
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_missed_frames_gets_everything_and_then_what_changes_again() {
        let watch = Arc::new(Watch::new(Vec::new(), wire::Credentials::default(), None));
        let (scene, frames) = watch.follow();
        let mut follower = Follower { watch: Arc::clone(&watch), first: Some(scene), frames };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut next = || {
            let bytes = runtime.block_on(follower.next()).unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        assert!(next().contains("\"kind\":\"whole\""));
        watch.tell("one");
        assert_eq!(next(), "data: one\n\n");
        // It sleeps while far more frames come than are kept for anybody.
        (0..1_000).for_each(|number| watch.tell(&number.to_string()));
        assert!(next().contains("\"kind\":\"whole\""));
        let kept = next();
        assert!(kept != "data: 0\n\n" && kept.starts_with("data: 99"), "{kept}");
    }
}
