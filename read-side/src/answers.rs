//! Answers of many rows that this process keeps while nothing moves, so that a dashboard that many look at is made once.
//!
//! An answer is kept for the [`Moment`] in which it was made: a position at which its partition's read models rest, and the
//! generation of the cache. In another it is made anew, so nobody is shown less than their token asks for. What is hidden
//! from who asks is part of the question.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use event_store::Position;
use moka::sync::Cache;
use platform::freshness::Moment;
use platform::kept;
use serde::Serialize;

use crate::cached::Outcome;
use crate::error::ReadError;
use crate::flights::Flights;
use crate::models::ReadModels;
use crate::viewer::Viewer;

/// How long an answer is kept that nobody asks for any more: it holds names.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// Numbers that are kept together, of some hundred bytes each.
const NUMBERS_MAX: u64 = 100_000;

/// An answer that is kept.
pub(crate) trait Answer: Clone + Send + Sync + 'static {
    /// As the metrics name what it is.
    const KIND: &'static str;

    /// How many numbers it has.
    fn len(&self) -> usize;
}

/// The answers of one kind. Clones share them.
#[derive(Clone)]
pub(crate) struct NearAnswers<T: Answer> {
    kept: Cache<String, Kept<T>>,
    being_made: Flights<(String, Moment), Arc<T>>,
}

#[derive(Clone)]
struct Kept<T> {
    when: Moment,
    answer: Arc<T>,
}

impl<T: Answer> NearAnswers<T> {
    pub(crate) fn new() -> Self {
        let weight = |question: &String, kept: &Kept<T>| {
            let numbers = 1 + kept.answer.len() + question.len() / 100;
            u32::try_from(numbers).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder()
            .max_capacity(NUMBERS_MAX)
            .weigher(weight)
            .time_to_idle(KEPT_FOR)
            .build();
        Self {
            kept,
            being_made: Flights::default(),
        }
    }
}

impl ReadModels {
    /// The answer to a question, as it was made in this moment for whoever sees the same, else as `make` makes it now. The
    /// question is all that decides the answer, beside what the viewer may see.
    pub(crate) async fn answered<T: Answer>(
        &self,
        answers: &NearAnswers<T>,
        viewer: &Viewer,
        question: &impl Serialize,
        make: impl Future<Output = Result<T, ReadError>> + Send + 'static,
    ) -> Result<T, ReadError> {
        // Taken before the answer is made, which then is no older.
        let Some(now) = self.freshness().moment(viewer.tenant.partition) else {
            Outcome::Bypass.count(T::KIND);
            return make.await;
        };
        let sees = (
            viewer.is_staff(),
            viewer.only_member(),
            viewer.only_requester(),
        );
        let asked = (viewer.tenant.org_id.0, sees, question);
        // Questions are lists, numbers and texts, all of which have a JSON form.
        let asked = serde_json::to_string(&asked).unwrap_or_default();
        let kept = answers.kept.get(&asked).filter(|kept| kept.when == now);
        if let Some(kept) = kept {
            Outcome::Near.count(T::KIND);
            return Ok(T::clone(&kept.answer));
        }
        let key = (asked.clone(), now);
        let make = async { Ok(Arc::new(make.await?)) };
        let (answer, joined) = answers
            .being_made
            .join_or(key, Position::START, make)
            .await?;
        if joined {
            Outcome::Joined.count(T::KIND);
        } else {
            Outcome::Miss.count(T::KIND);
            let kept = Kept {
                when: now,
                answer: Arc::clone(&answer),
            };
            answers.kept.insert(asked, kept);
            kept::count(T::KIND, &answers.kept);
        }
        Ok(Arc::unwrap_or_clone(answer))
    }
}
