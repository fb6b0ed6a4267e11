//! A measured figure, its target, and the table of all.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

/// What a figure should reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// Nothing: it explains another figure.
    None,
}

/// A measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it should reach.
    pub goal: Goal,
    /// What it was measured from.
    pub detail: String,
}

impl Figure {
    /// Whether the goal is reached; `None` without one.
    pub fn reached(&self) -> Option<bool> {
        match self.goal {
            Goal::AtLeast(bound) => Some(self.value >= bound),
            Goal::AtMost(bound) => Some(self.value <= bound),
            Goal::None => None,
        }
    }
}

/// The table of figures, with a line break at the end.
pub fn render(figures: &[Figure]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["figure", "measured", "goal", "reached", "from"]);
    for figure in figures {
        let goal = match figure.goal {
            Goal::AtLeast(bound) => format!("≥ {}", number(bound)),
            Goal::AtMost(bound) => format!("≤ {}", number(bound)),
            Goal::None => String::new(),
        };
        let reached = match figure.reached() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let measured = format!("{} {}", number(figure.value), figure.unit);
        table.add_row([&figure.name, measured.trim_end(), &goal, reached, &figure.detail]);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if (1..=2).contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Whole above 100, else three significant digits.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, goal: Goal) -> Figure {
        Figure { name: "rate".to_owned(), value, unit: "a second", goal, detail: "of 3".to_owned() }
    }

    #[test]
    fn a_goal_is_reached_at_its_bound() {
        assert_eq!(figure(2.0, Goal::AtLeast(2.0)).reached(), Some(true));
        assert_eq!(figure(1.9, Goal::AtLeast(2.0)).reached(), Some(false));
        assert_eq!(figure(2.1, Goal::AtMost(2.0)).reached(), Some(false));
        assert_eq!(figure(f64::NAN, Goal::AtMost(2.0)).reached(), Some(false));
        assert_eq!(figure(2.0, Goal::None).reached(), None);
    }

    #[test]
    fn the_table() {
        let figures = [
            figure(21_234.0, Goal::AtLeast(20_000.0)),
            figure(1.234, Goal::AtMost(1.05)),
            figure(12.34, Goal::None),
        ];
        insta::assert_snapshot!(render(&figures), @r"
        figure        measured     goal  reached  from
        rate    21234 a second  ≥ 20000  yes      of 3
        rate     1.23 a second   ≤ 1.05  NO       of 3
        rate     12.3 a second                    of 3
        ");
    }
}
