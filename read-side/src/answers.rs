//! Answers of many rows that are kept while nothing moves, so that a dashboard that many look at is made once.
//!
//! An answer is kept for the [`Moment`] in which it was made: a position at which its partition's read models rest, and the
//! generation of the cache. In another it is made anew, so nobody is shown less than their token asks for. What is hidden
//! from who asks is part of the question. This process keeps answers for itself, and Valkey for all of them: an answer of
//! another process was made once the partition had rested there, too, and is as good as one of this.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use const_format::formatcp;
use event_store::Position;
use futures::FutureExt;
use moka::sync::Cache;
use platform::cache::Asked;
use platform::freshness::Moment;
use platform::kept;
use schema::projection::CORE_VERSION;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cached::Outcome;
use crate::error::ReadError;
use crate::flights::Flights;
use crate::models::ReadModels;
use crate::viewer::Viewer;

/// How long an answer is kept that nobody asks for any more: it holds names.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// Numbers that are kept together, of some hundred bytes each.
const NUMBERS_MAX: u64 = 30_000;
/// Raised whenever an answer is written in another shape, or counts otherwise, than the one before. A program asks Valkey for
/// what programs of its own release, tables and shape have put there.
const SHAPE: u32 = 1;
const VERSION: &str = formatcp!("{}-{CORE_VERSION}-{SHAPE}", env!("CARGO_PKG_VERSION"));

/// An answer that is kept.
pub(crate) trait Answer:
    Clone + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// As the metrics name what it is.
    const KIND: &'static str;

    /// How many numbers it has.
    fn len(&self) -> usize;
}

/// The answers of one kind. Clones share them.
#[derive(Clone)]
pub(crate) struct NearAnswers<T: Answer> {
    kept: Cache<String, Kept<T>>,
    /// Those that are being looked for, or made.
    under_way: Flights<(String, Moment), (Arc<T>, Outcome)>,
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
            under_way: Flights::default(),
        }
    }

    fn get(&self, question: &str, now: Moment) -> Option<Arc<T>> {
        let kept = self.kept.get(question)?;
        (kept.when == now).then_some(kept.answer)
    }

    fn keep(&self, question: String, now: Moment, answer: Arc<T>) {
        self.kept.insert(question, Kept { when: now, answer });
        kept::count(T::KIND, &self.kept);
    }
}

impl ReadModels {
    /// The answer to a question, as it was made in this moment for whoever sees the same, else as `make` makes it now. The
    /// question is all that decides the answer, beside what the viewer may see.
    pub(crate) async fn answered<T: Answer, Made>(
        &self,
        answers: &NearAnswers<T>,
        viewer: &Viewer,
        question: &impl Serialize,
        make: impl FnOnce(Self, Viewer) -> Made,
    ) -> Result<T, ReadError>
    where
        Made: Future<Output = Result<T, ReadError>> + Send + 'static,
    {
        // On the heap: some answers are put together from others, and the stack would hold the making of all of them.
        let make = || make(self.clone(), *viewer).boxed();
        let tenant = viewer.tenant;
        // Taken before the answer is made, which then is no older.
        let now = self.freshness().moment(tenant.partition);
        let Some((question, now)) = text_of(viewer, question).zip(now) else {
            Outcome::Bypass.count(T::KIND);
            return make().await;
        };
        if let Some(answer) = answers.get(&question, now) {
            Outcome::Near.count(T::KIND);
            return Ok(Arc::unwrap_or_clone(answer));
        }
        let kind = format!("{}-{VERSION}", T::KIND);
        let asked = Asked::new(tenant.partition, tenant.org_id, &kind, &question, now);
        let key = (question.clone(), now);
        let look_up = {
            let (cache, answers, make) = (self.cache.clone(), answers.clone(), make());
            async move {
                let (answer, outcome) = found_or_made(&cache, &asked, make).await?;
                let answer = Arc::new(answer);
                answers.keep(question, now, Arc::clone(&answer));
                Ok((answer, outcome))
            }
        };
        let found = answers.under_way.join_or(key, Position::START, look_up);
        let ((answer, outcome), joined) = found.await?;
        let outcome = if joined { Outcome::Joined } else { outcome };
        outcome.count(T::KIND);
        Ok(Arc::unwrap_or_clone(answer))
    }
}

