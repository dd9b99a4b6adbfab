//! What `drill --report` writes.

use serde::Serialize;
use std::collections::BTreeMap;

/// Deployments from nothing with every latency times a factor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scaled {
    /// The factor.
    pub scale: f64,
    /// Time over the simulator's critical path, median over the seeds.
    pub ratio_median: f64,
    /// The same, 95th percentile.
    pub ratio_p95: f64,
    /// Reads, 95th percentile.
    pub reads_p95: u64,
}

/// The figures of a drill. Those of parts that were not done are null.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Calls of an undisturbed deployment.
    pub calls: Option<u64>,
    /// Different calls among them: account, operation, resource, state seen.
    pub fault_points: Option<u64>,
    /// The faults that were tried.
    pub faults: Option<Vec<String>>,
    /// Faults times points, as far as they differ.
    pub cases: Option<u64>,
    /// Cases that ended like an undisturbed run.
    pub survived: Option<u64>,
    /// Resources that an undisturbed run does not leave, over all cases.
    pub orphans: Option<u64>,
    /// Resources that were there twice, over all cases.
    pub duplicates: Option<u64>,
    /// Reads of a deployment that finds nothing to do.
    pub noop_reads: Option<u64>,
    /// Reads of a fleet that finds nothing to do, by the number of its tenants.
    pub noop_reads_by_tenants: Option<BTreeMap<usize, u64>>,
    /// Writes of a deployment that finds nothing to do.
    pub noop_writes: Option<u64>,
    /// Reads of a deployment from nothing, 95th percentile over the seeds.
    pub cold_reads_p95: Option<u64>,
    /// Writes of a deployment from nothing.
    pub cold_writes: Option<u64>,
    /// Time over the simulator's critical path, median over the seeds.
    pub critical_path_ratio_median: Option<f64>,
    /// The same, 95th percentile.
    pub critical_path_ratio_p95: Option<f64>,
    /// Seeds that were tried.
    pub seeds: Option<u64>,
    /// The same under other latencies.
    pub scales: Option<Vec<Scaled>>,
    /// Seconds that the tutorial's order takes.
    pub tutorial_order_seconds: Option<f64>,
    /// Seconds that a walk takes which starts whatever can start, without knowing what takes long.
    pub unweighted_walk_seconds: Option<f64>,
    /// Seconds that a deployment takes, median over the seeds.
    pub virtual_seconds_median: Option<f64>,
    /// Ways to take one privilege away.
    pub privilege_mutants: Option<u64>,
    /// Those that were noticed.
    pub privilege_killed: Option<u64>,
    /// Ways to break the network.
    pub proof_mutants: Option<u64>,
    /// Those about which the proof and the simulator did not agree.
    pub proof_disagreements: Option<u64>,
}
