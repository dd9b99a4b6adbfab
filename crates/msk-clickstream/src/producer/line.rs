//! One librdkafka producer with its polling thread, and the way back of its delivery reports.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message};
use rdkafka::producer::{DeliveryResult, Producer, ProducerContext, PurgeConfig, ThreadedProducer};
use rdkafka::statistics::Statistics as Raw;
use xacct_types::TopicName;

use crate::auth::TakesTokens;
use crate::context::IamContext;
use crate::error::{Error, ErrorKind, Limit, TO_WRITE, kind_of, kind_of_code, no_token};
use crate::native::{self, Produced};
use crate::record::{Headers, Outgoing, Record};
use crate::statistics::Statistics;
use crate::trouble::Trouble;

use super::report::SendError;
use super::ticket::{Failure, One, Ticket};
use super::works::Works;

/// Where an event was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Partition of the topic.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
}

/// One librdkafka producer.
pub(super) struct Line {
    // Dropped before the client that it belongs to.
    topic: native::Topic,
    pub(super) native: ThreadedProducer<Deliveries>,
    name: TopicName,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("topic", &self.name)
            .finish_non_exhaustive()
    }
}

impl Line {
    /// Makes a producer and its thread; connects in the background.
    pub(super) fn open(
        config: &ClientConfig,
        context: &IamContext,
        name: &TopicName,
        works: &Arc<Works>,
    ) -> Result<Arc<Self>, Error> {
        let failed = |kind| Error::new(format!("open a producer for topic `{name}`"), kind);
        let deliveries = Deliveries::new(context.for_another_client(), Arc::clone(works));
        let native: ThreadedProducer<Deliveries> = config
            .create_with_context(deliveries)
            .map_err(|error| failed(kind_of(&error, &Trouble::default(), TO_WRITE)).with_source(error))?;
        context
            .set_first_token(native.client())
            .map_err(|error| failed(no_token(&error)).with_source(error))?;
        let refused = || {
            failed(ErrorKind::TopicRefused {
                said: "librdkafka does not take its name".to_owned(),
            })
        };
        let line = Arc::new(Self {
            topic: native::Topic::new(native.client(), name.as_str()).ok_or_else(refused)?,
            native,
            name: name.clone(),
        });
        let taker: Arc<dyn TakesTokens> = line.clone();
        context.keep_supplied(&taker);
        Ok(line)
    }

    /// What the producer's callbacks share.
    pub(super) fn deliveries(&self) -> &Deliveries {
        self.native.client().context()
    }

    /// Puts a record into librdkafka's buffer; a refused one gives its ticket back.
    pub(super) fn produce(
        &self,
        outgoing: Outgoing<'_>,
        always: &Headers,
        ticket: Arc<Ticket>,
    ) -> Result<(), RDKafkaErrorCode> {
        let produced = Produced {
            key: outgoing.key,
            payload: outgoing.payload,
            timestamp_ms: outgoing.timestamp_ms(),
            headers: [always, outgoing.headers],
        };
        native::produce(self.native.client(), &self.topic, produced, ticket).map_err(|(code, _)| code)
    }

    /// Takes everything unsent out of the buffer within `limit`, so that those who wait are answered.
    /// Blocks.
    pub(super) fn take_back(&self, limit: Duration) {
        self.native.purge(PurgeConfig::default().queue().inflight());
        if let Err(error) = self.native.flush(limit) {
            tracing::warn!(%error, topic = %self.name, "some events were not taken back in time");
        }
    }

    /// Events that have no answer yet.
    pub(super) fn unanswered(&self) -> usize {
        usize::try_from(self.native.in_flight_count()).unwrap_or_default()
    }

    /// Failures that nobody waited for.
    pub(super) fn take_unclaimed(&self) -> Vec<SendError> {
        let raw = std::mem::take(&mut *self.deliveries().unclaimed());
        raw.into_iter().map(|failure| self.send_error(failure)).collect()
    }

    pub(super) fn send_error(&self, failure: Failure) -> SendError {
        let error = self
            .refusal(failure.code, failure.record.payload.len())
            .possibly_written_if(failure.possibly_written);
        SendError {
            error,
            record: failure.record,
        }
    }

    /// What a code of librdkafka means for an event of `size` bytes.
    pub(super) fn refusal(&self, code: Option<RDKafkaErrorCode>, size: usize) -> Error {
        Error::new(format!("send to topic `{}`", self.name), self.kind(code, size))
    }

