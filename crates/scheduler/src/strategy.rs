//! A strategy is a policy, its wrappers and an admission.

use crate::hedge;
use crate::policy::{self, BadParameter, Entry, Parameter, Parameters, Policy};
use crate::{HedgeRule, RetryBudget};
use cluster::Admission;
use std::fmt;
use std::str::FromStr;

/// A policy with its parameters, wrappers with theirs, and whether nodes may refuse.
///
/// Written `name[key=value,…]`, then any of `+hedge[…]` ([`HedgeRule`]) and `+retry_budget[…]` ([`RetryBudget`]): the
/// same string on the command line, in experiment files and in records. `power_of_two+hedge[after=300ms]` picks by power
/// of two choices and hedges attempts that are older than 300 ms. Two names
/// have the meaning of the course that the original system comes from: `random` sends each task to a uniformly random
/// node, which must accept; `load_balancing` likewise, but the node may reject and the task is retried elsewhere. All
/// others let nodes reject unless told otherwise.
#[derive(Clone, Debug)]
pub struct Strategy {
    name: &'static str,
    entry: &'static Entry,
    parameters: Parameters,
    hedge: Option<Box<(HedgeRule, Parameters)>>,
    retry_budget: Option<Box<(RetryBudget, Parameters)>>,
    /// Whether nodes may refuse.
    pub admission: Admission,
}

/// The course's name for uniform choice among nodes that may reject.
const LOAD_BALANCING: &str = "load_balancing";

/// Text that is no strategy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategyError {
    /// No policy has that name.
    #[error("unknown strategy '{name}'{}; known are {}", did_you_mean(name), Strategy::names().join(", "))]
    Unknown {
        /// What was given.
        name: String,
    },
    /// No wrapper has that name.
    #[error("unknown wrapper '+{name}'; known are +hedge[…], +retry_budget[…]")]
    UnknownWrapper {
        /// What was given.
        name: String,
    },
    /// A wrapper is there already.
    #[error("wrapper '+{name}' is given twice")]
    Twice {
        /// Which.
        name: &'static str,
    },
    /// The brackets do not read `[key=value,…]`.
    #[error("strategy '{text}' does not read name[key=value,…]+wrapper[key=value,…]")]
    Syntax {
        /// What was given.
        text: String,
    },
    /// A parameter that the policy cannot use.
    #[error("strategy '{name}': {bad}")]
    Parameter {
        /// The policy or the wrapper.
        name: String,
        /// What is wrong.
        bad: BadParameter,
    },
}

fn did_you_mean(name: &str) -> String {
    let distance = |known: &&String| edit_distance(name, known);
    match Strategy::names().iter().min_by_key(distance) {
        Some(nearest) if edit_distance(name, nearest) <= 1 + name.len() / 3 => {
            format!(", did you mean '{nearest}'?")
        }
        _ => String::new(),
    }
}

/// Insertions, deletions and replacements that turn one text into the other (Levenshtein).
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, &right) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

impl Strategy {
    /// Every name that can be asked for.
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> = policy::ALL.iter().map(|entry| entry.name.to_owned()).collect();
        names.insert(1, LOAD_BALANCING.to_owned());
        names
    }

    /// The policy's row in the table.
    pub const fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// When attempts get company, if the text says so. A policy may bring a rule of its own ([`Policy::hedge`]).
    pub fn hedge(&self) -> Option<HedgeRule> {
        self.hedge.as_deref().map(|(rule, _)| *rule)
    }

    /// What retries of lost attempts may cost, if the text says so.
    pub fn retry_budget(&self) -> Option<RetryBudget> {
        self.retry_budget.as_deref().map(|(budget, _)| *budget)
    }

    /// A fresh policy that has learned nothing.
    ///
    /// # Errors
    /// If a parameter is out of range; checked when the strategy was parsed.
    pub fn build(&self) -> Result<Box<dyn Policy>, BadParameter> {
        (self.entry.build)(&self.parameters)
    }

    /// The same policy with another admission.
    #[must_use]
    pub fn with_admission(mut self, admission: Admission) -> Strategy {
        self.admission = admission;
        self
    }
}

