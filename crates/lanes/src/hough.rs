//! The votes of the Hough transform: at which distance from the origin lines of given angles pass a point.

compiled_for_each! {
    /// Lets each point vote once at every angle: adds 1 to the counter of the distance `d = round(x cosine + y sine)`, in
    /// single precision and halves to even. `directions` are the angles' cosines and sines; their counters lie one angle
    /// behind the other, those of an angle from the most negative distance to the largest.
    ///
    /// # Panics
    /// When the coordinates differ in number, there is not an odd number of counters for each angle, or a distance falls
    /// outside all of them.
    fn vote(level, xs: &[f32], ys: &[f32], directions: &[[f32; 2]], votes: &mut [u32]);
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

    /// Angles that points vote at together. Neighbouring points vote for the same or neighbouring lines: one angle after the
    /// other, each vote would have to wait for the one before it. All angles at once would need too much memory at hand.
    const BAND: usize = 16;

    /// Points whose distances are found together, so that they come from memory one by one and not out of wide registers.
    const CHUNK: usize = 64;

    /// See [`super::vote`].
    #[inline(always)]
    pub fn vote(xs: &[f32], ys: &[f32], directions: &[[f32; 2]], votes: &mut [u32]) {
        assert_eq!(xs.len(), ys.len(), "two coordinates a point");
        if directions.is_empty() {
            return;
        }
        let distances = votes.len() / directions.len();
        assert!(votes.len() == distances * directions.len() && distances % 2 == 1, "counters for each angle");
        for (directions, votes) in directions.chunks(BAND).zip(votes.chunks_mut(BAND * distances)) {
            let of = |k: usize| directions.get(k).copied().unwrap_or([0.0; 2]);
            let cosines: [f32; BAND] = std::array::from_fn(|k| of(k)[0]);
            let sines: [f32; BAND] = std::array::from_fn(|k| of(k)[1]);
            // Where the counter of distance 0 lies.
            let middles: [i32; BAND] = std::array::from_fn(|k| (k * distances + distances / 2) as i32);
            for (xs, ys) in xs.chunks(CHUNK).zip(ys.chunks(CHUNK)) {
                let mut places = [[0i32; BAND]; CHUNK];
                for ((places, x), y) in places.iter_mut().zip(xs).zip(ys) {
                    for k in 0..BAND {
                        places[k] = middles[k] + distance(*x, *y, cosines[k], sines[k]);
                    }
                }
                for places in &places[..xs.len()] {
                    places[..directions.len()].iter().for_each(|place| votes[*place as usize] += 1);
                }
            }
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
        fn every_point_votes_once_at_every_angle(
            points in proptest::collection::vec((0u16..500, 0u16..500), 0..200),
            angles in 0usize..40,
        ) {
            let xs: Vec<f32> = points.iter().map(|p| f32::from(p.0)).collect();
            let ys: Vec<f32> = points.iter().map(|p| f32::from(p.1)).collect();
            let directions: Vec<[f32; 2]> =
                (0..angles).map(|k| (k as f32 / 12.0).sin_cos().into()).map(|[s, c]: [f32; 2]| [c, s]).collect();
            let mut wanted = vec![0; angles * 2001];
            for (k, [cosine, sine]) in directions.iter().enumerate() {
                for (x, y) in xs.iter().zip(&ys) {
                    let distance = (x * cosine + y * sine).round_ties_even() as i32;
                    wanted[k * 2001 + (1000 + distance) as usize] += 1;
                }
            }
            for level in Level::available() {
                let mut found = vec![0; angles * 2001];
                super::vote(level, &xs, &ys, &directions, &mut found);
                prop_assert_eq!(&found, &wanted);
            }
        }
    }
}
