//! `lab dataset`: makes a folder of photographs.

use crate::dataset::{Dataset, Format, Size};
use luck::Seed;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make a folder of photographs, the same bytes for the same seed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab dataset photographs                               48 small ones, JPEG and PNG in turn
  lab dataset photographs --count 240 --size medium     240 of half a megapixel
  lab dataset poster --count 1 --size 8k --format png   one of 33 megapixels")]
pub(super) struct Arguments {
    /// Folder whose `input_dir` gets the images; made if missing
    #[arg(value_name = "DIR", env = "BALLAST_DATASET_DIR")]
    folder: PathBuf,
    /// How many images
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = at_least_one, env = "BALLAST_DATASET_COUNT")]
    count: usize,
    /// Size of each: thumbnail, small (320x240), medium (816x612), large, 4k, 8k, or WxH
    #[arg(long, value_name = "SIZE", default_value = "small", env = "BALLAST_DATASET_SIZE")]
    size: Size,
    /// Format of the files
    #[arg(long, value_enum, default_value_t = Format::Mix, env = "BALLAST_DATASET_FORMAT")]
    format: Format,
    /// Names the pixels
    #[arg(long, value_name = "S", default_value_t = 1, env = "BALLAST_SEED")]
    seed: u64,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "not a whole number from 1 up".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let Arguments { folder, count, size, format, seed } = arguments;
    let dataset = Dataset { count: *count, size: *size, format: *format, seed: Seed(*seed) };
    match dataset.write(folder) {
        Ok(written) => {
            let input = folder.join("input_dir");
            let others =
                std::fs::read_dir(&input).map_or(0, |entries| entries.count().saturating_sub(written.files));
            let beside =
                if others > 0 { format!(", beside {others} that were there") } else { String::new() };
            super::say::answer(&format!(
                "{} photographs of {size}, {:.1} MB, in {}{beside}\n",
                written.files,
                written.bytes as f64 / 1e6,
                input.display()
            ))
        }
        Err(error) => super::say::failure(&error),
    }
}
