//! Tables of numbers, each of which leads to what it counts.

use askama::Template;

/// Rows that are shown at once; the others on demand.
const ROWS_AT_ONCE: usize = 10;

/// A number in words, with where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) link: Option<String>,
    /// What it leads to, where the words do not say how much.
    pub(super) title: Option<String>,
}

impl Cell {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            link: None,
            title: None,
        }
    }

    /// A number, that leads to what it counts unless that is nothing.
    pub(super) fn count(count: i64, link: Option<String>) -> Self {
        Self {
            text: count.to_string(),
            link: link.filter(|_| count > 0),
            title: None,
        }
    }

    /// A part or a time, that leads to what it was found from. The title says what and how much that is.
    pub(super) fn of(text: impl Into<String>, title: impl Into<String>, link: String) -> Self {
        Self {
            title: Some(title.into()),
            ..Self::link(text, link)
        }
    }

    /// Words that lead somewhere.
    pub(super) fn link(text: impl Into<String>, link: String) -> Self {
        Self {
            text: text.into(),
            link: Some(link),
            title: None,
        }
    }
}

/// A row of a table.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: Cell,
    /// How long its bar is, of a hundred; none where the table has no bars.
    pub(super) bar: Option<i64>,
    pub(super) cells: Vec<Cell>,
}

/// A table with its title.
#[derive(Template)]
#[template(path = "table.html")]
pub(super) struct Table {
    title: &'static str,
    columns: Vec<&'static str>,
    lines: Vec<Line>,
    /// What is shown on demand.
    more: Vec<Line>,
}

impl Table {
    /// The columns are those behind the name of a row.
    pub(super) fn new(
        title: &'static str,
        columns: Vec<&'static str>,
        mut lines: Vec<Line>,
    ) -> Self {
        let more = lines.split_off(ROWS_AT_ONCE.min(lines.len()));
        Self {
            title,
            columns,
            lines,
            more,
        }
    }

    /// All rows at once, for a table that is itself shown on demand.
    pub(super) fn whole(title: &'static str, columns: Vec<&'static str>, lines: Vec<Line>) -> Self {
        Self {
            title,
            columns,
            lines,
            more: Vec::new(),
        }
    }

    pub(super) fn title(&self) -> &'static str {
        self.title
    }

    fn has_bars(&self) -> bool {
        self.lines.iter().any(|line| line.bar.is_some())
    }
}
