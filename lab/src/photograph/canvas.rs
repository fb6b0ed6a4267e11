//! The picture while it is painted: linear colour and the texture's strength at each pixel.

use super::dice::Dice;
use luck::{Purpose, Seed};

/// Red, green and blue in 0 ..= 1.
pub type Colour = [f32; 3];

/// Pixels in progress.
#[derive(Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    colours: Vec<Colour>,
    texture: Vec<f32>,
}

impl Canvas {
    /// A sky or a wall: one colour fading into another from top to bottom, nearly without texture.
    pub fn gradient(width: usize, height: usize, dice: &mut Dice) -> Canvas {
        let (top, bottom) = (colour(dice), colour(dice));
        let strength = dice.between(0.1, 0.5);
        let colours = (0..height)
            .flat_map(|row| std::iter::repeat_n(blend(top, bottom, row as f32 / height as f32), width))
            .collect();
        Canvas { width, height, colours, texture: vec![strength; width * height] }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Lays `paint` with `texture` over the pixel as far as `opacity` (0 ..= 1) says.
    pub fn cover(&mut self, column: usize, row: usize, opacity: f32, paint: Colour, texture: f32) {
        let pixel = row * self.width + column;
        self.colours[pixel] = blend(self.colours[pixel], paint, opacity);
        self.texture[pixel] += opacity * (texture - self.texture[pixel]);
    }

    /// Repaints each pixel, from its index, its texture's strength and its colour.
    pub fn shade(&mut self, paint: impl Fn(usize, f32, Colour) -> Colour) {
        for (pixel, (colour, &strength)) in self.colours.iter_mut().zip(&self.texture).enumerate() {
            *colour = paint(pixel, strength, *colour);
        }
    }

    /// Samples of 8 bits, with grain of `deviation` levels.
    pub fn develop(&self, seed: Seed, deviation: f32) -> Vec<u8> {
        // The sum of two uniform numbers of width w has a deviation of w / √6.
        let width = deviation * 6.0f32.sqrt();
        let mut samples = Vec::with_capacity(self.colours.len() * 3);
        for (pixel, colour) in self.colours.iter().enumerate() {
            let mut bits = seed.coin(Purpose::Pixels, pixel as u64, 0).bits();
            for level in colour {
                let uniforms = [bits & 0x3FF, (bits >> 10) & 0x3FF].map(|ten_bits| ten_bits as f32 / 1024.0);
                bits >>= 20;
                let grain = width * (uniforms[0] + uniforms[1] - 1.0);
                samples.push((level * 255.0 + grain + 0.5).clamp(0.0, 255.0) as u8);
            }
        }
        samples
    }
}

/// A colour of the world: mostly muted, seldom black or white.
pub fn colour(dice: &mut Dice) -> Colour {
    let brightness = dice.between(0.15, 0.85);
    let saturation = dice.uniform() * dice.uniform();
    [0; 3].map(|_| (brightness * (1.0 + saturation * dice.between(-0.8, 0.8))).clamp(0.02, 0.98))
}

fn blend(under: Colour, over: Colour, opacity: f32) -> Colour {
    let mut mixed = under;
    for (channel, paint) in mixed.iter_mut().zip(over) {
        *channel += opacity * (paint - *channel);
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cover_replaces_mixes_and_leaves() {
        let mut canvas = Canvas::gradient(3, 1, &mut Dice::of(Seed(1)));
        let before = canvas.colours.clone();
        canvas.cover(1, 0, 1.0, [1.0, 0.5, 0.0], 0.7);
        canvas.cover(2, 0, 0.5, [1.0, 1.0, 1.0], 0.7);
        assert_eq!(canvas.colours[0], before[0]);
        assert_eq!((canvas.colours[1], canvas.texture[1]), ([1.0, 0.5, 0.0], 0.7));
        assert!(
            canvas.colours[2].iter().zip(before[2]).all(|(now, old)| (now - (old + 1.0) / 2.0).abs() < 1e-6)
        );
    }

    #[test]
    fn grain_has_the_deviation_it_says_and_no_bias() {
        let mut canvas = Canvas::gradient(200, 100, &mut Dice::of(Seed(2)));
        canvas.shade(|_, _, _| [0.5; 3]);
        let samples = canvas.develop(Seed(3), 4.0);
        let mean = samples.iter().map(|&s| f64::from(s)).sum::<f64>() / samples.len() as f64;
        let square =
            samples.iter().map(|&s| (f64::from(s) - mean).powi(2)).sum::<f64>() / samples.len() as f64;
        assert!((mean - 127.5).abs() < 0.1, "{mean}");
        assert!((square.sqrt() - 4.0).abs() < 0.1, "{}", square.sqrt());
    }
}
