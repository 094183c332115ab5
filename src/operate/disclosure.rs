//! What the operator takes out of the log is recorded in it: each organization learns that its events left.

use anyhow::Result;
use domain::actor::Actor;
use domain::ids::OrganizationId;
use domain::security::exports::LogExported;
use event_store::Placement;
use uuid::Uuid;
use write_side::commands::RecordSecurity;
use write_side::dispatch::CommandContext;

use crate::node::Node;

/// Records an export in the organization of `place`, or in every one. Nothing may leave before it returns.
pub(super) async fn record(
    node: &Node,
    place: Option<Placement>,
    exported: LogExported,
) -> Result<()> {
    for organization in organizations(node, place).await? {
        let context = CommandContext::new(organization, Actor::Operator);
        let command = RecordSecurity {
            occurrence_id: Uuid::now_v7(),
            event: exported.clone().into(),
        };
        node.dispatcher.dispatch(context, command).await?;
    }
    Ok(())
}

async fn organizations(node: &Node, place: Option<Placement>) -> Result<Vec<OrganizationId>> {
    if let Some(place) = place {
        return Ok(vec![OrganizationId(place.org_id.0)]);
    }
    let mut organizations = Vec::new();
    for (_, org_id) in node.store.organizations().await? {
        let id = OrganizationId(org_id.0);
        // A slug may be taken by an organization whose making was interrupted.
        if node.dispatcher.organization(id).await?.is_some() {
            organizations.push(id);
        }
    }
    Ok(organizations)
}
