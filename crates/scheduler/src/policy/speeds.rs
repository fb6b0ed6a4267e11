//! How many tasks a second the nodes do that are faster than a given one.

/// Rates of nodes in classes by their time for a task. Each class is a fourth of an octave wide, so a change takes
/// constant time and a sum takes no more than there are classes.
#[derive(Debug)]
pub(super) struct Speeds {
    rates: [f64; CLASSES],
}

const CLASSES: usize = 128;
const CLASSES_BY_OCTAVE: f64 = 4.0;

impl Default for Speeds {
    fn default() -> Speeds {
        Speeds { rates: [0.0; CLASSES] }
    }
}

/// The class of a time in microseconds.
fn class(time: f64) -> usize {
    ((time.max(1.0).log2() * CLASSES_BY_OCTAVE) as usize).min(CLASSES - 1)
}

impl Speeds {
    /// Enters a node with that many slots that takes `time` microseconds for a task.
    pub(super) fn add(&mut self, time: f64, slots: f64) {
        self.rates[class(time)] += slots / time.max(1.0);
    }

    /// Takes out what was entered.
    pub(super) fn remove(&mut self, time: f64, slots: f64) {
        let rate = &mut self.rates[class(time)];
        // Rounding must not leave a negative rest.
        *rate = (*rate - slots / time.max(1.0)).max(0.0);
    }

    /// Tasks a microsecond of all nodes that are faster than `time`, to the class.
    pub(super) fn faster_than(&self, time: f64) -> f64 {
        self.rates[..class(time)].iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_the_faster_ones() {
        let mut speeds = Speeds::default();
        speeds.add(100.0, 10.0);
        speeds.add(1_000.0, 4.0);
        speeds.add(50_000.0, 1.0);
        assert_eq!(speeds.faster_than(90.0), 0.0);
        assert!((speeds.faster_than(20_000.0) - 0.104).abs() < 1e-12);
        speeds.remove(100.0, 10.0);
        assert!((speeds.faster_than(1e9) - 0.004_02).abs() < 1e-12);
    }
}
