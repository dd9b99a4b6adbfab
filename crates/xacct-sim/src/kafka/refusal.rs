//! Why the store refuses, in the words of a broker where it has some.

/// Partitions that one serverless cluster can hold.
///
/// Source: Amazon MSK developer guide, "Amazon MSK quota", MSK Serverless.
pub(crate) const PARTITION_QUOTA: usize = 2_400;

/// Why the store refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The topic is not there.
    #[error("topic `{0}` does not exist")]
    UnknownTopic(String),
    /// The topic is there, the partition is not.
    #[error("topic `{topic}` has no partition {partition}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The partition that was asked for.
        partition: i32,
    },
    /// There is one of that name.
    #[error("Topic '{0}' already exists.")]
    TopicExists(String),
    /// The name breaks Kafka's rules.
    #[error("{0}")]
    InvalidName(String),
    /// A number of partitions that cannot be.
    #[error("{0}")]
    InvalidPartitions(String),
    /// A setting that a serverless cluster does not take.
    #[error("{0}")]
    InvalidSetting(String),
    /// More partitions than the cluster may have.
    #[error("the cluster would have {wanted} partitions, more than its quota of {PARTITION_QUOTA}")]
    PartitionQuota {
        /// How many there would be.
        wanted: usize,
    },
    /// An offset that is not in the partition.
    #[error("offset {offset} is not in 0..={end}")]
    OffsetOutOfRange {
        /// The offset that was asked for.
        offset: i64,
        /// The end of the partition.
        end: i64,
    },
    /// A batch or record is over `max.message.bytes`.
    #[error("{size} bytes are more than the topic's max.message.bytes of {limit}")]
    TooLarge {
        /// Size of the batch.
        size: usize,
        /// The limit of the topic.
        limit: usize,
    },
    /// A compacted topic takes no record without a key.
    #[error("Compacted topic cannot accept message without key.")]
    NoKey,
    /// A record's time is further from now than `message.timestamp.difference.max.ms`.
    #[error("timestamp {timestamp_ms} is out of range")]
    Timestamp {
        /// The time that came.
        timestamp_ms: i64,
    },
    /// An idempotent producer left a gap.
    #[error("sequence {got} of producer {producer_id} does not follow {last}")]
    OutOfOrderSequence {
        /// The producer.
        producer_id: i64,
        /// Last sequence number that was appended.
        last: i32,
        /// The sequence number that came.
        got: i32,
    },
    /// A batch that was appended so long ago that its offset is forgotten.
    #[error("sequence {got} of producer {producer_id} was appended before")]
    DuplicateSequence {
        /// The producer.
        producer_id: i64,
        /// The sequence number that came.
        got: i32,
    },
    /// A producer that was replaced by a newer one.
    #[error("producer {producer_id} was fenced: epoch {got} is older than {current}")]
    StaleEpoch {
        /// The producer.
        producer_id: i64,
        /// Newest epoch seen.
        current: i16,
        /// The epoch that came.
        got: i16,
    },
}
