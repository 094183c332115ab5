//! The audit: one row a fact that an auditor asks for, readable by people.
//!
//! What happened to people's ways in, to people, teams and the organization, and what was taken out of messages. A row is
//! made before its event is applied: names and settings are those from before.

use domain::company::event::CompanyEvent;
use domain::ids::{CompanyId, OrganizationId, RoleId, UserId};
use domain::message::event::{MessageEvent, MessageRedacted};
use domain::organization::event::OrganizationEvent;
use domain::organization::settings::Settings;
use domain::organization::state::Standing;
use domain::personal::{ERASED, ERASED_EMAIL};
use domain::team::event::TeamEvent;
use domain::text::{Email, PermissionName};
use domain::user::event::{UserCompanySet, UserCreated, UserEvent};
use domain::{
    calendar, company, message, organization, security, service_levels, team, user, view,
};
use event_store::RecordedEvent;
use platform::rows::{ACTOR, AuditRow, Change, FROM, SUBJECT, TO};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::who::Who;
use super::{audit_security, audit_service_levels, audit_views};
use crate::event::Event;
use crate::state::State;
use domain::event::DomainEvent;
use domain::ids::MessageId;

/// Whether an event may make a row.
#[must_use]
pub fn may_be_audited(event: &RecordedEvent) -> bool {
    match event.stream_type.as_str() {
        security::STREAM_TYPE
        | user::STREAM_TYPE
        | team::STREAM_TYPE
        | company::STREAM_TYPE
        | calendar::STREAM_TYPE
        | service_levels::STREAM_TYPE
        | view::STREAM_TYPE
        | organization::STREAM_TYPE => true,
        message::STREAM_TYPE => event.event_type == "message.redacted",
        _ => false,
    }
}

/// Adds the row of an event, if it makes one. Called before the event is applied.
pub fn add(state: &mut State, event: &Event) {
    let Some(fact) = fact(state, event) else {
        return;
    };
    let who = Who::of(state, event.org_id, &event.actor);
    let known = |user| state.users.get((event.org_id, user));
    let subject_name = fact
        .subject_name
        .or_else(|| Some(known(fact.subject?)?.name.clone()));
    state.audit.push(AuditRow {
        position: event.position,
        org_id: event.org_id,
        event_id: event.event_id,
        event_type: event.event_type.clone(),
        resource_type: fact.resource.0.to_owned(),
        resource_id: fact.resource.1,
        actor_kind: who.kind,
        actor_id: who.person.map(|(id, _)| id),
        actor_role: who.person.map(|(_, role)| role),
        actor_name: who.name,
        subject_id: fact.subject,
        subject_name,
        summary: fact.summary,
        changes: Json(fact.changes),
        reason: fact.reason,
        source_address: event.source_address.clone(),
        occurred_at: event.occurred_at,
        recorded_at: event.recorded_at,
    });
}

/// What happened, as people read it.
pub(super) struct Fact {
    /// What it happened to: a word and an id.
    resource: (&'static str, Uuid),
    /// Whom it concerns.
    subject: Option<UserId>,
    /// Their name, where the people of the organization do not tell it.
    subject_name: Option<String>,
    summary: String,
    changes: Vec<Change>,
    reason: Option<String>,
}

impl Fact {
    pub(super) fn new(resource: &'static str, id: Uuid, summary: impl Into<String>) -> Self {
        Self {
            resource: (resource, id),
            subject: None,
            subject_name: None,
            summary: summary.into(),
            changes: Vec::new(),
            reason: None,
        }
    }

    pub(super) fn concerning(mut self, subject: UserId) -> Self {
        self.subject = Some(subject);
        self
    }

    /// As [`Fact::changing`], if it does.
    fn changing_id(self, field: &str, from: Option<RoleId>, to: Option<RoleId>) -> Self {
        if from == to {
            return self;
        }
        let text = |id: Option<RoleId>| id.map(|id| id.to_string());
        self.changing(field, text(from), text(to))
    }

