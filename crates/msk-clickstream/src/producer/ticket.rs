//! The way back: what travels with a record through librdkafka and carries its end to whoever waits.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use rdkafka::error::RDKafkaErrorCode;
use tokio::sync::Notify;

use crate::record::Record;

use super::line::Delivery;

/// How a record ended, before the reason is worked out.
pub(super) type Outcome = Result<Delivery, Failure>;

/// A record that was not delivered.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: Option<RDKafkaErrorCode>,
    pub(super) possibly_written: bool,
    pub(super) record: Record,
}

impl Failure {
    /// The client ended without a word.
    pub(super) fn lost() -> Self {
        Self {
            code: None,
            possibly_written: true,
            record: Record::default(),
        }
    }

    fn at(mut self, at: Option<SystemTime>) -> Self {
        self.record.timestamp = at;
        self
    }
}

/// One for each record, or one for many.
#[derive(Debug)]
pub(super) enum Ticket {
    One(One),
    Many(Many),
}

impl Ticket {
    /// `at` goes back into the record if it is not delivered: librdkafka does not keep it.
    pub(super) fn one(at: Option<SystemTime>) -> Self {
        Self::One(One {
            at,
            state: Mutex::new(State::Waiting(None)),
        })
    }

    pub(super) fn many() -> Self {
        Self::Many(Many::default())
    }

    /// Tells whoever waits. A failure that nobody waits for comes back.
    pub(super) fn complete(&self, outcome: Outcome) -> Option<Failure> {
        match self {
            Self::One(one) => one.complete(outcome.map_err(|failure| failure.at(one.at))),
            Self::Many(many) => many.complete(outcome),
        }
    }
}

/// The end of one record.
#[derive(Debug)]
pub(super) struct One {
    at: Option<SystemTime>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting(Option<Waker>),
    Ended(Outcome),
    /// Nobody waits any more, or the end was taken.
    Done,
}

impl One {
    fn complete(&self, outcome: Outcome) -> Option<Failure> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Done) {
            State::Waiting(waker) => {
                *state = State::Ended(outcome);
                drop(state);
                if let Some(waker) = waker {
                    waker.wake();
                }
                None
            }
            State::Ended(_) | State::Done => outcome.err(),
        }
    }

    /// The outcome, once; later nothing more comes.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<Outcome> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Done) {
            State::Ended(outcome) => Poll::Ready(outcome),
            State::Waiting(waker) => {
                let kept = waker.filter(|waker| waker.will_wake(context.waker()));
                *state = State::Waiting(Some(kept.unwrap_or_else(|| context.waker().clone())));
                Poll::Pending
            }
            State::Done => Poll::Ready(Err(Failure::lost())),
        }
    }

    /// Nobody waits any more; a failure that is there already comes back.
    pub(super) fn abandon(&self) -> Option<Failure> {
        match std::mem::replace(&mut *self.state(), State::Done) {
            State::Ended(outcome) => outcome.err(),
            State::Waiting(_) | State::Done => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ends of many records that are waited for together.
#[derive(Debug, Default)]
pub(super) struct Many {
    delivered: AtomicU64,
    under_way: AtomicUsize,
    abandoned: AtomicBool,
    failed: Mutex<Vec<Failure>>,
    ended: Notify,
}

impl Many {
    /// Counts a record that is about to be sent.
    pub(super) fn expect(&self) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the count back: the record was refused.
    pub(super) fn expect_no_more(&self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }

    fn complete(&self, outcome: Outcome) -> Option<Failure> {
        let unclaimed = match outcome {
            Ok(_) => {
                self.delivered.fetch_add(1, Ordering::Relaxed);
                None
            }
            Err(failure) => {
                let mut failed = self.failed();
                if self.abandoned.load(Ordering::Acquire) {
                    Some(failure)
                } else {
                    failed.push(failure);
                    None
                }
            }
        };
        if self.under_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ended.notify_one();
        }
        unclaimed
    }

    /// Waits until every record that was expected has ended.
    pub(super) async fn all(&self) {
        while self.under_way.load(Ordering::Acquire) > 0 {
            // A notification that comes in between is kept for us.
            self.ended.notified().await;
        }
    }

    /// Records delivered so far.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Acquire)
    }

    /// Failures so far, once.
    pub(super) fn take_failed(&self) -> Vec<Failure> {
        std::mem::take(&mut *self.failed())
    }

    /// Nobody waits any more; failures that are there already come back, later ones when they come.
    pub(super) fn abandon(&self) -> Vec<Failure> {
        let mut failed = self.failed();
        self.abandoned.store(true, Ordering::Release);
        std::mem::take(&mut *failed)
    }

    fn failed(&self) -> MutexGuard<'_, Vec<Failure>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const DELIVERED: Delivery = Delivery {
        partition: 1,
        offset: 2,
    };

    fn one(ticket: &Ticket) -> &One {
        match ticket {
            Ticket::One(one) => one,
            Ticket::Many(_) => panic!("another kind"),
        }
    }

    #[test]
    fn a_failure_comes_back_exactly_once_whoever_is_first() {
        let ticket = Ticket::one(None);
        assert!(one(&ticket).abandon().is_none());
        assert!(ticket.complete(Err(Failure::lost())).is_some());

        let ticket = Ticket::one(None);
        assert!(ticket.complete(Err(Failure::lost())).is_none());
        assert!(one(&ticket).abandon().is_some());
        assert!(one(&ticket).abandon().is_none());
    }

    #[tokio::test]
    async fn an_end_wakes_whoever_waits() {
        let ticket = Ticket::one(None);
        let waited = std::future::poll_fn(|context| one(&ticket).poll(context));
        let (outcome, unclaimed) = tokio::join!(waited, async { ticket.complete(Ok(DELIVERED)) });
        assert_eq!(outcome.unwrap(), DELIVERED);
        assert!(unclaimed.is_none());
    }

    #[tokio::test]
    async fn many_end_when_the_last_has_ended() {
        let ticket = Ticket::many();
        let Ticket::Many(many) = &ticket else {
            panic!("another kind")
        };
        for _ in 0..3 {
            many.expect();
        }
        ticket.complete(Ok(DELIVERED));
        ticket.complete(Err(Failure::lost()));
        assert!(many.all().now_or_never().is_none());
        many.expect_no_more();
        many.all().await;
        assert_eq!((many.delivered(), many.take_failed().len()), (1, 1));
    }

    #[test]
    fn failures_after_nobody_waits_come_back() {
        let ticket = Ticket::many();
        let Ticket::Many(many) = &ticket else {
            panic!("another kind")
        };
        many.expect();
        many.expect();
        assert!(ticket.complete(Err(Failure::lost())).is_none());
        assert_eq!(many.abandon().len(), 1);
        assert!(ticket.complete(Err(Failure::lost())).is_some());
    }
}
