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

/// Whose days a report is of, and those of the organization.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zones {
    pub(super) of_days: Zone,
    pub(super) of_organization: Zone,
}

/// Those of a report on days of `time_zone`; on the organization's when absent.
///
/// # Errors
/// 400 when there is no such zone.
pub(super) async fn zones(
    models: &ReadModels,
    session: &Session,
    time_zone: Option<&str>,
) -> Result<Zones, QueryProblem> {
    let named = time_zone.map(Zone::parse).transpose();
    let named = named.map_err(|error| bad("time_zone", error))?;
    let of_organization = organizations_zone(models, session).await?;
    Ok(Zones {
        of_days: named.unwrap_or(of_organization),
        of_organization,
    })
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
