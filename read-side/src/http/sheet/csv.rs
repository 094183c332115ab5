//! Comma-separated values (RFC 4180), for spreadsheets.

use super::{Cells, Sheet};

/// What a spreadsheet takes for a formula when a cell begins with it (OWASP, "CSV Injection").
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The names of the columns, and a line for each row.
pub(in crate::http) fn csv(sheet: &Sheet) -> String {
    let mut text = line(sheet.columns.iter().map(|column| column.name.to_owned()));
    let columns = sheet.columns.iter().map(|column| texts(&column.cells));
    let mut columns: Vec<_> = columns.map(Vec::into_iter).collect();
    while let Some(cells) = columns.iter_mut().map(Iterator::next).collect() {
        let cells: Vec<String> = cells;
        text += &line(cells.into_iter());
    }
    text
}

fn texts(cells: &Cells) -> Vec<String> {
    match cells {
        Cells::Dates(cells) => printed(cells),
        Cells::Ids(cells) => printed(cells),
        Cells::Texts(cells) => printed(cells),
        Cells::Integers(cells) => printed(cells),
        Cells::Numbers(cells) => printed(cells),
    }
}

fn printed<T: ToString>(cells: &[Option<T>]) -> Vec<String> {
    let printed = |cell: &Option<T>| cell.as_ref().map(ToString::to_string).unwrap_or_default();
    cells.iter().map(printed).collect()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|text| cell(&text)).collect();
    cells.join(",") + "\r\n"
}

/// A cell that is text to every spreadsheet: what would be a formula begins with an apostrophe. Numbers are safe as they are.
fn cell(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok();
    let guarded = match text.starts_with(FORMULA) && !is_number {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    if guarded.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rows;
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@SUM(A1), B"), "\"'@SUM(A1), B\"");
        assert_eq!(cell("say \"no\""), "\"say \"\"no\"\"\"");
        assert_eq!(cell("-12"), "-12");
        assert_eq!(cell("plain"), "plain");
    }

    #[test]
    fn a_row_is_a_line_and_an_empty_cell_nothing() {
        let rows = Rows(&[(1, Some("=A1")), (-2, None)]);
        let sheet = |rows: &Rows<'_, (i64, Option<&str>)>| Sheet {
            name: "pairs",
            columns: vec![
                rows.required("number", |row| row.0),
                rows.optional("text", |row| row.1.map(str::to_owned)),
            ],
        };
        assert_eq!(csv(&sheet(&rows)), "number,text\r\n1,'=A1\r\n-2,\r\n");
        assert_eq!(csv(&sheet(&Rows(&[]))), "number,text\r\n");
    }
}
