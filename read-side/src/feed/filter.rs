//! Which events: by type, and of one ticket. What a caller may see of each type at all is in here, too, so that the rest is
//! not even read.

use std::sync::Arc;

use domain::actor::Role;
use domain::calendar::event::CalendarEvent;
use domain::company::event::CompanyEvent;
use domain::ids::TicketId;
use domain::message::event::MessageEvent;
use domain::organization::event::OrganizationEvent;
use domain::security::event::SecurityEvent;
use domain::service_levels::event::ServiceLevelsEvent;
use domain::team::event::TeamEvent;
use domain::ticket::event::TicketEvent;
use domain::user::event::UserEvent;
use domain::view::event::ViewEvent;
use platform::permission::Permission;

use super::Caller;

/// More names in one filter are refused.
const NAMES_MAX: usize = 50;
/// Events of an organization's own roles are seen by those who see the roles.
const ROLE_EVENTS: &str = "organization.role_";

type Types = &'static [(&'static str, i16)];

/// Every type that somebody may see. The reservations of addresses and domains, and which views an owner has, are a matter of
/// the log alone.
const ALL: [Types; 10] = [
    TicketEvent::TYPES,
    MessageEvent::TYPES,
    UserEvent::TYPES,
    TeamEvent::TYPES,
    CompanyEvent::TYPES,
    CalendarEvent::TYPES,
    ServiceLevelsEvent::TYPES,
    OrganizationEvent::TYPES,
    ViewEvent::TYPES,
    SecurityEvent::TYPES,
];

/// Which events a client asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedFilter {
    /// All when absent.
    types: Option<Vec<&'static str>>,
    /// The ticket that they belong to.
    pub(super) ticket: Option<TicketId>,
}

/// A name that no event has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownType {
    /// This one.
    #[error(
        "no event is called {0:?}: write names such as ticket.opened, or ticket.* for all that begin so, with commas between"
    )]
    Name(String),
    /// A list without end.
    #[error("at most {NAMES_MAX} names")]
    TooMany,
}

impl FeedFilter {
    /// What a client asked for: names of types with commas between, `noun.*` for all of a noun.
    ///
    /// # Errors
    /// [`UnknownType`].
    pub fn parse(types: Option<&str>, ticket: Option<TicketId>) -> Result<Self, UnknownType> {
        let types = types.map(parse_types).transpose()?;
        Ok(Self { types, ticket })
    }

    /// The types that are asked for and that the caller may see, in the order of the table.
    pub(super) fn types(&self, caller: &Caller) -> Arc<[&'static str]> {
        let asked = |name: &&str| match &self.types {
            Some(types) => types.contains(name),
            None => true,
        };
        let allowed = names().filter(|name| may_see(caller, name));
        allowed.filter(asked).collect()
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().flatten().map(|(name, _)| *name)
}

fn parse_types(text: &str) -> Result<Vec<&'static str>, UnknownType> {
    let mut types = Vec::new();
    for (count, word) in text.split(',').map(str::trim).enumerate() {
        if count >= NAMES_MAX {
            return Err(UnknownType::TooMany);
        }
        let known = types.len();
        let prefix = word.strip_suffix('*').filter(|noun| noun.ends_with('.'));
        types.extend(names().filter(|name| match prefix {
            Some(noun) => name.starts_with(noun),
            None => *name == word,
        }));
        if types.len() == known {
            return Err(UnknownType::Name(word.chars().take(80).collect()));
        }
    }
    Ok(types)
}

/// Whether the caller may see events of a type at all, as they may ask for what they are about. Which of them is decided by
/// each event's own ticket or team.
fn may_see(caller: &Caller, name: &str) -> bool {
    let may = |permission| caller.permissions.has(permission);
    let is_one_of = |types: Types| types.iter().any(|(known, _)| *known == name);
    if is_one_of(TicketEvent::TYPES) || is_one_of(MessageEvent::TYPES) {
        return may(Permission::ReadTickets);
    }
    if !caller.viewer.is_staff() {
        return false;
    }
    if is_one_of(UserEvent::TYPES) || name.starts_with(ROLE_EVENTS) {
        may(Permission::ReadUsers)
    } else if is_one_of(TeamEvent::TYPES) {
        may(Permission::ReadTeams)
    } else if is_one_of(CompanyEvent::TYPES) {
        may(Permission::ReadCompanies)
    } else if is_one_of(CalendarEvent::TYPES) || is_one_of(ServiceLevelsEvent::TYPES) {
        may(Permission::ReadServiceLevels)
    } else if is_one_of(OrganizationEvent::TYPES) {
        may(Permission::ReadOrganization)
    } else if is_one_of(ViewEvent::TYPES) {
        may(Permission::WorkOnTickets)
    } else {
        // What happened to people's ways in is an admin's matter, and takes the right to the audit besides.
        caller.viewer.role == Role::Admin && may(Permission::ReadAudit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::viewer::{Tenant, Viewer};
    use domain::ids::UserId;
    use event_store::{OrgId, Partition};
    use platform::permission::of_role;
    use uuid::Uuid;

    fn caller(role: Role) -> Caller {
        let tenant = Tenant {
            partition: Partition::new(1).unwrap(),
            org_id: OrgId(Uuid::nil()),
        };
        Caller {
            viewer: Viewer {
                tenant,
                user_id: UserId(Uuid::nil()),
                role,
            },
            permissions: of_role(role),
        }
    }

    fn seen(role: Role, types: Option<&str>) -> Vec<&'static str> {
        let filter = FeedFilter::parse(types, None).unwrap();
        filter.types(&caller(role)).to_vec()
    }

    #[test]
    fn a_name_or_the_beginning_of_names_selects_and_an_unknown_one_is_told() {
        assert_eq!(seen(Role::Admin, Some("ticket.opened")), ["ticket.opened"]);
        let messages = ["message.posted", "message.edited", "message.redacted"];
        assert_eq!(seen(Role::Admin, Some("message.*")), messages);
        assert_eq!(
            seen(Role::Admin, Some("sla.warned, ticket.tagged")).len(),
            2
        );
        for wrong in [
            "",
            "ticket",
            "ticket.*,",
            "*",
            "ticket.open*",
            "Ticket.opened",
        ] {
            assert!(FeedFilter::parse(Some(wrong), None).is_err(), "{wrong}");
        }
        let many = vec!["ticket.opened"; NAMES_MAX + 1].join(",");
        assert_eq!(
            FeedFilter::parse(Some(&many), None),
            Err(UnknownType::TooMany)
        );
    }

    #[test]
    fn customers_see_tickets_and_messages_and_admins_alone_what_happened_to_ways_in() {
        let mine = seen(Role::Customer, None);
        let of_tickets = TicketEvent::TYPES.len() + MessageEvent::TYPES.len();
        assert_eq!(mine.len(), of_tickets);
        for role in [Role::Agent, Role::Lead] {
            let types = seen(role, None);
            assert!(types.contains(&"user.created"));
            assert!(types.contains(&"team.member_added"));
            assert!(!types.contains(&"session.started"), "{role:?}");
        }
        assert!(seen(Role::Admin, None).contains(&"session.started"));
    }
}
