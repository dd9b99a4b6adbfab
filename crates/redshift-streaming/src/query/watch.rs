//! How far a view has read, what it skipped, and how its refreshes went.

use super::{Query, name, schema_of};
use crate::ddl::{Identifier, QualifiedName, StreamKind};
use serde::{Deserialize, Serialize};

/// One position that Redshift skipped, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanError {
    /// The topic or stream.
    pub stream_name: String,
    /// The partition's number, or the shard's id.
    pub partition_id: String,
    /// The offset, or the sequence number.
    pub position: String,
    /// When the scan met it.
    pub record_time: Option<String>,
    /// Redshift's code.
    pub error_code: Option<i64>,
    /// Redshift's reason.
    pub error_reason: Option<String>,
}

/// The newest `limit` scan errors of the view.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// let query = query::scan_errors(&Identifier::new("myview1")?, 10);
/// assert!(query.sql().contains("FROM sys_stream_scan_errors WHERE TRIM(mv_name) = 'myview1'"));
/// assert!(query.sql().ends_with("ORDER BY record_time DESC LIMIT 10"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn scan_errors(view: &Identifier, limit: u32) -> Query<ScanError> {
    let sql = format!(
        "SELECT TRIM(stream_name) AS \"stream_name\", TRIM(partition_id) AS \"partition_id\", \
         TRIM(\"position\") AS \"position\", record_time, error_code, \
         TRIM(error_reason) AS \"error_reason\" FROM sys_stream_scan_errors \
         WHERE TRIM(mv_name) = {} ORDER BY record_time DESC LIMIT {limit}",
        name(view)
    );
    Query::new(format!("scan errors of {}", view.as_str()), sql)
}

/// How far a partition has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionState {
    /// The partition's number, or the shard's id.
    pub partition_id: String,
    /// The last position read.
    pub latest_position: Option<String>,
    /// The time of the newest record read.
    pub newest_record: Option<String>,
    /// Records read so far, as far back as the system table goes (about 7 days).
    pub scanned_rows: u64,
    /// Records skipped so far.
    pub skipped_rows: u64,
}

/// How far each partition has been read for the view.
///
/// ```
/// use redshift_streaming::ddl::{Identifier, StreamKind};
/// use redshift_streaming::query;
///
/// let query = query::scan_states(&Identifier::new("myview1")?, StreamKind::Kafka);
/// assert!(query.sql().contains("MAX(CAST(TRIM(latest_position) AS BIGINT))"));
/// assert!(query.sql().ends_with("WHERE TRIM(mv_name) = 'myview1' GROUP BY TRIM(partition_id) ORDER BY 1"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn scan_states(view: &Identifier, kind: StreamKind) -> Query<PartitionState> {
    // Sequence numbers of Kinesis have 56 digits, more than any number type here
    // holds, but all equally many, so that text compares as numbers do.
    let position = match kind {
        StreamKind::Kafka => "CAST(MAX(CAST(TRIM(latest_position) AS BIGINT)) AS VARCHAR)",
        StreamKind::Kinesis => "MAX(TRIM(latest_position))",
    };
    let sql = format!(
        "SELECT TRIM(partition_id) AS \"partition_id\", {position} AS \"latest_position\", \
         MAX(stream_record_time_max) AS \"newest_record\", SUM(scanned_rows) AS \"scanned_rows\", \
         SUM(skipped_rows) AS \"skipped_rows\" FROM sys_stream_scan_states \
         WHERE TRIM(mv_name) = {} GROUP BY TRIM(partition_id) ORDER BY 1",
        name(view)
    );
    Query::new(format!("scan states of {}", view.as_str()), sql)
}

/// How old the newest record is that was read from a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionLag {
    /// The partition's number, or the shard's id.
    pub partition_id: String,
    /// Seconds between that record's time and now. It grows while nothing is
    /// produced, too: only with end offsets can the two be told apart.
    pub seconds: Option<i64>,
}

/// The lag of each partition of the view, in seconds.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::lag(&Identifier::new("myview1")?).sql(),
///     "SELECT TRIM(partition_id) AS \"partition_id\", \
///      DATEDIFF(second, MAX(stream_record_time_max), GETDATE()) AS \"seconds\" \
///      FROM sys_stream_scan_states WHERE TRIM(mv_name) = 'myview1' \
///      GROUP BY TRIM(partition_id) ORDER BY 1"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn lag(view: &Identifier) -> Query<PartitionLag> {
    let sql = format!(
        "SELECT TRIM(partition_id) AS \"partition_id\", \
         DATEDIFF(second, MAX(stream_record_time_max), GETDATE()) AS \"seconds\" \
         FROM sys_stream_scan_states WHERE TRIM(mv_name) = {} \
         GROUP BY TRIM(partition_id) ORDER BY 1",
        name(view)
    );
    Query::new(format!("lag of {}", view.as_str()), sql)
}

/// One refresh of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// `Manual` or `Auto`.
    pub refresh_type: String,
    /// Redshift's sentence; its exact punctuation is not documented.
    pub status: String,
    /// When it began.
    pub start_time: Option<String>,
    /// When it ended.
    pub end_time: Option<String>,
}

/// The newest `limit` refreshes of the view.
///
/// ```
/// use redshift_streaming::ddl::QualifiedName;
/// use redshift_streaming::query;
///
/// let query = query::refreshes(&QualifiedName::parse("public.myview1")?, 5);
/// assert!(query.sql().contains("WHERE TRIM(mv_name) = 'myview1' AND TRIM(schema_name) = 'public'"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn refreshes(view: &QualifiedName, limit: u32) -> Query<Refresh> {
    let sql = format!(
        "SELECT TRIM(refresh_type) AS \"refresh_type\", TRIM(status) AS \"status\", start_time, end_time \
         FROM sys_mv_refresh_history WHERE TRIM(mv_name) = {} AND TRIM(schema_name) = {} \
         ORDER BY start_time DESC LIMIT {limit}",
        name(view.name()),
        schema_of(view)
    );
    Query::new(format!("refreshes of {}", view.plain()), sql)
}

/// A record that landed and is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRecord {
    /// The partition.
    pub kafka_partition: i64,
    /// The offset.
    pub kafka_offset: i64,
    /// The bytes, in hexadecimal digits; nothing for a record without a value.
    pub raw: Option<String>,
    /// Why it is here.
    pub reason: String,
}

/// The records of a quarantine view over Kafka between two offsets of a partition.
///
/// ```
/// use redshift_streaming::{ddl::QualifiedName, query};
///
/// assert_eq!(
///     query::bad_records(&QualifiedName::parse("public.bad")?, 2, 10..=20).sql(),
///     "SELECT kafka_partition, kafka_offset, raw, reason FROM \"public\".\"bad\" \
///      WHERE kafka_partition = 2 AND kafka_offset BETWEEN 10 AND 20 ORDER BY kafka_offset"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn bad_records(
    quarantine: &QualifiedName,
    partition: i32,
    offsets: std::ops::RangeInclusive<i64>,
) -> Query<BadRecord> {
    let sql = format!(
        "SELECT kafka_partition, kafka_offset, raw, reason FROM {quarantine} WHERE kafka_partition = {partition} \
         AND kafka_offset BETWEEN {} AND {} ORDER BY kafka_offset",
        offsets.start(),
        offsets.end()
    );
    Query::new(format!("bad records of {}", quarantine.plain()), sql)
}
