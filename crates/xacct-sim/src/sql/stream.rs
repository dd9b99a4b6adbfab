//! What a refresh reads from: the seam between SQL and the simulated network.

use std::time::Duration;

use rusqlite::types::Value;

use super::statement::{Service, StreamOptions};
use super::types::{Column, Ty};

/// Why a stream can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamFailure {
    /// What Redshift says, without `ERROR: `.
    pub message: String,
    /// The link that is broken, for `Sim::explain`.
    pub cause: String,
    /// How long Redshift tried.
    pub after: Duration,
}

/// One record, as a row of the source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamRecord {
    /// Offset or sequence number.
    pub position: String,
    /// Kind of its time: `C`, `L` or `U`.
    pub timestamp_type: char,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Size of the payload.
    pub bytes: usize,
    /// Values in the order of [`columns`], without `refresh_time`.
    pub values: Vec<Value>,
}

/// What one partition gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Batch {
    pub records: Vec<StreamRecord>,
    /// Where the next refresh goes on.
    pub next: String,
    /// There is more behind it.
    pub more: bool,
}

/// A stream service as Redshift reaches it.
pub(crate) trait StreamSource {
    /// Goes the whole way: roles, names, ports, permissions. The ids of the partitions or shards; with no stream named,
    /// only as far as the service.
    ///
    /// # Errors
    /// The first link that does not hold.
    fn open(&mut self, options: &StreamOptions, stream: Option<&str>) -> Result<Vec<String>, StreamFailure>;

    /// Reads a partition of an opened stream, at most `max` records, from a position or from the beginning.
    ///
    /// # Errors
    /// A position that is not there any more.
    fn read(
        &mut self,
        stream: &str,
        partition: &str,
        from: Option<&str>,
        max: usize,
    ) -> Result<Batch, StreamFailure>;
}

/// Columns that a source offers.
/// <https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-streaming-ingestion-getting-started-MSK.html>
pub(crate) fn columns(service: &Service) -> Vec<Column> {
    let list: &[(&str, Ty)] = match service {
        Service::Kinesis { .. } => &[
            ("approximate_arrival_timestamp", Ty::Timestamp),
            ("partition_key", Ty::Varchar(256)),
            ("shard_id", Ty::Char(20)),
            ("sequence_number", Ty::Varchar(128)),
            ("kinesis_data", Ty::Varbyte(1_048_576)),
            ("refresh_time", Ty::Timestamp),
        ],
        Service::Msk { .. } | Service::Kafka { .. } => &[
            ("kafka_partition", Ty::BigInt),
            ("kafka_offset", Ty::BigInt),
            ("kafka_timestamp_type", Ty::Char(1)),
            ("kafka_timestamp", Ty::Timestamp),
            ("kafka_key", Ty::Varbyte(16_777_216)),
            ("kafka_value", Ty::Varbyte(16_777_216)),
            ("kafka_headers", Ty::Super),
            ("refresh_time", Ty::Timestamp),
        ],
    };
    list.iter().map(|(name, ty)| Column::new(*name, *ty)).collect()
}
