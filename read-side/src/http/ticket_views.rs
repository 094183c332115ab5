//! The view of a ticket for the write side, which answers with it to `Prefer: wait`.

use async_trait::async_trait;
use domain::ids::TicketId;
use platform::auth::Principal;
use platform::consistency::ConsistencyToken;
use platform::http::views::{TicketView, TicketViews, ViewError};
use tokio::time::Instant;

use super::views;
use crate::error::ReadError;
use crate::models::ReadModels;

#[async_trait]
impl TicketViews for ReadModels {
    async fn ticket(
        &self,
        viewer: &Principal,
        id: TicketId,
        at_least: ConsistencyToken,
        deadline: Instant,
    ) -> Result<Option<TicketView>, ViewError> {
        let Principal {
            organization_id,
            user_id,
            role,
            ..
        } = *viewer;
        let viewer = self
            .viewer(organization_id, user_id, role)
            .await
            .map_err(view_error)?;
        let Some(viewer) = viewer.filter(|viewer| viewer.tenant.partition == at_least.partition)
        else {
            return Ok(None);
        };
        let limit = deadline.saturating_duration_since(Instant::now());
        self.wait_at_most(Some(at_least), limit)
            .await
            .map_err(view_error)?;
        let shown = self
            .ticket(&viewer, id, at_least.position)
            .await
            .map_err(view_error)?;
        Ok(shown.map(|shown| views::ticket(shown.row, &viewer)))
    }
}

fn view_error(error: ReadError) -> ViewError {
    match error {
        ReadError::Behind(timeout) => ViewError::Behind(timeout),
        ReadError::Unavailable(source) | ReadError::Broken(source) => {
            ViewError::Unavailable(source)
        }
        ReadError::Crowded | ReadError::TooSlow => ViewError::Unavailable(error.into()),
    }
}
