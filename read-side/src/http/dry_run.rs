//! `POST /service-levels/policies/dry-run`.

use chrono::{DateTime, Utc};
use domain::ids::PolicyId;
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryBodyProblem};
use platform::http::views::policy::{
    ConditionsView, TargetView, conditions as parse_conditions, targets as parse_targets,
};
use poem_openapi::param::{Header, Query};
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::Tag;
use super::page::{Found, limit};
use super::session::{Session, refused};
use super::sla_views::MetricView;
use crate::dry_run::{AffectedTicket, Deadlines, Draft, DraftError, DryRun, Effect, NamedPolicy};
use crate::models::ReadModels;

pub(super) struct DryRunQueries(pub(super) ReadModels);

/// A policy to be tried out: a new one, or another form or place of one that there is.
#[derive(Debug, Object)]
#[oai(rename = "PolicyDraft", deny_unknown_fields)]
struct PolicyDraftBody {
    /// The policy that there is; a new one when left out.
    policy_id: Option<Uuid>,
    /// For which tickets it would be. When left out: what the policy says already, every ticket for a new one.
    conditions: Option<ConditionsView>,
    /// What it would promise. When left out: what the policy says already. A new one needs them.
    #[oai(validator(min_items = 1, max_items = 100))]
    targets: Option<Vec<TargetView>>,
    /// Its place in the list, from 1. When left out: where the policy is, the end for a new one.
    #[oai(validator(minimum(value = "1"), maximum(value = "101")))]
    position: Option<i64>,
}

/// What a draft of a policy would do to the tickets that are open now. Nothing is changed.
#[derive(Debug, Object)]
#[oai(rename = "PolicyDryRun", skip_serializing_if_is_none)]
struct PolicyDryRunView {
    /// The open tickets that were looked at: the newest 20,000 at most, or those behind the cursor. The counts below are of
    /// these.
    looked_at: u64,
    /// Those that would be under the draft.
    matching: u64,
    /// Those of them that are under another policy now, or under none.
    joining: u64,
    /// Those that are under the policy now and would not be.
    leaving: u64,
    /// Under which policy the matching ones are now, the most first.
    now_under: Vec<NowUnderView>,
    /// Some of the matching ones, the newest first.
    tickets: Vec<AffectedTicketView>,
    /// Send it as `cursor` with the same body to go on. Absent once every open ticket was looked at and every matching one
    /// shown.
    next_cursor: Option<String>,
}

/// How many tickets a policy holds for now.
#[derive(Debug, Object)]
#[oai(rename = "PolicyTickets", skip_serializing_if_is_none)]
struct NowUnderView {
    /// The policy; absent for the organization's settings.
    policy: Option<NamedPolicyView>,
    /// How many.
    tickets: u64,
}

/// A policy, by its name.
#[derive(Debug, Object)]
#[oai(rename = "NamedPolicy")]
struct NamedPolicyView {
    /// The policy.
    id: Uuid,
    /// Its name.
    name: String,
}

/// A ticket that would be under the draft.
#[derive(Debug, Object)]
#[oai(rename = "PolicyDryRunTicket", skip_serializing_if_is_none)]
struct AffectedTicketView {
    /// Its id.
    id: Uuid,
    /// Its number.
    number: i64,
    /// What it is about.
    subject: String,
    /// The policy that matches it now; absent where the organization's settings hold.
    policy: Option<NamedPolicyView>,
    /// Each metric of which something is promised now, or would be.
    deadlines: Vec<DeadlinesView>,
}

/// How a deadline would change, if the draft were applied at this moment.
#[derive(Debug, Object)]
#[oai(rename = "PolicyDryRunDeadlines", skip_serializing_if_is_none)]
struct DeadlinesView {
    /// What is measured.
    metric: MetricView,
    /// The deadline now; absent while the clock does not run.
    due_at: Option<DateTime<Utc>>,
    /// The deadline that it would have; absent where it would not run.
    would_be_due_at: Option<DateTime<Utc>>,
}

#[OpenApi(tag = "Tag::ServiceLevels")]
impl DryRunQueries {
    /// Try a policy out
    ///
    /// Which open tickets a draft would be for, what holds for them now, and how their deadlines would change. Nothing is
    /// changed. Admins only.
    #[oai(
        path = "/service-levels/policies/dry-run",
        method = "post",
        operation_id = "dry_run_policy"
    )]
    async fn dry_run(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The most tickets that are shown; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the answer before.
        cursor: Query<Option<String>>,
        body: Body<PolicyDraftBody>,
    ) -> Result<Found<PolicyDryRunView>, QueryBodyProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let draft = draft(body.0)?;
        let run = DryRun::new(draft, cursor.0.as_deref()).map_err(bad_cursor)?;
        let effect = self.0.dry_run(&session.viewer, &run, limit(items.0)?).await;
        let effect = effect.map_err(refused)?.map_err(invalid)?;
        Ok(Found::new(view(effect), None, session.token))
    }
}

fn draft(body: PolicyDraftBody) -> Result<Draft, Problem> {
    let conditions = body.conditions.as_ref().map(parse_conditions);
    let targets = body.targets.as_deref().map(parse_targets);
    match (conditions.transpose(), targets.transpose()) {
        (Ok(conditions), Ok(targets)) => Ok(Draft {
            policy_id: body.policy_id.map(PolicyId),
            conditions,
            targets,
            position: body.position.and_then(|place| usize::try_from(place).ok()),
        }),
        (conditions, targets) => {
            let errors = [conditions.err(), targets.err()];
            let errors = errors.into_iter().flatten().flatten();
            Err(Problem::invalid_fields(errors.collect()))
        }
    }
}

fn invalid(error: DraftError) -> Problem {
    let pointer = match &error {
        DraftError::NoPolicy => "/policy_id".to_owned(),
        DraftError::NoTargets => "/targets".to_owned(),
        DraftError::Policy(error) => format!("/{}", error.field()),
        DraftError::NoCalendar { target } => format!("/targets/{target}/calendar_id"),
    };
    Problem::invalid(pointer, error.to_string())
}

fn view(effect: Effect) -> PolicyDryRunView {
    let under = |(policy, tickets): (Option<NamedPolicy>, usize)| NowUnderView {
        policy: policy.map(named),
        tickets: tickets as u64,
    };
    PolicyDryRunView {
        looked_at: effect.looked_at as u64,
        matching: effect.matching as u64,
        joining: effect.joining as u64,
        leaving: effect.leaving as u64,
        now_under: effect.now_under.into_iter().map(under).collect(),
        tickets: effect.tickets.into_iter().map(affected).collect(),
        next_cursor: effect.next_cursor,
    }
}

fn affected(affected: AffectedTicket) -> AffectedTicketView {
    AffectedTicketView {
        id: affected.ticket.ticket_id.0,
        number: affected.ticket.number,
        subject: affected.ticket.subject,
        policy: affected.now_under.map(named),
        deadlines: affected.deadlines.into_iter().map(deadlines).collect(),
    }
}

fn named(policy: NamedPolicy) -> NamedPolicyView {
    NamedPolicyView {
        id: policy.id.0,
        name: policy.name,
    }
}

fn deadlines(deadlines: Deadlines) -> DeadlinesView {
    DeadlinesView {
        metric: deadlines.metric.into(),
        due_at: deadlines.now,
        would_be_due_at: deadlines.then,
    }
}
