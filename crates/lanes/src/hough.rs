//! The votes of the Hough transform: at which distance from the origin a line of a given angle passes a point.

compiled_for_each! {
    /// Lets each point vote: adds 1 to `votes[middle + d]` for the distance `d = round(x cosine + y sine)`, in single
    /// precision and halves to even.
    ///
    /// # Panics
    /// When the coordinates differ in number or a distance falls outside `votes`.
    fn vote(level, xs: &[f32], ys: &[f32], cosine: f32, sine: f32, middle: usize, votes: &mut [u32]);
}

/// Added to a number below 2²², this leaves its rounded value in the low bits.
const ROUNDER: f32 = 12_582_912.0;

/// `round(x cosine + y sine)`, halves to even; magnitudes below 2²¹.
#[inline(always)]
pub fn distance(x: f32, y: f32, cosine: f32, sine: f32) -> i32 {
    let exact = x * cosine + y * sine;
    (exact + ROUNDER).to_bits() as i32 - ROUNDER.to_bits() as i32
}

/// The plain twins: ordinary Rust.
pub mod scalar {
    use super::distance;

    /// See [`super::vote`].
    #[inline(always)]
    pub fn vote(xs: &[f32], ys: &[f32], cosine: f32, sine: f32, middle: usize, votes: &mut [u32]) {
        assert_eq!(xs.len(), ys.len(), "two coordinates a point");
        let (xs, x_rest) = xs.as_chunks::<32>();
        let (ys, y_rest) = ys.as_chunks::<32>();
        for (xs, ys) in xs.iter().zip(ys) {
            let distances: [i32; 32] = std::array::from_fn(|k| distance(xs[k], ys[k], cosine, sine));
            for distance in distances {
                votes[(middle as i32 + distance) as usize] += 1;
            }
        }
        for (x, y) in x_rest.iter().zip(y_rest) {
            votes[(middle as i32 + distance(*x, *y, cosine, sine)) as usize] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounding_is_to_nearest_with_ties_to_even(halves in -400_000i32..400_000, y in -3f32..3.0) {
            let x = halves as f32 / 2.0;
            prop_assert_eq!(super::distance(x, y, 1.0, 0.0), x.round_ties_even() as i32);
            prop_assert_eq!(super::distance(x, y, 0.7, 0.3), (x * 0.7 + y * 0.3).round_ties_even() as i32);
        }

        #[test]
        fn every_point_votes_once_and_alike(points in proptest::collection::vec((0u16..500, 0u16..500), 0..200)) {
            let xs: Vec<f32> = points.iter().map(|p| f32::from(p.0)).collect();
            let ys: Vec<f32> = points.iter().map(|p| f32::from(p.1)).collect();
            let (mut wide, mut plain) = (vec![0; 2001], vec![0; 2001]);
            super::vote(Level::detect(), &xs, &ys, 0.6, -0.8, 1000, &mut wide);
            super::scalar::vote(&xs, &ys, 0.6, -0.8, 1000, &mut plain);
            prop_assert_eq!(&wide, &plain);
            prop_assert_eq!(wide.iter().sum::<u32>() as usize, points.len());
        }
    }
}
