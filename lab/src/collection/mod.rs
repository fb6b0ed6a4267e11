//! Images of a folder as one array file with an index, in order, one image in memory at a time.
//!
//! Two passes: the first finds the shapes and the extremes, the second writes. Images of one shape make an array
//! (images, rows, columns[, 3]); images of several shapes make one long array, and the index tells where each begins. A
//! collection that was cut short goes on where its index ends.

pub mod npy;

use imaging::codec::{self, Limits};
use imaging::image::Image;
use imaging::statistics::{Statistics, to_unit};
use npy::Kind;
use records::{Run, TaskOutcome};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Names of the index's columns.
const COLUMNS: &str = "name,offset,height,width,channels,min,max,mean,node,time_us";

/// Why images were not collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// A folder or file cannot be used.
    #[error("cannot use {path:?}: {source}; it must be there, and its folder writable")]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The run's records cannot be read.
    #[error(transparent)]
    Records(#[from] records::RecordsError),
    /// There is nothing to collect.
    #[error("{0:?} holds no image that can be read: run a job first, or name another folder")]
    Empty(PathBuf),
}

/// What was collected.
#[derive(Debug)]
pub struct Collected {
    /// The array's shape.
    pub shape: Vec<u64>,
    /// Images taken over from an earlier collection that was cut short.
    pub resumed: usize,
    /// Files that are no readable image, with the reason.
    pub skipped: Vec<(String, String)>,
    /// All samples.
    pub statistics: Statistics,
}

/// One image as the first pass saw it.
struct Entry {
    name: String,
    sides: [u64; 3],
}

/// Collects the images of `folder` in the order of their names into `out`, and their index into `out` with `.csv` in place
/// of its ending. `Kind::F32` scales them to 0..1 by the extremes of all. `run` tells nodes and times.
///
/// # Errors
/// See [`CollectError`].
pub fn collect(folder: &Path, out: &Path, kind: Kind, run: Option<&Path>) -> Result<Collected, CollectError> {
    let made_by = made_by(run)?;
    let mut statistics = Statistics::default();
    let (mut entries, mut skipped) = (Vec::new(), Vec::new());
    for name in names(folder)? {
        match load(&folder.join(&name)) {
            Ok(image) => {
                statistics.merge(&Statistics::of(&image));
                let sides = [image.height as u64, image.width as u64, image.channels.count() as u64];
                entries.push(Entry { name, sides });
            }
            Err(why) => skipped.push((name, why)),
        }
    }
    let Some(shape) = shape(&entries) else { return Err(CollectError::Empty(folder.to_owned())) };
    let extremes = statistics.extremes().unwrap_or((0, 255));
    let head = npy::head(kind, &shape);
    let (array, index) = (unfinished(out), unfinished(&out.with_extension("csv")));
    let resumed = begin(&array, &index, &head, kind, &entries)?;
    let at = |path: &Path| OpenOptions::new().append(true).open(path).map_err(|source| fault(path, source));
    let (mut samples, mut rows) = (BufWriter::new(at(&array)?), at(&index)?);
    let mut offset: u64 = entries.iter().take(resumed).map(|entry| entry.sides.iter().product::<u64>()).sum();
    for entry in entries.iter().skip(resumed) {
        let image = load(&folder.join(&entry.name))
            .map_err(|why| fault(&folder.join(&entry.name), io::Error::other(why)))?;
        match kind {
            Kind::U8 => samples.write_all(&image.samples),
            Kind::F32 => {
                to_unit(&image, extremes).iter().try_for_each(|value| samples.write_all(&value.to_le_bytes()))
            }
        }
        // The row comes after its samples: an index that was cut short never promises too much.
        .and_then(|()| samples.flush())
        .map_err(|source| fault(&array, source))?;
        let row = row(entry, offset, &image, made_by.get(&entry.name));
        rows.write_all(row.as_bytes()).map_err(|source| fault(&index, source))?;
        offset += entry.sides.iter().product::<u64>();
    }
    for (from, to) in [(&array, out.to_owned()), (&index, out.with_extension("csv"))] {
        fs::rename(from, &to).map_err(|source| fault(&to, source))?;
    }
    Ok(Collected { shape, resumed, skipped, statistics })
}

