//! Organizations are made and shut by the operator and changed by their admins.

use super::OrganizationAnswer;
use crate::dispatch::{CommandError, UseCase, Work};
use domain::organization::command::OrganizationCommand;
use domain::organization::settings::{FieldDefinition, SecondFactorDemand, Settings};
use domain::organization::state::{Organization, Standing};
use domain::sla::targets::TargetTable;
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
        }
    }
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
