//! Charts as SVG within the page, drawn by plotters.
//!
//! Their colours are names rather than colours: the style sheet gives each its own, for light and for dark, by the value of
//! the attribute, which it outranks.

use plotters::prelude::*;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 260;
/// What margins and labels leave of the width.
const PLOT_WIDTH: u32 = 660;
const ROW_HEIGHT: u32 = 34;
/// `#010101` to `#010106` in the style sheet.
const TEXT: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(1, 1, 2);
const MET: RGBColor = RGBColor(1, 1, 3);
const BREACHED: RGBColor = RGBColor(1, 1, 4);
const BAR: RGBColor = RGBColor(1, 1, 5);
const FAINT: RGBColor = RGBColor(1, 1, 6);
const FONT: (&str, u32) = ("sans-serif", 13);

/// Why a chart cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a chart could not be drawn: {0}")]
pub struct ChartError(String);

fn failed(error: impl std::fmt::Display) -> ChartError {
    ChartError(error.to_string())
}

/// What a part of a bar tells, each in a colour of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// What went well.
    Met,
    /// What was missed.
    Breached,
    /// A number.
    Plain,
    /// What goes beyond it.
    Faint,
}

impl Ink {
    fn colour(self) -> RGBColor {
        match self {
            Self::Met => MET,
            Self::Breached => BREACHED,
            Self::Plain => BAR,
            Self::Faint => FAINT,
        }
    }
}

/// A day and the parts of its bar, from the bottom up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Year, month and day.
    pub name: String,
    /// As many as there are inks.
    pub parts: Vec<i64>,
}

/// A bar for each day, its parts on top of each other, with numbers in `unit`. Nothing without days.
pub fn by_day(title: &str, inks: &[Ink], unit: &str, days: &[Day]) -> Result<String, ChartError> {
    if days.is_empty() {
        return Ok(String::new());
    }
    let sums = days.iter().map(|day| day.parts.iter().sum());
    let most: i64 = sums.max().unwrap_or(0);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        let count = u32::try_from(days.len()).map_err(failed)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .x_label_area_size(28)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..f64::from(count), 0..most.max(1))
            .map_err(failed)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(8)
            .y_labels(5)
            .x_label_formatter(&|at| day_at(days, *at))
            .y_label_formatter(&|number| format!("{number}{unit}"))
            // The name of a day stands below the middle of its bar.
            .x_label_offset(PLOT_WIDTH / count.max(1) / 2)
            .axis_style(GRID)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .label_style(FONT.into_font().color(&TEXT))
            .draw()
            .map_err(failed)?;
        let bars = (0_u32..).zip(days).flat_map(|(index, day)| {
            let left = f64::from(index);
            let mut from = 0;
            day.parts.iter().zip(inks).map(move |(part, ink)| {
                let corners = [(left + 0.1, from), (left + 0.9, from + part)];
                from += part;
                Rectangle::new(corners, ink.colour().filled())
            })
        });
        chart.draw_series(bars).map_err(failed)?;
        root.present().map_err(failed)?;
    }
    Ok(named(&svg, title))
}

/// The day that begins at a place of the axis: month and day.
fn day_at(days: &[Day], place: f64) -> String {
    let begins = (0_u32..)
        .zip(days)
        .find(|(index, _)| f64::from(*index) == place);
    let day = begins.and_then(|(_, day)| day.name.get(5..));
    day.unwrap_or_default().to_owned()
}

/// The share that was met of each group, of a hundred. Nothing without groups.
pub fn shares(title: &str, groups: &[(String, f64)]) -> Result<String, ChartError> {
    if groups.is_empty() {
        return Ok(String::new());
    }
    let rows = u32::try_from(groups.len()).map_err(failed)?;
    let mut svg = String::new();
    {
        let size = (WIDTH, rows * ROW_HEIGHT + 16);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for (row, (name, share)) in (0i32..).zip(groups) {
            let top = row * 34 + 10;
            let text = FONT.into_font().color(&TEXT);
            let (left, right) = (180, 640);
            let to = left + ((f64::from(right - left)) * share.clamp(0.0, 1.0)) as i32;
            let bar = |to: i32, colour: RGBColor| {
                Rectangle::new([(left, top), (to, top + 18)], colour.filled())
            };
            root.draw(&Text::new(name.clone(), (4, top + 3), text.clone()))
                .map_err(failed)?;
            root.draw(&bar(right, GRID)).map_err(failed)?;
            root.draw(&bar(to, BAR)).map_err(failed)?;
            let percent = format!("{:.1} %", share * 100.0);
            root.draw(&Text::new(percent, (right + 10, top + 3), text))
                .map_err(failed)?;
        }
        root.present().map_err(failed)?;
    }
    Ok(named(&svg, title))
}

/// The picture with a name for who cannot see it, as wide as its place. The numbers stand in a table below it.
fn named(svg: &str, title: &str) -> String {
    let Some((head, rest)) = svg.split_once('>') else {
        return String::new();
    };
    let view = head.find("viewBox").map_or("", |at| &head[at..]);
    let title = escaped(title);
    format!("<svg class=\"chart\" role=\"img\" aria-label=\"{title}\" {view}>{rest}")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const OUTCOMES: [Ink; 2] = [Ink::Met, Ink::Breached];

    fn day(name: &str, met: i64, breached: i64) -> Day {
        Day {
            name: name.to_owned(),
            parts: vec![met, breached],
        }
    }

    #[test]
    fn a_chart_has_a_name_and_no_style_that_the_policy_of_contents_forbids() {
        let days = [day("2026-03-01", 3, 1), day("2026-03-02", 0, 0)];
        let svg = by_day("Met & missed", &OUTCOMES, "", &days).unwrap();
        assert!(
            svg.starts_with(
                "<svg class=\"chart\" role=\"img\" aria-label=\"Met &amp; missed\" viewBox="
            ),
            "{svg}"
        );
        assert!(!svg.contains("style="), "{svg}");
        for colour in ["#010103", "#010104"] {
            assert!(svg.contains(colour), "{svg}");
        }
        assert!(svg.contains("03-01"), "{svg}");
    }

    #[test]
    fn one_day_is_a_bar_of_its_own() {
        let svg = by_day("Met", &OUTCOMES, " h", &[day("2026-03-01", 2, 0)]).unwrap();
        let bar = svg.lines().find(|line| line.contains("#010103")).unwrap();
        let size = |name: &str| {
            let (_, rest) = bar.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().parse::<u32>().unwrap()
        };
        assert!(size("width") > 100 && size("height") > 100, "{bar}");
        assert!(svg.contains("03-01"), "{svg}");
    }

    #[test]
    fn a_name_of_a_group_cannot_leave_its_text() {
        let svg = shares("Teams", &[("<script>".to_owned(), 0.5)]).unwrap();
        assert!(!svg.contains("<script>"), "{svg}");
        assert!(svg.contains("50.0 %"), "{svg}");
    }

    #[test]
    fn nothing_to_show_is_no_chart() {
        assert_eq!(by_day("x", &OUTCOMES, "", &[]).unwrap(), "");
        assert_eq!(shares("x", &[]).unwrap(), "");
    }
}
