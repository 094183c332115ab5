//! `insightdesk organization create | list | suspend | resume | delete`.

use anyhow::{Result, bail};
use domain::actor::Actor;
use domain::ids::{OrganizationId, UserId};
use domain::text::{Name, Reason, Slug};
use event_store::Placement;
use indicatif::HumanCount;
use platform::auth::SET_STANDING;
use sealing::Place;
use uuid::Uuid;
use write_side::commands::{EraseUser, ShutOrganization};
use write_side::dispatch::{CommandContext, CommandError, Refusal};

use super::{connect, progress_bar};
use crate::directory;
use crate::node::Node;

/// Makes an organization, unless the slug is taken, and prints its id.
///
/// # Errors
/// When the log cannot take it.
pub async fn create_organization(slug: Slug, name: Name) -> Result<()> {
    let node = connect().await?;
    let was_there = node.store.placement_by_slug(slug.as_str()).await?.is_some();
    let id = node
        .dispatcher
        .create_organization(name, slug.clone())
        .await?;
    node.stop().await;
    if was_there {
        eprintln!("the organization {slug} was there already");
    }
    println!("{id}");
    Ok(())
}

/// Prints every organization: slug, id, standing, name.
///
/// # Errors
/// When the log cannot be read.
pub async fn list_organizations() -> Result<()> {
    let node = connect().await?;
    for (slug, org_id) in node.store.organizations().await? {
        let id = OrganizationId(org_id.0);
        // A slug may be taken by an organization whose making was interrupted.
        let Some(organization) = node.dispatcher.organization(id).await? else {
            continue;
        };
        let standing = organization.standing.as_str();
        println!("{slug}\t{id}\t{standing}\t{}", organization.name);
    }
    node.stop().await;
    Ok(())
}

/// Shuts the people of an organization out.
///
/// # Errors
/// When it does not exist or is deleted, or the log cannot take it.
pub async fn suspend_organization(slug: Slug) -> Result<()> {
    let node = connect().await?;
    let place = directory::organization(&node.store, &slug).await?;
    shut(&node, place, ShutOrganization::Suspend).await?;
    node.stop().await;
    println!("{slug} is suspended: every server shuts its people out within 5 seconds");
    Ok(())
}

/// Lets the people of an organization in again.
///
/// # Errors
/// When it does not exist or is deleted, or the log cannot take it.
pub async fn resume_organization(slug: Slug) -> Result<()> {
    let node = connect().await?;
    let place = directory::organization(&node.store, &slug).await?;
    shut(&node, place, ShutOrganization::Resume).await?;
    node.stop().await;
    println!("{slug} is open: every server lets its people in within 5 seconds");
    Ok(())
}

/// Deletes a suspended organization: erases everybody in it.
///
/// # Errors
/// When it does not exist or is not suspended, `confirm` is another slug, or the log cannot take it.
pub async fn delete_organization(slug: Slug, confirm: Slug) -> Result<()> {
    if confirm != slug {
        bail!("{confirm} is not {slug}: nothing was deleted");
    }
    let node = connect().await?;
    let place = directory::organization(&node.store, &slug).await?;
    shut(&node, place, ShutOrganization::Delete).await?;
    let erased = erase_everybody(&node, place).await;
    node.stop().await;
    println!(
        "{slug} is deleted: {} people were erased, their keys are destroyed; the events stay, unreadable where they were personal",
        HumanCount(erased?)
    );
    Ok(())
}

/// Records how the organization stands, and tells the servers, also while no projector runs.
async fn shut(node: &Node, place: Placement, command: ShutOrganization) -> Result<()> {
    let organization_id = OrganizationId(place.org_id.0);
    let context = CommandContext::new(organization_id, Actor::Operator);
    let done = node.dispatcher.dispatch(context, command).await?;
    let standing = command.standing().as_str();
    let client = node.pools.projector.get().await?;
    let (partition, version) = (place.partition.get(), done.answer.version);
    client
        .execute(
            SET_STANDING,
            &[&partition, &organization_id.0, &standing, &version],
        )
        .await?;
    Ok(())
}

/// Erases everybody whose data can still be read; how many that were.
async fn erase_everybody(node: &Node, place: Placement) -> Result<u64> {
    let keys = Place {
        partition: place.partition,
        org_id: place.org_id,
    };
    let bar = progress_bar("people")?;
    let (mut erased, mut last) = (0, UserId(Uuid::nil()));
    loop {
        let people = node.keys.people(keys, last).await?;
        let Some(newest) = people.last() else {
            break;
        };
        last = *newest;
        bar.inc_length(people.len() as u64);
        for person in people {
            erase(node, keys, person).await?;
            bar.inc(1);
            erased += 1;
        }
    }
    bar.finish_and_clear();
    Ok(erased)
}

async fn erase(node: &Node, place: Place, user_id: UserId) -> Result<()> {
    let context = CommandContext::new(OrganizationId(place.org_id.0), Actor::Operator);
    let command = EraseUser {
        user_id,
        reason: Reason::parse("the organization was deleted")?,
    };
    match node.dispatcher.erase(context, command).await {
        Ok(_) => Ok(()),
        // Of somebody who never joined, such as an invited person, only the key is there.
        Err(CommandError::Refused(Refusal::NotFound { .. })) => {
            Ok(node.keys.destroy(place, user_id).await?)
        }
        Err(error) => Err(error.into()),
    }
}
