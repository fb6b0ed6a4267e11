//! One setting of an experiment: everything but the policy and the seed, checked across fields.

use super::error::Fault;
use super::fields::{self, Drawn, Kind};
use super::ranges;
use super::values::Each;
use cluster::{ChangingLoad, Probability, Profile};
use evidence::statistics::WarmUp;
use records::read_times;
use scheduler::Micros;
use simulator::{Arrivals, Cancellation, Distribution, FaultKind, NodePlan, Processors, Work};
use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

/// Nodes, arrivals, work and rules of one cell of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The nodes, `node0` first.
    pub nodes: Vec<NodePlan>,
    /// How tasks come.
    pub arrivals: Arrivals,
    /// Open tasks beyond which arrivals are dropped and counted.
    pub max_open: Option<u32>,
    /// What is left out at the beginning.
    pub warm_up: WarmUp,
    /// How much work a task is; none if the tasks are images and the file does not say what they take.
    pub work: Option<Work>,
    /// The images of real runs.
    pub images: Option<Images>,
    /// Schedulers that share the nodes and know of their own tasks only.
    pub schedulers: u32,
    /// Most attempts in flight at once, for each scheduler.
    pub max_in_flight: Option<u32>,
    /// Attempts after which a task is given up.
    pub max_attempts: Option<u32>,
    /// How long an attempt may take.
    pub attempt_timeout: Option<Duration>,
    /// How old policies' knowledge of starts and ends may be; fresh if not given.
    pub stale: Option<Duration>,
    /// What handing an attempt to a thread takes; simulated only, for a real server takes what it takes.
    pub hand_over: Duration,
    /// What a node does with attempts that are no longer wanted.
    pub cancellation: Cancellation,
}

/// Images and what to do with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// A folder with an `input_dir`.
    pub folder: PathBuf,
    /// A chain of operations.
    pub operation: String,
}

/// Slots of a node that is not told another number: the original's thread pool.
const SLOTS: u32 = 10;

/// The delay of the original.
const DELAY: Duration = Duration::from_secs(3);

pub(super) fn setting(fields: &fields::Fields) -> Result<Setting, Fault> {
    ranges::check(fields)?;
    let nodes = nodes(&fields.nodes, &fields.faults)?;
    let rules = &fields.scheduler;
    if rules.count == Some(0) {
        return Err(Fault::new("scheduler.count", "there has to be at least one scheduler"));
    }
    let (work, images) = work(&fields.work)?;
    Ok(Setting {
        nodes,
        arrivals: arrivals(&fields.arrivals)?,
        max_open: fields.arrivals.max_open,
        warm_up: warm_up(&fields.arrivals)?,
        work,
        images,
        schedulers: rules.count.unwrap_or(1),
        max_in_flight: rules.max_in_flight,
        max_attempts: rules.max_attempts,
        attempt_timeout: rules.attempt_timeout.as_ref().map(|limit| limit.0),
        stale: rules.stale.as_ref().map(|age| age.0),
        hand_over: rules.hand_over.as_ref().map_or(Duration::ZERO, |time| time.0),
        cancellation: match rules.cancellation {
            None | Some(fields::Cancellation::Ignored) => Cancellation::Ignored,
            Some(fields::Cancellation::Dequeued) => Cancellation::Dequeued,
            Some(fields::Cancellation::Aborted) => Cancellation::Aborted,
        },
    })
}

fn warm_up(given: &fields::Arrivals) -> Result<WarmUp, Fault> {
    Ok(match (&given.warm_up, given.kind) {
        (Some(fields::WarmUp::Rule(fields::WarmUpRule::None)), _) | (None, Kind::Batch) => WarmUp::None,
        (Some(_), Kind::Batch) => {
            return Err(Fault::new("arrivals.warm_up", "a batch has no steady state: take this away"));
        }
        (None | Some(fields::WarmUp::Rule(fields::WarmUpRule::Mser)), _) => WarmUp::Mser,
        (Some(fields::WarmUp::Tasks(tasks)), _) => WarmUp::First(*tasks),
    })
}

