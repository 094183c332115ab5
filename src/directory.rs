//! Looking up organizations and people by the names that operators use.

use anyhow::{Context, Result, bail};
use domain::ids::{OrganizationId, UserId};
use domain::organization::state::Standing;
use domain::text::{Email, Slug};
use domain::user::state::{EmailClaim, PresentUser, User};
use event_store::{EventStore, Placement, Version};
use uuid::Uuid;
use write_side::dispatch::aggregate::Aggregate;

use crate::node::Node;

const PAGE_EVENTS: u32 = 500;

/// The organization of a slug.
///
/// # Errors
/// When there is none, or the log cannot be read.
pub async fn organization(store: &EventStore, slug: &Slug) -> Result<Placement> {
    store.placement_by_slug(slug.as_str()).await?.with_context(|| {
        format!("there is no organization {slug}: make it with `insightdesk organization create --slug {slug} --name NAME`")
    })
}

/// The organization of a slug, to make something in it or to act in it.
///
/// # Errors
/// When there is none, or it is deleted, or the log cannot be read.
pub async fn open_organization(node: &Node, slug: &Slug) -> Result<Placement> {
    let place = organization(&node.store, slug).await?;
    let id = OrganizationId(place.org_id.0);
    let found = node.dispatcher.organization(id).await?;
    if found.is_some_and(|it| it.standing == Standing::Deleted) {
        bail!("the organization {slug} is deleted");
    }
    Ok(place)
}

/// The user of an id or e-mail address.
///
/// # Errors
/// When there is none, or they are not active, or the log cannot be read.
pub async fn user(
    node: &Node,
    place: Placement,
    id_or_email: &str,
) -> Result<(UserId, PresentUser)> {
    let id = match Uuid::try_parse(id_or_email) {
        Ok(id) => Some(UserId(id)),
        Err(_) => holder(node, place, id_or_email).await?,
    };
    let found = match id {
        Some(id) => Some((id, fold::<User>(node, place, id.0).await?)),
        None => None,
    };
    match found {
        Some((id, User::Present(user))) if user.active => Ok((id, user)),
        Some((_, User::Present(_))) => bail!("the user {id_or_email} is not active"),
        Some((_, User::Absent)) | None => {
            bail!(
                "this organization has no user {id_or_email}: make one with `insightdesk user create`"
            )
        }
    }
}

async fn holder(node: &Node, place: Placement, email: &str) -> Result<Option<UserId>> {
    let email = Email::parse(email).context("a user is named by id or e-mail address")?;
    let id = domain::user::email_claim_id(OrganizationId(place.org_id.0), &email);
    Ok(fold::<EmailClaim>(node, place, id).await?.held_by)
}

async fn fold<A: Aggregate>(node: &Node, place: Placement, id: Uuid) -> Result<A> {
    let mut state = A::default();
    let mut version = Version::NONE;
    loop {
        let mut page = node
            .store
            .read_stream(place.partition, place.org_id, id, version, PAGE_EVENTS)
            .await?;
        let is_last = page.len() < PAGE_EVENTS as usize;
        node.keys.open_page(&mut page).await?;
        for recorded in page
            .into_iter()
            .filter(|recorded| recorded.stream_type == A::STREAM_TYPE)
        {
            let event = A::decode(
                &recorded.event_type,
                recorded.schema_version,
                &recorded.data,
            )?;
            state = state.evolve(&event, recorded.occurred_at);
            version = recorded.version;
        }
        if is_last {
            return Ok(state);
        }
    }
}
