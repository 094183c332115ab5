//! Search: the tickets in whose subject, requester, tags or messages words are, the best first, and the people who are called so.
//!
//! The words lie in columns that PostgreSQL derives from the rows of the read models: what is renamed, redacted or erased is so
//! here in the same moment. Who may see a ticket is decided by the conditions of lists.
//! A search looks at a bounded number of rows, runs with few others at once, and is cancelled when it takes too long or nobody
//! waits for it: it starves nobody.

mod highlight;
mod lists;
mod others;
mod people;
#[cfg(test)]
mod plans;
mod shown;
mod statements;
mod turns;
mod words;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::ids::MessageId;
use event_store::Position;
use platform::rows::{TicketRow, UserRow};
use tokio_postgres::Row;
use uuid::Uuid;

pub use highlight::Segment;
pub use lists::Said;
pub(crate) use lists::push_words;
pub(crate) use turns::{Planned, SEARCH_TIMEOUT, Turn, Turns};
pub use words::{Wording, Words};

use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::tickets::TicketFilter;
use crate::tickets::statement::Asker;
use crate::viewer::Viewer;
use statements::{Forms, PHRASED_MAX, RANKED_MAX, newest_max};

/// So many tickets with the words among the newest are enough to rank, and make words frequent.
const ENOUGH: usize = 50;
/// So many of the best are looked at for those that fit, before the others are: of most searches all of them do.
const SEEN_FIRST: usize = 200;
/// Who writes a number most often means that ticket.
const RANK_OF_NUMBER: f64 = 10.0;
/// A ticket of somebody who is called so.
const RANK_OF_REQUESTER: f64 = 0.02;
/// A ticket that has the words, in several texts.
const RANK_OF_SPREAD: f64 = 0.015;
/// A ticket with a part of its subject, or with a word that begins so.
const RANK_OF_PART: f64 = 0.01;
/// The rest is looked for no longer than this: what was found by words does not wait for it.
const OTHERS_TIMEOUT: Duration = Duration::from_millis(300);

/// What is searched for, by whom.
#[derive(Debug, Clone)]
pub struct Search {
    /// Who asks.
    pub viewer: Viewer,
    /// What has to be there.
    pub words: Words,
    /// What else has to hold.
    pub filter: TicketFilter,
    /// What must not be there.
    pub unwanted: Vec<Words>,
    /// Whether people are found as well, and tickets by those who opened them.
    pub with_people: bool,
    /// The most tickets.
    pub limit: usize,
    /// What the answer has to show.
    pub at_least: Position,
}

/// A ticket that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The ticket.
    pub ticket: TicketRow,
    /// Its subject, with what fits.
    pub subject: Vec<Segment>,
    /// The message that fits best, if one does, with an excerpt.
    pub message: Option<(MessageId, Vec<Segment>)>,
    /// How well it fits; comparable within one answer.
    pub rank: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The best first.
    pub hits: Vec<Hit>,
    /// People who are called so, for staff.
    pub people: Vec<UserRow>,
    /// Whether not all that fit were looked at.
    pub is_partial: bool,
}

/// How well a ticket fits, and which of its messages does best.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    rank: f64,
    message: Option<(Uuid, f64)>,
}

/// What was found so far.
#[derive(Default)]
struct Scores {
    of: HashMap<Uuid, Score>,
    is_partial: bool,
}

/// A search that runs.
struct Running<'a> {
    asker: Asker<'a>,
    filter: &'a TicketFilter,
    turn: &'a Turn,
}

impl ReadModels {
    /// The tickets that the viewer may see in which the words are and that fit the filter, the best first.
    ///
    /// # Errors
    /// [`ReadError::Crowded`] and [`ReadError::TooSlow`], or when the read models cannot be read.
    pub async fn search(&self, search: &Search) -> Result<Found, ReadError> {
        let viewer = &search.viewer;
        let turn = self.search_turns.take(viewer).await?;
        let company = self.company_in_sight(viewer).await?;
        let asker = Asker { viewer, company };
        let words = std::iter::once(&search.words).chain(&search.unwanted);
        let forms = self.forms(&turn, viewer, words, search.at_least).await?;
        let mut forms = forms.into_iter();
        let Some(wanted) = forms.next() else {
            return Ok(Found::default());
        };
        let unwanted = forms.filter(|forms| !forms.0.is_empty());
        let mut filter = search.filter.clone();
        filter.said.extend(unwanted.map(Said::not_in));
        let running = Running {
            asker,
            filter: &filter,
            turn: &turn,
        };
        let people = match search.with_people {
            true => self.people_called(&running, &search.words).await?,
            false => Vec::new(),
        };
        let mut scores = self.by_words(&running, &wanted).await?;
        self.add_numbers(&running, &search.words, &mut scores)
            .await?;
        let mut marked = wanted;
        if scores.of.len() < search.limit {
            let begun = self.add_others(&running, search, &people, &mut scores);
            marked = marked.or(begun.await?);
        }
        let hits = self
            .shown(&running, &marked, scores.best(search.limit))
            .await?;
        Ok(Found {
            hits,
            people,
            is_partial: scores.is_partial,
        })
    }

