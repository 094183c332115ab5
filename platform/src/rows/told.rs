//! The sentence of a fact of a ticket's history or of the audit. It is kept with tokens in the place of names and texts, which have columns
//! of their own: so they can be forgotten when a person is erased, and the sentence stays.

use serde_json::Value;

use super::{AuditRow, HistoryRow};

/// Stands for the name of who did it.
pub const ACTOR: &str = "{actor}";
/// Stands for the name of whom it concerns.
pub const SUBJECT: &str = "{subject}";
/// Stands for the name of the agent whom the ticket was given to.
pub const ASSIGNEE: &str = "{assignee}";
/// Stands for the team that the ticket was given to.
pub const TEAM: &str = "{team}";
/// Stands for the old value of the first change.
pub const FROM: &str = "{from}";
/// Stands for the new value of the first change.
pub const TO: &str = "{to}";

/// What a sentence says of a team that is hidden from who reads it.
const UNNAMED_TEAM: &str = "a team that is not named";

impl HistoryRow {
    /// The sentence as people read it. Tokens within a name or text are not replaced again.
    #[must_use]
    pub fn told(&self) -> String {
        let change = self.changes.0.first();
        let team = self.team_name.as_ref();
        let team = team.map_or_else(
            || UNNAMED_TEAM.to_owned(),
            |name| format!("the team {name}"),
        );
        let tokens = [
            (ACTOR, self.actor_name.as_str()),
            (ASSIGNEE, self.assignee_name.as_deref().unwrap_or_default()),
            (TEAM, team.as_str()),
            (FROM, change.map_or("", |change| text(&change.from))),
            (TO, change.map_or("", |change| text(&change.to))),
        ];
        filled(&self.summary, &tokens)
    }
}

/// What stands for whom it concerns where nobody knows their name.
const SOMEBODY: &str = "somebody";

impl AuditRow {
    /// The sentence as people read it. Tokens within a name or text are not replaced again.
    #[must_use]
    pub fn told(&self) -> String {
        let change = self.changes.0.first();
        let tokens = [
            (ACTOR, self.actor_name.as_str()),
            (SUBJECT, self.subject_name.as_deref().unwrap_or(SOMEBODY)),
            (FROM, change.map_or("", |change| text(&change.from))),
            (TO, change.map_or("", |change| text(&change.to))),
        ];
        filled(&self.summary, &tokens)
    }
}

fn filled(summary: &str, tokens: &[(&str, &str)]) -> String {
    let mut told = String::with_capacity(summary.len() + 64);
    let mut rest = summary;
    while let Some(at) = rest.find('{') {
        told.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = tokens.iter().find(|(token, _)| rest.starts_with(token));
        let (token, value) = found.copied().unwrap_or(("{", "{"));
        told.push_str(value);
        rest = &rest[token.len()..];
    }
    told.push_str(rest);
    told
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
