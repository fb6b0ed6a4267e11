//! Experiment files: what is read, and what is said of mistakes.

use super::*;
use evidence::statistics::WarmUp;
use simulator::{Distribution, Processors, Work};
use std::time::Duration;

const SMALL: &str = r#"
name = "small"
policies = ["random", "load_balancing"]

[nodes]
load = [0.8, 0.6, 0.5, 0.2]
wire = "2ms"

[arrivals]
kind = "batch"
tasks = 100

[work]
service = "50ms"
"#;

fn with(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    SMALL.replace(from, to)
}

fn error(text: &str) -> String {
    parse(text, &[]).unwrap_err().to_string()
}

#[test]
fn a_small_file_and_its_defaults() {
    let design = parse(SMALL, &[]).unwrap();
    assert_eq!((design.seed, design.metric, design.all_rows), (1, Metric::Makespan, true));
    assert_eq!(design.replications, Replications { at_least: 20, at_most: 20, half_width: None });
    let [cell] = design.cells.as_slice() else { panic!("{:?}", design.cells) };
    assert_eq!((cell.label.as_str(), cell.values.len()), ("small", 0));
    let setting = &cell.setting;
    assert_eq!(setting.nodes.len(), 4);
    let node = &setting.nodes[3];
    assert_eq!((&*node.name, node.slots, node.queue_bound), ("node3", 10, u32::MAX));
    assert_eq!(node.processors, Processors::OnePerSlot);
    assert_eq!(node.load.reject.mean().get(), 0.2);
    assert_eq!(node.load.delay_time, Duration::from_secs(3));
    assert_eq!(setting.work, Some(Work::ByTask(Distribution::Constant(Duration::from_millis(50)))));
    assert_eq!(setting.warm_up, WarmUp::None);
}

#[test]
fn everything_that_may_be_said() {
    let text = r#"
name = "all"
about = "Everything."
seed = 7
policies = ["random", "power_of_two[choices=3]+hedge[after=300ms]"]
baseline = "random"
metric = "p99"
records = "summary"
[nodes]
count = 2
slots = [1, 2]
queue = 8
load = ["steps[levels=0.1/0.9,period_s=60]", 0.5]
delay_probability = 0
delay = "500ms"
speed = [1, 2.5]
processors = 1
wire = "lognormal[median_ms=2,sigma=0.3]"
tells_load = false
[arrivals]
kind = "poisson"
rate = 12.5
tasks = 1000
max_open = 50
warm_up = 100
[work]
service = "exponential[mean_ms=50]"
drawn = "attempt"
[scheduler]
count = 3
max_in_flight = 64
max_attempts = 5
attempt_timeout = "9s"
cancellation = "aborted"
[[faults]]
node = 1
kind = "slow"
from = "20s"
until = "30s"
factor = 10
[[faults]]
node = 1
kind = "crash"
from = "1s"
until = "2s"
[replications]
at_least = 5
half_width = 0.01
[[thresholds]]
policy = "random"
measure = "mean_s"
at_most = 2
"#;
    let design = parse(text, &[]).unwrap();
    assert_eq!(
        (design.metric, design.all_rows, design.baseline.as_deref()),
        (Metric::P99, false, Some("random"))
    );
    assert_eq!(design.replications, Replications { at_least: 5, at_most: 400, half_width: Some(0.01) });
    let setting = &design.cells[0].setting;
    assert_eq!((setting.schedulers, setting.warm_up, setting.max_open), (3, WarmUp::First(100), Some(50)));
    assert_eq!(setting.nodes[1].faults.len(), 2);
    assert!(setting.nodes[1].faults[0].from < setting.nodes[1].faults[1].from, "sorted by time");
    assert_eq!(setting.nodes[0].load.delay.mean().get(), 0.0);
    assert_eq!(design.thresholds[0].at_most, Some(2.0));
}

#[test]
fn a_sweep_has_a_cell_for_each_value() {
    let design = parse(
        &format!("{SMALL}\n[sweep]\n\"nodes.load\" = [[0.2, 0.2, 0.2, 0.2], [1, 1, 0, 0], [0.5]]"),
        &[],
    )
    .unwrap();
    let labels: Vec<&str> = design.cells.iter().map(|cell| cell.label.as_str()).collect();
    assert_eq!(labels, ["load=0.2×4", "load=1/1/0/0", "load=0.5"]);
    assert_eq!(design.cells[2].setting.nodes.len(), 1);
    assert_eq!(design.cells[1].values, [("nodes.load".to_owned(), "1/1/0/0".to_owned())]);
    // A cell's text is an experiment by itself.
    let again = parse(&design.cells[1].text, &[]).unwrap();
    assert_eq!(again.cells[0].setting, design.cells[1].setting);
}

