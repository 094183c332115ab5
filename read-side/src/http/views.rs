//! Rows as a viewer may see them. What only staff may see is left out for customers here and nowhere else.

use domain::sla::Metric;
use platform::http::views::{
    AuthorView, ClockStateView, ClockView, CompanyView, ExternalReferenceView, FieldValueView,
    LastMessageView, MessageView, OrganizationView, PersonView, SettingsView, SlaView,
    TeamReferenceView, TeamView, TicketView, UserView,
};
use platform::rows::{
    ClockState, CompanyRow, MessageRow, OrganizationRow, ShownClock, TeamRow, TicketRow, UserRow,
};

use crate::viewer::Viewer;

/// The ticket as the viewer may see it.
pub(super) fn ticket(row: TicketRow, viewer: &Viewer) -> TicketView {
    let staff = viewer.is_staff();
    let sla = sla(&row);
    let last_message = last_message(&row);
    let custom_fields = row.custom_fields.0.iter();
    let custom_fields = custom_fields
        .map(|(key, value)| (key.to_string(), FieldValueView::from(value)))
        .collect();
    TicketView {
        id: row.ticket_id.0,
        number: row.number,
        subject: row.subject,
        status: row.status.into(),
        priority: row.priority.into(),
        channel: row.channel.into(),
        requester: PersonView {
            id: row.requester_id.0,
            name: row.requester_name,
        },
        assignee: row
            .assignee_id
            .zip(row.assignee_name)
            .map(|(id, name)| PersonView { id: id.0, name }),
        team: row
            .team_id
            .zip(row.team_name)
            .filter(|_| staff)
            .map(|(id, name)| TeamReferenceView { id: id.0, name }),
        tags: staff.then_some(row.tags),
        custom_fields: staff.then_some(custom_fields),
        public_message_count: row.public_message_count,
        note_count: staff.then_some(row.note_count),
        reopen_count: staff.then_some(row.reopen_count),
        last_message,
        sla: staff.then_some(sla),
        follow_up_of: row.follow_up_of.map(|id| id.0),
        follow_ups: row.follow_up_ids.into_iter().map(|id| id.0).collect(),
        external: row
            .external_source
            .zip(row.external_id)
            .filter(|_| staff)
            .map(|(source, id)| ExternalReferenceView { source, id }),
        created_at: row.created_at,
        updated_at: if staff {
            row.updated_at
        } else {
            row.public_updated_at
        },
        resolved_at: row.resolved_at,
        closed_at: row.closed_at,
        auto_close_at: row.auto_close_at,
        version: row.version,
    }
}

fn last_message(row: &TicketRow) -> Option<LastMessageView> {
    Some(LastMessageView {
        id: row.last_message_id?.0,
        at: row.last_message_at?,
        author: PersonView {
            id: row.last_message_author_id?.0,
            name: row.last_message_author_name.clone()?,
        },
        excerpt: row.last_message_excerpt.clone(),
    })
}

fn sla(row: &TicketRow) -> SlaView {
    let clock = |metric| row.sla.0.get(&metric).map(clock);
    SlaView {
        first_reply: clock(Metric::FirstReply),
        next_reply: clock(Metric::NextReply),
        periodic_update: clock(Metric::PeriodicUpdate),
        pausable_update: clock(Metric::PausableUpdate),
        requester_wait: clock(Metric::RequesterWait),
        agent_work: clock(Metric::AgentWork),
        resolution: clock(Metric::Resolution),
        next_deadline_at: row.next_deadline_at,
    }
}

fn clock(shown: &ShownClock) -> ClockView {
    ClockView {
        state: match shown.state {
            ClockState::Running => ClockStateView::Running,
            ClockState::Paused => ClockStateView::Paused,
            ClockState::Met => ClockStateView::Met,
            ClockState::Cancelled => ClockStateView::Cancelled,
        },
        due_at: shown.due_at,
        ended_at: shown.ended_at,
        breached_at: shown.breached_at,
    }
}

/// A message. Which messages a viewer gets was decided by the statement.
pub(super) fn message(row: MessageRow) -> MessageView {
    MessageView {
        id: row.message_id.0,
        ticket_id: row.ticket_id.0,
        visibility: row.visibility.into(),
        author: AuthorView {
            id: row.author_id.0,
            name: row.author_name,
            role: row.author_role.into(),
        },
        body: row.body,
        created_at: row.created_at,
        edited_at: row.edited_at,
        redacted_at: row.redacted_at,
        version: row.version,
    }
}

/// A user, for staff and for themselves.
pub(super) fn user(row: UserRow) -> UserView {
    UserView {
        id: row.user_id.0,
        name: row.name,
        email: row.email,
        role: row.role.into(),
        role_id: row.role_id.map(|role| role.0),
        kind: row.kind.into(),
        company_id: row.company_id.map(|id| id.0),
        active: row.active,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    }
}

/// A company, for staff.
pub(super) fn company(row: CompanyRow) -> CompanyView {
    CompanyView {
        id: row.company_id.0,
        name: row.name,
        domains: row.domains,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    }
}

/// A team, for staff.
pub(super) fn team(row: TeamRow) -> TeamView {
    TeamView {
        id: row.team_id.0,
        name: row.name,
        private: row.private,
        member_ids: row.member_ids.into_iter().map(|id| id.0).collect(),
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    }
}

/// The organization as the viewer may see it.
pub(super) fn organization(row: &OrganizationRow, viewer: &Viewer) -> OrganizationView {
    let staff = viewer.is_staff();
    OrganizationView {
        id: row.org_id.0,
        name: row.name.clone(),
        slug: staff.then(|| row.slug.clone()),
        settings: staff.then(|| SettingsView::from(&row.settings.0)),
        created_at: staff.then_some(row.created_at),
        updated_at: staff.then_some(row.updated_at),
        version: staff.then_some(row.version),
    }
}
