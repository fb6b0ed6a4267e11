//! The report as one HTML page that needs nothing beside itself: no script, no network, light and dark.

use super::plot::{self, escape};
use super::section::Section;
use super::{Report, RunFacts};
use crate::comparison::render::{DETAIL_COLUMNS, Tables, VERDICT_COLUMNS, WORD_COLUMNS, notes, tables};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub fn render(report: &Report) -> String {
    let title = escape(&report.title);
    let mut body = format!("<h1>{title}</h1>\n");
    for sweep in &report.sweeps {
        let name = plot::sweep::figure_name(sweep.figure);
        let caption = format!(
            "The {name} over {}: means over seeds, bands are their 95 % intervals.",
            escape(&sweep.setting)
        );
        body.push_str(&figure(&plot::sweep::draw(sweep), &caption));
    }
    for section in &report.sections {
        body.push_str(&render_section(section));
    }
    body.push_str(&sources(report));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn render_section(section: &Section) -> String {
    let comparison = &section.comparison;
    let Tables { verdicts, details } = tables(comparison);
    let mut text = String::from("<section>\n");
    if let Some(setting) = &section.setting {
        text.push_str(&format!("<h2>{}</h2>\n", escape(setting)));
    }
    text.push_str(&format!("<p class=\"lead\">{}</p>\n", escape(&comparison.overall.sentence())));
    let means = "Makespan: the dot is the mean, the line its 95 % interval, pale dots are single seeds; the verdict is \
                 paired by seed and may be certain where these intervals overlap.";
    text.push_str(&figure(&plot::makespans::draw(section), means));
    text.push_str(&table(&VERDICT_COLUMNS, &verdicts));
    let curves = "Tasks that ended within a time, all seeds together: the further left, the better.";
    text.push_str(&figure(&plot::latencies::draw(section), curves));
    if let Some(picture) = plot::parts::draw(section) {
        let caption = "Where the mean latency of a task went. The parts add up exactly.";
        text.push_str(&figure(&picture, caption));
    }
    let (shares, hidden) = plot::shares::draw(section);
    let beyond = if hidden > 0 { format!(" {hidden} more nodes are not shown.") } else { String::new() };
    text.push_str(&figure(&shares, &format!("Share of a strategy's attempts that each node got.{beyond}")));
    text.push_str(&table(&DETAIL_COLUMNS, &details));
    text.push_str("<ul class=\"notes\">\n");
    for note in notes(comparison) {
        text.push_str(&format!("<li>{}</li>\n", escape(&note)));
    }
    text.push_str("</ul>\n");
    text.push_str(&timelines(section));
    text + "</section>\n"
}

/// Jobs under one seed on axes of one length.
fn timelines(section: &Section) -> String {
    let longest_us = section.timelines.iter().map(|timeline| timeline.makespan_us).max().unwrap_or(0);
    let mut text = String::new();
    for timeline in &section.timelines {
        let mut caption = format!(
            "One job with {} (seed {}): every attempt on its node; the line is the job's end.",
            escape(&timeline.strategy),
            timeline.seed
        );
        if timeline.hidden_attempts > 0 {
            caption.push_str(&format!(" The latest {} attempts are not shown.", timeline.hidden_attempts));
        }
        if timeline.hidden_nodes > 0 {
            caption.push_str(&format!(" {} more nodes are not shown.", timeline.hidden_nodes));
        }
        text.push_str(&figure(&plot::timeline::draw(timeline, longest_us), &caption));
    }
    text
}

/// `caption` may hold markup.
fn figure(picture: &str, caption: &str) -> String {
    format!("<figure>\n{picture}<figcaption>{caption}</figcaption>\n</figure>\n")
}

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let class = |column: &str| if WORD_COLUMNS.contains(&column) { "word" } else { "number" };
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = (&str, &str)>| -> String {
        let cells: String = cells
            .map(|(column, text)| format!("<{tag} class=\"{}\">{}</{tag}>", class(column), escape(text)))
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let head = cells("th", &mut columns.iter().map(|column| (*column, *column)));
    let body: String = rows
        .iter()
        .map(|row| cells("td", &mut columns.iter().copied().zip(row.iter().map(String::as_str))))
        .collect();
    format!("<div class=\"table\"><table>\n<thead>\n{head}</thead>\n<tbody>\n{body}</tbody>\n</table></div>\n")
}

/// Where the rows came from and how to make the page again.
fn sources(report: &Report) -> String {
    let columns = ["run", "recorded by", "started", "host", "jobs", "attempts"];
    let cells = |run: &RunFacts| {
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        vec![
            run.path.clone(),
            known(&run.program),
            known(&run.started_utc),
            known(&run.host),
            run.jobs.to_string(),
            run.attempts.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = report.runs.iter().map(cells).collect();
    let command = escape(&report.command);
    format!("<footer>\n<p>Made by <code>{command}</code> from</p>\n{}</footer>\n", table(&columns, &rows))
}

#[cfg(test)]
mod tests {
    use super::super::section::examples::two_strategies;
    use super::super::{Wish, report};
    use super::*;
    use crate::comparison::source::By;

    fn page(title: &str) -> String {
        let runs = ["0.2", "0.8"].map(|load| two_strategies(&[("sweep.load", load)], 1.0));
        let wish = Wish { title, command: "lab report <x>", baseline: None, by: By::Label };
        render(&report(runs.into(), &wish).unwrap())
    }

    /// Names of the elements that are open at the end, or the first that is closed out of turn.
    fn unclosed(page: &str) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        for tag in page.split('<').skip(1).filter_map(|part| part.split('>').next()) {
            let name: String = tag.trim_start_matches('/').chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
            if tag.starts_with('!') || tag.ends_with('/') || name == "meta" {
                continue;
            }
            if !tag.starts_with('/') {
                open.push(name);
            } else if open.pop().as_deref() != Some(&name) {
                return vec![format!("closed out of turn: {name}")];
            }
        }
        open
    }

    #[test]
    fn every_element_is_closed() {
        assert_eq!(unclosed(&page("Example")), Vec::<String>::new());
    }

    #[test]
    fn the_page_needs_nothing_beside_itself() {
        let page = page("Example").replace("http://www.w3.org/2000/svg", "");
        for forbidden in ["http:", "https:", "<script", "src=", "@import", "url("] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn names_cannot_become_markup() {
        let page = page("<b>bold</b>");
        assert!(page.contains("<h1>&lt;b&gt;bold&lt;/b&gt;</h1>") && page.contains("lab report &lt;x&gt;"));
    }

    #[test]
    fn every_setting_has_all_its_pictures() {
        let page = page("Example");
        // Two sweeps, and for each of two settings makespans, latencies, parts, shares and two timelines.
        assert_eq!(page.matches("<figure>").count(), 2 + 2 * 6);
        assert!(!page.contains("NaN") && !page.contains("inf"), "coordinates are numbers");
    }

    #[test]
    fn the_same_records_give_the_same_bytes() {
        assert_eq!(page("Example"), page("Example"));
    }

    #[test]
    fn a_picture_is_what_it_was() {
        let wish = Wish { title: "t", command: "c", baseline: None, by: By::Label };
        let report = report(vec![two_strategies(&[], 1.0)], &wish).unwrap();
        insta::assert_snapshot!(plot::makespans::draw(&report.sections[0]), @"");
    }
}
