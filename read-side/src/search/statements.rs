//! The statements of a search. Those that look for words by their index read views of the owner (see `core.sql`), since
//! PostgreSQL uses no such index behind a policy; the views say what the policies say.
//!
//! Which of them runs is never left to the planner, who knows little of how frequent words are: first the newest tickets are
//! looked through, at the same cost for every word. What is rare among them is looked for by the index of words.

use const_format::formatcp;
use domain::message::state::Visibility;
use platform::rows::{Column, MessageRow, Row, TicketRow, TicketWordsRow};
use schema::projection::{CORE, LISTED_MESSAGES, LISTED_TICKETS};
use schema::table::core::{SEARCHABLE_MESSAGES, SEARCHABLE_TICKETS, TAGGABLE_TICKETS};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::database::Statement;
use crate::tickets::TicketFilter;
use crate::tickets::statement::{Asker, push_where, updated_column};
use crate::viewer::Viewer;

/// How many of the newest tickets that fit are looked through, with their messages, before the index of words is asked.
const NEWEST_MAX: i64 = 500;
/// The same for customers, whom the index is not asked for.
const NEWEST_OF_CUSTOMERS_MAX: i64 = 1_000;
/// How many tickets, and how many messages, the index of words gives to be ranked at most. What more there is costs nothing.
pub(super) const RANKED_MAX: i64 = 500;
/// How many tickets, and how many messages, with all words of a phrase are read to see whether they stand one behind the other.
pub(super) const PHRASED_MAX: i64 = 2_000;
/// The same as [`RANKED_MAX`] for a list, which is read along its order where there are more.
pub(super) const LISTED_MAX: i64 = 2_500;
/// How many tickets are shown for a part of a word, or for a person, at most.
const PARTS_MAX: i64 = 100;
/// How many tickets with a part of a word are looked at for those that fit.
pub(super) const WITH_PARTS_MAX: i64 = 1_000;
/// Stand around what fits in a highlighted text. No text holds control characters.
pub(super) const MATCH_BEGINS: char = '\u{2}';
/// See [`MATCH_BEGINS`].
pub(super) const MATCH_ENDS: char = '\u{3}';
/// Stand for `<` and `>` while a text is highlighted: PostgreSQL would take what is between them for a tag, and leave it out.
pub(super) const ANGLES: [(char, char); 2] = [('<', '\u{4}'), ('>', '\u{5}')];

const TICKETS: &str = formatcp!("{CORE}.{}", <TicketRow as Row>::TABLE);
/// The newest of a rare tag are found by the tag.
const TAGGABLE: &str = formatcp!("{CORE}.{TAGGABLE_TICKETS}");
const MESSAGES: &str = formatcp!("{CORE}.{}", <MessageRow as Row>::TABLE);
const TICKET_WORDS: &str = formatcp!("{CORE}.{SEARCHABLE_TICKETS}");
const WORDS: &str = formatcp!("{CORE}.{}", <TicketWordsRow as Row>::TABLE);
const MESSAGE_WORDS: &str = formatcp!("{CORE}.{SEARCHABLE_MESSAGES}");
const WHOLE: &str =
    formatcp!("HighlightAll=true, StartSel=\"{MATCH_BEGINS}\", StopSel=\"{MATCH_ENDS}\"");
const EXCERPT: &str = formatcp!(
    "MaxFragments=1, MaxWords=32, MinWords=28, ShortWord=0, StartSel=\"{MATCH_BEGINS}\", StopSel=\"{MATCH_ENDS}\""
);

/// The text of a `tsquery`: see [`super::words`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forms(pub(super) String);

impl Forms {
    /// The same words wherever they stand, if some of these have to stand one behind the other.
    pub(super) fn anywhere(&self) -> Option<Self> {
        let mut text = String::with_capacity(self.0.len());
        let (mut is_quoted, mut is_phrase) = (false, false);
        let mut rest = self.0.chars();
        while let Some(next) = rest.next() {
            is_quoted ^= next == '\'';
            if next == '<' && !is_quoted {
                is_phrase = true;
                // How far apart they are (`<->`, `<2>`) is left out.
                rest.by_ref().take_while(|it| *it != '>').for_each(drop);
                text.push('&');
            } else {
                text.push(next);
            }
        }
        is_phrase.then_some(Self(text))
    }

    /// What is there in either form.
    pub(super) fn or(self, other: Option<Self>) -> Self {
        match other {
            None => self,
            Some(other) if self.0.is_empty() => other,
            Some(other) => Self(format!("({}) | ({})", self.0, other.0)),
        }
    }