    fn kind(&self, code: Option<RDKafkaErrorCode>, size: usize) -> ErrorKind {
        // "Fatal" hides the reason, which librdkafka keeps apart.
        let fatal = || self.native.client().fatal_error().map(|(code, _)| code);
        let code = match code {
            Some(RDKafkaErrorCode::Fatal | RDKafkaErrorCode::PurgeQueue) => fatal().or(code),
            code => code,
        };
        let trouble = &self.deliveries().context.trouble;
        match code.map(|code| kind_of_code(code, trouble, TO_WRITE)) {
            Some(ErrorKind::TooLarge { .. }) => ErrorKind::TooLarge {
                size,
                limited_by: Limit::Topic,
            },
            Some(kind) => kind,
            None => ErrorKind::Other {
                said: "no reason given".to_owned(),
                retryable: false,
            },
        }
    }
}

impl TakesTokens for Line {
    fn take_token(&self, token: OAuthToken) {
        if let Err(said) = native::set_token(self.native.client(), token) {
            tracing::warn!(said, topic = %self.name, "librdkafka takes no fresh token");
        }
    }
}

/// An event that is in the buffer or under way. A future of its end; dropping it cancels nothing.
#[derive(Debug)]
#[must_use = "a failure that nobody waits for is reported only by `flush` and `close`"]
pub struct Pending {
    ticket: Arc<Ticket>,
    line: Arc<Line>,
}

impl Pending {
    pub(super) fn new(ticket: Arc<Ticket>, line: Arc<Line>) -> Self {
        Self { ticket, line }
    }

    fn one(&self) -> Option<&One> {
        match &*self.ticket {
            Ticket::One(one) => Some(one),
            Ticket::Many(_) => None,
        }
    }
}

impl Future for Pending {
    type Output = Result<Delivery, SendError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = match self.one() {
            Some(one) => ready!(one.poll(context)),
            None => Err(Failure::lost()),
        };
        Poll::Ready(outcome.map_err(|failure| self.line.send_error(failure)))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(failure) = self.one().and_then(One::abandon) {
            self.line.deliveries().unclaimed().push(failure);
        }
    }
}

/// The context of a producer: authentication, statistics and the delivery reports.
pub(super) struct Deliveries {
    pub(super) context: IamContext,
    works: Arc<Works>,
    unclaimed: Mutex<Vec<Failure>>,
}

impl Deliveries {
    fn new(context: IamContext, works: Arc<Works>) -> Self {
        Self {
            context,
            works,
            unclaimed: Mutex::default(),
        }
    }

    pub(super) fn unclaimed(&self) -> std::sync::MutexGuard<'_, Vec<Failure>> {
        self.unclaimed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }

    fn stats(&self, raw: Raw) {
        self.works.learn(Statistics::read(&raw, &self.works.topic));
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.context.generate_oauth_token(config)
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Arc<Ticket>;

    /// Runs on the polling thread.
    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Arc<Ticket>) {
        let (outcome, size) = match result {
            Ok(message) => {
                let size = size(message);
                self.context.trouble.clear();
                self.works.meters.delivered(size, native::age(message));
                let delivery = Delivery {
                    partition: message.partition(),
                    offset: message.offset(),
                };
                (Ok(delivery), size)
            }
            Err((error, message)) => {
                let failure = Failure {
                    code: error.rdkafka_error_code(),
                    possibly_written: native::possibly_written(message),
                    record: record(message, &self.works.headers),
                };
                self.works.meters.failed(failure.possibly_written);
                (Err(failure), size(message))
            }
        };
        self.works.budget.release(size);
        if let Some(failure) = ticket.complete(outcome) {
            self.unclaimed().push(failure);
        }
    }
}

fn size(message: &BorrowedMessage<'_>) -> usize {
    message.payload_len() + message.key_len()
}

/// The record of a message, without the headers that the producer adds to every one.
fn record(message: &BorrowedMessage<'_>, always: &Headers) -> Record {
    let mut headers = Headers::new();
    for at in always.iter().count()..message.headers().map_or(0, |headers| headers.count()) {
        let header = message.headers().and_then(|headers| headers.try_get(at));
        if let Some(header) = header {
            headers.push(header.key, header.value.unwrap_or_default());
        }
    }
    Record {
        key: message.key().map(<[u8]>::to_vec),
        payload: message.payload().map(<[u8]>::to_vec).unwrap_or_default(),
        // Not to be had from a message that failed.
        timestamp: None,
        headers,
    }
}
