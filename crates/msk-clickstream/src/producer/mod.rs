//! The producer.

mod budget;
mod builder;
mod line;
mod many;
mod report;
mod retired;
mod ticket;
mod works;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer as _;
use serde::Serialize;
use xacct_types::TopicName;

use aws_smithy_async::rt::sleep::AsyncSleep;

use crate::access::KafkaAccess;
use crate::context::IamContext;
use crate::error::{Error, ErrorKind, Limit};
use crate::event::ClickEvent;
use crate::record::{NO_HEADERS, Outgoing, Record};
use crate::statistics::Statistics;

pub use builder::{Compression, KeyBy, ProducerBuilder};
pub use line::{Delivery, Pending};
pub use many::SendSummary;
pub use report::{Leftovers, SendError};

use line::Line;
use retired::Retired;
use ticket::Ticket;
use works::Works;

/// The largest record that Amazon Redshift ingests; larger ones are skipped.
///
/// Source: Amazon Redshift database developer guide, "Streaming ingestion", limitations.
const LARGEST_FOR_REDSHIFT: usize = 16_777_216;

/// How long to wait before a record is offered again to librdkafka whose own buffer is full: of headers,
/// which the buffer of the producer does not count.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What `close` keeps of its deadline for taking back what is unsent.
const TAKING_BACK: Duration = Duration::from_millis(500);

