//! Addresses of Kafka brokers.

use serde::{Deserialize, Serialize};
use std::fmt;
use xacct_types::Invalid;

/// One or more `host:port`, as `URI` takes them.
///
/// ```
/// use redshift_streaming::ddl::BrokerList;
/// let brokers: BrokerList = "b-1.example.com:9098,b-2.example.com:9098".parse()?;
/// assert_eq!(brokers.len(), 2);
/// assert!("example.com".parse::<BrokerList>().is_err());
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BrokerList(Vec<Broker>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Broker {
    host: String,
    port: u16,
}

impl BrokerList {
    /// Reads `host:port[,host:port…]`.
    ///
    /// # Errors
    /// [`Invalid`] where a part has no port, or a host has a character that no host has.
    pub fn new(text: impl AsRef<str>) -> Result<Self, Invalid> {
        let text = text.as_ref();
        text.split(',')
            .map(read_broker)
            .collect::<Result<Vec<_>, String>>()
            .map(Self)
            .map_err(|why| Invalid::new("broker list", text, why))
    }

    /// How many brokers are listed; at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a list is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Hosts and ports in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u16)> {
        self.0.iter().map(|broker| (broker.host.as_str(), broker.port))
    }

    /// Whether every broker is one of MSK, by its name.
    #[must_use]
    pub fn is_msk(&self) -> bool {
        self.iter().all(|(host, _)| msk_host(host))
    }

    /// Whether any broker is one of MSK Serverless, by its name.
    #[must_use]
    pub fn is_msk_serverless(&self) -> bool {
        self.iter().any(|(host, _)| host.contains(".kafka-serverless."))
    }

    /// Whether any broker is one of Confluent Cloud, by its name.
    #[must_use]
    pub fn is_confluent(&self) -> bool {
        self.iter().any(|(host, _)| host.ends_with(".confluent.cloud"))
    }
}

fn msk_host(host: &str) -> bool {
    let kafka = host.contains(".kafka.") || host.contains(".kafka-serverless.");
    kafka && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
}

fn read_broker(text: &str) -> Result<Broker, String> {
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err("has a broker without a port: write host:port, separated by commas".into());
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(legal) {
        return Err("has a host that is empty or holds an illegal character".into());
    }
    let digits = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    match port.parse::<u16>() {
        Ok(port) if digits => Ok(Broker {
            host: host.to_owned(),
            port,
        }),
        _ => Err(format!("has the port \"{port}\": write 1 to 65535")),
    }
}

impl std::str::FromStr for BrokerList {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl TryFrom<String> for BrokerList {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl From<BrokerList> for String {
    fn from(list: BrokerList) -> String {
        list.to_string()
    }
}

impl fmt::Display for BrokerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (host, port)) in self.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma}{host}:{port}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_blanks_and_bad_ports_are_refused() {
        for bad in [
            "", "a'b:9098", "a b:9098", "a:0", "a:65536", "a:9098,", "a:+1", "a:",
        ] {
            assert!(BrokerList::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_serverless_bootstrap_name_is_recognised() {
        let list = BrokerList::new("boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9098").unwrap();
        assert!(list.is_msk() && list.is_msk_serverless() && !list.is_confluent());
    }
}
