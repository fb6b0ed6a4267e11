//! `lab collect`: the images of a folder as one array file.

use super::say::{answer, failure, tell};
use crate::collection::{collect, npy::Kind};
use clap::ValueEnum;
use std::path::PathBuf;
use std::process::ExitCode;

/// Collect a folder of images in one NPY array file with an index
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lab collect data/output_dir set.npy                  8-bit samples, index in set.csv
  lab collect data/output_dir set.npy --as f32         scaled to 0..1 by the extremes of all
  lab collect data/output_dir set.npy --run results/…  with node and time of each image

Read it with numpy.load('set.npy').")]
pub(super) struct Arguments {
    /// Folder of images
    #[arg(value_name = "FOLDER", env = "BALLAST_COLLECT_FOLDER")]
    folder: PathBuf,
    /// Array file to write; the index gets the same name with .csv
    #[arg(value_name = "FILE.npy", env = "BALLAST_COLLECT_FILE", value_parser = array_file)]
    file: PathBuf,
    /// What the numbers are
    #[arg(long = "as", value_enum, default_value_t = Numbers::U8, value_name = "TYPE", env = "BALLAST_COLLECT_AS")]
    numbers: Numbers,
    /// Run folder whose records tell the node and the time of each image
    #[arg(long, value_name = "RUN", env = "BALLAST_COLLECT_RUN")]
    run: Option<PathBuf>,
}

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Numbers {
    /// 8 bits, as in the images
    U8,
    /// 32-bit floating point, 0 for the smallest sample of all images and 1 for the largest
    F32,
}

/// A name that leaves another one for the index.
fn array_file(text: &str) -> Result<PathBuf, String> {
    let file = PathBuf::from(text);
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        return Err("the index gets this name; give the array one that ends in .npy".to_owned());
    }
    Ok(file)
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let kind = if arguments.numbers == Numbers::U8 { Kind::U8 } else { Kind::F32 };
    match collect(&arguments.folder, &arguments.file, kind, arguments.run.as_deref()) {
        Err(error) => failure(&error),
        Ok(collected) => {
            for (name, why) in &collected.skipped {
                tell(&format!("not collected: {name}: {why}"));
            }
            let all = &collected.statistics;
            let (smallest, largest) = all.extremes().unwrap_or((0, 0));
            let shape = collected.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
            let resumed = match collected.resumed {
                0 => String::new(),
                count => format!(", of which {count} images were there already"),
            };
            answer(&format!(
                "{shape} numbers in {}{resumed}\nsamples from {smallest} to {largest}, mean {:.2}, standard deviation {:.2}\n",
                arguments.file.display(),
                all.mean().unwrap_or(0.0),
                all.deviation().unwrap_or(0.0)
            ))
        }
    }
}
