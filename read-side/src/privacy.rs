//! Private teams: for an agent or lead who is no member there is neither the team nor any of its tickets.
//!
//! Lists leave them out in their statement. A single ticket is looked at after it was read, from wherever: the caches hold
//! rows, and a row says nothing about who looks (see [`crate::private_teams`]).

use std::collections::BTreeSet;

use const_format::formatcp;
use domain::ids::{TeamId, TicketId};
use event_store::Position;
use platform::rows::{AuditRow, Change, HistoryRow, Row, TeamRow, TicketRow};
use schema::projection::CORE;
use serde_json::Value;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::private_teams::HiddenTeams;
use crate::viewer::Viewer;

/// The field of a history's change that names a ticket.
const FOLLOW_UPS: &str = "follow_up_ids";
/// The field of a history's change that names teams.
const TEAM: &str = "team";

/// The private teams of an organization in which a person is not: an array of their ids. The parameters are partition,
/// organization and person; nobody's are none.
macro_rules! hidden_teams {
    ($partition:literal, $org:literal, $person:literal) => {
        const_format::formatcp!(
            "ARRAY(SELECT hidden.team_id FROM {}.{} AS hidden WHERE hidden.partition = {} AND hidden.org_id = {} \
             AND hidden.private AND {}::uuid IS NOT NULL AND NOT ({}::uuid = ANY(hidden.member_ids)))",
            schema::projection::CORE,
            schema::table::core::TEAMS,
            $partition,
            $org,
            $person,
            $person
        )
    };
}
pub(crate) use hidden_teams;

const HIDDEN_TICKETS: &str = formatcp!(
    "SELECT ticket_id FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND ticket_id = ANY($3) AND team_id = ANY({})",
    <TicketRow as Row>::TABLE,
    hidden_teams!("$1", "$2", "$4")
);

/// Adds the condition that a ticket's team is not hidden from the viewer; no team is not.
///
/// PostgreSQL takes a list that it does not know for ten teams, of which few tickets have none: it would read all with a tag
/// and sort them, where the newest are met soon. Of an array that contains something it expects little.
pub(crate) fn push_visible(statement: &mut Statement, viewer: &Viewer) {
    let Some(member) = viewer.only_member() else {
        return;
    };
    statement.push(" AND NOT (");
    push_hidden_teams(statement, viewer, member);
    statement.push(" @> ARRAY[team_id])");
}

/// Adds the same to rows of the past: neither the team of then nor that of the ticket as it is now is hidden, for the rights of
/// now hold for the past. `row` is what the statement calls the rows.
pub(crate) fn push_visible_past(statement: &mut Statement, viewer: &Viewer, row: &str) {
    push_visible(statement, viewer);
    if let Some(member) = viewer.only_member() {
        statement.push(" AND ");
        push_ticket_visible(statement, viewer, member, row);
    }
}

