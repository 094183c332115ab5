//! The rows of an organization, its people, teams and companies.

use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::ids::{CompanyId, OrganizationId, RoleId, TeamId, UserId};
use domain::organization::language::SearchLanguage;
use domain::organization::settings::Settings;
use domain::user::state::UserKind;
use schema::table::core as table;
use tokio_postgres::types::Json;

use super::column::row;

row! {
    /// An organization.
    OrganizationRow in table::ORGANIZATIONS, key [org_id] {
        /// Its id.
        org_id: OrganizationId,
        /// What people read.
        name: String,
        /// Its short name.
        slug: String,
        /// Its settings.
        settings: Json<Settings>,
        /// Every language in which texts were ever taken into the search, the present one among them.
        search_languages: Vec<SearchLanguage>,
        /// The number of its newest ticket.
        ticket_count: i64,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
        /// Of the event of its stream that this row shows last. `ticket_count` may be newer.
        position: i64,
    }
}

row! {
    /// A person of an organization.
    UserRow in table::USERS, key [org_id, user_id] {
        /// Their organization.
        org_id: OrganizationId,
        /// Their id.
        user_id: UserId,
        /// What people read.
        name: String,
        /// Where mail reaches them.
        email: Option<String>,
        /// What they may do.
        role: Role,
        /// The role of the organization's own within it.
        role_id: Option<RoleId>,
        /// Whether a person or a machine.
        kind: UserKind,
        /// The company that a customer belongs to.
        company_id: Option<CompanyId>,
        /// Whether they may act.
        active: bool,
        /// The version of their stream.
        version: i64,
        /// When they joined.
        created_at: DateTime<Utc>,
        /// When they changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// A team of agents.
    TeamRow in table::TEAMS, key [org_id, team_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        team_id: TeamId,
        /// What people read.
        name: String,
        /// Whether only its members, and admins, see it and its tickets.
        private: bool,
        /// Who is in it, in the order of their ids.
        member_ids: Vec<UserId>,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// A company of customers.
    CompanyRow in table::COMPANIES, key [org_id, company_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        company_id: CompanyId,
        /// What people read.
        name: String,
        /// New customers with an address of one of these belong to it; in alphabetical order.
        domains: Vec<String>,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
    }
}
