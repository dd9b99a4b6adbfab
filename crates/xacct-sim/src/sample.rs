//! Seeded durations: how long AWS takes, as log-normals fitted to a median and a 95th percentile in seconds.
//!
//! A duration depends on the seed, the account, the kind and the name alone, so it does not change when unrelated calls
//! come in another order. Numbers come from public apply logs and acceptance-test durations; those of deletions of
//! resolver endpoints, interface endpoints and MSK clusters are weak estimates.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::settings::Settings;

/// (kind, median, 95th percentile), seconds.
pub const LATENCIES: &[(&str, f64, f64)] = &[
    ("api", 0.09, 0.2),
    ("ec2.vpc", 2.0, 7.0),
    ("ec2.vpc.attribute", 4.0, 10.0),
    ("ec2.subnet", 1.0, 4.0),
    ("ec2.route-table", 1.0, 4.0),
    ("ec2.association", 1.0, 4.0),
    ("ec2.internet-gateway", 1.0, 2.0),
    ("ec2.security-group", 2.0, 5.0),
    ("ec2.address", 1.0, 2.0),
    ("ec2.nat-gateway", 107.0, 125.0),
    ("ec2.nat-gateway.delete", 60.0, 65.0),
    ("ec2.vpc-endpoint.gateway", 7.0, 10.0),
    ("ec2.vpc-endpoint.interface", 75.0, 130.0),
    ("ec2.vpc-endpoint.delete", 60.0, 180.0),
    ("ec2.peering.request", 2.0, 5.0),
    ("ec2.peering.accept", 2.0, 10.0),
    ("ec2.peering.delete", 2.0, 10.0),
    ("ec2.peering.accepter-visible", 4.0, 20.0),
    ("ec2.visible", 1.2, 5.0),
    ("ec2.eni.linger", 60.0, 300.0),
    ("msk.cluster", 150.0, 300.0),
    ("msk.cluster.delete", 90.0, 180.0),
    ("resolver.endpoint", 90.0, 180.0),
    ("resolver.endpoint.delete", 60.0, 150.0),
    ("resolver.endpoint.update", 60.0, 150.0),
    ("resolver.rule", 2.0, 15.0),
    ("resolver.rule.update", 60.0, 300.0),
    ("resolver.rule.delete", 5.0, 20.0),
    ("resolver.association", 60.0, 110.0),
    ("resolver.association.delete", 60.0, 110.0),
    ("redshift.namespace", 3.0, 15.0),
    ("redshift.namespace.update", 5.0, 20.0),
    ("redshift.namespace.delete", 10.0, 60.0),
    ("redshift.workgroup", 150.0, 600.0),
    ("redshift.workgroup.modify", 20.0, 40.0),
    ("redshift.workgroup.update", 60.0, 180.0),
    ("redshift.workgroup.delete", 120.0, 300.0),
    ("redshift.roles.in-sync", 5.0, 20.0),
    ("redshift.statement", 0.4, 2.0),
    ("redshift.refresh", 1.5, 6.0),
    ("iam.role", 1.0, 2.0),
    ("iam.visible", 1.0, 4.0),
    ("iam.principal", 10.0, 30.0),
    ("iam.assumable", 10.0, 30.0),
];

/// Those of the kinds above that say how long something is invisible. A VPC and a subnet are seen before they are
/// available, so how long they are pending is among them.
const LAG: &[&str] = &[
    "ec2.vpc",
    "ec2.subnet",
    "ec2.route-table",
    "ec2.internet-gateway",
    "ec2.security-group",
    "ec2.address",
    "ec2.peering.accepter-visible",
    "ec2.visible",
    "iam.visible",
];

/// 0.95 quantile of the standard normal distribution.
const Z95: f64 = 1.644_853_6;

/// The duration of `kind` for `name` in `account`; an unlisted kind takes one second.
pub fn duration(settings: &Settings, account: &str, kind: &str, name: &str) -> Duration {
    let (median, p95) = LATENCIES
        .iter()
        .find(|(listed, ..)| *listed == kind)
        .map_or((1.0, 1.0), |(_, median, p95)| (*median, *p95));
    let spread = (p95 / median).ln() / Z95;
    let seconds = median * (spread * normal(settings.seed, &[account, kind, name])).exp();
    let lag = if LAG.contains(&kind) {
        settings.lag_scale
    } else {
        1.0
    };
    // Beyond five times the 95th percentile lies no observation.
    Duration::from_secs_f64((seconds.min(5.0 * p95) * lag * settings.latency_scale).max(0.0))
}

/// A uniform number in [0, 1) for these words.
pub fn uniform(seed: u64, words: &[&str]) -> f64 {
    (bits(seed, words) >> 11) as f64 / (1u64 << 53) as f64
}

/// 64 seeded bits for these words.
pub fn bits(seed: u64, words: &[&str]) -> u64 {
    let mut first = [0u8; 8];
    first.copy_from_slice(&digest(seed, words)[..8]);
    u64::from_be_bytes(first)
}

/// 32 seeded bytes for these words.
pub fn digest(seed: u64, words: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    for word in words {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word.as_bytes());
    }
    hash.finalize().into()
}

/// A standard normal number (Box-Muller).
fn normal(seed: u64, words: &[&str]) -> f64 {
    let bytes = digest(seed, words);
    let part = |range: std::ops::Range<usize>| {
        let mut raw = [0u8; 8];
        raw.copy_from_slice(&bytes[range]);
        ((u64::from_be_bytes(raw) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    (-2.0 * part(0..8).ln()).sqrt() * (std::f64::consts::TAU * part(8..16)).cos()
}

#[cfg(test)]
mod tests {
    use super::{LATENCIES, duration};
    use crate::settings::Settings;

    fn sorted(kind: &str) -> Vec<f64> {
        let settings = Settings::default();
        let mut all: Vec<f64> = (0..2000)
            .map(|n| duration(&settings, "a", kind, &n.to_string()).as_secs_f64())
            .collect();
        all.sort_by(f64::total_cmp);
        all
    }

    #[test]
    fn samples_have_the_median_and_the_95th_percentile_that_the_table_says() {
        for (kind, median, p95) in LATENCIES {
            let all = sorted(kind);
            assert!(
                (all[1000] / median - 1.0).abs() < 0.1,
                "{kind}: median {}",
                all[1000]
            );
            assert!((all[1900] / p95 - 1.0).abs() < 0.15, "{kind}: p95 {}", all[1900]);
        }
    }

    #[test]
    fn a_duration_depends_on_seed_account_kind_and_name_alone() {
        let settings = Settings::default();
        let other = Settings {
            seed: 8,
            ..Settings::default()
        };
        let of =
            |settings: &Settings, account: &str, name: &str| duration(settings, account, "msk.cluster", name);
        assert_eq!(of(&settings, "a", "x"), of(&settings, "a", "x"));
        assert_ne!(of(&settings, "a", "x"), of(&settings, "b", "x"));
        assert_ne!(of(&settings, "a", "x"), of(&settings, "a", "y"));
        assert_ne!(of(&settings, "a", "x"), of(&other, "a", "x"));
    }
}
