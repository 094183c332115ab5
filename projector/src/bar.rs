//! The progress bar of a rebuild: position, rate and time left.

use indicatif::{ProgressBar, ProgressStyle};

use crate::fill::{Phase, RebuildProgress};

const TEMPLATE: &str = "{msg:<10} {wide_bar} {human_pos}/{human_len} events, {per_sec}, {eta} left";

/// A bar on the terminal that follows a rebuild or a check. It draws nothing when there is no terminal.
#[derive(Debug, Clone)]
pub struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        let bar = ProgressBar::new(0);
        // A template that does not parse leaves the standard one; a test sees to ours.
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Bar {
    /// Shows this progress.
    pub fn show(&self, progress: RebuildProgress) {
        self.0
            .set_length(u64::try_from(progress.total).unwrap_or_default());
        self.0
            .set_position(u64::try_from(progress.done).unwrap_or_default());
        self.0.set_message(match progress.phase {
            Phase::Filling => "filling",
            Phase::Indexing => "indexing",
            Phase::Switching => "switching",
            Phase::Comparing => "comparing",
        });
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
