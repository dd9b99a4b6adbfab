//! Choices of a producer, and its first connection.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::Producer as _;
use xacct_types::TopicName;

use crate::access::KafkaAccess;
use crate::error::{Error, ErrorKind};
use crate::probe;

use super::line::Line;
use super::retired::Retired;
use super::{ClickstreamProducer, Shared};

/// How batches are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Fast; the default.
    #[default]
    Lz4,
    /// Smaller, at more CPU time.
    Zstd,
    /// None at all.
    None,
}

/// Builds a [`ClickstreamProducer`].
#[derive(Debug, Clone)]
pub struct ProducerBuilder {
    access: KafkaAccess,
    bootstrap: String,
    topic: TopicName,
    compression: Compression,
    linger: Duration,
    buffer_bytes: usize,
    delivery_deadline: Duration,
    connect_deadline: Duration,
}

impl ProducerBuilder {
    pub(super) fn new(access: KafkaAccess, bootstrap: String, topic: TopicName) -> Self {
        Self {
            access,
            bootstrap,
            topic,
            compression: Compression::default(),
            linger: Duration::from_millis(10),
            buffer_bytes: 64 * 1024 * 1024,
            delivery_deadline: Duration::from_secs(120),
            connect_deadline: Duration::from_secs(10),
        }
    }

    /// How batches are compressed. Default: LZ4.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// How long an event may wait for others to share a request with, in whole milliseconds. Default: 10.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// How many bytes of events may be in the buffer, 1 KiB to 2 GiB. Default: 64 MiB.
    #[must_use]
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes;
        self
    }

    /// After how long an event that no broker acknowledges has failed. Default: two minutes.
    #[must_use]
    pub fn delivery_deadline(mut self, deadline: Duration) -> Self {
        self.delivery_deadline = deadline;
        self
    }

    /// How long [`connect`](Self::connect) tries. Default: ten seconds.
    #[must_use]
    pub fn connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = deadline;
        self
    }

    /// Loads credentials, connects, and checks that the topic is there and may be seen.
    ///
    /// Uses the present tokio runtime for a task that keeps credentials fresh, and for blocking threads.
    ///
    /// # Errors
    /// No credentials, nobody answers, the identity is refused, `kafka-cluster:DescribeTopic` is missing,
    /// or there is no such topic.
    pub async fn connect(self) -> Result<ClickstreamProducer, Error> {
        let operation = format!("connect to topic `{}`", self.topic);
        let context =
            self.access.context().await.map_err(|error| {
                Error::new(operation.clone(), ErrorKind::NoCredentials).with_source(error)
            })?;
        let config = self.config();
        let (topic, deadline) = (self.topic.clone(), self.connect_deadline);
        let opening = (config.clone(), context.clone());
        // librdkafka's metadata request blocks; on a blocking thread it also keeps a paused test clock
        // from running ahead of the sockets.
        let opened =
            tokio::task::spawn_blocking(move || open(&opening.0, &opening.1, &topic, deadline)).await;
        let line = match opened {
            Ok(line) => line?,
            Err(cut_off) => return Err(Error::new(operation, ErrorKind::Closed).with_source(cut_off)),
        };
        Ok(ClickstreamProducer {
            shared: Arc::new(Shared {
                topic: self.topic,
                config,
                context,
                line: RwLock::new(Arc::new(line)),
                retired: Retired::default(),
                closed: AtomicBool::new(false),
            }),
        })
    }

    fn config(&self) -> ClientConfig {
        let mut config = self.access.client_config(&self.bootstrap);
        let compression = match self.compression {
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
            Compression::None => "none",
        };
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", compression)
            .set("linger.ms", self.linger.as_millis().to_string())
            // A batch of the default size stays below the default limit of a topic.
            .set("batch.size", "1000000")
            // The largest message of MSK Serverless; the topic may allow less.
            .set("message.max.bytes", "8388608")
            .set(
                "queue.buffering.max.kbytes",
                (self.buffer_bytes / 1024).clamp(1, 2_097_151).to_string(),
            )
            .set("queue.buffering.max.messages", "1000000")
            .set(
                "message.timeout.ms",
                self.delivery_deadline.as_millis().to_string(),
            )
            // The partition that Java clients choose for the same key.
            .set("partitioner", "murmur2_random");
        config
    }
}

fn open(
    config: &ClientConfig,
    context: &crate::IamContext,
    topic: &TopicName,
    deadline: Duration,
) -> Result<Line, Error> {
    let line = Line::open(config, context, topic)?;
    let trouble = &line.deliveries().context.trouble;
    let found = probe::partitions(line.native.client(), trouble, topic.as_str(), deadline);
    found.map_err(|kind| Error::new(format!("connect to topic `{topic}`"), kind))?;
    Ok(line)
}
