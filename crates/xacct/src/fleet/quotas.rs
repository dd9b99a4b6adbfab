//! What AWS lets one account have, and what a plan would make of it.

use super::spec::Tenant;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use xacct_converge::{Change, Finding, Plan};
use xacct_net::Side;

/// Default quotas of an account in a region; raise what AWS has raised for you.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetQuotas {
    /// IAM roles that a namespace takes, and so tenants of a cell (Amazon Redshift
    /// management guide, "Quotas and limits in Amazon Redshift": 50).
    pub roles_per_namespace: usize,
    /// VPCs (Amazon VPC user guide, "Amazon VPC quotas": 5; the default VPC counts).
    pub vpcs: usize,
    /// Internet gateways: follows that of VPCs.
    pub internet_gateways: usize,
    /// Elastic IP addresses (Amazon VPC user guide, "Amazon VPC quotas": 5).
    pub addresses: usize,
    /// Resolver endpoints (Route 53 developer guide, "Quotas": 4).
    pub resolver_endpoints: usize,
    /// MSK Serverless clusters (Amazon MSK developer guide, "Amazon MSK quota").
    pub clusters: usize,
    /// Leader partitions of one cluster (the same page: 2,400).
    pub partitions_per_cluster: u64,
    /// Redshift Serverless namespaces (Redshift's quotas: 25).
    pub namespaces: usize,
    /// Redshift Serverless workgroups (the same: 25).
    pub workgroups: usize,
    /// IAM roles (IAM user guide, "IAM and AWS STS quotas": 1,000).
    pub roles: usize,
}

impl Default for FleetQuotas {
    fn default() -> Self {
        let msk = msk_serverless::quotas::Quotas::default();
        Self {
            roles_per_namespace: 50,
            vpcs: 5,
            internet_gateways: 5,
            addresses: 5,
            resolver_endpoints: 4,
            clusters: usize::try_from(msk.clusters).unwrap_or(usize::MAX),
            partitions_per_cluster: msk.partitions,
            namespaces: 25,
            workgroups: 25,
            roles: 1_000,
        }
    }
}

/// How much of one quota a plan would use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QuotaUse {
    /// The quota, for example `VPCs of the source account`.
    pub quota: String,
    /// What is there already, of this fleet or of anybody.
    pub used: u64,
    /// What the plan adds.
    pub adds: u64,
    /// The limit that was assumed.
    pub limit: u64,
}

impl QuotaUse {
    /// Whether the plan would not fit.
    #[must_use]
    pub const fn is_exceeded(&self) -> bool {
        self.used + self.adds > self.limit
    }

    pub(super) fn finding(&self) -> Finding {
        Finding::error(
            "quota",
            self.to_string(),
            "ask AWS to raise it and say so in the fleet's quotas, or have fewer tenants",
        )
    }
}

impl fmt::Display for QuotaUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            quota,
            used,
            adds,
            limit,
        } = self;
        write!(f, "{quota}: {used} there, {adds} more, limit {limit}")
    }
}

/// What an account has, by side and kind of resource.
pub(super) type Usage = BTreeMap<(Side, &'static str), usize>;

impl FleetQuotas {
    /// The counted kinds with their names and limits.
    fn counted(&self) -> [(&'static str, &'static str, usize); 8] {
        [
            ("AWS::EC2::VPC", "VPCs", self.vpcs),
            (
                "AWS::EC2::InternetGateway",
                "internet gateways",
                self.internet_gateways,
            ),
            ("AWS::EC2::EIP", "Elastic IP addresses", self.addresses),
            (
                "AWS::Route53Resolver::ResolverEndpoint",
                "resolver endpoints",
                self.resolver_endpoints,
            ),
            (
                "AWS::MSK::ServerlessCluster",
                "MSK Serverless clusters",
                self.clusters,
            ),
            (
                "AWS::RedshiftServerless::Namespace",
                "Redshift Serverless namespaces",
                self.namespaces,
            ),
            (
                "AWS::RedshiftServerless::Workgroup",
                "Redshift Serverless workgroups",
                self.workgroups,
            ),
            ("AWS::IAM::Role", "IAM roles", self.roles),
        ]
    }

    /// What `plan` would use of every account's quotas that it touches.
    pub(super) fn uses(&self, plan: &Plan, usage: &Usage) -> Vec<QuotaUse> {
        let mut uses = Vec::new();
        for side in Side::BOTH {
            for (kind, name, limit) in self.counted() {
                let adds = creates(plan, side, kind);
                if adds > 0 {
                    uses.push(QuotaUse {
                        quota: format!("{name} of the {side} account"),
                        used: usage.get(&(side, kind)).copied().unwrap_or(0) as u64,
                        adds,
                        limit: limit as u64,
                    });
                }
            }
        }
        uses
    }

    /// What the tenants of each cell use of what is limited there.
    pub(super) fn within(&self, cells: &BTreeMap<u32, Vec<&Tenant>>) -> Vec<QuotaUse> {
        let mut uses = Vec::new();
        for (cell, tenants) in cells {
            let partitions = tenants.iter().map(|tenant| tenant.partitions()).sum();
            let mut add = |what: &str, count: u64, limit: u64| {
                uses.push(QuotaUse {
                    quota: format!("{what} of cell {cell}"),
                    used: 0,
                    adds: count,
                    limit,
                });
            };
            add(
                "roles of the namespace",
                tenants.len() as u64,
                self.roles_per_namespace as u64,
            );
            add(
                "partitions of the cluster",
                partitions,
                self.partitions_per_cluster,
            );
        }
        uses
    }
}

/// How many resources of a kind a plan makes on one side.
pub(super) fn creates(plan: &Plan, side: Side, kind: &str) -> u64 {
    let made = plan.steps.iter().filter(|step| {
        step.kind == kind && step.change == Change::Create && side_of(&step.resource) == Some(side)
    });
    made.count() as u64
}

/// The side that a resource's name speaks of.
pub(super) fn side_of(resource: &str) -> Option<Side> {
    resource.split('/').find_map(|part| match part {
        "source" | "topic" | "cluster" => Some(Side::Source),
        "warehouse" => Some(Side::Warehouse),
        _ => None,
    })
}
