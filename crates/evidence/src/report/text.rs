//! The report as Markdown, CSV and JSON.

use super::Report;
use crate::comparison::render::{Format, render};

/// For documents: for each setting the tables and what weakens them.
pub fn markdown(report: &Report) -> String {
    let several = report.sections.len() > 1;
    let parts: Vec<String> = report
        .sections
        .iter()
        .map(|section| {
            let heading = match &section.setting {
                Some(setting) if several => format!("**{}**\n\n", setting.replace('_', "\\_")),
                _ => String::new(),
            };
            let why: String =
                section.why.iter().map(|sentence| format!("\n{}\n", sentence.replace('_', "\\_"))).collect();
            heading + &render(&section.comparison, Format::Markdown) + &why
        })
        .collect();
    parts.join("\n")
}

/// A row a strategy and setting; the setting is the first column. A node that a setting lacks has an empty share.
pub fn csv(report: &Report) -> String {
    let settings: Vec<&str> =
        report.sections.iter().map(|section| section.setting.as_deref().unwrap_or_default()).collect();
    let comparisons: Vec<_> =
        settings.into_iter().zip(report.sections.iter().map(|section| &section.comparison)).collect();
    crate::comparison::render::csv_of_settings(&comparisons)
}

/// Everything, for other programs; `docs/schema/report.schema.json` says what is in it.
pub fn json(report: &Report) -> String {
    match serde_json::to_string_pretty(report) {
        Ok(text) => text + "\n",
        // Only a map without text keys or an own failing implementation could fail, and there is neither.
        Err(error) => unreachable!("a report is plain data: {error}"),
    }
}

/// The JSON schema of [`json`]'s text, made from the types themselves.
pub fn json_schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), "report.schema.json".into());
    schema.insert("title".to_owned(), "Report of lab report --json".into());
    match serde_json::to_string_pretty(&schema) {
        Ok(text) => text + "\n",
        Err(error) => unreachable!("a schema is plain data: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::section::examples::two_strategies;
    use super::super::source::Source;
    use super::super::{Wish, report};
    use super::*;
    use crate::comparison::Metric;
    use crate::comparison::source::By;
    use std::path::PathBuf;

    fn example() -> Report {
        let runs = ["0.2", "0.8"].map(|load| Source::rows(two_strategies(&[("sweep.load", load)], 1.0)));
        let wish = Wish { title: "t", command: "c", metric: Metric::Makespan, baseline: None, by: By::Label };
        report(runs.into(), &wish).unwrap()
    }

    #[test]
    fn markdown_names_the_setting_before_its_tables() {
        let text = markdown(&example());
        let lines: Vec<&str> =
            text.lines().filter(|line| line.starts_with("**") || line.starts_with("| ours |")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        **load = 0.2**
        | ours | may-reject | 3 | 0.0366 ± 0.0068 | 54.6 | 0.600 [0.600, 0.600] | wins |
        | ours | 21.3 | 21.3 | 35.1 | 36.3 | 3 | 1 | 1 | 0 | node0 67 %, node1 33 % |
        **load = 0.8**
        | ours | may-reject | 3 | 0.0366 ± 0.0068 | 54.6 | 0.600 [0.600, 0.600] | wins |
        | ours | 21.3 | 21.3 | 35.1 | 36.3 | 3 | 1 | 1 | 0 | node0 67 %, node1 33 % |
        ");
    }

    #[test]
    fn csv_has_a_row_for_each_strategy_and_setting() {
        let text = csv(&example());
        let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(cells[0][..3], ["setting", "name", "label"]);
        let rows: Vec<(&str, &str)> = cells[1..].iter().map(|row| (row[0], row[1])).collect();
        assert_eq!(
            rows,
            [
                ("load = 0.2", "random"),
                ("load = 0.2", "ours"),
                ("load = 0.8", "random"),
                ("load = 0.8", "ours")
            ]
        );
        assert!(cells.iter().all(|row| row.len() == cells[0].len()));
    }

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/report.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, json_schema()).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap();
        assert!(
            published == json_schema(),
            "renew it: UPDATE_SCHEMA=1 cargo test -p evidence published_schema"
        );
    }

    #[test]
    fn every_field_of_the_json_is_in_the_schema() {
        let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json(&example())).unwrap();
        let faults = faults(&value, &schema, &schema, "report");
        assert_eq!(faults, Vec::<String>::new());
        let mut wrong = value;
        wrong["sections"][0]["strategies"][0]["parts"]["work_ms"] = "long".into();
        wrong["sections"][0]["comparison"]["baseline"] = serde_json::Value::Null;
        assert_eq!(super::tests::faults(&wrong, &schema, &schema, "report").len(), 2, "the check can fail");
    }

    /// Where `value` is not what `schema` says, as far as types, properties, required ones and items go.
    fn faults(
        value: &serde_json::Value,
        schema: &serde_json::Value,
        root: &serde_json::Value,
        at: &str,
    ) -> Vec<String> {
        if let Some(reference) = schema["$ref"].as_str() {
            return faults(value, root.pointer(&reference[1..]).unwrap(), root, at);
        }
        if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            let fits = |choice: &serde_json::Value| faults(value, choice, root, at).is_empty();
            return if choices.iter().any(fits) { vec![] } else { vec![format!("{at} fits no choice")] };
        }
        let kind = match value {
            serde_json::Value::Null => "null",
            serde_json::Value::Bool(_) => "boolean",
            serde_json::Value::Number(number) if number.is_u64() => "integer",
            serde_json::Value::Number(_) => "number",
            serde_json::Value::String(_) => "string",
            serde_json::Value::Array(_) => "array",
            serde_json::Value::Object(_) => "object",
        };
        let allowed = |name: &serde_json::Value| name == kind || (kind == "integer" && name == "number");
        let known = match &schema["type"] {
            serde_json::Value::Array(names) => names.iter().any(allowed),
            serde_json::Value::Null => true,
            name => allowed(name),
        };
        if !known {
            return vec![format!("{at} is {kind}")];
        }
        let mut found = Vec::new();
        if let Some(items) = value.as_array() {
            found.extend(items.iter().flat_map(|item| faults(item, &schema["items"], root, at)));
        }
        if let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
            for (name, field) in fields {
                match properties.get(name) {
                    Some(property) => found.extend(faults(field, property, root, &format!("{at}.{name}"))),
                    None => found.push(format!("{at}.{name} is unknown")),
                }
            }
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let missing = required.iter().filter(|name| !fields.contains_key(name.as_str().unwrap()));
            found.extend(missing.map(|name| format!("{at}.{name} is missing")));
        }
        found
    }
}
