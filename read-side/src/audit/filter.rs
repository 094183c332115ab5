//! What an auditor asks for.

use domain::calendar::event::CalendarEvent;
use domain::company::event::CompanyEvent;
use domain::ids::UserId;
use domain::organization::event::OrganizationEvent;
use domain::security::event::SecurityEvent;
use domain::service_levels::event::ServiceLevelsEvent;
use domain::team::event::TeamEvent;
use domain::user::event::UserEvent;
use domain::view::event::ViewEvent;
use serde::Serialize;

use crate::tickets::TimeRange;

/// Conditions that a fact fulfils all of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AuditFilter {
    /// One of these types; any when there are none.
    pub types: EventTypes,
    /// Done by this person.
    pub actor: Option<UserId>,
    /// Concerning this person.
    pub subject: Option<UserId>,
    /// Recorded in this time.
    pub recorded: TimeRange,
}

/// Types of events, each once, in alphabetical order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EventTypes(Vec<&'static str>);

/// A text that names no type of the audit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no type of the audit such as session.started, and no beginning of one such as session."
)]
pub struct UnknownEventType(String);

impl EventTypes {
    /// The types that are named, separated by commas. A name that ends with a dot stands for all that begin so.
    ///
    /// # Errors
    /// [`UnknownEventType`] when a name stands for none.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownEventType> {
        let mut types = Vec::new();
        for name in names.into_iter().flat_map(|names| names.split(',')) {
            let fits =
                |known: &&str| *known == name || name.ends_with('.') && known.starts_with(name);
            let before = types.len();
            types.extend(known().filter(fits));
            if types.len() == before {
                return Err(UnknownEventType(name.chars().take(64).collect()));
            }
        }
        types.sort_unstable();
        types.dedup();
        Ok(Self(types))
    }

    pub(super) fn as_slice(&self) -> &[&'static str] {
        &self.0
    }
}

/// Every type that the audit holds.
fn known() -> impl Iterator<Item = &'static str> {
    [
        SecurityEvent::TYPES,
        UserEvent::TYPES,
        TeamEvent::TYPES,
        CompanyEvent::TYPES,
        CalendarEvent::TYPES,
        ServiceLevelsEvent::TYPES,
        OrganizationEvent::TYPES,
        ViewEvent::TYPES,
        &[("message.redacted", 1)],
    ]
    .into_iter()
    .flatten()
    .map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn types_are_named_whole_or_by_their_beginning() {
        let types = EventTypes::parse(["user.created,session.", "session.ended"]).unwrap();
        assert_eq!(
            types.as_slice(),
            ["session.ended", "session.started", "user.created"]
        );
        let again = EventTypes::parse(["session.", "user.created"]).unwrap();
        assert_eq!(again, types);
        assert_eq!(EventTypes::parse([]).unwrap(), EventTypes::default());
    }

    #[test]
    fn what_names_no_type_is_refused_rather_than_found_nowhere() {
        for wrong in [
            "",
            "session",
            "session.star",
            ".",
            "ticket.",
            "user.created,",
        ] {
            assert!(EventTypes::parse([wrong]).is_err(), "{wrong}");
        }
    }
}