fn fault(path: &Path, source: io::Error) -> CollectError {
    CollectError::File { path: path.to_owned(), source }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

/// Node and time of each image that the run has done; the last job counts.
fn made_by(run: Option<&Path>) -> Result<BTreeMap<String, (String, u64)>, CollectError> {
    let Some(run) = run else { return Ok(BTreeMap::new()) };
    let tasks = Run::read(run)?.tasks.into_iter().filter(|task| task.outcome == TaskOutcome::Done);
    Ok(tasks.map(|task| (task.image.to_string(), (task.node.to_string(), task.latency_us))).collect())
}

fn names(folder: &Path) -> Result<Vec<String>, CollectError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|source| fault(folder, source))?;
    let files = entries.into_iter().filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn load(path: &Path) -> Result<Image, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let decoded = codec::decode(&bytes, &Limits::default()).map_err(|error| error.to_string())?;
    Ok(decoded.image)
}

fn shape(entries: &[Entry]) -> Option<Vec<u64>> {
    let first = entries.first()?.sides;
    if entries.iter().any(|entry| entry.sides != first) {
        return Some(vec![entries.iter().map(|entry| entry.sides.iter().product::<u64>()).sum()]);
    }
    let [height, width, channels] = first;
    let mut shape = vec![entries.len() as u64, height, width];
    if channels > 1 {
        shape.push(channels);
    }
    Some(shape)
}

/// Makes both files, or cuts those of an earlier collection back to the last whole image; answers how many it has.
fn begin(
    array: &Path,
    index: &Path,
    head: &[u8],
    kind: Kind,
    entries: &[Entry],
) -> Result<usize, CollectError> {
    let known = fs::read_to_string(index).unwrap_or_default();
    let is_same = first_bytes(array, head.len()).is_ok_and(|bytes| bytes == head);
    let whole = known.rfind('\n').map_or("", |end| &known[..=end]);
    let rows: Vec<&str> = whole.lines().skip(1).collect();
    let fits =
        rows.iter().zip(entries).all(|(row, entry)| row.starts_with(&format!("{},", quoted(&entry.name))));
    let count = if is_same && fits && rows.len() <= entries.len() { rows.len() } else { 0 };
    if count == 0 {
        fs::write(array, head).map_err(|source| fault(array, source))?;
        fs::write(index, format!("{COLUMNS}\n")).map_err(|source| fault(index, source))?;
        return Ok(0);
    }
    let samples: u64 = entries.iter().take(count).map(|entry| entry.sides.iter().product::<u64>()).sum();
    let cut = |path: &Path, length: u64| -> io::Result<()> {
        let mut file: File = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.seek(SeekFrom::End(0)).map(drop)
    };
    cut(array, head.len() as u64 + samples * kind.bytes()).map_err(|source| fault(array, source))?;
    cut(index, whole.len() as u64).map_err(|source| fault(index, source))?;
    Ok(count)
}

/// The first bytes of a file, which may be far larger than memory.
fn first_bytes(path: &Path, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    File::open(path)?.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn row(entry: &Entry, offset: u64, image: &Image, made_by: Option<&(String, u64)>) -> String {
    let own = Statistics::of(image);
    let (min, max) = own.extremes().unwrap_or((0, 0));
    let [height, width, channels] = entry.sides;
    let (node, time) = made_by.map_or(("", String::new()), |(node, time)| (node, time.to_string()));
    let mean = own.mean().unwrap_or(0.0);
    format!(
        "{},{offset},{height},{width},{channels},{min},{max},{mean:.4},{},{time}\n",
        quoted(&entry.name),
        quoted(node)
    )
}

/// A cell as RFC 4180 writes it; a line feed in a name becomes a blank, so that a row is a line.
fn quoted(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
