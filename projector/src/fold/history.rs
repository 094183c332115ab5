//! The history of each ticket: one row a fact, readable by people.
//!
//! One row per fact: a reply or a note is told by the ticket's event, so `message.posted` makes no second row; editing
//! and redacting are events of the message alone and make one.
//!
//! What the requester may see is told by the domain: of a ticket's events see [`TicketEvent::is_public`], of a message's
//! those of a public message.

use domain::actor::Actor;
use domain::ids::{MessageId, OrganizationId, TeamId, TicketId, UserId};
use domain::message::event::MessageEvent;
use domain::message::state::Visibility;
use domain::sla::Metric;
use domain::sla::steps::Step;
use domain::sla::warning::Threshold;
use domain::ticket::event::{
    Cause, SlaBreached, SlaCause, SlaWarned, TicketAssigned, TicketCustomFieldSet, TicketEvent,
    TicketSlaApplied,
};
use domain::ticket::field::FieldValue;
use domain::ticket::state::{Assignment, Status};
use platform::rows::{ACTOR, ASSIGNEE, Change, FROM, HistoryRow, TEAM, TO};
use serde_json::Value;
use tokio_postgres::types::Json;

use super::ApplyError;
use super::who::Who;
use crate::event::Event;
use crate::state::State;

/// Adds the row of a ticket's event. The ticket's own row has been changed before.
pub fn of_ticket(
    state: &mut State,
    event: &Event,
    id: TicketId,
    change: &TicketEvent,
    steps: Vec<Step>,
) {
    // A missed deadline may be recorded with whatever command came first: its actor did not miss it.
    let breach = matches!(change, TicketEvent::SlaBreached(_));
    let actor = if breach { &Actor::Timer } else { &event.actor };
    let who = Who::of(state, event.org_id, actor);
    let fact = Fact {
        sla_steps: steps,
        ..ticket_fact(state, event, id, change)
    };
    state
        .history
        .push(row(event, id, who, fact, change.is_public()));
}

/// Adds the row of a message's event, if it makes one. The message's own row has been changed before.
///
/// # Errors
/// When the message is not there.
pub fn of_message(
    state: &mut State,
    event: &Event,
    id: MessageId,
    change: &MessageEvent,
) -> Result<(), ApplyError> {
    if let MessageEvent::Posted(_) = change {
        return Ok(());
    }
    let message = state.messages.get((event.org_id, id));
    let message = message.ok_or_else(|| ApplyError::missing(event, "message", id))?;
    let (ticket, public) = (message.ticket_id, message.visibility == Visibility::Public);
    let noun = if public { "message" } else { "note" };
    let who = Who::of(state, event.org_id, &event.actor);
    let mut fact = match change {
        MessageEvent::Posted(_) => return Ok(()),
        MessageEvent::Edited(_) => Fact::new(format!("{ACTOR} edited a {noun}")),
        MessageEvent::Redacted(_) => Fact::new(format!("{ACTOR} removed the text of a {noun}")),
    };
    if let MessageEvent::Redacted(redacted) = change {
        fact.reason = redacted.reason.as_ref().map(ToString::to_string);
    }
    fact.message_id = Some(id);
    state.history.push(row(event, ticket, who, fact, public));
    Ok(())
}

fn row(event: &Event, ticket_id: TicketId, who: Who, fact: Fact, public: bool) -> HistoryRow {
    HistoryRow {
        position: event.position,
        org_id: event.org_id,
        ticket_id,
        event_id: event.event_id,
        event_type: event.event_type.clone(),
        version: event.version,
        actor_kind: who.kind,
        actor_id: who.person.map(|(id, _)| id),
        actor_role: who.person.map(|(_, role)| role),
        actor_name: who.name,
        summary: fact.summary,
        assignee_id: fact.assignee_id,
        assignee_name: fact.assignee_name,
        former_assignee_id: fact.former_assignee_id,
        team_id: fact.team_id,
        team_name: fact.team_name,
        former_team_id: fact.former_team_id,
        changes: Json(fact.changes),
        sla_steps: Json(fact.sla_steps),
        message_id: fact.message_id,
        reason: fact.reason,
        public,
        occurred_at: event.occurred_at,
        recorded_at: event.recorded_at,
    }
}

/// What happened, as people read it.
struct Fact {
    summary: String,
    assignee_id: Option<UserId>,
    assignee_name: Option<String>,
    former_assignee_id: Option<UserId>,
    team_id: Option<TeamId>,
    team_name: Option<String>,
    former_team_id: Option<TeamId>,
    changes: Vec<Change>,
    sla_steps: Vec<Step>,
    message_id: Option<MessageId>,
    reason: Option<String>,
}

