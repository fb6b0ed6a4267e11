//! Made images with the texture and edges of photographs: a pure function of seed and size.
//!
//! Three facts of natural images are kept, because codecs and edge detectors live on them: the amplitude of detail
//! falls with its frequency ([`noise`], 1/f), objects of every size hide each other and meet at hard and soft edges
//! ([`shapes`], the dead leaves model), and the sensor adds grain.
//!
//! Only additions, multiplications, divisions and square roots are used, which IEEE 754 fixes to the last bit, so the
//! pixels are the same on every platform.

pub mod canvas;
pub mod dice;
pub mod noise;
pub mod shapes;

use canvas::Canvas;
use dice::Dice;
use imaging::image::{Channels, Image};
use luck::Seed;

/// Strength of the sensor's grain: the deviation of a sample, in levels of 255.
const GRAIN: f32 = 1.5;

/// The photograph that `seed` names, of `width` × `height` pixels (each at least 1).
pub fn photograph(seed: Seed, width: usize, height: usize) -> Image {
    let mut dice = Dice::of(seed.derive(0));
    let mut canvas = Canvas::gradient(width, height, &mut dice);
    shapes::scatter(&mut canvas, &mut dice);
    texture(&mut canvas, seed.derive(1), &mut dice);
    Image { width, height, channels: Channels::Rgb, samples: canvas.develop(seed.derive(2), GRAIN) }
}

/// Lays 1/f texture over everything: strong in brightness, weak in colour, as surfaces in daylight are.
fn texture(canvas: &mut Canvas, seed: Seed, dice: &mut Dice) {
    let (width, height) = (canvas.width(), canvas.height());
    let brightness = noise::fractal(seed.derive(0), width, height, noise::Roughness::PINK);
    let colour = noise::fractal(seed.derive(1), width, height, noise::Roughness::SMOOTH);
    let contrast = dice.between(0.3, 0.7);
    canvas.shade(|pixel, texture_strength, rgb| {
        let light = 1.0 + contrast * texture_strength * brightness[pixel];
        let tint = 0.12 * colour[pixel];
        [rgb[0] * light * (1.0 + tint), rgb[1] * light, rgb[2] * light * (1.0 - tint)]
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_the_pixels() {
        let first = photograph(Seed(1), 40, 30);
        assert_eq!(first, photograph(Seed(1), 40, 30));
        assert_ne!(first, photograph(Seed(2), 40, 30));
        assert_eq!(first.samples.len(), 40 * 30 * 3);
    }

    #[test]
    fn the_smallest_and_the_narrowest_are_images_too() {
        for (width, height) in [(1, 1), (1, 50), (50, 1), (3, 2)] {
            assert_eq!(photograph(Seed(3), width, height).samples.len(), width * height * 3);
        }
    }

    #[test]
    fn it_has_the_statistics_of_a_photograph() {
        let image = photograph(Seed(5), 256, 192);
        let luminance: Vec<f32> = image
            .samples
            .chunks_exact(3)
            .map(|rgb| 0.299 * f32::from(rgb[0]) + 0.587 * f32::from(rgb[1]) + 0.114 * f32::from(rgb[2]))
            .collect();
        let mean = luminance.iter().sum::<f32>() / luminance.len() as f32;
        assert!((50.0..200.0).contains(&mean), "neither black nor white: mean {mean}");
        let spread =
            (luminance.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / luminance.len() as f32).sqrt();
        assert!(spread > 20.0, "contrast: deviation {spread}");
        // Neighbours are alike nearly everywhere and very different at edges: the derivative has heavy tails. Of a
        // Gaussian the kurtosis is 3; of photographs it is far more.
        let steps: Vec<f32> = luminance
            .windows(2)
            .enumerate()
            .filter(|(i, _)| i % 256 != 255)
            .map(|(_, w)| w[1] - w[0])
            .collect();
        let square = steps.iter().map(|s| s.powi(2)).sum::<f32>() / steps.len() as f32;
        let fourth = steps.iter().map(|s| s.powi(4)).sum::<f32>() / steps.len() as f32;
        assert!(fourth / (square * square) > 6.0, "kurtosis {}", fourth / (square * square));
    }
}
