//! A cell of an experiment file as processes and jobs of this machine, as far as real nodes can do what it says.

use super::{Experiment, Open};
use crate::design::setting::Setting;
use crate::design::{Cell, Design};
use crate::local_cluster::{ClusterPlan, NodePlan};
use crate::simulation::scenario::scenario;
use luck::Seed;
use scheduler::Strategy;
use simulator::{Arrivals, Distribution, Processors, Work};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::division::Division;
use wire::job::{JobSource, Transfer};

/// Queue bound that a file without one has: nodes have their own.
const UNBOUNDED: u32 = u32::MAX;

/// What cannot be had of real nodes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cell '{cell}' cannot run on real nodes: {why}; use lab simulate")]
pub struct NotReal {
    /// The cell's label.
    pub cell: String,
    /// What is asked for, and what could be had.
    pub why: String,
}

/// The experiment of one cell, with its records below `results`. Nodes and server may read and write in `scratch`, or in
/// the folder of images.
///
/// # Errors
/// If real nodes cannot do what the cell says.
pub fn real(design: &Design, cell: &Cell, results: &Path, scratch: &Path) -> Result<Experiment, NotReal> {
    let no = |why: &str| NotReal { cell: cell.label.clone(), why: why.to_owned() };
    let setting = &cell.setting;
    let (tasks, clients, open) = arrivals(setting).map_err(no)?;
    if setting.schedulers > 1 || setting.stale.is_some() || setting.attempt_timeout.is_some() {
        return Err(no("one server with fresh knowledge and its own time limit schedules them"));
    }
    let first = setting.nodes.first().ok_or_else(|| no("it has no nodes"))?;
    let plain = |node: &simulator::NodePlan| {
        node.speed == 1.0 && node.faults.is_empty() && node.processors == Processors::OnePerSlot
    };
    if !setting.nodes.iter().all(plain) {
        return Err(no("speed, processors and faults of nodes are simulated only"));
    }
    if setting.nodes.iter().any(|node| node.load.delay_time != first.load.delay_time) {
        return Err(no("all nodes have the same delay"));
    }
    let (source, data_root, operation) = match &setting.images {
        Some(images) => {
            let folder = images.folder.canonicalize().map_err(|error| {
                no(&format!(
                    "'{}': {error}; name a folder whose input_dir holds images",
                    images.folder.display()
                ))
            })?;
            let path = folder.to_str().ok_or_else(|| no("the path of the images is not UTF-8"))?.to_owned();
            let source = JobSource::Folder {
                path,
                recursive: false,
                transfer: Transfer::Shared,
                division: Division::default(),
            };
            (source, folder, images.operation.clone())
        }
        None => {
            (synthetic(setting.work.as_ref(), tasks).map_err(no)?, scratch.to_owned(), "edges".to_owned())
        }
    };
    Ok(Experiment {
        cluster: ClusterPlan {
            nodes: setting.nodes.iter().map(node).collect(),
            delay: first.load.delay_time,
            slots: first.slots as usize,
            data_root,
            results: PathBuf::from(results),
            label: cell.label.clone(),
            decisions: true,
            console: None,
            go_on: None,
        },
        source,
        open,
        operation,
        strategies: design.policies.iter().map(Strategy::to_string).collect(),
        seed: design.seed,
        replications: design.replications.at_least,
        max_in_flight: clients.or(setting.max_in_flight),
        max_attempts: setting.max_attempts,
    })
}

/// Tasks of a job, clients that wait for them, and when they arrive if not at once.
fn arrivals(setting: &Setting) -> Result<(u32, Option<u32>, Option<Open>), &'static str> {
    match &setting.arrivals {
        Arrivals::AllAtOnce { tasks } => Ok((*tasks, None, None)),
        Arrivals::Closed { clients, think, tasks } if *think == Distribution::ZERO => {
            Ok((*tasks, Some(*clients), None))
        }
        Arrivals::Closed { .. } => Err("clients of real nodes do not think"),
        _ if setting.images.is_some() => Err("images come all at once, or closed without a think time"),
        open => {
            let process = Open { arrivals: open.clone(), max_open: setting.max_open };
            Ok((open.tasks(), None, Some(process)))
        }
    }
}

/// About how long all jobs of `design` take on real nodes: as long as one job of each policy in each cell takes in virtual
/// time, for every seed. None if the file does not say what a task takes.
pub fn expected_time(design: &Design) -> Option<Duration> {
    let mut all = Duration::ZERO;
    for cell in &design.cells {
        let work = cell.setting.work.as_ref()?;
        for policy in &design.policies {
            let one = scenario(&cell.setting, work, policy, Seed(design.seed), "");
            all += Duration::from_micros(simulator::simulate(&one).ok()?.end.0);
        }
    }
    Some(all * u32::try_from(design.replications.at_least).unwrap_or(u32::MAX))
}

