//! `GET /users/{id}/export`.

use domain::ids::UserId;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::{MessageView, PersonAccessView, SavedViewView, TicketView, UserView};
use platform::permission::Permission;
use poem::Request;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::audit::{self, AuditEntryView};
use super::history::{HistoryEntryView, entry};
use super::page::{Found, limit};
use super::session::{Session, refused};
use super::{Exports, Tag, views};
use crate::export::Export;
use crate::models::ReadModels;

/// What is held about a person, or a part of it.
#[derive(Debug, Object)]
#[oai(rename = "PersonExport", skip_serializing_if_is_none)]
struct PersonExportView {
    /// Who they are.
    user: UserView,
    /// The tickets that they asked for, by number.
    tickets: Vec<TicketView>,
    /// What they wrote, then what others wrote on their tickets, internal notes included.
    messages: Vec<MessageView>,
    /// What they did on tickets.
    acts: Vec<ActView>,
    /// What the audit holds of what they did and of what concerns them, for those who may read it.
    audit: Vec<AuditEntryView>,
    /// The views that they keep for themselves, by name.
    views: Vec<SavedViewView>,
    /// Their ways in, and what is on its way to them: in the first part, for those who may see the sessions of others.
    access: Option<PersonAccessView>,
    /// Send it as `cursor` to get the next part. Absent on the last.
    next_cursor: Option<String>,
}

/// Something that a person did.
#[derive(Debug, Object)]
#[oai(rename = "PersonAct", skip_serializing_if_is_none)]
struct ActView {
    /// The ticket.
    ticket_id: Uuid,
    /// What they did.
    entry: HistoryEntryView,
}

pub(super) struct ExportQueries {
    pub(super) models: ReadModels,
    pub(super) exports: Exports,
}

#[OpenApi(tag = "Tag::Users")]
impl ExportQueries {
    /// Export what is held about a person
    ///
    /// Their profile, the tickets that they asked for, the messages that they wrote and those of others on their tickets
    /// (look at the internal notes before you hand them out), what they did, what the audit says about them, the views that
    /// they keep for themselves, and their ways in, in parts: go on until there is no `next_cursor`. Leads and admins only;
    /// to leads neither the audit nor ways in are shown, so let an admin make one that is whole. It is recorded, once an hour
    /// for the same reader and person, before anything is given.
    #[oai(
        path = "/users/:user_id/export",
        method = "get",
        operation_id = "export_user"
    )]
    async fn export(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The person.
        user_id: Path<Uuid>,
        /// The most items of the part; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the part before.
        cursor: Query<Option<String>>,
    ) -> Result<Found<PersonExportView>, QueryProblem> {
        let session = Session::begin(&self.models, &auth.0, token.0.as_deref()).await?;
        let id = UserId(user_id.0);
        let tenant = session.viewer.tenant;
        let user = self.models.user(tenant, id).await.map_err(refused)?;
        let user = user.ok_or_else(|| Problem::not_found("the user"))?;
        let may_audit = auth.0.may(Permission::ReadAudit);
        let export = Export::new(id, may_audit, cursor.0.as_deref()).map_err(bad_cursor)?;
        let page = self
            .models
            .export(&session.viewer, &export, limit(items.0)?)
            .await;
        let page = page.map_err(refused)?;
        let access = match cursor.0 {
            None if auth.0.may(Permission::ManageSessions) => {
                Some(self.exports.access_of(&auth.0, id).await?)
            }
            _ => None,
        };
        self.exports.record(&auth.0, id, request).await?;
        let viewer = &session.viewer;
        let tickets = page.tickets.into_iter();
        let acts = page.acts.into_iter().map(|row| ActView {
            ticket_id: row.ticket_id.0,
            entry: entry(row, viewer),
        });
        let view = PersonExportView {
            user: views::user(user),
            tickets: tickets.map(|row| views::ticket(row, viewer)).collect(),
            messages: page.messages.into_iter().map(views::message).collect(),
            acts: acts.collect(),
            audit: page.audit.into_iter().map(audit::entry).collect(),
            views: page.views.into_iter().map(Into::into).collect(),
            access,
            next_cursor: page.next_cursor,
        };
        Ok(Found::new(view, None, session.token))
    }
}
