//! What the use cases answer: the new states as the caller may see them. Stored under the idempotency key, so fields are
//! only ever added, and added ones have a default.

use crate::dispatch::{CommandError, Refusal, StoredAnswer, Work};
use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::company::state::Company;
use domain::ids::{CompanyId, MessageId, OrganizationId, TeamId, TicketId, UserId};
use domain::message::state::{Message, Visibility};
use domain::organization::settings::Settings;
use domain::organization::state::Organization;
use domain::team::state::Team;
use domain::text::{Email, FieldKey, MailDomain, MessageBody, Name, Slug, Subject, Tag};
use domain::ticket::field::FieldValue;
use domain::ticket::state::{Assignment, Channel, Priority, Status, Ticket};
use domain::user::state::User;
use sealing::AnswerPart;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What stands in the place of an erased person's text.
pub(super) const ERASED: &str = r#""(erased)""#;

/// A ticket after a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TicketAnswer {
    /// Its id.
    pub id: TicketId,
    /// The version of its stream.
    pub version: i64,
    /// What it is about.
    pub subject: Subject,
    /// Where it stands.
    pub status: Status,
    /// How urgent.
    pub priority: Priority,
    /// How it came in.
    pub channel: Channel,
    /// Whose it is.
    pub requester_id: UserId,
    /// Who works on it.
    pub assignment: Assignment,
    /// Its tags.
    pub tags: BTreeSet<Tag>,
    /// Its custom fields.
    pub custom_fields: BTreeMap<FieldKey, FieldValue>,
    /// The closed ticket that it continues.
    pub follow_up_of: Option<TicketId>,
    /// The message that it was opened with.
    pub message_id: Option<MessageId>,
}

impl TicketAnswer {
    /// The personal fields, each with what stands in its place once its owner was erased.
    pub(super) const FIELDS: &'static [(&'static str, &'static str)] =
        &[("subject", ERASED), ("custom_fields", "{}")];
}

impl StoredAnswer for TicketAnswer {
    const PERSONAL: &'static [AnswerPart] = &[AnswerPart {
        within: None,
        fields: Self::FIELDS,
    }];

    fn owners(&self) -> Vec<UserId> {
        vec![self.requester_id]
    }
}

impl TicketAnswer {
    /// The ticket as this attempt leaves it.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn of(work: &mut Work<'_>, id: TicketId) -> Result<Self, CommandError> {
        let version = work.version(id.0).get();
        let Ticket::Present(ticket) = work.state::<Ticket>(id.0).await? else {
            return Err(Refusal::NotFound { what: "ticket" }.into());
        };
        let answer = Self {
            id,
            version,
            subject: ticket.subject.clone(),
            status: ticket.status,
            priority: ticket.priority,
            channel: ticket.channel,
            requester_id: ticket.requester_id,
            assignment: ticket.assignment,
            tags: ticket.tags.clone(),
            custom_fields: ticket.custom_fields.clone(),
            follow_up_of: ticket.follow_up_of,
            message_id: ticket.first_message_id,
        };
        let follow_up_of = work.seen_ticket(answer.follow_up_of).await?;
        Ok(Self {
            follow_up_of,
            ..answer
        })
    }
}

/// A message after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAnswer {
    /// Its id.
    pub id: MessageId,
    /// The version of its stream.
    pub version: i64,
    /// The ticket it belongs to.
    pub ticket_id: TicketId,
    /// Who wrote it.
    pub author_id: UserId,
    /// Who can read it.
    pub visibility: Visibility,
    /// When it was written.
    pub posted_at: DateTime<Utc>,
    /// The words; none once redacted.
    pub body: Option<MessageBody>,
}

impl MessageAnswer {
    /// The personal fields, each with what stands in its place once its owner was erased.
    pub(super) const FIELDS: &'static [(&'static str, &'static str)] = &[("body", ERASED)];
}

impl StoredAnswer for MessageAnswer {
    const PERSONAL: &'static [AnswerPart] = &[AnswerPart {
        within: None,
        fields: Self::FIELDS,
    }];

    fn owners(&self) -> Vec<UserId> {
        vec![self.author_id]
    }
}

