//! Who gets the attempts when least connections meets nodes that refuse at once.
//!
//! Least connections keeps the attempts in flight equal on all nodes. An attempt stays in flight for
//! `r + (1 - p)(s + p d)` on average, so attempts go to nodes in proportion to its inverse: a node that refuses nearly
//! everything is nearly always empty and gets the most attempts, which is the sinkhole. The share is U-shaped in `p`.
//!
//! The law is a fluid limit: nothing waits for a slot, and many attempts are in flight on each node. Simulated with
//! nineteen nodes at 0.1 and one at 0.99 the share is 2 to 5 % off with 17 or more in flight on each node; with 2 or 3 it
//! is a quarter below the law, because whole numbers keep the sink at the emptiest node's level and not at the mean.

/// The weight of a node: attempts go to it in proportion to this.
pub fn weight(p: f64, r: f64, s: f64, d: f64) -> f64 {
    1.0 / (r + (1.0 - p) * (s + p * d))
}

/// By node: its share of the attempts.
pub fn shares(p: &[f64], r: f64, s: f64, d: f64) -> Vec<f64> {
    let weights: Vec<f64> = p.iter().map(|&p| weight(p, r, s, d)).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_weights() {
        let known =
            [(0.0, 19.2308), (0.1, 3.1546), (0.5, 1.2870), (0.9, 3.6101), (0.99, 31.0559), (1.0, 500.0)];
        for (p, expected) in known {
            assert!((weight(p, 0.002, 0.05, 3.0) - expected).abs() < 1e-4, "{p}");
        }
        // Nineteen nodes at 0.1 and one at 0.99.
        let mut nodes = vec![0.1; 19];
        nodes.push(0.99);
        assert!((shares(&nodes, 0.002, 0.05, 3.0)[19] - 0.341).abs() < 5e-4);
        assert!((shares(&nodes, 0.002, 0.05, 0.5)[19] - 0.394).abs() < 5e-4);
    }
}
