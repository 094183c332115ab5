//! Commands to tickets.

use super::bodies::{
    AssignBody, OpenTicketBody, PostMessageBody, ReasonBody, SetStatusBody, UpdateTicketBody,
};
use super::desk::{Call, Desk, Headers};
use super::fields::Fields;
use super::headers::wait;
use super::responses::{Changed, Created, PostResult, TicketResult, post_result, ticket_result};
use super::tags::ApiTags;
use crate::commands::{ChangeTicket, PostMessage, TicketAnswer};
use crate::dispatch::UseCase;
use domain::ids::{MessageId, TicketId};
use domain::message::state::Visibility;
use domain::text::{MessageBody, Tag};
use domain::ticket::command::TicketCommand;
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::gate::demand;
use platform::http::problem::{BodylessCommandProblem, CommandProblem, Problem};
use platform::permission::Permission;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};
use uuid::Uuid;

pub(super) struct Tickets(pub Desk);

/// Commands to tickets. Each takes an optional `Idempotency-Key`, `If-Match` (with the ticket's `ETag`) and
/// `Prefer: wait=<seconds>`.
#[OpenApi(tag = "ApiTags::Tickets")]
impl Tickets {
    /// Open a ticket
    ///
    /// A customer opens it for themself, staff for a customer.
    #[oai(path = "/tickets", method = "post", operation_id = "open_ticket")]
    async fn open(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
        body: Body<OpenTicketBody>,
    ) -> Result<Created<TicketResult>, CommandProblem> {
        let call = call(bearer, request, key, Header(None));
        let command = body.0.command(&call.principal)?;
        let done = self.0.run(&call, command).await?;
        let (result, stamp) =
            ticket_result(&self.0, &call.principal, &done, wait(prefer.0.as_deref())).await;
        Ok(Created::of(
            &format!("/tickets/{}", result.id),
            result.version,
            stamp,
            result,
        ))
    }

