//! Chooses which waiting requests go into the next batch.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

use super::pending::Pending;
use crate::append::AppendRequest;
use crate::ids::Partition;

/// Most events in a batch; a single request may not reach it, so every request fits alone.
const BATCH_EVENTS_MAX: usize = 4_096;
/// Most bytes of text in a batch, unless one request alone has more.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// Requests of one partition that go to the database together.
pub(super) struct Batch {
    pub(super) partition: Partition,
    pub(super) requests: Vec<Pending>,
}

/// What the batch and the requests passed over already touch: whatever touches the same must wait behind them.
#[derive(Default)]
struct Touched {
    streams: HashSet<Uuid>,
    keys: HashSet<(Uuid, String)>,
}

impl Touched {
    /// Adds what the request touches; true when nothing of it was there before.
    fn add(&mut self, request: &AppendRequest) -> bool {
        let mut is_free = true;
        for append in &request.streams {
            is_free &= self.streams.insert(append.stream.id);
        }
        if let Some(result) = &request.result {
            is_free &= self
                .keys
                .insert((request.org_id.0, result.key.as_str().to_owned()));
        }
        is_free
    }
}

/// Takes the next batch out of the backlog: requests of the first one's partition, in order, at most one per stream and
/// per idempotency key. What is left keeps its order. Requests whose caller gave up are dropped.
pub(super) fn select(backlog: &mut VecDeque<Pending>, batch_limit: usize) -> Option<Batch> {
    let mut batch = Batch {
        partition: backlog.front()?.request.partition,
        requests: Vec::new(),
    };
    batch.fill(backlog, batch_limit);
    Some(batch)
}

impl Batch {
    /// Takes what may go along out of the backlog, by the rules of [`select`].
    pub(super) fn fill(&mut self, backlog: &mut VecDeque<Pending>, batch_limit: usize) {
        let mut passed_over = Vec::new();
        let mut touched = Touched::default();
        let (mut events, mut bytes) = (0, 0);
        for pending in &self.requests {
            touched.add(&pending.request);
            events += pending.request.event_count();
            bytes += pending.request.text_bytes();
        }
        while self.requests.len() < batch_limit {
            let Some(pending) = backlog.pop_front() else {
                break;
            };
            if pending.request.partition != self.partition {
                passed_over.push(pending);
                continue;
            }
            let (more_events, more_bytes) =
                (pending.request.event_count(), pending.request.text_bytes());
            let is_full =
                events + more_events > BATCH_EVENTS_MAX || bytes + more_bytes > BATCH_BYTES_MAX;
            if is_full && !self.requests.is_empty() {
                passed_over.push(pending);
                break;
            }
            if !touched.add(&pending.request) {
                passed_over.push(pending);
                continue;
            }
            if pending.take_for_execution() {
                events += more_events;
                bytes += more_bytes;
                self.requests.push(pending);
            }
        }
        for pending in passed_over.into_iter().rev() {
            backlog.push_front(pending);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::append::{AppendError, Appended, StreamAppend};
    use crate::ids::{IdempotencyKey, OrgId, StreamId, Version};
    use crate::writer::pending::{Receipt, submit};

    fn request(partition: i16, streams: &[u128], key: Option<&str>) -> AppendRequest {
        let streams = streams.iter().map(|id| StreamAppend {
            stream: StreamId {
                stream_type: "test".into(),
                id: Uuid::from_u128(*id),
            },
            expected: Version::NONE,
            events: Vec::new(),
        });
        let result = key.map(|key| crate::append::CommandResult {
            key: IdempotencyKey::new(key).unwrap(),
            request_hash: [0; 32],
            answer: "{}".to_owned(),
        });
        AppendRequest {
            partition: Partition::new(partition).unwrap(),
            org_id: OrgId(Uuid::nil()),
            streams: streams.collect(),
            result,
        }
    }

    fn backlog(requests: Vec<AppendRequest>) -> (VecDeque<Pending>, Vec<Receipt>) {
        requests
            .into_iter()
            .map(|request| submit(request, Duration::from_secs(1), Duration::from_secs(1)))
            .unzip()
    }

    fn stream_numbers<'a>(requests: impl IntoIterator<Item = &'a Pending>) -> Vec<Vec<u128>> {
        let numbers = |pending: &Pending| {
            pending
                .request
                .streams
                .iter()
                .map(|s| s.stream.id.as_u128())
                .collect()
        };
        requests.into_iter().map(numbers).collect()
    }

    #[test]
    fn a_batch_serves_one_partition_and_leaves_the_others_in_order() {
        let (mut backlog, _receipts) = backlog(vec![
            request(1, &[1], None),
            request(2, &[2], None),
            request(1, &[3], None),
            request(2, &[4], None),
        ]);
        let batch = select(&mut backlog, 10).unwrap();
        assert_eq!(batch.partition.get(), 1);
        assert_eq!(stream_numbers(&batch.requests), [[1], [3]]);
        assert_eq!(stream_numbers(&backlog), [[2], [4]]);
    }

    #[test]
    fn a_second_request_of_a_stream_waits_and_nothing_of_its_streams_passes_it() {
        let (mut backlog, _receipts) = backlog(vec![
            request(1, &[1], None),
            request(1, &[1, 2], None),
            request(1, &[2], None),
            request(1, &[3], None),
        ]);
        let batch = select(&mut backlog, 10).unwrap();
        assert_eq!(stream_numbers(&batch.requests), [[1], [3]]);
        assert_eq!(stream_numbers(&backlog), [vec![1, 2], vec![2]]);
    }

    #[test]
    fn a_second_request_with_the_same_key_waits() {
        let (mut backlog, _receipts) = backlog(vec![
            request(1, &[1], Some("k")),
            request(1, &[2], Some("k")),
            request(1, &[3], Some("other")),
        ]);
        let batch = select(&mut backlog, 10).unwrap();
        assert_eq!(stream_numbers(&batch.requests), [[1], [3]]);
        assert_eq!(stream_numbers(&backlog), [[2]]);
    }

    #[test]
    fn a_batch_is_never_larger_than_its_limit() {
        let (mut backlog, _receipts) = backlog((0..5).map(|id| request(1, &[id], None)).collect());
        assert_eq!(select(&mut backlog, 3).unwrap().requests.len(), 3);
        assert_eq!(stream_numbers(&backlog), [[3], [4]]);
    }

    #[test]
    fn what_goes_along_later_follows_the_same_rules() {
        let (mut waiting, _receipts) = backlog(vec![request(1, &[1], Some("k"))]);
        let mut batch = select(&mut waiting, 3).unwrap();
        let (mut later, _receipts) = backlog(vec![
            request(1, &[1], None),
            request(2, &[2], None),
            request(1, &[3], Some("k")),
            request(1, &[4], None),
            request(1, &[5], None),
            request(1, &[6], None),
        ]);
        batch.fill(&mut later, 3);
        assert_eq!(stream_numbers(&batch.requests), [[1], [4], [5]]);
        assert_eq!(stream_numbers(&later), [[1], [2], [3], [6]]);
    }

    #[tokio::test]
    async fn a_request_whose_deadline_passed_is_unavailable_and_never_executed() {
        let (pending, receipt) = submit(request(1, &[1], None), Duration::ZERO, Duration::ZERO);
        let answer: Result<Appended, AppendError> = receipt.answer().await;
        assert!(matches!(answer, Err(AppendError::Unavailable(_))));
        let mut backlog = VecDeque::from([pending]);
        assert!(select(&mut backlog, 10).unwrap().requests.is_empty());
    }
}
