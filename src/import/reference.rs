//! The people and teams that a log names.

use chrono::DateTime;
use domain::ids::{OrganizationId, TeamId, UserId};
use domain::text::{Name, TextError};
use uuid::Uuid;

use super::SOURCE;
use super::external_id::derive;

/// What a log calls somebody whom it does not know.
const UNKNOWN: &str = "?";
const UNKNOWN_CALLER_NAME: &str = "Unknown caller";

/// What a name in the log stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Who called: a customer.
    Caller,
    /// Who worked on it: an agent.
    Agent,
    /// The group that worked on it: a team.
    Team,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Agent => "agent",
            Self::Team => "team",
        }
    }

    /// What stands before a bare number to make a name of it.
    fn label(self) -> &'static str {
        match self {
            Self::Caller => "Caller",
            Self::Agent => "Agent",
            Self::Team => "Group",
        }
    }
}

/// A person or team of the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// What it is.
    pub kind: Kind,
    /// What people will read.
    pub name: Name,
    external_id: Box<str>,
}

impl Reference {
    /// The person or team that the log calls `external_id`.
    ///
    /// # Errors
    /// When no name can be made of it.
    pub fn parse(kind: Kind, external_id: &str) -> Result<Self, TextError> {
        let name = labelled(kind.label(), external_id);
        Ok(Self {
            kind,
            name: Name::parse(&name)?,
            external_id: external_id.into(),
        })
    }

    /// The customer who stands for every caller that the log does not know.
    ///
    /// # Errors
    /// Never: its name is a constant that fits.
    pub fn unknown_caller() -> Result<Self, TextError> {
        Ok(Self {
            kind: Kind::Caller,
            name: Name::parse(UNKNOWN_CALLER_NAME)?,
            external_id: UNKNOWN.into(),
        })
    }

    fn id(&self, organization: OrganizationId) -> Uuid {
        // No time of the file may enter: the next file names the same people at other times.
        derive(
            organization,
            SOURCE,
            self.kind.as_str(),
            &self.external_id,
            DateTime::UNIX_EPOCH,
        )
    }

    /// The id as a user's. Of a caller or an agent.
    #[must_use]
    pub fn user_id(&self, organization: OrganizationId) -> UserId {
        UserId(self.id(organization))
    }

    /// The id as a team's.
    #[must_use]
    pub fn team_id(&self, organization: OrganizationId) -> TeamId {
        TeamId(self.id(organization))
    }
}

/// `value` itself when it has words, else `label` before it: exports that were made anonymous keep bare numbers.
#[must_use]
pub fn labelled(label: &str, value: &str) -> String {
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{label} {value}")
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn bare_numbers_get_a_label_and_words_stay() {
        assert_eq!(
            Reference::parse(Kind::Caller, "2403")
                .unwrap()
                .name
                .as_str(),
            "Caller 2403"
        );
        assert_eq!(
            Reference::parse(Kind::Agent, "89").unwrap().name.as_str(),
            "Agent 89"
        );
        assert_eq!(
            Reference::parse(Kind::Team, "Service desk")
                .unwrap()
                .name
                .as_str(),
            "Service desk"
        );
    }

    #[test]
    fn a_caller_and_an_agent_of_one_number_are_two_people() {
        let organization = OrganizationId(Uuid::from_u128(1));
        let caller = Reference::parse(Kind::Caller, "7").unwrap();
        let agent = Reference::parse(Kind::Agent, "7").unwrap();
        assert_ne!(caller.user_id(organization), agent.user_id(organization));
    }
}
