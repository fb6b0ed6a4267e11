//! How fast the simulator is: the bare event loop, SimPy beside it, and what each feature of the full one costs.
//!
//! `cargo bench -p simulator`. SimPy is run if `python3` (or the program that `SIMPY_PYTHON` names) can import it.
//! Rates are by processor time where the system tells it (Linux), so that other programs on the machine disturb little.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use cluster::{ChangingLoad, Probability};
use luck::Seed;
use records::RunWriter;
use records::manifest::{Host, Manifest, SCHEMA_VERSION};
use simulator::bare::{Plan, exponential, run};
use simulator::theory::jsq;
use simulator::{
    Arrivals, AttemptSeen, DecisionLog, Distribution, JobPlan, NodePlan, Observer, Recorded, RowSink, Rows,
    Scenario, Work, simulate_into,
};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

const RATE: f64 = 0.9;

/// Processor and wall seconds that `work` took, and what it answered.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, f64, T) {
    let (began, began_cpu) = (Instant::now(), processor_seconds());
    let answer = work();
    let wall = began.elapsed().as_secs_f64();
    let cpu = began_cpu.zip(processor_seconds()).map_or(wall, |(from, until)| until - from);
    (cpu, wall, answer)
}

/// Of this thread, which is the only one.
fn processor_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

fn peak_megabytes() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// Most that the mean of 100,000 servers may be off the mean field, and most memory for them in megabytes.
const MOST_OFF: f64 = 0.003;
const MOST_MEGABYTES: f64 = 64.0;

fn bare(servers: u32, tasks: u64) -> f64 {
    let plan = Plan { servers, rate: RATE, choices: 2, tasks, service: exponential };
    let (cpu, wall, seen) = timed(|| run(plan, Seed(1)));
    let expected = jsq::response_from_empty(RATE, 2, seen.last_arrival);
    let rate = tasks as f64 / cpu;
    println!(
        "bare loop, {servers} servers, {tasks} tasks: {:.2} M tasks/s ({:.2} M by the wall); mean {:.4}, mean field \
         from empty {:.4}, off by {:+.2} %; peak memory {}",
        rate / 1e6,
        tasks as f64 / wall / 1e6,
        seen.mean,
        expected,
        100.0 * (seen.mean / expected - 1.0),
        peak_megabytes().map_or("unknown".to_owned(), |megabytes| format!("{megabytes:.1} MB")),
    );
    if servers >= 100_000 {
        assert!((seen.mean / expected - 1.0).abs() < MOST_OFF, "too far from the mean field");
        assert!(peak_megabytes().is_none_or(|megabytes| megabytes < MOST_MEGABYTES), "too much memory");
    }
    rate
}

/// Tasks a processor second of the SimPy model, if there is a SimPy.
fn simpy(servers: u32, tasks: u64) -> Option<f64> {
    let python = std::env::var("SIMPY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/simpy_model.py");
    let words = [servers.to_string(), tasks.to_string(), RATE.to_string(), "1".to_owned()];
    let output = Command::new(&python).arg(script).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [tasks, cpu, wall, mean] = numbers[..] else {
        println!("SimPy: skipped, '{python}' cannot import it (pip install simpy, or set SIMPY_PYTHON)");
        return None;
    };
    println!(
        "SimPy, {servers} servers, {tasks} tasks: {:.1} k tasks/s ({:.1} k by the wall); mean {mean:.4}",
        tasks / cpu / 1e3,
        tasks / wall / 1e3,
    );
    Some(tasks / cpu)
}

/// Throws rows away: what is left is the cost of making them.
struct Nowhere;

impl RowSink for Nowhere {
    fn attempt(&mut self, row: records::AttemptRow) {
        std::hint::black_box(row);
    }

    fn task(&mut self, row: records::TaskRow) {
        std::hint::black_box(row);
    }

    fn job(&mut self, row: records::JobRow) {
        std::hint::black_box(row);
    }
}

/// Counts what it is shown.
struct Count(u64);

impl Observer for Count {
    fn attempt(&mut self, _seen: &AttemptSeen) {
        self.0 += 1;
    }
}

const NODES: usize = 100;
const TASKS: u32 = 1_000_000;

/// Hundred nodes of one slot, 1 ms of work at 0.9 of their capacity, by the given strategy.
fn plain(strategy: &str) -> Scenario {
    let work = Work::ByTask(Distribution::Exponential { mean: Duration::from_millis(1) });
    let arrivals = Arrivals::Poisson { per_second: RATE * NODES as f64 * 1e3, tasks: TASKS };
    let nodes = (0..NODES).map(|name| NodePlan::new(format!("n{name}"), 1)).collect();
    Scenario::new(nodes, JobPlan::new(strategy.parse().unwrap(), Seed(1), arrivals, work))
}

