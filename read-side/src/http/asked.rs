//! The language of queries at the edge: a text from a request or from a saved view becomes terms, or a problem that points
//! at the character.

use domain::calendar::zone::Zone;
use domain::ids::ViewId;
use domain::ticket::query::{Condition, Query};
use platform::auth::Principal;
use platform::http::gate::demand;
use platform::http::problem::{FieldError, Problem, QueryProblem};
use platform::permission::Permission;
use platform::rows::ViewRow;
use uuid::Uuid;

use super::session::{Session, bad, refused};
use crate::models::ReadModels;
use crate::tickets::Terms;

/// The parameter that carries a query.
const QUERY: &str = "query";

/// The terms of a text, words among them.
///
/// # Errors
/// 400 with the column of what does not fit.
pub(super) fn parse_with_words(text: &str) -> Result<Query, Problem> {
    Query::parse(text).map_err(|error| at_fault(&error.to_string()))
}

/// The same query, if it asks for no words.
///
/// # Errors
/// 400 when it does.
pub(super) fn without_words(query: Query) -> Result<Query, Problem> {
    let is_word =
        |condition: &Condition| matches!(condition, Condition::Word(_) | Condition::Phrase(_));
    if query.terms.iter().any(|term| is_word(&term.condition)) {
        return Err(at_fault(
            "words are not searched for here; only conditions such as status:open are",
        ));
    }
    Ok(query)
}

/// What a request asks for in the language of queries: by itself, and by a saved view.
pub(super) struct Conditions {
    /// The terms of both; none where neither is given.
    pub(super) query: Option<Query>,
    /// The view.
    pub(super) view: Option<ViewRow>,
}

/// The conditions of the parameters `query` and `view`.
///
/// # Errors
/// 400 with what does not fit, 403 for whoever may not use views, 404 when there is no such view for them.
pub(super) async fn conditions(
    models: &ReadModels,
    session: &Session,
    principal: &Principal,
    query: Option<&str>,
    view: Option<Uuid>,
) -> Result<Conditions, QueryProblem> {
    let mut query = query.map(parse_with_words).transpose()?;
    let Some(id) = view else {
        return Ok(Conditions { query, view: None });
    };
    demand(principal, Permission::WorkOnTickets)?;
    let view = models.view(&session.viewer, ViewId(id)).await;
    let view = view.map_err(refused)?;
    let view = view.ok_or_else(|| Problem::not_found("the view"))?;
    let terms = of_view(&view)?.terms;
    query.get_or_insert_default().terms.extend(terms);
    Ok(Conditions {
        query,
        view: Some(view),
    })
}

/// The terms of the parameters `query` and `view` where words are not searched for; none where neither is given.
///
/// # Errors
/// Those of [`conditions`], and 400 where words are asked for.
pub(super) async fn wordless(
    models: &ReadModels,
    session: &Session,
    principal: &Principal,
    query: Option<&str>,
    view: Option<Uuid>,
) -> Result<Option<Query>, QueryProblem> {
    let asked = conditions(models, session, principal, query, view).await?;
    Ok(asked.query.map(without_words).transpose()?)
}

/// The terms of a saved view, which may have been kept under other rules than those of today.
///
/// # Errors
/// 400 with what does not fit any more.
pub(super) fn of_view(row: &ViewRow) -> Result<Query, Problem> {
    Query::parse(&row.query).map_err(|error| bad("view", format!("its query: {error}")))
}

/// 400 that points at the query.
pub(super) fn at_fault(detail: &str) -> Problem {
    bad(QUERY, detail).with_errors(vec![FieldError::new(format!("/{QUERY}"), detail)])
}

/// The terms as the viewer means them, now.
pub(super) fn terms(models: &ReadModels, session: &Session, query: Query, zone: Zone) -> Terms {
    Terms {
        query,
        me: session.viewer.user_id,
        now: models.clock.now(),
        zone,
        at_least: session.at_least,
    }
}
