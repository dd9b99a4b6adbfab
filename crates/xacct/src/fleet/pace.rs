//! How fast a fleet calls AWS: one token bucket for each API and account.
//!
//! AWS refuses calls once a bucket of its own is empty. A refused call is tried
//! again, but it has cost a token of whoever else works in the account, so a fleet
//! waits before it calls. The numbers of EC2 (developer guide, "Request throttling
//! for the Amazon EC2 API"), Route 53 Resolver (developer guide, "Quotas": 5 requests
//! a second for all operations), the Data API (Redshift management guide, "Quotas for
//! the Redshift Data API") and of topic administration (MSK developer guide, "Quotas
//! for MSK Serverless": 2 a second) are AWS's; it publishes none for IAM, STS, MSK
//! and Redshift Serverless, and those here are cautious guesses.

use super::quotas::side_of;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use xacct_converge::Pacer;
use xacct_net::Side;

/// The buckets of both accounts, shared by everything that uses it.
#[derive(Debug, Default)]
pub struct Pace {
    buckets: Mutex<BTreeMap<(Side, String), Fill>>,
}

/// What one bucket has seen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bucket {
    /// Whose account.
    pub side: Side,
    /// The API, for example `iam:CreateRole`; a service where all its operations share one bucket.
    pub api: String,
    /// Calls that were made.
    pub calls: u64,
    /// Calls that had to wait.
    pub waited: u64,
    /// How long the longest wait was.
    pub longest: Duration,
}

/// A bucket as it is now. Tokens that are booked ahead make it negative.
#[derive(Debug)]
struct Fill {
    tokens: f64,
    at: SystemTime,
    seen: Bucket,
}

impl Pace {
    /// Every bucket that was used, by side and API.
    #[must_use]
    pub fn buckets(&self) -> Vec<Bucket> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.values().map(|fill| fill.seen.clone()).collect()
    }

    /// The buckets that made somebody wait.
    #[must_use]
    pub fn binding(&self) -> Vec<Bucket> {
        let mut binding = self.buckets();
        binding.retain(|bucket| bucket.waited > 0);
        binding
    }

    fn take(&self, side: Side, operation: &str, now: SystemTime) -> Duration {
        let (api, burst, per_second) = rate(operation);
        let (burst, per_second) = (burst * SHARE, per_second * SHARE);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let fill = buckets.entry((side, api.to_owned())).or_insert_with(|| Fill {
            tokens: burst,
            at: now,
            seen: Bucket {
                side,
                api: api.to_owned(),
                calls: 0,
                waited: 0,
                longest: Duration::ZERO,
            },
        });
        let passed = now.duration_since(fill.at).unwrap_or_default();
        fill.tokens = (fill.tokens + passed.as_secs_f64() * per_second).min(burst) - 1.0;
        fill.at = now;
        fill.seen.calls += 1;
        if fill.tokens >= 0.0 {
            return Duration::ZERO;
        }
        let wait = Duration::from_secs_f64(-fill.tokens / per_second);
        fill.seen.waited += 1;
        fill.seen.longest = fill.seen.longest.max(wait);
        wait
    }
}

impl Pacer for Pace {
    fn book(&self, resource: &str, operation: &str, now: SystemTime) -> Duration {
        let service = operation.split(':').next().unwrap_or_default();
        let side = match service {
            "kafka" | "kafka-admin" => Some(Side::Source),
            "redshift-serverless" | "redshift-data" => Some(Side::Warehouse),
            _ => side_of(resource),
        };
        match side {
            Some(side) => self.take(side, operation, now),
            // Nobody can tell whose call it is: it counts for both.
            None => {
                let waits = Side::BOTH.map(|side| self.take(side, operation, now));
                waits[0].max(waits[1])
            }
        }
    }
}

/// How much of every bucket is used: others call too, and calls arrive unevenly.
const SHARE: f64 = 0.8;

/// The bucket of an operation, what it holds, and what comes back in a second.
fn rate(operation: &str) -> (&str, f64, f64) {
    let (service, verb) = operation.split_once(':').unwrap_or((operation, ""));
    match (service, verb) {
        ("ec2", "CreateVpcEndpoint" | "DeleteVpcEndpoints") => (operation, 4.0, 0.3),
        ("ec2", "CreateNatGateway" | "DeleteNatGateway") => (operation, 10.0, 1.0),
        ("ec2", "CreateTags" | "DeleteTags") => (operation, 100.0, 10.0),
        ("ec2", verb) if verb.starts_with("Describe") => (operation, 100.0, 20.0),
        ("ec2", _) => (operation, 50.0, 5.0),
        ("route53resolver", _) => (service, 5.0, 5.0),
        ("redshift-data", "ExecuteStatement") => (operation, 30.0, 30.0),
        ("redshift-data", "DescribeStatement") => (operation, 100.0, 100.0),
        ("redshift-data", _) => (operation, 20.0, 20.0),
        ("kafka-admin", _) => (service, 2.0, 2.0),
        ("sts", _) => (operation, 20.0, 10.0),
        ("iam", _) => (operation, 10.0, 5.0),
        _ => (operation, 5.0, 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn calls_beyond_the_burst_wait_in_the_order_in_which_they_came() {
        let pace = Pace::default();
        let waits: Vec<u128> = (0..12)
            .map(|_| {
                pace.book("cell-1/source/role", "iam:CreateRole", UNIX_EPOCH)
                    .as_millis()
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 250, 500, 750, 1000]);
        let later = UNIX_EPOCH + Duration::from_secs(2);
        assert_eq!(
            pace.book("cell-1/source/role", "iam:CreateRole", later),
            Duration::ZERO
        );
        let binding = pace.binding();
        assert_eq!((binding[0].calls, binding[0].waited), (13, 4));
    }

    #[test]
    fn accounts_have_buckets_of_their_own_and_resolver_has_one_for_everything() {
        let pace = Pace::default();
        let book = |resource: &str, operation: &str| pace.book(resource, operation, UNIX_EPOCH);
        (0..4)
            .for_each(|_| assert!(book("a/source/inbound", "route53resolver:GetResolverEndpoint").is_zero()));
        assert!(!book("a/source/inbound", "route53resolver:ListResolverRules").is_zero());
        assert!(book("a/warehouse/outbound", "route53resolver:ListResolverRules").is_zero());
    }

    #[test]
    fn a_call_of_nobody_knows_which_side_counts_for_both() {
        let pace = Pace::default();
        (0..80).for_each(|_| assert!(pace.book("", "ec2:DescribeVpcs", UNIX_EPOCH).is_zero()));
        assert!(!pace.book("source/vpc", "ec2:DescribeVpcs", UNIX_EPOCH).is_zero());
        assert!(
            !pace
                .book("warehouse/vpc", "ec2:DescribeVpcs", UNIX_EPOCH)
                .is_zero()
        );
    }
}