    pub(super) fn changing(
        mut self,
        field: impl Into<String>,
        from: impl Into<Value>,
        to: impl Into<Value>,
    ) -> Self {
        self.changes.push(Change {
            field: field.into(),
            from: from.into(),
            to: to.into(),
        });
        self
    }
}

fn fact(state: &State, event: &Event) -> Option<Fact> {
    let (org, id) = (event.org_id, event.stream_id);
    match &event.body {
        DomainEvent::Security(change) => Some(audit_security::fact(change)),
        DomainEvent::User(change) => Some(of_user(state, org, UserId(id), change)),
        DomainEvent::Company(change) => Some(of_company(id, change)),
        DomainEvent::Team(change) => Some(of_team(state, event, change)),
        DomainEvent::Calendar(change) => {
            Some(audit_service_levels::of_calendar(state, event, change))
        }
        DomainEvent::ServiceLevels(change) => audit_service_levels::of_change(state, event, change),
        DomainEvent::View(change) => audit_views::of_view(state, event, change),
        DomainEvent::Organization(change) => of_organization(state, org, change),
        DomainEvent::Message(MessageEvent::Redacted(redacted)) => {
            Some(of_redaction(state, org, MessageId(id), redacted))
        }
        DomainEvent::Message(MessageEvent::Posted(_) | MessageEvent::Edited(_))
        | DomainEvent::EmailClaim(_)
        | DomainEvent::DomainClaim(_)
        | DomainEvent::ViewShelf(_)
        | DomainEvent::Ticket(_) => None,
    }
}

fn of_user(state: &State, org: OrganizationId, id: UserId, change: &UserEvent) -> Fact {
    let told = |summary: String| Fact::new("user", id.0, summary).concerning(id);
    match change {
        UserEvent::Created(e) => created(id, e),
        UserEvent::Renamed(e) => told(format!("{ACTOR} renamed “{FROM}” to “{TO}”")).changing(
            "name",
            e.from.as_str(),
            e.to.as_str(),
        ),
        UserEvent::EmailChanged(e) => {
            let address = |email: &Option<Email>| email.as_ref().map(email_text);
            told(format!("{ACTOR} changed the e-mail address of {SUBJECT}")).changing(
                "email",
                address(&e.from),
                address(&e.to),
            )
        }
        UserEvent::RoleChanged(e) => told(format!(
            "{ACTOR} changed the role of {SUBJECT} from {FROM} to {TO}"
        ))
        .changing("role", e.from.as_str(), e.to.as_str())
        .changing_id("role_id", e.from_role_id, e.to_role_id),
        UserEvent::CompanySet(set) => of_grouping(state, org, id, set),
        UserEvent::Deactivated(_) => {
            told(format!("{ACTOR} deactivated {SUBJECT}")).changing("active", true, false)
        }
        UserEvent::Reactivated(_) => {
            told(format!("{ACTOR} reactivated {SUBJECT}")).changing("active", false, true)
        }
        UserEvent::Erased(e) => Fact {
            reason: Some(e.reason.to_string()),
            ..told(format!("{ACTOR} erased the data of {SUBJECT}"))
        },
    }
}

fn of_grouping(state: &State, org: OrganizationId, id: UserId, set: &UserCompanySet) -> Fact {
    let name = |company: Option<CompanyId>| company.map(|id| state.company_name(org, id));
    let summary = match set.to {
        Some(_) => format!("{ACTOR} put {SUBJECT} into the company {TO}"),
        None => format!("{ACTOR} took {SUBJECT} out of the company {FROM}"),
    };
    let fact = Fact::new("user", id.0, summary).concerning(id);
    fact.changing("company", name(set.from), name(set.to))
}

fn of_company(id: Uuid, change: &CompanyEvent) -> Fact {
    let told = |summary: String| Fact::new("company", id, summary);
    match change {
        CompanyEvent::Created(e) => told(format!("{ACTOR} made the company {TO}")).changing(
            "name",
            Value::Null,
            e.name.as_str(),
        ),
        CompanyEvent::Renamed(e) => told(format!("{ACTOR} renamed the company “{FROM}” to “{TO}”"))
            .changing("name", e.from.as_str(), e.to.as_str()),
        CompanyEvent::DomainAdded(e) => told(format!(
            "{ACTOR} gave a company the mail domain {TO}"
        ))
        .changing("domain", Value::Null, e.domain.as_str()),
        CompanyEvent::DomainRemoved(e) => told(format!(
            "{ACTOR} took the mail domain {FROM} from a company"
        ))
        .changing("domain", e.domain.as_str(), Value::Null),
    }
}

fn created(id: UserId, created: &UserCreated) -> Fact {
    let fact = Fact {
        subject_name: Some(created.name.to_string()),
        ..Fact::new("user", id.0, format!("{ACTOR} added {SUBJECT}")).concerning(id)
    };
    let fact = fact
        .changing("name", Value::Null, created.name.as_str())
        .changing("role", Value::Null, created.role.as_str());
    match &created.email {
        Some(email) => fact.changing("email", Value::Null, email_text(email)),
        None => fact,
    }
}

/// An address, or what stands in the place of every text of an erased person.
pub(super) fn email_text(email: &Email) -> String {
    match email.as_str() {
        ERASED_EMAIL => ERASED.to_owned(),
        address => address.to_owned(),
    }
}

fn of_team(state: &State, event: &Event, change: &TeamEvent) -> Fact {
    let id = event.stream_id;
    let name = || state.team_name(event.org_id, id.into());
    match change {
        TeamEvent::Created(e) => Fact::new("team", id, format!("{ACTOR} made the team {TO}"))
            .changing("name", Value::Null, e.name.as_str()),
        TeamEvent::Renamed(e) => Fact::new(
            "team",
            id,
            format!("{ACTOR} renamed the team “{FROM}” to “{TO}”"),
        )
        .changing("name", e.from.as_str(), e.to.as_str()),
        TeamEvent::PrivacySet(e) => {
            let made = if e.private {
                "private"
            } else {
                "open to all staff"
            };
            Fact::new("team", id, format!("{ACTOR} made a team {made}"))
                .changing("private", !e.private, e.private)
        }
        TeamEvent::MemberAdded(e) => Fact::new(
            "team",
            id,
            format!("{ACTOR} added {SUBJECT} to the team {TO}"),
        )
        .concerning(e.user_id)
        .changing("team", Value::Null, name()),
        TeamEvent::MemberRemoved(e) => Fact::new(
            "team",
            id,
            format!("{ACTOR} removed {SUBJECT} from the team {FROM}"),
        )
        .concerning(e.user_id)
        .changing("team", name(), Value::Null),
    }
}

/// That somebody got or lost a role of the organization's own is told of that person.
fn of_organization(state: &State, org: OrganizationId, change: &OrganizationEvent) -> Option<Fact> {
    let told = |summary: String| Fact::new("organization", org.0, summary);
    let fact = match change {
        OrganizationEvent::RoleGiven(_) | OrganizationEvent::RoleTaken(_) => return None,
        OrganizationEvent::RoleCreated(e) => {
            Fact::new("role", e.role_id.0, format!("{ACTOR} made the role {TO}"))
                .changing("name", Value::Null, e.name.as_str())
                .changing("base", Value::Null, e.base.as_str())
                .changing("permissions", Value::Null, names(&e.permissions))
        }
        OrganizationEvent::RoleChanged(e) => Fact::new(
            "role",
            e.role_id.0,
            format!("{ACTOR} changed the role {TO}"),
        )
        .changing("name", Value::Null, e.name.as_str())
        .changing("permissions", Value::Null, names(&e.permissions)),
        OrganizationEvent::RoleDeleted(e) => Fact::new(
            "role",
            e.role_id.0,
            format!("{ACTOR} deleted the role {FROM}"),
        )
        .changing("name", e.name.as_str(), Value::Null),
        OrganizationEvent::Created(e) => told(format!("{ACTOR} made the organization {TO}"))
            .changing("name", Value::Null, e.name.as_str())
            .changing("slug", Value::Null, e.slug.as_str()),
        OrganizationEvent::Renamed(e) => told(format!(
            "{ACTOR} renamed the organization from “{FROM}” to “{TO}”"
        ))
        .changing("name", e.from.as_str(), e.to.as_str()),
        OrganizationEvent::SettingsChanged(e) => {
            let row = state.organizations.get(org);
            let before = row.map(|row| &row.settings.0);
            Fact {
                changes: settings_changes(before, &e.settings),
                ..told(format!("{ACTOR} changed the settings of the organization"))
            }
        }
        OrganizationEvent::Suspended(_) => told(format!("{ACTOR} suspended the organization"))
            .changing(
                "standing",
                Standing::Active.as_str(),
                Standing::Suspended.as_str(),
            ),
        OrganizationEvent::Resumed(_) => told(format!("{ACTOR} resumed the organization"))
            .changing(
                "standing",
                Standing::Suspended.as_str(),
                Standing::Active.as_str(),
            ),
        OrganizationEvent::Deleted(_) => told(format!("{ACTOR} deleted the organization"))
            .changing(
                "standing",
                Standing::Suspended.as_str(),
                Standing::Deleted.as_str(),
            ),
    };
    Some(fact)
}

fn names(permissions: &BTreeSet<PermissionName>) -> Vec<&str> {
    permissions.iter().map(PermissionName::as_str).collect()
}

/// The settings that differ, one a top-level field.
fn settings_changes(before: Option<&Settings>, after: &Settings) -> Vec<Change> {
    let (before, after) = (fields(before), fields(Some(after)));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let side = |fields: &Map<String, Value>, name: &str| fields.get(name).cloned();
    let change = |name: &String| Change {
        field: format!("settings.{name}"),
        from: side(&before, name).unwrap_or_default(),
        to: side(&after, name).unwrap_or_default(),
    };
    let changes = names.into_iter().map(change);
    changes.filter(|change| change.from != change.to).collect()
}

fn fields(settings: Option<&Settings>) -> Map<String, Value> {
    // Settings have a JSON form: they are recorded in it.
    match settings.map(serde_json::to_value) {
        Some(Ok(Value::Object(fields))) => fields,
        _ => Map::new(),
    }
}

fn of_redaction(
    state: &State,
    org: OrganizationId,
    id: MessageId,
    redacted: &MessageRedacted,
) -> Fact {
    let row = state.messages.get((org, id));
    Fact {
        subject: row.map(|row| row.author_id),
        reason: redacted.reason.as_ref().map(ToString::to_string),
        ..Fact::new(
            "message",
            id.0,
            format!("{ACTOR} removed the text of a message of {SUBJECT}"),
        )
    }
}
