//! Commands to the organization's service level policies.

use super::desk::Desk;
use super::fields::{AtFault, Fields};
use super::responses::{Changed, Created, Stamp};
use super::tags::ApiTags;
use super::tickets::call;
use crate::commands::{
    ChangePolicy, CreatePolicy, DeletePolicy, PoliciesAnswer, PolicyAnswer, ReorderPolicies,
};
use domain::ids::PolicyId;
use domain::sla::policy::PolicyDefinition;
use domain::text::Name;
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{BodylessCommandProblem, CommandProblem};
use platform::http::views::policy::{
    ConditionsView, PoliciesView, PolicyView, TargetView, conditions as parse_conditions,
    targets as parse_targets,
};
use poem::Request;
use poem_openapi::param::{Header, Path};
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

pub(super) struct Policies(pub Desk);

/// Makes a policy.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreatePolicyBody {
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// For which tickets it is; for every ticket when left out.
    conditions: Option<ConditionsView>,
    /// What it promises, one at most for each metric and priority.
    #[oai(validator(min_items = 1, max_items = 100))]
    targets: Vec<TargetView>,
}

/// Changes what is given of a policy.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdatePolicyBody {
    /// The new name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// For which tickets it is from now on, whole.
    conditions: Option<ConditionsView>,
    /// What it promises from now on, whole.
    #[oai(validator(min_items = 1, max_items = 100))]
    targets: Option<Vec<TargetView>>,
}

/// Puts the policies into another order.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct PolicyOrderBody {
    /// The ids of all policies, each once, the first to match first.
    #[oai(validator(max_items = 100))]
    order: Vec<Uuid>,
}

fn policy(answer: &PolicyAnswer) -> PolicyView {
    let reference = answer.policy.reference;
    PolicyView {
        version: Some(answer.version),
        ..PolicyView::new(reference.id.0, reference.version, &answer.policy.definition)
    }
}

fn policies(answer: &PoliciesAnswer) -> PoliciesView {
    let policies = answer.policies.iter();
    let view = policies.map(|policy| {
        let reference = policy.reference;
        PolicyView::new(reference.id.0, reference.version, &policy.definition)
    });
    PoliciesView {
        version: answer.version,
        policies: view.collect(),
    }
}

/// Commands to policies.
#[OpenApi(tag = "ApiTags::ServiceLevels")]
impl Policies {
    /// Make a policy
    ///
    /// At the end of the list: put it into its place by the order.
    #[oai(
        path = "/service-levels/policies",
        method = "post",
        operation_id = "create_policy"
    )]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<CreatePolicyBody>,
    ) -> Result<Created<PolicyView>, CommandProblem> {
        let call = call(bearer, request, key, Header(None));
        let mut fields = Fields::default();
        let name = fields.text("/name", &body.0.name, Name::parse);
        let conditions = body.0.conditions.unwrap_or_default();
        let conditions = fields.parsed(parse_conditions(&conditions));
        let targets = fields.parsed(parse_targets(&body.0.targets));
        let all = || {
            Ok::<_, AtFault>(PolicyDefinition {
                name: name?,
                conditions: conditions?,
                targets: targets?,
            })
        };
        let parsed = all();
        let definition = fields.finish(parsed)?;
        let command = CreatePolicy {
            policy_id: PolicyId(Uuid::now_v7()),
            definition,
        };
        let done = self.0.run(&call, command).await?;
        let result = policy(&done.answer);
        Ok(Created::of(
            &format!("/service-levels/policies/{}", result.id),
            done.answer.version,
            Stamp::of(&done),
            result,
        ))
    }

    /// Change a policy
    ///
    /// A new version of it; its place in the list stays.
    #[oai(
        path = "/service-levels/policies/:policy_id",
        method = "patch",
        operation_id = "update_policy"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The policy.
        policy_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<UpdatePolicyBody>,
    ) -> Result<Changed<PolicyView>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let mut fields = Fields::default();
        let body = body.0;
        let name = fields.optional("/name", body.name.as_deref(), Name::parse);
        let conditions = body.conditions;
        let conditions = conditions.map(|it| fields.parsed(parse_conditions(&it)));
        let targets = body.targets.map(|it| fields.parsed(parse_targets(&it)));
        let all = || {
            Ok::<_, AtFault>(ChangePolicy {
                policy_id: PolicyId(policy_id.0),
                name: name?,
                conditions: conditions.transpose()?,
                targets: targets.transpose()?,
            })
        };
        let parsed = all();
        let command = fields.finish(parsed)?;
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            policy(&done.answer),
        ))
    }

    /// Delete a policy
    ///
    /// Its versions stay.
    #[oai(
        path = "/service-levels/policies/:policy_id",
        method = "delete",
        operation_id = "delete_policy"
    )]
    async fn delete(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The policy.
        policy_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
    ) -> Result<Changed<PoliciesView>, BodylessCommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = DeletePolicy {
            policy_id: PolicyId(policy_id.0),
        };
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            policies(&done.answer),
        ))
    }

    /// Put the policies into another order
    #[oai(
        path = "/service-levels/policy-order",
        method = "put",
        operation_id = "reorder_policies"
    )]
    async fn reorder(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<PolicyOrderBody>,
    ) -> Result<Changed<PoliciesView>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let order = body.0.order.into_iter().map(PolicyId).collect();
        let done = self.0.run(&call, ReorderPolicies { order }).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            policies(&done.answer),
        ))
    }
}
