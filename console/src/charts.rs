//! Charts as SVG within the page, drawn by plotters, whose bars lead to what they count.
//!
//! Their colours are names rather than colours: the style sheet gives each its own, for light and for dark, by the value of
//! the attribute, which it outranks.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::coord::types::{RangedCoordf64, RangedCoordi64};
use plotters::prelude::*;

const WIDTH: u32 = 560;
const HEIGHT: u32 = 220;
/// As wide as "400 min" in the letters of a small screen.
const NUMBERS_WIDTH: u32 = 82;
/// What margins and labels leave of the width.
const PLOT_WIDTH: u32 = 466;
/// Names below the axis.
const NAMES_MAX: usize = 7;
/// What the bars of a period leave of its width on each side.
const GAP: f64 = 0.1;
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

/// What a bar tells, each in a colour of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// What went well.
    Met,
    /// What was missed.
    Breached,
    /// A number.
    Plain,
    /// Another one beside it.
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

    /// The class of its key in a legend.
    pub fn class(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Breached => "missed",
            Self::Plain => "plain",
            Self::Faint => "faint",
        }
    }
}

/// A period and its bars, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// What stands below the axis.
    pub name: String,
    /// As many as there are inks.
    pub bars: Vec<Bar>,
}

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// How high it is.
    pub value: i64,
    /// What it tells, in words.
    pub told: String,
    /// Where it leads.
    pub link: Option<String>,
}

/// Bars for each period, with numbers in `unit`. Nothing where all of them are zero.
pub fn by_period(
    title: &str,
    inks: &[Ink],
    unit: &str,
    slots: &[Slot],
) -> Result<String, ChartError> {
    let values = slots.iter().flat_map(|slot| &slot.bars);
    let most = values.map(|bar| bar.value).max().unwrap_or(0);
    if most == 0 {
        return Ok(String::new());
    }
    let (mut svg, mut links) = (String::new(), String::new());
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        let mut chart = axes(&root, unit, slots, most)?;
        let places = places(slots);
        let bars = places.iter().zip(inks.iter().cycle());
        let bars = bars.map(|(place, ink)| {
            let corners = [(place.left, 0), (place.right, place.bar.value)];
            Rectangle::new(corners, ink.colour().filled())
        });
        chart.draw_series(bars).map_err(failed)?;
        for place in &places {
            let (left, top) = chart.backend_coord(&(place.left, most));
            let (right, bottom) = chart.backend_coord(&(place.right, 0));
            link(
                &mut links,
                place.bar,
                [left, top, right - left, bottom - top],
            )?;
        }
        root.present().map_err(failed)?;
    }
    Ok(named(&svg, title, &links))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Axes<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordi64>>;

/// The axes, with names and lines.
fn axes<'a, 'b>(
    root: &'a Area<'b>,
    unit: &str,
    slots: &[Slot],
    most: i64,
) -> Result<Axes<'a, 'b>, ChartError> {
    let count = u32::try_from(slots.len()).map_err(failed)?;
    let mut chart = ChartBuilder::on(root)
        .margin(6)
        .x_label_area_size(26)
        .y_label_area_size(NUMBERS_WIDTH)
        .build_cartesian_2d(0.0..f64::from(count), 0..most)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(NAMES_MAX)
        .y_labels(5)
        .x_label_formatter(&|at| name_at(slots, *at))
        .y_label_formatter(&|number| format!("{number}{unit}"))
        // A name stands below the middle of its bars.
        .x_label_offset(PLOT_WIDTH / count.max(1) / 2)
        .axis_style(GRID)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .label_style(FONT.into_font().color(&TEXT))
        .draw()
        .map_err(failed)?;
    Ok(chart)
}

/// Where a bar stands on the axis.
struct Place<'a> {
    left: f64,
    right: f64,
    bar: &'a Bar,
}

fn places(slots: &[Slot]) -> Vec<Place<'_>> {
    let slots = (0_u32..).zip(slots);
    let places = slots.flat_map(|(index, slot)| {
        let count = u32::try_from(slot.bars.len()).unwrap_or(u32::MAX);
        let width = (1.0 - 2.0 * GAP) / f64::from(count.max(1));
        (0_u32..).zip(&slot.bars).map(move |(part, bar)| {
            let left = f64::from(index) + GAP + f64::from(part) * width;
            Place {
                left,
                right: left + width,
                bar,
            }
        })
    });
    places.collect()
}

