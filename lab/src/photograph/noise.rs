//! Fractal value noise: the same random surface at every scale, weaker as it gets finer.

use luck::{Purpose, Seed};

/// How fast detail fades with its frequency.
#[derive(Clone, Copy, Debug)]
pub struct Roughness {
    /// Amplitude of an octave as a share of the next coarser one. One half makes amplitude fall as 1/f.
    pub persistence: f32,
    /// Edge of the finest cells in pixels, at least 1.
    pub finest: usize,
}

impl Roughness {
    /// Amplitude 1/f down to 2 pixels: rock, foliage, skin.
    pub const PINK: Roughness = Roughness {
        persistence: 0.5,
        finest: 2,
    };
    /// Only broad clouds, as colour varies.
    pub const SMOOTH: Roughness = Roughness {
        persistence: 0.5,
        finest: 32,
    };
}

/// A surface of `width` × `height` values in −1 ..= 1 around 0, row by row.
pub fn fractal(seed: Seed, width: usize, height: usize, roughness: Roughness) -> Vec<f32> {
    let mut surface = vec![0.0; width * height];
    let mut total = 0.0;
    let mut amplitude = 1.0;
    let mut cell = (width.max(height) / 2).next_power_of_two().max(roughness.finest);
    let mut octave = 0;
    while cell >= roughness.finest.max(1) {
        add_octave(&mut surface, width, seed.derive(octave), cell, amplitude);
        total += amplitude;
        amplitude *= roughness.persistence;
        cell /= 2;
        octave += 1;
    }
    surface.iter_mut().for_each(|value| *value /= total);
    surface
}

/// Adds value noise with cells of `cell` pixels: random heights on a lattice, smoothed between.
fn add_octave(surface: &mut [f32], width: usize, seed: Seed, cell: usize, amplitude: f32) {
    let columns = width.div_ceil(cell) + 1;
    let lattice_row = |row: usize| -> Vec<f32> {
        (0..columns)
            .map(|column| height_at(seed, column, row) * amplitude)
            .collect()
    };
    let weights: Vec<f32> = (0..cell)
        .map(|offset| smooth_step(offset as f32 / cell as f32))
        .collect();
    for (band, rows) in surface.chunks_mut(width * cell).enumerate() {
        let (above, below) = (lattice_row(band), lattice_row(band + 1));
        for (row, down) in rows.chunks_mut(width).zip(&weights) {
            let edge: Vec<f32> = above
                .iter()
                .zip(&below)
                .map(|(a, b)| a + down * (b - a))
                .collect();
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
    fn stays_in_range_and_centred() {
        let surface = fractal(Seed(1), 200, 100, Roughness::PINK);
        assert_eq!(surface.len(), 20_000);
        assert!(surface.iter().all(|value| (-1.0..=1.0).contains(value)));
        assert!((surface.iter().sum::<f32>() / 20_000.0).abs() < 0.3);
    }

    #[test]
    fn is_continuous_across_cells() {
        let surface = fractal(
            Seed(2),
            256,
            1,
            Roughness {
                persistence: 0.5,
                finest: 32,
            },
        );
        let steepest = surface
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max);
        // The steepest slope of one octave is 1.5 × 2 × amplitude / cell; here each octave adds 3/128 / 1.75.
        assert!(steepest < 0.045, "{steepest}");
    }

    #[test]
    fn halves_in_amplitude_with_each_octave() {
        // The mean squared difference over a distance doubles with the distance if amplitude falls as 1/f in two
        // dimensions; white noise would not depend on the distance at all.
        let surface = fractal(Seed(3), 512, 512, Roughness::PINK);
        let difference = |distance: usize| -> f32 {
            let pairs = surface
                .chunks(512)
                .flat_map(|row| row.iter().zip(&row[distance..]));
            pairs.map(|(a, b)| (a - b).powi(2)).sum::<f32>() / (512 * (512 - distance)) as f32
        };
        for distance in [4, 8, 16] {
            let growth = difference(2 * distance) / difference(distance);
            assert!((1.5..5.0).contains(&growth), "{distance}: {growth}");
        }
    }
}
