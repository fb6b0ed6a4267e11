//! What is done with which image: one operation for all, or one of several that the job's seed draws for each.

use imaging::operation::{Operation, OperationError, draw};
use luck::Seed;

/// One operation, or several separated by `;`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mix(Vec<Operation>);

impl Mix {
    /// Reads `edges`, or `crop; noise; grayscale | blur[size=5]`.
    ///
    /// # Errors
    /// The first of them that is none.
    pub(crate) fn parse(text: &str) -> Result<Mix, OperationError> {
        text.split(';').map(Operation::parse).collect::<Result<_, _>>().map(Mix)
    }

    /// Whether images get different operations.
    pub(crate) fn is_mixed(&self) -> bool {
        self.0.len() > 1
    }

    /// The operation of an image.
    pub(crate) fn of(&self, seed: u64, image: usize) -> &Operation {
        // A text always has one part at least.
        draw(&self.0, Seed(seed), image as u64).unwrap_or(&self.0[0])
    }

    /// Tells each step `normalize` that has no extremes of its own those of the data set.
    pub(crate) fn with_extremes(&self, (smallest, largest): (u8, u8)) -> Result<Mix, OperationError> {
        let step = |step: &str| {
            let is_open = step == "normalize"
                || (step.starts_with("normalize[")
                    && !step.contains("smallest=")
                    && !step.contains("largest="));
            match (is_open, step.strip_suffix(']')) {
                (false, _) => step.to_owned(),
                (true, None) => format!("{step}[smallest={smallest},largest={largest}]"),
                (true, Some(begun)) => format!("{begun},smallest={smallest},largest={largest}]"),
            }
        };
        let chain = |operation: &Operation| {
            let steps = operation.to_string();
            Operation::parse(&steps.split(" | ").map(step).collect::<Vec<_>>().join(" | "))
        };
        self.0.iter().map(chain).collect::<Result<_, _>>().map(Mix)
    }
}

impl std::fmt::Display for Mix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, operation) in self.0.iter().enumerate() {
            write!(f, "{}{operation}", if number == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_drawn_by_the_seed_alone() {
        let mix = Mix::parse("crop; noise[salt=0.1];grayscale | blur[size=5]").unwrap();
        assert_eq!(mix.to_string(), "crop; noise[salt=0.1]; grayscale | blur[size=5]");
        let drawn = |seed| (0..60).map(|image| mix.of(seed, image).to_string()).collect::<Vec<_>>();
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        for text in ["crop", "noise[salt=0.1]", "grayscale | blur[size=5]"] {
            assert!(drawn(7).iter().filter(|drawn| *drawn == text).count() > 8, "{text}");
        }
        assert!(Mix::parse("edges; what").unwrap_err().to_string().contains("what"));
    }

    #[test]
    fn only_open_normalisation_gets_the_extremes() {
        let with = |text| Mix::parse(text).unwrap().with_extremes((3, 250)).unwrap().to_string();
        assert_eq!(with("normalize"), "normalize[smallest=3,largest=250]");
        assert_eq!(
            with("blur[size=5] | normalize[low=9]; edges"),
            "blur[size=5] | normalize[low=9,smallest=3,largest=250]; edges"
        );
        assert_eq!(with("normalize[smallest=1]"), "normalize[smallest=1]");
    }
}
