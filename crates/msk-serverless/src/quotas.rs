//! What one account and one serverless cluster take.

use serde::{Deserialize, Serialize};
use xacct_converge::Finding;
use xacct_types::TopicSettings;

/// Limits of MSK Serverless.
///
/// The defaults are those of the Amazon MSK developer guide, "Amazon MSK quota",
/// as of 2026. Some can be raised by AWS; change the fields then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quotas {
    /// Serverless clusters of an account in a region.
    pub clusters: u64,
    /// Leader partitions of a cluster.
    pub partitions: u64,
    /// Compacted leader partitions of a cluster.
    pub compacted_partitions: u64,
    /// Partitions that can be made or removed in five minutes.
    pub partition_changes: u64,
    /// VPCs from which clients can connect.
    pub client_vpcs: u64,
    /// Security groups of each of them.
    pub security_groups: u64,
    /// Client connections.
    pub connections: u64,
    /// Connection attempts a second.
    pub connection_attempts: u64,
    /// Bytes of one message.
    pub message_bytes: u64,
    /// Megabytes a second into a cluster.
    pub ingress_mb: u64,
    /// Megabytes a second out of a cluster.
    pub egress_mb: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            clusters: 10,
            partitions: 2_400,
            compacted_partitions: 120,
            partition_changes: 250,
            client_vpcs: 5,
            security_groups: 5,
            connections: 3_000,
            connection_attempts: 100,
            message_bytes: 8 * 1024 * 1024,
            ingress_mb: 200,
            egress_mb: 400,
        }
    }
}

impl Quotas {
    /// What would be hit by one cluster more in an account that has `clusters`.
    #[must_use]
    pub fn one_more_cluster(&self, clusters: u64) -> Option<Finding> {
        (clusters >= self.clusters).then(|| {
            Finding::error(
                "cluster/quota",
                format!(
                    "the account has {clusters} serverless clusters and its quota is {}",
                    self.clusters
                ),
                "remove a cluster, use an existing one by its ARN, or ask AWS to raise the quota",
            )
        })
    }

    /// What making these topics at once means for the rate of partition changes.
    #[must_use]
    pub fn creation_rate(&self, new_topics: &[&TopicSettings]) -> Option<Finding> {
        let partitions: u64 = new_topics.iter().map(|topic| u64::from(topic.partitions)).sum();
        (partitions > self.partition_changes).then(|| {
            Finding::warning(
                "topics/rate",
                format!(
                    "{partitions} partitions are to be made and MSK Serverless makes {} in five minutes",
                    self.partition_changes
                ),
                "nothing: the last topics take some minutes longer",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xacct_types::TopicName;

    #[test]
    fn the_cluster_that_would_be_one_too_many_is_named_before_it_is_made() {
        let quotas = Quotas::default();
        assert_eq!(quotas.one_more_cluster(9), None);
        let finding = quotas.one_more_cluster(10).unwrap();
        assert!(
            finding.what.contains("10 serverless clusters"),
            "{}",
            finding.what
        );
    }

    #[test]
    fn many_partitions_at_once_are_worth_a_warning_only() {
        let topic = TopicSettings::new(TopicName::new("clicks").unwrap(), 300);
        let finding = Quotas::default().creation_rate(&[&topic]).unwrap();
        assert_eq!(finding.severity, xacct_converge::Severity::Warning);
        assert_eq!(Quotas::default().creation_rate(&[]), None);
    }
}
