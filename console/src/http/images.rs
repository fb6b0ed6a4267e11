//! Images of a job: listed, shown small or whole, fetched one by one or all as an archive.

use super::cluster::json_of;
use super::jobs::find;
use super::problem::Problem;
use super::{App, blocking};
use crate::store::{JobFolder, Side};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use imaging::codec::{self, EncodeOptions, Format, Limits};
use imaging::operation::Operation;
use serde::Deserialize;
use serde_json::json;
use std::io::{self, Read as _, Write};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use tokio::sync::mpsc;

/// Largest file that is shown.
const MOST_BYTES: u64 = 256 << 20;
/// Widths that a smaller picture may have.
const WIDTHS: std::ops::RangeInclusive<u32> = 16..=2_048;
/// Quality of smaller pictures, which are looked at and not worked with.
const QUALITY: u8 = 88;
/// Pieces of an archive that may wait for a slow reader.
const PIECES: usize = 8;
const PIECE_BYTES: usize = 64 << 10;

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    blocking(move || {
        let images = folder(&app, &key)?.images()?;
        let (total, done) =
            (images.len(), images.iter().filter(|image| image.result_bytes.is_some()).count());
        let shown = images.iter().skip(page.offset).take(page.limit.unwrap_or(200).min(1_000));
        let shown: Vec<_> =
            shown.map(|image| json!({ "name": image.name, "result_bytes": image.result_bytes })).collect();
        Ok(json_of(&json!({ "total": total, "done": done, "images": shown })))
    })
    .await
}

/// The folder of a job that is known.
fn folder<'app>(app: &'app App, key: &str) -> Result<JobFolder<'app>, Problem> {
    let job = find(app, key)?;
    let named = job.folder().ok_or_else(|| Problem::missing("a synthetic job has no images"))?;
    Ok(app.store.folder(named)?)
}

#[derive(Debug, Deserialize)]
pub(super) struct Look {
    /// At most so wide, as a JPEG; the file itself if it is not given.
    width: Option<u32>,
    /// To be kept rather than shown.
    #[serde(default)]
    download: Option<String>,
}

pub(super) async fn before(
    state: State<Arc<App>>,
    path: Path<(String, String)>,
    look: Query<Look>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    image(state, Side::Before, path, look, headers).await
}

pub(super) async fn after(
    state: State<Arc<App>>,
    path: Path<(String, String)>,
    look: Query<Look>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    image(state, Side::After, path, look, headers).await
}

async fn image(
    State(app): State<Arc<App>>,
    side: Side,
    Path((key, name)): Path<(String, String)>,
    Query(look): Query<Look>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let _turn = match look.width {
        // The semaphore is never closed; without a turn the picture would come all the same.
        Some(_) => app.thumbnails.acquire().await.ok(),
        None => None,
    };
    let this = Arc::clone(&app);
    blocking(move || {
        let folder = folder(&this, &key)?;
        let tag = tag(&folder, side, &name, look.width)?;
        if headers.get(header::IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes()) {
            return Ok(StatusCode::NOT_MODIFIED.into_response());
        }
        let bytes = folder.read(side, &name, MOST_BYTES)?;
        let (bytes, kind) = match look.width {
            Some(width) => (smaller(&bytes, width, this.limits.pixels)?, "image/jpeg"),
            None => {
                let kind = mime(&bytes);
                (bytes, kind)
            }
        };
        let mut response =
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], bytes).into_response();
        put(&mut response, header::ETAG, &tag);
        if look.download.is_some() || kind == "application/octet-stream" {
            put(&mut response, header::CONTENT_DISPOSITION, &attachment(&name));
        }
        Ok(response)
    })
    .await
}

fn put(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}

/// Changes whenever the file does.
fn tag(folder: &JobFolder<'_>, side: Side, name: &str, width: Option<u32>) -> Result<String, Problem> {
    let known = folder.open(side, name)?.metadata().map_err(|error| Problem::broken(error.to_string()))?;
    let modified = known.modified().ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
    let moment = modified.unwrap_or_default().as_nanos();
    Ok(format!("\"{moment:x}-{:x}-{:x}\"", known.len(), width.unwrap_or(0)))
}

/// What a browser is told the bytes are: an image by its content, and nothing else that it would open.
fn mime(bytes: &[u8]) -> &'static str {
    match Format::of(bytes) {
        Ok(Format::Jpeg) => "image/jpeg",
        Ok(Format::Png) => "image/png",
        Ok(Format::Bmp) => "image/bmp",
        Ok(Format::Gif) => "image/gif",
        Ok(Format::WebP) => "image/webp",
        Ok(Format::Tiff) => "image/tiff",
        Err(_) => "application/octet-stream",
    }
}

