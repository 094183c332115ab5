//! Everything that is held about a person, in pages: their tickets, what they wrote, what others wrote on their tickets,
//! what they did, what the audit says about them, and the views that they keep for themselves.

use const_format::formatcp;
use domain::ids::{UserId, ViewId};
use platform::rows::{AuditRow, HistoryRow, MessageRow, Row, TicketRow, ViewRow};
use schema::projection::{CORE, LISTED_MESSAGES, LISTED_TICKETS};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::privacy::hidden_teams;
use crate::viewer::Viewer;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::Limit;

/// The private teams that the viewer, `$6`, is not in.
const HIDDEN_TEAMS: &str = hidden_teams!("$1", "$2", "$6");
const HIDDEN_TICKETS: &str = formatcp!(
    "SELECT ticket_id FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND team_id = ANY({HIDDEN_TEAMS}) AND {LISTED_TICKETS}",
    <TicketRow as Row>::TABLE
);
const TICKETS: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND requester_id = $3 AND {LISTED_TICKETS} AND number > $4 AND (team_id IS NULL OR team_id <> ALL ({HIDDEN_TEAMS}))
     ORDER BY number LIMIT $5",
    <TicketRow as Row>::COLUMNS,
    <TicketRow as Row>::TABLE
);
const WRITTEN: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND author_id = $3 AND {LISTED_MESSAGES} AND position > $4 AND ticket_id NOT IN ({HIDDEN_TICKETS})
     ORDER BY position LIMIT $5",
    <MessageRow as Row>::COLUMNS,
    <MessageRow as Row>::TABLE
);
const RECEIVED: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND author_id <> $3 AND {LISTED_MESSAGES} AND position > $4 AND ticket_id IN
       (SELECT ticket_id FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND requester_id = $3 AND {LISTED_TICKETS}
          AND (team_id IS NULL OR team_id <> ALL ({HIDDEN_TEAMS})))
     ORDER BY position LIMIT $5",
    <MessageRow as Row>::COLUMNS,
    <MessageRow as Row>::TABLE,
    <TicketRow as Row>::TABLE
);
const DONE: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND actor_id = $3 AND position > $4 AND ticket_id NOT IN ({HIDDEN_TICKETS})
     ORDER BY position LIMIT $5",
    <HistoryRow as Row>::COLUMNS,
    <HistoryRow as Row>::TABLE
);

const AUDITED: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND (actor_id = $3 OR subject_id = $3) AND position > $4
       AND ($6::uuid IS NULL OR event_type <> 'message.redacted') AND (resource_type <> 'team' OR resource_id <> ALL ({HIDDEN_TEAMS}))
     ORDER BY position LIMIT $5",
    <AuditRow as Row>::COLUMNS,
    <AuditRow as Row>::TABLE
);

/// They have no number to go on by, but an id that stays whatever becomes of the others and of their names. They are the
/// person's own, in no team.
const KEPT: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND person_id = $3 AND NOT deleted AND view_id > $4
     ORDER BY view_id LIMIT $5",
    <ViewRow as Row>::COLUMNS,
    <ViewRow as Row>::TABLE
);

/// A part of what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum Section {
    #[default]
    Tickets,
    Written,
    Received,
    Done,
    Audited,
    Kept,
}

/// Where an export goes on: within a section after a number, a position or a view, from its beginning after 0 or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Place {
    #[serde(rename = "s")]
    section: Section,
    #[serde(rename = "a")]
    after: i64,
    /// Absent from cursors that counted views: they begin with the first once more.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    after_view: Option<ViewId>,
}

/// The export of a person, from the beginning or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    user_id: UserId,
    /// Whether the audit is a part of it.
    is_audited: bool,
    fingerprint: Fingerprint,
    place: Place,
}

/// A page of an export.
#[derive(Debug, Default)]
pub struct ExportPage {
    /// The tickets that they asked for.
    pub tickets: Vec<TicketRow>,
    /// What they wrote, then what others wrote on their tickets, notes included.
    pub messages: Vec<MessageRow>,
    /// What they did on tickets.
    pub acts: Vec<HistoryRow>,
    /// What the audit holds of what they did and of what concerns them.
    pub audit: Vec<AuditRow>,
    /// The views that they keep for themselves.
    pub views: Vec<ViewRow>,
    /// Where it goes on, if it does.
    pub next_cursor: Option<String>,
}

impl ExportPage {
    fn count(&self) -> usize {
        let of_tickets = self.tickets.len() + self.messages.len() + self.acts.len();
        of_tickets + self.audit.len() + self.views.len()
    }
}

impl Export {
    /// What is held about a person; with what the audit says, if the viewer may read that.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another person.
    pub fn new(
        user_id: UserId,
        is_audited: bool,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("export", &user_id);
        let place = cursor
            .map(|text| cursor::decode(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            user_id,
            is_audited,
            fingerprint,
            place: place.unwrap_or_default(),
        })
    }
}

