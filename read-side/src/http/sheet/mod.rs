//! Reports as tables, which spreadsheets and tools for data read: one table, and a writer for each kind of file.

mod attainment;
mod csv;
mod figures;
mod file;
mod messages;
mod parquet;
mod workload;

use chrono::NaiveDate;
use uuid::Uuid;

pub(super) use attainment::attainment_sheet;
pub(super) use csv::csv;
pub(super) use figures::figure_sheet;
pub(super) use file::{FileAnswer, FormatView};
pub(super) use messages::message_sheet;
pub(super) use parquet::parquet;
pub(super) use workload::workload_sheet;

use crate::reports::Named;
use crate::reports::figures::Key;

/// A table. Every column has a cell for each row.
pub(super) struct Sheet {
    /// What the rows are, in one word.
    name: &'static str,
    columns: Vec<Column>,
}

/// The cells of one name.
struct Column {
    name: &'static str,
    /// Whether no cell is empty, in any report.
    is_required: bool,
    cells: Cells,
}

/// Cells of one kind.
enum Cells {
    Dates(Vec<Option<NaiveDate>>),
    Ids(Vec<Option<Uuid>>),
    Texts(Vec<Option<String>>),
    Integers(Vec<Option<i64>>),
    Numbers(Vec<Option<f64>>),
}

/// What the rows of a table are made of.
struct Rows<'a, T>(&'a [T]);

impl<T> Rows<'_, T> {
    /// A column without empty cells.
    fn required<Cell>(&self, name: &'static str, cell: impl Fn(&T) -> Cell) -> Column
    where
        Cells: From<Vec<Option<Cell>>>,
    {
        Column {
            is_required: true,
            ..self.optional(name, |row| Some(cell(row)))
        }
    }

    /// A column of which cells may be empty.
    fn optional<Cell>(&self, name: &'static str, cell: impl Fn(&T) -> Option<Cell>) -> Column
    where
        Cells: From<Vec<Option<Cell>>>,
    {
        let cells: Vec<Option<Cell>> = self.0.iter().map(cell).collect();
        Column {
            name,
            is_required: false,
            cells: cells.into(),
        }
    }
}

impl From<Vec<Option<NaiveDate>>> for Cells {
    fn from(cells: Vec<Option<NaiveDate>>) -> Self {
        Self::Dates(cells)
    }
}

impl From<Vec<Option<Uuid>>> for Cells {
    fn from(cells: Vec<Option<Uuid>>) -> Self {
        Self::Ids(cells)
    }
}

impl From<Vec<Option<String>>> for Cells {
    fn from(cells: Vec<Option<String>>) -> Self {
        Self::Texts(cells)
    }
}

impl From<Vec<Option<i64>>> for Cells {
    fn from(cells: Vec<Option<i64>>) -> Self {
        Self::Integers(cells)
    }
}

impl From<Vec<Option<f64>>> for Cells {
    fn from(cells: Vec<Option<f64>>) -> Self {
        Self::Numbers(cells)
    }
}

/// The id of what a group has in common, if that has one.
fn key_id(key: Option<&Key>) -> Option<Uuid> {
    match key? {
        Key::Team(team) => team.as_ref().map(|team| team.id.0),
        Key::Agent(agent) => agent.as_ref().map(|agent| agent.id.0),
        Key::Tag(_) | Key::Channel(_) | Key::Priority(_) => None,
    }
}

/// The name of what a group has in common, as far as it has one.
fn key_name(key: Option<&Key>) -> Option<String> {
    match key? {
        Key::Team(team) => name(team.as_ref()),
        Key::Agent(agent) => name(agent.as_ref()),
        Key::Tag(tag) => tag.clone(),
        Key::Channel(channel) => Some(channel.as_str().to_owned()),
        Key::Priority(priority) => Some(priority.as_str().to_owned()),
    }
}

fn name<Id>(named: Option<&Named<Id>>) -> Option<String> {
    named?.name.clone()
}
