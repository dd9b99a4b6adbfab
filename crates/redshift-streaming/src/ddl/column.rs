//! The columns that a stream offers, under their current names.

use super::ident::Identifier;

/// Whether a stream is read from Kafka or from Kinesis: their columns differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// A topic of MSK or of any Kafka.
    Kafka,
    /// A Kinesis data stream.
    Kinesis,
}

/// A metadata column of a stream (Amazon Redshift developer guide, "Getting
/// started with streaming ingestion").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamColumn {
    /// `kafka_partition` bigint.
    KafkaPartition,
    /// `kafka_offset` bigint.
    KafkaOffset,
    /// `kafka_timestamp_type` char(1): `C` create time, `L` log append, `U` none.
    KafkaTimestampType,
    /// `kafka_timestamp` timestamp.
    KafkaTimestamp,
    /// `kafka_key` varbyte.
    KafkaKey,
    /// `kafka_headers` super. Duplicate headers are not supported.
    KafkaHeaders,
    /// `approximate_arrival_timestamp` timestamp.
    ApproximateArrivalTimestamp,
    /// `partition_key` varchar(256).
    PartitionKey,
    /// `shard_id` char(20).
    ShardId,
    /// `sequence_number` varchar(128).
    SequenceNumber,
    /// `refresh_time` timestamp: when the refresh started that loaded the row.
    RefreshTime,
}

use StreamColumn::{
    ApproximateArrivalTimestamp, KafkaHeaders, KafkaKey, KafkaOffset, KafkaPartition, KafkaTimestamp,
    KafkaTimestampType, PartitionKey, RefreshTime, SequenceNumber, ShardId,
};

impl StreamKind {
    /// Every metadata column, in the order in which AWS lists them.
    #[must_use]
    pub const fn columns(self) -> &'static [StreamColumn] {
        match self {
            Self::Kafka => &[
                KafkaPartition,
                KafkaOffset,
                KafkaTimestampType,
                KafkaTimestamp,
                KafkaKey,
                KafkaHeaders,
                RefreshTime,
            ],
            Self::Kinesis => &[
                ApproximateArrivalTimestamp,
                PartitionKey,
                ShardId,
                SequenceNumber,
                RefreshTime,
            ],
        }
    }

    /// The column that holds the record itself, as VARBYTE.
    #[must_use]
    pub const fn value_column(self) -> &'static str {
        match self {
            Self::Kafka => "kafka_value",
            Self::Kinesis => "kinesis_data",
        }
    }

    /// The two columns that together name a record.
    #[must_use]
    pub const fn position(self) -> [StreamColumn; 2] {
        match self {
            Self::Kafka => [KafkaPartition, KafkaOffset],
            Self::Kinesis => [ShardId, SequenceNumber],
        }
    }
}

impl StreamColumn {
    /// The column's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            KafkaPartition => "kafka_partition",
            KafkaOffset => "kafka_offset",
            KafkaTimestampType => "kafka_timestamp_type",
            KafkaTimestamp => "kafka_timestamp",
            KafkaKey => "kafka_key",
            KafkaHeaders => "kafka_headers",
            ApproximateArrivalTimestamp => "approximate_arrival_timestamp",
            PartitionKey => "partition_key",
            ShardId => "shard_id",
            SequenceNumber => "sequence_number",
            RefreshTime => "refresh_time",
        }
    }

    /// The column as an identifier.
    #[must_use]
    pub fn identifier(self) -> Identifier {
        Identifier::fixed(self.name())
    }

    /// Its type, as SQL spells it.
    #[must_use]
    pub const fn sql_type(self) -> &'static str {
        match self {
            KafkaPartition | KafkaOffset => "BIGINT",
            KafkaTimestampType => "CHAR(1)",
            KafkaTimestamp | ApproximateArrivalTimestamp | RefreshTime => "TIMESTAMP",
            KafkaKey => "VARBYTE(16777216)",
            KafkaHeaders => "SUPER",
            PartitionKey => "VARCHAR(256)",
            ShardId => "CHAR(20)",
            SequenceNumber => "VARCHAR(128)",
        }
    }

    /// Whether the column is SUPER, which cannot be a sort or distribution key.
    #[must_use]
    pub const fn is_super(self) -> bool {
        matches!(self, KafkaHeaders)
    }
}

/// Under which names the columns of a stream are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ColumnNames {
    /// Those that AWS documents today.
    #[default]
    Current,
    /// Those of the preview of Kinesis ingestion, as old posts have them. Whether
    /// Redshift still resolves them is not documented.
    Preview,
}

impl ColumnNames {
    /// The column's name among these; none for one that the preview did not have.
    #[must_use]
    pub fn of(self, column: StreamColumn) -> Option<Identifier> {
        let name = match (self, column) {
            (Self::Current, column) => column.name(),
            (Self::Preview, ApproximateArrivalTimestamp) => "approximatearrivaltimestamp",
            (Self::Preview, PartitionKey) => "partitionkey",
            (Self::Preview, ShardId) => "shardid",
            (Self::Preview, SequenceNumber) => "sequencenumber",
            (Self::Preview, _) => return None,
        };
        Some(Identifier::fixed(name))
    }

    /// The column that holds the record itself.
    pub(super) const fn value_column(self, kind: StreamKind) -> &'static str {
        match self {
            Self::Current => kind.value_column(),
            Self::Preview => "data",
        }
    }
}

/// What a Kinesis column of the preview, as old posts name it, is called now.
///
/// Whether Redshift still resolves the old names is not documented; this crate
/// writes them only where [`ColumnNames::Preview`] asks for it.
///
/// ```
/// use redshift_streaming::ddl::current_column_name;
/// assert_eq!(current_column_name("approximatearrivaltimestamp"), Some("approximate_arrival_timestamp"));
/// assert_eq!(current_column_name("kafka_offset"), None);
/// ```
#[must_use]
pub fn current_column_name(old: &str) -> Option<&'static str> {
    match old.to_ascii_lowercase().as_str() {
        "approximatearrivaltimestamp" => Some("approximate_arrival_timestamp"),
        "partitionkey" => Some("partition_key"),
        "shardid" => Some("shard_id"),
        "sequencenumber" => Some("sequence_number"),
        "data" => Some("kinesis_data"),
        _ => None,
    }
}
