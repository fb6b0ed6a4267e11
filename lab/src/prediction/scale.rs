//! What more nodes bring: speedup, efficiency, and the part of the work that no number of nodes shortens.

use evidence::comparison::CONFIDENCE;
use evidence::comparison::render::grid;
use evidence::statistics::{Interval, LogRatios, interval_of_mean, mean};

/// Measured times on some nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Number of nodes.
    pub nodes: u32,
    /// Seconds in each round; every number of nodes has had its turn in the same rounds.
    pub seconds: Vec<f64>,
}

/// The serial fraction of Amdahl's law by least squares: T(n) / T(1) = f + (1 - f) / n, of pairs of n and T(n). None without
/// a measurement on one node and one on more.
///
/// Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities" (AFIPS, 1967).
/// Below 0 the speedup is more than linear.
pub fn serial_fraction(measured: &[(u32, f64)]) -> Option<f64> {
    let &(_, one) = measured.iter().find(|(nodes, _)| *nodes == 1)?;
    let (mut product, mut square) = (0.0, 0.0);
    for (nodes, seconds) in measured.iter().filter(|(nodes, _)| *nodes > 1) {
        let share = 1.0 / f64::from(*nodes);
        product += (seconds / one - share) * (1.0 - share);
        square += (1.0 - share) * (1.0 - share);
    }
    (square > 0.0).then(|| product / square)
}

/// What was measured, round by round.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// Tasks of a job.
    pub tasks: u64,
    /// Seconds of one thread without any network, in each round.
    pub central: Vec<f64>,
    /// By number of nodes.
    pub measured: Vec<Measured>,
    /// Processors that all nodes share, where the work needs them.
    pub processors: Option<u32>,
}

impl Scaling {
    /// A table for people.
    pub fn text(&self) -> String {
        let columns = ["nodes", "tasks", "seconds", "tasks/s", "over central", "speedup", "efficiency"];
        let central = self.line("centralised".to_owned(), &self.central, None);
        let own =
            self.measured.iter().map(|own| self.line(own.nodes.to_string(), &own.seconds, Some(own.nodes)));
        let mut text = grid(&columns, std::iter::once(central).chain(own).collect());
        text.push_str(&format!(
            "\ncentralised: one thread, no network. Speedup and efficiency are over one node, paired by round, with 95 % \
             intervals over {} rounds.\n",
            self.central.len()
        ));
        if let Some(processors) = self.processors {
            text.push_str(&format!(
                "All nodes share the {processors} processors of this machine: more nodes than that add processes and no \
                 processors.\n"
            ));
        }
        text + &self.amdahl()
    }

    fn line(&self, name: String, seconds: &[f64], nodes: Option<u32>) -> Vec<String> {
        let one = self.measured.iter().find(|own| own.nodes == 1).map(|own| &own.seconds[..]);
        let over = |base: &[f64]| LogRatios::of(base.iter().copied().zip(seconds.iter().copied()));
        let speedup = one.map(over);
        let ratio = |ratios: &LogRatios, share: f64| match (ratios.ratio(), ratios.interval(CONFIDENCE)) {
            (Some(ratio), Some(Interval { low, high, .. })) if high - low > 1e-9 => {
                format!("{:.2} [{:.2}, {:.2}]", ratio * share, low * share, high * share)
            }
            (Some(ratio), _) => format!("{:.2}", ratio * share),
            (None, _) => "–".to_owned(),
        };
        let central = over(&self.central).ratio().map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        let efficiency =
            speedup.as_ref().zip(nodes).map(|(ratios, nodes)| ratio(ratios, 1.0 / f64::from(nodes)));
        let interval = interval_of_mean(seconds, CONFIDENCE).map(|interval| interval.half_width());
        let half = interval.filter(|half| *half > 1e-9).map_or(String::new(), |half| format!(" ± {half:.3}"));
        let mean = mean(seconds).unwrap_or(f64::NAN);
        vec![
            name,
            self.tasks.to_string(),
            format!("{mean:.3}{half}"),
            format!("{:.1}", self.tasks as f64 / mean),
            central,
            speedup.map_or("–".to_owned(), |ratios| ratio(&ratios, 1.0)),
            efficiency.unwrap_or_else(|| "–".to_owned()),
        ]
    }