/// Adds that the ticket of a row is not one that a team has now which `member` is not in and does not see.
pub(crate) fn push_ticket_visible(
    statement: &mut Statement,
    viewer: &Viewer,
    member: Uuid,
    row: &str,
) {
    statement
        .push(formatcp!(
            "NOT EXISTS (SELECT 1 FROM {CORE}.{} AS held WHERE held.partition = ",
            <TicketRow as Row>::TABLE
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND held.org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(&format!(
            " AND held.ticket_id = {row}.ticket_id AND held.team_id = ANY ("
        ));
    push_hidden_teams(statement, viewer, member);
    statement.push("))");
}

/// Adds the condition to sums, in which no team has an id of its own.
pub(crate) fn push_visible_sums(statement: &mut Statement, viewer: &Viewer) {
    if let Some(member) = viewer.only_member() {
        statement.push(" AND team_id <> ALL (");
        push_hidden_teams(statement, viewer, member);
        statement.push(")");
    }
}

/// Adds the private teams that `member` is not in: an array of their ids.
pub(crate) fn push_hidden_teams(statement: &mut Statement, viewer: &Viewer, member: Uuid) {
    statement
        .push(formatcp!(
            "ARRAY(SELECT hidden.team_id FROM {CORE}.{} AS hidden WHERE hidden.partition = ",
            <TeamRow as Row>::TABLE
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND hidden.org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(" AND hidden.private AND NOT (")
        .bind(member, Type::UUID)
        .push(" = ANY(hidden.member_ids)))");
}

impl ReadModels {
    /// Whether a ticket is hidden from the viewer for its team, by what the teams were at `at_least` this position or
    /// later.
    pub(crate) async fn hides_team(
        &self,
        viewer: &Viewer,
        team_id: Option<TeamId>,
        at_least: Position,
    ) -> Result<bool, ReadError> {
        let Some(team_id) = team_id else {
            return Ok(false);
        };
        let hidden = self.hidden_teams(viewer, at_least).await?;
        Ok(hidden.is_some_and(|hidden| hidden.hide(team_id)))
    }

    /// Takes hidden teams out of what changed: settings name teams.
    pub(crate) async fn hide_teams_of_audit<'a>(
        &self,
        viewer: &Viewer,
        rows: impl Iterator<Item = &'a mut AuditRow>,
    ) -> Result<(), ReadError> {
        let at_least = self.now(viewer.tenant).await.position;
        let Some(hidden) = self.hidden_teams(viewer, at_least).await? else {
            return Ok(());
        };
        for change in rows.flat_map(|row| &mut row.changes.0) {
            hidden.cut(&mut change.from);
            hidden.cut(&mut change.to);
        }
        Ok(())
    }

    /// Takes out of tickets what refers to tickets that are hidden from the viewer.
    pub(crate) async fn hide_links(
        &self,
        viewer: &Viewer,
        rows: &mut [TicketRow],
    ) -> Result<(), ReadError> {
        let links = |row: &TicketRow| {
            let continued = row.follow_up_of.into_iter();
            continued.chain(row.follow_up_ids.clone())
        };
        let linked: Vec<Uuid> = rows.iter().flat_map(links).map(|id| id.0).collect();
        let hidden = self.hidden_among(viewer, linked).await?;
        for row in rows.iter_mut().filter(|_| !hidden.is_empty()) {
            row.follow_up_of = row.follow_up_of.filter(|id| !hidden.contains(id));
            row.follow_up_ids.retain(|id| !hidden.contains(id));
        }
        Ok(())
    }

    /// Takes out of histories what is hidden from the viewer today: hidden teams are not named, and a change that names a hidden
    /// ticket is left out of its entry.
    pub(crate) async fn hide_of_history(
        &self,
        viewer: &Viewer,
        rows: &mut [HistoryRow],
    ) -> Result<(), ReadError> {
        let at_least = self.now(viewer.tenant).await.position;
        if let Some(hidden) = self.hidden_teams(viewer, at_least).await? {
            rows.iter_mut().for_each(|row| unname_teams(row, &hidden));
        }
        self.hide_links_of_history(viewer, rows).await
    }

    async fn hide_links_of_history(
        &self,
        viewer: &Viewer,
        rows: &mut [HistoryRow],
    ) -> Result<(), ReadError> {
        let changes = rows.iter().flat_map(|row| &row.changes.0);
        let linked: Vec<Uuid> = changes.filter_map(linked).map(|id| id.0).collect();
        let hidden = self.hidden_among(viewer, linked).await?;
        for row in rows.iter_mut().filter(|_| !hidden.is_empty()) {
            let is_shown = |change: &Change| linked_is_shown(change, &hidden);
            row.changes.0.retain(is_shown);
        }
        Ok(())
    }

    /// Which of these tickets are hidden from the viewer for their team.
    pub(crate) async fn hidden_among(
        &self,
        viewer: &Viewer,
        tickets: Vec<Uuid>,
    ) -> Result<BTreeSet<TicketId>, ReadError> {
        let Some(member) = viewer.only_member().filter(|_| !tickets.is_empty()) else {
            return Ok(BTreeSet::new());
        };
        let tenant = viewer.tenant;
        let rows = self
            .database
            .query(
                tenant,
                HIDDEN_TICKETS,
                &[&tenant.partition.get(), &tenant.org_id.0, &tickets, &member],
            )
            .await?;
        let ids = rows.iter().map(|row| row.try_get(0).map(TicketId));
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

/// Takes hidden teams out of an entry. A change from one to another, or to none, is no change for the viewer.
fn unname_teams(row: &mut HistoryRow, hidden: &HiddenTeams) {
    let is_hidden = |team: &TeamId| hidden.hide(*team);
    let hides_former = row.former_team_id.take_if(|team| is_hidden(team)).is_some();
    let hides_later = row.team_id.take_if(|team| is_hidden(team)).is_some();
    if hides_later {
        row.team_name = None;
    }
    row.changes.0.retain_mut(|change| {
        if change.field != TEAM {
            return true;
        }
        if hides_former {
            change.from = Value::Null;
        }
        if hides_later {
            change.to = Value::Null;
        }
        !(change.from.is_null() && change.to.is_null())
    });
}

/// The ticket that a change names.
fn linked(change: &Change) -> Option<TicketId> {
    let named = change.to.as_str().filter(|_| change.field == FOLLOW_UPS)?;
    named.parse().ok().map(TicketId)
}

fn linked_is_shown(change: &Change, hidden: &BTreeSet<TicketId>) -> bool {
    linked(change).is_none_or(|id| !hidden.contains(&id))
}
