//! Each pitfall of the gallery shows, also in small: the thresholds of its file hold.

use super::support::{run, stderr, stdout, text};
use std::path::Path;

fn shows(name: &str, set: &[&str]) -> String {
    let results = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = root.join(format!("experiments/pitfalls/{name}.toml"));
    assert!(root.join(format!("docs/pitfalls/{name}.md")).exists(), "{name} has no page");
    let mut arguments = vec!["simulate", text(&file), "--results", text(results.path())];
    arguments.extend(set.iter().flat_map(|&one| ["--set", one]));
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn sinkhole() {
    let output = shows("sinkhole", &["replications.at_least=2", "arrivals.tasks=4000"]);
    assert!(output.contains("least_connections feeds a sinkhole: node19 refuses"), "{output}");
    assert!(
        output.contains("sinkhole, whole numbers in flight (approximation)"),
        "theory is beside it: {output}"
    );
}

#[test]
fn herding() {
    let output = shows("herding", &["replications.at_least=2", "arrivals.tasks=6000"]);
    assert!(output.contains("== stale=1s =="), "{output}");
}

#[test]
fn hedging_collapse() {
    let output = shows("hedging-collapse", &["replications.at_least=2", "arrivals.tasks=20000"]);
    assert!(output.contains("on copies that nobody needed"), "{output}");
}

#[test]
fn wrong_intervals() {
    let output = shows("wrong-intervals", &["replications.at_least=10", "arrivals.tasks=20000"]);
    assert!(output.contains("Requests are not replications"), "{output}");
    assert!(output.contains("M/G/1 (steady state)"), "theory is beside it: {output}");
}

#[test]
fn coordinated_omission() {
    shows("coordinated-omission", &["replications.at_least=3"]);
}

#[test]
fn blind_makespan() {
    let output = shows("blind-makespan", &["replications.at_least=10"]);
    assert!(output.contains("The makespan is blind to it"), "{output}");
}
