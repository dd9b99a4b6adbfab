//! The permissions that readers, producers and topic makers need, and no more.
//!
//! Sources: Amazon MSK developer guide, "Semantics of IAM authorization policy
//! actions and resources" and "Common use cases for client authorization policy";
//! Amazon Redshift developer guide, "Getting started with streaming ingestion
//! from Apache Kafka sources".

use xacct_types::{AccountId, ClusterArn, Grant, Region, TopicName};

/// A cluster as policies name it: exactly, or by the part that is known before it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterScope {
    prefix: String,
    cluster: String,
}

impl ClusterScope {
    /// A cluster that exists.
    #[must_use]
    pub fn exact(arn: &ClusterArn) -> Self {
        let region = arn.as_str().split(':').nth(3).unwrap_or_default();
        Self {
            prefix: format!("arn:{}:kafka:{region}:{}", arn.partition(), arn.account()),
            cluster: format!("{}/{}", arn.name(), arn.uuid()),
        }
    }

    /// A cluster that will have this name; MSK appends a UUID that nobody knows yet.
    ///
    /// ```
    /// use msk_serverless::grants::ClusterScope;
    /// let scope = ClusterScope::predict(&"eu-west-1".parse()?, &"111111111111".parse()?, "clicks");
    /// assert_eq!(scope.cluster(), "arn:aws:kafka:eu-west-1:111111111111:cluster/clicks/*");
    /// assert_eq!(scope.topic("t"), "arn:aws:kafka:eu-west-1:111111111111:topic/clicks/*/t");
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    #[must_use]
    pub fn predict(region: &Region, account: &AccountId, name: &str) -> Self {
        Self {
            prefix: format!("arn:{}:kafka:{region}:{account}", region.partition()),
            cluster: format!("{name}/*"),
        }
    }

    /// The cluster's own ARN.
    #[must_use]
    pub fn cluster(&self) -> String {
        format!("{}:cluster/{}", self.prefix, self.cluster)
    }

    /// The ARN of a topic; `*` stands for all.
    #[must_use]
    pub fn topic(&self, topic: &str) -> String {
        format!("{}:topic/{}/{topic}", self.prefix, self.cluster)
    }

    /// The ARN of a consumer group; `*` stands for all.
    #[must_use]
    pub fn group(&self, group: &str) -> String {
        format!("{}:group/{}/{group}", self.prefix, self.cluster)
    }

    fn topics(&self, topics: &[TopicName]) -> Vec<String> {
        topics.iter().map(|topic| self.topic(topic.as_str())).collect()
    }
}

/// How the reader finds the brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brokers {
    /// It is given the cluster's ARN and asks MSK for the addresses.
    ByClusterArn,
    /// It is given the addresses.
    ByAddress,
}

/// What Redshift's stream role needs to read `topics`.
///
/// AWS does not document the names of Redshift's consumer groups, so they are
/// not narrowed within the cluster.
#[must_use]
pub fn reader(cluster: &ClusterScope, topics: &[TopicName], brokers: Brokers) -> Vec<Grant> {
    let mut grants = vec![
        Grant::new(
            "MskConnect",
            ["kafka-cluster:Connect"],
            [cluster.cluster()],
            "every Kafka request starts with a connection",
        ),
        Grant::new(
            "MskReadTopics",
            ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"],
            cluster.topics(topics),
            "reads the topics of the views",
        ),
        Grant::new(
            "MskReadGroups",
            ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"],
            [cluster.group("*")],
            "reading data requires a consumer group",
        ),
    ];
    if brokers == Brokers::ByClusterArn {
        // AWS lists no resource type for this action: a policy has to name all of them.
        grants.push(Grant::new(
            "MskFindBrokers",
            ["kafka:GetBootstrapBrokers"],
            ["*"],
            "an external schema with a cluster ARN asks MSK for the brokers",
        ));
    }
    with_resources(grants)
}

/// What a producer of `topics` needs. Idempotent writing is a permission of the
/// cluster that `WriteData` on single topics does not imply.
#[must_use]
pub fn producer(cluster: &ClusterScope, topics: &[TopicName]) -> Vec<Grant> {
    with_resources(vec![
        Grant::new(
            "MskProduce",
            ["kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"],
            [cluster.cluster()],
            "connects and writes without duplicates",
        ),
        Grant::new(
            "MskWriteTopics",
            ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"],
            cluster.topics(topics),
            "writes the topics",
        ),
    ])
}

/// What is needed to look for `topics` and make those that are missing.
#[must_use]
pub fn topic_creator(cluster: &ClusterScope, topics: &[TopicName]) -> Vec<Grant> {
    with_resources(vec![
        connect_as_administrator(cluster),
        Grant::new(
            "MskCreateTopics",
            [
                "kafka-cluster:CreateTopic",
                "kafka-cluster:DescribeTopic",
                "kafka-cluster:DescribeTopicDynamicConfiguration",
            ],
            cluster.topics(topics),
            "makes the topics and reads their settings",
        ),
    ])
}

