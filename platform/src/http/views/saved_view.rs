//! Saved views of tickets on the wire, as both sides read and write them.

use chrono::{DateTime, Utc};
use domain::view::definition::{TicketColumn, TicketOrder, ViewDefinition, ViewOwner};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::rows::ViewRow;

/// The order of a list of tickets; `-` is descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "TicketSort")]
pub enum TicketSortView {
    /// What changed longest ago first.
    #[oai(rename = "updated_at")]
    UpdatedAt,
    /// What changed last first.
    #[oai(rename = "-updated_at")]
    UpdatedAtDescending,
    /// The oldest first.
    #[oai(rename = "created_at")]
    CreatedAt,
    /// The newest first.
    #[oai(rename = "-created_at")]
    CreatedAtDescending,
    /// The least urgent first.
    #[oai(rename = "priority")]
    Priority,
    /// The most urgent first.
    #[oai(rename = "-priority")]
    PriorityDescending,
    /// The next deadline first; tickets without one last. Staff only.
    #[oai(rename = "next_deadline_at")]
    NextDeadlineAt,
    /// The farthest deadline first; tickets without one last. Staff only.
    #[oai(rename = "-next_deadline_at")]
    NextDeadlineAtDescending,
}

macro_rules! same_words {
    ($view:ident of $domain:ident { $($variant:ident),+ $(,)? }) => {
        impl From<$domain> for $view {
            fn from(value: $domain) -> Self {
                match value { $($domain::$variant => Self::$variant,)+ }
            }
        }

        impl From<$view> for $domain {
            fn from(view: $view) -> Self {
                match view { $($view::$variant => Self::$variant,)+ }
            }
        }
    };
}

same_words!(TicketSortView of TicketOrder {
    UpdatedAt,
    UpdatedAtDescending,
    CreatedAt,
    CreatedAtDescending,
    Priority,
    PriorityDescending,
    NextDeadlineAt,
    NextDeadlineAtDescending,
});

/// A column of a list of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "TicketColumn", rename_all = "snake_case")]
pub enum TicketColumnView {
    /// Its number.
    Number,
    /// What it is about.
    Subject,
    /// Where it stands.
    Status,
    /// How urgent it is.
    Priority,
    /// How it came in.
    Channel,
    /// Whose it is.
    Requester,
    /// The agent.
    Assignee,
    /// The team.
    Team,
    /// Its tags.
    Tags,
    /// How many messages it has.
    MessageCount,
    /// The newest public message.
    LastMessage,
    /// The next deadline.
    NextDeadlineAt,
    /// When it was opened.
    CreatedAt,
    /// When it changed last.
    UpdatedAt,
}

same_words!(TicketColumnView of TicketColumn {
    Number,
    Subject,
    Status,
    Priority,
    Channel,
    Requester,
    Assignee,
    Team,
    Tags,
    MessageCount,
    LastMessage,
    NextDeadlineAt,
    CreatedAt,
    UpdatedAt,
});

/// Whose a view is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ViewOwner", rename_all = "snake_case")]
pub enum ViewOwnerView {
    /// One's own: nobody else sees it.
    Me,
    /// A team's: whoever sees the team sees it, its leads and admins set it.
    Team,
    /// The organization's: all staff see it, admins set it.
    Organization,
}

/// A saved view of tickets.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "SavedView", skip_serializing_if_is_none)]
pub struct SavedViewView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: ViewOwnerView,
    /// The team, of a team's view.
    pub team_id: Option<Uuid>,
    /// Which tickets, in the language of `query` of the list of tickets; all when empty.
    pub query: String,
    /// In which order.
    pub sort: TicketSortView,
    /// Which columns, in their order; those of the program that shows it when empty.
    pub columns: Vec<TicketColumnView>,
    /// When it was made. In answers to queries.
    pub created_at: Option<DateTime<Utc>>,
    /// When it changed last. In answers to queries.
    pub updated_at: Option<DateTime<Utc>>,
    /// Rises with every event of the view.
    pub version: i64,
}

impl SavedViewView {
    /// A view after a command, at a version of its stream.
    #[must_use]
    pub fn of(id: Uuid, owner: ViewOwner, definition: &ViewDefinition, version: i64) -> Self {
        let (owner, team_id) = owner_and_team(owner);
        Self {
            id,
            name: definition.name.to_string(),
            owner,
            team_id,
            query: definition.query.to_string(),
            sort: definition.order.into(),
            columns: definition.columns.iter().map(|it| (*it).into()).collect(),
            created_at: None,
            updated_at: None,
            version,
        }
    }
}

impl From<ViewRow> for SavedViewView {
    fn from(row: ViewRow) -> Self {
        let (owner, team_id) = owner_and_team(row.owner());
        Self {
            id: row.view_id.0,
            name: row.name,
            owner,
            team_id,
            query: row.query,
            sort: row.sort.into(),
            columns: row.columns.into_iter().map(Into::into).collect(),
            created_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
            version: row.version,
        }
    }
}

fn owner_and_team(owner: ViewOwner) -> (ViewOwnerView, Option<Uuid>) {
    match owner {
        ViewOwner::Organization => (ViewOwnerView::Organization, None),
        ViewOwner::Team { team_id } => (ViewOwnerView::Team, Some(team_id.0)),
        ViewOwner::Person { .. } => (ViewOwnerView::Me, None),
    }
}