#[test]
fn the_command_line_overrides_the_file_and_its_sweep() {
    let text = format!("{SMALL}\n[sweep]\n\"arrivals.tasks\" = [1, 2]");
    let settings =
        ["arrivals.tasks=7", "nodes.wire=5ms", "replications.at_least=3", "policies=[\"round_robin\"]"];
    let design = parse(&text, &settings.map(str::to_owned)).unwrap();
    assert_eq!(design.cells.len(), 1);
    assert_eq!(design.cells[0].setting.arrivals.tasks(), 7);
    assert_eq!(design.cells[0].setting.nodes[0].wire, Distribution::Constant(Duration::from_millis(5)));
    assert_eq!((design.replications.at_least, design.policies[0].to_string().as_str()), (3, "round_robin"));
    let wrong = |setting: &str| parse(SMALL, &[setting.to_owned()]).unwrap_err().to_string();
    insta::assert_snapshot!(wrong("nodes.slots"), @"--set: 'nodes.slots' is not PATH=VALUE, such as nodes.slots=2");
    // A line of the file would be that of another value.
    insta::assert_snapshot!(wrong("nodes.slots=0"), @"--set nodes.slots: every node has at least 1: give whole numbers from 1 up");
    insta::assert_snapshot!(wrong("nodes.slot=2"), @"--set: unknown name `slot`, expected one of `count`, `slots`, `queue`, `load`, `reject_probability`, `delay_probability`, `delay`, `speed`, `processors`, `wire`, `tells_load` in `nodes`");
}

#[test]
fn the_parser_shows_the_line() {
    insta::assert_snapshot!(error(&with("load = [0.8", "load = [1.8")), @r"
    TOML parse error at line 6, column 8
      |
    6 | load = [1.8, 0.6, 0.5, 0.2]
      |        ^^^^^^^^^^^^^^^^^^^^
    load probability '1.8' is not a number from 0 to 1, such as 0.3
    ");
    insta::assert_snapshot!(error(&with("wire =", "wires =")), @r#"
    TOML parse error at line 7, column 1
      |
    7 | wires = "2ms"
      | ^^^^^
    unknown name `wires`, expected one of `count`, `slots`, `queue`, `load`, `reject_probability`, `delay_probability`, `delay`, `speed`, `processors`, `wire`, `tells_load`
    "#);
    insta::assert_snapshot!(error(&with("\"random\"", "\"randon\"")).lines().next().unwrap_or_default(), @"TOML parse error at line 3, column 12");
    insta::assert_snapshot!(error(&with("kind = \"batch\"", "kind = \"bath\"")), @r#"
    TOML parse error at line 10, column 8
       |
    10 | kind = "bath"
       |        ^^^^^^
    unknown word `bath`, expected one of `batch`, `closed`, `poisson`, `constant`, `trace`
    "#);
}

#[test]
fn what_does_not_go_together_is_told_with_its_line() {
    insta::assert_snapshot!(error(&with("wire =", "slots = [1, 2]\nwire =")), @"line 7: nodes.slots: this is for 2 nodes, but load says 4: give one value, or 4");
    insta::assert_snapshot!(error(&with("load = [0.8, 0.6, 0.5, 0.2]", "")), @"line 5: nodes.count: missing: say how many nodes there are, or give a list such as load");
    insta::assert_snapshot!(error(&with("tasks = 100", "tasks = 100\nrate = 3")), @"line 12: arrivals.rate: this belongs to kind = poisson or constant; take it away or change the kind");
    insta::assert_snapshot!(error(&with("kind = \"batch\"", "kind = \"poisson\"")), @"line 9: arrivals.rate: missing: give one, such as 50, arrivals a second");
    insta::assert_snapshot!(error(&with("service = \"50ms\"", "")), @r#"line 13: work.service: missing: how long a task takes, such as "50ms"; or data, a folder of images"#);
    insta::assert_snapshot!(error(&with("policies = [\"random\", \"load_balancing\"]", "policies = []")), @r#"line 3: policies: the list is empty: name at least one strategy, such as "random""#);
    insta::assert_snapshot!(error(&with("\"load_balancing\"]", "\"random\"]")), @"line 3: policies: random is there twice");
    insta::assert_snapshot!(error(&with("name = \"small\"", "name = \"small\"\nbaseline = \"c3\"")), @"line 3: baseline: c3 is none of the policies: random, load_balancing");
    insta::assert_snapshot!(error(&format!("{SMALL}\n[sweep]\n\"nodes.slots\" = [1, [2, 3]]")), @"line 5: nodes.slots: this is for 2 nodes, but load says 4: give one value, or 4 (in the sweep's cell slots=2/3)");
    insta::assert_snapshot!(error(&format!("{SMALL}\n[[thresholds]]\npolicy = \"random\"\nmeasure = \"mean_s\"")), @"line 16: thresholds.0.at_most: missing: a threshold needs at_most, at_least or both");
    insta::assert_snapshot!(error(&format!("{SMALL}\n[replications]\nat_least = 0")), @"line 17: replications.at_least: 0 to 0 replications cannot be: at least 1, and at_most not below at_least");
}
