//! The three ways to send the same events with the same configuration.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use msk_clickstream::rdkafka::ClientConfig;
use msk_clickstream::rdkafka::client::{ClientContext, OAuthToken};
use msk_clickstream::rdkafka::config::RDKafkaLogLevel;
use msk_clickstream::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use msk_clickstream::rdkafka::producer::{
    BaseRecord, DeliveryResult, FutureProducer, FutureRecord, ProducerContext, ThreadedProducer,
};
use msk_clickstream::rdkafka::util::Timeout;
use msk_clickstream::{ClickEvent, ClickstreamProducer, IamContext};

use crate::Failure;

/// Events that the usual way has under way at the same time.
pub(crate) const UNDER_WAY: usize = 10_000;

/// Typed events through this crate.
pub(crate) async fn ours(producer: &ClickstreamProducer, events: &[ClickEvent]) -> Result<u64, Failure> {
    let summary = producer.send_all(stream::iter(events)).await;
    match summary.failed.into_iter().next() {
        None => Ok(summary.delivered),
        Some(failure) => Err(failure.into()),
    }
}

/// What is written today: serde_json and `FutureProducer`.
pub(crate) struct Idiom {
    producer: FutureProducer<IamContext>,
    topic: String,
}

impl Idiom {
    pub(crate) fn new(config: &ClientConfig, context: IamContext, topic: &str) -> Result<Self, Failure> {
        Ok(Self {
            producer: config.create_with_context(context)?,
            topic: topic.to_owned(),
        })
    }

    pub(crate) async fn send(&self, events: &[ClickEvent]) -> Result<u64, Failure> {
        let sent = stream::iter(events).map(|event| async move {
            let payload = serde_json::to_vec(event)?;
            let record = FutureRecord::to(&self.topic)
                .key(&event.visitor)
                .payload(&payload);
            let delivered = self.producer.send(record, Timeout::Never).await;
            delivered.map(|_| ()).map_err(|(error, _)| Failure::from(error))
        });
        let mut sent = sent.buffer_unordered(UNDER_WAY);
        let mut delivered = 0;
        while let Some(end) = sent.next().await {
            end?;
            delivered += 1;
        }
        Ok(delivered)
    }
}

/// Bytes that are there already, and a delivery callback that counts.
#[derive(Clone)]
pub(crate) struct Raw {
    producer: Arc<ThreadedProducer<Counter>>,
    topic: String,
}

/// A key and the bytes of an event.
pub(crate) type Ready = (Vec<u8>, Vec<u8>);

impl Raw {
    pub(crate) fn new(config: &ClientConfig, context: IamContext, topic: &str) -> Result<Self, Failure> {
        let counter = Counter {
            context,
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        Ok(Self {
            producer: Arc::new(config.create_with_context(counter)?),
            topic: topic.to_owned(),
        })
    }

    /// Blocks.
    pub(crate) fn send(&self, events: &[Ready]) -> Result<u64, Failure> {
        use msk_clickstream::rdkafka::producer::Producer as _;
        let counter = self.producer.client().context();
        let before = counter.delivered.load(Ordering::Acquire);
        for (key, payload) in events {
            let mut record = BaseRecord::to(&self.topic).key(key).payload(payload);
            loop {
                match self.producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                        record = back;
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    Err((error, _)) => return Err(error.into()),
                }
            }
        }
        let all = before + events.len() as u64;
        while counter.delivered.load(Ordering::Acquire) < all {
            if counter.failed.load(Ordering::Acquire) > 0 {
                return Err("an event was not delivered".into());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(events.len() as u64)
    }
}

pub(crate) struct Counter {
    context: IamContext,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl ClientContext for Counter {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn stats_raw(&self, _: &[u8]) {}

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.context.generate_oauth_token(config)
    }
}

impl ProducerContext for Counter {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let counter = if result.is_ok() {
            &self.delivered
        } else {
            &self.failed
        };
        counter.fetch_add(1, Ordering::Release);
    }
}
