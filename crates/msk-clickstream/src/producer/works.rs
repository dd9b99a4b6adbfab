//! What all lines of a producer share: space, pace, meters, the latest statistics.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};

use crate::error::ErrorKind;
use crate::meters::Meters;
use crate::pace::Pacer;
use crate::record::{Headers, Outgoing};
use crate::statistics::Statistics;

use super::budget::{Budget, Closed};

/// A long wait is cut into pieces, so that a producer that is closed lets go.
const SLICE: Duration = Duration::from_millis(200);

/// Shared by the lines of one producer.
#[derive(Debug)]
pub(super) struct Works {
    pub(super) topic: String,
    pub(super) budget: Budget,
    /// Known once the number of partitions is.
    pub(super) pacer: std::sync::OnceLock<Option<Pacer>>,
    pub(super) sleep: SharedAsyncSleep,
    pub(super) meters: Meters,
    /// Sent with every record.
    pub(super) headers: Headers,
    pub(super) statistics: Mutex<Option<Statistics>>,
}

impl Works {
    pub(super) fn learn(&self, statistics: Statistics) {
        self.meters.buffered(statistics.buffered_bytes);
        if let Some(pacer) = self.pacer()
            && statistics.sent_events > 0
        {
            let wire = statistics.batch_bytes as f64 / statistics.batch_events.max(1) as f64;
            pacer.learn(wire, statistics.sent_bytes as f64 / statistics.sent_events as f64);
        }
        *self.statistics.lock().unwrap_or_else(PoisonError::into_inner) = Some(statistics);
    }

    fn pacer(&self) -> Option<&Pacer> {
        self.pacer.get()?.as_ref()
    }

    /// Lets an event in when the quotas and the buffer have room for it.
    pub(super) async fn admit(
        &self,
        outgoing: Outgoing<'_>,
        closed: impl Fn() -> bool,
    ) -> Result<(), Closed> {
        if let Some(pacer) = self.pacer() {
            let wait = pacer.claim(outgoing.key, outgoing.size());
            if !wait.is_zero() {
                self.meters.paced(wait);
                self.wait(wait, closed).await?;
            }
        }
        self.budget.reserve(outgoing.size()).await
    }

    async fn wait(&self, mut left: Duration, closed: impl Fn() -> bool) -> Result<(), Closed> {
        while !left.is_zero() {
            if closed() {
                return Err(Closed);
            }
            let slice = left.min(SLICE);
            self.sleep.sleep(slice).await;
            left -= slice;
        }
        Ok(())
    }

    /// The same without waiting.
    pub(super) fn try_admit(&self, outgoing: Outgoing<'_>) -> Result<(), ErrorKind> {
        if !self.budget.try_reserve(outgoing.size()) {
            return Err(ErrorKind::BufferFull);
        }
        let Some(pacer) = self.pacer() else {
            return Ok(());
        };
        let wait = pacer.claim(outgoing.key, outgoing.size());
        if wait.is_zero() {
            return Ok(());
        }
        pacer.give_back(outgoing.key, outgoing.size());
        self.budget.release(outgoing.size());
        Err(ErrorKind::Paced { wait })
    }
}
