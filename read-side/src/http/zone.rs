//! Whose days are meant.

use domain::calendar::zone::Zone;
use platform::http::problem::{Problem, QueryProblem};

use super::session::{Session, bad, refused};
use crate::models::ReadModels;

/// The zone that the parameter `time_zone` names, else that of the organization.
///
/// # Errors
/// 400 when there is no such zone.
pub(super) async fn zone_or(
    models: &ReadModels,
    session: &Session,
    time_zone: Option<&str>,
) -> Result<Zone, QueryProblem> {
    match time_zone {
        Some(name) => Ok(Zone::parse(name).map_err(|error| bad("time_zone", error))?),
        None => organizations_zone(models, session).await,
    }
}

/// The zone of the organization's days.
pub(super) async fn organizations_zone(
    models: &ReadModels,
    session: &Session,
) -> Result<Zone, QueryProblem> {
    let found = models.organization(session.viewer.tenant, session.at_least);
    let shown = found.await.map_err(refused)?;
    let shown = shown.ok_or_else(|| Problem::not_found("the organization"))?;
    Ok(shown.row.settings.0.time_zone)
}
