//! The words of the command line for how images become tasks.

use clap::ValueEnum;
use clap::builder::FalseyValueParser;
use std::str::FromStr;
use std::time::Duration;
use wire::division::{BatchSize, CutKind, Division, Way};

/// How images become tasks
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct DivisionArguments {
    /// Cut each image into so many parts, which nodes do side by side; auto: one for each node that is up, larger ones for
    /// faster nodes, of each JPEG; other images stay whole. The merged result has the same bytes
    #[arg(long, value_name = "N|auto", env = "BALLAST_SEGMENTS")]
    pub segments: Option<Parts>,
    /// How images are cut
    #[arg(long, value_enum, default_value_t = CutName::Rows, env = "BALLAST_CUT")]
    pub cut: CutName,
    /// Send so many images as one task
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["segments", "batch_target"], env = "BALLAST_BATCH")]
    pub batch: Option<u32>,
    /// Send as many images as one task as take about this long
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, conflicts_with = "segments", env = "BALLAST_BATCH_TARGET")]
    pub batch_target: Option<Duration>,
    /// Measure all images first and tell their mean, deviation and histogram; `normalize` then uses the data set's extremes
    #[arg(long, env = "BALLAST_DATA_SET", value_parser = FalseyValueParser::new())]
    pub data_set: bool,
}

/// A number of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// One for each node that is up.
    Auto,
    /// So many.
    Count(u32),
}

impl FromStr for Parts {
    type Err = String;

    fn from_str(text: &str) -> Result<Parts, String> {
        if text == "auto" {
            return Ok(Parts::Auto);
        }
        let count = text.parse().ok().filter(|count| *count > 0);
        count.map(Parts::Count).ok_or_else(|| "a number from 1 on, or auto, is right".to_owned())
    }
}

/// Names of the ways to cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CutName {
    /// Bands of rows; of a JPEG each node then decodes and codes its own alone
    #[default]
    Rows,
    /// Bands of columns
    Columns,
    /// A grid, as square as the number allows
    Tiles,
}

impl DivisionArguments {
    /// What is asked for.
    pub fn division(&self) -> Division {
        let cut = match self.cut {
            CutName::Rows => CutKind::Rows,
            CutName::Columns => CutKind::Columns,
            CutName::Tiles => CutKind::Tiles,
        };
        let way = match (self.segments, self.batch, self.batch_target) {
            (Some(Parts::Auto), ..) => Way::Segments { parts: None, cut },
            (Some(Parts::Count(parts)), ..) => Way::Segments { parts: Some(parts), cut },
            (None, Some(images), _) => Way::Batches(BatchSize::Images(images)),
            (None, None, Some(target)) => Way::Batches(BatchSize::Target(target)),
            (None, None, None) => Way::Images,
        };
        Division { way, data_set: self.data_set }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_has_its_words() {
        let none = DivisionArguments::default();
        assert_eq!(none.division(), Division::default());
        let segments =
            DivisionArguments { segments: Some("auto".parse().unwrap()), cut: CutName::Tiles, ..none };
        assert_eq!(segments.division().way, Way::Segments { parts: None, cut: CutKind::Tiles });
        let segments = DivisionArguments { segments: Some("7".parse().unwrap()), ..none };
        assert_eq!(segments.division().way, Way::Segments { parts: Some(7), cut: CutKind::Rows });
        let batch = DivisionArguments { batch: Some(9), data_set: true, ..none };
        assert_eq!(batch.division(), Division { way: Way::Batches(BatchSize::Images(9)), data_set: true });
        for bad in ["0", "-1", "all", ""] {
            assert!(bad.parse::<Parts>().is_err(), "{bad}");
        }
    }
}
