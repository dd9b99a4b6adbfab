//! What the SYS views remember: scans of streams, and refreshes.
//! <https://docs.aws.amazon.com/redshift/latest/dg/serverless_views-monitoring.html>

/// A row of `sys_stream_scan_states`. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanState {
    pub database: String,
    pub user: String,
    pub schema: String,
    pub stream: String,
    pub view: String,
    pub transaction: i64,
    pub query: i64,
    pub at: i64,
    pub partition: String,
    pub latest_position: String,
    pub scanned_rows: i64,
    pub skipped_rows: i64,
    pub scanned_bytes: i64,
    pub earliest: Option<i64>,
    pub latest: Option<i64>,
}

/// A row of `sys_stream_scan_errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanError {
    pub database: String,
    pub user: String,
    pub schema: String,
    pub stream: String,
    pub view: String,
    pub transaction: i64,
    pub query: i64,
    pub timestamp_type: char,
    pub timestamp: i64,
    pub at: i64,
    pub partition: String,
    pub position: String,
    pub code: i64,
    pub reason: String,
}

/// A row of `sys_mv_refresh_history`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refresh {
    pub database: String,
    pub user: String,
    pub schema: String,
    pub view: String,
    pub view_id: i64,
    pub transaction: i64,
    pub manual: bool,
    pub status: String,
    pub started: i64,
    pub ended: i64,
}

/// Everything remembered, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub scans: Vec<ScanState>,
    pub errors: Vec<ScanError>,
    pub refreshes: Vec<Refresh>,
}
