//! Hedging: a further copy every `h` seconds until one answers, slots enough, every copy delayed with probability `p`.
//!
//! A delay lasts `d = m h`. A copy that is not delayed is done after the service time, so at most `m` copies are sent.

/// Mean time of a task: `s + h p (1 - p^m) / (1 - p)`.
pub fn mean_time(p: f64, h: f64, m: u32, s: f64) -> f64 {
    // The sum of p^j over j = 1 .. m: defined for p = 1 too.
    s + h * geometric_sum(p, m) * p
}

/// Mean copies of a task, the first one included: `(1 - p^m) / (1 - p)`.
pub fn mean_copies(p: f64, m: u32) -> f64 {
    geometric_sum(p, m)
}

/// Mean makespan of `n` tasks: `s + h * sum over j < m of 1 - (1 - p^(j+1))^n`.
pub fn makespan(n: u64, p: f64, h: f64, m: u32, s: f64) -> f64 {
    let late = |j: u32| 1.0 - (1.0 - p.powf(f64::from(j + 1))).powf(n as f64);
    s + h * (0..m).map(late).sum::<f64>()
}

/// `1 + p + ... + p^(m-1)`.
fn geometric_sum(p: f64, m: u32) -> f64 {
    (0..m).map(|j| p.powf(f64::from(j))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use luck::{Purpose, Seed};

    fn close(seen: f64, expected: f64, tolerance: f64) {
        assert!((seen - expected).abs() <= tolerance, "{seen} against {expected}");
    }

    #[test]
    fn known_figures() {
        close(mean_time(0.5, 0.1, 30, 0.05), 0.15, 1e-6);
        close(mean_copies(0.5, 30), 2.0, 1e-6);
        close(mean_time(0.1, 0.1, 30, 0.05), 0.061_11, 1e-5);
        close(mean_copies(0.1, 30), 1.1111, 5e-5);
        close(mean_time(0.9, 0.3, 10, 0.05), 1.808_57, 1e-5);
        close(mean_copies(0.9, 10), 6.5132, 5e-5);
        close(makespan(100, 0.5, 0.1, 30, 0.05), 0.748, 5e-4);
        close(makespan(1_000, 0.1, 0.1, 30, 0.05), 0.324, 5e-4);
        close(mean_time(1.0, 0.1, 30, 0.05), 3.05, 1e-12);
    }

    #[test]
    fn drawn_copies_agree() {
        let (p, h, m, s) = (0.5, 0.3, 10, 0.05);
        let tasks = 200_000;
        let (mut time, mut copies) = (0.0, 0u32);
        for task in 0..tasks {
            let late = |copy: u32| Seed(2).coin(Purpose::Delay, task, u64::from(copy)).happens(p);
            let first = (0..m).find(|&copy| !late(copy)).unwrap_or(m);
            time += s + h * f64::from(first);
            copies += (first + 1).min(m);
        }
        close(time / tasks as f64 / mean_time(p, h, m, s), 1.0, 0.01);
        close(f64::from(copies) / tasks as f64 / mean_copies(p, m), 1.0, 0.01);
    }
}