    /// Each of some words in all forms that the languages of the organization give them.
    async fn forms(
        &self,
        turn: &Turn,
        viewer: &Viewer,
        words: impl Iterator<Item = &Words>,
        at_least: Position,
    ) -> Result<Vec<Forms>, ReadError> {
        let organization = self.organization(viewer.tenant, at_least).await?;
        let languages = organization.map_or_else(Vec::new, |shown| shown.row.search_languages);
        let statement = words::in_forms(words, &languages, viewer);
        let rows = self
            .database
            .query_in_turn(turn, viewer.tenant, &statement, Planned::Freely)
            .await?;
        let forms: Vec<String> = rows.first().map_or(Ok(Vec::new()), |row| row.try_get(0))?;
        Ok(forms.into_iter().map(Forms).collect())
    }

    /// Among the newest tickets, and where few of these have the words among all.
    async fn by_words(&self, running: &Running<'_>, forms: &Forms) -> Result<Scores, ReadError> {
        let mut scores = Scores::default();
        if forms.0.is_empty() {
            return Ok(scores);
        }
        let newest = self.newest(running, forms).await?;
        scores.add(&newest.rows)?;
        if newest.is_all {
            return Ok(scores);
        }
        if scores.of.len() >= ENOUGH || !running.asker.viewer.is_staff() {
            scores.is_partial = true;
            return Ok(scores);
        }
        let (rows, is_cut) = self.among_all(running, forms).await?;
        scores.is_partial = is_cut;
        let mut all = Scores::default();
        all.add(&rows)?;
        self.add_seen(running, all, &mut scores).await?;
        Ok(scores)
    }

    /// Adds the best of those that the asker may see and that fit, until there are enough for any page.
    async fn add_seen(
        &self,
        running: &Running<'_>,
        all: Scores,
        scores: &mut Scores,
    ) -> Result<(), ReadError> {
        let best = all.best(usize::MAX);
        let (first, rest) = best.split_at(best.len().min(SEEN_FIRST));
        for best in [first, rest] {
            if scores.of.len() >= ENOUGH {
                break;
            }
            let tickets = best.iter().map(|(ticket, _)| *ticket).collect();
            let seen = self.seen_among(running, tickets).await?;
            for (ticket, score) in best.iter().filter(|(ticket, _)| seen.contains(ticket)) {
                // One of the newest is as it was.
                scores.of.entry(*ticket).or_insert(*score);
            }
        }
        Ok(())
    }

    /// Hits among all tickets, by the index of words, and whether there may be more.
    async fn among_all(
        &self,
        running: &Running<'_>,
        forms: &Forms,
    ) -> Result<(Vec<Row>, bool), ReadError> {
        let viewer = running.asker.viewer;
        let Some(anywhere) = forms.anywhere() else {
            let statement = statements::by_words(viewer, forms, RANKED_MAX);
            let rows = self.run(running, &statement, Planned::ByBitmaps).await?;
            let is_cut = is_cut(&rows, RANKED_MAX)?;
            return Ok((rows, is_cut));
        };
        let statement = statements::by_phrases(viewer, forms, &anywhere, PHRASED_MAX);
        let rows = self.run(running, &statement, Planned::ByBitmaps).await?;
        let (rows, looked_through) = counted(rows)?;
        Ok((rows, looked_through >= PHRASED_MAX as f64))
    }

