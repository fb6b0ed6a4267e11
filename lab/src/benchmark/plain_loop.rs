//! The rival that no RPC can beat: the same operation called in a plain loop on every core.

use super::BenchmarkError;
use imaging::codec::{self, EncodeOptions, Limits};
use imaging::operation::{self, Operation};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Reads, decodes, transforms, encodes and writes every image of `input`, into `output`, on all cores.
///
/// # Errors
/// The first image that could not be done.
pub fn run(input: &Path, output: &Path, operation: &Operation) -> Result<Duration, BenchmarkError> {
    run_on(thread::available_parallelism().map_or(1, usize::from), input, output, operation)
}

/// The same on so many threads.
///
/// # Errors
/// The first image that could not be done.
pub fn run_on(
    threads: usize,
    input: &Path,
    output: &Path,
    operation: &Operation,
) -> Result<Duration, BenchmarkError> {
    let images = list(input)?;
    fs::create_dir_all(output).map_err(|source| BenchmarkError::File { path: output.to_owned(), source })?;
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let work = || -> Result<(), BenchmarkError> {
        let mut bench = Bench::default();
        while let Some(path) = images.get(next.fetch_add(1, Ordering::Relaxed)) {
            bench
                .transform(path, output, operation)
                .map_err(|why| BenchmarkError::PlainLoop { path: path.clone(), why })?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    Ok(begun.elapsed())
}

fn list(input: &Path) -> Result<Vec<PathBuf>, BenchmarkError> {
    let fault = |source| BenchmarkError::File { path: input.to_owned(), source };
    let entries = fs::read_dir(input).map_err(fault)?;
    let mut images =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(fault)?;
    images.sort();
    Ok(images)
}

/// Memory that one image leaves for the next, as on a node.
#[derive(Default)]
struct Bench {
    codec: codec::Scratch,
    operation: operation::Scratch,
}

impl Bench {
    fn transform(&mut self, path: &Path, output: &Path, operation: &Operation) -> Result<(), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let source = fs::read(path).map_err(|error| text(&error))?;
        let decoded =
            codec::decode_with(&source, &Limits::default(), &mut self.codec).map_err(|error| text(&error))?;
        let result =
            operation.apply_with(decoded.image, &mut self.operation).map_err(|error| text(&error))?;
        let options = EncodeOptions::default();
        let bytes = codec::encode_with(&result, decoded.format, &options, &mut self.codec)
            .map_err(|error| text(&error))?;
        self.codec.recycle(result);
        fs::write(output.join(path.file_name().unwrap_or_default()), bytes).map_err(|error| text(&error))
    }
}
