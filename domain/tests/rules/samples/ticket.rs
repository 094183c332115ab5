//! The events of a ticket.

use super::{FULL, MINIMAL, duty, emitting, key, reason, text, vip_late};
use crate::scenario::{AGENT, CUSTOMER, MESSAGE, OTHER_AGENT, OTHER_TICKET, TEAM, at, days};
use chrono::NaiveDate;
use domain::calendar::definition::CalendarRef;
use domain::ids::{CalendarId, PolicyId};
use domain::sla::Metric;
use domain::sla::policy::PolicyRef;
use domain::sla::rule::{AppliedTarget, Rule};
use domain::sla::targets::Targets;
use domain::sla::warning::{AppliedWarning, Effect, Recipients, Threshold, Warning};
use domain::text::{Subject, Tag};
use domain::ticket::event::{
    Cause, SlaBreached, SlaCause, SlaWarned, TicketAgentReplied, TicketAssigned, TicketClosed,
    TicketCustomFieldSet, TicketCustomerReplied, TicketEvent, TicketFollowUpOpened,
    TicketNoteAdded, TicketOpened, TicketPriorityChanged, TicketReminded, TicketRemindersSet,
    TicketReopened, TicketResolved, TicketSlaApplied, TicketStatusChanged, TicketSubjectChanged,
    TicketTagged, TicketUntagged, UsedTime,
};
use domain::ticket::field::{FieldValue, FiniteNumber};
use domain::ticket::state::{Assignment, Channel, ExternalReference, Priority, Status};
use uuid::Uuid;

pub fn life() -> impl Iterator<Item = (&'static str, TicketEvent)> {
    let subject = Subject::parse("The printer is on fire 🔥").unwrap();
    let opened = TicketOpened {
        subject: subject.clone(),
        requester_id: CUSTOMER,
        priority: Priority::Urgent,
        channel: Channel::Email,
        message_id: Some(MESSAGE),
        follow_up_of: Some(OTHER_TICKET),
        external: Some(ExternalReference {
            source: "servicenow-log".into(),
            id: "INC0000045".into(),
        }),
        sla_targets: Some(Targets {
            first_response_minutes: 60,
            resolution_minutes: 480,
        }),
    };
    let minimal = TicketOpened {
        message_id: None,
        follow_up_of: None,
        external: None,
        sla_targets: None,
        priority: Priority::Normal,
        channel: Channel::Api,
        ..opened.clone()
    };
    let through = |channel| TicketOpened {
        channel,
        ..minimal.clone()
    };
    [
        (FULL, opened.into()),
        ("web", through(Channel::Web).into()),
        ("phone", through(Channel::Phone).into()),
        ("chat", through(Channel::Chat).into()),
        (MINIMAL, minimal.into()),
        (
            FULL,
            TicketCustomerReplied {
                message_id: MESSAGE,
            }
            .into(),
        ),
        (
            FULL,
            TicketAgentReplied {
                message_id: MESSAGE,
                machine: false,
            }
            .into(),
        ),
        (
            "machine",
            TicketAgentReplied {
                message_id: MESSAGE,
                machine: true,
            }
            .into(),
        ),
        (
            FULL,
            TicketNoteAdded {
                message_id: MESSAGE,
            }
            .into(),
        ),
        (
            FULL,
            TicketFollowUpOpened {
                follow_up_id: OTHER_TICKET,
            }
            .into(),
        ),
        (
            FULL,
            SlaBreached {
                metric: Metric::AgentWork,
                due_at: at(480),
                lateness_ms: 17,
            }
            .into(),
        ),
        (
            "first_reply",
            SlaBreached {
                metric: Metric::FirstReply,
                due_at: at(60),
                lateness_ms: 0,
            }
            .into(),
        ),
        (
            FULL,
            TicketRemindersSet {
                due_at: vec![at(days(2)), at(days(5))],
            }
            .into(),
        ),
        (
            FULL,
            TicketReminded {
                number: 2,
                due_at: at(days(5)),
                lateness_ms: 17,
            }
            .into(),
        ),
        (FULL, applied().into()),
        (
            "opened",
            TicketSlaApplied {
                used: Vec::new(),
                cause: SlaCause::Opened,
                ..applied()
            }
            .into(),
        ),
        (
            "settings",
            TicketSlaApplied {
                rule: Rule::of_settings(Targets {
                    first_response_minutes: 60,
                    resolution_minutes: 480,
                }),
                cause: SlaCause::TicketChanged,
                ..applied()
            }
            .into(),
        ),
        (
            "time_told",
            TicketSlaApplied {
                cause: SlaCause::TimeTold,
                ..applied()
            }
            .into(),
        ),
        (
            "warnings",
            TicketSlaApplied {
                rule: Rule {
                    warnings: warnings(),
                    ..applied().rule
                },
                ..applied()
            }
            .into(),
        ),
        (
            "events",
            TicketSlaApplied {
                rule: Rule {
                    warnings: vec![AppliedWarning {
                        metric: Metric::FirstReply,
                        warning: emitting(),
                    }],
                    ..applied().rule
                },
                ..applied()
            }
            .into(),
        ),
        (FULL, warned().into()),
        (
            MINIMAL,
            SlaWarned {
                metric: Metric::Resolution,
                threshold: Threshold::SecondsBefore(0),
                policy: None,
                notify: Recipients::default(),
                effects: Vec::new(),
                ..warned()
            }
            .into(),
        ),
        (
            "events",
            SlaWarned {
                events: vec![vip_late()],
                ..warned()
            }
            .into(),
        ),
    ]
    .into_iter()
}

