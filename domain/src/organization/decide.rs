//! What an organization's commands may do.

use super::command::OrganizationCommand;
use super::error::OrganizationError;
use super::event::{
    OrganizationCreated, OrganizationDeleted, OrganizationEvent, OrganizationRenamed,
    OrganizationResumed, OrganizationSettingsChanged, OrganizationSuspended,
};
use super::role;
use super::settings::Settings;
use super::state::{Organization, PresentOrganization, Standing};
use crate::actor::Actor;
use crate::command::Issued;
use crate::ids::OrganizationId;
use crate::text::Name;

/// The events that a command yields; none when it changes nothing.
///
/// The dispatcher has checked that the actor belongs to this organization.
///
/// # Errors
/// When the command is refused.
pub fn decide(
    state: &Organization,
    _id: OrganizationId,
    issued: &Issued<OrganizationCommand>,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    match &issued.command {
        OrganizationCommand::Create { name, slug } => {
            if issued.actor != Actor::Operator {
                return Err(OrganizationError::OperatorOnly);
            }
            if *state != Organization::Absent {
                return Err(OrganizationError::AlreadyExists);
            }
            let settings = Settings::default();
            Ok(vec![
                OrganizationCreated {
                    name: name.clone(),
                    slug: slug.clone(),
                    settings,
                }
                .into(),
            ])
        }
        OrganizationCommand::Update { name, settings } => {
            if !issued.actor.is_admin() {
                return Err(OrganizationError::AdminOnly);
            }
            match state {
                Organization::Absent => Err(OrganizationError::NotFound),
                Organization::Present(organization) => {
                    update(organization, name.as_ref(), settings.as_ref())
                }
            }
        }
        OrganizationCommand::Role(command) => {
            if !issued.actor.is_admin() {
                return Err(OrganizationError::AdminOnly);
            }
            match state {
                Organization::Absent => Err(OrganizationError::NotFound),
                Organization::Present(organization) => role::decide(organization, command),
            }
        }
        OrganizationCommand::Suspend
        | OrganizationCommand::Resume
        | OrganizationCommand::Delete => {
            if issued.actor != Actor::Operator {
                return Err(OrganizationError::OperatorOnly);
            }
            match state {
                Organization::Absent => Err(OrganizationError::NotFound),
                Organization::Present(organization) => {
                    change_standing(organization.standing, &issued.command)
                }
            }
        }
    }
}

/// A second time changes nothing.
fn change_standing(
    standing: Standing,
    command: &OrganizationCommand,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    match (command, standing) {
        (OrganizationCommand::Suspend, Standing::Active) => {
            Ok(vec![OrganizationSuspended {}.into()])
        }
        (OrganizationCommand::Resume, Standing::Suspended) => {
            Ok(vec![OrganizationResumed {}.into()])
        }
        (OrganizationCommand::Delete, Standing::Suspended) => {
            Ok(vec![OrganizationDeleted {}.into()])
        }
        (OrganizationCommand::Delete, Standing::Active) => Err(OrganizationError::NotSuspended),
        (OrganizationCommand::Suspend | OrganizationCommand::Resume, Standing::Deleted) => {
            Err(OrganizationError::Deleted)
        }
        _ => Ok(Vec::new()),
    }
}

fn update(
    organization: &PresentOrganization,
    name: Option<&Name>,
    settings: Option<&Settings>,
) -> Result<Vec<OrganizationEvent>, OrganizationError> {
    let mut events = Vec::new();
    if let Some(to) = name.filter(|name| **name != organization.name) {
        events.push(
            OrganizationRenamed {
                from: organization.name.clone(),
                to: to.clone(),
            }
            .into(),
        );
    }
    if let Some(settings) = settings.filter(|settings| **settings != organization.settings) {
        settings.check()?;
        events.push(
            OrganizationSettingsChanged {
                settings: settings.clone(),
            }
            .into(),
        );
    }
    Ok(events)
}
