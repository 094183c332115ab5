//! Typed identifiers. All are UUIDs; new ones are UUIDv7, made at the edge.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(
    /// An organization: the tenant. Also the id of its stream.
    OrganizationId
);
id!(
    /// A person of one organization. Also the id of its stream.
    UserId
);
id!(
    /// A team of agents. Also the id of its stream.
    TeamId
);
id!(
    /// A company of customers. Also the id of its stream.
    CompanyId
);
id!(
    /// A ticket. Also the id of its stream.
    TicketId
);
id!(
    /// A message of a ticket (a public reply or an internal note). Also the id of its stream.
    MessageId
);
id!(
    /// A sign-in on one device, from the first token to the last.
    SessionId
);
id!(
    /// A machine's key to the API.
    ApiKeyId
);
id!(
    /// A role of an organization's own.
    RoleId
);
id!(
    /// An invitation into an organization.
    InvitationId
);
id!(
    /// A provider that people of an organization sign on by.
    SignOnProviderId
);
id!(
    /// An export by the operator: the same in every organization that it holds.
    ExportId
);
id!(
    /// A simulation of service levels that an admin asked for.
    SimulationId
);
id!(
    /// A calendar of working time. Also the id of its stream.
    CalendarId
);
id!(
    /// A service level policy of an organization's list.
    PolicyId
);
id!(
    /// A saved view of tickets. Also the id of its stream.
    ViewId
);
