//! The table of permissions for people.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use domain::actor::Role;
use platform::http::serve::BASE_PATH;
use platform::permission::{
    Access, Permission, ROLES, Row, SCOPES, TABLE, least_role, within_base,
};
use serde_json::Value;

/// The roles that others can be made of.
const STAFF: [Role; 3] = [Role::Agent, Role::Lead, Role::Admin];
/// A cell of what is allowed, and of what is not.
const CELLS: [&str; 2] = ["-", "yes"];

/// Every operation with its request and who may send it, as a Markdown table whose columns are aligned.
///
/// # Errors
/// When the API cannot be described, or the table has an operation that the API does not have.
pub fn table() -> Result<String> {
    let spec = serde_json::from_str(&crate::http::openapi()?)?;
    let requests = requests(&spec);
    let mut header = vec!["operation".to_owned(), "request".to_owned()];
    header.push("no token".to_owned());
    header.extend(ROLES.map(|role| role.as_str().to_owned()));
    header.push("of these only".to_owned());
    let mut lines = vec![header];
    for row in TABLE {
        let request = requests.get(row.operation).with_context(|| {
            format!(
                "the API has no operation {}: take its row out of the table of permissions",
                row.operation
            )
        })?;
        lines.push(cells(row, request));
    }
    Ok(aligned(&lines))
}

/// Every scope of an API key with what it gives, as a Markdown table whose columns are aligned.
#[must_use]
pub fn scopes() -> String {
    let mut lines = vec![["scope", "acts as", "gives"].map(str::to_owned).to_vec()];
    for scope in SCOPES {
        let role = least_role(scope.permissions).as_str();
        lines.push([scope.name, role, scope.gives].map(str::to_owned).to_vec());
    }
    aligned(&lines)
}

/// Every permission with the built-in roles of which a role of an organization's own may be made that has it.
#[must_use]
pub fn permissions() -> String {
    let mut header = vec!["permission".to_owned()];
    header.extend(STAFF.map(|role| format!("made of {}", role.as_str())));
    let mut lines = vec![header];
    for permission in Permission::ALL {
        let cell = |role| CELLS[usize::from(within_base(role).has(*permission))].to_owned();
        let mut line = vec![permission.as_str().to_owned()];
        line.extend(STAFF.map(cell));
        lines.push(line);
    }
    aligned(&lines)
}

fn cells(row: &Row, request: &str) -> Vec<String> {
    let cell = |is_allowed: bool| CELLS[usize::from(is_allowed)].to_owned();
    let mut cells = vec![row.operation.to_owned(), request.to_owned()];
    cells.push(cell(row.access == Access::Public));
    cells.extend(ROLES.map(|role: Role| cell(row.allows_role(role))));
    cells.push(row.within.to_owned());
    cells
}

/// Method and path of each operation by its id.
fn requests(spec: &Value) -> HashMap<&str, String> {
    let paths = spec["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().into_iter().flatten();
        operations.map(move |(method, operation)| (path, method, operation))
    });
    operations
        .filter_map(|(path, method, operation)| {
            let id = operation["operationId"].as_str()?;
            Some((id, format!("{} {BASE_PATH}{path}", method.to_uppercase())))
        })
        .collect()
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or_default()).collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            // Writing to a text does not fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if index == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}
