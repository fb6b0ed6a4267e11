//! Objects of every size that hide each other: the dead leaves model of natural images.
//!
//! Radii follow a power law of exponent −3, which makes the scene look alike at every scale (Lee, Mumford and Huang,
//! "Occlusion models for natural images", International Journal of Computer Vision 41, 2001).

use super::canvas::{Canvas, Colour, colour};
use super::dice::Dice;
use super::noise::smooth_step;

/// An ellipse or a convex polygon with its light, its texture and the softness of its edge.
#[derive(Debug)]
struct Shape {
    centre: (f32, f32),
    radius: f32,
    outline: Outline,
    /// Width of the edge in pixels: below 1 hard, larger out of focus.
    softness: f32,
    paint: Colour,
    /// Change of brightness from the shadow's edge to the light's.
    light: f32,
    light_from: (f32, f32),
    texture: f32,
}

#[derive(Debug)]
enum Outline {
    /// Long axis along the direction, the short one a share of it.
    Ellipse { axis: (f32, f32), flatness: f32 },
    /// Half-planes: outward normals with their distances from the centre in radii.
    Polygon(Vec<((f32, f32), f32)>),
}

/// Most objects in a scene.
const OBJECTS: usize = 600;

/// Paints objects back to front, large and small mixed.
pub fn scatter(canvas: &mut Canvas, dice: &mut Dice) {
    let size = canvas.width().min(canvas.height()) as f32;
    for _ in 0..OBJECTS {
        let shape = Shape::draw(canvas.width() as f32, canvas.height() as f32, size, dice);
        shape.paint(canvas);
    }
}

impl Shape {
    fn draw(width: f32, height: f32, size: f32, dice: &mut Dice) -> Shape {
        // Inverse of the distribution function of a density r^-3 between the smallest and the largest radius.
        let (smallest, largest) = ((size / 80.0).max(1.0), (size / 2.5).max(1.5));
        let share = dice.uniform();
        let inverse_square = (1.0 - share) / (smallest * smallest) + share / (largest * largest);
        let focus =
            if dice.happens(0.6) { dice.between(0.5, 1.5) } else { dice.between(1.5, 0.02 * size + 1.6) };
        Shape {
            centre: (dice.between(0.0, width), dice.between(0.0, height)),
            radius: 1.0 / inverse_square.sqrt(),
            outline: Outline::draw(dice),
            softness: focus,
            paint: colour(dice),
            light: dice.between(0.0, 0.5),
            light_from: dice.direction(),
            texture: dice.uniform() * dice.between(0.2, 1.6),
        }
    }

    fn paint(&self, canvas: &mut Canvas) {
        let reach = 1.5 * self.radius + self.softness;
        let columns = span(self.centre.0, reach, canvas.width());
        for row in span(self.centre.1, reach, canvas.height()) {
            for column in columns.clone() {
                let x = (column as f32 + 0.5 - self.centre.0) / self.radius;
                let y = (row as f32 + 0.5 - self.centre.1) / self.radius;
                let inside = -self.outline.distance(x, y) * self.radius / self.softness;
                if inside <= -0.5 {
                    continue;
                }
                let opacity = smooth_step((inside + 0.5).min(1.0));
                let brightness = 1.0 + self.light * (x * self.light_from.0 + y * self.light_from.1);
                canvas.cover(column, row, opacity, self.paint.map(|level| level * brightness), self.texture);
            }
        }
    }
}

impl Outline {
    fn draw(dice: &mut Dice) -> Outline {
        if dice.happens(0.5) {
            Outline::Ellipse { axis: dice.direction(), flatness: dice.between(0.25, 1.0) }
        } else {
            let (x, y) = dice.direction();
            // A rectangle closes the outline; up to three more sides cut its corners.
            let mut sides = vec![(x, y), (-y, x), (-x, -y), (y, -x)];
            for _ in 0..3 {
                if dice.happens(0.5) {
                    sides.push(dice.direction());
                }
            }
            let sides = sides.into_iter().map(|side| (side, dice.between(0.3, 1.0))).collect();
            Outline::Polygon(sides)
        }
    }

    /// Signed distance of a point from the outline, about right near it: negative inside. Unit: radii.
    fn distance(&self, x: f32, y: f32) -> f32 {
        match self {
            Outline::Ellipse { axis, flatness } => {
                let along = x * axis.0 + y * axis.1;
                let across = (y * axis.0 - x * axis.1) / flatness;
                ((along * along + across * across).sqrt() - 1.0) * flatness
            }
            Outline::Polygon(sides) => sides
                .iter()
                .map(|((normal_x, normal_y), distance)| x * normal_x + y * normal_y - distance)
                .fold(f32::NEG_INFINITY, f32::max),
        }
    }
}

/// Pixels within `reach` of `centre`, cut to the canvas.
fn span(centre: f32, reach: f32, length: usize) -> std::ops::Range<usize> {
    let first = (centre - reach).floor().max(0.0) as usize;
    let last = (centre + reach).ceil().max(0.0) as usize;
    first.min(length)..last.min(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_a_circle_and_a_square() {
        let circle = Outline::Ellipse { axis: (0.6, 0.8), flatness: 1.0 };
        assert!((circle.distance(2.0, 0.0) - 1.0).abs() < 1e-6);
        assert!((circle.distance(0.0, 0.0) + 1.0).abs() < 1e-6);
        let square =
            Outline::Polygon([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)].map(|n| (n, 0.5)).to_vec());
        assert!((square.distance(0.0, 0.9) - 0.4).abs() < 1e-6);
        assert!((square.distance(0.4, 0.0) + 0.1).abs() < 1e-6);
    }

    #[test]
    fn a_shape_off_the_canvas_paints_nothing() {
        assert!(span(-50.0, 10.0, 20).is_empty());
        assert!(span(90.0, 10.0, 20).is_empty());
        assert_eq!(span(5.0, 2.5, 20), 2..8);
        assert_eq!(span(19.0, 40.0, 20), 0..20);
    }
}
