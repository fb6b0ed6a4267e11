//! Figures as Prometheus reads them: its text format, version 0.0.4.

use std::fmt::Write as _;

/// What an answer to a scrape says that it is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the counts of a port mean, which servers and nodes tell alike.
pub const PORT_HELP: &str = "Connections and calls at the port, what was refused, and why.";

/// What the figures of a family are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// May go up and down.
    Gauge,
    /// Only goes up, until the process starts again; its name ends in `_total`.
    Counter,
}

/// The text as far as it is written.
#[derive(Debug, Default)]
pub struct Metrics {
    text: String,
}

/// Figures of one name, told apart by labels.
#[derive(Debug)]
pub struct Family<'text> {
    name: String,
    text: &'text mut String,
}

impl Metrics {
    /// Begins a family. A family is begun once; its name says its unit.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) -> Family<'_> {
        debug_assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}");
        let word = if kind == Kind::Gauge { "gauge" } else { "counter" };
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "# HELP {name} {}\n# TYPE {name} {word}", help.replace('\n', " "));
        Family { name: name.to_owned(), text: &mut self.text }
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }
}

impl Family<'_> {
    /// One figure. The labels of a family have the same names in every sample.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        self.text.push_str(&self.name);
        for (index, (name, text)) in labels.iter().enumerate() {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            // Writing to a string does not fail.
            let _ = write!(self.text, "{}{name}=\"{escaped}\"", if index == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

#[doc(hidden)] // for tests of the programs that tell metrics
pub mod checker {
    //! Prometheus's own opinion of a text of metrics.

    use std::io::{self, Write as _};
    use std::process::{Command, Stdio};

    /// What `promtool check metrics` complains of in `text`: nothing if all is well. `None` where there is
    /// no promtool.
    ///
    /// # Errors
    /// If it cannot be talked to.
    pub fn complaints(text: &str) -> io::Result<Option<String>> {
        let checker = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut checker) = checker else { return Ok(None) };
        if let Some(mut input) = checker.stdin.take() {
            input.write_all(text.as_bytes())?;
        }
        let said = checker.wait_with_output()?;
        let complaints = String::from_utf8_lossy(&said.stderr).into_owned();
        let failed = !said.status.success() && complaints.is_empty();
        Ok(Some(if failed { format!("it ended with {}", said.status) } else { complaints }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_labels_and_what_needs_escaping() {
        let mut metrics = Metrics::default();
        metrics.family("a_up", Kind::Gauge, "Whether it is up.").sample(&[], 1.0);
        let mut counts = metrics.family("a_tasks_total", Kind::Counter, "Tasks.");
        counts.sample(&[("node", "n\"0\\\n"), ("outcome", "done")], 2.5);
        let text = "# HELP a_up Whether it is up.\n# TYPE a_up gauge\na_up 1\n# HELP a_tasks_total Tasks.\n\
                    # TYPE a_tasks_total counter\na_tasks_total{node=\"n\\\"0\\\\\\n\",outcome=\"done\"} 2.5\n";
        assert_eq!(metrics.finish(), text);
    }
}
