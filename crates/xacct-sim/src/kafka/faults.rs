//! What goes wrong at a door, scripted by whoever runs it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What a produce request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KafkaFault {
    /// The connection is closed, and nothing is written.
    Cut,
    /// The records are written and the connection is closed before the answer.
    LoseAnswer,
    /// The records are written, and the answer comes this much later.
    Delay(Duration),
    /// Nothing is written, and this error code of the protocol is the answer.
    Refuse(i16),
}

/// What connections have done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DoorCounts {
    /// Connections accepted.
    pub connections: u64,
    /// Logins of new connections that were let in.
    pub logins: u64,
    /// Logins again on a connection that were let in.
    pub renewals: u64,
    /// Produce requests.
    pub produce_requests: u64,
    /// Produce requests that met a fault.
    pub faults: u64,
}

/// Shared by the connections of one door.
#[derive(Debug, Clone)]
pub(super) struct Faults(Arc<State>);

#[derive(Debug)]
struct State {
    rules: Mutex<Vec<Rule>>,
    /// Raised to close every connection that is open.
    generation: watch::Sender<u64>,
    connections: AtomicU64,
    logins: AtomicU64,
    renewals: AtomicU64,
    produce_requests: AtomicU64,
    faults: AtomicU64,
}

#[derive(Debug)]
struct Rule {
    fault: KafkaFault,
    every: u64,
    seen: u64,
}

impl Faults {
    pub(super) fn new() -> Self {
        Self(Arc::new(State {
            rules: Mutex::default(),
            generation: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            logins: AtomicU64::new(0),
            renewals: AtomicU64::new(0),
            produce_requests: AtomicU64::new(0),
            faults: AtomicU64::new(0),
        }))
    }

    pub(super) fn add(&self, fault: KafkaFault, every: u64) {
        let every = every.max(1);
        self.rules().push(Rule {
            fault,
            every,
            seen: 0,
        });
    }

    pub(super) fn clear(&self) {
        self.rules().clear();
    }

    /// Counts a produce request; what it meets, by the first rule whose turn it is.
    pub(super) fn of_produce(&self) -> Option<KafkaFault> {
        self.0.produce_requests.fetch_add(1, Ordering::Relaxed);
        let mut met = None;
        for rule in self.rules().iter_mut() {
            rule.seen += 1;
            if rule.seen.is_multiple_of(rule.every) && met.is_none() {
                met = Some(rule.fault);
            }
        }
        if met.is_some() {
            self.0.faults.fetch_add(1, Ordering::Relaxed);
        }
        met
    }

    pub(super) fn cut(&self) {
        self.0.generation.send_modify(|generation| *generation += 1);
    }

    /// A watch that changes when the connection has to be closed.
    pub(super) fn accepted(&self) -> watch::Receiver<u64> {
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        self.0.generation.subscribe()
    }

    pub(super) fn logged_in(&self, again: bool) {
        let counter = if again { &self.0.renewals } else { &self.0.logins };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> DoorCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DoorCounts {
            connections: read(&self.0.connections),
            logins: read(&self.0.logins),
            renewals: read(&self.0.renewals),
            produce_requests: read(&self.0.produce_requests),
            faults: read(&self.0.faults),
        }
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_request_meets_the_fault_until_it_is_taken_away() {
        let faults = Faults::new();
        faults.add(KafkaFault::Cut, 3);
        faults.add(KafkaFault::LoseAnswer, 2);
        let met: Vec<_> = (0..6).map(|_| faults.of_produce()).collect();
        let (cut, lost) = (Some(KafkaFault::Cut), Some(KafkaFault::LoseAnswer));
        assert_eq!(met, [None, lost, cut, lost, None, cut]);
        faults.clear();
        assert_eq!(faults.of_produce(), None);
        assert_eq!((faults.counts().produce_requests, faults.counts().faults), (7, 4));
    }
}
