//! A report as bars: ours and the reference of every line, each figure and what it should be at most.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::measure::median;
use crate::report::{Fact, Line, Report};

const WIDTH: u32 = 1_000;
const LINE_HEIGHT: u32 = 60;
const MARGIN_HEIGHT: u32 = 90;
const OURS: RGBColor = RGBColor(31, 119, 180);
const REFERENCE: RGBColor = RGBColor(180, 180, 180);

/// Two bars, one below the other, and what is written above them.
struct Bars {
    label: String,
    ours: f64,
    /// The reference of a rate, the most that a figure should be; 0 where there is none.
    beside: f64,
}

/// Draws the lines and the figures of a report: `<bench>.svg` has the rates beside their references, `<bench>-<unit>.svg`
/// the figures of each unit beside what they should be at most.
///
/// # Errors
/// When a file cannot be written.
pub fn draw(report: &Report, directory: &Path) -> Result<()> {
    let bench = report.bench;
    if !report.lines.is_empty() {
        let title = format!("{bench}: a second, beside the reference (grey)");
        let file = directory.join(format!("{bench}.svg"));
        drawn(&title, report.lines.iter().map(rates).collect(), &file)?;
    }
    let units: BTreeSet<&str> = report.facts.iter().map(|fact| fact.unit).collect();
    for unit in units {
        let facts = report.facts.iter().filter(|fact| fact.unit == unit);
        let title = format!("{bench}: {unit}, beside the most that it should be (grey)");
        let file = directory.join(format!("{bench}-{}.svg", name_of(unit)));
        drawn(&title, facts.map(figures).collect(), &file)?;
    }
    Ok(())
}

fn rates(line: &Line) -> Bars {
    let reference = line.reference.as_ref().and_then(|it| median(&it.rounds));
    let label = match line.ratio() {
        Some(ratio) => format!("{}: {ratio:.2}x", line.what),
        None => line.what.clone(),
    };
    Bars {
        label,
        ours: median(&line.rounds).map_or(0.0, |sample| sample.rate),
        beside: reference.map_or(0.0, |sample| sample.rate),
    }
}

fn figures(fact: &Fact) -> Bars {
    Bars {
        label: format!("{}: {:.2} {}", fact.what, fact.value, fact.unit),
        ours: fact.value,
        beside: fact.limit.unwrap_or_default(),
    }
}

/// A unit as a part of a file's name.
fn name_of(unit: &str) -> String {
    match unit {
        "%" => "percent".to_owned(),
        _ => unit.replace(|it: char| !it.is_ascii_alphanumeric(), "_"),
    }
}

fn drawn(title: &str, all: Vec<Bars>, file: &Path) -> Result<()> {
    bars(title, &all, file).map_err(|error| anyhow!("{} cannot be drawn: {error}", file.display()))
}

fn bars(title: &str, all: &[Bars], file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let count = u32::try_from(all.len())?;
    let area =
        SVGBackend::new(file, (WIDTH, MARGIN_HEIGHT + LINE_HEIGHT * count)).into_drawing_area();
    area.fill(&WHITE)?;
    let longest = all.iter().map(|it| it.ours.max(it.beside));
    let highest = longest.fold(f64::MIN_POSITIVE, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(30)
        .build_cartesian_2d(0.0..highest * 1.1, 0.0..f64::from(count))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .draw()?;
    for (index, it) in all.iter().enumerate() {
        let top = f64::from(count) - index as f64;
        chart.draw_series([
            Rectangle::new([(0.0, top - 0.4), (it.ours, top - 0.65)], OURS.filled()),
            Rectangle::new(
                [(0.0, top - 0.67), (it.beside, top - 0.9)],
                REFERENCE.filled(),
            ),
        ])?;
        chart.draw_series([Text::new(
            it.label.clone(),
            (0.0, top - 0.1),
            ("sans-serif", 14),
        )])?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::measure::Sample;

    #[test]
    fn rates_and_the_figures_of_each_unit_get_a_plot_also_without_a_reference() {
        let mut report = Report::new("it", Vec::new());
        report.lines = vec![Line::new("a rate", vec![Sample::of_rate(5.0)])];
        report.facts = vec![
            Fact::new("a time", 3.0, "ms", 20.0),
            Fact::new("a gap", 0.0, "%", None),
        ];
        let directory = tempfile::tempdir().unwrap();
        draw(&report, directory.path()).unwrap();
        for (file, text) in [
            ("it.svg", "a rate"),
            ("it-ms.svg", "a time: 3.00 ms"),
            ("it-percent.svg", "a gap: 0.00 %"),
        ] {
            let drawn = std::fs::read_to_string(directory.path().join(file)).unwrap();
            assert!(drawn.contains(text), "{file} does not show {text:?}");
        }
    }
}
