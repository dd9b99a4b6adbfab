//! How far a view has read, against what its stream holds.

use super::{Query, name};
use crate::ddl::Identifier;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How far the newest scan of a partition of Kafka has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The partition's number.
    pub partition_id: i32,
    /// The offset of the last record read.
    pub last_offset: i64,
    /// Seconds between that record's time and now.
    pub seconds: Option<i64>,
}

/// How far the newest scan of each partition of Kafka has come for a view. The newest,
/// not the farthest: a view that was made again starts again.
///
/// ```
/// use redshift_streaming::{ddl::Identifier, query};
///
/// let sql = query::progress(&Identifier::new("myview1")?).to_string();
/// assert!(sql.contains("MAX(record_time) AS \"newest\" FROM sys_stream_scan_states"), "{sql}");
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn progress(view: &Identifier) -> Query<Progress> {
    let view_name = name(view);
    let sql = format!(
        "SELECT CAST(TRIM(s.partition_id) AS INTEGER) AS \"partition_id\", \
         MAX(CAST(TRIM(s.latest_position) AS BIGINT)) AS \"last_offset\", \
         DATEDIFF(second, MAX(s.stream_record_time_max), GETDATE()) AS \"seconds\" \
         FROM sys_stream_scan_states s JOIN (SELECT TRIM(partition_id) AS \"partition_id\", \
         MAX(record_time) AS \"newest\" FROM sys_stream_scan_states WHERE TRIM(mv_name) = {view_name} \
         GROUP BY TRIM(partition_id)) n ON TRIM(s.partition_id) = n.partition_id AND s.record_time = n.newest \
         WHERE TRIM(s.mv_name) = {view_name} GROUP BY CAST(TRIM(s.partition_id) AS INTEGER) ORDER BY 1"
    );
    Query::new(format!("progress of {}", view.as_str()), sql)
}

/// How far a view is behind its stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lag {
    /// By partition, all that the stream has.
    pub partitions: BTreeMap<i32, PartitionBehind>,
}

/// How far one partition is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartitionBehind {
    /// Records that the stream has and the view has not read. Of a partition that was
    /// never read, all that were ever in it: what has expired cannot be told apart.
    pub records: u64,
    /// Seconds between the time of the last record read and now, while there are
    /// records to read; nothing where there are none, however long nobody produced.
    pub seconds: Option<u64>,
}

impl Lag {
    /// What lies between `read` and `ends`: the offsets behind the last record of each
    /// partition, as the stream's cluster gives them.
    ///
    /// ```
    /// use redshift_streaming::query::{Lag, Progress};
    /// use std::time::Duration;
    ///
    /// let read = [Progress { partition_id: 0, last_offset: 41, seconds: Some(12) }];
    /// let lag = Lag::between(&read, &[(0, 50), (1, 0)].into());
    /// assert_eq!(lag.records(), 8, "42 to 49");
    /// assert!(lag.within(Duration::from_secs(30)));
    /// assert!(!lag.within(Duration::from_secs(10)));
    /// ```
    #[must_use]
    pub fn between(read: &[Progress], ends: &BTreeMap<i32, i64>) -> Self {
        let behind = |(partition, end): (&i32, &i64)| {
            let seen = read.iter().find(|progress| progress.partition_id == *partition);
            let next = seen.map_or(0, |progress| progress.last_offset + 1);
            let records = u64::try_from(end - next).unwrap_or_default();
            let seconds = seen.and_then(|progress| u64::try_from(progress.seconds?).ok());
            let behind = PartitionBehind {
                records,
                seconds: seconds.filter(|_| records > 0),
            };
            (*partition, behind)
        };
        Self {
            partitions: ends.iter().map(behind).collect(),
        }
    }

    /// Records that the stream has and the view has not read.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.partitions.values().map(|behind| behind.records).sum()
    }

    /// Whether no partition with records to read is behind by more than `limit`. One
    /// that was never read is.
    #[must_use]
    pub fn within(&self, limit: Duration) -> bool {
        let holds = |behind: &PartitionBehind| match behind.seconds {
            Some(seconds) => seconds <= limit.as_secs(),
            None => behind.records == 0,
        };
        self.partitions.values().all(holds)
    }
}
