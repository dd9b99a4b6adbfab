//! How much may be in the buffer, and the queue of those who wait for space.
//!
//! Counted here and not by librdkafka: that frees the space of a delivered event only after the callbacks
//! of its whole batch, so that whoever is woken by a callback may find the buffer still full, and nobody
//! wakes him again.

use tokio::sync::Semaphore;

/// What an event costs beside its bytes: librdkafka's and our own notes about it, measured with
/// librdkafka 2.12 on a 64-bit machine and rounded up.
const BESIDE: usize = 320;

/// Space in the buffer, in bytes.
#[derive(Debug)]
pub(super) struct Budget {
    space: Semaphore,
    all: usize,
}

/// The producer was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed;

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        // What fits the semaphore, and librdkafka's own limit above it.
        let all = bytes.clamp(1_024, 2 << 30);
        Self {
            space: Semaphore::new(all),
            all,
        }
    }

    /// Takes space for an event of `size` bytes. One that is larger than the buffer takes all of it.
    pub(super) fn try_reserve(&self, size: usize) -> bool {
        match self.space.try_acquire_many(self.cost(size)) {
            Ok(permit) => {
                permit.forget();
                true
            }
            Err(_) => false,
        }
    }

    /// The same, when there is space; first come, first served.
    pub(super) async fn reserve(&self, size: usize) -> Result<(), Closed> {
        let permit = self.space.acquire_many(self.cost(size)).await;
        permit.map(|permit| permit.forget()).map_err(|_| Closed)
    }

    /// Gives the space of an event back.
    pub(super) fn release(&self, size: usize) {
        self.space.add_permits(self.cost(size) as usize);
    }

    /// Sends away everyone who waits.
    pub(super) fn close(&self) {
        self.space.close();
    }

    fn cost(&self, size: usize) -> u32 {
        let cost = size.saturating_add(BESIDE).min(self.all);
        u32::try_from(cost).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_larger_than_the_buffer_takes_all_of_it() {
        let budget = Budget::new(10_000);
        assert!(budget.try_reserve(1_000_000));
        assert!(!budget.try_reserve(0));
        budget.release(1_000_000);
        assert!(budget.try_reserve(0));
    }

    #[tokio::test]
    async fn everyone_who_waits_is_sent_away_when_the_buffer_closes() {
        let budget = Budget::new(10_000);
        assert!(budget.try_reserve(10_000));
        let (one, other, ()) = tokio::join!(budget.reserve(1), budget.reserve(2), async { budget.close() });
        assert_eq!((one, other), (Err(Closed), Err(Closed)));
    }
}
