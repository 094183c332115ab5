//! `GET /service-levels/policies` and what is below it.

use domain::ids::{PolicyId, TeamId};
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::Policy;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::FieldValueView;
use platform::http::views::policy::{ConditionFieldView, PoliciesView, PolicyView};
use platform::rows::PolicyVersionRow;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use uuid::Uuid;

use super::Tag;
use super::page::{Found, Listed, limit};
use super::past::moment;
use super::session::{Session, bad, refused};
use crate::models::ReadModels;
use crate::past::{LevelsThen, Past};
use crate::policies::PolicyVersionList;
use crate::private_teams::HiddenTeams;

pub(super) struct PolicyQueries(pub(super) ReadModels, pub(super) Past);

#[OpenApi(tag = "Tag::ServiceLevels")]
impl PolicyQueries {
    /// List the policies
    ///
    /// All of them, the first to match first; with `as_of` those of a moment, in the order of then. Staff only.
    #[oai(
        path = "/service-levels/policies",
        method = "get",
        operation_id = "list_policies"
    )]
    async fn list(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// As they were by this time, by when things were recorded, or while they had this version.
        #[oai(validator(max_length = 40))]
        as_of: Query<Option<String>>,
    ) -> Result<Found<PoliciesView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let (version, state) = self.levels(&session, as_of.0).await?;
        let hidden = hidden_teams(&self.0, &session).await?;
        let policies = state.policies.iter().map(|policy| {
            let view = view_in(version, policy);
            without(&hidden, view)
        });
        let view = PoliciesView {
            version,
            policies: policies.collect(),
        };
        Ok(Found::new(view, Some(version), session.token))
    }

    /// Get a policy
    ///
    /// As it is, or as it was at one of its versions or at a moment, also once it is deleted. Staff only.
    #[oai(
        path = "/service-levels/policies/:policy_id",
        method = "get",
        operation_id = "get_policy"
    )]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The policy.
        policy_id: Path<Uuid>,
        /// What it said at this version of the policy.
        #[oai(validator(minimum(value = "1"), maximum(value = "2147483647")))]
        policy_version: Query<Option<i32>>,
        /// As it was by this time, by when things were recorded, or while the policies together had this `version`. Not beside
        /// `policy_version`.
        #[oai(validator(max_length = 40))]
        as_of: Query<Option<String>>,
    ) -> Result<Found<PolicyView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let tenant = session.viewer.tenant;
        let id = PolicyId(policy_id.0);
        if policy_version.0.is_some() && as_of.0.is_some() {
            return Err(bad("as_of", "does not go with policy_version").into());
        }
        if let Some(version) = policy_version.0 {
            let row = self.0.policy_version(tenant, id, version).await;
            let row = row.map_err(refused)?;
            let row = row.ok_or_else(|| Problem::not_found("this version of the policy"))?;
            let hidden = hidden_teams(&self.0, &session).await?;
            let view = without(&hidden, version_view(row));
            return Ok(Found::new(view, None, session.token));
        }
        let (version, state) = self.levels(&session, as_of.0).await?;
        let hidden = hidden_teams(&self.0, &session).await?;
        let view = policy_view(version, &state, id);
        let view = view.ok_or_else(|| Problem::not_found("the policy"))?;
        let view = without(&hidden, view);
        Ok(Found::new(view, Some(version), session.token))
    }

    /// List the versions of a policy
    ///
    /// The newest first, also once it is deleted. Staff only.
    #[oai(
        path = "/service-levels/policies/:policy_id/versions",
        method = "get",
        operation_id = "list_policy_versions"
    )]
    #[allow(clippy::too_many_arguments)] // One argument a parameter: that is what the framework describes.
    async fn versions(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The policy.
        policy_id: Path<Uuid>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<PolicyView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let id = PolicyId(policy_id.0);
        let list = PolicyVersionList::new(id, cursor.0.as_deref()).map_err(bad_cursor)?;
        let tenant = session.viewer.tenant;
        let page = self.0.policy_versions(tenant, &list, limit(items.0)?).await;
        let page = page.map_err(refused)?;
        if page.items.is_empty() {
            return Err(Problem::not_found("the policy").into());
        }
        let hidden = hidden_teams(&self.0, &session).await?;
        let page = page.map(|row| without(&hidden, version_view(row)));
        Ok(Listed::new(page, None, request, session.token))
    }
}

impl PolicyQueries {
    /// The policies as they are, or as they were.
    async fn levels(
        &self,
        session: &Session,
        as_of: Option<String>,
    ) -> Result<(i64, ServiceLevels), QueryProblem> {
        let tenant = session.viewer.tenant;
        if let Some(as_of) = as_of {
            let as_of = moment(&self.0, session, "as_of", &as_of).await?;
            let stream = self.1.service_levels(tenant, session.at_least).await;
            let then = stream.map_err(refused)?.service_levels_at(as_of);
            let then = then.ok_or_else(|| Problem::not_found("the policies at that version"))?;
            let LevelsThen { version, state } = then;
            return Ok((version, state));
        }
        let row = self.0.service_levels(tenant).await.map_err(refused)?;
        Ok(row.map_or_else(Default::default, |row| (row.version, row.state.0)))
    }
}

/// A policy among those of a version, if it is there.
pub(super) fn policy_view(version: i64, state: &ServiceLevels, id: PolicyId) -> Option<PolicyView> {
    state.policy(id).map(|policy| view_in(version, policy))
}

fn view_in(version: i64, policy: &Policy) -> PolicyView {
    let reference = policy.reference;
    PolicyView {
        version: Some(version),
        ..PolicyView::new(reference.id.0, reference.version, &policy.definition)
    }
}

/// The teams that policies do not name to the viewer, as they are now: asked for after the policies were read.
pub(super) async fn hidden_teams(
    models: &ReadModels,
    session: &Session,
) -> Result<Option<HiddenTeams>, QueryProblem> {
    let shown = models.now(session.viewer.tenant).await.position;
    let teams_at = session.at_least.max(shown);
    let hidden = models.hidden_teams(&session.viewer, teams_at).await;
    hidden.map_err(refused)
}

fn version_view(row: PolicyVersionRow) -> PolicyView {
    // Counted one by one from 1.
    let version = u32::try_from(row.policy_version).unwrap_or_default();
    PolicyView {
        valid_from: Some(row.valid_from),
        ..PolicyView::new(row.policy_id.0, version, &row.definition.0)
    }
}

/// The policy without the teams that are hidden from the viewer: a condition keeps its other values, and a warning gives the ticket
/// to a team that it does not name.
pub(super) fn without(hidden: &Option<HiddenTeams>, mut view: PolicyView) -> PolicyView {
    let Some(hidden) = hidden else {
        return view;
    };
    let is_hidden = |value: &FieldValueView| matches!(value, FieldValueView::Text(id) if hidden.are_named_by(id));
    let conditions = [&mut view.conditions.all, &mut view.conditions.any];
    for condition in conditions.into_iter().flatten().flatten() {
        if condition.field == ConditionFieldView::Team
            && let Some(values) = &mut condition.values
        {
            values.retain(|value| !is_hidden(value));
        }
    }
    let warnings = view
        .targets
        .iter_mut()
        .flat_map(|target| &mut target.warnings);
    let actions = warnings.flatten().flat_map(|warning| &mut warning.actions);
    for action in actions.flatten() {
        action.team_id = action.team_id.filter(|id| !hidden.hide(TeamId(*id)));
    }
    view
}
