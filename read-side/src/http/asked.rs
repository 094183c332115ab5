//! The language of queries at the edge: a text from a request or from a saved view becomes terms, or a problem that points
//! at the character.

use domain::calendar::zone::Zone;
use domain::ids::ViewId;
use domain::ticket::query::{Condition, Query, QueryError};
use platform::auth::Principal;
use platform::http::gate::demand;
use platform::http::problem::{FieldError, Problem, QueryProblem};
use platform::permission::Permission;
use platform::rows::ViewRow;
use uuid::Uuid;

use super::session::{Session, bad, refused};
use crate::called::{Known, Meanings};
use crate::models::ReadModels;
use crate::tickets::Terms;

/// The parameter that carries a query.
const QUERY: &str = "query";
/// The parameter that carries queries, one a line.
const QUERIES: &str = "queries";
/// Why a query with words does not fit where nothing is searched for.
const WORDLESS: &str = "words are not searched for here; only conditions such as status:open are";

/// The terms of a text, words among them.
///
/// # Errors
/// 400 with the column of what does not fit.
pub(super) fn parse_with_words(text: &str) -> Result<Query, Problem> {
    Query::parse(text).map_err(of_query)
}

/// The terms of each line of the parameter `queries`; none asks for words.
///
/// # Errors
/// 400 with the line, and the column of what does not fit.
pub(super) fn parse_lines(lines: &[&str]) -> Result<Vec<Query>, Problem> {
    let terms = |(index, line): (usize, &&str)| {
        let query = Query::parse(line).map_err(|error| of_line(index, &error))?;
        if asks_for_words(&query) {
            let number = index + 1;
            return Err(pointed(QUERIES, &format!("line {number}: {WORDLESS}")));
        }
        Ok(query)
    };
    lines.iter().enumerate().map(terms).collect()
}

/// 400 that points at what is wrong with a line of the parameter `queries`.
pub(super) fn of_line(index: usize, error: &QueryError) -> Problem {
    let number = index + 1;
    pointed(QUERIES, &format!("line {number}, {error}"))
}

/// What the names in some queries mean for who asks.
///
/// # Errors
/// 403 for who does not work on tickets, where there are names: they could try which there are.
pub(super) async fn meanings<'a>(
    models: &ReadModels,
    session: &Session,
    principal: &Principal,
    queries: impl Iterator<Item = &'a Query>,
) -> Result<Meanings, QueryProblem> {
    let names: Vec<_> = queries.flat_map(Query::names).collect();
    if names.is_empty() {
        return Ok(Meanings::default());
    }
    demand(principal, Permission::WorkOnTickets)?;
    let known = Known {
        people: principal.may(Permission::ReadUsers),
        teams: principal.may(Permission::ReadTeams),
    };
    let meanings = models.meanings(&session.viewer, known, names.into_iter());
    meanings.await.map_err(refused)
}

/// 400 that points at what is wrong with the parameter `query`.
pub(super) fn of_query(error: QueryError) -> Problem {
    at_fault(&error.to_string())
}

/// 400 with what is wrong with the query of a view.
pub(super) fn of_views_query(error: QueryError) -> Problem {
    bad("view", format!("its query: {error}"))
}

/// The same query, if it asks for no words.
///
/// # Errors
/// 400 when it does.
fn without_words(query: Query) -> Result<Query, Problem> {
    if asks_for_words(&query) {
        return Err(at_fault(WORDLESS));
    }
    Ok(query)
}

fn asks_for_words(query: &Query) -> bool {
    let is_word =
        |condition: &Condition| matches!(condition, Condition::Word(_) | Condition::Phrase(_));
    query.terms.iter().any(|term| is_word(&term.condition))
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
    let query = query.map(parse_with_words).transpose()?;
    let view = match view {
        Some(id) => Some(view_of(models, session, principal, id).await?),
        None => None,
    };
    let of_view = view.as_ref().map(of_view).transpose()?;
    let written = query.iter().chain(&of_view);
    let meanings = meanings(models, session, principal, written).await?;
    let query = query.map(|query| meanings.put_into(query).map_err(of_query));
    let of_view = of_view.map(|query| meanings.put_into(query).map_err(of_views_query));
    let mut query = query.transpose()?;
    if let Some(of_view) = of_view.transpose()? {
        query.get_or_insert_default().terms.extend(of_view.terms);
    }
    Ok(Conditions { query, view })
}

async fn view_of(
    models: &ReadModels,
    session: &Session,
    principal: &Principal,
    id: Uuid,
) -> Result<ViewRow, QueryProblem> {
    demand(principal, Permission::WorkOnTickets)?;
    let view = models.view(&session.viewer, ViewId(id)).await;
    let view = view.map_err(refused)?;
    Ok(view.ok_or_else(|| Problem::not_found("the view"))?)
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
    Query::parse(&row.query).map_err(of_views_query)
}

/// 400 that points at the query.
pub(super) fn at_fault(detail: &str) -> Problem {
    pointed(QUERY, detail)
}

/// 400 that points at a parameter.
fn pointed(parameter: &str, detail: &str) -> Problem {
    bad(parameter, detail).with_errors(vec![FieldError::new(format!("/{parameter}"), detail)])
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