/// A question with the organization and what the viewer may see of it. Questions are lists, numbers and texts, all of which have
/// a JSON form.
fn text_of(viewer: &Viewer, question: &impl Serialize) -> Option<String> {
    let sees = (
        viewer.is_staff(),
        viewer.only_member(),
        viewer.only_requester(),
    );
    serde_json::to_string(&(viewer.tenant.org_id.0, sees, question)).ok()
}

/// The answer that some process put into the cache, else a new one, which is put there for others.
async fn found_or_made<T: Answer>(
    cache: &platform::cache::Cache,
    asked: &Asked,
    make: impl Future<Output = Result<T, ReadError>>,
) -> Result<(T, Outcome), ReadError> {
    let found = cache.answer(asked).await;
    if let Ok(Some(answer)) = found {
        return Ok((answer, Outcome::Hit));
    }
    let answer = make.await?;
    // A Valkey that did not answer is not waited for twice.
    if found.is_ok() {
        // A put that fails costs another process a statement, nothing else.
        let _ = cache.put_answer(asked, &answer).await;
    }
    Ok((answer, Outcome::Miss))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::reports::workload::Worker;
    use crate::reports::{Attainment, figures, messages};
    use crate::tickets::Counted;

    /// Reads an answer as it is written, and writes it again.
    #[track_caller]
    fn is_written<T: Answer>(text: &str) {
        let answer: T = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&answer).unwrap(), text);
    }

    /// Where a text has to change here, [`SHAPE`] has to be raised.
    #[test]
    fn answers_are_written_in_the_shape_of_this_version() {
        is_written::<Vec<Counted>>(r#"[{"tickets":7,"or_more":false}]"#);
        let id = "00000000-0000-0000-0000-000000000001";
        let agent = format!(r#"{{"Agent":{{"id":"{id}","name":"Ada"}}}}"#);
        let numbers = r#"{"count":1,"total":2,"population":3,"percentiles":[4,5,6]}"#;
        is_written::<Option<figures::Told>>(&format!(
            r#"{{"total":{numbers},"groups":[{{"period":0,"key":{agent},"numbers":{numbers}}}]}}"#
        ));
        is_written::<figures::Hours>(&format!("[{}]", [day().as_str(); 7].join(",")));
        let messages = r#"{"public_replies":1,"customer_messages":2,"internal_notes":3}"#;
        is_written::<Option<messages::Told>>(&format!(
            r#"{{"total":{messages},"groups":[{{"period":0,"key":{agent},"numbers":{messages}}}]}}"#
        ));
        let held = r#"{"by_status":[1,2,3,4],"by_priority":[1,2,3,4]}"#;
        is_written::<Option<Vec<Worker>>>(&format!(
            r#"[{{"key":{agent},"work":{{"held":{held},"assigned":1,"resolved":2,"messages":{messages}}}}}]"#
        ));
        let counts = r#"{"running":1,"met":2,"breached":3,"cancelled":4,"used_seconds":[5,6,7]}"#;
        let span = r#"{"kind":"Day","first_day":"2026-03-01","from":"2026-03-01T00:00:00Z","to":"2026-03-02T00:00:00Z"}"#;
        let named = format!(r#"{{"id":"{id}","name":null}}"#);
        is_written::<Attainment>(&format!(
            r#"{{"Report":{{"total":{counts},"groups":[{{"span":{span},"policy":{named},"priority":"high","team":{named},"agent":{named},"metric":"first_reply","channel":"api","tag":"vip","counts":{counts}}}]}}}}"#
        ));
        is_written::<Attainment>(r#"{"TooManyGroups":{"max":1000}}"#);
    }

    fn day() -> String {
        serde_json::to_string(&[1; 24]).unwrap()
    }
}
