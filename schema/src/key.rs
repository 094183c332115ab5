//! Names of the Valkey keys.

use std::fmt::Display;

/// First part of every key that this product writes.
pub const PREFIX: &str = "idk:";

/// The row of a ticket in the core read models.
pub fn ticket(generation: i64, partition: i16, org: impl Display, ticket: impl Display) -> String {
    format!("{PREFIX}{generation}:ticket:{partition}:{org}:{ticket}")
}

/// The row of an organization in the core read models.
pub fn organization(generation: i64, partition: i16, org: impl Display) -> String {
    format!("{PREFIX}{generation}:org:{partition}:{org}")
}

/// The answer to a question about an organization.
pub fn answer(
    generation: i64,
    partition: i16,
    org: impl Display,
    kind: impl Display,
    question: impl Display,
) -> String {
    format!("{PREFIX}{generation}:answer:{partition}:{org}:{kind}:{question}")
}

/// There while nothing of the partition's entries of this generation can have been lost.
pub fn generation_open(generation: i64, partition: i16) -> String {
    format!("{PREFIX}{generation}:open:{partition}")
}

/// Patterns of every key of a partition that may hold what a person wrote, whatever its generation: the marks of open
/// generations first, then the rows of tickets, and answers, which hold names.
#[must_use]
pub fn patterns_of_partition(partition: i16) -> [String; 3] {
    [
        format!("{PREFIX}*:open:{partition}"),
        format!("{PREFIX}*:ticket:{partition}:*"),
        format!("{PREFIX}*:answer:{partition}:*"),
    ]
}

/// The bucket of a rate limit: which class of routes, which kind of subject, and who.
pub fn rate_limit(class: &str, kind: &str, subject: impl Display) -> String {
    format!("{PREFIX}rate:{class}:{kind}:{subject}")
}
