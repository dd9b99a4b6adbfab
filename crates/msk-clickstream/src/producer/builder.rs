//! Choices of a producer, and its first connection.

use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::Producer as _;
use xacct_types::TopicName;

use crate::access::KafkaAccess;
use crate::context::IamContext;
use crate::error::{Error, ErrorKind, no_token};
use crate::event::ClickEvent;
use crate::meters::Meters;
use crate::pace::{Pacer, Quotas};
use crate::probe;
use crate::record::Headers;

use super::budget::Budget;
use super::line::Line;
use super::retired::Retired;
use super::works::Works;
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

/// What keeps typed events together: those of one key go to one partition and keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeyBy {
    /// The visitor; the default.
    #[default]
    Visitor,
    /// The visit, or the visitor where it is not known.
    Session,
    /// Nothing: events are spread over all partitions.
    Nothing,
}

impl KeyBy {
    pub(super) fn key(self, event: &ClickEvent) -> Option<&[u8]> {
        match self {
            Self::Visitor => Some(event.visitor.as_bytes()),
            Self::Session => Some(event.session.as_ref().unwrap_or(&event.visitor).as_bytes()),
            Self::Nothing => None,
        }
    }
}

/// Builds a [`ClickstreamProducer`].
#[derive(Debug, Clone)]
pub struct ProducerBuilder {
    access: KafkaAccess,
    bootstrap: String,
    topic: TopicName,
    compression: Compression,
    key_by: KeyBy,
    headers: Headers,
    quotas: Quotas,
    linger: Duration,
    buffer_bytes: usize,
    delivery_deadline: Duration,
    connect_deadline: Duration,
}

impl ProducerBuilder {
    pub(super) fn new(access: KafkaAccess, bootstrap: String, topic: TopicName) -> Self {
        // A broker without identities is no MSK Serverless.
        let quotas = if access.is_iam() {
            Quotas::serverless()
        } else {
            Quotas::unlimited()
        };
        Self {
            access,
            bootstrap,
            topic,
            compression: Compression::default(),
            key_by: KeyBy::default(),
            headers: Headers::new(),
            quotas,
            linger: Duration::from_millis(10),
            buffer_bytes: 64 * 1024 * 1024,
            delivery_deadline: Duration::from_secs(120),
            connect_deadline: Duration::from_secs(9),
        }
    }

    /// How batches are compressed. Default: LZ4.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// What keeps typed events together. Default: the visitor.
    #[must_use]
    pub fn key_by(mut self, key_by: KeyBy) -> Self {
        self.key_by = key_by;
        self
    }

    /// Headers of every record, before its own; [`Headers::with_schema`] belongs here. Default: none.
    #[must_use]
    pub fn headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// What the cluster takes in. Default: the quotas of MSK Serverless with IAM, none in plaintext mode.
    #[must_use]
    pub fn quotas(mut self, quotas: Quotas) -> Self {
        self.quotas = quotas;
        self
    }

    /// How long an event may wait for others to share a request with, in whole milliseconds; longer where
    /// a topic has so many partitions that the quota of requests asks for it. Default: 10.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// How many bytes the buffer may hold, 1 KiB to 2 GiB: events, keys, and some 300 bytes of notes for
    /// each. Default: 64 MiB.
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

    /// How long [`connect`](Self::connect) tries. Default: nine seconds.
    #[must_use]
    pub fn connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = deadline;
        self
    }

    /// The configuration of librdkafka that these choices come to, but for a longer linger on topics with
    /// very many partitions. For looking at, or for a client of your own.
    pub fn client_config(&self) -> ClientConfig {
        let mut config = self.access.client_config(&self.bootstrap);
        let compression = match self.compression {
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
            Compression::None => "none",
        };
        // The producer counts its buffer itself; librdkafka's limit stands behind it, for headers.
        let kilobytes = (self.buffer_bytes / 512).clamp(2, 2_097_151);
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", compression)
            .set("linger.ms", self.linger.as_millis().to_string())
            // A batch of the default size stays below the default limit of a topic.
            .set("batch.size", "1000000")
            // The largest message of MSK Serverless; the topic may allow less.
            .set("message.max.bytes", "8388608")
            .set("queue.buffering.max.kbytes", kilobytes.to_string())
            .set("queue.buffering.max.messages", "0")
            .set(
                "message.timeout.ms",
                self.delivery_deadline.as_millis().to_string(),
            )
            .set("statistics.interval.ms", "2000")
            // The partition that Java clients choose for the same key.
            .set("partitioner", "murmur2_random");
        config
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
        let context = self.access.context().await.map_err(|error| {
            let kind = no_token(&error);
            Error::new(operation.clone(), kind).with_source(error)
        })?;
        let works = Arc::new(self.works());
        let opening = Opening {
            config: self.client_config(),
            context: context.clone(),
            topic: self.topic.clone(),
            works: Arc::clone(&works),
            linger: self.linger,
            quotas: self.quotas,
        };
        let deadline = self.connect_deadline;
        // librdkafka's metadata request blocks; on a blocking thread it also keeps a paused test clock
        // from running ahead of the sockets.
        let opened = tokio::task::spawn_blocking(move || opening.open(deadline)).await;
        let (line, partitions, config) = match opened {
            Ok(opened) => opened?,
            Err(cut_off) => return Err(Error::new(operation, ErrorKind::Closed).with_source(cut_off)),
        };
        let pacer = Pacer::new(self.quotas, partitions, self.access.clock());
        // Nobody else has the works yet.
        let _ = works.pacer.set(pacer);
        tracing::info!(topic = %self.topic, partitions, "connected");
        Ok(ClickstreamProducer {
            shared: Arc::new(Shared {
                topic: self.topic,
                config,
                context,
                key_by: self.key_by,
                works,
                line: RwLock::new(line),
                retired: Retired::default(),
                closed: AtomicBool::new(false),
                typical: AtomicUsize::new(448),
            }),
        })
    }

    fn works(&self) -> Works {
        Works {
            topic: self.topic.to_string(),
            budget: Budget::new(self.buffer_bytes),
            pacer: OnceLock::new(),
            sleep: self.access.sleep(),
            meters: Meters::new(self.topic.as_str()),
            headers: self.headers.clone(),
            statistics: Mutex::default(),
        }
    }
}

/// The first connection. Blocks.
struct Opening {
    config: ClientConfig,
    context: IamContext,
    topic: TopicName,
    works: Arc<Works>,
    linger: Duration,
    quotas: Quotas,
}

impl Opening {
    /// A line to a topic that is there, with the number of its partitions and the configuration in force.
    fn open(mut self, deadline: Duration) -> Result<(Arc<Line>, u32, ClientConfig), Error> {
        let line = self.line()?;
        let trouble = &line.deliveries().context.trouble;
        let found = probe::partitions(line.native.client(), trouble, self.topic.as_str(), deadline);
        let partitions =
            found.map_err(|kind| Error::new(format!("connect to topic `{}`", self.topic), kind))?;
        let linger = self.quotas.shortest_linger(partitions);
        if linger <= self.linger {
            return Ok((line, partitions, self.config));
        }
        self.config.set("linger.ms", linger.as_millis().to_string());
        let line = self.line()?;
        Ok((line, partitions, self.config))
    }

    fn line(&self) -> Result<Arc<Line>, Error> {
        Line::open(&self.config, &self.context, &self.topic, &self.works)
    }
}