/// The parameters of `+retry_budget[…]`.
const RETRY_BUDGET: &[Parameter] = &[
    Parameter { name: "share", default: "0.2", help: "retries afforded by each task that begins, 0 to 100" },
    Parameter { name: "reserve", default: "10", help: "retries afforded by each second, 0.001 to 1000000" },
];

fn read_retry_budget(parameters: &Parameters) -> Result<RetryBudget, BadParameter> {
    let share = parameters.number("share", 0.0, 100.0)?;
    Ok(RetryBudget { share, reserve_per_second: parameters.number("reserve", 1e-3, 1e6)? })
}

/// Reads `name[key=value,…]` into the name and its pairs.
fn part(text: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let (name, list) = match text.split_once('[') {
        Some((name, rest)) => (name, rest.trim_end().strip_suffix(']')?),
        None => (text, ""),
    };
    let pairs = list.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').map(|(key, value)| (key.trim(), value.trim())));
    Some((name.trim(), pairs.collect::<Option<_>>()?))
}

/// Gives the pairs to the parameters of the policy or wrapper of that name, and lets `read` judge them.
fn given<T>(
    name: &str,
    known: &'static [Parameter],
    pairs: &[(&str, &str)],
    read: impl Fn(&Parameters) -> Result<T, BadParameter>,
) -> Result<(T, Parameters), StrategyError> {
    let bad = |bad| StrategyError::Parameter { name: name.to_owned(), bad };
    let mut parameters = Parameters::defaults(known);
    pairs.iter().try_for_each(|(key, value)| parameters.give(key, value)).map_err(bad)?;
    Ok((read(&parameters).map_err(bad)?, parameters))
}

impl FromStr for Strategy {
    type Err = StrategyError;

    fn from_str(text: &str) -> Result<Strategy, StrategyError> {
        let text = text.trim();
        let syntax = || StrategyError::Syntax { text: text.to_owned() };
        // No value holds a plus sign or a bracket, so the parts can be told apart before they are read.
        let mut parts = text.split('+').map(|text| part(text).ok_or_else(syntax));
        let (name, pairs) = parts.next().ok_or_else(syntax)??;
        let policy_name = if name == LOAD_BALANCING { "random" } else { name };
        let entry =
            policy::find(policy_name).ok_or_else(|| StrategyError::Unknown { name: name.to_owned() })?;
        let (_, parameters) = given(name, entry.parameters, &pairs, entry.build)?;
        let admission = if name == "random" { Admission::MustAccept } else { Admission::MayReject };
        let name = if name == LOAD_BALANCING { LOAD_BALANCING } else { entry.name };
        let mut strategy = Strategy { name, entry, parameters, hedge: None, retry_budget: None, admission };
        for wrapper in parts {
            let (wrapper, pairs) = wrapper?;
            strategy.wrap(wrapper, &pairs)?;
        }
        Ok(strategy)
    }
}

impl Strategy {
    fn wrap(&mut self, wrapper: &str, pairs: &[(&str, &str)]) -> Result<(), StrategyError> {
        let twice = |name| StrategyError::Twice { name };
        match wrapper {
            HEDGE if self.hedge.is_some() => Err(twice(HEDGE)),
            RETRY if self.retry_budget.is_some() => Err(twice(RETRY)),
            HEDGE => {
                self.hedge = Some(Box::new(given(HEDGE, hedge::PARAMETERS, pairs, HedgeRule::read)?));
                Ok(())
            }
            RETRY => {
                self.retry_budget = Some(Box::new(given(RETRY, RETRY_BUDGET, pairs, read_retry_budget)?));
                Ok(())
            }
            _ => Err(StrategyError::UnknownWrapper { name: wrapper.to_owned() }),
        }
    }
}