/// Delivers events to one topic. Cheap to clone; clones share connection and buffer.
///
/// Idempotent, acknowledged by all replicas, in order for each key. Every event ends delivered,
/// rejected with a reason, or reported as possibly written: as the result of `send`, of the [`Pending`]
/// that `try_send` returns, or, where nobody waits for those, in what [`flush`](Self::flush) and
/// [`close`](Self::close) return.
///
/// Any number of tasks may send at once. Where the buffer is full they wait in the order in which they came;
/// where the quotas of the cluster are used up, until there is room again.
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
    key_by: KeyBy,
    works: Arc<Works>,
    /// Replaced when librdkafka declares it broken for good.
    line: RwLock<Arc<Line>>,
    retired: Retired,
    closed: AtomicBool,
    /// Bytes of the latest event, so that the next one's are allocated once.
    typical: AtomicUsize,
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

    /// Sends an event, keyed as the builder says, and waits until all replicas have it. Waits for space
    /// if the buffer is full.
    ///
    /// # Errors
    /// [`SendError`] with the reason, the event's bytes, and whether it may be in the topic all the same.
    pub async fn send(&self, event: &ClickEvent) -> Result<Delivery, SendError> {
        let payload = self.encode(event)?;
        self.deliver(self.outgoing(event, &payload)).await
    }

    /// Sends bytes as they are. Records of one key keep their order; without a key they are spread.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_bytes(&self, key: Option<&[u8]>, payload: &[u8]) -> Result<Delivery, SendError> {
        let outgoing = Outgoing {
            key,
            payload,
            timestamp: None,
            headers: NO_HEADERS,
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
        let payload = self.encode(value)?;
        self.send_bytes(key, &payload).await
    }

    /// Sends a record with a time and headers of its own.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_record(&self, record: &Record) -> Result<Delivery, SendError> {
        self.deliver(record.outgoing()).await
    }

    /// Puts an event into the buffer, without waiting for anything. The answer comes through what is
    /// returned; if that is dropped, a failure shows up in the next [`flush`](Self::flush) or
    /// [`close`](Self::close).
    ///
    /// # Errors
    /// [`ErrorKind::BufferFull`] when there is no space, [`ErrorKind::Paced`] when the quotas of the
    /// cluster are used up, else as [`send`](Self::send).
    pub fn try_send(&self, event: &ClickEvent) -> Result<Pending, SendError> {
        let payload = self.encode(event)?;
        self.try_put(self.outgoing(event, &payload))
    }

    /// The same for a record.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn try_send_record(&self, record: &Record) -> Result<Pending, SendError> {
        self.try_put(record.outgoing())
    }

    /// What librdkafka counted when it was last asked, every two seconds; `None` before the first time.
    pub fn statistics(&self) -> Option<Statistics> {
        let latest = self.shared.works.statistics.lock();
        latest.unwrap_or_else(PoisonError::into_inner).clone()
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
        Leftovers {
            failed,
            unanswered: line.unanswered(),
        }
    }

    /// Ends all clones of this producer within `deadline`: flushes, and takes back what is still unsent
    /// then. Those who wait for an event that was taken back get [`ErrorKind::Closed`] and its bytes;
    /// events for which nobody waits are returned.
    pub async fn close(&self, deadline: Duration) -> Leftovers {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.works.budget.close();
        let taking_back = TAKING_BACK.min(deadline / 2);
        let mut left = self.flush(deadline - taking_back).await;
        let line = self.line();
        if left.unanswered > 0 {
            tracing::info!(unanswered = left.unanswered, topic = %self.shared.topic, "taking back what is unsent");
            let purged = Arc::clone(&line);
            if let Err(error) = tokio::task::spawn_blocking(move || purged.take_back(taking_back)).await {
                tracing::warn!(%error, "what was unsent could not be taken back");
            }
            left.failed.extend(line.take_unclaimed());
            left.unanswered = line.unanswered();
        }
        left
    }

    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>, SendError> {
        let mut payload = Vec::with_capacity(self.shared.typical.load(Ordering::Relaxed) + 64);
        match self.write(value, &mut payload) {
            Ok(()) => {
                self.shared.typical.store(payload.len(), Ordering::Relaxed);
                Ok(payload)
            }
            Err(error) => Err(SendError {
                error,
                record: Record::default(),
            }),
        }
    }

    fn write<T: Serialize + ?Sized>(&self, value: &T, into: &mut Vec<u8>) -> Result<(), Error> {
        serde_json::to_writer(into, value).map_err(|cause| self.error(ErrorKind::Encoding).with_source(cause))
    }

    fn outgoing<'a>(&self, event: &'a ClickEvent, payload: &'a [u8]) -> Outgoing<'a> {
        Outgoing {
            key: self.shared.key_by.key(event),
            payload,
            timestamp: Some(event.occurred_at),
            headers: NO_HEADERS,
        }
    }

    async fn deliver(&self, outgoing: Outgoing<'_>) -> Result<Delivery, SendError> {
        match self.put(outgoing).await {
            Ok(pending) => pending.await,
            Err(error) => Err(self.refused(error, outgoing)),
        }
    }

    /// Puts a record into the buffer as soon as there is room.
    async fn put(&self, outgoing: Outgoing<'_>) -> Result<Pending, Error> {
        self.admit(outgoing).await?;
        let mut line = self.line();
        loop {
            let ticket = Arc::new(Ticket::one(outgoing.timestamp));
            match line.produce(outgoing, &self.shared.works.headers, Arc::clone(&ticket)) {
                Ok(()) => return Ok(Pending::new(ticket, line)),
                Err(code) => {
                    if let Some(fresh) = self.after_refusal(&line, code, outgoing).await? {
                        line = fresh;
                    }
                }
            }
        }
    }

    /// The same now or not at all.
    fn try_put(&self, outgoing: Outgoing<'_>) -> Result<Pending, SendError> {
        let refused = |error| self.refused(error, outgoing);
        self.check(outgoing).map_err(refused)?;
        let admitted = self.shared.works.try_admit(outgoing);
        admitted.map_err(|kind| refused(self.error(kind)))?;
        let mut line = self.line();
        loop {
            let ticket = Arc::new(Ticket::one(outgoing.timestamp));
            let produced = line.produce(outgoing, &self.shared.works.headers, Arc::clone(&ticket));
            let error = match produced {
                Ok(()) => return Ok(Pending::new(ticket, line)),
                Err(RDKafkaErrorCode::Fatal) => match self.replace(&line) {
                    Ok(fresh) => {
                        line = fresh;
                        continue;
                    }
                    Err(error) => error,
                },
                Err(code) => line.refusal(Some(code), outgoing.payload.len()),
            };
            self.shared.works.budget.release(outgoing.size());
            return Err(refused(error));
        }
    }

    /// Refuses what can never be sent, then waits until there is room.
    async fn admit(&self, outgoing: Outgoing<'_>) -> Result<(), Error> {
        self.check(outgoing)?;
        let closed = || self.shared.closed.load(Ordering::Acquire);
        let admitted = self.shared.works.admit(outgoing, closed).await;
        admitted.map_err(|_| self.error(ErrorKind::Closed))
    }

    fn check(&self, outgoing: Outgoing<'_>) -> Result<(), Error> {
        let size = outgoing.payload.len();
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(self.error(ErrorKind::Closed));
        }
        if size > LARGEST_FOR_REDSHIFT {
            return Err(self.error(ErrorKind::TooLarge {
                size,
                limited_by: Limit::Redshift,
            }));
        }
        Ok(())
    }

    /// After librdkafka refused a record that was let in: a line to try next, nothing to try the same
    /// one again, or the reason to give up.
    async fn after_refusal(
        &self,
        line: &Arc<Line>,
        code: RDKafkaErrorCode,
        outgoing: Outgoing<'_>,
    ) -> Result<Option<Arc<Line>>, Error> {
        let next = match code {
            _ if self.shared.closed.load(Ordering::Acquire) => Err(self.error(ErrorKind::Closed)),
            RDKafkaErrorCode::Fatal => self.replace(line).map(Some),
            RDKafkaErrorCode::QueueFull => {
                self.shared.works.sleep.sleep(LOOK_AGAIN).await;
                Ok(None)
            }
            code => Err(line.refusal(Some(code), outgoing.payload.len())),
        };
        if next.is_err() {
            self.shared.works.budget.release(outgoing.size());
        }
        next
    }

    fn line(&self) -> Arc<Line> {
        Arc::clone(&self.shared.line.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a new line in place of one that librdkafka has given up (a fatal error of the idempotent
    /// producer). What was unanswered on the old one is answered there, as possibly written.
    fn replace(&self, broken: &Arc<Line>) -> Result<Arc<Line>, Error> {
        let shared = &self.shared;
        let mut current = shared.line.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, broken) {
            tracing::warn!(topic = %shared.topic, "librdkafka gave the producer up; making another");
            *current = Line::open(&shared.config, &shared.context, &shared.topic, &shared.works)?;
            shared.works.meters.replaced();
            shared.retired.retire(Arc::clone(broken));
        }
        Ok(Arc::clone(&current))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(format!("send to topic `{}`", self.shared.topic), kind)
    }

    fn refused(&self, error: Error, outgoing: Outgoing<'_>) -> SendError {
        self.shared.works.meters.refused();
        SendError {
            error,
            record: outgoing.to_record(),
        }
    }
}

/// Futures that users spawn must be `Send`; said here so that it cannot be lost by accident.
#[cfg(test)]
fn _futures_can_be_spawned(producer: &ClickstreamProducer, event: &ClickEvent) {
    fn check<T: std::future::Future + Send>(_: T) {}
    check(producer.send(event));
    check(producer.send_all(futures_util::stream::empty::<ClickEvent>()));
    check(producer.flush(Duration::ZERO));
    check(producer.close(Duration::ZERO));
}
