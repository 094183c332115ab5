//! A request on its way: the half that the writer holds and the half that the caller waits on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::append::{AppendError, AppendRequest, Appended};
use crate::error::{Closed, NoAnswer};

/// The answer of one request.
pub(super) type Answer = Result<Appended, AppendError>;

/// The writer's half.
pub(super) struct Pending {
    pub(super) request: AppendRequest,
    /// After this moment nobody waits for the outcome any more.
    pub(super) outcome_deadline: Instant,
    /// Its share of the queue's bytes, given back when it is answered.
    pub(super) room: Option<OwnedSemaphorePermit>,
    claimed: Arc<AtomicBool>,
    reply: oneshot::Sender<Answer>,
}

/// The caller's half.
pub(super) struct Receipt {
    answer_deadline: Duration,
    outcome_deadline: Instant,
    claimed: Arc<AtomicBool>,
    answer: oneshot::Receiver<Answer>,
}

/// Makes the two halves.
pub(super) fn submit(
    request: AppendRequest,
    answer_deadline: Duration,
    outcome: Duration,
) -> (Pending, Receipt) {
    let (reply, answer) = oneshot::channel();
    let claimed = Arc::new(AtomicBool::new(false));
    let outcome_deadline = Instant::now() + answer_deadline + outcome;
    let pending = Pending {
        request,
        outcome_deadline,
        room: None,
        claimed: Arc::clone(&claimed),
        reply,
    };
    (
        pending,
        Receipt {
            answer_deadline,
            outcome_deadline,
            claimed,
            answer,
        },
    )
}

impl Pending {
    /// True when the writer may execute the request: its caller still waits and can no longer give up unanswered.
    pub(super) fn take_for_execution(&self) -> bool {
        !self.reply.is_closed() && !self.claimed.swap(true, Ordering::AcqRel)
    }

    /// Answers the caller. A caller that went away misses it; the idempotency key tells the next time.
    pub(super) fn answer(self, answer: Answer) {
        let _ = self.reply.send(answer);
    }
}

impl Receipt {
    /// Waits for the answer. Either the caller or the writer claims the request, so that what was given up as
    /// `Unavailable` can never be executed afterwards.
    pub(super) async fn answer(mut self) -> Answer {
        if let Ok(answered) = timeout(self.answer_deadline, &mut self.answer).await {
            return answered.unwrap_or_else(|_| Err(self.unanswered()));
        }
        if !self.claimed.swap(true, Ordering::AcqRel) {
            return Err(AppendError::Unavailable(Arc::new(NoAnswer(
                self.answer_deadline,
            ))));
        }
        match timeout_at(self.outcome_deadline, &mut self.answer).await {
            Ok(answered) => answered.unwrap_or_else(|_| Err(self.unanswered())),
            Err(_) => Err(AppendError::OutcomeUnknown(Arc::new(NoAnswer(
                self.answer_deadline,
            )))),
        }
    }

    /// The writer dropped the request: before execution nothing happened, after it nobody knows.
    fn unanswered(&self) -> AppendError {
        if self.claimed.load(Ordering::Acquire) {
            return AppendError::OutcomeUnknown(Arc::new(Closed));
        }
        AppendError::Unavailable(Arc::new(Closed))
    }
}
