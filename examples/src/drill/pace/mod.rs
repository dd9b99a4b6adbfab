//! How fast and how chatty a deployment is, beside the fastest that anybody could be and beside other orders.
//!
//! A read call is every entry of the simulator's call log that changes nothing: identity checks, lists, polls, and
//! each call of the Data API that carries a `SELECT`, its polls and its results. Seconds are simulated ones. The
//! fastest is the longest path through the simulator's own prerequisites with the durations of that very run.

pub mod orders;
pub mod tenants;

use super::faults::crew;
use super::{Findings, Ground, Report, Scaled, Trouble};
use std::collections::BTreeMap;
use std::fmt::Write;
use xacct_sim::SimTime;
use xacct_sim::timeline::Span;

/// How many seeds are tried.
const SEEDS: u64 = 100;

/// One deployment from nothing.
#[derive(Debug, Clone)]
pub struct Cold {
    /// Which one.
    pub seed: u64,
    /// Simulated seconds.
    pub seconds: f64,
    /// Seconds of the simulator's critical path.
    pub critical: f64,
    /// Calls that read.
    pub reads: u64,
    /// Calls that write.
    pub writes: u64,
    /// Every change with its duration and what it had to wait for.
    pub spans: Vec<Span>,
}

impl Cold {
    /// Time over the critical path.
    pub fn ratio(&self) -> f64 {
        self.seconds / self.critical
    }
}

/// Deploys from nothing, with all latencies of `seed` times `scale`.
///
/// # Errors
/// As [`xacct::Pipeline::deploy`].
pub fn cold(ground: &Ground, seed: u64, scale: f64) -> Result<Cold, Trouble> {
    let sim = ground.world(seed).latency_scale(scale).build();
    sim.run(async { ground.pipeline(&sim).await?.deploy().await })?;
    let calls = sim.api_calls();
    Ok(Cold {
        seed,
        seconds: sim.now().as_secs_f64(),
        critical: sim.critical_path().as_secs_f64(),
        reads: calls.read,
        writes: calls.write,
        spans: sim.spans(SimTime::ZERO),
    })
}

/// Calls of a deployment that finds nothing to do: those that read, those that write.
///
/// # Errors
/// As [`xacct::Pipeline::deploy`].
pub fn again(ground: &Ground, seed: u64) -> Result<(u64, u64), Trouble> {
    let sim = ground.world(seed).build();
    let deploy = async || ground.pipeline(&sim).await?.deploy().await;
    sim.run(deploy())?;
    let before = sim.call_log().len();
    sim.run(deploy())?;
    let log = sim.call_log();
    // The one request of the Kafka protocol goes to the brokers and through no AWS API.
    let api = log[before..]
        .iter()
        .filter(|call| call.service != "kafka-cluster");
    let (reads, writes): (Vec<_>, Vec<_>) = api.partition(|call| call.read_only);
    Ok((reads.len() as u64, writes.len() as u64))
}

/// The value below which a share of all lies, the nearest of them.
pub fn quantile<T: Copy + PartialOrd>(all: &[T], share: f64) -> Option<T> {
    let mut sorted = all.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Deployments from nothing over these seeds, on all cores.
///
/// # Errors
/// One of them fails.
pub fn many(ground: &Ground, seeds: u64, scale: f64) -> Result<Vec<Cold>, Trouble> {
    let seeds: Vec<u64> = (1..=seeds).collect();
    crew::run(&seeds, |&seed| cold(ground, seed, scale))
        .into_iter()
        .collect()
}

/// What they come to.
pub fn scaled(runs: &[Cold], scale: f64) -> Scaled {
    let ratios: Vec<f64> = runs.iter().map(Cold::ratio).collect();
    let reads: Vec<u64> = runs.iter().map(|run| run.reads).collect();
    let ratio = |share| quantile(&ratios, share).unwrap_or(f64::NAN);
    Scaled {
        scale,
        ratio_median: ratio(0.5),
        ratio_p95: ratio(0.95),
        reads_p95: quantile(&reads, 0.95).unwrap_or(u64::MAX),
    }
}

impl Scaled {
    /// Whether this is as fast and as quiet as promised: 1.02 and 1.05 times the critical path, 400 reads.
    pub fn holds(&self) -> bool {
        self.ratio_median <= 1.02 && self.ratio_p95 <= 1.05 && self.reads_p95 <= 400
    }
}

/// The part of the drill.
///
/// # Errors
/// A deployment fails.
pub fn run(ground: &Ground, report: &mut Report) -> Result<Findings, Trouble> {
    let runs = many(ground, SEEDS, 1.0)?;
    let (reads, writes) = again(ground, 1)?;
    let of = |figure: fn(&Cold) -> f64| quantile(&runs.iter().map(figure).collect::<Vec<_>>(), 0.5);
    let here = scaled(&runs, 1.0);
    let mut scales = vec![here];
    for scale in [0.5, 2.0] {
        scales.push(scaled(&many(ground, SEEDS, scale)?, scale));
    }
    report.noop_reads = Some(reads);
    report.noop_writes = Some(writes);
    report.cold_reads_p95 = Some(here.reads_p95);
    report.cold_writes = runs.iter().map(|run| run.writes).max();
    report.critical_path_ratio_median = Some(here.ratio_median);
    report.critical_path_ratio_p95 = Some(here.ratio_p95);
    report.seeds = Some(SEEDS);
    report.virtual_seconds_median = of(|run| run.seconds);
    report.tutorial_order_seconds = of(|run| orders::one_by_one(&run.spans).as_secs_f64());
    report.unweighted_walk_seconds = of(|run| orders::unweighted_walk(&run.spans).as_secs_f64());
    let survived = writes == 0 && reads <= 45 && scales.iter().all(Scaled::holds);
    report.scales = Some(scales);
    let mut by_tenants = BTreeMap::new();
    for number in [1, 10, 100] {
        by_tenants.insert(number, tenants::reads(ground, number)?);
    }
    report.noop_reads_by_tenants = Some(by_tenants);
    Ok(Findings {
        text: told(report)?,
        survived,
    })
}

fn told(report: &Report) -> Result<String, Trouble> {
    let mut text = String::new();
    let seconds = |figure: Option<f64>| figure.map_or_else(String::new, |seconds| format!("{seconds:.1} s"));
    let count = |figure: Option<u64>| figure.map_or_else(String::new, |count| count.to_string());
    writeln!(
        text,
        "  latencies   over the critical path: median   95th   reads: 95th"
    )?;
    for of in report.scales.iter().flatten() {
        let (scale, median, p95) = (of.scale, of.ratio_median, of.ratio_p95);
        writeln!(
            text,
            "  x {scale:<20} {median:>23.4} {p95:>6.4} {:>13}",
            of.reads_p95
        )?;
    }
    for (what, figure) in [
        ("seeds", count(report.seeds)),
        ("time, median", seconds(report.virtual_seconds_median)),
        (
            "the tutorial's order, median",
            seconds(report.tutorial_order_seconds),
        ),
        (
            "an unweighted walk, 10 at once, median",
            seconds(report.unweighted_walk_seconds),
        ),
        ("writes", count(report.cold_writes)),
        ("reads of a run without a change", count(report.noop_reads)),
        ("writes of a run without a change", count(report.noop_writes)),
    ] {
        writeln!(text, "  {what:<42} {figure:>10}")?;
    }
    for (tenants, reads) in report.noop_reads_by_tenants.iter().flatten() {
        writeln!(
            text,
            "  reads of a fleet of {tenants:>3} without a change {reads:>13}"
        )?;
    }
    Ok(text)
}