impl ReadModels {
    /// One page of an export, without what is hidden from the viewer. It may be shorter than the limit and yet not the last.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn export(
        &self,
        viewer: &Viewer,
        export: &Export,
        limit: Limit,
    ) -> Result<ExportPage, ReadError> {
        let mut page = ExportPage::default();
        let mut place = Some(export.place);
        while let Some(from) = place {
            let left = limit.items().saturating_sub(page.count());
            if left == 0 {
                break;
            }
            if from.section == Section::Audited && !export.is_audited {
                place = next(from.section);
                continue;
            }
            let added = self.section(viewer, export.user_id, from, left, &mut page);
            place = added.await?.or_else(|| next(from.section));
        }
        self.hide_links(viewer, &mut page.tickets).await?;
        self.hide_of_history(viewer, &mut page.acts).await?;
        let audit = page.audit.iter_mut();
        self.hide_teams_of_audit(viewer, audit).await?;
        page.next_cursor = place.map(|place| cursor::encode(&export.fingerprint, place));
        Ok(page)
    }

    /// Adds rows of a section. Gives where it goes on when it may have more.
    async fn section(
        &self,
        viewer: &Viewer,
        user_id: UserId,
        from: Place,
        limit: usize,
        page: &mut ExportPage,
    ) -> Result<Option<Place>, ReadError> {
        let statement = match from.section {
            Section::Tickets => TICKETS,
            Section::Written => WRITTEN,
            Section::Received => RECEIVED,
            Section::Done => DONE,
            Section::Audited => AUDITED,
            Section::Kept => KEPT,
        };
        let tenant = viewer.tenant;
        // At most 100.
        let rows_max = i64::try_from(limit).unwrap_or(i64::MAX);
        let (partition, member) = (tenant.partition.get(), viewer.only_member());
        let after_view = from.after_view.map_or(Uuid::nil(), |id| id.0);
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![
            &partition,
            &tenant.org_id.0,
            &user_id.0,
            &from.after,
            &rows_max,
            &member,
        ];
        if from.section == Section::Kept {
            values.truncate(5);
            values[3] = &after_view;
        }
        let rows = self.database.query(tenant, statement, &values).await?;
        let is_full = rows.len() == limit;
        let at = |after: i64| Place { after, ..from };
        let last = match from.section {
            Section::Tickets => extend(&mut page.tickets, &rows, |row| at(row.number))?,
            Section::Written | Section::Received => {
                extend(&mut page.messages, &rows, |row| at(row.position))?
            }
            Section::Done => extend(&mut page.acts, &rows, |row| at(row.position))?,
            Section::Audited => extend(&mut page.audit, &rows, |row| at(row.position))?,
            Section::Kept => extend(&mut page.views, &rows, |row| Place {
                after_view: Some(row.view_id),
                ..from
            })?,
        };
        Ok(last.filter(|_| is_full))
    }
}

fn next(section: Section) -> Option<Place> {
    let section = match section {
        Section::Tickets => Section::Written,
        Section::Written => Section::Received,
        Section::Received => Section::Done,
        Section::Done => Section::Audited,
        Section::Audited => Section::Kept,
        Section::Kept => return None,
    };
    Some(Place {
        section,
        ..Place::default()
    })
}

/// Adds the rows and gives the place of the last.
fn extend<R: Row>(
    to: &mut Vec<R>,
    rows: &[SqlRow],
    place: impl Fn(&R) -> Place,
) -> Result<Option<Place>, ReadError> {
    for row in rows {
        to.push(R::from_row(row)?);
    }
    Ok(to.last().map(place).filter(|_| !rows.is_empty()))
}

#[cfg(test)]
mod plans {
    use super::KEPT;
    use crate::explain::{database, prepared_plan};

    /// Twenty thousand views of four thousand people.
    const VIEWS: &str = "
        INSERT INTO core.views (partition, org_id, view_id, person_id, name, query, sort, columns, deleted, version, created_at,
            updated_at)
        SELECT 1, '00000000-0000-0000-0000-000000000001', gen_random_uuid(),
            ('00000000-0000-0000-0001-' || lpad((n % 4000)::text, 12, '0'))::uuid, 'V', '', 'updated_at', '{}', false, 1, now(),
            now()
        FROM generate_series(1, 20000) AS n";

    #[tokio::test]
    async fn the_views_of_a_person_are_found_along_their_index() {
        let client = database("plans_of_exports", VIEWS).await;
        let types = "smallint, uuid, uuid, uuid, bigint";
        let values = "1::smallint, '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0001-000000000007',
            '00000000-0000-0000-0000-000000000000', 25";
        let told = prepared_plan(&client, types, KEPT, values).await;
        assert!(
            told.contains("views_of_person") && !told.contains("Seq Scan"),
            "{told}"
        );
    }
}