/// The name of the period that begins at a place of the axis.
fn name_at(slots: &[Slot], place: f64) -> String {
    let mut begins = (0_u32..).zip(slots);
    let slot = begins.find(|(index, _)| f64::from(*index) == place);
    slot.map(|(_, slot)| slot.name.clone()).unwrap_or_default()
}

/// A link over the whole height of a bar, which may itself be too low to hit. The keyboard gets there through the table below
/// the chart, where it has to pass by no other bar.
fn link(links: &mut String, bar: &Bar, [x, y, width, height]: [i32; 4]) -> Result<(), ChartError> {
    let Some(address) = &bar.link else {
        return Ok(());
    };
    let (address, told) = (escaped(address), escaped(&bar.told));
    write!(
        links,
        "<a href=\"{address}\" tabindex=\"-1\" aria-label=\"{told}\"><title>{told}</title>\
         <rect class=\"hit\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\"/></a>",
        width.max(1)
    )
    .map_err(failed)
}

/// The picture with a name for who cannot see it, as wide as its place, and its links. The numbers stand in a table below it.
fn named(svg: &str, title: &str, links: &str) -> String {
    let Some((head, rest)) = svg.split_once('>') else {
        return String::new();
    };
    let view = head.find("viewBox").map_or("", |at| &head[at..]);
    let title = escaped(title);
    let rest = rest.trim_end().trim_end_matches("</svg>");
    format!("<svg class=\"chart\" role=\"group\" aria-label=\"{title}\" {view}>{rest}{links}</svg>")
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

    fn bar(value: i64) -> Bar {
        Bar {
            value,
            told: format!("\"{value}\" <met>"),
            link: (value > 0).then(|| format!("/there?a={value}&b")),
        }
    }

    fn slot(name: &str, met: i64, breached: i64) -> Slot {
        Slot {
            name: name.to_owned(),
            bars: vec![bar(met), bar(breached)],
        }
    }

    fn number(line: &str, name: &str) -> u32 {
        let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    }

    #[test]
    fn a_chart_has_a_name_and_no_style_that_the_policy_of_contents_forbids() {
        let slots = [slot("03-01", 3, 1), slot("03-02", 0, 0)];
        let svg = by_period("Met & missed", &OUTCOMES, "", &slots).unwrap();
        let begin = "<svg class=\"chart\" role=\"group\" aria-label=\"Met &amp; missed\" viewBox=";
        assert!(svg.starts_with(begin), "{svg}");
        assert!(!svg.contains("style="), "{svg}");
        for colour in ["#010103", "#010104"] {
            assert!(svg.contains(colour), "{svg}");
        }
        assert!(svg.contains("03-01"), "{svg}");
    }

    #[test]
    fn one_period_has_its_bars_side_by_side() {
        let svg = by_period("Met", &OUTCOMES, " h", &[slot("03-01", 2, 1)]).unwrap();
        let of = |colour| svg.lines().find(|line| line.contains(colour)).unwrap();
        let (met, missed) = (of("#010103"), of("#010104"));
        assert!(number(met, "width") > 100 && number(met, "height") > 100);
        assert!(number(missed, "x") >= number(met, "x") + number(met, "width") - 1);
        assert!(number(missed, "height") < number(met, "height"), "{missed}");
    }

    #[test]
    fn a_bar_leads_to_what_it_counts_over_the_whole_height_and_an_empty_one_nowhere() {
        let svg = by_period("Met", &OUTCOMES, "", &[slot("03-01", 100, 1)]).unwrap();
        assert_eq!(svg.matches("<a href=").count(), 2, "{svg}");
        assert!(svg.contains("href=\"/there?a=1&amp;b\""), "{svg}");
        assert!(
            svg.contains("<title>&quot;1&quot; &lt;met></title>"),
            "{svg}"
        );
        let (_, links) = svg.split_once("<a href").unwrap();
        for hit in links.split("<rect class=\"hit\"").skip(1) {
            assert!(number(hit, "height") > 100, "{hit}");
        }
        let svg = by_period("Met", &OUTCOMES, "", &[slot("03-01", 1, 0)]).unwrap();
        assert_eq!(svg.matches("<a href=").count(), 1, "{svg}");
    }

    #[test]
    fn nothing_to_show_is_no_chart() {
        assert_eq!(by_period("x", &OUTCOMES, "", &[]).unwrap(), "");
        let empty = [slot("03-01", 0, 0)];
        assert_eq!(by_period("x", &OUTCOMES, "", &empty).unwrap(), "");
    }
}