fn attachment(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    let plain: String =
        last.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let encoded: String = last
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// The picture, at most `width` wide.
fn smaller(bytes: &[u8], width: u32, most_pixels: u64) -> Result<Vec<u8>, Problem> {
    if !WIDTHS.contains(&width) {
        return Err(Problem::bad(format!("a width is from {} to {}", WIDTHS.start(), WIDTHS.end())));
    }
    let unreadable = |why: String| Problem::not_an_image(why);
    let limits = Limits { max_bytes: MOST_BYTES, max_pixels: most_pixels };
    let mut image = codec::decode(bytes, &limits).map_err(|error| unreadable(error.to_string()))?.image;
    if image.width > width as usize {
        let height = (image.height as u64 * u64::from(width) / image.width as u64).max(1);
        let smaller = Operation::parse(&format!("resize[width={width},height={height}]"));
        let smaller = smaller.map_err(|error| Problem::broken(error.to_string()))?;
        // Bilinear interpolation alone would leave steps: halve by the mean of four as long as that is too large.
        while image.width >= 2 * width as usize && image.height >= 2 {
            image = halved(&image);
        }
        image = smaller.apply(image).map_err(|error| unreadable(error.to_string()))?;
    }
    let options = EncodeOptions { jpeg_quality: QUALITY };
    codec::encode(&image, Format::Jpeg, &options).map_err(|error| unreadable(error.to_string()))
}

/// Half the width and height, each pixel the mean of four.
fn halved(image: &imaging::image::Image) -> imaging::image::Image {
    let channels = image.samples.len() / (image.width * image.height).max(1);
    let (width, height) = (image.width / 2, image.height / 2);
    let mut samples = Vec::with_capacity(width * height * channels);
    let row_length = image.width * channels;
    for row in 0..height {
        let (above, below) =
            (&image.samples[2 * row * row_length..], &image.samples[(2 * row + 1) * row_length..]);
        for column in 0..width {
            for channel in 0..channels {
                let (left, right) = (2 * column * channels + channel, (2 * column + 1) * channels + channel);
                let sum =
                    [above[left], above[right], below[left], below[right]].map(u16::from).iter().sum::<u16>();
                samples.push(u8::try_from((sum + 2) / 4).unwrap_or(u8::MAX));
            }
        }
    }
    imaging::image::Image { width, height, channels: image.channels, samples }
}

/// Every result as one archive, made while it is sent.
pub(super) async fn archive(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    let (pieces, arriving) = mpsc::channel::<Result<Bytes, io::Error>>(PIECES);
    let (this, named) = (Arc::clone(&app), key.clone());
    let names = blocking(move || {
        let images = folder(&this, &named)?.images()?;
        Ok(images
            .into_iter()
            .filter(|image| image.result_bytes.is_some())
            .map(|image| image.name)
            .collect::<Vec<_>>())
    })
    .await?;
    if names.is_empty() {
        return Err(Problem::missing("the job has no result yet"));
    }
    let named = key.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write_archive(&app, &named, &names, &pieces) {
            // Whoever fetches sees the transfer break, which is right: the archive is not whole.
            let _ = pieces.blocking_send(Err(error));
        }
    });
    let body = futures_util::stream::unfold(arriving, |mut arriving| async move {
        arriving.recv().await.map(|piece| (piece, arriving))
    });
    let mut response = ([(header::CONTENT_TYPE, "application/zip")], Body::from_stream(body)).into_response();
    put(&mut response, header::CONTENT_DISPOSITION, &attachment(&format!("{key}.zip")));
    Ok(response)
}

fn write_archive(
    app: &App,
    key: &str,
    names: &[String],
    pieces: &mpsc::Sender<Result<Bytes, io::Error>>,
) -> io::Result<()> {
    let folder = folder(app, key).map_err(|problem| io::Error::other(format!("{problem:?}")))?;
    let sink = Pieces { sender: pieces.clone(), buffer: Vec::with_capacity(PIECE_BYTES) };
    let mut archive = zip::ZipWriter::new_stream(sink);
    // Images are compressed already.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o644);
    for name in names {
        archive.start_file(name.as_str(), options).map_err(io::Error::other)?;
        let mut file = folder.open(Side::After, name).map_err(io::Error::other)?;
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            archive.write_all(&buffer[..read])?;
        }
    }
    archive.finish().map_err(io::Error::other)?.into_inner().flush()
}

/// Hands what is written to the response, and waits while the reader is slow.
struct Pieces {
    sender: mpsc::Sender<Result<Bytes, io::Error>>,
    buffer: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.sender.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use imaging::image::{Channels, Image};

    #[test]
    fn pictures_are_made_smaller_and_never_larger() {
        let image =
            Image { width: 640, height: 480, channels: Channels::Rgb, samples: vec![90; 640 * 480 * 3] };
        let bytes = codec::encode(&image, Format::Png, &EncodeOptions::default()).unwrap();
        let size = |width| {
            let small = codec::decode(&smaller(&bytes, width, 1 << 20).unwrap(), &Limits::default()).unwrap();
            (small.image.width, small.image.height)
        };
        assert_eq!((size(100), size(320), size(2_000)), ((100, 75), (320, 240), (640, 480)));
        assert!(smaller(&bytes, 1, 1 << 20).is_err() && smaller(&bytes, 100, 1_000).is_err());
    }

    #[test]
    fn names_in_headers_break_out_of_nothing() {
        assert_eq!(
            attachment("a/b\"\r\nx: y.png"),
            "attachment; filename=\"b___x__y.png\"; filename*=UTF-8''b%22%0D%0Ax%3A%20y.png"
        );
    }
}
