//! What is different between two moments of one thing, by the names of its own view.

use std::collections::BTreeSet;

use platform::http::problem::QueryProblem;
use platform::rows::Change;
use poem_openapi::types::ToJSON;
use serde_json::{Map, Value};

use super::history::ChangeView;
use super::past::moment;
use super::session::Session;
use crate::models::ReadModels;
use crate::past::AsOf;

/// Fields that are told by each of their own fields.
const NESTED: [&str; 3] = ["sla", "custom_fields", "conditions"];
/// Fields that differ with every event and say nothing of what changed.
const LEFT_OUT: [&str; 4] = ["version", "policy_version", "updated_at", "valid_from"];

/// The two moments.
pub(super) struct Moments {
    /// The former, if it is given.
    pub(super) from: Option<AsOf>,
    /// The later, if it is given; else it is now.
    pub(super) to: Option<AsOf>,
}

impl Moments {
    /// Those of the parameters `from` and `to`.
    ///
    /// # Errors
    /// 400 with what is no moment, or is of the future; 503 when the read models are behind.
    pub(super) async fn parse(
        models: &ReadModels,
        session: &Session,
        from: Option<String>,
        to: Option<String>,
    ) -> Result<Self, QueryProblem> {
        let parse = async |parameter, text: Option<String>| match text {
            Some(text) => moment(models, session, parameter, &text).await.map(Some),
            None => Ok(None),
        };
        let from = parse("from", from).await?;
        let to = parse("to", to).await?;
        Ok(Self { from, to })
    }

    /// The former, else the first of a thing that has a stream of its own.
    pub(super) fn begin_or_first(&self) -> AsOf {
        self.from.unwrap_or(AsOf::Version(1))
    }
}

/// The fields that differ, in the order of their names.
pub(super) fn changes(before: &impl ToJSON, after: &impl ToJSON) -> Vec<ChangeView> {
    let (before, after) = (flat(before.to_json()), flat(after.to_json()));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let side =
        |fields: &Map<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
    let change = |name: &String| Change {
        field: name.clone(),
        from: side(&before, name),
        to: side(&after, name),
    };
    let changes = names.into_iter().map(change);
    changes
        .filter(|change| change.from != change.to)
        .map(Into::into)
        .collect()
}

/// The fields of a view, those of nested objects under both names.
fn flat(view: Option<Value>) -> Map<String, Value> {
    let mut fields = match view {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    for outer in NESTED {
        if let Some(Value::Object(inner)) = fields.remove(outer) {
            let inner = inner.into_iter();
            fields.extend(inner.map(|(name, value)| (format!("{outer}.{name}"), value)));
        }
    }
    fields
}
