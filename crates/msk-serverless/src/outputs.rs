//! What a cluster and its topics give to whoever needs them.

use serde::{Deserialize, Serialize};
use xacct_types::{ClusterArn, TopicName};

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClusterOut {
    /// Its ARN, known as soon as it exists.
    pub arn: ClusterArn,
    /// Its name.
    pub name: String,
    /// Hosts and ports for clients with IAM authentication, separated by commas;
    /// known once the cluster can be used.
    pub bootstrap: Option<String>,
}

impl ClusterOut {
    pub(crate) fn new(arn: ClusterArn) -> Self {
        let name = arn.name().to_owned();
        Self {
            arn,
            name,
            bootstrap: None,
        }
    }

    /// The first bootstrap host, without its port.
    #[must_use]
    pub fn bootstrap_host(&self) -> Option<&str> {
        let first = self.bootstrap.as_deref()?.split(',').next()?;
        first.split(':').next().filter(|host| !host.is_empty())
    }
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopicOut {
    /// Its name.
    pub name: TopicName,
    /// Its ARN as IAM policies name it.
    pub arn: String,
    /// Number of partitions.
    pub partitions: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_known_bit_by_bit_and_survive_json() {
        let arn = ClusterArn::new(
            "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1",
        )
        .unwrap();
        let mut out = ClusterOut::new(arn);
        assert_eq!((out.name.as_str(), out.bootstrap_host()), ("clicks", None));
        out.bootstrap = Some("boot-abc.c1.kafka-serverless.ap-south-1.amazonaws.com:9098".into());
        assert_eq!(
            out.bootstrap_host(),
            Some("boot-abc.c1.kafka-serverless.ap-south-1.amazonaws.com")
        );
        let json = serde_json::to_string(&out).unwrap();
        assert_eq!(serde_json::from_str::<ClusterOut>(&json).unwrap(), out);
    }
}
