//! The bodies of commands to tickets and messages, and how they become commands.

use super::fields::{AtFault, Fields};
use crate::commands::{AssignTicket, FirstMessage, OpenTicket, RawFieldValue, UpdateTicket};
use domain::ids::{MessageId, TeamId, TicketId, UserId};
use domain::text::{FieldKey, MessageBody, Reason, Subject, Tag};
use domain::ticket::command::OpenTicket as Open;
use domain::ticket::state::Assignment;
use platform::auth::Principal;
use platform::http::gate::demand;
use platform::http::problem::Problem;
use platform::http::views::{ChannelView, FieldValueView, PriorityView, VisibilityView};
use platform::permission::Permission;
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Enum, Object};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Opens a ticket.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct OpenTicketBody {
    /// What it is about.
    #[oai(validator(min_length = 1, max_length = 255))]
    subject: String,
    /// The first message.
    #[oai(validator(min_length = 1, max_length = 65536))]
    body: Option<String>,
    /// The customer that staff open it for. Customers leave it out.
    requester_id: Option<Uuid>,
    /// How urgent it is; `normal` when left out.
    priority: Option<PriorityView>,
    /// How it came in; `api` when left out.
    channel: Option<ChannelView>,
    /// Its tags. Staff only.
    #[oai(validator(max_items = 100))]
    tags: Option<Vec<String>>,
    /// Its custom fields by key. Staff only.
    custom_fields: Option<BTreeMap<String, FieldValueView>>,
    /// The agent who works on it. Staff only.
    agent_id: Option<Uuid>,
    /// The team that works on it. Staff only.
    team_id: Option<Uuid>,
}

impl OpenTicketBody {
    /// The command of a person. Staff must say for whom.
    pub(super) fn command(self, principal: &Principal) -> Result<OpenTicket, Problem> {
        if principal.role.is_staff() {
            self.check_of_staff(principal)?;
        } else {
            self.check_of_customer(principal)?;
        }
        let mut fields = Fields::default();
        let subject = fields.text("/subject", &self.subject, Subject::parse);
        let body = fields.optional("/body", self.body.as_deref(), MessageBody::parse);
        let tags = fields.each(
            "/tags",
            self.tags.as_deref().unwrap_or_default(),
            Tag::parse,
        );
        let custom_fields = custom_fields(&mut fields, self.custom_fields.unwrap_or_default());
        let requester_id = match self.requester_id {
            None if principal.role.is_staff() => {
                Err(fields.add("/requester_id", "must name the customer"))
            }
            None => Ok(principal.user_id),
            Some(id) => Ok(UserId(id)),
        };
        let all = || Ok::<_, AtFault>((subject?, body?, tags?, custom_fields?, requester_id?));
        let parsed = all();
        let (subject, body, tags, custom_fields, requester_id) = fields.finish(parsed)?;
        let open = Open {
            subject,
            requester_id,
            priority: self.priority.map(Into::into).unwrap_or_default(),
            channel: self.channel.map(Into::into).unwrap_or_default(),
            message_id: None,
            tags,
            custom_fields: Vec::new(),
            assignment: Assignment {
                agent_id: self.agent_id.map(UserId),
                team_id: self.team_id.map(TeamId),
            },
            follow_up_of: None,
            external: None,
        };
        let message = body.map(|body| FirstMessage {
            id: MessageId(Uuid::now_v7()),
            body,
        });
        Ok(OpenTicket {
            ticket_id: TicketId(Uuid::now_v7()),
            open,
            custom_fields,
            message,
        })
    }

    /// A ticket is not opened with what one could not give it later.
    fn check_of_staff(&self, principal: &Principal) -> Result<(), Problem> {
        let needed = [
            (self.tags.is_some(), Permission::TagTickets),
            (self.custom_fields.is_some(), Permission::ChangeTickets),
            (self.agent_id.is_some(), Permission::AssignTickets),
            (self.team_id.is_some(), Permission::AssignTickets),
        ];
        for (_, permission) in needed.into_iter().filter(|(is_asked, _)| *is_asked) {
            demand(principal, permission)?;
        }
        Ok(())
    }

    /// Refused before anything is looked up: the answer must not tell a customer who exists.
    fn check_of_customer(&self, principal: &Principal) -> Result<(), Problem> {
        if self.tags.is_some() || self.custom_fields.is_some() {
            return Err(Problem::forbidden(
                "only agents, leads and admins may set tags and custom fields",
            ));
        }
        if self.agent_id.is_some() || self.team_id.is_some() {
            return Err(Problem::forbidden(
                "only agents, leads and admins may assign a ticket",
            ));
        }
        if self
            .requester_id
            .is_some_and(|id| id != principal.user_id.0)
        {
            return Err(Problem::forbidden(
                "customers may open tickets for themselves only",
            ));
        }
        Ok(())
    }
}

