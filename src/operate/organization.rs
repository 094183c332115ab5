//! `insightdesk organization create`.

use anyhow::Result;
use domain::text::{Name, Slug};

use super::connect;

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
