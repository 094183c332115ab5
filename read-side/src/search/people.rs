//! People by parts of their names and addresses; and what is found where words find little: tickets whose texts have the words
//! between them, tickets of such people, and tickets with parts of the words in their subjects.

use std::collections::HashSet;

use const_format::formatcp;
use platform::rows::{Row, UserRow};
use schema::projection::{CORE, LISTED_USERS};
use schema::table::core::SEARCHABLE_USERS;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::lists::Said;
use super::statements::{NUMBER, SUBJECT, WITH_PARTS_MAX};
use super::turns::Planned;
use super::words::Words;
use super::{
    OTHERS_TIMEOUT, RANK_OF_PART, RANK_OF_REQUESTER, RANK_OF_SPREAD, Running, Scores, Search, ids,
    statements,
};
use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Tenant;

/// The most people of an answer.
const PEOPLE_MAX: i64 = 10;
/// How many people are compared to find these.
const COMPARED_MAX: i64 = 200;

const COLUMNS: &str = <UserRow as Row>::COLUMNS;
/// What people are called, as the index has it but for upper case.
const CALLED: &str = "name || ' ' || coalesce(email, '')";
const USERS: &str = formatcp!("{CORE}.{SEARCHABLE_USERS}");

/// People in whose name and address the patterns are, found by their trigrams; those whose names are most like the text first.
pub(super) fn by_name(tenant: Tenant, patterns: Vec<String>, text: String) -> Statement {
    let mut statement = Statement::default();
    statement
        .push(formatcp!(
            "WITH called AS MATERIALIZED (SELECT {COLUMNS} FROM {USERS} WHERE partition = "
        ))
        .bind(tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(tenant.org_id.0, Type::UUID)
        .push(formatcp!(" AND {LISTED_USERS}"));
    statements::push_patterns(&mut statement, formatcp!("lower({CALLED})"), patterns);
    statement
        .push(" LIMIT ")
        .bind(COMPARED_MAX, Type::INT8)
        .push(formatcp!(
            ") SELECT {COLUMNS} FROM called ORDER BY public.similarity({CALLED}, "
        ))
        .bind(text, Type::TEXT)
        .push(") DESC, name, user_id LIMIT ")
        .bind(PEOPLE_MAX, Type::INT8);
    statement
}

impl ReadModels {
    /// People who are called so.
    pub(super) async fn people_called(
        &self,
        running: &Running<'_>,
        words: &Words,
    ) -> Result<Vec<UserRow>, ReadError> {
        let viewer = running.asker.viewer;
        let Some(patterns) = words.patterns() else {
            return Ok(Vec::new());
        };
        let text = words.texts().collect::<Vec<_>>().join(" ");
        let statement = by_name(viewer.tenant, patterns, text);
        let rows = self.run(running, &statement, Planned::ByBitmaps).await?;
        let people = rows.iter().map(UserRow::from_row);
        Ok(people.collect::<Result<_, _>>()?)
    }

    /// Adds tickets that have each word somewhere, tickets of people who are called so, and such with parts of the words in their
    /// subjects. What takes long is left out.
    pub(super) async fn add_others(
        &self,
        running: &Running<'_>,
        search: &Search,
        people: &[UserRow],
        scores: &mut Scores,
    ) -> Result<(), ReadError> {
        let turn = running.turn.at_most(OTHERS_TIMEOUT);
        let running = Running {
            turn: &turn,
            ..*running
        };
        match self.others(&running, search, people).await {
            Ok((ranked, is_cut)) => {
                scores.is_partial |= is_cut;
                for (ticket, rank) in ranked {
                    let score = scores.of.entry(ticket).or_default();
                    score.rank = score.rank.max(rank);
                }
                Ok(())
            }
            Err(ReadError::TooSlow) => {
                scores.is_partial = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// They and their ranks, and whether there may be more.
    async fn others(
        &self,
        running: &Running<'_>,
        search: &Search,
        people: &[UserRow],
    ) -> Result<(Vec<(Uuid, f64)>, bool), ReadError> {
        let (mut ranked, mut is_cut) = (Vec::new(), false);
        let each = search.words.each();
        if each.len() > 1 {
            let said = self
                .said(running.turn, running.asker, &each, false, search.at_least)
                .await?;
            let spread = self.spread(running, said).await?;
            ranked.extend(spread.into_iter().map(|id| (id, RANK_OF_SPREAD)));
        }
        if !people.is_empty() {
            let requesters = people.iter().map(|person| person.user_id.0).collect();
            let statement = statements::of_requesters(running.asker, requesters, running.filter);
            let rows = self.run(running, &statement, Planned::Freely).await?;
            let tickets: Vec<Uuid> = ids(&rows)?;
            ranked.extend(tickets.into_iter().map(|id| (id, RANK_OF_REQUESTER)));
        }
        if let Some(patterns) = search.words.patterns() {
            let (with_parts, more) = self.with_parts(running, search, patterns).await?;
            is_cut = more;
            ranked.extend(with_parts.into_iter().map(|id| (id, RANK_OF_PART)));
        }
        Ok((ranked, is_cut))
    }

    /// Tickets with the patterns in their subjects, or of digits in their numbers, and whether there may be more. For staff they are found by trigrams among
    /// all; a customer sees few, and these are gone through.
    async fn with_parts(
        &self,
        running: &Running<'_>,
        search: &Search,
        patterns: Vec<String>,
    ) -> Result<(HashSet<Uuid>, bool), ReadError> {
        if !running.asker.viewer.is_staff() {
            let statement = statements::parts_among(running.asker, patterns, running.filter);
            let rows = self.run(running, &statement, Planned::Freely).await?;
            return Ok((ids(&rows)?, false));
        }
        let mut texts = vec![SUBJECT];
        // Nothing but numbers is in a number.
        texts.extend((patterns.len() == search.words.numbers().len()).then_some(NUMBER));
        let (mut found, mut is_cut) = (HashSet::new(), false);
        for text in texts {
            let statement = statements::by_parts(running.asker.viewer, text, patterns.clone());
            let rows = self.run(running, &statement, Planned::ByBitmaps).await?;
            is_cut |= i64::try_from(rows.len()).is_ok_and(|found| found >= WITH_PARTS_MAX);
            found.extend(self.seen_among(running, &rows).await?);
        }
        Ok((found, is_cut))
    }

    /// The newest tickets that have each of several words somewhere.
    async fn spread(&self, running: &Running<'_>, said: Vec<Said>) -> Result<Vec<Uuid>, ReadError> {
        if said.is_empty() {
            return Ok(Vec::new());
        }
        let mut filter = running.filter.clone();
        filter.said.extend(said);
        let statement = statements::newest_ids(running.asker, &filter);
        let rows = self.run(running, &statement, Planned::Freely).await?;
        ids(&rows)
    }
}
