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
use rdkafka::message::Message;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig, ThreadedProducer,
};
use tokio::sync::{Notify, oneshot};
use xacct_types::TopicName;

use crate::context::IamContext;
use crate::error::{Error, ErrorKind, Limit, TO_WRITE, kind_of, kind_of_code};
use crate::native;
use crate::trouble::Trouble;

use super::report::SendError;

/// How long purged events may take to come back.
const TAKING_BACK: Duration = Duration::from_secs(2);

/// Where an event was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Partition of the topic.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
}

/// A record on its way in.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) key: Option<Vec<u8>>,
    pub(super) payload: Vec<u8>,
    /// Milliseconds since the Unix epoch; the present time if absent.
    pub(super) timestamp_ms: Option<i64>,
}

/// How a record ended, before the reason is worked out.
type Outcome = Result<Delivery, Failure>;

#[derive(Debug)]
pub(super) struct Failure {
    code: Option<RDKafkaErrorCode>,
    possibly_written: bool,
    key: Option<Vec<u8>>,
    payload: Vec<u8>,
}

/// One librdkafka producer.
pub(super) struct Line {
    pub(super) native: ThreadedProducer<Deliveries>,
    topic: TopicName,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl Line {
    /// Makes a producer and its thread; connects in the background.
    pub(super) fn open(
        config: &ClientConfig,
        context: &IamContext,
        topic: &TopicName,
    ) -> Result<Self, Error> {
        let failed = |kind| Error::new(format!("open a producer for topic `{topic}`"), kind);
        let deliveries = Deliveries::new(context.for_another_client());
        let native: ThreadedProducer<Deliveries> = config
            .create_with_context(deliveries)
            .map_err(|error| failed(kind_of(&error, &Trouble::default(), TO_WRITE)).with_source(error))?;
        context
            .set_first_token(native.client())
            .map_err(|error| failed(ErrorKind::NoCredentials).with_source(error))?;
        Ok(Self {
            native,
            topic: topic.clone(),
        })
    }

    /// What the producer's callbacks share.
    pub(super) fn deliveries(&self) -> &Deliveries {
        self.native.client().context()
    }

    /// Whether librdkafka will never send anything again.
    pub(super) fn is_broken(&self) -> bool {
        self.native.client().fatal_error().is_some()
    }

    /// Puts a record into the buffer.
    pub(super) fn enqueue(line: &Arc<Self>, outgoing: Outgoing) -> Result<Pending, SendError> {
        let (answer, answered) = oneshot::channel();
        let mut record = BaseRecord::with_opaque_to(line.topic.as_str(), Box::new(answer));
        record = record.payload(&outgoing.payload);
        if let Some(key) = &outgoing.key {
            record = record.key(key);
        }
        if let Some(timestamp_ms) = outgoing.timestamp_ms {
            record = record.timestamp(timestamp_ms);
        }
        match line.native.send(record) {
            Ok(()) => Ok(Pending {
                answered,
                line: Arc::clone(line),
            }),
            Err((error, _)) => {
                let code = error.rdkafka_error_code();
                let kind = line.kind(code, outgoing.payload.len());
                Err(SendError::not_sent(line.error(kind).with_source(error), outgoing))
            }
        }
    }

    /// Takes everything unsent out of the buffer, so that those who wait are answered. Blocks.
    pub(super) fn take_back(&self) {
        self.native.purge(PurgeConfig::default().queue().inflight());
        if let Err(error) = self.native.flush(TAKING_BACK) {
            tracing::warn!(%error, "some events were not taken back in time");
        }
    }

    /// Failures that nobody waited for.
    pub(super) fn take_unclaimed(&self) -> Vec<SendError> {
        let raw = std::mem::take(&mut *self.deliveries().unclaimed());
        raw.into_iter().map(|failure| self.send_error(failure)).collect()
    }

    fn send_error(&self, failure: Failure) -> SendError {
        let Failure {
            code,
            possibly_written,
            key,
            payload,
        } = failure;
        let error = self
            .error(self.kind(code, payload.len()))
            .possibly_written_if(possibly_written);
        SendError {
            error,
            key,
            payload,
            timestamp_ms: None,
        }
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

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(format!("send to topic `{}`", self.topic), kind)
    }
}

/// An event that is in the buffer or under way. A future of its end; dropping it cancels nothing.
#[derive(Debug)]
#[must_use = "a failure that nobody waits for is reported only by `flush` and `close`"]
pub struct Pending {
    answered: oneshot::Receiver<Outcome>,
    line: Arc<Line>,
}

impl Future for Pending {
    type Output = Result<Delivery, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(Pin::new(&mut self.answered).poll(context));
        // The sender is dropped unanswered only with the whole producer, whose last word was lost.
        let lost = |_| {
            Err(Failure {
                code: None,
                possibly_written: true,
                key: None,
                payload: Vec::new(),
            })
        };
        Poll::Ready(
            outcome
                .unwrap_or_else(lost)
                .map_err(|failure| self.line.send_error(failure)),
        )
    }
}

/// The context of a producer: authentication, and the delivery reports.
pub(super) struct Deliveries {
    pub(super) context: IamContext,
    space: Notify,
    unclaimed: Mutex<Vec<Failure>>,
}

impl Deliveries {
    fn new(context: IamContext) -> Self {
        Self {
            context,
            space: Notify::new(),
            unclaimed: Mutex::default(),
        }
    }

    /// Resolves when an event has left the buffer.
    pub(super) fn space(&self) -> tokio::sync::futures::Notified<'_> {
        self.space.notified()
    }

    fn unclaimed(&self) -> std::sync::MutexGuard<'_, Vec<Failure>> {
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

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.context.generate_oauth_token(config)
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<oneshot::Sender<Outcome>>;

    /// Runs on the polling thread.
    fn delivery(&self, result: &DeliveryResult<'_>, answer: Self::DeliveryOpaque) {
        let outcome = match result {
            Ok(message) => {
                self.context.trouble.clear();
                Ok(Delivery {
                    partition: message.partition(),
                    offset: message.offset(),
                })
            }
            Err((error, message)) => Err(Failure {
                code: error.rdkafka_error_code(),
                possibly_written: native::possibly_written(message),
                key: message.key().map(<[u8]>::to_vec),
                payload: message.payload().map(<[u8]>::to_vec).unwrap_or_default(),
            }),
        };
        if let Err(Err(failure)) = answer.send(outcome) {
            self.unclaimed().push(failure);
        }
        self.space.notify_one();
    }
}
