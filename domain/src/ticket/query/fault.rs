//! Where a query's text does not fit, and why.

use super::{Query, QueryText};
use crate::text::TextError;
use thiserror::Error;

/// A character of a query that does not fit. The message is safe to show; it repeats only names of conditions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {column}: {fault}")]
pub struct QueryError {
    /// Which character, counted from 1 in Unicode scalar values.
    pub column: usize,
    /// Why.
    pub fault: Fault,
}

/// Why a character does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The text goes on.
    #[error("the query is longer than {max} characters", max = QueryText::MAX_CHARS)]
    TooLong,
    /// One more condition.
    #[error("a query has at most {max} conditions", max = Query::MAX_TERMS)]
    TooManyTerms,
    /// One more value of a list.
    #[error("a list has at most {max} values", max = Query::MAX_VALUES)]
    TooManyValues,
    /// A NUL or another control character.
    #[error("control characters are not allowed")]
    ControlCharacter,
    /// `-` before nothing.
    #[error("a condition or a word has to follow the -")]
    NothingNegated,
    /// Quotes that are never closed.
    #[error("the quotes that begin here are not closed")]
    OpenQuotes,
    /// Quotes around nothing.
    #[error("there are no words between the quotes")]
    NoWords,
    /// Something directly behind a closing quote.
    #[error("a blank has to follow the closing quote")]
    NoBlank,
    /// The same behind a value.
    #[error("a blank or a comma has to follow the closing quote")]
    NoComma,
    /// A quote within a word or value.
    #[error(
        "quotes stand around words and whole values alone; put a blank, a colon or a comma before them"
    )]
    QuoteWithin,
    /// `word:` of no condition.
    #[error(
        "there is no such condition; there are status, priority, channel, assignee, team, requester, tag, number, field.NAME, \
         missed, created, updated and due"
    )]
    UnknownCondition,
    /// `field.` of no name that a custom field can have.
    #[error("the name of a custom field has to follow: {0}")]
    FieldName(TextError),
    /// No value of a custom field.
    #[error("{0}")]
    FieldValue(TextError),
    /// A condition without a value, or two commas.
    #[error("a value is missing here")]
    NoValue,
    /// A comparison of what has no order.
    #[error("only priority, created, updated and due can be compared")]
    NoOrder,
    /// A list behind a comparison.
    #[error("a comparison has one value")]
    ComparedList,
    /// No status.
    #[error("must be new, open, pending, on_hold, resolved or closed")]
    Status,
    /// No priority.
    #[error("must be low, normal, high or urgent")]
    Priority,
    /// No channel.
    #[error("must be api, web, email, phone, chat or other")]
    Channel,
    /// No metric of a promise.
    #[error(
        "must be any, first_reply, next_reply, periodic_update, pausable_update, requester_wait, agent_work or resolution"
    )]
    Metric,
    /// A name of nobody.
    #[error("nobody is called so, or has this address")]
    UnknownPerson,
    /// A name of no team.
    #[error("no team is called so")]
    UnknownTeam,
    /// A name of several.
    #[error(
        "several are called so: name the one that is meant by its id, or a person by the address"
    )]
    Ambiguous,
    /// No tag.
    #[error("{0}")]
    Tag(TextError),
    /// No number of a ticket.
    #[error("must be the number of a ticket, such as 12")]
    Number,
    /// No time.
    #[error(
        "must be a day such as 2026-03-01, a time such as 2026-03-01T09:00:00Z, today, yesterday, or an age such as 30m, 4h, \
         2d or 1w"
    )]
    Time,
    /// An age, which is never met exactly.
    #[error("an age needs < or > before it: updated:<2d is what changed in the last two days")]
    BareAge,
    /// A time of a point, which is never met exactly.
    #[error("a point in time needs <, <=, > or >= before it")]
    BareInstant,
}
