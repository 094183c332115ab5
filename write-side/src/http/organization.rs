//! Commands to the organization.

use super::desk::Desk;
use super::fields::{AtFault, Fields};
use super::responses::{Changed, OrganizationResult, Stamp};
use super::tags::ApiTags;
use super::tickets::call;
use crate::commands::ChangeOrganization;
use domain::calendar::zone::Zone;
use domain::ids::TeamId;
use domain::organization::settings::{FieldDefinition, FieldKind};
use domain::organization::waiting::TeamWaiting;
use domain::sla::targets::{TargetTable, Targets};
use domain::text::{FieldKey, FieldText, Name};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{CommandProblem, Problem};
use platform::http::views::{
    FieldKindView, SearchLanguageView, SecondFactorDemandView, WaitingRulesView,
};
use poem::Request;
use poem_openapi::param::Header;
use poem_openapi::{Object, OpenApi};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) struct OrganizationApi(pub Desk);

/// Changes what is given of the organization.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdateOrganizationBody {
    /// The new name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// The settings to change.
    settings: Option<SettingsBody>,
}

/// Settings to change; those left out stay.
#[derive(Debug, Default, Object)]
#[oai(deny_unknown_fields)]
struct SettingsBody {
    /// Hours from resolved to closed.
    auto_close_after_hours: Option<u32>,
    /// Days after closing in which an agent may reopen.
    reopen_window_days: Option<u32>,
    /// Minutes in which an author may edit a message.
    edit_window_minutes: Option<u32>,
    /// SLA targets of every priority.
    sla_targets: Option<SlaTargetTableBody>,
    /// All custom fields from now on, by key.
    custom_fields: Option<BTreeMap<String, CustomFieldBody>>,
    /// Whether customers of a company see and answer each other's tickets.
    colleagues_see_tickets: Option<bool>,
    /// Who has to sign in with a second factor. Who has none may then do nothing but set one up.
    second_factor_required_for: Option<SecondFactorDemandView>,
    /// How long tickets wait for their requesters, whole.
    waiting: Option<WaitingRulesView>,
    /// The same for tickets of teams, by their ids; whole. What a team does not name is as `waiting` says.
    team_waiting: Option<BTreeMap<String, WaitingRulesView>>,
    /// The IANA name of the zone whose days reports are grouped by, such as `Europe/Berlin`. Past reports follow it.
    #[oai(validator(max_length = 64))]
    time_zone: Option<String>,
    /// The language in which new texts are taken into the search. Older texts keep theirs, and are found by it.
    search_language: Option<SearchLanguageView>,
}

/// SLA targets by priority.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct SlaTargetTableBody {
    /// For urgent tickets.
    urgent: SlaTargetsBody,
    /// For tickets of high priority.
    high: SlaTargetsBody,
    /// For normal tickets.
    normal: SlaTargetsBody,
    /// For tickets of low priority.
    low: SlaTargetsBody,
}

/// SLA targets in minutes of calendar time.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct SlaTargetsBody {
    /// From the opening to the first public reply of an agent.
    first_response_minutes: u32,
    /// From the opening to resolved, less the time pending or on hold.
    resolution_minutes: u32,
}

/// A custom field.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CustomFieldBody {
    /// What people read.
    #[oai(validator(min_length = 1, max_length = 120))]
    label: String,
    /// What it may hold.
    kind: FieldKindView,
    /// The options of a choice, 1 to 200.
    #[oai(validator(max_items = 200))]
    options: Option<Vec<String>>,
}

impl From<SlaTargetsBody> for Targets {
    fn from(body: SlaTargetsBody) -> Self {
        Self {
            first_response_minutes: body.first_response_minutes,
            resolution_minutes: body.resolution_minutes,
        }
    }
}

impl From<SlaTargetTableBody> for TargetTable {
    fn from(body: SlaTargetTableBody) -> Self {
        Self {
            urgent: body.urgent.into(),
            high: body.high.into(),
            normal: body.normal.into(),
            low: body.low.into(),
        }
    }
}