    fn push<'a>(&self, statement: &'a mut Statement, before: &str) -> &'a mut Statement {
        statement
            .push(before)
            .bind(self.0.clone(), Type::TEXT)
            .push("::tsquery")
    }

    /// How well a text fits: the words close together, more in a subject than in a message, less in a long one.
    fn push_rank<'a>(&self, statement: &'a mut Statement, search: &str) -> &'a mut Statement {
        self.push(statement, &format!("ts_rank_cd({search}, "))
            .push(", 1)")
    }
}

/// Hits among the newest tickets that the asker may see and that fit: ticket, message if it is in one, rank. A row without a
/// ticket tells how many tickets were looked through.
pub(super) fn among_newest(asker: Asker<'_>, forms: &Forms, filter: &TicketFilter) -> Statement {
    let mut statement = listed_newest(asker, filter);
    statement
        .push(", newest AS MATERIALIZED (SELECT listed.ticket_id, titled.search FROM listed CROSS JOIN LATERAL (SELECT search");
    push_words_of(&mut statement, asker.viewer, "listed");
    statement
        .push(" OFFSET 0) AS titled) SELECT NULL::uuid, NULL::uuid, count(*)::real FROM newest");
    statement.push(" UNION ALL SELECT ticket_id, NULL::uuid, ");
    forms.push_rank(&mut statement, "search");
    forms.push(&mut statement, " FROM newest WHERE search @@ ");
    statement.push(" UNION ALL SELECT newest.ticket_id, said.message_id, ");
    forms.push_rank(&mut statement, "said.search");
    // Apart from its condition, so that the messages of each ticket are found by the ticket.
    statement.push(" FROM newest CROSS JOIN LATERAL (SELECT message_id, search");
    push_messages(&mut statement, MESSAGE_WORDS, asker.viewer);
    statement.push(" AND ticket_id = newest.ticket_id OFFSET 0) AS said");
    forms.push(&mut statement, " WHERE said.search @@ ");
    statement
}

/// Those of the newest tickets that the asker may see and that fit that have each of some words, wherever: their ids.
pub(super) fn newest_with_each(
    asker: Asker<'_>,
    each: &[Forms],
    filter: &TicketFilter,
) -> Statement {
    let mut statement = listed_newest(asker, filter);
    statement.push(" SELECT ticket_id FROM listed AS tickets WHERE true");
    for forms in each {
        push_said(&mut statement, asker.viewer, &forms.0, false);
    }
    statement
}

/// How many of the newest tickets are looked through for somebody.
pub(super) fn newest_max(viewer: &Viewer) -> i64 {
    match viewer.is_staff() {
        true => NEWEST_MAX,
        false => NEWEST_OF_CUSTOMERS_MAX,
    }
}

/// The newest tickets that the asker may see and that fit, as rows `listed`.
fn listed_newest(asker: Asker<'_>, filter: &TicketFilter) -> Statement {
    let mut statement = Statement::default();
    let updated = updated_column(asker.viewer);
    statement.push(formatcp!(
        "WITH listed AS MATERIALIZED (SELECT ticket_id FROM {TAGGABLE} AS tickets"
    ));
    push_where(&mut statement, asker, filter);
    statement
        .push(&format!(" ORDER BY {updated} DESC, ticket_id DESC LIMIT "))
        .bind(newest_max(asker.viewer), Type::INT8)
        .push(")");
    statement
}

/// Hits among all tickets and messages, found by the index of words, as rows of [`among_newest`]. Nothing is said of who may see
/// the tickets. At most so many of each kind.
pub(super) fn by_words(viewer: &Viewer, forms: &Forms, most: i64) -> Statement {
    let mut statement = found_by_words(viewer, forms, most, ", search");
    statement.push(" SELECT ticket_id, NULL::uuid, ");
    forms.push_rank(&mut statement, "search");
    statement.push(" FROM titled UNION ALL SELECT ticket_id, message_id, ");
    forms.push_rank(&mut statement, "search");
    statement.push(" FROM said");
    statement
}

/// The same for words that stand one behind the other. The index knows which texts have them, not in which order, so each of
/// these is read: of the texts with the words anywhere at most so many. A row without a ticket tells how many these were.
pub(super) fn by_phrases(viewer: &Viewer, forms: &Forms, anywhere: &Forms, most: i64) -> Statement {
    let mut statement = found_by_words(viewer, anywhere, most, ", search");
    statement.push(
        " SELECT NULL::uuid, NULL::uuid, greatest((SELECT count(*) FROM titled), (SELECT count(*) FROM said))::real",
    );
    for (message, source) in [("NULL::uuid", "titled"), ("message_id", "said")] {
        statement.push(&format!(" UNION ALL SELECT ticket_id, {message}, "));
        forms.push_rank(&mut statement, "search");
        forms.push(&mut statement, &format!(" FROM {source} WHERE search @@ "));
    }
    statement
}

