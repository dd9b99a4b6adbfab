//! Counters and histograms, through the `metrics` facade.
//!
//! Handles are taken once, when a producer connects: install a recorder before that. Without one they
//! cost nothing.
//!
//! | name | kind | meaning |
//! |---|---|---|
//! | `msk_clickstream_events_delivered_total` | counter | events that all replicas have |
//! | `msk_clickstream_bytes_delivered_total` | counter | their bytes, keys included |
//! | `msk_clickstream_events_failed_total` | counter | events that were not delivered after they were in the buffer |
//! | `msk_clickstream_events_possibly_written_total` | counter | those of them that may be in the topic all the same |
//! | `msk_clickstream_events_refused_total` | counter | events that never were in the buffer |
//! | `msk_clickstream_delivery_seconds` | histogram | from the buffer to the acknowledgement |
//! | `msk_clickstream_paced_seconds` | histogram | how long an event waited for its quota |
//! | `msk_clickstream_buffered_bytes` | gauge | bytes in the buffer, every two seconds |
//! | `msk_clickstream_producers_replaced_total` | counter | producers that librdkafka gave up |
//!
//! Each has the label `topic`.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};

/// The handles of one producer.
pub(crate) struct Meters {
    delivered: Counter,
    delivered_bytes: Counter,
    failed: Counter,
    possibly_written: Counter,
    refused: Counter,
    delivery: Histogram,
    paced: Histogram,
    buffered: Gauge,
    replaced: Counter,
}

impl Meters {
    pub(crate) fn new(topic: &str) -> Self {
        let counter = |name: &'static str| metrics::counter!(name, "topic" => topic.to_owned());
        let histogram = |name: &'static str| metrics::histogram!(name, "topic" => topic.to_owned());
        Self {
            delivered: counter("msk_clickstream_events_delivered_total"),
            delivered_bytes: counter("msk_clickstream_bytes_delivered_total"),
            failed: counter("msk_clickstream_events_failed_total"),
            possibly_written: counter("msk_clickstream_events_possibly_written_total"),
            refused: counter("msk_clickstream_events_refused_total"),
            delivery: histogram("msk_clickstream_delivery_seconds"),
            paced: histogram("msk_clickstream_paced_seconds"),
            buffered: metrics::gauge!("msk_clickstream_buffered_bytes", "topic" => topic.to_owned()),
            replaced: counter("msk_clickstream_producers_replaced_total"),
        }
    }

    pub(crate) fn delivered(&self, bytes: usize, age: Duration) {
        self.delivered.increment(1);
        self.delivered_bytes.increment(bytes as u64);
        self.delivery.record(age.as_secs_f64());
    }

    pub(crate) fn failed(&self, possibly_written: bool) {
        self.failed.increment(1);
        if possibly_written {
            self.possibly_written.increment(1);
        }
    }

    pub(crate) fn refused(&self) {
        self.refused.increment(1);
    }

    pub(crate) fn paced(&self, wait: Duration) {
        self.paced.record(wait.as_secs_f64());
    }

    pub(crate) fn buffered(&self, bytes: u64) {
        self.buffered.set(bytes as f64);
    }

    pub(crate) fn replaced(&self) {
        self.replaced.increment(1);
    }
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}
