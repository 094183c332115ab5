//! What a view says: which tickets, in which order, with which columns, and whose it is.

use super::error::ViewError;
use crate::ids::{OrganizationId, TeamId, UserId};
use crate::text::Name;
use crate::ticket::query::{Condition, Query, QueryText};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whose a view is: who sees it, and who may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ViewOwner {
    /// Everybody of the staff sees it, admins set it.
    Organization,
    /// Who sees the team sees it, its leads and admins set it.
    Team {
        /// The team.
        team_id: TeamId,
    },
    /// One person sees and sets it.
    Person {
        /// The person.
        user_id: UserId,
    },
}

impl ViewOwner {
    /// Whose it is where a team or a person is kept beside it: the organization's without either.
    #[must_use]
    pub fn of(team_id: Option<TeamId>, person_id: Option<UserId>) -> Self {
        match (team_id, person_id) {
            (Some(team_id), _) => Self::Team { team_id },
            (None, Some(user_id)) => Self::Person { user_id },
            (None, None) => Self::Organization,
        }
    }

    /// The most views of this owner.
    #[must_use]
    pub fn max_views(self) -> usize {
        match self {
            Self::Organization => 100,
            Self::Team { .. } | Self::Person { .. } => 50,
        }
    }

    /// The stream of the owner's shelf.
    #[must_use]
    pub fn shelf_id(self, organization: OrganizationId) -> Uuid {
        let name = match self {
            Self::Organization => "view_shelf:organization".to_owned(),
            Self::Team { team_id } => format!("view_shelf:team:{team_id}"),
            Self::Person { user_id } => format!("view_shelf:person:{user_id}"),
        };
        Uuid::new_v5(&organization.0, name.as_bytes())
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire and on the disk.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// The order of a list of tickets; `-` is descending.
    TicketOrder {
        /// What changed longest ago first.
        UpdatedAt = "updated_at",
        /// What changed last first.
        UpdatedAtDescending = "-updated_at",
        /// The oldest first.
        CreatedAt = "created_at",
        /// The newest first.
        CreatedAtDescending = "-created_at",
        /// The least urgent first.
        Priority = "priority",
        /// The most urgent first.
        PriorityDescending = "-priority",
        /// The next deadline first; tickets without one last.
        NextDeadlineAt = "next_deadline_at",
        /// The farthest deadline first; tickets without one last.
        NextDeadlineAtDescending = "-next_deadline_at",
    }
}

impl Default for TicketOrder {
    /// What changed last comes first.
    fn default() -> Self {
        Self::UpdatedAtDescending
    }
}

words! {
    /// A column of a list of tickets.
    TicketColumn {
        /// Its number.
        Number = "number",
        /// What it is about.
        Subject = "subject",
        /// Where it stands.
        Status = "status",
        /// How urgent it is.
        Priority = "priority",
        /// How it came in.
        Channel = "channel",
        /// Whose it is.
        Requester = "requester",
        /// The agent.
        Assignee = "assignee",
        /// The team.
        Team = "team",
        /// Its tags.
        Tags = "tags",
        /// How many messages it has.
        MessageCount = "message_count",
        /// The newest public message.
        LastMessage = "last_message",
        /// The next deadline.
        NextDeadlineAt = "next_deadline_at",
        /// When it was opened.
        CreatedAt = "created_at",
        /// When it changed last.
        UpdatedAt = "updated_at",
    }
}

/// What a view says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewDefinition {
    /// What people read.
    pub name: Name,
    /// Which tickets; all when empty.
    pub query: QueryText,
    /// In which order.
    pub order: TicketOrder,
    /// Which columns, in their order, each once; those of the program that shows it when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<TicketColumn>,
}

impl ViewDefinition {
    /// Whether it may be kept: its query reads, asks for no words, and no column is there twice.
    ///
    /// # Errors
    /// The first part that does not fit.
    pub fn check(&self) -> Result<(), ViewError> {
        let query = Query::parse(self.query.as_str()).map_err(ViewError::Query)?;
        let is_word =
            |condition: &Condition| matches!(condition, Condition::Word(_) | Condition::Phrase(_));
        if query.terms.iter().any(|term| is_word(&term.condition)) {
            return Err(ViewError::Words);
        }
        let twice = |(index, column)| self.columns[..index].contains(column);
        if self.columns.iter().enumerate().any(twice) {
            return Err(ViewError::ColumnTwice);
        }
        Ok(())
    }
}