fn with_wire(mut scenario: Scenario) -> Scenario {
    let wire = Distribution::Lognormal { median: Duration::from_micros(200), sigma: 0.3 };
    scenario.nodes.iter_mut().for_each(|node| node.wire = wire.clone());
    scenario
}

/// A tenth of all attempts is refused.
fn with_refusals(mut scenario: Scenario) -> Scenario {
    let load = ChangingLoad { reject: Probability::clamped(0.1).into(), ..ChangingLoad::none() };
    scenario.nodes.iter_mut().for_each(|node| node.load = load.clone());
    scenario
}

fn with_limits(mut scenario: Scenario) -> Scenario {
    scenario.jobs[0].attempt_timeout = Some(Duration::from_secs(5));
    scenario
}

fn full(name: &str, scenario: &Scenario, observer: impl Observer, before: &mut Option<f64>) {
    let (cpu, _, run) = timed(|| simulate_into(scenario, observer).unwrap());
    let each = 1e9 * cpu / f64::from(TASKS);
    let extra = before.map_or(String::new(), |before| format!(", {:+.0} ns", each - before));
    println!(
        "full simulator, {name}: {:.2} M tasks/s, {each:.0} ns a task{extra}; {:.2} attempts a task",
        1e3 / each,
        run.jobs[0].tasks.attempts(),
    );
    *before = Some(each);
}

fn features() {
    let mut before = None;
    let base = plain("power_of_two");
    full("power_of_two", &base, (), &mut before);
    let base = with_wire(base);
    full("and a wire", &base, (), &mut before);
    let base = with_refusals(base);
    full("and refusals with retries", &base, (), &mut before);
    let base = with_limits(base);
    full("and time limits", &base, (), &mut before);
    full("and an observer", &base, Count(0), &mut before);
    let rows = || Rows::new(&base, "run".into(), "bench", "", Nowhere);
    full("and rows", &base, rows(), &mut before);
    let folder = tempfile::tempdir().unwrap();
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        program: "bench".to_owned(),
        program_version: String::new(),
        git_revision: None,
        command_line: Vec::new(),
        label: "bench".to_owned(),
        seed: 1,
        started_utc: String::new(),
        host: Host::here(),
        machines: Vec::new(),
        settings: std::collections::BTreeMap::new(),
    };
    let writer = RunWriter::create(folder.path(), SystemTime::UNIX_EPOCH, &manifest).unwrap();
    let mut rows = Rows::new(&base, writer.name(), "bench", "", Recorded::new(writer));
    full("and CSV files", &base, &mut rows, &mut before);
    rows.sink.finish().unwrap().close().unwrap();
    let mut before = None;
    full("all but rows again", &base, (), &mut before);
    full("and a decision log", &base, &mut DecisionLog::default(), &mut before);
    let mut before = None;
    full("all but rows again", &base, (), &mut before);
    let mut hedged = base.clone();
    hedged.jobs[0].spec.strategy = "power_of_two+hedge[after=4ms,idle=0]".parse().unwrap();
    full("and hedges", &hedged, (), &mut before);
}

/// The full simulator, scheduler and all, over very many nodes: memory is for nodes and open tasks, not for all tasks.
fn many(nodes: u32, tasks: u32) {
    let work = Work::ByTask(Distribution::Exponential { mean: Duration::from_secs(1) });
    let arrivals = Arrivals::Poisson { per_second: RATE * f64::from(nodes), tasks };
    let fleet = (0..nodes).map(|name| NodePlan::new(name.to_string(), 1)).collect();
    let scenario =
        Scenario::new(fleet, JobPlan::new("power_of_two".parse().unwrap(), Seed(1), arrivals, work));
    let (cpu, _, run) = timed(|| simulate_into(&scenario, ()).unwrap());
    let expected = jsq::response_from_empty(RATE, 2, f64::from(tasks) / (RATE * f64::from(nodes)));
    println!(
        "full simulator, {nodes} nodes, {tasks} tasks: {:.2} M tasks/s; mean {:.4}, mean field from empty {expected:.4}, \
         off by {:+.2} %; peak memory {}",
        f64::from(tasks) / cpu / 1e6,
        run.jobs[0].tasks.mean(),
        100.0 * (run.jobs[0].tasks.mean() / expected - 1.0),
        peak_megabytes().map_or("unknown".to_owned(), |megabytes| format!("{megabytes:.1} MB")),
    );
}

fn main() {
    // `cargo test --benches` asks whether it builds, not how fast it is.
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let fast = bare(100, 20_000_000);
    if let Some(slow) = simpy(100, 200_000) {
        println!("the bare loop is {:.0} times as fast as SimPy", fast / slow);
    }
    bare(100_000, 10_000_000);
    many(100_000, 10_000_000);
    features();
}
