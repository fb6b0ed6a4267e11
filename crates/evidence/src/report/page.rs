//! The report as one HTML page that needs nothing beside itself: no script, no network, light and dark.

use super::plot::{self, escape};
use super::section::Section;
use super::{Report, RunFacts};
use crate::comparison::render::{Tables, WORD_COLUMNS, detail_columns, notes, tables, verdict_columns};

const STYLE: &str = include_str!("style.css");

/// Columns of the table of sources that hold words.
const SOURCE_WORDS: [&str; 4] = ["run", "recorded by", "started", "host"];

/// The whole page.
pub fn render(report: &Report) -> String {
    let title = escape(&report.title);
    let mut body = format!("<h1>{title}</h1>\n");
    let metric = report.sections.first().map(|section| section.comparison.metric).unwrap_or_default();
    for sweep in report.sweeps.iter().filter(|sweep| sweep.is_worth_a_picture(metric)) {
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
    for sentence in &section.why {
        text.push_str(&format!("<p>{}</p>\n", escape(sentence)));
    }
    let means = format!(
        "The {}: dots are means, lines their 95 % intervals, pale dots single seeds. The verdict is against {}, paired \
         by seed: it may be certain where these intervals overlap.",
        comparison.metric.name(),
        escape(&comparison.baseline)
    );
    text.push_str(&figure(&plot::means::draw(section), &means));
    text.push_str(&table(&verdict_columns(comparison), &verdicts));
    let curves = "Tasks that ended within a time, all seeds together: the further left, the better.";
    if let Some(picture) = plot::latencies::draw(section) {
        text.push_str(&figure(&picture, curves));
    }
    if let Some(picture) = plot::parts::draw(section) {
        let caption = "Where the mean latency of a task went. The parts add up exactly.";
        text.push_str(&figure(&picture, caption));
    }
    if let Some((shares, hidden)) = plot::shares::draw(section) {
        let beyond = if hidden > 0 { format!(" {hidden} more nodes are not shown.") } else { String::new() };
        text.push_str(&figure(
            &shares,
            &format!("Share of a strategy's attempts that each node got.{beyond}"),
        ));
    }
    // The last column is the picture above it in words.
    let mut columns = detail_columns(comparison);
    columns.pop();
    let details: Vec<Vec<String>> =
        details.into_iter().map(|row| row.into_iter().take(columns.len()).collect()).collect();
    text.push_str(&table(&columns, &details));
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
    let words = |column: &str| WORD_COLUMNS.contains(&column) || SOURCE_WORDS.contains(&column);
    let class = |column: &str| if words(column) { "word" } else { "number" };
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
    format!(
        "<div class=\"table\"><table>\n<thead>\n{head}</thead>\n<tbody>\n{body}</tbody>\n</table></div>\n"
    )
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
    use super::super::source::Source;
    use super::super::{Wish, report};
    use super::*;
    use crate::comparison::Metric;
    use crate::comparison::source::By;

    fn page(title: &str) -> String {
        let runs = ["0.2", "0.8"].map(|load| Source::rows(two_strategies(&[("sweep.load", load)], 1.0)));
        let wish = Wish {
            title,
            command: "lab report <x>",
            metric: Metric::Makespan,
            baseline: None,
            by: By::Label,
        };
        render(&report(runs.into(), &wish).unwrap())
    }

    /// Names of the elements that are open at the end, or the first that is closed out of turn.
    fn unclosed(page: &str) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        for tag in page.split('<').skip(1).filter_map(|part| part.split('>').next()) {
            let name: String =
                tag.trim_start_matches('/').chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
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
        let wish = Wish { title: "t", command: "c", metric: Metric::Makespan, baseline: None, by: By::Label };
        let report = report(vec![Source::rows(two_strategies(&[], 1.0))], &wish).unwrap();
        insta::assert_snapshot!(plot::means::draw(&report.sections[0]), @r#"
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 120" style="max-width:900px" role="img" aria-label="makespan by strategy: means with intervals, and every seed">
        <line class="grid" x1="60.4" y1="12" x2="60.4" y2="72"/>
        <text class="tick" x="60.4" y="88" text-anchor="middle">0</text>
        <line class="grid" x1="217.8" y1="12" x2="217.8" y2="72"/>
        <text class="tick" x="217.8" y="88" text-anchor="middle">20</text>
        <line class="grid" x1="375.2" y1="12" x2="375.2" y2="72"/>
        <text class="tick" x="375.2" y="88" text-anchor="middle">40</text>
        <line class="grid" x1="532.6" y1="12" x2="532.6" y2="72"/>
        <text class="tick" x="532.6" y="88" text-anchor="middle">60</text>
        <line class="grid" x1="690" y1="12" x2="690" y2="72"/>
        <text class="tick" x="690" y="88" text-anchor="middle">80</text>
        <text class="title" x="375.2" y="108" text-anchor="middle">makespan (ms)</text>
        <text class="name" x="50.4" y="31" text-anchor="end">ours</text>
        <circle class="seed" cx="343.7" cy="27" r="3"><title>seed 1: 36.0 ms</title></circle>
        <circle class="seed" cx="372.1" cy="27" r="3"><title>seed 2: 39.6 ms</title></circle>
        <circle class="seed" cx="329.6" cy="27" r="3"><title>seed 3: 34.2 ms</title></circle>
        <line class="whisker" x1="294.7" y1="27" x2="402.2" y2="27"/>
        <line class="whisker" x1="294.7" y1="22" x2="294.7" y2="32"/>
        <line class="whisker" x1="402.2" y1="22" x2="402.2" y2="32"/>
        <circle class="mean" cx="348.4" cy="27" r="5"><title>mean 36.6 ms</title></circle>
        <text class="value" x="702" y="31" text-anchor="start">36.6 ± 6.83 ms</text>
        <text class="wins" x="894" y="31" text-anchor="end">wins</text>
        <text class="name" x="50.4" y="61" text-anchor="end">random</text>
        <circle class="seed" cx="532.6" cy="57" r="3"><title>seed 1: 60.0 ms</title></circle>
        <circle class="seed" cx="579.8" cy="57" r="3"><title>seed 2: 66.0 ms</title></circle>
        <circle class="seed" cx="509" cy="57" r="3"><title>seed 3: 57.0 ms</title></circle>
        <line class="whisker" x1="450.9" y1="57" x2="630.1" y2="57"/>
        <line class="whisker" x1="450.9" y1="52" x2="450.9" y2="62"/>
        <line class="whisker" x1="630.1" y1="52" x2="630.1" y2="62"/>
        <circle class="mean" cx="540.5" cy="57" r="5"><title>mean 61.0 ms</title></circle>
        <text class="value" x="702" y="61" text-anchor="start">61.0 ± 11.4 ms</text>
        <text class="tick" x="894" y="61" text-anchor="end">baseline</text>
        </svg>
        "#);
    }
}
