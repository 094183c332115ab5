//! Organizations are made by the operator and changed by their admins.

use super::OrganizationAnswer;
use crate::dispatch::{CommandError, UseCase, Work};
use domain::organization::command::OrganizationCommand;
use domain::organization::settings::Settings;
use domain::organization::state::Organization;
use domain::text::{Name, Slug};

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
        let command = OrganizationCommand::Create { name: self.name.clone(), slug: self.slug.clone() };
        work.issue::<Organization>(id, command).await?;
        OrganizationAnswer::of(work, id).await
    }
}

/// Changes what is given of the organization of the context.
#[derive(Debug, Clone, Default)]
pub struct ChangeOrganization {
    /// The new name.
    pub name: Option<Name>,
    /// The new settings, whole.
    pub settings: Option<Settings>,
}

impl UseCase for ChangeOrganization {
    type Answer = OrganizationAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<OrganizationAnswer, CommandError> {
        let id = work.organization_id();
        work.address(id.0);
        let command = OrganizationCommand::Update { name: self.name.clone(), settings: self.settings.clone() };
        work.issue::<Organization>(id, command).await?;
        OrganizationAnswer::of(work, id).await
    }
}
