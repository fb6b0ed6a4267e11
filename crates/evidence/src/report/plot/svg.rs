//! The few elements of SVG that pictures need.

use std::fmt::Write as _;

/// A picture in the making.
#[derive(Debug)]
pub(super) struct Svg {
    width: f64,
    height: f64,
    label: String,
    body: String,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// `text` for use between tags and inside quotes.
pub(in crate::report) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no way to write control characters.
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

/// A coordinate: a tenth of a pixel is more than anybody sees.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

impl Svg {
    /// An empty picture; `label` says to those who cannot see it what it shows.
    pub(super) fn new(width: f64, height: f64, label: &str) -> Svg {
        Svg { width, height, label: label.to_owned(), body: String::new() }
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        self.push(&format!(r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#));
    }

    /// A rectangle at (x, y) of the given size, with a tool tip unless it is empty.
    pub(super) fn rectangle(&mut self, class: &str, at: (f64, f64), size: (f64, f64), tip: &str) {
        let [x, y, width, height] = [at.0, at.1, size.0, size.1].map(number);
        let shape = format!(r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}""#);
        self.tipped(&shape, "rect", tip);
    }

    /// A rectangle whose colour shows as strongly as `strength`, 0 to 1.
    pub(super) fn shaded(&mut self, strength: f64, at: (f64, f64), size: (f64, f64), tip: &str) {
        let [x, y, width, height] = [at.0, at.1, size.0, size.1].map(number);
        let shape = format!(
            r#"<rect class="shade" fill-opacity="{strength:.2}" x="{x}" y="{y}" width="{width}" height="{height}""#
        );
        self.tipped(&shape, "rect", tip);
    }

    pub(super) fn circle(&mut self, class: &str, at: (f64, f64), radius: f64, tip: &str) {
        let [x, y, radius] = [at.0, at.1, radius].map(number);
        self.tipped(&format!(r#"<circle class="{class}" cx="{x}" cy="{y}" r="{radius}""#), "circle", tip);
    }

    pub(super) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let [x, y] = [at.0, at.1].map(number);
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.push(&format!(r#"<text class="{class}" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>"#));
    }

    /// A line through all points.
    pub(super) fn polyline(&mut self, class: &str, points: &[(f64, f64)], tip: &str) {
        let shape = format!(r#"<polyline class="{class}" points="{}""#, coordinates(points));
        self.tipped(&shape, "polyline", tip);
    }

    /// A filled area.
    pub(super) fn polygon(&mut self, class: &str, points: &[(f64, f64)]) {
        self.push(&format!(r#"<polygon class="{class}" points="{}"/>"#, coordinates(points)));
    }

    fn tipped(&mut self, open: &str, name: &str, tip: &str) {
        if tip.is_empty() {
            self.push(&format!("{open}/>"));
        } else {
            self.push(&format!("{open}><title>{}</title></{name}>", escape(tip)));
        }
    }

    /// The whole element. It is never wider than drawn and shrinks with the page.
    pub(super) fn finish(self) -> String {
        let (width, height) = (number(self.width), number(self.height));
        let label = escape(&self.label);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" style=\"max-width:{width}px\" \
             role=\"img\" aria-label=\"{label}\">\n{}</svg>\n",
            self.body
        )
    }
}

fn coordinates(points: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let space = if index == 0 { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{space}{},{}", number(*x), number(*y));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        let mut svg = Svg::new(10.0, 20.0, "a \"b\"");
        svg.text("tick", (1.25, 2.0), Anchor::End, "<script>&'");
        svg.rectangle("c0", (0.0, 0.0), (1.0, 1.0), "x < y\u{0}");
        insta::assert_snapshot!(svg.finish(), @r#"
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20" style="max-width:10px" role="img" aria-label="a &quot;b&quot;">
        <text class="tick" x="1.2" y="2" text-anchor="end">&lt;script&gt;&amp;&#39;</text>
        <rect class="c0" x="0" y="0" width="1" height="1"><title>x &lt; y </title></rect>
        </svg>
        "#);
    }
}
