//! The producer.

mod builder;
mod line;
mod many;
mod report;
mod retired;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, UNIX_EPOCH};

use rdkafka::producer::Producer as _;
use serde::Serialize;
use xacct_types::TopicName;

use crate::context::IamContext;
use crate::error::{Error, ErrorKind, Limit};
use crate::event::ClickEvent;

pub use builder::{Compression, ProducerBuilder};
pub use line::{Delivery, Pending};
pub use many::SendSummary;
pub use report::{Leftovers, SendError};

use crate::access::KafkaAccess;
use line::{Line, Outgoing};
use retired::Retired;

/// The largest record that Amazon Redshift ingests; larger ones are skipped.
///
/// Source: Amazon Redshift database developer guide, "Streaming ingestion", limitations.
const LARGEST_FOR_REDSHIFT: usize = 16_777_216;

/// Delivers events to one topic. Cheap to clone; clones share connection and buffer.
///
/// Idempotent, acknowledged by all replicas, in order for each key. Every event ends delivered,
/// rejected with a reason, or reported as possibly written: as the result of `send`, of the [`Pending`]
/// that `try_send` returns, or, where nobody waits for those, in what [`flush`](Self::flush) and
/// [`close`](Self::close) return.
///
/// One producer per process is enough, and spares MSK's limit on connection attempts. Its connection is
/// kept authenticated by a thread of its own, also while nothing is sent.
#[derive(Debug, Clone)]
pub struct ClickstreamProducer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    topic: TopicName,
    config: rdkafka::ClientConfig,
    context: IamContext,
    /// Replaced when librdkafka declares it broken for good.
    line: RwLock<Arc<Line>>,
    retired: Retired,
    closed: AtomicBool,
}

impl ClickstreamProducer {
    /// Starts building a producer for one topic. `bootstrap` is the broker list that MSK gives for IAM.
    pub fn builder(access: KafkaAccess, bootstrap: impl Into<String>, topic: TopicName) -> ProducerBuilder {
        ProducerBuilder::new(access, bootstrap.into(), topic)
    }

    /// The topic.
    pub fn topic(&self) -> &TopicName {
        &self.shared.topic
    }

    /// Sends an event, keyed by its visitor, and waits until all replicas have it. Waits for space if the
    /// buffer is full.
    ///
    /// # Errors
    /// [`SendError`] with the reason, the event's bytes, and whether it may be in the topic all the same.
    pub async fn send(&self, event: &ClickEvent) -> Result<Delivery, SendError> {
        let outgoing = self.encode(event)?;
        self.deliver(outgoing).await
    }

