//! What every query begins with: the viewer, and the wait until the read models show what the client has seen.

use chrono::{DateTime, Utc};
use event_store::Position;
use platform::auth::Principal;
use platform::consistency::ConsistencyToken;
use platform::http::problem::{Problem, QueryProblem};

use crate::cached::Shown;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Viewer;

/// The header that carries a token, on requests and on answers.
pub(super) const CONSISTENCY_TOKEN: &str = "Consistency-Token";
/// The projector is usually milliseconds behind, and a restarted database is back in seconds.
const RETRY_AFTER_S: u32 = 1;

/// One query of one viewer.
pub(super) struct Session {
    /// Who asks.
    pub(super) viewer: Viewer,
    /// What the answer has to show.
    pub(super) at_least: Position,
    /// What an answer from the tables shows at least, as a header. A later query that carries it is never older.
    pub(super) token: String,
}

impl Session {
    /// Finds the viewer's organization and waits until the read models show the event of the token.
    pub(super) async fn begin(
        models: &ReadModels,
        principal: &Principal,
        token: Option<&str>,
    ) -> Result<Self, QueryProblem> {
        let viewer = viewer_of(models, principal).await?;
        let seen = token.map(|text| parse_token(text, &viewer)).transpose()?;
        models.wait_for(seen).await.map_err(refused)?;
        let now = models.now(viewer.tenant).await;
        let at_least = seen.map_or(Position::START, |token| token.position);
        Ok(Self {
            viewer,
            at_least,
            token: now.to_string(),
        })
    }

    /// Waits until the read models show what the log held at the moment that is asked about, if one is.
    pub(super) async fn wait_for_moment(
        &self,
        models: &ReadModels,
        moment: Option<DateTime<Utc>>,
    ) -> Result<(), QueryProblem> {
        let Some(moment) = moment else {
            return Ok(());
        };
        let waited = models.wait_for_moment(self.viewer.tenant, moment).await;
        waited.map_err(refused)
    }

    /// What the answer with this row shows at least. A cached row promises less than the tables.
    pub(super) fn token_of<R>(&self, shown: &Shown<R>) -> String {
        shown.up_to.map_or_else(
            || self.token.clone(),
            |position| {
                let partition = self.viewer.tenant.partition;
                ConsistencyToken {
                    partition,
                    position,
                }
                .to_string()
            },
        )
    }
}

/// The viewer, whose organization must be there.
pub(super) async fn viewer_of(
    models: &ReadModels,
    principal: &Principal,
) -> Result<Viewer, QueryProblem> {
    let Principal {
        organization_id,
        user_id,
        role,
        ..
    } = *principal;
    let viewer = models.viewer(organization_id, user_id, role).await;
    let viewer = viewer.map_err(refused)?;
    Ok(viewer.ok_or_else(Problem::unauthorized)?)
}

fn parse_token(text: &str, viewer: &Viewer) -> Result<ConsistencyToken, Problem> {
    let token: ConsistencyToken = text
        .parse()
        .map_err(|error| bad(CONSISTENCY_TOKEN, error))?;
    if token.partition == viewer.tenant.partition {
        Ok(token)
    } else {
        Err(bad(CONSISTENCY_TOKEN, "belongs to another organization"))
    }
}

/// Refuses a moment of the future: what is told of it now would change.
///
/// # Errors
/// 400 with the parameter.
pub(super) fn refuse_future(parameter: &str, moment: DateTime<Utc>) -> Result<(), Problem> {
    // By the clock of the log, whose times these are, not by that of business.
    if moment > Utc::now() {
        return Err(bad(parameter, "must not be in the future"));
    }
    Ok(())
}

/// 400, naming the parameter or header that is wrong.
pub(super) fn bad(parameter: &str, reason: impl std::fmt::Display) -> Problem {
    Problem::bad_request(format!("{parameter}: {reason}"))
}

/// The answer to a query that could not be answered.
pub(super) fn refused(error: ReadError) -> QueryProblem {
    let detail = error.to_string();
    let problem = match error {
        ReadError::Behind(_) | ReadError::Crowded | ReadError::TooSlow => {
            Problem::unavailable(detail, RETRY_AFTER_S)
        }
        ReadError::Unavailable(source) => {
            Problem::unavailable(detail, RETRY_AFTER_S).with_source(source)
        }
        ReadError::Broken(source) => Problem::internal(source),
    };
    problem.into()
}