fn warned() -> SlaWarned {
    SlaWarned {
        metric: Metric::FirstReply,
        threshold: Threshold::Percent(80),
        due_at: at(48),
        lateness_ms: 17,
        deadline_at: at(60),
        policy: Some(PolicyRef {
            id: PolicyId(Uuid::from_u128(0x90)),
            version: 2,
        }),
        notify: Recipients {
            assignee_id: Some(AGENT),
            team_id: Some(TEAM),
            addresses: vec![duty()],
        },
        events: Vec::new(),
        effects: vec![Effect::PriorityRaised, Effect::TeamAssigned, Effect::Tagged],
    }
}

/// A warning with each action, and one with none.
fn warnings() -> Vec<AppliedWarning> {
    let warning = |metric, threshold, actions| AppliedWarning {
        metric,
        warning: Warning { threshold, actions },
    };
    vec![
        warning(
            Metric::FirstReply,
            Threshold::Percent(80),
            super::every_action(),
        ),
        warning(Metric::Resolution, Threshold::SecondsBefore(0), Vec::new()),
    ]
}

fn applied() -> TicketSlaApplied {
    let target = |metric, target_ms, calendar| AppliedTarget {
        metric,
        target_ms,
        calendar,
    };
    let calendar = Some(CalendarRef {
        id: CalendarId(Uuid::from_u128(0xca)),
        version: 3,
    });
    TicketSlaApplied {
        rule: Rule {
            policy: Some(PolicyRef {
                id: PolicyId(Uuid::from_u128(0x90)),
                version: 2,
            }),
            targets: vec![
                target(Metric::FirstReply, 15_000, None),
                target(Metric::NextReply, 3_600_000, calendar),
                target(Metric::PeriodicUpdate, 7_200_000, calendar),
                target(Metric::PausableUpdate, 7_200_000, calendar),
                target(Metric::RequesterWait, 28_800_000, calendar),
                target(Metric::AgentWork, 28_800_000, calendar),
                target(Metric::Resolution, 86_400_000, None),
            ],
            warnings: Vec::new(),
        },
        used: vec![UsedTime {
            metric: Metric::AgentWork,
            used_ms: 90_000,
        }],
        cause: SlaCause::RulesChanged,
    }
}

pub fn properties() -> impl Iterator<Item = (&'static str, TicketEvent)> {
    let both = Assignment {
        agent_id: Some(OTHER_AGENT),
        team_id: Some(TEAM),
    };
    let agent = Assignment {
        agent_id: Some(AGENT),
        team_id: None,
    };
    let targets = Some(Targets {
        first_response_minutes: 60,
        resolution_minutes: 480,
    });
    let priority = |sla_targets| TicketPriorityChanged {
        from: Priority::Low,
        to: Priority::High,
        sla_targets,
    };
    let subject = |text| Subject::parse(text).unwrap();
    let tag = Tag::parse("vip").unwrap();
    let number = |number| Some(FieldValue::Number(FiniteNumber::try_from(number).unwrap()));
    let field = |from, to| TicketCustomFieldSet {
        key: key("floor"),
        from,
        to,
    };
    let date = NaiveDate::from_ymd_opt(2026, 2, 28).map(FieldValue::Date);
    [
        (
            FULL,
            TicketAssigned {
                from: agent,
                to: both,
            }
            .into(),
        ),
        (
            MINIMAL,
            TicketAssigned {
                from: Assignment::default(),
                to: agent,
            }
            .into(),
        ),
        (FULL, priority(targets).into()),
        (MINIMAL, priority(None).into()),
        (
            FULL,
            TicketSubjectChanged {
                from: subject("Smoke"),
                to: subject("Fire"),
            }
            .into(),
        ),
        (FULL, TicketTagged { tag: tag.clone() }.into()),
        (FULL, TicketUntagged { tag }.into()),
        (
            FULL,
            field(
                Some(FieldValue::Text(text("third"))),
                Some(FieldValue::Text(text("fourth"))),
            )
            .into(),
        ),
        (MINIMAL, field(None, None).into()),
        ("number", field(number(0.1), number(-12e300)).into()),
        (
            "boolean",
            field(None, Some(FieldValue::Boolean(true))).into(),
        ),
        ("date", field(date, None).into()),
        (
            "choice",
            field(None, Some(FieldValue::Choice(text("gray")))).into(),
        ),
    ]
    .into_iter()
}

pub fn moves() -> impl Iterator<Item = (&'static str, TicketEvent)> {
    let by_reply = Cause::Reply {
        message_id: MESSAGE,
    };
    let changed = |from, to, cause| TicketStatusChanged { from, to, cause };
    let reopened = |cause, reason| TicketReopened {
        from: Status::Closed,
        to: Status::Open,
        cause,
        reason,
    };
    let resolved = |cause, auto_close_at| TicketResolved {
        from: Status::Open,
        cause,
        auto_close_at,
    };
    let closed = |cause| TicketClosed {
        from: Status::Resolved,
        cause,
    };
    [
        (
            FULL,
            changed(Status::Pending, Status::Open, by_reply).into(),
        ),
        (
            "request",
            changed(Status::Open, Status::OnHold, Cause::Request).into(),
        ),
        (
            "assignment",
            changed(Status::New, Status::Open, Cause::Assignment).into(),
        ),
        (
            "import",
            changed(Status::OnHold, Status::New, Cause::Import).into(),
        ),
        (FULL, resolved(Cause::Request, Some(at(5_760))).into()),
        (MINIMAL, resolved(Cause::Import, None).into()),
        (FULL, closed(Cause::Request).into()),
        ("timer", closed(Cause::Timer).into()),
        (FULL, reopened(Cause::Request, reason()).into()),
        (MINIMAL, reopened(Cause::Import, None).into()),
    ]
    .into_iter()
}
