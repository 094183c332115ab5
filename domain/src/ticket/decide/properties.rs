//! What is known about a ticket: who works on it, priority, subject, tags, custom fields.

use super::{Request, Standing, service_levels};
use crate::organization::settings::Settings;
use crate::text::{FieldKey, Subject, Tag};
use crate::ticket::error::TicketError;
use crate::ticket::event::{
    Cause, TicketAssigned, TicketCustomFieldSet, TicketEvent, TicketPriorityChanged,
    TicketStatusChanged, TicketSubjectChanged, TicketTagged, TicketUntagged,
};
use crate::ticket::field::FieldValue;
use crate::ticket::state::{Assignment, PresentTicket, Priority, Status};

/// Giving a new ticket to an agent opens it; a team alone does not, since nobody may have looked yet. An import's history
/// names its own moves of the status, so there nothing follows.
pub(super) fn assign(
    request: &Request<'_>,
    to: Assignment,
) -> Result<Vec<TicketEvent>, TicketError> {
    request.may_change("assign a ticket")?;
    give(request, to)
}

/// As [`assign`], whoever asks.
pub(super) fn give(request: &Request<'_>, to: Assignment) -> Result<Vec<TicketEvent>, TicketError> {
    let from = request.ticket.assignment;
    let status = request.ticket.status;
    let import = request.standing == Standing::Import;
    if to == from {
        return Ok(Vec::new());
    }
    if status == Status::Resolved && to.agent_id.is_none() && !import {
        return Err(TicketError::AssigneeNeeded);
    }
    let mut events = vec![TicketAssigned { from, to }.into()];
    if status == Status::New && to.agent_id.is_some() && !import {
        let opened = TicketStatusChanged {
            from: status,
            to: Status::Open,
            cause: Cause::Assignment,
        };
        events.push(opened.into());
    }
    Ok(events)
}

/// Where something was promised, the promise of the new priority holds from now on.
pub(super) fn change_priority(
    request: &Request<'_>,
    to: Priority,
) -> Result<Vec<TicketEvent>, TicketError> {
    request.may_change("change the priority")?;
    Ok(put_priority(request, to))
}

/// As [`change_priority`], whoever asks.
pub(super) fn put_priority(request: &Request<'_>, to: Priority) -> Vec<TicketEvent> {
    let from = request.ticket.priority;
    if to == from {
        return Vec::new();
    }
    let settings = &request.settings.sla_targets;
    let sla_targets = service_levels::targets_of(request.ticket, to, request.terms, settings);
    vec![
        TicketPriorityChanged {
            from,
            to,
            sla_targets,
        }
        .into(),
    ]
}

pub(super) fn change_subject(
    request: &Request<'_>,
    to: &Subject,
) -> Result<Vec<TicketEvent>, TicketError> {
    request.may_change("change the subject")?;
    let from = &request.ticket.subject;
    if to == from {
        return Ok(Vec::new());
    }
    Ok(vec![
        TicketSubjectChanged {
            from: from.clone(),
            to: to.clone(),
        }
        .into(),
    ])
}

pub(super) fn tag(request: &Request<'_>, tag: &Tag) -> Result<Vec<TicketEvent>, TicketError> {
    request.may_change("tag a ticket")?;
    add_tag(request, tag)
}

/// As [`tag`], whoever asks.
pub(super) fn add_tag(request: &Request<'_>, tag: &Tag) -> Result<Vec<TicketEvent>, TicketError> {
    let tags = &request.ticket.tags;
    if tags.contains(tag) {
        return Ok(Vec::new());
    }
    if tags.len() >= PresentTicket::MAX_TAGS {
        return Err(TicketError::TooManyTags);
    }
    Ok(vec![TicketTagged { tag: tag.clone() }.into()])
}

pub(super) fn untag(request: &Request<'_>, tag: &Tag) -> Result<Vec<TicketEvent>, TicketError> {
    request.may_change("untag a ticket")?;
    if !request.ticket.tags.contains(tag) {
        return Ok(Vec::new());
    }
    Ok(vec![TicketUntagged { tag: tag.clone() }.into()])
}

pub(super) fn set_custom_field(
    request: &Request<'_>,
    key: &FieldKey,
    value: Option<&FieldValue>,
) -> Result<Vec<TicketEvent>, TicketError> {
    request.may_change("set custom fields")?;
    put_custom_field(request, key, value)
}

/// As [`set_custom_field`], whoever asks. A field may always be emptied, even one that is no longer defined.
pub(super) fn put_custom_field(
    request: &Request<'_>,
    key: &FieldKey,
    to: Option<&FieldValue>,
) -> Result<Vec<TicketEvent>, TicketError> {
    if let Some(value) = to {
        let definition = request.settings.custom_fields.get(key);
        let kind = &definition
            .ok_or_else(|| TicketError::UnknownField { key: key.clone() })?
            .kind;
        if !kind.admits(value) {
            return Err(TicketError::FieldMismatch {
                key: key.clone(),
                expected: kind.expected(),
            });
        }
    }
    let fields = &request.ticket.custom_fields;
    let from = fields.get(key);
    if to == from {
        return Ok(Vec::new());
    }
    if from.is_none() && fields.len() >= Settings::MAX_CUSTOM_FIELDS {
        return Err(TicketError::TooManyFields);
    }
    Ok(vec![
        TicketCustomFieldSet {
            key: key.clone(),
            from: from.cloned(),
            to: to.cloned(),
        }
        .into(),
    ])
}
