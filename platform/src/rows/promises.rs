//! The rows of what service levels promise: calendars and policies, with their versions.

use chrono::{DateTime, Utc};
use domain::calendar::definition::CalendarDefinition;
use domain::ids::{CalendarId, OrganizationId, PolicyId};
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::PolicyDefinition;
use schema::table::core as table;
use tokio_postgres::types::Json;

use super::column::row;

row! {
    /// A calendar of working time, as it is now.
    CalendarRow in table::CALENDARS, key [org_id, calendar_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        calendar_id: CalendarId,
        /// What people read.
        name: String,
        /// What it says.
        definition: Json<CalendarDefinition>,
        /// Since when nothing may count by it any more.
        retired_at: Option<DateTime<Utc>>,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// What a calendar said from a version of its stream on.
    CalendarVersionRow in table::CALENDAR_VERSIONS, key [org_id, calendar_id, version] {
        /// Its organization.
        org_id: OrganizationId,
        /// The calendar.
        calendar_id: CalendarId,
        /// The version of its stream.
        version: i64,
        /// What people read.
        name: String,
        /// What it said.
        definition: Json<CalendarDefinition>,
        /// From when on.
        valid_from: DateTime<Utc>,
    }
}

row! {
    /// The policies of an organization, as they are now.
    ServiceLevelsRow in table::SERVICE_LEVELS, key [org_id] {
        /// The organization.
        org_id: OrganizationId,
        /// The policies in their order, and the calendars that they may count by.
        state: Json<ServiceLevels>,
        /// The version of their stream.
        version: i64,
        /// When they changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// What a policy said from a version of its own on.
    PolicyVersionRow in table::POLICY_VERSIONS, key [org_id, policy_id, policy_version] {
        /// Its organization.
        org_id: OrganizationId,
        /// The policy.
        policy_id: PolicyId,
        /// The version, from 1.
        policy_version: i32,
        /// What it said.
        definition: Json<PolicyDefinition>,
        /// From when on.
        valid_from: DateTime<Utc>,
    }
}