    /// Sends bytes as they are. Records of one key keep their order; without a key they are spread.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_bytes(&self, key: Option<&[u8]>, payload: &[u8]) -> Result<Delivery, SendError> {
        let outgoing = Outgoing {
            key: key.map(<[u8]>::to_vec),
            payload: payload.to_vec(),
            timestamp_ms: None,
        };
        self.deliver(outgoing).await
    }

    /// Sends anything that serde writes as JSON.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_json<T: Serialize + ?Sized>(
        &self,
        key: Option<&[u8]>,
        value: &T,
    ) -> Result<Delivery, SendError> {
        let outgoing = self.to_json(key.map(<[u8]>::to_vec), value, None)?;
        self.deliver(outgoing).await
    }

    /// Puts an event into the buffer, without waiting for anything. The answer comes through what is
    /// returned; if that is dropped, a failure shows up in the next [`flush`](Self::flush) or
    /// [`close`](Self::close).
    ///
    /// # Errors
    /// [`ErrorKind::BufferFull`] when there is no space, else as [`send`](Self::send).
    pub fn try_send(&self, event: &ClickEvent) -> Result<Pending, SendError> {
        let outgoing = self.encode(event)?;
        self.enqueue(outgoing)
    }

    /// Waits until everything in the buffer is answered, at most for `deadline`, and returns the
    /// failures that nobody waited for.
    pub async fn flush(&self, deadline: Duration) -> Leftovers {
        let line = self.line();
        let shared = Arc::clone(&self.shared);
        let flushed = Arc::clone(&line);
        // librdkafka waits on its own condition; on a blocking thread it holds up nobody, and a paused
        // test clock does not run ahead of the sockets.
        let work = tokio::task::spawn_blocking(move || {
            let outcome = flushed.native.flush(deadline);
            if let Err(error) = outcome {
                tracing::debug!(%error, "not everything was answered in time");
            }
            shared.retired.take_failed()
        });
        let mut failed = work.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the flush was cut off");
            Vec::new()
        });
        failed.extend(line.take_unclaimed());
        let unanswered = usize::try_from(line.native.in_flight_count()).unwrap_or_default();
        Leftovers { failed, unanswered }
    }

    /// Flushes, at most for `deadline`, takes back what is still unsent, and ends all clones of this
    /// producer. Those who wait for an event that was taken back get [`ErrorKind::Closed`]; those for
    /// whom nobody waits are returned.
    pub async fn close(&self, deadline: Duration) -> Leftovers {
        self.shared.closed.store(true, Ordering::Release);
        let mut left = self.flush(deadline).await;
        let line = self.line();
        if left.unanswered > 0 {
            let purged = Arc::clone(&line);
            if let Err(error) = tokio::task::spawn_blocking(move || purged.take_back()).await {
                tracing::warn!(%error, "what was unsent could not be taken back");
            }
            left.failed.extend(line.take_unclaimed());
            left.unanswered = usize::try_from(line.native.in_flight_count()).unwrap_or_default();
        }
        left
    }

    fn encode(&self, event: &ClickEvent) -> Result<Outgoing, SendError> {
        let since = event.occurred_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp_ms = i64::try_from(since.as_millis()).ok();
        self.to_json(Some(event.visitor.clone().into_bytes()), event, timestamp_ms)
    }

    fn to_json<T: Serialize + ?Sized>(
        &self,
        key: Option<Vec<u8>>,
        value: &T,
        timestamp_ms: Option<i64>,
    ) -> Result<Outgoing, SendError> {
        match serde_json::to_vec(value) {
            Ok(payload) => Ok(Outgoing {
                key,
                payload,
                timestamp_ms,
            }),
            Err(cause) => {
                let error = self.error(ErrorKind::Encoding).with_source(cause);
                Err(SendError::not_sent(
                    error,
                    Outgoing {
                        key,
                        payload: Vec::new(),
                        timestamp_ms,
                    },
                ))
            }
        }
    }

    async fn deliver(&self, outgoing: Outgoing) -> Result<Delivery, SendError> {
        self.enqueue_when_possible(outgoing).await?.await
    }

    /// Enqueues as soon as there is space.
    async fn enqueue_when_possible(&self, mut outgoing: Outgoing) -> Result<Pending, SendError> {
        loop {
            let line = self.line();
            let mut space = std::pin::pin!(line.deliveries().space());
            // Registered before the attempt, so that space made in between is not missed.
            space.as_mut().enable();
            let refused = match self.enqueue(outgoing) {
                Ok(pending) => return Ok(pending),
                Err(refused) => refused,
            };
            if *refused.error.kind() != ErrorKind::BufferFull {
                return Err(refused);
            }
            outgoing = refused.into_outgoing();
            space.await;
        }
    }

    fn enqueue(&self, outgoing: Outgoing) -> Result<Pending, SendError> {
        let size = outgoing.payload.len();
        let refused = if self.shared.closed.load(Ordering::Acquire) {
            Some(ErrorKind::Closed)
        } else if size > LARGEST_FOR_REDSHIFT {
            Some(ErrorKind::TooLarge {
                size,
                limited_by: Limit::Redshift,
            })
        } else {
            None
        };
        if let Some(kind) = refused {
            return Err(SendError::not_sent(self.error(kind), outgoing));
        }
        let line = self.line();
        let line = if line.is_broken() {
            self.replace(&line)
        } else {
            Ok(line)
        };
        match line {
            Ok(line) => Line::enqueue(&line, outgoing),
            Err(error) => Err(SendError::not_sent(error, outgoing)),
        }
    }

    fn line(&self) -> Arc<Line> {
        Arc::clone(&self.shared.line.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a new line in place of one that librdkafka has given up (a fatal error of the idempotent
    /// producer). What was unanswered on the old one is answered there, as possibly written.
    fn replace(&self, broken: &Arc<Line>) -> Result<Arc<Line>, Error> {
        let mut current = self.shared.line.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, broken) {
            let fresh = Line::open(&self.shared.config, &self.shared.context, &self.shared.topic)?;
            *current = Arc::new(fresh);
            self.shared.retired.retire(Arc::clone(broken));
        }
        Ok(Arc::clone(&current))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(format!("send to topic `{}`", self.shared.topic), kind)
    }
}

/// Futures that users spawn must be `Send`; said here so that it cannot be lost by accident.
#[cfg(test)]
fn _futures_can_be_spawned(producer: &ClickstreamProducer, event: &ClickEvent) {
    fn check<T: std::future::Future + Send>(_: T) {}
    check(producer.send(event));
    check(producer.flush(Duration::ZERO));
    check(producer.close(Duration::ZERO));
}
