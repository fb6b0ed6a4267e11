//! A sweep: every combination of the values of some paths, each put into the file as if it stood there.

use super::error::Fault;
use toml::{Table, Value};

/// Tables whose values may be swept or set.
const OPEN: [&str; 5] = ["nodes", "arrivals", "work", "scheduler", "faults"];

/// One combination of values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Combination {
    /// What tells it from the others, such as `rate=20, slots=2`; empty without a sweep.
    pub(super) label: String,
    /// Paths and their values as text.
    pub(super) values: Vec<(String, String)>,
    /// The file with the values in it and without its sweep.
    pub(super) table: Table,
}

/// Every combination of the table's sweep, paths in alphabetical order and the last one turning fastest; one without
/// a sweep.
pub(super) fn combinations(file: &Table) -> Result<Vec<Combination>, Fault> {
    let mut plain = file.clone();
    let sweep = match plain.remove("sweep") {
        Some(Value::Table(sweep)) => sweep,
        _ => Table::new(),
    };
    let mut combinations = vec![Combination { label: String::new(), values: Vec::new(), table: plain }];
    for (path, values) in &sweep {
        let at = format!("sweep.{path}");
        let Value::Array(values) = values else {
            return Err(Fault::new(at, format!("{values} is no list of values to try, such as [{values}]")));
        };
        if values.is_empty() {
            return Err(Fault::new(at, "the list is empty: give at least one value to try"));
        }
        let mut next = Vec::with_capacity(combinations.len() * values.len());
        for combination in &combinations {
            for value in values {
                let mut table = combination.table.clone();
                set(&mut table, path, value.clone()).map_err(|fault| Fault { path: at.clone(), ..fault })?;
                let mut chosen = combination.values.clone();
                chosen.push((path.clone(), brief(value)));
                next.push(Combination { label: String::new(), values: chosen, table });
            }
        }
        combinations = next;
    }
    for combination in &mut combinations {
        combination.label = label(&combination.values);
    }
    Ok(combinations)
}

/// Puts `value` at a path such as `nodes.slots` or `faults.0.from`.
pub(super) fn set(table: &mut Table, path: &str, value: Value) -> Result<(), Fault> {
    let segments: Vec<&str> = path.split('.').map(str::trim).collect();
    if let ([whole], Value::Table(_)) = (segments.as_slice(), &value)
        && OPEN.contains(whole)
    {
        table.insert((*whole).to_owned(), value);
        return Ok(());
    }
    let [first, middle @ .., last] = segments.as_slice() else {
        return Err(Fault::new(path, "a path is a table and a name, such as nodes.load"));
    };
    if !OPEN.contains(first) {
        return Err(Fault::new(
            path,
            format!("'{first}' holds nothing that can vary: a path begins with {}", OPEN.join(", ")),
        ));
    }
    let mut place = table.entry((*first).to_owned()).or_insert_with(|| Value::Table(Table::new()));
    for segment in middle {
        place = inside(place, segment).ok_or_else(|| Fault::new(path, format!("there is no '{segment}'")))?;
    }
    match place {
        Value::Table(inner) => {
            inner.insert((*last).to_owned(), value);
            Ok(())
        }
        other => match inside(other, last) {
            Some(element) => {
                *element = value;
                Ok(())
            }
            None => Err(Fault::new(path, format!("there is no '{last}'"))),
        },
    }
}

fn inside<'a>(place: &'a mut Value, segment: &str) -> Option<&'a mut Value> {
    match place {
        Value::Table(inner) => {
            Some(inner.entry(segment.to_owned()).or_insert_with(|| Value::Table(Table::new())))
        }
        Value::Array(list) => list.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    }
}

fn label(values: &[(String, String)]) -> String {
    let short = |path: &str| path.rsplit_once('.').map_or(path.to_owned(), |(_, last)| last.to_owned());
    let name = |path: &str| {
        let twins = values.iter().filter(|(other, _)| short(other) == short(path)).count();
        if twins > 1 { path.to_owned() } else { short(path) }
    };
    let parts: Vec<String> = values.iter().map(|(path, value)| format!("{}={value}", name(path))).collect();
    parts.join(", ")
}