    /// Change a ticket's subject, priority and custom fields
    #[oai(
        path = "/tickets/:ticket_id",
        method = "patch",
        operation_id = "update_ticket"
    )]
    #[allow(clippy::too_many_arguments)] // One argument a header: that is what the framework describes.
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
        body: Body<UpdateTicketBody>,
    ) -> Result<Changed<TicketResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = body.0.command(TicketId(ticket_id.0))?;
        Ok(self.change(call, prefer, command).await?)
    }

    /// Write a reply or a note
    ///
    /// A customer's reply to a closed ticket goes to its follow-up ticket, which is opened if there is none that is not
    /// closed: the answer then names it in `ticket_id` and the closed one in `follow_up_of`.
    #[oai(
        path = "/tickets/:ticket_id/messages",
        method = "post",
        operation_id = "post_message"
    )]
    #[allow(clippy::too_many_arguments)] // One argument a header: that is what the framework describes.
    async fn post_message(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
        body: Body<PostMessageBody>,
    ) -> Result<Created<PostResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let ticket_id = TicketId(ticket_id.0);
        let visibility = body.0.visibility.map_or(Visibility::Public, Into::into);
        if visibility == Visibility::Internal {
            demand(&call.principal, Permission::WriteNotes)?;
        }
        let mut fields = Fields::default();
        let words = fields.text("/body", &body.0.body, MessageBody::parse);
        let command = PostMessage {
            ticket_id,
            message_id: MessageId(Uuid::now_v7()),
            visibility,
            body: fields.finish(words)?,
            follow_up_id: TicketId(Uuid::now_v7()),
        };
        let done = self.0.run(&call, command).await?;
        let wait = wait(prefer.0.as_deref());
        let (result, stamp) = post_result(&self.0, &call.principal, &done, ticket_id, wait).await;
        let path = match result.follow_up_of {
            Some(_) => format!("/tickets/{}", result.ticket_id),
            None => format!("/tickets/{}/messages", result.ticket_id),
        };
        Ok(Created::of(&path, result.ticket_version, stamp, result))
    }

    /// Give a ticket to an agent, a team, both or nobody
    #[oai(
        path = "/tickets/:ticket_id/assign",
        method = "post",
        operation_id = "assign_ticket"
    )]
    #[allow(clippy::too_many_arguments)] // One argument a header: that is what the framework describes.
    async fn assign(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
        body: Body<AssignBody>,
    ) -> Result<Changed<TicketResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = body.0.command(TicketId(ticket_id.0));
        Ok(self.change(call, prefer, command).await?)
    }

    /// Set a ticket open, pending or on hold
    #[oai(
        path = "/tickets/:ticket_id/status",
        method = "post",
        operation_id = "set_ticket_status"
    )]
    #[allow(clippy::too_many_arguments)] // One argument a header: that is what the framework describes.
    async fn set_status(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
        body: Body<SetStatusBody>,
    ) -> Result<Changed<TicketResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = ChangeTicket::one(
            TicketId(ticket_id.0),
            TicketCommand::SetStatus(body.0.status.into()),
        );
        Ok(self.change(call, prefer, command).await?)
    }

    /// Resolve a ticket
    ///
    /// Without an assignee, whoever resolves it becomes it. It closes by itself after the organization's delay.
    #[oai(
        path = "/tickets/:ticket_id/resolve",
        method = "post",
        operation_id = "resolve_ticket"
    )]
    async fn resolve(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
    ) -> Result<Changed<TicketResult>, BodylessCommandProblem> {
        let command = ChangeTicket::one(TicketId(ticket_id.0), TicketCommand::Resolve);
        Ok(self
            .change(call(bearer, request, key, if_match), prefer, command)
            .await?)
    }

    /// Close a resolved ticket now
    #[oai(
        path = "/tickets/:ticket_id/close",
        method = "post",
        operation_id = "close_ticket"
    )]
    async fn close(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
    ) -> Result<Changed<TicketResult>, BodylessCommandProblem> {
        let command = ChangeTicket::one(TicketId(ticket_id.0), TicketCommand::Close);
        Ok(self
            .change(call(bearer, request, key, if_match), prefer, command)
            .await?)
    }

    /// Bring a resolved or closed ticket back
    #[oai(
        path = "/tickets/:ticket_id/reopen",
        method = "post",
        operation_id = "reopen_ticket"
    )]
    #[allow(clippy::too_many_arguments)] // One argument a header: that is what the framework describes.
    async fn reopen(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
        body: Body<Option<ReasonBody>>,
    ) -> Result<Changed<TicketResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let reopen = TicketCommand::Reopen {
            reason: ReasonBody::reason(body.0)?,
        };
        let command = ChangeTicket::one(TicketId(ticket_id.0), reopen);
        Ok(self.change(call, prefer, command).await?)
    }

    /// Add a tag
    #[oai(
        path = "/tickets/:ticket_id/tags/:tag",
        method = "put",
        operation_id = "tag_ticket"
    )]
    #[allow(clippy::too_many_arguments)] // One argument a header: that is what the framework describes.
    async fn tag(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        tag: Path<String>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
    ) -> Result<Changed<TicketResult>, BodylessCommandProblem> {
        let command =
            ChangeTicket::one(TicketId(ticket_id.0), TicketCommand::Tag(parsed_tag(&tag)?));
        Ok(self
            .change(call(bearer, request, key, if_match), prefer, command)
            .await?)
    }

    /// Take a tag away
    #[oai(
        path = "/tickets/:ticket_id/tags/:tag",
        method = "delete",
        operation_id = "untag_ticket"
    )]
    #[allow(clippy::too_many_arguments)] // One argument a header: that is what the framework describes.
    async fn untag(
        &self,
        bearer: Bearer,
        request: &Request,
        ticket_id: Path<Uuid>,
        tag: Path<String>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        #[oai(name = "Prefer")] prefer: Header<Option<String>>,
    ) -> Result<Changed<TicketResult>, BodylessCommandProblem> {
        let command = ChangeTicket::one(
            TicketId(ticket_id.0),
            TicketCommand::Untag(parsed_tag(&tag)?),
        );
        Ok(self
            .change(call(bearer, request, key, if_match), prefer, command)
            .await?)
    }
}

impl Tickets {
    async fn change<C: UseCase<Answer = TicketAnswer> + 'static>(
        &self,
        call: Call<'_>,
        prefer: Header<Option<String>>,
        command: C,
    ) -> Result<Changed<TicketResult>, Problem> {
        let done = self.0.run(&call, command).await?;
        let (result, stamp) =
            ticket_result(&self.0, &call.principal, &done, wait(prefer.0.as_deref())).await;
        Ok(Changed::of(result.version, stamp, result))
    }
}

pub(super) fn call<'a>(
    bearer: Bearer,
    request: &'a Request,
    key: Header<Option<String>>,
    if_match: Header<Option<String>>,
) -> Call<'a> {
    let headers = Headers {
        idempotency_key: key.0,
        if_match: if_match.0,
    };
    Call {
        principal: bearer.0,
        request,
        headers,
    }
}

fn parsed_tag(tag: &str) -> Result<Tag, Problem> {
    Tag::parse(tag).map_err(|error| Problem::unprocessable(format!("the tag {error}")))
}