/// What is needed to make, change and remove `topics`.
#[must_use]
pub fn topic_administrator(cluster: &ClusterScope, topics: &[TopicName]) -> Vec<Grant> {
    let mut grants = topic_creator(cluster, topics);
    grants.push(Grant::new(
        "MskChangeTopics",
        [
            "kafka-cluster:AlterTopic",
            "kafka-cluster:AlterTopicDynamicConfiguration",
            "kafka-cluster:DeleteTopic",
        ],
        cluster.topics(topics),
        "adds partitions, changes settings, removes topics of a cluster that stays",
    ));
    with_resources(grants)
}

/// Leaves out what would apply to nothing: IAM refuses statements without resources.
fn with_resources(mut grants: Vec<Grant>) -> Vec<Grant> {
    grants.retain(|grant| !grant.resources.is_empty());
    grants
}

fn connect_as_administrator(cluster: &ClusterScope) -> Grant {
    Grant::new(
        "MskAdministerConnect",
        ["kafka-cluster:Connect"],
        [cluster.cluster()],
        "every Kafka request starts with a connection",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const CLUSTER: &str =
        "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";

    fn topics() -> Vec<TopicName> {
        vec![TopicName::new("testtopic").unwrap()]
    }

    fn render(grants: &[Grant]) -> String {
        let line = |grant: &Grant| format!("{} on {}", grant.actions.join(" "), grant.resources.join(" "));
        grants.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_reader_gets_the_documented_actions_on_exact_arns() {
        let scope = ClusterScope::exact(&ClusterArn::new(CLUSTER).unwrap());
        insta::assert_snapshot!(render(&reader(&scope, &topics(), Brokers::ByClusterArn)), @r"
        kafka-cluster:Connect on arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1
        kafka-cluster:DescribeTopic kafka-cluster:ReadData on arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1/testtopic
        kafka-cluster:AlterGroup kafka-cluster:DescribeGroup on arn:aws:kafka:ap-south-1:111111111111:group/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1/*
        kafka:GetBootstrapBrokers on *
        ");
    }

    #[test]
    fn a_reader_that_is_given_addresses_needs_no_msk_api() {
        let scope = ClusterScope::exact(&ClusterArn::new(CLUSTER).unwrap());
        let text = render(&reader(&scope, &topics(), Brokers::ByAddress));
        assert!(!text.contains("kafka:GetBootstrapBrokers"), "{text}");
    }

    #[test]
    fn a_producer_writes_idempotently_and_reads_nothing() {
        let scope = ClusterScope::predict(
            &"us-gov-west-1".parse().unwrap(),
            &"111111111111".parse().unwrap(),
            "clicks",
        );
        insta::assert_snapshot!(render(&producer(&scope, &topics())), @r"
        kafka-cluster:Connect kafka-cluster:WriteDataIdempotently on arn:aws-us-gov:kafka:us-gov-west-1:111111111111:cluster/clicks/*
        kafka-cluster:DescribeTopic kafka-cluster:WriteData on arn:aws-us-gov:kafka:us-gov-west-1:111111111111:topic/clicks/*/testtopic
        ");
    }

    #[test]
    fn nobody_gets_a_wildcard_action_or_a_resource_outside_the_cluster() {
        let scope = ClusterScope::exact(&ClusterArn::new(CLUSTER).unwrap());
        let all = [
            reader(&scope, &topics(), Brokers::ByClusterArn),
            producer(&scope, &topics()),
            topic_creator(&scope, &topics()),
            topic_administrator(&scope, &topics()),
        ]
        .concat();
        for grant in &all {
            assert!(
                grant.actions.iter().all(|action| !action.contains('*')),
                "{grant:?}"
            );
            let inside = |arn: &String| arn.contains("/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1");
            let listed = grant.actions == ["kafka:GetBootstrapBrokers"] && grant.resources == ["*"];
            assert!(listed || grant.resources.iter().all(inside), "{grant:?}");
        }
    }

    #[test]
    fn a_reader_can_neither_write_nor_administer_topics() {
        let scope = ClusterScope::exact(&ClusterArn::new(CLUSTER).unwrap());
        for grant in reader(&scope, &topics(), Brokers::ByClusterArn) {
            for forbidden in ["Write", "Create", "Delete", "AlterTopic", "AlterCluster"] {
                assert!(!grant.actions.iter().any(|a| a.contains(forbidden)), "{grant:?}");
            }
        }
    }

    #[test]
    fn without_topics_no_statement_is_left_without_resources() {
        let scope = ClusterScope::exact(&ClusterArn::new(CLUSTER).unwrap());
        let grants = [producer(&scope, &[]), topic_administrator(&scope, &[])].concat();
        assert!(grants.iter().all(|grant| !grant.resources.is_empty()));
        assert_eq!(grants.len(), 2);
    }

    #[test]
    fn statement_ids_are_unique_within_what_one_role_gets() {
        let scope = ClusterScope::exact(&ClusterArn::new(CLUSTER).unwrap());
        for grants in [
            [
                producer(&scope, &topics()),
                topic_administrator(&scope, &topics()),
            ]
            .concat(),
            reader(&scope, &topics(), Brokers::ByClusterArn),
        ] {
            let ids: BTreeSet<&str> = grants.iter().map(|grant| grant.sid.as_str()).collect();
            assert_eq!(ids.len(), grants.len());
        }
    }
}