/// A value as a part of a label: lists as `0.8/0.2`, repeated elements as `0.1×19`.
pub(super) fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let texts: Vec<String> = list.iter().map(brief).collect();
            let runs = texts.chunk_by(|one, other| one == other);
            let parts = runs.flat_map(|run| match run {
                [first, _, _, ..] => vec![format!("{first}×{}", run.len())],
                _ => run.to_vec(),
            });
            parts.collect::<Vec<_>>().join("/")
        }
        Value::Float(number) => number.to_string(),
        // Of a whole table its kind tells most.
        Value::Table(table) => match table.get("kind") {
            Some(kind) => brief(kind),
            None => table
                .iter()
                .map(|(name, value)| format!("{name}:{}", brief(value)))
                .collect::<Vec<_>>()
                .join("/"),
        },
        other => other.to_string(),
    }
}

/// Every value of a table by its path, as text.
pub(super) fn flat(table: &Table) -> Vec<(String, String)> {
    fn walk(path: &str, value: &Value, to: &mut Vec<(String, String)>) {
        let Value::Table(inner) = value else {
            to.push((path.to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            return;
        };
        for (name, value) in inner {
            walk(&if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value, to);
        }
    }
    let mut values = Vec::new();
    walk("", &Value::Table(table.clone()), &mut values);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn combine(text: &str) -> Result<Vec<Combination>, Fault> {
        combinations(&text.parse().unwrap())
    }

    #[test]
    fn every_combination_in_order() {
        let text = "[nodes]\nslots = 1\n[sweep]\n\"nodes.load\" = [[0.8, 0.2], [0.1, 0.1, 0.1]]\n\"arrivals.rate\" = [5, 10.5]";
        let combinations = combine(text).unwrap();
        let labels: Vec<&str> = combinations.iter().map(|combination| combination.label.as_str()).collect();
        // Paths in alphabetical order, the last one turning fastest.
        assert_eq!(
            labels,
            [
                "rate=5, load=0.8/0.2",
                "rate=5, load=0.1×3",
                "rate=10.5, load=0.8/0.2",
                "rate=10.5, load=0.1×3"
            ]
        );
        let table = &combinations[0].table;
        assert!(table.get("sweep").is_none() && table["nodes"]["slots"].as_integer() == Some(1));
        assert!(table["nodes"]["load"].is_array() && !table["arrivals"]["rate"].is_array());
    }

    #[test]
    fn whole_tables_are_told_by_their_kind() {
        let text = "[arrivals]\nkind = \"batch\"\n[sweep]\narrivals = [{kind = \"closed\", clients = 1}, {kind = \"constant\", rate = 2}]";
        let combinations = combine(text).unwrap();
        assert_eq!(
            [&combinations[0].label, &combinations[1].label],
            ["arrivals=closed", "arrivals=constant"]
        );
        assert_eq!(combinations[0].table["arrivals"]["clients"].as_integer(), Some(1));
    }

    #[test]
    fn without_a_sweep_there_is_one() {
        let combinations = combine("[nodes]\ncount = 2").unwrap();
        assert_eq!((combinations.len(), combinations[0].label.as_str()), (1, ""));
    }

    #[test]
    fn names_that_are_the_same_are_told_in_full() {
        let values =
            [("nodes.count".to_owned(), "2".to_owned()), ("scheduler.count".to_owned(), "3".to_owned())];
        assert_eq!(label(&values), "nodes.count=2, scheduler.count=3");
    }

    #[test]
    fn mistakes_are_told_with_a_remedy() {
        let error = |text: &str| {
            let Fault { path, why } = combine(text).unwrap_err();
            format!("{path}: {why}")
        };
        insta::assert_snapshot!(error("[sweep]\n\"nodes.slots\" = 3"), @"sweep.nodes.slots: 3 is no list of values to try, such as [3]");
        insta::assert_snapshot!(error("[sweep]\n\"nodes.slots\" = []"), @"sweep.nodes.slots: the list is empty: give at least one value to try");
        insta::assert_snapshot!(error("[sweep]\n\"seed\" = [1]"), @"sweep.seed: a path is a table and a name, such as nodes.load");
        insta::assert_snapshot!(error("[sweep]\n\"thresholds.0\" = [1]"), @"sweep.thresholds.0: 'thresholds' holds nothing that can vary: a path begins with nodes, arrivals, work, scheduler, faults");
        insta::assert_snapshot!(error("[[faults]]\nnode = 1\n[sweep]\n\"faults.3.node\" = [1]"), @"sweep.faults.3.node: there is no '3'");
    }
}