/// The same hits as those of [`by_words`], unranked: ticket, and message if it is in one. Their words need not be read then.
pub(super) fn unranked_by_words(viewer: &Viewer, forms: &Forms, most: i64) -> Statement {
    let mut statement = found_by_words(viewer, forms, most, "");
    statement.push(
        " SELECT ticket_id, NULL::uuid FROM titled UNION ALL SELECT ticket_id, message_id FROM said",
    );
    statement
}

/// The tickets (`titled`) and the messages (`said`) that the index of words finds, with these columns more.
fn found_by_words(viewer: &Viewer, forms: &Forms, most: i64, columns: &str) -> Statement {
    let mut statement = Statement::default();
    statement
        .push(&format!(
            "WITH titled AS MATERIALIZED (SELECT ticket_id{columns} FROM {TICKET_WORDS} WHERE partition = "
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID);
    forms
        .push(
            &mut statement,
            formatcp!(" AND {LISTED_TICKETS} AND search @@ "),
        )
        .push(" LIMIT ")
        .bind(most, Type::INT8)
        .push(&format!(
            "), said AS MATERIALIZED (SELECT ticket_id, message_id{columns}"
        ));
    push_messages(&mut statement, MESSAGE_WORDS, viewer);
    forms
        .push(&mut statement, " AND search @@ ")
        .push(" LIMIT ")
        .bind(most, Type::INT8)
        .push(")");
    statement
}

/// The tickets of these numbers: their ids.
pub(super) fn by_number(asker: Asker<'_>, numbers: Vec<i64>, filter: &TicketFilter) -> Statement {
    let mut statement = ids(asker, filter);
    statement
        .push(" AND number = ANY(")
        .bind(numbers, Type::INT8_ARRAY)
        .push(")");
    statement
}

/// Those of some tickets that the asker may see and that fit: their ids.
pub(super) fn among(asker: Asker<'_>, tickets: Vec<Uuid>, filter: &TicketFilter) -> Statement {
    let mut statement = ids(asker, filter);
    statement
        .push(" AND ticket_id = ANY(")
        .bind(tickets, Type::UUID_ARRAY)
        .push(")");
    statement
}

/// The newest tickets of these requesters: their ids.
pub(super) fn of_requesters(
    asker: Asker<'_>,
    requesters: Vec<Uuid>,
    filter: &TicketFilter,
) -> Statement {
    let mut statement = ids(asker, filter);
    statement
        .push(" AND requester_id = ANY(")
        .bind(requesters, Type::UUID_ARRAY)
        .push(")");
    push_newest(&mut statement, asker.viewer);
    statement
}

fn ids(asker: Asker<'_>, filter: &TicketFilter) -> Statement {
    let mut statement = Statement::default();
    statement.push(formatcp!("SELECT ticket_id FROM {TICKETS} AS tickets"));
    push_where(&mut statement, asker, filter);
    statement
}

/// What parts are looked for in; as the indexes have it.
pub(super) const SUBJECT: &str = "lower(subject)";
/// The same, for parts that are digits alone.
pub(super) const NUMBER: &str = "number::text";
const NUMBER_AND_SUBJECT: &str = "lower(number::text || ' ' || subject)";

/// Tickets in whose [`SUBJECT`] or [`NUMBER`] the patterns are, found by their trigrams: their ids. Nothing is said of who may see
/// them.
pub(super) fn by_parts(viewer: &Viewer, text: &'static str, patterns: Vec<String>) -> Statement {
    let mut statement = Statement::default();
    statement
        .push(formatcp!(
            "SELECT ticket_id FROM {TICKET_WORDS} WHERE partition = "
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(formatcp!(" AND {LISTED_TICKETS}"));
    push_patterns(&mut statement, text, patterns);
    statement.push(" LIMIT ").bind(WITH_PARTS_MAX, Type::INT8);
    statement
}

/// The newest of the tickets that the asker may see, that fit, and in whose number or subject the patterns are: their ids.
pub(super) fn parts_among(
    asker: Asker<'_>,
    patterns: Vec<String>,
    filter: &TicketFilter,
) -> Statement {
    let mut statement = ids(asker, filter);
    push_patterns(&mut statement, NUMBER_AND_SUBJECT, patterns);
    push_newest(&mut statement, asker.viewer);
    statement
}

fn push_newest(statement: &mut Statement, viewer: &Viewer) {
    let updated = updated_column(viewer);
    statement
        .push(&format!(" ORDER BY {updated} DESC, ticket_id DESC LIMIT "))
        .bind(PARTS_MAX, Type::INT8);
}

/// Adds that a text is like each of some patterns: one by one, since the index knows nothing of lists of them.
pub(super) fn push_patterns(statement: &mut Statement, text: &str, patterns: Vec<String>) {
    for pattern in patterns {
        statement
            .push(&format!(" AND {text} LIKE "))
            .bind(pattern, Type::TEXT);
    }
}

/// The words of one ticket, found by its key. `ticket` is what the statement calls its row.
fn push_words_of(statement: &mut Statement, viewer: &Viewer, ticket: &str) {
    statement
        .push(formatcp!(" FROM {WORDS} WHERE partition = "))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(&format!(" AND ticket_words.ticket_id = {ticket}.ticket_id"));
}

/// The messages of the organization that the viewer may read, of tickets that they may see.
fn push_messages(statement: &mut Statement, source: &str, viewer: &Viewer) {
    statement
        .push(&format!(" FROM {source} WHERE partition = "))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(formatcp!(" AND {LISTED_MESSAGES}"));
    if !viewer.is_staff() {
        statement
            .push(" AND visibility = ")
            .bind(Visibility::Public.parameter(), Type::TEXT);
    }
}

/// The tickets of a page, each with its highlighted subject behind its columns.
pub(super) fn tickets(
    asker: Asker<'_>,
    forms: &Forms,
    filter: &TicketFilter,
    ids: Vec<Uuid>,
) -> Statement {
    let mut statement = Statement::default();
    statement.push(formatcp!("SELECT {}", <TicketRow as Row>::COLUMNS));
    push_highlighted(&mut statement, "subject", forms, WHOLE);
    statement.push(formatcp!(" FROM {TICKETS} AS tickets"));
    push_where(&mut statement, asker, filter);
    statement
        .push(" AND ticket_id = ANY(")
        .bind(ids, Type::UUID_ARRAY)
        .push(")");
    statement
}

/// Excerpts of messages: id and text. The tickets were looked at before.
pub(super) fn excerpts(viewer: &Viewer, forms: &Forms, ids: Vec<Uuid>) -> Statement {
    let mut statement = Statement::default();
    statement.push("SELECT message_id");
    push_highlighted(&mut statement, "body", forms, EXCERPT);
    push_messages(&mut statement, MESSAGES, viewer);
    statement
        .push(" AND body IS NOT NULL AND message_id = ANY(")
        .bind(ids, Type::UUID_ARRAY)
        .push(")");
    statement
}

fn push_highlighted(statement: &mut Statement, column: &str, forms: &Forms, options: &str) {
    let [(less, for_less), (greater, for_greater)] = ANGLES;
    let before = format!(
        ", ts_headline(language::regconfig, translate({column}, '{less}{greater}', '{for_less}{for_greater}'), "
    );
    forms
        .push(statement, &before)
        .push(", ")
        .bind(options.to_owned(), Type::TEXT)
        .push(")");
}

/// Adds that the words are in a ticket or in one of its messages, row by row: for words that are frequent enough that a page is
/// soon full, or that nearly every ticket lacks.
pub(super) fn push_said(statement: &mut Statement, viewer: &Viewer, forms: &str, negated: bool) {
    let forms = Forms(forms.to_owned());
    statement.push(if negated { " AND NOT (" } else { " AND (" });
    statement.push("EXISTS (SELECT 1");
    push_words_of(statement, viewer, "tickets");
    // The end keeps the planner from gathering everything with the words first.
    forms.push(statement, " AND search @@ ");
    statement.push(" OFFSET 0) OR EXISTS (SELECT 1");
    push_messages(statement, formatcp!("{MESSAGES} AS said"), viewer);
    statement.push(" AND said.ticket_id = tickets.ticket_id");
    forms
        .push(statement, " AND said.search @@ ")
        .push(" OFFSET 0))");
}

#[cfg(test)]
mod tests {
    use super::Forms;

    fn anywhere(text: &str) -> Option<String> {
        Forms(text.to_owned()).anywhere().map(|forms| forms.0)
    }

    #[test]
    fn words_one_behind_the_other_are_found_wherever_they_stand() {
        assert_eq!(anywhere("'a' <-> 'b'").as_deref(), Some("'a' & 'b'"));
        assert_eq!(
            anywhere("'a' <2> 'b' | 'c'").as_deref(),
            Some("'a' & 'b' | 'c'")
        );
    }

    #[test]
    fn words_without_an_order_and_signs_within_words_are_no_phrase() {
        assert_eq!(anywhere("'a' & 'b'"), None);
        assert_eq!(anywhere("'a<->b' | 'it''s<b'"), None);
    }
}
