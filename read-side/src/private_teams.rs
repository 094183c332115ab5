//! The private teams of an organization, known for a moment.
//!
//! A ticket comes from the cache without a statement. Whether its team hides it would cost one, so the few private teams
//! of its organization are kept for [`KNOWN_FOR`], with the position that they show: a ticket is never looked at by teams
//! that are older than itself, nor older than what the client has to be shown.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use const_format::formatcp;
use domain::ids::TeamId;
use event_store::{OrgId, Position};
use moka::sync::Cache;
use platform::kept;
use platform::rows::{Row, TeamRow};
use schema::projection::CORE;
use serde_json::Value;
use uuid::Uuid;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::{Tenant, Viewer};

/// How long a team's new privacy, or a member's end, may go unseen by whoever carries no token.
const KNOWN_FOR: Duration = Duration::from_millis(250);
/// Organizations whose teams are kept; a few hundred bytes each.
const ORGANIZATIONS_MAX: u64 = 10_000;

const PRIVATE_TEAMS: &str = formatcp!(
    "SELECT team_id, member_ids FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND private",
    <TeamRow as Row>::TABLE
);

/// What is known of the organizations asked for of late. Clones share it.
#[derive(Clone)]
pub(crate) struct KnownTeams(Cache<OrgId, Arc<PrivateTeams>>);

/// The private teams of one organization.
pub(crate) struct PrivateTeams {
    /// They show at least this.
    up_to: Position,
    /// When they began to be selected.
    selected_at: Instant,
    members: HashMap<TeamId, Vec<Uuid>>,
}

/// The private teams that somebody is not in.
pub(crate) struct HiddenTeams {
    teams: Arc<PrivateTeams>,
    member: Uuid,
}

impl KnownTeams {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(ORGANIZATIONS_MAX)
            .time_to_live(KNOWN_FOR)
            .build();
        Self(cache)
    }
}

impl PrivateTeams {
    /// Whether the team is private and the person not in it.
    pub(crate) fn hide(&self, team_id: TeamId, person: Uuid) -> bool {
        let members = self.members.get(&team_id);
        members.is_some_and(|members| !members.contains(&person))
    }

    fn is_fit(&self, at_least: Position) -> bool {
        self.up_to >= at_least && self.selected_at.elapsed() <= KNOWN_FOR
    }
}

impl HiddenTeams {
    /// Whether the team is one of them.
    pub(crate) fn hide(&self, team_id: TeamId) -> bool {
        self.teams.hide(team_id, self.member)
    }

    /// Whether a text is the id of one of them.
    pub(crate) fn are_named_by(&self, text: &str) -> bool {
        Uuid::try_parse(text).is_ok_and(|id| self.hide(TeamId(id)))
    }

    /// Takes their ids out of data, however deep: fields that are called by one or hold one, and items of lists.
    pub(crate) fn cut(&self, data: &mut Value) {
        match data {
            Value::Object(fields) => {
                fields.retain(|name, value| !self.are_named_by(name) && !self.are(value));
                fields.values_mut().for_each(|value| self.cut(value));
            }
            Value::Array(items) => {
                items.retain(|item| !self.are(item));
                items.iter_mut().for_each(|item| self.cut(item));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn are(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|text| self.are_named_by(text))
    }
}

impl ReadModels {
    /// The private teams that are hidden from the viewer, as they were at `at_least` this position or later; none where no team
    /// can be.
    pub(crate) async fn hidden_teams(
        &self,
        viewer: &Viewer,
        at_least: Position,
    ) -> Result<Option<HiddenTeams>, ReadError> {
        let Some(member) = viewer.only_member() else {
            return Ok(None);
        };
        let teams = self.private_teams(viewer.tenant, at_least).await?;
        Ok(Some(HiddenTeams { teams, member }))
    }

    /// Whether the organization has a private team that is hidden from the viewer, as far as the read models are known to be: an
    /// answer that is kept for as long as these rest is not made by teams of before.
    pub(crate) async fn hides_any_team(&self, viewer: &Viewer) -> Result<bool, ReadError> {
        let Some(member) = viewer.only_member() else {
            return Ok(false);
        };
        let at_least = self.now(viewer.tenant).await.position;
        let teams = self.private_teams(viewer.tenant, at_least).await?;
        Ok(teams
            .members
            .values()
            .any(|members| !members.contains(&member)))
    }

    /// The private teams of an organization, as they were at `at_least` this position or later. The caller has waited
    /// until the read models are that far.
    pub(crate) async fn private_teams(
        &self,
        tenant: Tenant,
        at_least: Position,
    ) -> Result<Arc<PrivateTeams>, ReadError> {
        let known = self.known_teams.0.get(&tenant.org_id);
        if let Some(teams) = known.filter(|teams| teams.is_fit(at_least)) {
            return Ok(teams);
        }
        // Both are taken before the teams are selected: these are not older than they say.
        let selected_at = Instant::now();
        let up_to = self.now(tenant).await.position;
        let rows = self
            .database
            .query(
                tenant,
                PRIVATE_TEAMS,
                &[&tenant.partition.get(), &tenant.org_id.0],
            )
            .await?;
        let members = rows
            .iter()
            .map(|row| Ok((TeamId(row.try_get(0)?), row.try_get(1)?)));
        let teams = Arc::new(PrivateTeams {
            up_to,
            selected_at,
            members: members.collect::<Result<_, tokio_postgres::Error>>()?,
        });
        self.known_teams.0.insert(tenant.org_id, Arc::clone(&teams));
        kept::count("private_teams", &self.known_teams.0);
        Ok(teams)
    }
}
