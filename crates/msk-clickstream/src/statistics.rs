//! What librdkafka counts, as types.

use std::time::Duration;

use rdkafka::statistics::{Broker, Statistics as Raw, Window};

/// A look at a producer, taken every two seconds.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Events in the buffer or under way.
    pub buffered_events: u64,
    /// Their bytes.
    pub buffered_bytes: u64,
    /// Events sent since the producer connected, again where they were sent again.
    pub sent_events: u64,
    /// Their bytes before compression.
    pub sent_bytes: u64,
    /// Requests sent since then, of every kind.
    pub requests: u64,
    /// Events in a batch, lately and on average.
    pub batch_events: u64,
    /// Bytes of a batch as it is sent, lately and on average.
    pub batch_bytes: u64,
    /// The brokers that the topic is on, by name.
    pub brokers: Vec<BrokerStatistics>,
}

/// A look at one broker.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct BrokerStatistics {
    /// Host, port and number.
    pub name: String,
    /// `UP`, `DOWN`, `CONNECT`, `AUTH_REQ` …, as librdkafka calls it.
    pub state: String,
    /// Connections made, and attempts.
    pub connects: u64,
    /// Connections lost.
    pub disconnects: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Requests without an answer in time.
    pub timeouts: u64,
    /// Median of the time to an answer, lately.
    pub round_trip_p50: Duration,
    /// 99th percentile of it.
    pub round_trip_p99: Duration,
    /// For how long the broker has told this client to wait, lately and on average: its quota is used up.
    pub throttled: Duration,
}

impl Statistics {
    pub(crate) fn read(raw: &Raw, topic: &str) -> Self {
        let topic = raw.topics.get(topic);
        let mut brokers: Vec<_> = raw
            .brokers
            .values()
            .filter(|broker| broker.nodeid >= 0)
            .map(BrokerStatistics::read)
            .collect();
        brokers.sort_by(|one, other| one.name.cmp(&other.name));
        Self {
            buffered_events: raw.msg_cnt,
            buffered_bytes: raw.msg_size,
            sent_events: count(raw.txmsgs),
            sent_bytes: count(raw.txmsg_bytes),
            requests: count(raw.tx),
            batch_events: topic.map_or(0, |topic| count(topic.batchcnt.avg)),
            batch_bytes: topic.map_or(0, |topic| count(topic.batchsize.avg)),
            brokers,
        }
    }
}

impl BrokerStatistics {
    fn read(raw: &Broker) -> Self {
        let micros = |window: &Option<Window>, of: fn(&Window) -> i64| {
            Duration::from_micros(window.as_ref().map_or(0, |window| count(of(window))))
        };
        Self {
            name: raw.name.clone(),
            state: raw.state.clone(),
            connects: count(raw.connects.unwrap_or_default()),
            disconnects: count(raw.disconnects.unwrap_or_default()),
            retries: raw.txretries,
            timeouts: raw.req_timeouts,
            round_trip_p50: micros(&raw.rtt, |window| window.p50),
            round_trip_p99: micros(&raw.rtt, |window| window.p99),
            // This window is in milliseconds.
            throttled: micros(&raw.throttle, |window| window.avg) * 1_000,
        }
    }
}

/// librdkafka counts with a sign.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_sorted_and_bootstrap_addresses_left_out() {
        let broker = |name: &str, nodeid| Broker {
            name: name.to_owned(),
            nodeid,
            ..Broker::default()
        };
        let mut raw = Raw::default();
        for one in [broker("b:9098/2", 2), broker("a:9098/1", 1), broker("boot", -1)] {
            raw.brokers.insert(one.name.clone(), one);
        }
        let read = Statistics::read(&raw, "t");
        let names: Vec<_> = read.brokers.iter().map(|broker| broker.name.as_str()).collect();
        assert_eq!(names, ["a:9098/1", "b:9098/2"]);
    }

    #[test]
    fn windows_keep_their_units() {
        let window = |value| {
            Some(Window {
                avg: value,
                p50: value,
                p99: value,
                ..Window::default()
            })
        };
        let raw = Broker {
            rtt: window(1_500),
            throttle: window(20),
            ..Broker::default()
        };
        let read = BrokerStatistics::read(&raw);
        assert_eq!(read.round_trip_p99, Duration::from_micros(1_500));
        assert_eq!(read.throttled, Duration::from_millis(20));
    }
}
