//! What is found where words find little: tickets whose texts have the words between them, tickets of people who are called so,
//! tickets with parts of the words in their subjects or numbers, and texts with words that begin so.

use std::collections::HashSet;

use platform::rows::UserRow;
use uuid::Uuid;

use super::lists::Said;
use super::statements::{Forms, NUMBER, RANKED_MAX, SUBJECT, WITH_PARTS_MAX};
use super::turns::Planned;
use super::words::Words;
use super::{
    OTHERS_TIMEOUT, RANK_OF_PART, RANK_OF_REQUESTER, RANK_OF_SPREAD, Running, Score, Scores,
    Search, ids, is_cut, statements,
};
use crate::error::ReadError;
use crate::models::ReadModels;

/// What was found so far, beside words.
#[derive(Default)]
struct Others {
    ranked: Vec<(Uuid, f64)>,
    /// With words that begin so, and the forms of these.
    begun: Scores,
    beginnings: Option<Forms>,
    is_cut: bool,
}

impl ReadModels {
    /// Adds others. What takes long is left out. The forms of beginnings that were looked for, since they are marked, too.
    pub(super) async fn add_others(
        &self,
        running: &Running<'_>,
        search: &Search,
        people: &[UserRow],
        scores: &mut Scores,
    ) -> Result<Option<Forms>, ReadError> {
        let turn = running.turn.at_most(OTHERS_TIMEOUT);
        let running = Running {
            turn: &turn,
            ..*running
        };
        let mut others = Others::default();
        match self
            .find_others(&running, search, people, &mut others)
            .await
        {
            Ok(()) => {}
            Err(ReadError::TooSlow) => others.is_cut = true,
            Err(error) => return Err(error),
        }
        scores.is_partial |= others.is_cut || others.begun.is_partial;
        for (ticket, rank) in others.ranked {
            scores.rank_at_least(ticket, rank);
        }
        for (ticket, Score { message, .. }) in others.begun.of {
            let score = scores.rank_at_least(ticket, RANK_OF_PART);
            score.message = score.message.or(message);
        }
        Ok(others.beginnings)
    }

    async fn find_others(
        &self,
        running: &Running<'_>,
        search: &Search,
        people: &[UserRow],
        others: &mut Others,
    ) -> Result<(), ReadError> {
        let each = search.words.each();
        if each.len() > 1 {
            let (spread, is_cut) = self.spread(running, search, &each).await?;
            others.is_cut |= is_cut;
            others.add(spread, RANK_OF_SPREAD);
        }
        if !people.is_empty() {
            let requesters = people.iter().map(|person| person.user_id.0).collect();
            let statement = statements::of_requesters(running.asker, requesters, running.filter);
            let rows = self.run(running, &statement, Planned::Freely).await?;
            others.add(ids::<Vec<_>>(&rows)?, RANK_OF_REQUESTER);
        }
        // Phrases alone are found as they stand.
        let Some(beginnings) = search.words.beginnings() else {
            return Ok(());
        };
        if let Some(patterns) = search.words.patterns() {
            let (with_parts, is_cut) = self.with_parts(running, search, patterns).await?;
            others.is_cut |= is_cut;
            others.add(with_parts, RANK_OF_PART);
        }
        if others.ranked.len() < search.limit {
            self.find_begun(running, search, &beginnings, others)
                .await?;
        }
        Ok(())
    }

    /// Texts with words that begin so, by the index of words, which is sorted.
    async fn find_begun(
        &self,
        running: &Running<'_>,
        search: &Search,
        beginnings: &Words,
        others: &mut Others,
    ) -> Result<(), ReadError> {
        let (turn, viewer) = (running.turn, running.asker.viewer);
        let words = std::iter::once(beginnings);
        let forms = self.forms(turn, viewer, words, search.at_least).await?;
        let forms = forms.into_iter().find(|forms| !forms.0.is_empty());
        if let Some(forms) = forms {
            others.begun = self.by_words(running, &forms).await?;
            others.beginnings = Some(forms);
        }
        Ok(())
    }

    /// Tickets with the patterns in their subjects, or of digits in their numbers, and whether there may be more. For staff they
    /// are found by trigrams among all; a customer sees few, and these are gone through.
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
            found.extend(self.seen_among(running, ids(&rows)?).await?);
        }
        Ok((found, is_cut))
    }

    /// Tickets that have each of several words somewhere, and whether there may be more: those of the newest, and those with
    /// the first of the words that few have.
    async fn spread(
        &self,
        running: &Running<'_>,
        search: &Search,
        each: &[Words],
    ) -> Result<(HashSet<Uuid>, bool), ReadError> {
        let (turn, viewer) = (running.turn, running.asker.viewer);
        let forms = self.forms(turn, viewer, each.iter(), search.at_least);
        let mut forms = forms.await?;
        forms.retain(|forms| !forms.0.is_empty());
        if forms.len() < 2 {
            // The others are no words in any language: what has this one was found already.
            return Ok((HashSet::new(), false));
        }
        let statement = statements::newest_with_each(running.asker, &forms, running.filter);
        let rows = self.run(running, &statement, Planned::Freely).await?;
        let mut found: HashSet<Uuid> = ids(&rows)?;
        if !viewer.is_staff() {
            return Ok((found, false));
        }
        for rare in &forms {
            let statement = statements::unranked_by_words(viewer, rare, RANKED_MAX);
            let rows = self.run(running, &statement, Planned::ByBitmaps).await?;
            if is_cut(&rows, RANKED_MAX)? {
                continue;
            }
            let mut filter = running.filter.clone();
            let others = forms.iter().filter(|forms| *forms != rare);
            filter.said.extend(others.cloned().map(Said::in_many));
            let running = Running {
                filter: &filter,
                ..*running
            };
            found.extend(self.seen_among(&running, ids(&rows)?).await?);
            return Ok((found, false));
        }
        Ok((found, true))
    }
}

impl Others {
    fn add(&mut self, tickets: impl IntoIterator<Item = Uuid>, rank: f64) {
        let ranked = tickets.into_iter().map(|ticket| (ticket, rank));
        self.ranked.extend(ranked);
    }
}
