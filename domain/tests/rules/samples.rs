//! One event of every shape, every field set, and those shapes that leave something out or vary.
//!
//! The structs are spelled whole, so that a new field does not compile here until it has a value.

mod calendar;
mod security;
mod service_levels;
mod ticket;
mod views;

use crate::scenario::{AGENT, CALENDAR, COMPANY, OTHER_COMPANY, OTHER_TICKET, TEAM};
use domain::actor::Role;
use domain::calendar::zone::Zone;
use domain::company::event::{
    CompanyCreated, CompanyDomainAdded, CompanyDomainRemoved, CompanyEvent, CompanyRenamed,
    DomainClaimEvent, MailDomainClaimed, MailDomainReleased,
};
use domain::event::DomainEvent;
use domain::ids::RoleId;
use domain::message::event::{MessageEdited, MessageEvent, MessagePosted, MessageRedacted};
use domain::message::state::Visibility;
use domain::organization::event::{
    OrganizationCreated, OrganizationDeleted, OrganizationEvent, OrganizationRenamed,
    OrganizationResumed, OrganizationRoleChanged, OrganizationRoleCreated, OrganizationRoleDeleted,
    OrganizationRoleGiven, OrganizationRoleTaken, OrganizationSettingsChanged,
    OrganizationSuspended,
};
use domain::organization::language::SearchLanguage;
use domain::organization::settings::{FieldDefinition, FieldKind, SecondFactorDemand, Settings};
use domain::organization::waiting::{Delay, WaitingRules};
use domain::sla::targets::{TargetTable, Targets};
use domain::sla::warning::{Action, Threshold, Warning};
use domain::team::event::{
    TeamCreated, TeamEvent, TeamMemberAdded, TeamMemberRemoved, TeamPrivacySet, TeamRenamed,
};
use domain::text::{
    Email, EventName, FieldKey, FieldText, MailDomain, MessageBody, Name, PermissionName, Reason,
    Slug, Tag,
};
use domain::ticket::state::Priority;
use domain::user::event::{
    EmailClaimEvent, EmailClaimed, EmailReleased, SubjectErased, UserCompanySet, UserCreated,
    UserDeactivated, UserEmailChanged, UserEvent, UserReactivated, UserRenamed, UserRoleChanged,
};
use domain::user::state::UserKind;
use std::collections::BTreeSet;
use uuid::Uuid;

/// An event and what is special about it; nothing for the one with every field.
pub type Sample = (&'static str, DomainEvent);

pub const FULL: &str = "";
pub const MINIMAL: &str = "minimal";

const ROLE: RoleId = RoleId(Uuid::from_u128(0x91));
const OTHER_ROLE: RoleId = RoleId(Uuid::from_u128(0x92));

fn permissions(names: &[&str]) -> BTreeSet<PermissionName> {
    let name = |name: &&str| PermissionName::parse(name).unwrap();
    names.iter().map(name).collect()
}

pub fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    samples.extend(organization().map(|(case, event)| (case, DomainEvent::Organization(event))));
    samples.extend(user().map(|(case, event)| (case, DomainEvent::User(event))));
    samples.extend(email_claim().map(|(case, event)| (case, DomainEvent::EmailClaim(event))));
    samples.extend(team().map(|(case, event)| (case, DomainEvent::Team(event))));
    samples.extend(company().map(|event| (FULL, DomainEvent::Company(event))));
    samples.extend(domain_claim().map(|event| (FULL, DomainEvent::DomainClaim(event))));
    samples.extend(ticket::life().map(|(case, event)| (case, DomainEvent::Ticket(event))));
    samples.extend(ticket::properties().map(|(case, event)| (case, DomainEvent::Ticket(event))));
    samples.extend(ticket::moves().map(|(case, event)| (case, DomainEvent::Ticket(event))));
    samples.extend(security::samples().map(|(case, event)| (case, DomainEvent::Security(event))));
    samples.extend(
        service_levels::samples().map(|(case, event)| (case, DomainEvent::ServiceLevels(event))),
    );
    samples.extend(calendar::samples().map(|(case, event)| (case, DomainEvent::Calendar(event))));
    samples.extend(
        views::samples()
            .into_iter()
            .map(|(case, event)| (case, DomainEvent::View(event))),
    );
    samples.extend(views::shelves().map(|event| (FULL, DomainEvent::ViewShelf(event))));
    samples.extend(message().map(|(case, event)| (case, DomainEvent::Message(event))));
    samples
}

fn duty() -> Email {
    email("duty@nordlicht.example")
}

/// Everything that a warning can do to the ticket and its mail.
fn every_action() -> Vec<Action> {
    vec![
        Action::NotifyAssignee,
        Action::NotifyTeam,
        Action::NotifyAddress { address: duty() },
        Action::RaisePriority { to: None },
        Action::RaisePriority {
            to: Some(Priority::Urgent),
        },
        Action::AssignTeam { team_id: TEAM },
        Action::AddTag {
            tag: Tag::parse("late").unwrap(),
        },
    ]
}

