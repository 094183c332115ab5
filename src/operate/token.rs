//! `insightdesk token`.

use std::sync::Arc;

use anyhow::Result;
use chrono::TimeDelta;
use domain::ids::OrganizationId;
use domain::text::Slug;
use platform::auth::{Grant, TokenKeys, TokenSigner};
use platform::clock::{Clock, SystemClock};

use crate::directory;
use crate::node::Node;
use crate::state_dir::StateDir;

/// Prints an access token of a user, in their present role.
///
/// # Errors
/// When the organization or the user does not exist, or the user is not active.
pub async fn token(organization: Slug, user: &str, hours: u32) -> Result<()> {
    let config = StateDir::here().config()?;
    let node = Node::start(&config, Arc::new(SystemClock)).await?;
    let place = directory::open_organization(&node, &organization).await?;
    let (user_id, user) = directory::user(&node, place, user).await?;
    node.stop().await;
    let signer = TokenSigner::new(TokenKeys::parse(&config.token_secret)?);
    let lifetime = TimeDelta::hours(hours.into());
    let grant = Grant::alone(OrganizationId(place.org_id.0), user_id, user.role);
    println!("{}", signer.sign(&grant, SystemClock.now(), lifetime)?);
    Ok(())
}
