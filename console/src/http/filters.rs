//! The conditions that an address has: what may be chosen, and what was, with the way to do without.

use futures::future::try_join_all;
use platform::http::problem::Problem;
use poem::http::StatusCode;
use uuid::Uuid;

use super::form::address;
use super::visit::Visit;
use crate::shown::Named;
use crate::words;

/// A value that may be chosen.
pub(super) struct Offered {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

/// The words of the API of which each may be chosen.
pub(super) fn offered<'a>(
    words: &'a [&'static str],
    is_chosen: impl Fn(&str) -> bool + 'a,
) -> Vec<Offered> {
    let offered = |word: &&'static str| Offered {
        value: (*word).to_owned(),
        name: words::plain(word),
        is_chosen: is_chosen(word),
    };
    words.iter().map(offered).collect()
}

/// A condition that was chosen.
pub(super) struct Chip {
    /// What it is, such as "team: Support".
    pub(super) text: String,
    /// The page without it.
    pub(super) without: String,
}

/// A chip for each pair of an address that has one of these names.
pub(super) async fn chips(
    visit: &Visit<'_>,
    path: &str,
    pairs: &[(&str, &str)],
    names: &[&str],
) -> Result<Vec<Chip>, Problem> {
    let has_chip = |(_, (name, _)): &(usize, &(&str, &str))| names.contains(name);
    let chosen = pairs.iter().enumerate().filter(has_chip);
    let chip = async |place: usize| {
        let (name, value) = pairs[place];
        let others = pairs.iter().enumerate();
        let others = others.filter_map(|(other, pair)| (other != place).then_some(*pair));
        let without = address(path, others);
        let text = format!(
            "{}: {}",
            words::plain(name),
            told(visit, name, value).await?
        );
        Ok(Chip { text, without })
    };
    try_join_all(chosen.map(|(place, _)| chip(place))).await
}

/// The value of a condition in words: people and teams by their names.
pub(super) async fn told(visit: &Visit<'_>, name: &str, value: &str) -> Result<String, Problem> {
    let list = match name {
        "team" => "teams",
        "assignee" | "agent" | "requester" => "users",
        "outcome" => return Ok(words::outcome(value)),
        "channel" | "metric" | "priority" => return Ok(words::plain(value)),
        _ => return Ok(value.to_owned()),
    };
    // What is no id has no name: the list tells what is wrong with it.
    let Ok(id) = value.parse::<Uuid>() else {
        return Ok(value.to_owned());
    };
    match visit.get::<Named>(format!("/{list}/{id}")).await {
        Ok(named) => Ok(named.name),
        Err(problem) if is_unnamed(problem.status()) => Ok(value.to_owned()),
        Err(problem) => Err(problem),
    }
}

/// Whether somebody is not there for whoever looks.
fn is_unnamed(status: StatusCode) -> bool {
    [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&status)
}