/// How many nodes there are: what `count` or the lists say, which have to agree.
fn count(nodes: &fields::Nodes) -> Result<usize, Fault> {
    fn list<T>(each: Option<&Each<T>>) -> Option<usize> {
        each.and_then(Each::nodes)
    }
    let lists = [
        ("load", list(nodes.load.as_ref())),
        ("slots", list(nodes.slots.as_ref())),
        ("queue", list(nodes.queue.as_ref())),
        ("reject_probability", list(nodes.reject_probability.as_ref())),
        ("delay_probability", list(nodes.delay_probability.as_ref())),
        ("delay", list(nodes.delay.as_ref())),
        ("speed", list(nodes.speed.as_ref())),
        ("processors", list(nodes.processors.as_ref())),
        ("wire", list(nodes.wire.as_ref())),
    ];
    let given = nodes.count.map(|count| ("count", count as usize));
    let mut told =
        given.into_iter().chain(lists.into_iter().filter_map(|(name, nodes)| Some((name, nodes?))));
    let Some((first, wanted)) = told.next() else {
        return Err(Fault::new(
            "nodes.count",
            "missing: say how many nodes there are, or give a list such as load",
        ));
    };
    if wanted == 0 {
        return Err(Fault::new(format!("nodes.{first}"), "there has to be at least one node"));
    }
    match told.find(|(_, nodes)| *nodes != wanted) {
        Some((name, nodes)) => Err(Fault::new(
            format!("nodes.{name}"),
            format!("this is for {nodes} nodes, but {first} says {wanted}: give one value, or {wanted}"),
        )),
        None => Ok(wanted),
    }
}

fn nodes(nodes: &fields::Nodes, faults: &[fields::Fault]) -> Result<Vec<NodePlan>, Fault> {
    let count = count(nodes)?;
    let mut plans: Vec<NodePlan> = (0..count).map(|index| node(nodes, index)).collect();
    for (number, fault) in faults.iter().enumerate() {
        let plan = plans.get_mut(fault.node as usize).ok_or_else(|| {
            Fault::new(
                format!("faults.{number}.node"),
                format!("there is no node {}: they are 0 to {}", fault.node, count - 1),
            )
        })?;
        let kind = match (fault.kind, &fault.factor) {
            (fields::FaultKind::Crash, None) => FaultKind::Crash,
            (fields::FaultKind::Hang, None) => FaultKind::Hang,
            (fields::FaultKind::Slow, Some(factor)) => FaultKind::Slow(factor.0),
            (fields::FaultKind::Slow, None) => {
                return Err(Fault::new(
                    format!("faults.{number}.factor"),
                    "missing: how many times slower, such as 10",
                ));
            }
            _ => {
                return Err(Fault::new(
                    format!("faults.{number}.factor"),
                    "only kind = \"slow\" has a factor",
                ));
            }
        };
        let micros = |time: Duration| Micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        plan.faults.push(simulator::Fault { from: micros(fault.from.0), until: micros(fault.until.0), kind });
    }
    for plan in &mut plans {
        plan.faults.sort_by_key(|fault| fault.from);
    }
    Ok(plans)
}

fn node(nodes: &fields::Nodes, index: usize) -> NodePlan {
    fn value<T: Clone>(each: Option<&Each<T>>, index: usize) -> Option<T> {
        each.and_then(|each| each.of(index)).cloned()
    }
    let load = value(nodes.load.as_ref(), index).unwrap_or(Profile::Constant(Probability::ZERO));
    let own = |other: Option<&Each<Profile>>| value(other, index).unwrap_or_else(|| load.clone());
    NodePlan {
        queue_bound: value(nodes.queue.as_ref(), index).unwrap_or(u32::MAX),
        processors: value(nodes.processors.as_ref(), index)
            .map_or(Processors::OnePerSlot, Processors::Shared),
        speed: value(nodes.speed.as_ref(), index).unwrap_or(1.0),
        load: ChangingLoad {
            reject: own(nodes.reject_probability.as_ref()),
            delay: own(nodes.delay_probability.as_ref()),
            delay_time: value(nodes.delay.as_ref(), index).unwrap_or(DELAY),
        },
        wire: value(nodes.wire.as_ref(), index).unwrap_or(Distribution::ZERO),
        faults: Vec::new(),
        tells_load: nodes.tells_load.unwrap_or(true),
        ..NodePlan::new(format!("node{index}"), value(nodes.slots.as_ref(), index).unwrap_or(SLOTS))
    }
}