fn vip_late() -> EventName {
    EventName::parse("vip-late").unwrap()
}

/// A warning that tells programs.
fn emitting() -> Warning {
    Warning {
        threshold: Threshold::Percent(80),
        actions: vec![Action::EmitEvent { event: vip_late() }],
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn body(text: &str) -> MessageBody {
    MessageBody::parse(text).unwrap()
}

fn reason() -> Option<Reason> {
    Some(Reason::parse("It burns again").unwrap())
}

fn key(text: &str) -> FieldKey {
    FieldKey::parse(text).unwrap()
}

fn text(text: &str) -> FieldText {
    FieldText::parse(text).unwrap()
}

fn settings() -> Settings {
    let targets = |first_response_minutes, resolution_minutes| Targets {
        first_response_minutes,
        resolution_minutes,
    };
    let kinds = [
        ("floor", FieldKind::Text),
        ("pages", FieldKind::Number),
        ("insured", FieldKind::Boolean),
        ("bought_on", FieldKind::Date),
        (
            "color",
            FieldKind::Choice {
                options: vec![text("black"), text("gray")],
            },
        ),
    ];
    Settings {
        auto_close_after_hours: 48,
        reopen_window_days: 14,
        edit_window_minutes: 5,
        sla_targets: TargetTable {
            urgent: targets(30, 240),
            high: targets(60, 480),
            normal: targets(120, 960),
            low: targets(240, 1_920),
        },
        custom_fields: kinds
            .into_iter()
            .map(|(name_, kind)| {
                (
                    key(name_),
                    FieldDefinition {
                        label: name(name_),
                        kind,
                    },
                )
            })
            .collect(),
        ..Settings::default()
    }
}

/// Two days of working time to the close, two reminders.
fn waiting() -> WaitingRules {
    let reminder = |seconds| Delay {
        seconds,
        calendar_id: None,
    };
    WaitingRules {
        auto_close: Some(Delay {
            seconds: 57_600,
            calendar_id: Some(CALENDAR),
        }),
        reminders: Some(vec![reminder(172_800), reminder(432_000)]),
    }
}

/// A team that reminds nobody, and closes as the organization does.
fn team_waiting() -> WaitingRules {
    WaitingRules {
        auto_close: None,
        reminders: Some(Vec::new()),
    }
}

fn organization() -> impl Iterator<Item = (&'static str, OrganizationEvent)> {
    let created = |settings| OrganizationCreated {
        name: name("Acme"),
        slug: Slug::parse("acme").unwrap(),
        settings,
    };
    [
        (FULL, created(settings()).into()),
        (MINIMAL, created(Settings::default()).into()),
        (
            FULL,
            OrganizationRenamed {
                from: name("Acme"),
                to: name("Acme & Söhne"),
            }
            .into(),
        ),
        (
            FULL,
            OrganizationSettingsChanged {
                settings: settings(),
            }
            .into(),
        ),
        (
            MINIMAL,
            OrganizationSettingsChanged {
                settings: Settings::default(),
            }
            .into(),
        ),
        (
            "colleagues",
            OrganizationSettingsChanged {
                settings: Settings {
                    colleagues_see_tickets: true,
                    second_factor_required_for: SecondFactorDemand::Staff,
                    ..Settings::default()
                },
            }
            .into(),
        ),
        (
            "waiting",
            OrganizationSettingsChanged {
                settings: Settings {
                    waiting: waiting(),
                    team_waiting: [(TEAM, team_waiting())].into(),
                    ..Settings::default()
                },
            }
            .into(),
        ),
        (
            "search_language",
            OrganizationSettingsChanged {
                settings: Settings {
                    search_language: SearchLanguage::German,
                    ..Settings::default()
                },
            }
            .into(),
        ),
        (
            "time_zone",
            OrganizationSettingsChanged {
                settings: Settings {
                    time_zone: Zone::parse("Europe/Berlin").unwrap(),
                    ..Settings::default()
                },
            }
            .into(),
        ),
        (
            FULL,
            OrganizationRoleCreated {
                role_id: ROLE,
                name: name("Auditors"),
                base: Role::Lead,
                permissions: permissions(&["read_audit", "read_users"]),
            }
            .into(),
        ),
        (
            FULL,
            OrganizationRoleChanged {
                role_id: ROLE,
                name: name("Examiners"),
                permissions: permissions(&["read_audit"]),
            }
            .into(),
        ),
        (
            FULL,
            OrganizationRoleDeleted {
                role_id: ROLE,
                name: name("Examiners"),
            }
            .into(),
        ),
        (
            FULL,
            OrganizationRoleGiven {
                role_id: ROLE,
                user_id: AGENT,
            }
            .into(),
        ),
        (
            FULL,
            OrganizationRoleTaken {
                role_id: ROLE,
                user_id: AGENT,
            }
            .into(),
        ),
        (FULL, OrganizationSuspended {}.into()),
        (FULL, OrganizationResumed {}.into()),
        (FULL, OrganizationDeleted {}.into()),
    ]
    .into_iter()
}

fn user() -> impl Iterator<Item = (&'static str, UserEvent)> {
    let address = Some(email("ada@example.com"));
    let created = |email, role| UserCreated {
        name: name("Ada Lovelace"),
        email,
        role,
        kind: UserKind::Person,
    };
    let machine = UserCreated {
        kind: UserKind::Machine,
        ..created(None, Role::Agent)
    };
    [
        (FULL, created(address.clone(), Role::Agent).into()),
        (MINIMAL, created(None, Role::Customer).into()),
        ("admin", created(address.clone(), Role::Admin).into()),
        ("lead", created(address.clone(), Role::Lead).into()),
        ("machine", machine.into()),
        (
            FULL,
            UserRenamed {
                from: name("Ada"),
                to: name("Ada Lovelace"),
            }
            .into(),
        ),
        (
            FULL,
            UserEmailChanged {
                from: address,
                to: Some(email("ada@example.org")),
            }
            .into(),
        ),
        (
            MINIMAL,
            UserEmailChanged {
                from: None,
                to: None,
            }
            .into(),
        ),
        (
            FULL,
            UserRoleChanged {
                from: Role::Agent,
                to: Role::Admin,
                from_role_id: None,
                to_role_id: None,
            }
            .into(),
        ),
        (
            "own",
            UserRoleChanged {
                from: Role::Agent,
                to: Role::Lead,
                from_role_id: Some(ROLE),
                to_role_id: Some(OTHER_ROLE),
            }
            .into(),
        ),
        (
            FULL,
            UserCompanySet {
                from: Some(OTHER_COMPANY),
                to: Some(COMPANY),
            }
            .into(),
        ),
        (
            MINIMAL,
            UserCompanySet {
                from: None,
                to: None,
            }
            .into(),
        ),
        (FULL, UserDeactivated {}.into()),
        (FULL, UserReactivated {}.into()),
        (
            FULL,
            SubjectErased {
                reason: Reason::parse("Asked for it by letter").unwrap(),
            }
            .into(),
        ),
    ]
    .into_iter()
}

fn email_claim() -> impl Iterator<Item = (&'static str, EmailClaimEvent)> {
    [
        (FULL, EmailClaimed { user_id: AGENT }.into()),
        (FULL, EmailReleased { user_id: AGENT }.into()),
    ]
    .into_iter()
}

fn company() -> impl Iterator<Item = CompanyEvent> {
    let domain = MailDomain::parse("initech.example").unwrap();
    [
        CompanyCreated {
            name: name("Initech"),
        }
        .into(),
        CompanyRenamed {
            from: name("Initech"),
            to: name("Initrode"),
        }
        .into(),
        CompanyDomainAdded {
            domain: domain.clone(),
        }
        .into(),
        CompanyDomainRemoved { domain }.into(),
    ]
    .into_iter()
}

fn domain_claim() -> impl Iterator<Item = DomainClaimEvent> {
    let company_id = COMPANY;
    [
        MailDomainClaimed { company_id }.into(),
        MailDomainReleased { company_id }.into(),
    ]
    .into_iter()
}

fn team() -> impl Iterator<Item = (&'static str, TeamEvent)> {
    [
        (
            FULL,
            TeamCreated {
                name: name("Printers"),
            }
            .into(),
        ),
        (
            FULL,
            TeamRenamed {
                from: name("Printers"),
                to: name("Fire brigade"),
            }
            .into(),
        ),
        (FULL, TeamPrivacySet { private: true }.into()),
        (FULL, TeamMemberAdded { user_id: AGENT }.into()),
        (FULL, TeamMemberRemoved { user_id: AGENT }.into()),
    ]
    .into_iter()
}

fn message() -> impl Iterator<Item = (&'static str, MessageEvent)> {
    let posted = |author_role, visibility| MessagePosted {
        ticket_id: OTHER_TICKET,
        author_id: AGENT,
        author_role,
        visibility,
        body: body("It burns.\n\n> \"Really?\" \\o/ — oui 🔥"),
    };
    [
        (FULL, posted(Role::Agent, Visibility::Internal).into()),
        ("public", posted(Role::Customer, Visibility::Public).into()),
        (
            FULL,
            MessageEdited {
                body: body("It is out."),
            }
            .into(),
        ),
        (FULL, MessageRedacted { reason: reason() }.into()),
        (MINIMAL, MessageRedacted { reason: None }.into()),
    ]
    .into_iter()
}
