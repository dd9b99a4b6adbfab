//! What the quickstart writes to `--report`.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The whole run. Seconds are floating point, counts integers.
#[derive(Debug, Serialize)]
pub struct QuickstartReport {
    /// `msk` or `kinesis`.
    pub source: String,
    /// Events that the brokers confirmed.
    pub produced: u64,
    /// Landed and parsed.
    pub rows: u64,
    /// Landed, not JSON.
    pub quarantined: u64,
    /// Positions that Redshift skipped.
    pub skipped: u64,
    /// Over the sorted ids (or raw bytes) of what was sent.
    pub sent_digest: String,
    /// Over the sorted ids (or raw bytes) of what was read.
    pub read_digest: String,
    /// Resources that the deployment made.
    pub resources: usize,
    /// Calls that the simulator answered.
    pub api_calls: ApiCalls,
    /// Simulated time of the deployment.
    pub virtual_seconds: f64,
    /// Shortest time possible, by the simulator's own prerequisites and durations.
    pub critical_path_seconds: f64,
    /// Real time of the whole run.
    pub wall_seconds: f64,
    /// What `verify()` found.
    pub verify: Verified,
    /// The deployment's outputs.
    pub outputs: Value,
}

/// Calls by kind.
#[derive(Debug, Serialize)]
pub struct ApiCalls {
    /// Calls that change nothing.
    pub read: u64,
    /// All others.
    pub write: u64,
    /// Both, by service.
    pub by_service: BTreeMap<String, u64>,
}

/// What `verify()` found.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Links that hold.
    pub passed: usize,
    /// Links that do not.
    pub failed: usize,
    /// Every finding.
    pub findings: Value,
}
