//! Organizations are made and shut by the operator and changed by their admins.

use super::OrganizationAnswer;
use crate::dispatch::{CommandError, Refusal, UseCase, Work};
use domain::calendar::zone::Zone;
use domain::organization::command::OrganizationCommand;
use domain::organization::language::SearchLanguage;
use domain::organization::settings::{FieldDefinition, SecondFactorDemand, Settings};
use domain::organization::state::{Organization, Standing};
use domain::organization::waiting::{TeamWaiting, WaitingRules};
use domain::service_levels::state::ServiceLevels;
use domain::service_levels::stream_id;
use domain::sla::targets::TargetTable;
use domain::team::state::Team;
use domain::text::{FieldKey, Name, Slug};
use std::collections::BTreeMap;

/// Makes the organization of the context, which was placed before.
#[derive(Debug, Clone)]
pub struct CreateOrganization {
    /// What people read.
    pub name: Name,
    /// Its short name.
    pub slug: Slug,
}

impl UseCase for CreateOrganization {
    type Answer = OrganizationAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<OrganizationAnswer, CommandError> {
        let id = work.organization_id();
        let command = OrganizationCommand::Create {
            name: self.name.clone(),
            slug: self.slug.clone(),
        };
        work.issue::<Organization>(id, command).await?;
        OrganizationAnswer::of(work, id).await
    }
}

/// Changes what is given of the organization of the context.
#[derive(Debug, Clone, Default)]
pub struct ChangeOrganization {
    /// The new name.
    pub name: Option<Name>,
    /// Hours from resolved to closed.
    pub auto_close_after_hours: Option<u32>,
    /// Days after closing in which an agent may reopen.
    pub reopen_window_days: Option<u32>,
    /// Minutes in which an author may edit a message.
    pub edit_window_minutes: Option<u32>,
    /// SLA targets of every priority.
    pub sla_targets: Option<TargetTable>,
    /// All custom fields from now on.
    pub custom_fields: Option<BTreeMap<FieldKey, FieldDefinition>>,
    /// Whether customers of a company see and answer each other's tickets.
    pub colleagues_see_tickets: Option<bool>,
    /// Who has to sign in with a second factor.
    pub second_factor_required_for: Option<SecondFactorDemand>,
    /// How long tickets wait for their requesters, from now on.
    pub waiting: Option<WaitingRules>,
    /// The same for tickets of teams.
    pub team_waiting: Option<TeamWaiting>,
    /// The zone whose days reports are grouped by.
    pub time_zone: Option<Zone>,
    /// The language in which new texts are taken into the search.
    pub search_language: Option<SearchLanguage>,
}

impl UseCase for ChangeOrganization {
    type Answer = OrganizationAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<OrganizationAnswer, CommandError> {
        let id = work.organization_id();
        work.address(id.0);
        let settings = match work.state::<Organization>(id.0).await? {
            Organization::Present(present) => Some(self.applied_to(&present.settings)),
            Organization::Absent => None,
        };
        if let Some(settings) = &settings
            && (self.waiting.is_some() || self.team_waiting.is_some())
        {
            check_waits(work, settings).await?;
        }
        work.issue::<Organization>(
            id,
            OrganizationCommand::Update {
                name: self.name.clone(),
                settings,
            },
        )
        .await?;
        OrganizationAnswer::of(work, id).await
    }
}

impl ChangeOrganization {
    fn applied_to(&self, present: &Settings) -> Settings {
        Settings {
            auto_close_after_hours: self
                .auto_close_after_hours
                .unwrap_or(present.auto_close_after_hours),
            reopen_window_days: self
                .reopen_window_days
                .unwrap_or(present.reopen_window_days),
            edit_window_minutes: self
                .edit_window_minutes
                .unwrap_or(present.edit_window_minutes),
            sla_targets: self.sla_targets.unwrap_or(present.sla_targets),
            custom_fields: self
                .custom_fields
                .clone()
                .unwrap_or_else(|| present.custom_fields.clone()),
            colleagues_see_tickets: self
                .colleagues_see_tickets
                .unwrap_or(present.colleagues_see_tickets),
            second_factor_required_for: self
                .second_factor_required_for
                .unwrap_or(present.second_factor_required_for),
            waiting: self
                .waiting
                .clone()
                .unwrap_or_else(|| present.waiting.clone()),
            team_waiting: self
                .team_waiting
                .clone()
                .unwrap_or_else(|| present.team_waiting.clone()),
            time_zone: self.time_zone.unwrap_or(present.time_zone),
            search_language: self.search_language.unwrap_or(present.search_language),
        }
    }
}

/// Refuses waits that name what the organization does not have.
async fn check_waits(work: &Work<'_>, settings: &Settings) -> Result<(), CommandError> {
    let levels = stream_id(work.organization_id());
    let levels = work.reference::<ServiceLevels>(levels).await?;
    for (path, rules) in settings.waits() {
        for (name, delay) in rules.delays() {
            if let Some(id) = delay.calendar_id
                && !levels.state.calendars.contains(&id)
            {
                let pointer = format!("/settings/{path}/{name}/calendar_id");
                let detail = "there is no such calendar, or it is retired";
                return Err(Refusal::invalid(pointer, detail).into());
            }
        }
    }
    for team_id in settings.team_waiting.keys() {
        if work.reference::<Team>(team_id.0).await?.state == Team::Absent {
            let pointer = format!("/settings/team_waiting/{team_id}");
            return Err(Refusal::invalid(pointer, "must be a team of this organization").into());
        }
    }
    Ok(())
}

/// Suspends, resumes or deletes the organization of the context.
#[derive(Debug, Clone, Copy)]
pub enum ShutOrganization {
    /// Shut its people out, for the time being.
    Suspend,
    /// Let its people in again.
    Resume,
    /// Shut it for ever.
    Delete,
}

impl ShutOrganization {
    /// How the organization stands afterwards.
    #[must_use]
    pub fn standing(self) -> Standing {
        match self {
            Self::Suspend => Standing::Suspended,
            Self::Resume => Standing::Active,
            Self::Delete => Standing::Deleted,
        }
    }
}

impl UseCase for ShutOrganization {
    type Answer = OrganizationAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<OrganizationAnswer, CommandError> {
        let id = work.organization_id();
        let command = match self {
            Self::Suspend => OrganizationCommand::Suspend,
            Self::Resume => OrganizationCommand::Resume,
            Self::Delete => OrganizationCommand::Delete,
        };
        work.issue::<Organization>(id, command).await?;
        OrganizationAnswer::of(work, id).await
    }
}
