//! The statements of grants and policies, and of a transaction that names its organization.

use std::fmt::Write as _;

use uuid::Uuid;

use super::rights::{Access, Rows};
use crate::role;

/// The setting that holds the organization at hand. It is only ever set for the length of a transaction.
const SETTING: &str = "insightdesk.organization";
/// The column of the organization, in every table that has one.
const COLUMN: &str = "org_id";

/// Begins a transaction that reads what is of one organization: policies let nothing else through, and nothing at all
/// where no such transaction was begun.
///
/// The text goes before the query and `COMMIT` after it without waiting for answers, so that all three take one round trip.
#[must_use]
pub fn begin(organization: Uuid) -> String {
    format!("BEGIN READ ONLY; {}", name(organization))
}

/// Names the organization in a transaction that has begun.
#[must_use]
pub fn name(organization: Uuid) -> String {
    // The text of an id has hexadecimal digits and hyphens alone.
    format!("SET LOCAL {SETTING} TO '{organization}'")
}

/// The organization at hand. After a transaction the setting is empty, and before the first there is none; both are no
/// organization. It is stable, so it is computed once for a scan, and compared with the organization that the statement names
/// rather than with each row.
fn at_hand() -> String {
    format!("nullif(current_setting('{SETTING}', true), '')::uuid")
}

/// Which rows there are.
fn condition(rows: Rows) -> String {
    let at_hand = at_hand();
    match rows {
        Rows::All => "true".to_owned(),
        Rows::OfOrganization => format!("{COLUMN} = {at_hand}"),
        Rows::OfOrganizationOnceKnown => format!("{at_hand} IS NULL OR {COLUMN} = {at_hand}"),
        Rows::BySubjectOnceKnown => {
            format!("{at_hand} IS NULL OR starts_with(subject, {at_hand}::text || ':')")
        }
    }
}

/// States the rights on a table anew: what was granted otherwise is taken back. To be run by its owner.
#[must_use]
pub fn grants(access: &Access) -> String {
    let table = access.table;
    let others = role::ALL.iter().filter(|role| **role != role::OWNER);
    let others: Vec<&str> = others.map(|role| role.name()).collect();
    let mut statements = format!(
        "REVOKE ALL ON {table} FROM PUBLIC, {}; ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ",
        others.join(", ")
    );
    for role in &others {
        // Writing to a String cannot fail.
        let _ = write!(statements, "DROP POLICY IF EXISTS {role} ON {table}; ");
    }
    for right in access.rights {
        let (role, privileges) = (right.role, right.privileges);
        let condition = condition(right.rows);
        // Without WITH CHECK the condition holds for rows that are written, too.
        let _ = write!(
            statements,
            "GRANT {privileges} ON {table} TO {role}; \
             CREATE POLICY {role} ON {table} TO {role} USING ({condition}); "
        );
    }
    statements
}