    /// Amdahl's law fitted to each round, to as many nodes as have a processor each: what more of them bring is no matter of
    /// the work.
    fn amdahl(&self) -> String {
        let fits = |nodes: u32| self.processors.is_none_or(|processors| nodes <= processors);
        let fitted: Vec<&Measured> = self.measured.iter().filter(|own| fits(own.nodes)).collect();
        let of_round = |round: usize| -> Option<f64> {
            let times = fitted.iter().map(|own| Some((own.nodes, *own.seconds.get(round)?)));
            serial_fraction(&times.collect::<Option<Vec<_>>>()?)
        };
        let fractions: Vec<f64> = (0..self.central.len()).filter_map(of_round).collect();
        let Some(fraction) = mean(&fractions) else { return String::new() };
        let half = interval_of_mean(&fractions, CONFIDENCE).map_or(0.0, |interval| interval.half_width());
        let percent = match half > 1e-9 {
            true => format!("{:.1} % ± {:.1} %", 100.0 * fraction, 100.0 * half),
            false => format!("{:.1} %", 100.0 * fraction),
        };
        let most = fitted.iter().map(|own| own.nodes).max().unwrap_or(1);
        let says = match fraction {
            fraction if fraction - half <= 0.0 => "that may be nothing".to_owned(),
            fraction if fraction + half >= 1.0 => {
                "that may be all of it, and more nodes bring nothing".to_owned()
            }
            _ => format!("nodes can speed it up {:.0} times", 1.0 / fraction),
        };
        format!("Amdahl, fitted up to {most} nodes: {percent} is serial; {says}.\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amdahl(fraction: f64) -> Scaling {
        let seconds = |nodes: u32| 8.0 * (fraction + (1.0 - fraction) / f64::from(nodes));
        let measured = [1u32, 2, 4, 8].map(|nodes| Measured { nodes, seconds: vec![seconds(nodes); 3] });
        Scaling { tasks: 240, central: vec![7.6; 3], measured: measured.into(), processors: None }
    }

    #[test]
    fn the_serial_fraction_is_found_again() {
        for fraction in [0.0, 0.05, 0.5, 1.0] {
            let measured: Vec<(u32, f64)> =
                amdahl(fraction).measured.iter().map(|own| (own.nodes, own.seconds[0])).collect();
            assert!((serial_fraction(&measured).unwrap() - fraction).abs() < 1e-12);
            assert_eq!(serial_fraction(&measured[..1]), None);
        }
    }

    #[test]
    fn the_ends_of_the_law_are_said_in_words() {
        let last = |fraction| amdahl(fraction).text().lines().last().unwrap().to_owned();
        assert_eq!(
            last(1.0),
            "Amdahl, fitted up to 8 nodes: 100.0 % is serial; that may be all of it, and more nodes bring nothing."
        );
        assert_eq!(last(-0.1), "Amdahl, fitted up to 8 nodes: -10.0 % is serial; that may be nothing.");
    }

    #[test]
    fn the_table() {
        insta::assert_snapshot!(amdahl(0.05).text(), @r"
              nodes  tasks  seconds  tasks/s  over central  speedup  efficiency
        centralised    240    7.600     31.6          1.00     1.05           –
                  1    240    8.000     30.0          0.95     1.00        1.00
                  2    240    4.200     57.1          1.81     1.90        0.95
                  4    240    2.300    104.3          3.30     3.48        0.87
                  8    240    1.350    177.8          5.63     5.93        0.74

        centralised: one thread, no network. Speedup and efficiency are over one node, paired by round, with 95 % intervals over 3 rounds.
        Amdahl, fitted up to 8 nodes: 5.0 % is serial; nodes can speed it up 20 times.
        ");
    }

    #[test]
    fn rounds_that_differ_have_intervals_and_only_nodes_with_a_processor_are_fitted() {
        let mut scaling = amdahl(0.1);
        scaling.processors = Some(2);
        // The machine is slower in the second round, for everybody: paired ratios do not see it.
        for own in &mut scaling.measured {
            own.seconds[1] *= 2.0;
        }
        scaling.measured[1].seconds[2] *= 1.1;
        insta::assert_snapshot!(scaling.text(), @r"
              nodes  tasks          seconds  tasks/s  over central            speedup         efficiency
        centralised    240            7.600     31.6          1.00  1.33 [0.49, 3.58]                  –
                  1    240  10.667 ± 11.474     22.5          0.75               1.00               1.00
                  2    240    6.013 ± 6.020     39.9          1.33  1.76 [1.54, 2.02]  0.88 [0.77, 1.01]
                  4    240    3.467 ± 3.729     69.2          2.32               3.08               0.77
                  8    240    2.267 ± 2.438    105.9          3.55               4.71               0.59

        centralised: one thread, no network. Speedup and efficiency are over one node, paired by round, with 95 % intervals over 3 rounds.
        All nodes share the 2 processors of this machine: more nodes than that add processes and no processors.
        Amdahl, fitted up to 2 nodes: 13.7 % ± 15.8 % is serial; that may be nothing.
        ");
    }
}
