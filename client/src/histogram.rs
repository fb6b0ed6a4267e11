//! The statistics of a data set, for people.

use crate::bar::figures;
use std::fmt::Write as _;

/// Bars of the picture.
const BARS: usize = 32;
/// Their heights.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Extremes, mean, deviation and histogram of counts of the 256 sample values; nothing where nothing was counted.
pub(crate) fn render(counts: &[u64]) -> String {
    let total: u64 = counts.iter().sum();
    let present = |value: &usize| counts[*value] > 0;
    let (Some(smallest), Some(largest)) = ((0..counts.len()).find(present), (0..counts.len()).rfind(present))
    else {
        return String::new();
    };
    let weighted = |of: &dyn Fn(f64) -> f64| {
        counts.iter().enumerate().map(|(value, count)| *count as f64 * of(value as f64)).sum::<f64>()
            / total as f64
    };
    let mean = weighted(&|value| value);
    let deviation = weighted(&|value| (value - mean).powi(2)).sqrt();
    let bars: Vec<u64> = counts.chunks(counts.len().div_ceil(BARS)).map(|bar| bar.iter().sum()).collect();
    let most = bars.iter().copied().max().unwrap_or(1).max(1);
    let level = |bar: &u64| match bar {
        0 => ' ',
        bar => LEVELS[((*bar as u128 * 8).div_ceil(u128::from(most)) as usize).clamp(1, 8) - 1],
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\nData set: {total} samples from {smallest} to {largest}, mean {}, standard deviation {}\n0 {} 255",
        figures(mean),
        figures(deviation),
        bars.iter().map(level).collect::<String>()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_set_in_two_lines() {
        let mut counts = vec![0; 256];
        assert_eq!(render(&counts), "");
        (counts[10], counts[100], counts[101], counts[240]) = (5, 20, 20, 1);
        insta::assert_snapshot!(render(&counts).trim_start(), @r"
        Data set: 46 samples from 10 to 240, mean 93.7, standard deviation 35.6
        0  ▁          █                 ▁  255
        ");
    }
}
