//! Fractal value noise: the same random surface at every scale, weaker as it gets finer.

use luck::{Purpose, Seed};

/// How fast detail fades with its frequency.
#[derive(Clone, Copy, Debug)]
pub struct Roughness {
    /// Amplitude of an octave as a share of the next coarser one. An octave of a picture holds the frequencies of a
    /// ring whose area grows as f², so 1 (the same energy in each octave) makes amplitude fall as 1/f, and less is
    /// smoother.
    pub persistence: f32,
    /// Edge of the finest cells in pixels, at least 1.
    pub finest: usize,
}

impl Roughness {
    /// Nearly 1/f down to 2 pixels: rock, foliage, cloth.
    pub const PINK: Roughness = Roughness { persistence: 0.85, finest: 2 };
    /// Only broad clouds, as colour varies.
    pub const SMOOTH: Roughness = Roughness { persistence: 0.5, finest: 32 };
}

/// A surface of `width` × `height` values around 0, row by row, whose deviation is about 0.4.
pub fn fractal(seed: Seed, width: usize, height: usize, roughness: Roughness) -> Vec<f32> {
    let mut surface = vec![0.0; width * height];
    let mut energy: f32 = 0.0;
    let mut amplitude = 1.0;
    let mut cell = (width.max(height) / 2).next_power_of_two().max(roughness.finest);
    let mut octave = 0;
    while cell >= roughness.finest.max(1) {
        add_octave(&mut surface, width, seed.derive(octave), cell, amplitude);
        energy += amplitude * amplitude;
        amplitude *= roughness.persistence;
        cell /= 2;
        octave += 1;
    }
    let scale = energy.sqrt();
    surface.iter_mut().for_each(|value| *value /= scale);
    surface
}

/// Adds value noise with cells of `cell` pixels: random heights on a lattice, smoothed between.
fn add_octave(surface: &mut [f32], width: usize, seed: Seed, cell: usize, amplitude: f32) {
    let columns = width.div_ceil(cell) + 1;
    let lattice_row = |row: usize| -> Vec<f32> {
        (0..columns).map(|column| height_at(seed, column, row) * amplitude).collect()
    };
    let weights: Vec<f32> = (0..cell).map(|offset| smooth_step(offset as f32 / cell as f32)).collect();
    for (band, rows) in surface.chunks_mut(width * cell).enumerate() {
        let (above, below) = (lattice_row(band), lattice_row(band + 1));
        for (row, down) in rows.chunks_mut(width).zip(&weights) {
            let edge: Vec<f32> = above.iter().zip(&below).map(|(a, b)| a + down * (b - a)).collect();
            for (cells, corners) in row.chunks_mut(cell).zip(edge.windows(2)) {
                for (value, across) in cells.iter_mut().zip(&weights) {
                    *value += corners[0] + across * (corners[1] - corners[0]);
                }
            }
        }
    }
}

/// The random height of a lattice point, in −1 .. 1.
fn height_at(seed: Seed, column: usize, row: usize) -> f32 {
    (2.0 * seed.coin(Purpose::Pixels, column as u64, row as u64).uniform() - 1.0) as f32
}

/// 3t² − 2t³: from 0 to 1 without a kink at either end.
pub fn smooth_step(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_promised_deviation() {
        let surface = fractal(Seed(1), 200, 100, Roughness::PINK);
        assert_eq!(surface.len(), 20_000);
        let mean = surface.iter().sum::<f32>() / 20_000.0;
        let deviation = (surface.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / 20_000.0).sqrt();
        assert!(mean.abs() < 0.3, "{mean}");
        assert!((0.25..0.55).contains(&deviation), "{deviation}");
    }

    #[test]
    fn is_continuous_across_cells() {
        let surface = fractal(Seed(2), 256, 1, Roughness { persistence: 0.5, finest: 32 });
        let steepest = surface.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        // The steepest slope of one octave is 1.5 × 2 × amplitude / cell; here 3/128, 3/128 and 3/128
        // of amplitudes 1, 1/2 and 1/4 over cells of 128, 64 and 32, divided by √(1 + 1/4 + 1/16).
        assert!(steepest < 0.062, "{steepest}");
    }

    #[test]
    fn detail_fades_with_its_frequency_but_not_as_fast_as_in_fog() {
        // Over twice the distance the mean squared difference stays the same for white noise, grows four times for
        // a smooth surface, and little for nearly 1/f.
        let growth = |roughness| {
            let surface = fractal(Seed(3), 512, 512, roughness);
            let difference = |distance: usize| -> f32 {
                let pairs = surface.chunks(512).flat_map(|row| row.iter().zip(&row[distance..]));
                pairs.map(|(a, b)| (a - b).powi(2)).sum::<f32>() / (512 * (512 - distance)) as f32
            };
            [4, 8].map(|distance| difference(2 * distance) / difference(distance))
        };
        let (pink, smooth) = (growth(Roughness::PINK), growth(Roughness::SMOOTH));
        assert!(pink.iter().all(|growth| (1.15..2.0).contains(growth)), "{pink:?}");
        assert!(smooth.iter().all(|growth| (2.5..4.1).contains(growth)), "{smooth:?}");
    }
}
