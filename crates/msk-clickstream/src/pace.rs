//! Staying inside the quotas of a cluster, so that a burst is slowed and not thrown back.
//!
//! Token buckets that hold one second's worth. An event is let in at once while its bucket has something
//! left; beyond that it waits until its debt is paid, so the rate holds on average and no event is
//! refused. Brokers count compressed bytes: what a batch shrinks to is taken from librdkafka's statistics,
//! and until those are there an event is counted as it is.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::SharedTimeSource;

/// What a cluster takes in.
///
/// The defaults are the quotas of MSK Serverless. Source: Amazon MSK developer guide, "Amazon MSK quota".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quotas {
    /// Bytes a second and partition. MSK Serverless: 5 MB.
    pub partition_bytes: u64,
    /// Bytes a second for all partitions together. MSK Serverless: 200 MB.
    pub cluster_bytes: u64,
    /// Requests a second; events wait for each other longer where a topic has so many partitions that
    /// they would exceed this. MSK Serverless: 15,000.
    pub requests: u64,
}

impl Quotas {
    /// Those of MSK Serverless.
    #[must_use]
    pub const fn serverless() -> Self {
        Self {
            partition_bytes: 5_000_000,
            cluster_bytes: 200_000_000,
            requests: 15_000,
        }
    }

    /// None, for clusters whose owner has sized them.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            partition_bytes: u64::MAX,
            cluster_bytes: u64::MAX,
            requests: u64::MAX,
        }
    }

    /// Bytes a second and partition, at least 1.
    #[must_use]
    pub const fn with_partition_bytes(mut self, bytes: u64) -> Self {
        self.partition_bytes = bytes;
        self
    }

    /// Bytes a second for the cluster, at least 1.
    #[must_use]
    pub const fn with_cluster_bytes(mut self, bytes: u64) -> Self {
        self.cluster_bytes = bytes;
        self
    }

    /// The shortest time for which events must wait for each other, when every partition sends a
    /// request each time.
    pub(crate) fn shortest_linger(&self, partitions: u32) -> Duration {
        Duration::from_millis(
            u64::from(partitions)
                .saturating_mul(1_000)
                .div_ceil(self.requests.max(1)),
        )
    }
}

/// Quotas at work on one topic.
#[derive(Debug)]
pub(crate) struct Pacer {
    clock: SharedTimeSource,
    cluster: Bucket,
    partitions: Vec<Bucket>,
    /// Bytes on the wire for a thousand bytes of events.
    shrunk: AtomicU64,
}

impl Pacer {
    /// `None` where there is nothing to keep to.
    pub(crate) fn new(quotas: Quotas, partitions: u32, clock: SharedTimeSource) -> Option<Self> {
        if quotas == Quotas::unlimited() {
            return None;
        }
        let now = clock.now();
        let all = quotas
            .partition_bytes
            .saturating_mul(u64::from(partitions.max(1)));
        Some(Self {
            clock,
            cluster: Bucket::new(quotas.cluster_bytes.min(all), now),
            partitions: (0..partitions)
                .map(|_| Bucket::new(quotas.partition_bytes, now))
                .collect(),
            shrunk: AtomicU64::new(1_000),
        })
    }

    /// Takes what an event of `size` bytes costs, and says how long it has to wait.
    pub(crate) fn claim(&self, key: Option<&[u8]>, size: usize) -> Duration {
        let cost = self.cost(size);
        let cluster = self.cluster.take(cost, &self.clock);
        let partition = self
            .partition(key)
            .map_or(Duration::ZERO, |one| one.take(cost, &self.clock));
        cluster.max(partition)
    }

    /// Undoes a claim for an event that will not be sent.
    pub(crate) fn give_back(&self, key: Option<&[u8]>, size: usize) {
        let cost = self.cost(size);
        self.cluster.give_back(cost);
        if let Some(one) = self.partition(key) {
            one.give_back(cost);
        }
    }

