//! A report as bars: ours and the reference of every line.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::measure::median;
use crate::report::{Line, Report};

const WIDTH: u32 = 1_000;
const LINE_HEIGHT: u32 = 60;
const MARGIN_HEIGHT: u32 = 90;
const OURS: RGBColor = RGBColor(31, 119, 180);
const REFERENCE: RGBColor = RGBColor(180, 180, 180);

/// Draws the lines that have a reference; nothing when none has.
///
/// # Errors
/// When the file cannot be written.
pub fn draw(report: &Report, file: &Path) -> Result<()> {
    let lines: Vec<&Line> = report
        .lines
        .iter()
        .filter(|line| line.reference.is_some())
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    bars(report.bench, &lines, file)
        .map_err(|error| anyhow!("{} cannot be drawn: {error}", file.display()))
}

fn bars(title: &str, lines: &[&Line], file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let count = u32::try_from(lines.len())?;
    let area =
        SVGBackend::new(file, (WIDTH, MARGIN_HEIGHT + LINE_HEIGHT * count)).into_drawing_area();
    area.fill(&WHITE)?;
    let rates = |line: &Line| {
        let reference = line.reference.as_ref().and_then(|it| median(&it.rounds));
        let ours = median(&line.rounds).map_or(0.0, |sample| sample.rate);
        (ours, reference.map_or(0.0, |sample| sample.rate))
    };
    let highest = lines
        .iter()
        .map(|line| rates(line))
        .fold(1.0_f64, |highest, (a, b)| highest.max(a).max(b));
    let mut chart = ChartBuilder::on(&area)
        .caption(
            format!("{title}: a second, beside the reference (grey)"),
            ("sans-serif", 18),
        )
        .margin(10)
        .x_label_area_size(30)
        .build_cartesian_2d(0.0..highest * 1.1, 0.0..f64::from(count))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .draw()?;
    for (index, line) in lines.iter().enumerate() {
        let top = f64::from(count) - index as f64;
        let (ours, reference) = rates(line);
        let ratio = line.ratio().unwrap_or(f64::NAN);
        chart.draw_series([
            Rectangle::new([(0.0, top - 0.4), (ours, top - 0.65)], OURS.filled()),
            Rectangle::new(
                [(0.0, top - 0.67), (reference, top - 0.9)],
                REFERENCE.filled(),
            ),
        ])?;
        let label = format!("{}: {ratio:.2}x", line.what);
        chart.draw_series([Text::new(label, (0.0, top - 0.1), ("sans-serif", 14))])?;
    }
    area.present()?;
    Ok(())
}
