//! What more nodes bring: speedup, efficiency, and the part of the work that no number of nodes shortens.

use evidence::comparison::render::grid;

/// A measured time on some nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Number of nodes.
    pub nodes: u32,
    /// Mean seconds.
    pub seconds: f64,
    /// Half-width of the 95 % interval in seconds; none of one replication.
    pub half_width: Option<f64>,
}

/// The serial fraction of Amdahl's law by least squares: T(n) / T(1) = f + (1 - f) / n. None without a measurement on
/// one node and one on more.
///
/// Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities" (AFIPS, 1967).
/// Below 0 the speedup is more than linear.
pub fn serial_fraction(measured: &[Measured]) -> Option<f64> {
    let one = measured.iter().find(|own| own.nodes == 1)?.seconds;
    let (mut product, mut square) = (0.0, 0.0);
    for own in measured.iter().filter(|own| own.nodes > 1) {
        let share = 1.0 / f64::from(own.nodes);
        product += (own.seconds / one - share) * (1.0 - share);
        square += (1.0 - share) * (1.0 - share);
    }
    (square > 0.0).then(|| product / square)
}

/// A table for people. `central_s` is the time without any network, if it was measured.
pub fn text(tasks: u64, central_s: Option<f64>, measured: &[Measured]) -> String {
    let columns = ["nodes", "tasks", "seconds", "tasks/s", "speedup", "efficiency"];
    let one = measured.iter().find(|own| own.nodes == 1).map(|own| own.seconds);
    let line = |name: String, seconds: f64, half_width: Option<f64>, nodes: Option<u32>| {
        let speedup = one.map(|one| one / seconds);
        let interval = half_width.map_or(String::new(), |half| format!(" ± {half:.3}"));
        let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
        let efficiency = speedup.zip(nodes).map(|(speedup, nodes)| speedup / f64::from(nodes));
        let per_second = format!("{:.1}", tasks as f64 / seconds);
        let seconds = format!("{seconds:.3}{interval}");
        vec![name, tasks.to_string(), seconds, per_second, number(speedup), number(efficiency)]
    };
    let central = central_s.map(|seconds| line("centralised".to_owned(), seconds, None, None));
    let own =
        measured.iter().map(|own| line(own.nodes.to_string(), own.seconds, own.half_width, Some(own.nodes)));
    let mut text = grid(&columns, central.into_iter().chain(own).collect());
    text.push_str("\ncentralised: one thread, no network. Speedup and efficiency are over one node.\n");
    if let Some(fraction) = serial_fraction(measured) {
        let percent = 100.0 * fraction;
        text.push_str(&match fraction {
            fraction if fraction <= 0.0 => "Amdahl: nothing is serial.\n".to_owned(),
            fraction if fraction >= 1.0 => {
                "Amdahl: all of it is serial; more nodes bring nothing.\n".to_owned()
            }
            _ => format!(
                "Amdahl: {percent:.1} % is serial; nodes can speed it up {:.0} times.\n",
                1.0 / fraction
            ),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amdahl(fraction: f64) -> Vec<Measured> {
        [1u32, 2, 4, 8]
            .map(|nodes| Measured {
                nodes,
                seconds: 8.0 * (fraction + (1.0 - fraction) / f64::from(nodes)),
                half_width: None,
            })
            .into()
    }

    #[test]
    fn the_serial_fraction_is_found_again() {
        for fraction in [0.0, 0.05, 0.5, 1.0] {
            assert!((serial_fraction(&amdahl(fraction)).unwrap() - fraction).abs() < 1e-12);
        }
        assert_eq!(serial_fraction(&amdahl(0.5)[..1]), None);
    }

    #[test]
    fn the_ends_of_the_law_are_said_in_words() {
        assert!(
            text(1, None, &amdahl(1.0)).ends_with("Amdahl: all of it is serial; more nodes bring nothing.\n")
        );
        assert!(text(1, None, &amdahl(-0.1)).ends_with("Amdahl: nothing is serial.\n"));
    }

    #[test]
    fn the_table() {
        insta::assert_snapshot!(text(240, Some(7.6), &amdahl(0.05)), @r"
              nodes  tasks  seconds  tasks/s  speedup  efficiency
        centralised    240    7.600     31.6     1.05           –
                  1    240    8.000     30.0     1.00        1.00
                  2    240    4.200     57.1     1.90        0.95
                  4    240    2.300    104.3     3.48        0.87
                  8    240    1.350    177.8     5.93        0.74

        centralised: one thread, no network. Speedup and efficiency are over one node.
        Amdahl: 5.0 % is serial; nodes can speed it up 20 times.
        ");
    }
}