fn custom_fields(
    fields: &mut Fields,
    raw: BTreeMap<String, FieldValueView>,
) -> Result<Vec<(FieldKey, RawFieldValue)>, AtFault> {
    let parsed: Vec<_> = raw
        .into_iter()
        .map(|(key, value)| Ok((fields.key("/custom_fields", &key)?, raw_value(value))))
        .collect();
    parsed.into_iter().collect()
}

fn raw_value(value: FieldValueView) -> RawFieldValue {
    match value {
        FieldValueView::Boolean(yes) => RawFieldValue::Boolean(yes),
        FieldValueView::Number(number) => RawFieldValue::Number(number),
        FieldValueView::Text(text) => RawFieldValue::Text(text),
    }
}

/// Changes what is given of a ticket, all or nothing.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct UpdateTicketBody {
    /// The new subject.
    #[oai(validator(min_length = 1, max_length = 255))]
    subject: Option<String>,
    /// The new priority.
    priority: Option<PriorityView>,
    /// Custom fields to set, by key.
    custom_fields: Option<BTreeMap<String, FieldValueView>>,
    /// Keys of custom fields to empty.
    #[oai(validator(max_items = 200))]
    clear_custom_fields: Option<Vec<String>>,
}

impl UpdateTicketBody {
    pub(super) fn command(self, ticket_id: TicketId) -> Result<UpdateTicket, Problem> {
        let mut fields = Fields::default();
        let subject = fields.optional("/subject", self.subject.as_deref(), Subject::parse);
        let set = custom_fields(&mut fields, self.custom_fields.unwrap_or_default());
        let clear = self.clear_custom_fields.unwrap_or_default();
        let clear = fields.each("/clear_custom_fields", &clear, FieldKey::parse);
        let all = || Ok::<_, AtFault>((subject?, set?, clear?));
        let parsed = all();
        let (subject, set, clear) = fields.finish(parsed)?;
        let set = set.into_iter().map(|(key, value)| (key, Some(value)));
        let custom_fields = set
            .chain(clear.into_iter().map(|key| (key, None)))
            .collect();
        Ok(UpdateTicket {
            ticket_id,
            subject,
            priority: self.priority.map(Into::into),
            custom_fields,
        })
    }
}

/// A reply or a note.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct PostMessageBody {
    /// The words.
    #[oai(validator(min_length = 1, max_length = 65536))]
    pub body: String,
    /// `public` is a reply that the requester can read, `internal` a note for staff. `public` when left out.
    pub visibility: Option<VisibilityView>,
}

/// New words for a message.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct EditMessageBody {
    /// The words.
    #[oai(validator(min_length = 1, max_length = 65536))]
    pub body: String,
}

/// Why something is done.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct ReasonBody {
    /// Why, in a sentence.
    #[oai(validator(min_length = 1, max_length = 500))]
    reason: Option<String>,
}

impl ReasonBody {
    /// The reason, if the request has a body and it gives one.
    pub(super) fn reason(body: Option<Self>) -> Result<Option<Reason>, Problem> {
        let mut fields = Fields::default();
        let reason = body.and_then(|body| body.reason);
        let reason = fields.optional("/reason", reason.as_deref(), Reason::parse);
        fields.finish(reason)
    }
}

/// Gives a ticket to somebody. A field that is left out stays as it is; `null` means nobody.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct AssignBody {
    /// The agent.
    agent_id: MaybeUndefined<Uuid>,
    /// The team.
    team_id: MaybeUndefined<Uuid>,
}

impl AssignBody {
    pub(super) fn command(self, ticket_id: TicketId) -> AssignTicket {
        AssignTicket {
            ticket_id,
            agent_id: given(self.agent_id).map(|agent| agent.map(UserId)),
            team_id: given(self.team_id).map(|team| team.map(TeamId)),
        }
    }
}

/// Absent is none, null is some none.
pub(super) fn given<T>(field: MaybeUndefined<T>) -> Option<Option<T>> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// Moves a ticket among the statuses of ongoing work.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct SetStatusBody {
    /// The new status.
    pub status: OngoingStatus,
}

/// The statuses that are set directly. Resolving, closing and reopening are commands of their own.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum OngoingStatus {
    /// The support team's turn.
    Open,
    /// The requester's turn.
    Pending,
    /// A third party's turn.
    OnHold,
}

impl From<OngoingStatus> for domain::ticket::state::Status {
    fn from(status: OngoingStatus) -> Self {
        match status {
            OngoingStatus::Open => Self::Open,
            OngoingStatus::Pending => Self::Pending,
            OngoingStatus::OnHold => Self::OnHold,
        }
    }
}
