//! MSK Serverless, control plane.
//!
//! A cluster is made in one to five client VPCs, in at least two zones each; its brokers show there as interfaces of a
//! VPC endpoint. The bootstrap name belongs to a shard shared by clusters (`cN`), and single brokers have names of their
//! own, so a resolver rule must cover the suffix. Sources: MSK developer guide ("MSK Serverless", "limits"), the MSK 2.0
//! API reference (`v2-clusters`), and name resolutions printed in public tutorials.

mod operations;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::clock::SimTime;
use crate::inventory::{Collector, name_of_tags};
use crate::world::{ApiError, Call, Reply};

/// The one port of MSK Serverless: SASL/IAM inside AWS.
pub(crate) const PORT: u16 = 9098;

/// What the service holds in one account, by cluster ARN.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) clusters: BTreeMap<String, Cluster>,
}

/// A serverless cluster.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) arn: String,
    pub(crate) name: String,
    /// With its `-sN` at the end, as in ARNs of topics and groups.
    pub(crate) uuid: String,
    pub(crate) vpcs: Vec<ClientVpc>,
    pub(crate) tags: BTreeMap<String, String>,
    /// First label and shard of every name: `abcd1234` of `boot-abcd1234.c3.…`.
    pub(crate) label: String,
    pub(crate) shard: u8,
    /// `kafka-serverless.<region>.amazonaws.com`.
    pub(crate) suffix: String,
    pub(crate) current_version: String,
    pub(crate) created_at: SimTime,
    pub(crate) ready_at: SimTime,
    /// Whether it came to nothing.
    pub(crate) failed: bool,
    /// When a deletion that was asked for is over.
    pub(crate) gone_at: Option<SimTime>,
}

/// A VPC in which the cluster can be reached.
#[derive(Debug, Clone)]
pub(crate) struct ClientVpc {
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    /// One broker interface per subnet.
    pub(crate) brokers: Vec<Broker>,
}

/// A broker as clients of one VPC see it.
#[derive(Debug, Clone)]
pub(crate) struct Broker {
    /// Full host name, `b01-….cN.kafka-serverless.…`.
    pub(crate) host: String,
    pub(crate) subnet: String,
    pub(crate) ip: Ipv4Addr,
}

impl Cluster {
    /// The state as `DescribeClusterV2` shows it.
    pub(crate) fn state(&self, now: SimTime) -> &'static str {
        if self.gone_at.is_some() {
            "DELETING"
        } else if now < self.ready_at {
            "CREATING"
        } else if self.failed {
            "FAILED"
        } else {
            "ACTIVE"
        }
    }

    /// Whether clients can use it.
    pub(crate) fn is_active(&self, now: SimTime) -> bool {
        self.state(now) == "ACTIVE"
    }

    /// Whether it is there at all, in any state.
    pub(crate) fn exists(&self, now: SimTime) -> bool {
        self.gone_at.is_none_or(|gone| now < gone)
    }

    /// The name that clients connect to first, without port.
    pub(crate) fn bootstrap_host(&self) -> String {
        format!("boot-{}.c{}.{}", self.label, self.shard, self.suffix)
    }

    /// The addresses behind one of its names, as resolved inside one of its client VPCs; none for a foreign name.
    pub(crate) fn addresses(&self, vpc: &str, host: &str) -> Vec<Ipv4Addr> {
        let host = host.trim_end_matches('.');
        let Some(client) = self.vpcs.iter().find(|client| client.vpc == vpc) else {
            return Vec::new();
        };
        if host.eq_ignore_ascii_case(&self.bootstrap_host()) {
            return client.brokers.iter().map(|broker| broker.ip).collect();
        }
        client
            .brokers
            .iter()
            .filter(|broker| host.eq_ignore_ascii_case(&broker.host))
            .map(|broker| broker.ip)
            .collect()
    }
}

impl State {
    /// A cluster by ARN, in whatever state.
    pub(crate) fn cluster(&self, arn: &str) -> Option<&Cluster> {
        self.clusters.get(arn)
    }

    /// Clusters that clients inside a VPC can use now.
    pub(crate) fn active_in(&self, now: SimTime, vpc: &str) -> impl Iterator<Item = &Cluster> {
        self.clusters.values().filter(move |cluster| {
            cluster.is_active(now) && cluster.vpcs.iter().any(|client| client.vpc == vpc)
        })
    }

    /// Drops clusters whose deletion is over.
    pub(crate) fn settle(&mut self, now: SimTime) {
        self.clusters.retain(|_, cluster| cluster.exists(now));
    }
}

/// Answers one call.
pub(crate) fn handle(call: &mut Call<'_>, operation: &str, params: &Value) -> Reply {
    let now = call.now;
    call.account().msk.settle(now);
    match operation {
        "CreateClusterV2" => operations::create(call, params),
        "DescribeClusterV2" => operations::describe(call, params),
        "ListClustersV2" => operations::list(call, params),
        "DeleteCluster" => operations::delete(call, params),
        "GetBootstrapBrokers" => operations::bootstrap_brokers(call, params),
        "ListTagsForResource" => operations::list_tags(call, params),
        "TagResource" => operations::tag(call, params),
        "UntagResource" => operations::untag(call, params),
        "DescribeCluster" | "ListNodes" => operations::provisioned_only(call, params, operation),
        "CreateTopic" | "ListTopics" | "DescribeTopic" | "DeleteTopic" => {
            operations::provisioned_only(call, params, operation)
        }
        _ => Err(ApiError::not_modelled("kafka", operation)),
    }
}

/// Adds the live clusters to an inventory.
pub(crate) fn inventory(state: &State, now: SimTime, out: &mut Collector) {
    for cluster in state
        .clusters
        .values()
        .filter(|cluster| cluster.exists(now) && cluster.gone_at.is_none())
    {
        let name = name_of_tags(&cluster.tags).unwrap_or_else(|| cluster.name.clone());
        out.alias(&cluster.uuid, &format!("kafka:cluster/{name}"));
        let vpcs: Vec<Value> = cluster
            .vpcs
            .iter()
            .map(|client| json!({ "subnetIds": client.subnets, "securityGroupIds": client.security_groups }))
            .collect();
        out.add(
            "kafka:cluster",
            &cluster.arn,
            &name,
            json!({ "clusterName": cluster.name, "vpcConfigs": vpcs, "tags": cluster.tags }),
        );
    }
}