impl MessageAnswer {
    /// The message as this attempt leaves it.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn of(work: &mut Work<'_>, id: MessageId) -> Result<Self, CommandError> {
        let version = work.version(id.0).get();
        let Message::Present(message) = work.state::<Message>(id.0).await? else {
            return Err(Refusal::NotFound { what: "message" }.into());
        };
        Ok(Self {
            id,
            version,
            ticket_id: message.ticket_id,
            author_id: message.author_id,
            visibility: message.visibility,
            posted_at: message.posted_at,
            body: message.body.clone(),
        })
    }
}

/// A user after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAnswer {
    /// Their id.
    pub id: UserId,
    /// The version of their stream.
    pub version: i64,
    /// What people read.
    pub name: Name,
    /// Where mail reaches them.
    pub email: Option<Email>,
    /// What they may do.
    pub role: Role,
    /// The company that a customer belongs to.
    #[serde(default)]
    pub company_id: Option<CompanyId>,
    /// Whether they may act.
    pub active: bool,
}

impl UserAnswer {
    /// The personal fields, each with what stands in its place once its owner was erased.
    const FIELDS: &'static [(&'static str, &'static str)] = &[("name", ERASED), ("email", "null")];
}

impl StoredAnswer for UserAnswer {
    const PERSONAL: &'static [AnswerPart] = &[AnswerPart {
        within: None,
        fields: Self::FIELDS,
    }];

    fn owners(&self) -> Vec<UserId> {
        vec![self.id]
    }
}

impl UserAnswer {
    /// The user as this attempt leaves them.
    ///
    /// # Errors
    /// When they do not exist.
    pub async fn of(work: &mut Work<'_>, id: UserId) -> Result<Self, CommandError> {
        let version = work.version(id.0).get();
        let User::Present(user) = work.state::<User>(id.0).await? else {
            return Err(Refusal::NotFound { what: "user" }.into());
        };
        Ok(Self {
            id,
            version,
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role,
            company_id: user.company_id,
            active: user.active,
        })
    }
}

/// A team after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamAnswer {
    /// Its id.
    pub id: TeamId,
    /// The version of its stream.
    pub version: i64,
    /// What people read.
    pub name: Name,
    /// Whether only its members, and admins, see it and its tickets.
    #[serde(default)]
    pub private: bool,
    /// Who is in it.
    pub members: BTreeSet<UserId>,
}

impl StoredAnswer for TeamAnswer {}

impl TeamAnswer {
    /// The team as this attempt leaves it.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn of(work: &mut Work<'_>, id: TeamId) -> Result<Self, CommandError> {
        let version = work.version(id.0).get();
        let Team::Present(team) = work.state::<Team>(id.0).await? else {
            return Err(Refusal::NotFound { what: "team" }.into());
        };
        Ok(Self {
            id,
            version,
            name: team.name.clone(),
            private: team.private,
            members: team.members.clone(),
        })
    }
}

/// A company after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyAnswer {
    /// Its id.
    pub id: CompanyId,
    /// The version of its stream.
    pub version: i64,
    /// What people read.
    pub name: Name,
    /// New customers with an address of one of these belong to it.
    pub domains: BTreeSet<MailDomain>,
}

impl StoredAnswer for CompanyAnswer {}

impl CompanyAnswer {
    /// The company as this attempt leaves it.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn of(work: &mut Work<'_>, id: CompanyId) -> Result<Self, CommandError> {
        let version = work.version(id.0).get();
        let Company::Present(company) = work.state::<Company>(id.0).await? else {
            return Err(Refusal::NotFound { what: "company" }.into());
        };
        Ok(Self {
            id,
            version,
            name: company.name.clone(),
            domains: company.domains.clone(),
        })
    }
}

/// An organization after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationAnswer {
    /// Its id.
    pub id: OrganizationId,
    /// The version of its stream.
    pub version: i64,
    /// What people read.
    pub name: Name,
    /// Its short name.
    pub slug: Slug,
    /// What holds now.
    pub settings: Settings,
}

impl StoredAnswer for OrganizationAnswer {}

impl OrganizationAnswer {
    /// The organization as this attempt leaves it.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn of(work: &mut Work<'_>, id: OrganizationId) -> Result<Self, CommandError> {
        let version = work.version(id.0).get();
        let Organization::Present(organization) = work.state::<Organization>(id.0).await? else {
            return Err(Refusal::NotFound {
                what: "organization",
            }
            .into());
        };
        Ok(Self {
            id,
            version,
            name: organization.name.clone(),
            slug: organization.slug.clone(),
            settings: organization.settings.clone(),
        })
    }
}