    /// Of some tickets those that the asker may see and that fit.
    async fn seen_among(
        &self,
        running: &Running<'_>,
        tickets: HashSet<Uuid>,
    ) -> Result<HashSet<Uuid>, ReadError> {
        if tickets.is_empty() {
            return Ok(tickets);
        }
        let tickets = tickets.into_iter().collect();
        let statement = statements::among(running.asker, tickets, running.filter);
        let rows = self.run(running, &statement, Planned::Freely).await?;
        ids(&rows)
    }

    async fn newest(&self, running: &Running<'_>, forms: &Forms) -> Result<Newest, ReadError> {
        let statement = statements::among_newest(running.asker, forms, running.filter);
        let rows = self.run(running, &statement, Planned::Freely).await?;
        let (rows, looked_through) = counted(rows)?;
        Ok(Newest {
            rows,
            is_all: looked_through < newest_max(running.asker.viewer) as f64,
        })
    }

    async fn add_numbers(
        &self,
        running: &Running<'_>,
        words: &Words,
        scores: &mut Scores,
    ) -> Result<(), ReadError> {
        let numbers = words.numbers();
        if numbers.is_empty() {
            return Ok(());
        }
        let statement = statements::by_number(running.asker, numbers, running.filter);
        let rows = self.run(running, &statement, Planned::Freely).await?;
        for id in ids::<Vec<_>>(&rows)? {
            scores.of.entry(id).or_default().rank += RANK_OF_NUMBER;
        }
        Ok(())
    }

    async fn run(
        &self,
        running: &Running<'_>,
        statement: &Statement,
        planned: Planned,
    ) -> Result<Vec<Row>, ReadError> {
        let tenant = running.asker.viewer.tenant;
        self.database
            .query_in_turn(running.turn, tenant, statement, planned)
            .await
    }
}

/// Hits among the newest tickets that fit.
struct Newest {
    rows: Vec<Row>,
    /// Whether there are no others.
    is_all: bool,
}

/// The ids that rows begin with.
fn ids<C: FromIterator<Uuid>>(rows: &[Row]) -> Result<C, ReadError> {
    let ids = rows.iter().map(|row| row.try_get(0));
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The rows of hits, and how many tickets or texts were looked through for them, as the row without a ticket tells: some
/// thousands at most, which are exact in a real number.
fn counted(rows: Vec<Row>) -> Result<(Vec<Row>, f64), ReadError> {
    let (mut hits, mut looked_through) = (Vec::with_capacity(rows.len()), 0.0);
    for row in rows {
        match row.try_get::<_, Option<Uuid>>(0)? {
            Some(_) => hits.push(row),
            None => looked_through = f64::from(row.try_get::<_, f32>(2)?),
        }
    }
    Ok((hits, looked_through))
}

/// Whether the index gave as many tickets, or as many messages, as it may.
fn is_cut(rows: &[Row], most: i64) -> Result<bool, ReadError> {
    let mut said = 0;
    for row in rows {
        said += usize::from(row.try_get::<_, Option<Uuid>>(1)?.is_some());
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok(said >= most || rows.len() - said >= most)
}

impl Scores {
    /// Adds hits: the rank of the ticket and that of its best message.
    fn add(&mut self, rows: &[Row]) -> Result<(), ReadError> {
        for row in rows {
            let rank = f64::from(row.try_get::<_, f32>(2)?);
            let score = self.of.entry(row.try_get(0)?).or_default();
            match row.try_get(1)? {
                None => score.rank += rank,
                Some(message) => score.hear(message, rank),
            }
        }
        Ok(())
    }

    /// The score of a ticket that is ranked so at the least.
    fn rank_at_least(&mut self, ticket: Uuid, rank: f64) -> &mut Score {
        let score = self.of.entry(ticket).or_default();
        score.rank = score.rank.max(rank);
        score
    }

    /// The best, the newer before the older of equals: ids rise with time.
    fn best(&self, limit: usize) -> Vec<(Uuid, Score)> {
        let mut best: Vec<(Uuid, Score)> = self.of.iter().map(|(id, it)| (*id, *it)).collect();
        best.sort_by(|(one, a), (other, b)| b.rank.total_cmp(&a.rank).then(other.cmp(one)));
        best.truncate(limit);
        best
    }
}

impl Score {
    /// Only the best message counts, the newer of equals.
    fn hear(&mut self, message: Uuid, rank: f64) {
        let (id, best) = self.message.unwrap_or((Uuid::nil(), 0.0));
        if (rank, message) > (best, id) {
            self.rank += rank - best;
            self.message = Some((message, rank));
        }
    }
}