fn arrivals(given: &fields::Arrivals) -> Result<Arrivals, Fault> {
    let missing = |name: &str, example: &str| {
        Fault::new(format!("arrivals.{name}"), format!("missing: give one, such as {example}"))
    };
    let tasks = || given.tasks.ok_or_else(|| missing("tasks", "100"));
    let per_second =
        || given.rate.as_ref().map(|rate| rate.0).ok_or_else(|| missing("rate", "50, arrivals a second"));
    let foreign = [
        ("rate", given.rate.is_some(), &[Kind::Poisson, Kind::Constant][..]),
        ("clients", given.clients.is_some(), &[Kind::Closed]),
        ("think", given.think.is_some(), &[Kind::Closed]),
        ("times_s", given.times_s.is_some(), &[Kind::Trace]),
        ("file", given.file.is_some(), &[Kind::Trace]),
        ("column", given.column.is_some(), &[Kind::Trace]),
        ("tasks", given.tasks.is_some(), &[Kind::Batch, Kind::Closed, Kind::Poisson, Kind::Constant]),
        ("max_open", given.max_open.is_some(), &[Kind::Poisson, Kind::Constant, Kind::Trace]),
    ];
    for (name, is_given, kinds) in foreign {
        if is_given && !kinds.contains(&given.kind) {
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect();
            return Err(Fault::new(
                format!("arrivals.{name}"),
                format!("this belongs to kind = {}; take it away or change the kind", kinds.join(" or ")),
            ));
        }
    }
    Ok(match given.kind {
        Kind::Batch => Arrivals::AllAtOnce { tasks: tasks()? },
        Kind::Closed => Arrivals::Closed {
            clients: given.clients.ok_or_else(|| missing("clients", "8"))?,
            think: given.think.as_ref().map_or(Distribution::ZERO, |think| think.0.clone()),
            tasks: tasks()?,
        },
        Kind::Poisson => Arrivals::Poisson { per_second: per_second()?, tasks: tasks()? },
        Kind::Constant => Arrivals::Constant { per_second: per_second()?, tasks: tasks()? },
        Kind::Trace => {
            let times = trace(given)?;
            Arrivals::Trace(times.iter().map(|time| Micros((time * 1e6).round() as u64)).collect())
        }
    })
}

/// Arrival times in seconds, as they are written or from the file that is named.
fn trace(given: &fields::Arrivals) -> Result<Cow<'_, [f64]>, Fault> {
    let times = match (&given.times_s, &given.file) {
        (Some(times), None) => Cow::Borrowed(&times[..]),
        (None, Some(path)) => read_times(path, given.column.as_deref())
            .map(Cow::Owned)
            .map_err(|error| Fault::new("arrivals.file", error.to_string()))?,
        (Some(_), Some(_)) => {
            return Err(Fault::new("arrivals.file", "there are times_s as well: take one of them away"));
        }
        (None, None) => {
            let why = "missing: give some, such as [0.0, 0.5, 0.7], in seconds; or file, a CSV file or the folder of a run";
            return Err(Fault::new("arrivals.times_s", why));
        }
    };
    let why = match &times[..] {
        [] => "there is no arrival in it",
        times if !times.iter().all(|time| (0.0..=1e12).contains(time)) => "a time is no number from 0 up",
        times if !times.is_sorted() => "the times do not ascend",
        _ => return Ok(times),
    };
    Err(Fault::new("arrivals.times_s", why))
}

fn work(given: &fields::Work) -> Result<(Option<Work>, Option<Images>), Fault> {
    let work = given.service.as_ref().map(|service| match given.drawn {
        None | Some(Drawn::Task) => Work::ByTask(service.0.clone()),
        Some(Drawn::Attempt) => Work::ByAttempt(service.0.clone()),
    });
    let images = given.data.as_ref().map(|folder| Images {
        folder: folder.clone(),
        operation: given.operation.clone().unwrap_or_else(|| "edges".to_owned()),
    });
    match (&work, &images) {
        (None, None) => Err(Fault::new(
            "work.service",
            "missing: how long a task takes, such as \"50ms\"; or data, a folder of images",
        )),
        (_, None) if given.operation.is_some() => {
            Err(Fault::new("work.operation", "an operation needs images: name their folder with data"))
        }
        _ => Ok((work, images)),
    }
}
