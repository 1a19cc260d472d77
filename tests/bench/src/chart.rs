//! The chart: for each workload a bar as long as the part of its floor that it reaches, and a stroke at what is aimed at.

use std::fmt::Write;

use crate::home::{HomeKind, Size};
use crate::measure::Outcome;

/// How wide the names stand, and how long a bar is that reaches its floor, in pixels.
const NAMES: f64 = 270.0;
const WHOLE: f64 = 480.0;
/// What stands right of the bars.
const VALUES: f64 = 150.0;
/// How high a bar is, and the room between workloads.
const BAR: f64 = 13.0;
const GAP: f64 = 9.0;
/// What stands above the bars.
const HEAD: f64 = 64.0;
/// The part of a floor at which a bar is cut: what is faster needs no longer one.
const CUT: f64 = 1.05;

/// Draws the workloads that have a floor, as SVG.
pub(crate) fn draw(outcomes: &[Outcome], caption: &str) -> String {
    let compared: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.ratio.is_some()).collect();
    let mut names: Vec<&str> = Vec::new();
    for outcome in &compared {
        if !names.contains(&outcome.title) {
            names.push(outcome.title);
        }
    }
    let mut bars = String::new();
    let mut y = HEAD;
    for name in names {
        let of_it: Vec<_> = compared.iter().filter(|outcome| outcome.title == name).collect();
        text(&mut bars, NAMES - 8.0, y + BAR - 3.0, "end", 12, name);
        for outcome in of_it {
            bar(&mut bars, y, outcome);
            y += BAR + 1.0;
        }
        y += GAP;
    }
    let (width, height) = (NAMES + WHOLE * CUT + VALUES, y + 34.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    text(&mut svg, 10.0, 22.0, "start", 16, "Answers a second, as a part of what the machine allows");
    legend(&mut svg);
    for tenth in [0.0_f64, 0.25, 0.5, 0.75, 1.0] {
        let x = NAMES + tenth * WHOLE;
        line(&mut svg, x, HEAD - 6.0, y, "#ddd", 1.0);
        text(&mut svg, x, HEAD - 10.0, "middle", 10, &format!("{tenth:.2}"));
    }
    svg.push_str(&bars);
    text(&mut svg, 10.0, height - 12.0, "start", 10, caption);
    svg.push_str("</svg>\n");
    svg
}

fn bar(svg: &mut String, y: f64, outcome: &Outcome) {
    let ratio = outcome.ratio.map_or(0.0, |ratio| ratio.median);
    let (length, fill) = (ratio.clamp(0.0, CUT) * WHOLE, colour(outcome.home, outcome.size));
    rectangle(svg, NAMES, y, length, fill);
    if let Some(aim) = outcome.aim {
        line(svg, NAMES + aim * WHOLE, y, y + BAR, "#c00", 2.0);
    }
    let value = format!("{ratio:.2}  ({}/s)", crate::table::number(outcome.rate.median));
    text(svg, NAMES + length + 6.0, y + BAR - 3.0, "start", 10, &value);
}

fn legend(svg: &mut String) {
    let homes = [HomeKind::Embedded, HomeKind::MongoDb];
    let kinds = homes.into_iter().flat_map(|home| [Size::Small, Size::Large].map(|size| (home, size)));
    let mut x = 10.0;
    for (home, size) in kinds {
        rectangle(svg, x, 31.0, 12.0, colour(home, size));
        text(svg, x + 17.0, 41.0, "start", 11, &format!("{home}, {size}"));
        x += 125.0;
    }
    line(svg, x + 6.0, 31.0, 44.0, "#c00", 2.0);
    text(svg, x + 17.0, 41.0, "start", 11, "aim");
}

fn colour(home: HomeKind, size: Size) -> &'static str {
    match (home, size) {
        (HomeKind::Embedded, Size::Small) => "#7fb2d9",
        (HomeKind::Embedded, Size::Large) => "#2b6ca3",
        (HomeKind::MongoDb, Size::Small) => "#9ccf9a",
        (HomeKind::MongoDb, Size::Large) => "#3d8b40",
    }
}

fn rectangle(svg: &mut String, x: f64, y: f64, width: f64, fill: &str) {
    element(
        svg,
        format_args!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{fill}\"/>"),
    );
}

fn line(svg: &mut String, x: f64, from: f64, to: f64, stroke: &str, width: f64) {
    element(
        svg,
        format_args!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{from:.1}\" y2=\"{to:.1}\" stroke=\"{stroke}\" stroke-width=\"{width}\"/>"
        ),
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, size: u8, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    element(
        svg,
        format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\">{text}</text>"),
    );
}

fn element(svg: &mut String, element: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = writeln!(svg, "{element}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn bars_are_as_long_as_the_ratio_and_aims_are_marked() {
        let outcomes = [sample("detail", Size::Small, 1.0), sample("history", Size::Small, 1.0)];
        let svg = draw(&outcomes, "a <machine> & more");
        let half = format!("width=\"{:.1}\" height=\"{BAR}\" fill=\"{}\"", WHOLE / 2.0, "#7fb2d9");
        assert_eq!(svg.matches(&half).count(), 2, "{svg}");
        let aim = format!("<line x1=\"{:.1}\"", NAMES + 0.6 * WHOLE);
        assert_eq!(svg.matches(&aim).count(), 1, "only one of them has an aim: {svg}");
        assert!(svg.contains("a &lt;machine> &amp; more"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn what_has_no_floor_is_not_drawn() {
        let mut login = sample("login", Size::Small, 1.0);
        login.ratio = None;
        assert!(!draw(&[login], "").contains("login"));
    }
}
