//! What the slider shows of a ticket as it was.

use crate::shown::{Named, Ticket};
use crate::words::plain;

/// The fields that the slider shows, those that were empty left out.
pub fn fields(then: &Ticket) -> Vec<(&'static str, String)> {
    let name = |one: Option<&Named>| one.map(|one| one.name.clone()).unwrap_or_default();
    let fields = [
        ("status", plain(&then.status)),
        ("priority", plain(&then.priority)),
        ("assignee", name(then.assignee.as_ref())),
        ("team", name(then.team.as_ref())),
        ("subject", then.subject.clone()),
        ("tags", then.tags.join(", ")),
    ];
    let has_words = |(_, value): &(&str, String)| !value.is_empty();
    fields.into_iter().filter(has_words).collect()
}