impl UpdateOrganizationBody {
    fn command(self) -> Result<ChangeOrganization, Problem> {
        let mut fields = Fields::default();
        let settings = self.settings.unwrap_or_default();
        let name = fields.optional("/name", self.name.as_deref(), Name::parse);
        let custom_fields = settings
            .custom_fields
            .map(|given| definitions(&mut fields, given))
            .transpose();
        let team_waiting = settings
            .team_waiting
            .map(|given| team_waiting(&mut fields, given))
            .transpose();
        let zone = settings.time_zone.as_deref().map(Zone::parse).transpose();
        let time_zone = zone.map_err(|error| fields.add("/settings/time_zone", error.to_string()));
        let all = || Ok::<_, AtFault>((name?, custom_fields?, team_waiting?, time_zone?));
        let parsed = all();
        let (name, custom_fields, team_waiting, time_zone) = fields.finish(parsed)?;
        Ok(ChangeOrganization {
            name,
            auto_close_after_hours: settings.auto_close_after_hours,
            reopen_window_days: settings.reopen_window_days,
            edit_window_minutes: settings.edit_window_minutes,
            sla_targets: settings.sla_targets.map(Into::into),
            custom_fields,
            colleagues_see_tickets: settings.colleagues_see_tickets,
            second_factor_required_for: settings.second_factor_required_for.map(Into::into),
            waiting: settings.waiting.as_ref().map(Into::into),
            team_waiting,
            time_zone,
            search_language: settings.search_language.map(Into::into),
        })
    }
}

fn team_waiting(
    fields: &mut Fields,
    given: BTreeMap<String, WaitingRulesView>,
) -> Result<TeamWaiting, AtFault> {
    let parsed: Vec<_> = given
        .iter()
        .map(|(id, rules)| match Uuid::try_parse(id) {
            Ok(id) => Ok((TeamId(id), rules.into())),
            Err(_) => Err(fields.add(
                &format!("/settings/team_waiting/{id}"),
                "must be the id of a team",
            )),
        })
        .collect();
    parsed.into_iter().collect()
}

fn definitions(
    fields: &mut Fields,
    given: BTreeMap<String, CustomFieldBody>,
) -> Result<BTreeMap<FieldKey, FieldDefinition>, AtFault> {
    let pointer = "/settings/custom_fields";
    let parsed: Vec<_> = given
        .into_iter()
        .map(|(key, body)| {
            let definition = definition(fields, &format!("{pointer}/{key}"), body);
            Ok((fields.key(pointer, &key)?, definition?))
        })
        .collect();
    parsed.into_iter().collect()
}

fn definition(
    fields: &mut Fields,
    pointer: &str,
    body: CustomFieldBody,
) -> Result<FieldDefinition, AtFault> {
    let label = fields.text(&format!("{pointer}/label"), &body.label, Name::parse);
    let pointer = format!("{pointer}/options");
    let kind = match (body.kind, body.options) {
        (FieldKindView::Choice, options) => {
            let options = fields.each(&pointer, &options.unwrap_or_default(), FieldText::parse);
            options.map(|options| FieldKind::Choice { options })
        }
        (_, Some(_)) => Err(fields.add(&pointer, "only a choice has options")),
        (FieldKindView::Text, None) => Ok(FieldKind::Text),
        (FieldKindView::Number, None) => Ok(FieldKind::Number),
        (FieldKindView::Boolean, None) => Ok(FieldKind::Boolean),
        (FieldKindView::Date, None) => Ok(FieldKind::Date),
    };
    Ok(FieldDefinition {
        label: label?,
        kind: kind?,
    })
}

/// Commands to the organization.
#[OpenApi(tag = "ApiTags::Organization")]
impl OrganizationApi {
    /// Change the organization's name and settings
    #[oai(
        path = "/organization",
        method = "patch",
        operation_id = "update_organization"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<UpdateOrganizationBody>,
    ) -> Result<Changed<OrganizationResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let done = self.0.run(&call, body.0.command()?).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            OrganizationResult::from(&done.answer),
        ))
    }
}