impl Fact {
    fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            assignee_id: None,
            assignee_name: None,
            former_assignee_id: None,
            team_id: None,
            team_name: None,
            former_team_id: None,
            changes: Vec::new(),
            sla_steps: Vec::new(),
            message_id: None,
            reason: None,
        }
    }

    fn about(mut self, message: Option<MessageId>) -> Self {
        self.message_id = message;
        self
    }

    fn changing(
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

fn ticket_fact(state: &State, event: &Event, id: TicketId, change: &TicketEvent) -> Fact {
    match change {
        TicketEvent::Opened(e) => {
            let verb = if event.actor.is_import() {
                "Imported: opened".to_owned()
            } else {
                format!("{ACTOR} opened the ticket")
            };
            Fact::new(verb)
                .about(e.message_id)
                .changing("subject", Value::Null, e.subject.as_str())
                .changing("priority", Value::Null, e.priority.as_str())
        }
        TicketEvent::CustomerReplied(e) => {
            Fact::new(format!("{ACTOR} replied")).about(Some(e.message_id))
        }
        TicketEvent::AgentReplied(e) => {
            Fact::new(format!("{ACTOR} answered")).about(Some(e.message_id))
        }
        TicketEvent::NoteAdded(e) => {
            Fact::new(format!("{ACTOR} added an internal note")).about(Some(e.message_id))
        }
        TicketEvent::Assigned(e) => assigned(state, event.org_id, e),
        TicketEvent::PriorityChanged(e) => {
            let (from, to) = (e.from.as_str(), e.to.as_str());
            Fact::new(format!("{ACTOR} changed the priority from {from} to {to}"))
                .changing("priority", from, to)
        }
        TicketEvent::SubjectChanged(e) => {
            let (from, to) = (e.from.as_str(), e.to.as_str());
            Fact::new(format!(
                "{ACTOR} changed the subject from “{FROM}” to “{TO}”"
            ))
            .changing("subject", from, to)
        }
        TicketEvent::StatusChanged(_)
        | TicketEvent::Resolved(_)
        | TicketEvent::Closed(_)
        | TicketEvent::Reopened(_) => moved(state, event, id, change),
        TicketEvent::Tagged(e) => Fact::new(format!("{ACTOR} added the tag {}", e.tag)).changing(
            "tags",
            Value::Null,
            e.tag.as_str(),
        ),
        TicketEvent::Untagged(e) => Fact::new(format!("{ACTOR} removed the tag {}", e.tag))
            .changing("tags", e.tag.as_str(), Value::Null),
        TicketEvent::CustomFieldSet(e) => field_set(e),
        TicketEvent::FollowUpOpened(e) => Fact::new(format!(
            "{ACTOR} opened a follow-up of this ticket"
        ))
        .changing("follow_up_ids", Value::Null, e.follow_up_id.to_string()),
        TicketEvent::RemindersSet(e) => {
            let (count, plural) = match e.due_at.len() {
                1 => (1, ""),
                count => (count, "s"),
            };
            Fact::new(format!("The requester gets {count} reminder{plural}"))
        }
        TicketEvent::Reminded(_) => Fact::new("The requester was reminded"),
        TicketEvent::SlaBreached(e) => breached(e),
        TicketEvent::SlaWarned(e) => warned(e),
        TicketEvent::SlaApplied(e) => sla_applied(e),
    }
}

fn field_set(change: &TicketCustomFieldSet) -> Fact {
    let verb = if change.to.is_some() {
        "set"
    } else {
        "emptied"
    };
    Fact::new(format!("{ACTOR} {verb} the field {}", change.key)).changing(
        format!("custom_fields.{}", change.key),
        change.from.as_ref().map_or(Value::Null, field_value),
        change.to.as_ref().map_or(Value::Null, field_value),
    )
}

fn breached(breach: &SlaBreached) -> Fact {
    let target = metric_words(breach.metric);
    let field = format!("sla.{}.breached_at", breach.metric.as_str());
    let due_at = breach
        .due_at
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    Fact::new(format!("The deadline of the {target} was missed")).changing(
        field,
        Value::Null,
        due_at,
    )
}

fn warned(warned: &SlaWarned) -> Fact {
    let target = metric_words(warned.metric);
    let field = format!("sla.{}.warned_at", warned.metric.as_str());
    let due_at = warned
        .due_at
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let summary = match warned.threshold {
        Threshold::Percent(percent) => {
            format!("The {target} has used {percent} percent of its time")
        }
        Threshold::SecondsBefore(0) => format!("The {target} has no time left"),
        Threshold::SecondsBefore(seconds) => {
            format!("The {target} has {} left", time_words(seconds))
        }
    };
    Fact::new(summary).changing(field, Value::Null, due_at)
}

fn time_words(seconds: u32) -> String {
    let (count, unit) = match seconds {
        _ if seconds.is_multiple_of(3_600) => (seconds / 3_600, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

fn sla_applied(applied: &TicketSlaApplied) -> Fact {
    let why = match applied.cause {
        SlaCause::Opened => "A service level policy was applied",
        SlaCause::TicketChanged => "The change of the ticket applied other service levels",
        SlaCause::RulesChanged => {
            "The change of policies or calendars applied other service levels"
        }
        SlaCause::TimeTold => "The time used by the service levels was noted",
    };
    let policy = applied.rule.policy.map(|policy| policy.id.to_string());
    Fact::new(why).changing("sla.policy_id", Value::Null, policy)
}

fn metric_words(metric: Metric) -> &'static str {
    match metric {
        Metric::FirstReply => "first reply",
        Metric::NextReply => "next reply",
        Metric::PeriodicUpdate => "periodic update",
        Metric::PausableUpdate => "pausable update",
        Metric::RequesterWait => "requester's wait",
        Metric::AgentWork => "agents' work",
        Metric::Resolution => "resolution",
    }
}

fn assigned(state: &State, org: OrganizationId, change: &TicketAssigned) -> Fact {
    let agent =
        |assignment: Assignment| assignment.agent_id.map(|agent| state.user_name(org, agent));
    let team = |assignment: Assignment| assignment.team_id.map(|team| state.team_name(org, team));
    let told = match (change.to.agent_id, change.to.team_id) {
        (Some(_), Some(_)) => {
            format!("{ACTOR} assigned the ticket to {ASSIGNEE} in {TEAM}")
        }
        (Some(_), None) => format!("{ACTOR} assigned the ticket to {ASSIGNEE}"),
        (None, Some(_)) => format!("{ACTOR} assigned the ticket to {TEAM}"),
        (None, None) => format!("{ACTOR} took the assignment away"),
    };
    let mut fact = Fact {
        assignee_id: change.to.agent_id,
        assignee_name: agent(change.to),
        former_assignee_id: change.from.agent_id,
        team_id: change.to.team_id,
        team_name: team(change.to),
        former_team_id: change.from.team_id,
        ..Fact::new(told)
    };
    if change.from.agent_id != change.to.agent_id {
        fact = fact.changing("assignee", agent(change.from), agent(change.to));
    }
    if change.from.team_id != change.to.team_id {
        fact = fact.changing("team", team(change.from), team(change.to));
    }
    fact
}

fn moved(state: &State, event: &Event, id: TicketId, change: &TicketEvent) -> Fact {
    // The caller passes moves of the status alone.
    let Some((from, to, cause)) = change.status_move() else {
        return Fact::new(String::new());
    };
    let reopened = matches!(change, TicketEvent::Reopened(_));
    let word = words(to);
    let summary = match cause {
        Cause::Import if reopened => format!("Imported: reopened as {word}"),
        Cause::Import => format!("Imported: {word}"),
        Cause::Timer => closed_by_itself(state, event, id, word),
        Cause::Reply { .. } if reopened => format!("The reply of {ACTOR} reopened the ticket"),
        Cause::Reply { .. } => format!("The reply of {ACTOR} set the ticket to {word}"),
        Cause::Assignment => format!("The assignment by {ACTOR} set the ticket to {word}"),
        Cause::Request => match change {
            TicketEvent::Resolved(_) => format!("{ACTOR} resolved the ticket"),
            TicketEvent::Closed(_) => format!("{ACTOR} closed the ticket"),
            TicketEvent::Reopened(_) => format!("{ACTOR} reopened the ticket"),
            _ => format!("{ACTOR} set the ticket from {} to {word}", words(from)),
        },
    };
    let mut fact = Fact::new(summary).changing("status", from.as_str(), to.as_str());
    if let Cause::Reply { message_id } = cause {
        fact.message_id = Some(message_id);
    }
    if let TicketEvent::Reopened(reopened) = change {
        fact.reason = reopened.reason.as_ref().map(ToString::to_string);
    }
    fact
}

fn closed_by_itself(state: &State, event: &Event, id: TicketId, word: &str) -> String {
    let ticket = state.tickets.get((event.org_id, id));
    let Some(resolved_at) = ticket.and_then(|ticket| ticket.resolved_at) else {
        return format!("{} by itself", capitalized(word));
    };
    let hours = (event.occurred_at - resolved_at).num_hours();
    let unit = if hours == 1 { "hour" } else { "hours" };
    format!(
        "{} by itself {hours} {unit} after it was resolved",
        capitalized(word)
    )
}

fn words(status: Status) -> &'static str {
    match status {
        Status::OnHold => "on hold",
        other => other.as_str(),
    }
}

fn field_value(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) | FieldValue::Choice(text) => Value::from(text.as_str()),
        FieldValue::Number(number) => Value::from(number.get()),
        FieldValue::Boolean(yes) => Value::from(*yes),
        FieldValue::Date(date) => Value::from(date.to_string()),
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
