//! Counts of the 256 sample values, and the tables that come from them.

/// How often each value occurs. Counts of parts add up to the counts of the whole.
pub(crate) type Histogram = [u64; 256];

/// Counts samples, given in stretches.
pub(crate) fn histogram<'a>(stretches: impl IntoIterator<Item = &'a [u8]>) -> Histogram {
    // Neighbouring samples are often equal; counting them apart keeps one addition from waiting for the other.
    let mut counts = [[0u64; 256]; 8];
    for stretch in stretches {
        let (eights, rest) = stretch.as_chunks::<8>();
        for eight in eights {
            for (counts, value) in counts.iter_mut().zip(eight) {
                counts[usize::from(*value)] += 1;
            }
        }
        rest.iter().for_each(|value| counts[0][usize::from(*value)] += 1);
    }
    std::array::from_fn(|v| counts.iter().map(|counts| counts[v]).sum())
}

/// What each value becomes so that all are used alike: OpenCV's `equalizeHist`, in single precision.
pub(crate) fn equalizing_table(counts: &Histogram) -> [u8; 256] {
    let total: u64 = counts.iter().sum();
    let Some(first) = counts.iter().position(|count| *count > 0) else {
        return std::array::from_fn(|v| v as u8);
    };
    if counts[first] == total {
        return [first as u8; 256];
    }
    let scale = 255.0 / (total - counts[first]) as f32;
    let mut sum = 0;
    let mut table = [0; 256];
    for v in first + 1..256 {
        sum += counts[v];
        table[v] = (sum as f32 * scale).round_ties_even() as u8;
    }
    table
}

/// The threshold that separates the values into two classes best: OpenCV's `THRESH_OTSU`, in double precision.
pub(crate) fn otsu(counts: &Histogram) -> u8 {
    let total: u64 = counts.iter().sum();
    let scale = 1.0 / total as f64;
    let mean = (0..256).map(|v| v as f64 * counts[v] as f64).sum::<f64>() * scale;
    let (mut lower_mean, mut lower_share) = (0.0, 0.0);
    let (mut best, mut threshold) = (0.0, 0);
    for (v, count) in counts.iter().enumerate() {
        let share = *count as f64 * scale;
        lower_mean *= lower_share;
        lower_share += share;
        let upper_share = 1.0 - lower_share;
        let (least, most) = (f64::min(lower_share, upper_share), f64::max(lower_share, upper_share));
        if least < f64::from(f32::EPSILON) || most > 1.0 - f64::from(f32::EPSILON) {
            continue;
        }
        lower_mean = (lower_mean + v as f64 * share) / lower_share;
        let upper_mean = (mean - lower_share * lower_mean) / upper_share;
        let between = lower_share * upper_share * (lower_mean - upper_mean) * (lower_mean - upper_mean);
        if between > best {
            (best, threshold) = (between, v as u8);
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_parts_add_up() {
        let samples: Vec<u8> = (0..1001u32).map(|i| (i * i % 251) as u8).collect();
        let (a, b) = samples.split_at(333);
        let (a, b, whole) = (histogram([a]), histogram([b]), histogram([&samples[..]]));
        assert!((0..256).all(|v| a[v] + b[v] == whole[v]));
        assert_eq!(whole.iter().sum::<u64>(), 1001);
    }

    #[test]
    fn two_values_are_separated_at_the_lower() {
        let mut counts = [0; 256];
        (counts[40], counts[200]) = (500, 500);
        assert_eq!(otsu(&counts), 40);
    }
}