    /// Learns what events shrink to: `wire` bytes for `plain` ones.
    pub(crate) fn learn(&self, wire: f64, plain: f64) {
        if wire > 0.0 && plain > 0.0 {
            let shrunk = (wire / plain * 1_000.0).clamp(10.0, 1_100.0);
            self.shrunk.store(shrunk as u64, Ordering::Relaxed);
        }
    }

    fn cost(&self, size: usize) -> i64 {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let cost = size.saturating_mul(self.shrunk.load(Ordering::Relaxed)) / 1_000;
        i64::try_from(cost).unwrap_or(i64::MAX).max(1)
    }

    /// The partition that librdkafka will choose. Without a key that is any, and only the cluster counts.
    fn partition(&self, key: Option<&[u8]>) -> Option<&Bucket> {
        let key = key.filter(|key| !key.is_empty())?;
        let count = u32::try_from(self.partitions.len())
            .ok()
            .filter(|count| *count > 0)?;
        self.partitions
            .get(((murmur2(key) & 0x7fff_ffff) % count) as usize)
    }
}

/// The hash by which Kafka's Java client, and librdkafka's `murmur2` partitioners, choose a partition.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ (data.len() as u32);
    let words = data.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (at, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// Bytes that may be sent now; below zero, bytes that were sent ahead of time.
#[derive(Debug)]
struct Bucket {
    level: AtomicI64,
    /// Bytes a second, and the most that is saved up.
    rate: i64,
    filled_at: Mutex<SystemTime>,
}

impl Bucket {
    fn new(rate: u64, now: SystemTime) -> Self {
        let rate = i64::try_from(rate).unwrap_or(i64::MAX / 2).clamp(1, i64::MAX / 2);
        Self {
            level: AtomicI64::new(rate),
            rate,
            filled_at: Mutex::new(now),
        }
    }

    /// Looks at the clock only when the bucket is empty, which is rare.
    fn take(&self, cost: i64, clock: &SharedTimeSource) -> Duration {
        if self.level.fetch_sub(cost, Ordering::Relaxed) >= cost {
            return Duration::ZERO;
        }
        self.fill(clock.now())
    }

    fn give_back(&self, cost: i64) {
        self.level.fetch_add(cost, Ordering::Relaxed);
    }

    /// Adds what has gathered since the last time, and says when the level will be zero.
    fn fill(&self, now: SystemTime) -> Duration {
        let mut filled_at = self.filled_at.lock().unwrap_or_else(PoisonError::into_inner);
        match now.duration_since(*filled_at) {
            Ok(passed) => {
                let gathered = (passed.as_secs_f64() * self.rate as f64) as i64;
                // Less than a byte stays to be counted the next time.
                if gathered > 0 {
                    *filled_at = now;
                    self.add(gathered);
                }
            }
            // The clock was set back.
            Err(_) => *filled_at = now,
        }
        let debt = self.level.load(Ordering::Relaxed).min(0).unsigned_abs();
        Duration::from_secs_f64(debt as f64 / self.rate as f64)
    }

    fn add(&self, gathered: i64) {
        let filled = |level: i64| Some(level.saturating_add(gathered).min(self.rate));
        // The closure never refuses.
        let _ = self
            .level
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, filled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_async::time::TimeSource;
    use std::sync::Arc;

    #[derive(Debug, Clone)]
    struct Clock(Arc<Mutex<SystemTime>>);

    impl Clock {
        fn new() -> Self {
            Self(Arc::new(Mutex::new(
                SystemTime::UNIX_EPOCH + Duration::from_secs(1),
            )))
        }

        fn advance(&self, by: Duration) {
            *self.0.lock().unwrap() += by;
        }
    }

    impl TimeSource for Clock {
        fn now(&self) -> SystemTime {
            *self.0.lock().unwrap()
        }
    }

    fn pacer(quotas: Quotas, partitions: u32) -> (Pacer, Clock) {
        let clock = Clock::new();
        let pacer = Pacer::new(quotas, partitions, SharedTimeSource::new(clock.clone()));
        (pacer.unwrap(), clock)
    }

    /// From the tests of Apache Kafka's `Utils.murmur2`.
    #[test]
    fn the_hash_is_that_of_kafkas_java_client() {
        let vectors = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn a_burst_of_a_second_passes_and_the_rest_waits() {
        let (pacer, clock) = pacer(Quotas::serverless(), 1);
        for _ in 0..5 {
            assert_eq!(pacer.claim(Some(b"k"), 1_000_000), Duration::ZERO);
        }
        assert_eq!(pacer.claim(Some(b"k"), 1_000_000), Duration::from_millis(200));
        assert_eq!(pacer.claim(Some(b"k"), 1_000_000), Duration::from_millis(400));
        clock.advance(Duration::from_millis(400));
        assert_eq!(pacer.claim(Some(b"k"), 1_000_000), Duration::from_millis(200));
    }

    #[test]
    fn the_rate_holds_over_a_minute() {
        let (pacer, clock) = pacer(Quotas::serverless(), 1);
        let (mut sent, mut passed) = (0_u64, Duration::ZERO);
        while passed < Duration::from_secs(60) {
            let wait = pacer.claim(Some(b"k"), 700);
            clock.advance(wait);
            passed += wait;
            sent += 700;
        }
        // 60 seconds' worth and one that was saved up.
        assert!(sent.abs_diff(61 * 5_000_000) < 61 * 50_000, "{sent}");
    }

    #[test]
    fn partitions_are_paced_apart_and_the_cluster_over_all() {
        let quotas = Quotas::serverless().with_cluster_bytes(7_000_000);
        let (pacer, _) = pacer(quotas, 100);
        let mut keys = (0_u32..).map(|n| n.to_string());
        assert_eq!(
            pacer.claim(Some(keys.next().unwrap().as_bytes()), 5_000_000),
            Duration::ZERO
        );
        let other = keys
            .find(|key| murmur2(key.as_bytes()) % 100 != murmur2(b"0") % 100)
            .unwrap();
        // Its partition has room, the cluster has not: 3 MB at 7 MB/s.
        let wait = pacer.claim(Some(other.as_bytes()), 5_000_000);
        assert!(wait.as_millis().abs_diff(428) <= 1, "{wait:?}");
    }

    #[test]
    fn compressed_bytes_are_what_counts() {
        let (pacer, _) = pacer(Quotas::serverless(), 1);
        pacer.learn(250.0, 1_000.0);
        for _ in 0..20 {
            assert_eq!(pacer.claim(None, 1_000_000), Duration::ZERO);
        }
        assert!(pacer.claim(None, 1_000_000) > Duration::ZERO);
    }

    #[test]
    fn what_is_given_back_can_be_claimed_again() {
        let (pacer, _) = pacer(Quotas::serverless(), 1);
        assert_eq!(pacer.claim(Some(b"k"), 5_000_000), Duration::ZERO);
        assert!(pacer.claim(Some(b"k"), 5_000_000) > Duration::ZERO);
        pacer.give_back(Some(b"k"), 5_000_000);
        pacer.give_back(Some(b"k"), 5_000_000);
        assert_eq!(pacer.claim(Some(b"k"), 5_000_000), Duration::ZERO);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing_for_long() {
        let (pacer, clock) = pacer(Quotas::serverless(), 1);
        pacer.claim(None, 5_000_000);
        *clock.0.lock().unwrap() -= Duration::from_secs(1);
        assert_eq!(pacer.claim(None, 5_000_000), Duration::from_secs(1));
        clock.advance(Duration::from_secs(1));
        assert_eq!(pacer.claim(None, 5_000_000), Duration::from_secs(1));
    }

    #[test]
    fn many_partitions_wait_longer_for_company() {
        let linger = |partitions| Quotas::serverless().shortest_linger(partitions);
        assert_eq!(linger(3), Duration::from_millis(1));
        assert_eq!(linger(2_400), Duration::from_millis(160));
        assert_eq!(
            Quotas::unlimited().shortest_linger(2_400),
            Duration::from_millis(1)
        );
    }
}
