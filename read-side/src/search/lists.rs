//! Words in lists of tickets: conditions as others, exact however frequent the words are.

use std::collections::HashSet;

use event_store::Position;
use serde::Serialize;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::statements::{self, Forms, LISTED_MAX};
use super::turns::{Planned, Turn};
use super::words::{Wording, Words};
use super::{ENOUGH, Running, ids, is_cut};
use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::tickets::TicketFilter;
use crate::tickets::statement::Asker;
use crate::viewer::Viewer;

/// That words are in a ticket or one of its messages, or that they are not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// Where they are.
    pub(crate) found: Where,
    /// Whether the ticket must not be there.
    pub(crate) negated: bool,
}

impl Said {
    /// In no ticket.
    const NOWHERE: Self = Self {
        found: Where::In(Vec::new()),
        negated: false,
    };

    /// In each ticket that is looked at.
    pub(super) fn in_many(forms: Forms) -> Self {
        Self {
            found: Where::InMany(forms.0),
            negated: false,
        }
    }

    /// In no ticket that is looked at: to find all tickets with the words would cost more.
    pub(super) fn not_in(forms: Forms) -> Self {
        Self {
            negated: true,
            ..Self::in_many(forms)
        }
    }
}

/// The tickets with some words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Where {
    /// Few enough to be named.
    In(Vec<Uuid>),
    /// So many that a list meets them soon: the words as the text of a `tsquery`.
    InMany(String),
}

/// Adds what is said in a ticket as a condition more.
pub(crate) fn push_words(statement: &mut Statement, viewer: &Viewer, said: &Said) {
    match &said.found {
        Where::In(tickets) => {
            let comparison = if said.negated { "<> ALL(" } else { "= ANY(" };
            statement
                .push(&format!(" AND ticket_id {comparison}"))
                .bind(tickets.clone(), Type::UUID_ARRAY)
                .push(")");
        }
        Where::InMany(forms) => statements::push_said(statement, viewer, forms, said.negated),
    }
}

/// Of tickets with one word and with another those with both, or with any where no word may be there: one list for PostgreSQL
/// in place of several long ones.
fn joined(named: Option<HashSet<Uuid>>, tickets: Vec<Uuid>, negated: bool) -> HashSet<Uuid> {
    let tickets = tickets.into_iter();
    match named {
        None => tickets.collect(),
        Some(named) if negated => named.into_iter().chain(tickets).collect(),
        Some(named) => tickets.filter(|id| named.contains(id)).collect(),
    }
}

impl ReadModels {
    /// The filter with the words of a list as conditions more.
    ///
    /// # Errors
    /// As those of a search.
    pub(crate) async fn worded(
        &self,
        turn: &Turn,
        asker: Asker<'_>,
        wording: &Wording,
        at_least: Position,
        filter: &TicketFilter,
    ) -> Result<TicketFilter, ReadError> {
        let mut filter = filter.clone();
        let wanted = wording.wanted.as_ref().map_or_else(Vec::new, Words::each);
        let said = self.said(turn, asker, &wanted, false, at_least).await?;
        if said.is_empty() && !wanted.is_empty() {
            filter.said.push(Said::NOWHERE);
        }
        filter.said.extend(said);
        let unwanted = &wording.unwanted;
        filter
            .said
            .extend(self.said(turn, asker, unwanted, true, at_least).await?);
        Ok(filter)
    }

    /// Each of some words as a condition. What no language takes for a word is none.
    async fn said(
        &self,
        turn: &Turn,
        asker: Asker<'_>,
        words: &[Words],
        negated: bool,
        at_least: Position,
    ) -> Result<Vec<Said>, ReadError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let forms = self
            .forms(turn, asker.viewer, words.iter(), at_least)
            .await?;
        let every = TicketFilter::default();
        let running = Running {
            asker,
            filter: &every,
            turn,
        };
        let (mut said, mut named) = (Vec::with_capacity(forms.len()), None);
        for forms in forms.into_iter().filter(|forms| !forms.0.is_empty()) {
            match self.tickets_with(&running, forms).await? {
                Where::In(tickets) => named = Some(joined(named, tickets, negated)),
                found => said.push(Said { found, negated }),
            }
            if !negated && named.as_ref().is_some_and(HashSet::is_empty) {
                // No ticket has one of the words: none has all of them.
                break;
            }
        }
        said.extend(named.map(|tickets| Said {
            found: Where::In(tickets.into_iter().collect()),
            negated,
        }));
        Ok(said)
    }

    async fn tickets_with(&self, running: &Running<'_>, forms: Forms) -> Result<Where, ReadError> {
        let newest = self.newest(running, &forms).await?;
        let tickets: HashSet<Uuid> = ids(&newest.rows)?;
        if newest.is_all {
            return Ok(Where::In(tickets.into_iter().collect()));
        }
        if tickets.len() >= ENOUGH || !running.asker.viewer.is_staff() {
            return Ok(Where::InMany(forms.0));
        }
        let viewer = running.asker.viewer;
        let statement = statements::unranked_by_words(viewer, &forms, LISTED_MAX);
        let rows = self.run(running, &statement, Planned::ByBitmaps).await?;
        if is_cut(&rows, LISTED_MAX)? {
            return Ok(Where::InMany(forms.0));
        }
        let tickets: HashSet<Uuid> = ids(&rows)?;
        Ok(Where::In(tickets.into_iter().collect()))
    }
}
