//! What both sides answer with: the shapes of tickets, messages, people, teams and organizations on the wire.
//!
//! A view is made for one viewer. Fields that only staff may see are optional and absent for customers.

mod access;
pub mod calendar;
pub mod draft;
mod organization;
pub mod policy;
mod saved_view;
mod ticket;
mod waiting;
pub mod warning;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::ids::TicketId;
use domain::message::state::Visibility;
use domain::ticket::state::{Channel, Priority, Status};
use domain::user::state::UserKind;
use poem_openapi::{Enum, Object};
use tokio::time::Instant;
use uuid::Uuid;

use crate::auth::Principal;
use crate::consistency::{ConsistencyToken, WaitTimeout};

pub use access::{
    PersonAccessView, PersonAccountView, PersonApiKeyView, PersonIdentityView, PersonLinkView,
    PersonMailView, PersonSessionView, SignOnFactorView,
};
pub use organization::{
    FieldDefinitionView, FieldKindView, OrganizationView, SearchLanguageView,
    SecondFactorDemandView, SettingsView, TargetTableView, TargetsView,
};
pub use saved_view::{SavedViewView, TicketColumnView, TicketSortView, ViewOwnerView};
pub use ticket::{
    ClockStateView, ClockView, ExternalReferenceView, FieldValueView, LastMessageView, SlaView,
    TicketView,
};
pub use waiting::{DelayView, WaitingRulesView};

/// Declares an enum of the wire beside one of the domain, with the conversions in both directions.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $view:ident as $name:literal of $domain:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
        #[oai(rename = $name, rename_all = "snake_case")]
        pub enum $view {
            $($(#[$variant_doc])* $variant,)+
        }

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

wire_enum! {
    /// Where a ticket stands.
    StatusView as "TicketStatus" of Status {
        /// Nobody has looked yet. It never comes back.
        New,
        /// The support team's turn.
        Open,
        /// The requester's turn.
        Pending,
        /// A third party's turn.
        OnHold,
        /// Answered; closes by itself after a delay.
        Resolved,
        /// Done; a further message makes a follow-up ticket.
        Closed,
    }
}

wire_enum! {
    /// How urgent a ticket is.
    PriorityView as "Priority" of Priority {
        /// Can wait.
        Low,
        /// The usual.
        Normal,
        /// Before the usual.
        High,
        /// Now.
        Urgent,
    }
}

wire_enum! {
    /// How a ticket came in.
    ChannelView as "Channel" of Channel {
        /// Through the API.
        Api,
        /// A form on the web.
        Web,
        /// A letter by e-mail.
        Email,
        /// A call.
        Phone,
        /// A chat.
        Chat,
        /// Another way.
        Other,
    }
}

wire_enum! {
    /// What a person may do in an organization.
    RoleView as "Role" of Role {
        /// Opens tickets and answers on their own.
        Customer,
        /// Works on the tickets of every customer.
        Agent,
        /// An agent who also sets teams and exports what is held about people.
        Lead,
        /// A lead who also sets users and policies, and erases people.
        Admin,
    }
}

wire_enum! {
    /// What a user is.
    UserKindView as "UserKind" of UserKind {
        /// Somebody who signs in.
        Person,
        /// A program with an API key, of the same id.
        Machine,
    }
}

wire_enum! {
    /// Who can read a message.
    VisibilityView as "Visibility" of Visibility {
        /// The requester and staff.
        Public,
        /// Staff only.
        Internal,
    }
}

/// A person, by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "PersonReference")]
pub struct PersonView {
    /// Who.
    pub id: Uuid,
    /// Their present name.
    pub name: String,
}

/// A team, by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "TeamReference")]
pub struct TeamReferenceView {
    /// Which.
    pub id: Uuid,
    /// Its present name.
    pub name: String,
}

/// A message of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Message", skip_serializing_if_is_none)]
pub struct MessageView {
    /// Its id.
    pub id: Uuid,
    /// The ticket it belongs to.
    pub ticket_id: Uuid,
    /// Who can read it.
    pub visibility: VisibilityView,
    /// Who wrote it.
    pub author: AuthorView,
    /// The words; absent once it is redacted.
    pub body: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When its author wrote it anew last, if they did.
    pub edited_at: Option<DateTime<Utc>>,
    /// When its words were taken out, if they were.
    pub redacted_at: Option<DateTime<Utc>>,
    /// Rises with every event of the message.
    pub version: i64,
}

/// The author of a message.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Author")]
pub struct AuthorView {
    /// Who.
    pub id: Uuid,
    /// Their present name.
    pub name: String,
    /// The role in which they wrote.
    pub role: RoleView,
}

/// A person of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "User", skip_serializing_if_is_none)]
pub struct UserView {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Their e-mail address, if it is known.
    pub email: Option<String>,
    /// What they may do.
    pub role: RoleView,
    /// The role of the organization's own that they have within it.
    pub role_id: Option<Uuid>,
    /// Whether a person or a machine.
    pub kind: UserKindView,
    /// The company that they belong to, if they are a customer of one.
    pub company_id: Option<Uuid>,
    /// Whether they may act.
    pub active: bool,
    /// When they joined.
    pub created_at: DateTime<Utc>,
    /// When something about them changed last.
    pub updated_at: DateTime<Utc>,
    /// Rises with every event of the user.
    pub version: i64,
}

/// A team of agents.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Team")]
pub struct TeamView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Whether only its members, and admins, see it and its tickets.
    pub private: bool,
    /// The ids of its members.
    pub member_ids: Vec<Uuid>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When something about it changed last.
    pub updated_at: DateTime<Utc>,
    /// Rises with every event of the team.
    pub version: i64,
}

/// A company of customers.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Company")]
pub struct CompanyView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// New customers with an address of one of these mail domains belong to it.
    pub domains: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When something about it changed last.
    pub updated_at: DateTime<Utc>,
    /// Rises with every event of the company.
    pub version: i64,
}

/// The view of a ticket for those who have just changed it and asked to wait for it (`Prefer: wait`).
#[async_trait]
pub trait TicketViews: Send + Sync {
    /// The ticket as the viewer may see it, once the read models show `at_least`; none when there is no such
    /// ticket for this viewer.
    ///
    /// # Errors
    /// [`ViewError`] when the read models are not that far by `deadline`, or cannot be read.
    async fn ticket(
        &self,
        viewer: &Principal,
        id: TicketId,
        at_least: ConsistencyToken,
        deadline: Instant,
    ) -> Result<Option<TicketView>, ViewError>;
}

/// Why there is no view of what was just changed. The change itself stands.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The read models did not get that far in time.
    #[error(transparent)]
    Behind(#[from] WaitTimeout),
    /// The read models could not be read.
    #[error("the read models cannot be read now; try again shortly")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