const HEDGE: &str = "hedge";
const RETRY: &str = "retry_budget";

/// The name, what was given of the parameters, and the wrappers; the admission is not part of it.
impl fmt::Display for Strategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.name, self.parameters)?;
        if let Some((_, parameters)) = self.hedge.as_deref() {
            write!(formatter, "+{HEDGE}{parameters}")?;
        }
        if let Some((_, parameters)) = self.retry_budget.as_deref() {
            write!(formatter, "+{RETRY}{parameters}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message, but for the list of all names, which grows.
    fn error(text: &str) -> String {
        let message = text.parse::<Strategy>().unwrap_err().to_string();
        message.replace(&Strategy::names().join(", "), "…")
    }

    #[test]
    fn the_course_names_have_the_course_meaning() {
        let admission = |text: &str| text.parse::<Strategy>().unwrap().admission;
        assert_eq!(admission("random"), Admission::MustAccept);
        assert_eq!(admission("load_balancing"), Admission::MayReject);
        assert_eq!(admission("round_robin"), Admission::MayReject);
        assert_eq!("load_balancing".parse::<Strategy>().unwrap().entry().name, "random");
    }

    #[test]
    fn every_name_round_trips() {
        for name in Strategy::names() {
            assert_eq!(name.parse::<Strategy>().unwrap().to_string(), name);
        }
        for wrapped in [
            "power_of_two[choices=3]+hedge[after=300ms,copies=2]",
            "random+hedge[after=p95]+retry_budget[share=0.1]",
            "load_balancing+hedge[after=4x,idle=0]",
            "least_connections+hedge",
        ] {
            assert_eq!(wrapped.parse::<Strategy>().unwrap().to_string(), wrapped);
        }
        let turned: Strategy = "random + retry_budget [reserve=5] + hedge".parse().unwrap();
        assert_eq!(turned.to_string(), "random+hedge+retry_budget[reserve=5]");
        let spaced: Strategy = " load_aware[ memory = 50 , sampling=greedy ] ".parse().unwrap();
        assert_eq!(spaced.to_string(), "load_aware[sampling=greedy,memory=50]");
    }

    #[test]
    fn mistakes_are_told_with_a_remedy() {
        insta::assert_snapshot!(error("leastconnections"), @"unknown strategy 'leastconnections', did you mean 'least_connections'?; known are …");
        insta::assert_snapshot!(error("quantum"), @"unknown strategy 'quantum'; known are …");
        insta::assert_snapshot!(error("load_aware[memory=0]"), @"strategy 'load_aware': parameter 'memory' cannot be '0': it takes a number from 2 to 1000000");
        insta::assert_snapshot!(error("load_aware[memory]"), @"strategy 'load_aware[memory]' does not read name[key=value,…]+wrapper[key=value,…]");
        insta::assert_snapshot!(error("load_aware[memory=3]]"), @"strategy 'load_aware': parameter 'memory' cannot be '3]': it takes a number from 2 to 1000000");
        insta::assert_snapshot!(error("random+hedge[after=soon]"), @"strategy 'hedge': parameter 'after' cannot be 'soon': it takes an age such as 300ms, a quantile such as p95, a multiple such as 4x, or auto");
        insta::assert_snapshot!(error("random+hedge[copies=40]"), @"strategy 'hedge': parameter 'copies' cannot be '40': it takes a number from 1 to 16");
        insta::assert_snapshot!(error("random+hedge+hedge"), @"wrapper '+hedge' is given twice");
        insta::assert_snapshot!(error("random+luck"), @"unknown wrapper '+luck'; known are +hedge[…], +retry_budget[…]");
        insta::assert_snapshot!(error("random[x=1]"), @"strategy 'random': parameter 'x' cannot be '1': this policy has no parameters");
        insta::assert_snapshot!(error("load_aware[sampling=best]"), @"strategy 'load_aware': parameter 'sampling' cannot be 'best': it takes thompson or greedy");
    }
}
