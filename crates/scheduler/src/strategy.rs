//! A strategy is a policy and an admission.

use crate::policy::{self, BadParameter, Entry, Parameters, Policy};
use cluster::Admission;
use std::fmt;
use std::str::FromStr;

/// A policy with its parameters, and whether nodes may refuse.
///
/// Written `name[key=value,…]`: the same string on the command line, in experiment files and in records. Two names
/// have the meaning of the course that the original system comes from: `random` sends each task to a uniformly random
/// node, which must accept; `load_balancing` likewise, but the node may reject and the task is retried elsewhere. All
/// others let nodes reject unless told otherwise.
#[derive(Clone, Debug)]
pub struct Strategy {
    name: &'static str,
    entry: &'static Entry,
    parameters: Parameters,
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
    /// The brackets do not read `[key=value,…]`.
    #[error("strategy '{text}' does not read name[key=value,…]")]
    Syntax {
        /// What was given.
        text: String,
    },
    /// A parameter that the policy cannot use.
    #[error("strategy '{name}': {bad}")]
    Parameter {
        /// The policy.
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

impl FromStr for Strategy {
    type Err = StrategyError;

    fn from_str(text: &str) -> Result<Strategy, StrategyError> {
        let text = text.trim();
        let syntax = || StrategyError::Syntax { text: text.to_owned() };
        let (name, list) = match text.split_once('[') {
            Some((name, rest)) => (name.trim_end(), rest.strip_suffix(']').ok_or_else(syntax)?),
            None => (text, ""),
        };
        let policy_name = if name == LOAD_BALANCING { "random" } else { name };
        let entry =
            policy::find(policy_name).ok_or_else(|| StrategyError::Unknown { name: name.to_owned() })?;
        let bad = |bad| StrategyError::Parameter { name: name.to_owned(), bad };
        let mut parameters = Parameters::defaults(entry.parameters);
        for pair in list.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(syntax)?;
            parameters.give(key.trim(), value.trim()).map_err(bad)?;
        }
        (entry.build)(&parameters).map_err(bad)?;
        let admission = if name == "random" { Admission::MustAccept } else { Admission::MayReject };
        let name = if name == LOAD_BALANCING { LOAD_BALANCING } else { entry.name };
        Ok(Strategy { name, entry, parameters, admission })
    }
}

/// The name and what was given of the parameters; the admission is not part of it.
impl fmt::Display for Strategy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)?;
        let given: Vec<String> =
            self.parameters.given().map(|(key, value)| format!("{key}={value}")).collect();
        if given.is_empty() { Ok(()) } else { write!(formatter, "[{}]", given.join(",")) }
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
        let spaced: Strategy = " load_aware[ memory = 50 , sampling=greedy ] ".parse().unwrap();
        assert_eq!(spaced.to_string(), "load_aware[sampling=greedy,memory=50]");
    }

    #[test]
    fn mistakes_are_told_with_a_remedy() {
        insta::assert_snapshot!(error("leastconnections"), @"unknown strategy 'leastconnections', did you mean 'least_connections'?; known are …");
        insta::assert_snapshot!(error("quantum"), @"unknown strategy 'quantum'; known are …");
        insta::assert_snapshot!(error("load_aware[memory=0]"), @"strategy 'load_aware': parameter 'memory' cannot be '0': it takes a number from 2 to 1000000");
        insta::assert_snapshot!(error("load_aware[memory]"), @"strategy 'load_aware[memory]' does not read name[key=value,…]");
        insta::assert_snapshot!(error("random[x=1]"), @"strategy 'random': parameter 'x' cannot be '1': this policy has no parameters");
        insta::assert_snapshot!(error("load_aware[sampling=best]"), @"strategy 'load_aware': parameter 'sampling' cannot be 'best': it takes thompson or greedy");
    }
}
