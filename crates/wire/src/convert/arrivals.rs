//! Tasks without images: all at once, or over time.

use super::{Unfit, count};
use crate::job::{JobSource, OpenArrivals};
use std::sync::Arc;
use std::time::Duration;

/// The source of `tasks` made-up tasks.
pub(super) fn made_up(
    tasks: u64,
    service: Duration,
    arrivals_us: Option<Vec<i64>>,
    max_open: Option<i32>,
) -> Result<JobSource, Unfit> {
    let Some(times) = arrivals_us else { return Ok(JobSource::Synthetic { tasks, service }) };
    let max_open = max_open.map(|most| count("max_open", most)).transpose()?;
    let times =
        times.into_iter().map(|time| count("arrivals_us", time)).collect::<Result<Arc<[u64]>, _>>()?;
    if times.len() as u64 != tasks {
        return Err(Unfit::new("arrivals_us", "synthetic_tasks has to be the number of arrivals"));
    }
    if !times.is_sorted() {
        return Err(Unfit::new("arrivals_us", "the arrivals have to ascend"));
    }
    Ok(JobSource::Open { arrivals: OpenArrivals { times_us: times, max_open }, service })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_have_to_ascend_and_to_be_as_many_as_tasks() {
        let of = |times: &[i64]| made_up(2, Duration::ZERO, Some(times.to_vec()), None);
        assert!(matches!(of(&[0, 7]), Ok(JobSource::Open { arrivals, .. }) if *arrivals.times_us == [0, 7]));
        for wrong in [&[0][..], &[7, 0], &[-1, 7]] {
            assert_eq!(of(wrong).unwrap_err().field, "arrivals_us");
        }
    }
}
