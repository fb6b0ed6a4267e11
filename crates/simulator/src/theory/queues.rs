//! Queues with Poisson arrivals: Erlang's formulas, M/M/k, M/G/1. Offered load `a = arrival rate * mean service`.

/// Erlang's B: the probability that all of `k` servers are busy where nobody waits.
pub fn erlang_b(k: u32, a: f64) -> f64 {
    (1..=k).fold(1.0, |b, i| a * b / (f64::from(i) + a * b))
}

/// Erlang's C: the probability that an arrival has to wait for one of `k` servers; `a` below `k`.
pub fn erlang_c(k: u32, a: f64) -> f64 {
    let b = erlang_b(k, a);
    b / (1.0 - a / f64::from(k) * (1.0 - b))
}

/// Mean wait of M/M/k in units of the mean service time.
pub fn mmk_wait(k: u32, a: f64) -> f64 {
    erlang_c(k, a) / (f64::from(k) - a)
}

/// Mean response time of M/M/k in units of the mean service time.
pub fn mmk_response(k: u32, a: f64) -> f64 {
    1.0 + mmk_wait(k, a)
}

/// The wait of M/M/k that the given share of arrivals do not exceed, in units of the mean service time.
pub fn mmk_wait_quantile(k: u32, a: f64, share: f64) -> f64 {
    ((erlang_c(k, a) / (1.0 - share)).ln() / (f64::from(k) - a)).max(0.0)
}

/// The response time of M/M/k that the given share of arrivals do not exceed, in units of the mean service time: where
/// `P(T > t) = e^-t (1 + C (1 - e^(-t (k - 1 - a))) / (k - 1 - a))` with Erlang's C falls to the rest.
pub fn mmk_response_quantile(k: u32, a: f64, share: f64) -> f64 {
    let (c, gap) = (erlang_c(k, a), f64::from(k) - 1.0 - a);
    let beyond = |t: f64| {
        // The limit where the gap closes.
        let factor = if gap.abs() < 1e-9 { t } else { -(-t * gap).exp_m1() / gap };
        (-t).exp() * (1.0 + c * factor)
    };
    let (mut low, mut high) = (0.0, 1.0);
    while beyond(high) > 1.0 - share {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        *(if beyond(middle) > 1.0 - share { &mut low } else { &mut high }) = middle;
    }
    high
}

/// Mean wait of M/G/1, first come first served (Pollaczek and Khinchine): `rate * E[S^2] / (2 (1 - rho))`.
pub fn mg1_wait(rate: f64, mean_service: f64, second_moment: f64) -> f64 {
    rate * second_moment / (2.0 * (1.0 - rate * mean_service))
}

/// Mean response time of M/G/1, first come first served.
pub fn mg1_response(rate: f64, mean_service: f64, second_moment: f64) -> f64 {
    mean_service + mg1_wait(rate, mean_service, second_moment)
}

/// Mean response time of M/G/1 with a shared processor: `E[S] / (1 - rho)`, whatever the distribution.
pub fn mg1_shared_response(rate: f64, mean_service: f64) -> f64 {
    mean_service / (1.0 - rate * mean_service)
}

/// Mean attempts in flight where nobody waits (M/G/infinity): a node with a thread for each request.
pub fn unbounded_in_flight(rate: f64, mean_service: f64) -> f64 {
    rate * mean_service
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(seen: f64, expected: f64) {
        assert!((seen - expected).abs() < 2e-6 * expected.max(1.0), "{seen} against {expected}");
    }

    #[test]
    fn quantiles_of_the_response() {
        // M/M/1: exponential with mean 1 / (1 - rho).
        for rho in [0.1, 0.5, 0.9] {
            let expected = 100f64.ln() / (1.0 - rho);
            assert!((mmk_response_quantile(1, rho, 0.99) / expected - 1.0).abs() < 1e-9, "{rho}");
        }
        // Hardly anybody waits: exponential service. And the gap that closes: between its neighbours.
        assert!((mmk_response_quantile(50, 5.0, 0.99) / 100f64.ln() - 1.0).abs() < 1e-6);
        let near = [0.999, 1.0, 1.001].map(|a| mmk_response_quantile(2, a, 0.99));
        assert!(near.is_sorted() && near[2] / near[0] < 1.01, "{near:?}");
    }

    #[test]
    fn erlang() {
        let known = [
            (1, 0.9, 0.9, 10.0),
            (2, 1.8, 0.852_632, 5.263_158),
            (10, 9.0, 0.668_732, 1.668_732),
            (20, 18.0, 0.550_769, 1.275_385),
            (100, 90.0, 0.216_940, 1.021_694),
            (100, 99.0, 0.882_768, 1.882_768),
        ];
        for (k, a, wait, response) in known {
            close(erlang_c(k, a), wait);
            close(mmk_response(k, a), response);
        }
        close(erlang_b(10, 9.0), 0.167_963);
        close(mmk_wait_quantile(10, 9.0, 0.99), 4.202_798);
        assert_eq!(mmk_wait_quantile(100, 10.0, 0.5), 0.0);
    }

    #[test]
    fn one_server_and_any_service() {
        // Service of 50 ms, and 3 s more with probability 0.1; half of the time busy.
        let (mean, square) = (0.35, 0.9 * 0.05f64.powi(2) + 0.1 * 3.05f64.powi(2));
        let rate = 0.5 / mean;
        close(mg1_response(rate, mean, square), 1.682_142_857);
        close(mg1_shared_response(rate, mean), 0.7);
        close(mg1_response(0.9, 1.0, 2.0), erlang_c(1, 0.9) / 0.1 + 1.0);
        close(unbounded_in_flight(rate, mean), 0.5);
    }
}