fn synthetic(work: Option<&Work>, tasks: u32) -> Result<JobSource, &'static str> {
    let constant = |distribution: &Distribution| match distribution {
        Distribution::Constant(service) => Some(*service),
        _ => None,
    };
    let service: Option<Duration> = match work {
        Some(Work::ByTask(distribution) | Work::ByAttempt(distribution)) => constant(distribution),
        _ => None,
    };
    let service = service.ok_or(
        "nodes that get no images hold a slot for a constant time, such as work.service = \"50ms\", and random times are simulated only",
    )?;
    Ok(JobSource::Synthetic { tasks: u64::from(tasks), service })
}

fn node(plan: &simulator::NodePlan) -> NodePlan {
    let load = &plan.load;
    NodePlan {
        delay: (load.delay != load.reject).then(|| load.delay.clone()),
        slots: Some(plan.slots as usize),
        queue: (plan.queue_bound != UNBOUNDED).then_some(plan.queue_bound as usize),
        ..NodePlan::new(plan.name.to_string(), load.reject.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design;

    const TEXT: &str = "name = \"t\"\npolicies = [\"random\"]\n[nodes]\nload = [0.8, 0.2]\nslots = [1, 2]\ndelay = \"50ms\"\n\
                        [arrivals]\nkind = \"batch\"\ntasks = 8\n[work]\nservice = \"5ms\"\n";

    fn of(change: &[&str]) -> Result<Experiment, NotReal> {
        let change: Vec<String> = change.iter().map(|&one| one.to_owned()).collect();
        let design = design::parse(TEXT, &change).unwrap();
        real(&design, &design.cells[0], Path::new("results"), Path::new("/scratch"))
    }

    #[test]
    fn a_batch_runs_as_it_is_written() {
        let experiment = of(&["nodes.delay_probability=0.5", "nodes.queue=4"]).unwrap();
        assert_eq!(experiment.source, JobSource::Synthetic { tasks: 8, service: Duration::from_millis(5) });
        assert_eq!(experiment.cluster.delay, Duration::from_millis(50));
        let words = experiment.cluster.node_arguments(&experiment.cluster.nodes[1]);
        let line: Vec<String> = words.into_iter().map(|word| word.into_string().unwrap()).collect();
        insta::assert_snapshot!(line.join(" "), @"0.2 --name node1 --listen 127.0.0.1:0 --slots 2 --delay-probability 0.5 --queue 4 --delay 50000us --data-root /scratch --grace 2s --log-level warn");
    }

    #[test]
    fn a_plan_tells_how_long_it_takes() {
        let design =
            design::parse(TEXT, &["nodes.load=[0,0]".to_owned(), "replications.at_least=10".to_owned()])
                .unwrap();
        // Eight tasks of 5 ms on three slots: at least three rounds, ten times.
        let time = expected_time(&design).unwrap();
        assert!((Duration::from_millis(150)..Duration::from_millis(450)).contains(&time), "{time:?}");
    }

    #[test]
    fn arrivals_are_those_of_the_simulation() {
        let open = of(&["arrivals.kind=\"poisson\"", "arrivals.rate=300", "arrivals.max_open=5"]).unwrap();
        let request = open.request(open.trials()[0].clone());
        let JobSource::Open { arrivals, service } = request.source else { panic!("an open job") };
        assert_eq!((arrivals.times_us.len(), arrivals.max_open), (8, Some(5)));
        assert_eq!(service, Duration::from_millis(5));
        assert!(arrivals.times_us.is_sorted() && arrivals.times_us[0] > 0);
        let again = open.request(open.trials()[0].clone());
        assert!(matches!(again.source, JobSource::Open { arrivals: again, .. } if again == arrivals));
    }

    #[test]
    fn clients_that_wait_are_a_bound_on_what_is_in_flight() {
        let closed = of(&["arrivals.kind=\"closed\"", "arrivals.clients=3"]).unwrap();
        assert_eq!(closed.max_in_flight, Some(3));
    }

    #[test]
    fn what_only_the_simulator_can_do_is_refused() {
        let why = |change: &[&str]| of(change).unwrap_err().to_string();
        insta::assert_snapshot!(why(&["arrivals.kind=\"closed\"", "arrivals.clients=2", "arrivals.think=\"1ms\""]), @"cell 't' cannot run on real nodes: clients of real nodes do not think; use lab simulate");
        insta::assert_snapshot!(why(&["nodes.speed=2"]), @"cell 't' cannot run on real nodes: speed, processors and faults of nodes are simulated only; use lab simulate");
        insta::assert_snapshot!(why(&["work.service=\"exponential[mean_ms=5]\""]), @r#"cell 't' cannot run on real nodes: nodes that get no images hold a slot for a constant time, such as work.service = "50ms", and random times are simulated only; use lab simulate"#);
        insta::assert_snapshot!(why(&["scheduler.count=2"]), @"cell 't' cannot run on real nodes: one server with fresh knowledge and its own time limit schedules them; use lab simulate");
        insta::assert_snapshot!(why(&["nodes.delay=[\"1s\", \"2s\"]"]), @"cell 't' cannot run on real nodes: all nodes have the same delay; use lab simulate");
    }
}
