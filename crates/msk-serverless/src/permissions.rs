//! What a deployer of the cluster and its topics needs to be allowed, call by call.
//!
//! Sources: Service Authorization Reference, "Amazon Managed Streaming for Apache Kafka"; MSK developer guide, "AWS
//! managed policy: AmazonMSKFullAccess", for what MSK does in EC2 in its caller's name.

use crate::grants::{ClusterScope, topic_creator};
use Phase::{Create, Destroy, Read, Update};
use xacct_types::{Call, Grant, Need, Phase, Place, TopicName};

/// The tag of the interface endpoint that MSK makes with its caller's rights.
const MANAGED: &str = "AWSMSKManaged";

/// Every call that making, proving and removing a cluster with `topics` takes. `direct`: the deployer makes the topics.
#[must_use]
pub fn calls(place: &Place, cluster: &ClusterScope, topics: &[TopicName], direct: bool) -> Vec<Call> {
    let arn = cluster.cluster();
    let row = |operation: &'static str, phases: &'static [Phase], needs: Vec<Need>| Call {
        operation,
        phases,
        needs,
    };
    let mut calls = vec![
        row(
            "kafka:ListClustersV2",
            &[Read],
            vec![Need::new("kafka:ListClustersV2", "*")],
        ),
        row(
            "kafka:DescribeClusterV2",
            &[Read],
            vec![Need::new("kafka:DescribeClusterV2", &arn)],
        ),
        // AWS lists no resource for it.
        row(
            "kafka:GetBootstrapBrokers",
            &[Read],
            vec![Need::new("kafka:GetBootstrapBrokers", "*")],
        ),
        row("kafka:CreateClusterV2", &[Create], creating(place, &arn)),
        row(
            "kafka:TagResource",
            &[Update],
            vec![place.on_ours("kafka:TagResource", &arn)],
        ),
        row("kafka:DeleteCluster", &[Destroy], deleting(place, &arn)),
    ];
    if direct {
        calls.push(topic_call(&[Create], &topic_creator(cluster, topics)));
        calls.push(topic_call(&[Read], &topic_reader(cluster, topics)));
    }
    calls
}

fn creating(place: &Place, cluster: &str) -> Vec<Need> {
    let endpoint = place.arn("ec2", "vpc-endpoint/*");
    let ours = |action: &str, kind: &str| place.on_ours(action, place.arn("ec2", &format!("{kind}/*")));
    vec![
        place.making("kafka:CreateClusterV2", cluster),
        place.making("kafka:TagResource", cluster),
        Need::new("ec2:CreateVpcEndpoint", &endpoint).when(
            "StringEquals",
            &format!("aws:RequestTag/{MANAGED}"),
            ["true"],
        ),
        Need::new("ec2:CreateTags", &endpoint)
            .when("StringEquals", "ec2:CreateAction", ["CreateVpcEndpoint"])
            .when("StringEquals", &format!("aws:RequestTag/{MANAGED}"), ["true"]),
        ours("ec2:CreateVpcEndpoint", "vpc"),
        ours("ec2:CreateVpcEndpoint", "subnet"),
        ours("ec2:CreateVpcEndpoint", "security-group"),
    ]
}

fn deleting(place: &Place, cluster: &str) -> Vec<Need> {
    let endpoint = place.arn("ec2", "vpc-endpoint/*");
    let managed = format!("aws:ResourceTag/{MANAGED}");
    vec![
        Need::new("kafka:DeleteCluster", cluster),
        Need::new("ec2:DeleteVpcEndpoints", endpoint).when("StringEquals", &managed, ["true"]),
    ]
}

/// Looking at topics and their settings.
fn topic_reader(cluster: &ClusterScope, topics: &[TopicName]) -> Vec<Grant> {
    let mut grants = topic_creator(cluster, topics);
    for grant in &mut grants {
        grant
            .actions
            .retain(|action| action != "kafka-cluster:CreateTopic");
    }
    grants
}

fn topic_call(phases: &'static [Phase], grants: &[Grant]) -> Call {
    let needs = grants.iter().flat_map(|grant| {
        let each = grant
            .actions
            .iter()
            .flat_map(|action| grant.resources.iter().map(move |on| (action, on)));
        each.map(|(action, on)| Need::new(action, on))
    });
    Call {
        operation: "kafka-cluster",
        phases,
        needs: needs.collect(),
    }
}
