//! What of the open tickets decides which policy they are under.

use const_format::formatcp;
use domain::ids::{CompanyId, TeamId};
use domain::sla::policy::TicketFacts;
use domain::text::Tag;
use domain::ticket::state::{Channel, Priority};
use platform::rows::{Column, CustomFields, Row, TicketRow, UserRow};
use schema::projection::CORE;
use std::collections::BTreeSet;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::TICKETS_MAX;
use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::privacy::push_visible;
use crate::viewer::{Tenant, Viewer};

/// What decides which policy an open ticket is under.
pub(super) struct Facts {
    pub(super) ticket_id: Uuid,
    priority: Priority,
    channel: Channel,
    team_id: Option<TeamId>,
    tags: BTreeSet<Tag>,
    custom_fields: CustomFields,
    pub(super) company_id: Option<CompanyId>,
}

impl Facts {
    pub(super) fn of(&self) -> TicketFacts<'_> {
        TicketFacts {
            priority: self.priority,
            channel: self.channel,
            team_id: self.team_id,
            tags: &self.tags,
            company_id: self.company_id,
            custom_fields: &self.custom_fields.0,
        }
    }
}

impl ReadModels {
    /// The facts of the open tickets of which something is promised, the newest first, one more than is looked at. Imported
    /// tickets are under no policy.
    pub(super) async fn facts(
        &self,
        viewer: &Viewer,
        after: Option<Uuid>,
    ) -> Result<Vec<Facts>, ReadError> {
        let Tenant { partition, org_id } = viewer.tenant;
        let mut statement = Statement::default();
        statement
            .push(formatcp!(
                "SELECT ticket_id, priority, channel, team_id, tags, custom_fields, \
                        (SELECT requester.company_id FROM {CORE}.{} AS requester WHERE requester.partition = ",
                <UserRow as Row>::TABLE
            ))
            .bind(partition.get(), Type::INT2)
            .push(" AND requester.org_id = ")
            .bind(org_id.0, Type::UUID)
            .push(formatcp!(
                " AND requester.user_id = requester_id) AS company_id FROM {CORE}.{} WHERE partition = ",
                <TicketRow as Row>::TABLE
            ))
            .bind(partition.get(), Type::INT2)
            .push(" AND org_id = ")
            .bind(org_id.0, Type::UUID)
            .push(" AND number > 0 AND status IN ('new', 'open', 'pending', 'on_hold') AND clocks -> 'rule' IS NOT NULL");
        if let Some(after) = after {
            statement.push(" AND ticket_id < ").bind(after, Type::UUID);
        }
        push_visible(&mut statement, viewer);
        let rows = i64::try_from(TICKETS_MAX + 1).unwrap_or(i64::MAX);
        statement
            .push(" ORDER BY ticket_id DESC LIMIT ")
            .bind(rows, Type::INT8);
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        rows.iter().map(facts_of).collect()
    }
}

fn facts_of(row: &tokio_postgres::Row) -> Result<Facts, ReadError> {
    let tags: Vec<String> = row.try_get("tags")?;
    let company_id: Option<Uuid> = row.try_get("company_id")?;
    Ok(Facts {
        ticket_id: row.try_get("ticket_id")?,
        priority: Priority::read(row, 1)?,
        channel: Channel::read(row, 2)?,
        team_id: Column::read(row, 3)?,
        // What is in the read models was a tag when it was given.
        tags: tags.iter().filter_map(|tag| Tag::parse(tag).ok()).collect(),
        custom_fields: row.try_get("custom_fields")?,
        company_id: company_id.map(CompanyId),
    })
}
