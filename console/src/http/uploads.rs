//! Uploads: a folder is begun, images are put into it one by one, a job is submitted over it.
//!
//! One request an image, so that a browser shows progress and repeats what was lost, and nothing is held in memory but
//! the piece on its way.

use super::cluster::json_of;
use super::problem::Problem;
use super::{App, blocking};
use crate::store::Upload;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use cap_std::fs::File;
use futures_util::StreamExt as _;
use imaging::codec::{Format, Limits};
use imaging::error::{DecodeError, Measure};
use serde_json::json;
use std::io::{Read as _, Seek as _, Write as _};
use std::sync::Arc;

pub(super) async fn begin(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    blocking(move || {
        let upload = app.store.new_upload()?;
        Ok(json_of(&json!({ "upload": upload.id, "folder": upload.path })))
    })
    .await
}

pub(super) async fn remove(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Problem> {
    blocking(move || {
        let used = format!("/{id}");
        if app
            .watch
            .scene()
            .jobs
            .iter()
            .any(|job| job.folder.as_deref().is_some_and(|folder| folder.ends_with(&used)))
        {
            return Err(Problem::bad("a job works on this upload or has its results there"));
        }
        app.store.remove_upload(&id)?;
        Ok(json_of(&json!({ "removed": id })))
    })
    .await
}

pub(super) async fn put(
    State(app): State<Arc<App>>,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let limits = app.limits;
    let (upload, temporary, mut file, room) = {
        let app = Arc::clone(&app);
        blocking(move || {
            let upload = app.store.upload(&id)?;
            let weight = app.store.weight(&upload)?;
            if weight.files >= limits.files {
                return Err(Problem::too_large(format!(
                    "an upload takes at most {} images: begin another",
                    limits.files
                )));
            }
            let room = limits.file_bytes.min(limits.total_bytes.saturating_sub(weight.bytes));
            if announced.is_some_and(|announced| announced > room) {
                return Err(too_large(room));
            }
            let (temporary, file) = upload.begin()?;
            Ok((upload, temporary, file, room))
        })
        .await?
    };
    let taken = take(&mut file, body, room).await;
    blocking(move || {
        let kept = taken.and_then(|bytes| {
            // Others may have filled it meanwhile.
            if !app.store.count_in(&upload, bytes, &limits)? {
                return Err(Problem::too_large("others have filled the upload meanwhile: begin another"));
            }
            keep(&upload, &temporary, file, &name, limits.pixels)
                .inspect_err(|_| app.store.count_out(&upload, bytes))
        });
        kept.inspect_err(|_| upload.discard(&temporary))
    })
    .await
}

fn too_large(room: u64) -> Problem {
    Problem::too_large(format!("the image has more than the {room} bytes that there is room for"))
}

/// Writes what arrives; answers how many bytes. Pieces are small and go to the page cache, so no thread of its own is needed.
async fn take(file: &mut File, body: Body, room: u64) -> Result<u64, Problem> {
    let mut pieces = body.into_data_stream();
    let mut taken = 0;
    while let Some(piece) = pieces.next().await {
        let piece =
            piece.map_err(|error| Problem::bad(format!("the image did not arrive whole: {error}")))?;
        taken += piece.len() as u64;
        if taken > room {
            return Err(too_large(room));
        }
        file.write_all(&piece).map_err(|error| Problem::broken(format!("cannot keep the image: {error}")))?;
    }
    Ok(taken)
}

fn keep(
    upload: &Upload,
    temporary: &str,
    mut file: File,
    name: &str,
    most_pixels: u64,
) -> Result<Response, Problem> {
    let broken = |error: std::io::Error| Problem::broken(format!("cannot read the image back: {error}"));
    file.rewind().map_err(broken)?;
    let mut bytes = Vec::new();
    (&mut file).take(u64::MAX).read_to_end(&mut bytes).map_err(broken)?;
    let format = Format::of(&bytes).map_err(|error| Problem::not_an_image(format!("{name}: {error}")))?;
    let pixels = pixels(&bytes);
    if pixels.is_some_and(|pixels| pixels > most_pixels) {
        return Err(Problem::too_large(format!("{name} has more than {most_pixels} pixels")));
    }
    let kept = upload.keep(temporary, file, name, format)?;
    Ok(json_of(&json!({ "name": kept, "bytes": bytes.len(), "format": format.name(), "pixels": pixels })))
}

/// Pixels by the header, without decoding: a decoder with room for none says how many there are.
fn pixels(bytes: &[u8]) -> Option<u64> {
    match imaging::codec::decode(bytes, &Limits { max_bytes: u64::MAX, max_pixels: 0 }) {
        Err(DecodeError::TooLarge { what: Measure::Pixels, actual, .. }) => Some(actual),
        // A damaged image is kept: the job names it with the reason.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imaging::codec::EncodeOptions;
    use imaging::image::{Channels, Image};

    #[test]
    fn pixels_are_told_by_the_header() {
        let image = Image { width: 7, height: 3, channels: Channels::Gray, samples: vec![0; 21] };
        for format in [Format::Png, Format::Jpeg, Format::Bmp] {
            let bytes = imaging::codec::encode(&image, format, &EncodeOptions::default()).unwrap();
            assert_eq!(pixels(&bytes), Some(21), "{format}");
        }
        assert_eq!(pixels(b"nothing"), None);
    }
}
