//! MSK. AWS lists no resource type for `GetBootstrapBrokers`, yet statements with the ARN of a cluster are in wide
//! use: the setting `bootstrap_brokers_of_cluster` decides ([`super::super::special`]).

use super::{Row, Table, bare, need, need_if, row};

const CLUSTER: &str = "{clusterArn}";

/// `kafka`.
pub(super) const MSK: Table = Table {
    service: "kafka",
    source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_kafka.html; EC2 actions: https://docs.aws.amazon.com/msk/latest/developerguide/security-iam-awsmanpol-AmazonMSKFullAccess.html",
    rows: MSK_ROWS,
};

const MSK_ROWS: &[Row] = &[
    row("CreateClusterV2", &["kafka:cluster/{clusterName}/*"]).and(&[
        need_if("tags", "kafka:TagResource", &["kafka:cluster/{clusterName}/*"]),
        need("ec2:DescribeSubnets", &["*"]),
        need("ec2:DescribeVpcs", &["*"]),
        need("ec2:DescribeSecurityGroups", &["*"]),
        need("ec2:DescribeVpcEndpoints", &["*"]),
    ]),
    row("DescribeClusterV2", &[CLUSTER]),
    row("DescribeCluster", &[CLUSTER]),
    row("ListClustersV2", &["*"]),
    row("ListClusters", &["*"]),
    // The interface endpoint that MSK makes and deletes in its caller's name is in `super::super::special`.
    row("DeleteCluster", &[CLUSTER]),
    row("GetBootstrapBrokers", &["*"]),
    row("ListNodes", &[CLUSTER]),
    bare("CreateTopic").and(&[
        need("kafka-cluster:Connect", &[CLUSTER]),
        need(
            "kafka-cluster:CreateTopic",
            &["kafka:topic/{clusterArn}/{topicName}"],
        ),
    ]),
    bare("ListTopics").and(&[
        need("kafka-cluster:Connect", &[CLUSTER]),
        need("kafka-cluster:DescribeTopic", &["kafka:topic/{clusterArn}/*"]),
    ]),
    bare("DescribeTopic").and(&[
        need("kafka-cluster:Connect", &[CLUSTER]),
        need(
            "kafka-cluster:DescribeTopic",
            &["kafka:topic/{clusterArn}/{topicName}"],
        ),
    ]),
    bare("DeleteTopic").and(&[
        need("kafka-cluster:Connect", &[CLUSTER]),
        need(
            "kafka-cluster:DeleteTopic",
            &["kafka:topic/{clusterArn}/{topicName}"],
        ),
    ]),
    row("ListTagsForResource", &["{resourceArn}"]),
    row("TagResource", &["{resourceArn}"]),
    row("UntagResource", &["{resourceArn}"]),
];
