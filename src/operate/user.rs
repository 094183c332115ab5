//! `insightdesk user create`.

use anyhow::Result;
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, UserId};
use domain::text::{Email, Name, Slug};
use uuid::Uuid;
use write_side::commands::CreateUser;
use write_side::dispatch::CommandContext;

use super::connect;
use crate::directory;

/// Makes a user and prints their id.
///
/// # Errors
/// When the organization does not exist, the address is taken, or the log cannot take it.
pub async fn create_user(organization: Slug, name: Name, email: Email, role: Role) -> Result<()> {
    let node = connect().await?;
    let place = directory::open_organization(&node, &organization).await?;
    let context = CommandContext::new(OrganizationId(place.org_id.0), Actor::Operator);
    let user_id = UserId(Uuid::now_v7());
    node.dispatcher
        .dispatch(
            context,
            CreateUser {
                user_id,
                name,
                email: Some(email),
                role,
            },
        )
        .await?;
    node.stop().await;
    println!("{user_id}");
    Ok(())
}
