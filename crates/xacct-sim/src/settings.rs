//! What a simulator was built with. Everything random derives from the seed.

use std::time::{Duration, SystemTime};

use crate::clock::SimTime;
use crate::sql::options::SqlSwitches;

/// The choices of one simulator. Fields are read by the services; the builder sets them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Source of every sampled latency, id and zone name.
    pub seed: u64,
    /// The one region that is simulated.
    pub region: String,
    /// Date of simulated time zero.
    pub epoch: SystemTime,
    /// Whether what was just created can be invisible for a while. Default: on.
    pub lag: bool,
    /// Factor on how long things are invisible that were just made, beside `latency_scale`. Default: 1.
    pub lag_scale: f64,
    /// Factor on every sampled duration. Default: 1.
    pub latency_scale: f64,
    /// Whether API token buckets throttle. Default: on.
    pub throttling: bool,
    /// Whether the signature of each request is checked. Default: on.
    pub check_signatures: bool,
    /// Unconfirmed by AWS: enhanced VPC routing uses an interface endpoint for STS. Default: on.
    pub sts_endpoint_serves_redshift: bool,
    /// Unconfirmed by AWS: which service principal Redshift Serverless assumes roles as. Default: `redshift.amazonaws.com`.
    pub redshift_service_principal: String,
    /// Sources disagree: which service `iam:PassedToService` names when a namespace is given a role. `None`: the key is not
    /// sent at all (aws-solutions/clickstream-analytics-on-aws#749). Default: `redshift-serverless.amazonaws.com`.
    pub passed_to_service: Option<String>,
    /// Sources disagree: whether `kafka:GetBootstrapBrokers` is judged for the cluster, as policies in wide use have it, or
    /// for no resource at all, as the Service Authorization Reference has it. Default: for the cluster.
    pub bootstrap_brokers_of_cluster: bool,
    /// Not documented call by call: whether EC2 also judges the resources that the Service Authorization Reference lists as
    /// optional. Default: yes.
    pub optional_resources_count: bool,
    /// Whether every permission that a call needs is kept for [`Sim::needed`](crate::Sim::needed). Default: no.
    pub audit: bool,
    /// Unconfirmed by AWS: Redshift sends `aws:SourceAccount` and `aws:SourceArn` when it assumes a role. Default: off.
    pub redshift_sends_source_context: bool,
    /// Whether a resolver endpoint may show `ACTION_NEEDED` for a while during creation. Default: on.
    pub resolver_action_needed: bool,
    /// Availability zones of the region, 2 to 6. Default: 4, so that one can be unsupported by services.
    pub zones: u8,
    /// Service quotas per account and region that tests may want to raise or lower.
    pub quotas: Quotas,
    /// What AWS leaves unconfirmed about Redshift's SQL, and its limits.
    pub sql: SqlSwitches,
}

/// Service quotas that a deployment meets first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quotas {
    /// VPCs, and with them internet gateways. Default: 5.
    pub vpcs: usize,
    /// Elastic IP addresses. Default: 5.
    pub addresses: usize,
    /// NAT gateways per zone. Default: 5.
    pub nat_gateways_per_zone: usize,
    /// Resolver endpoints. Default: 4.
    pub resolver_endpoints: usize,
    /// MSK Serverless clusters. Default: 10.
    pub serverless_clusters: usize,
    /// IAM roles of a Redshift Serverless namespace. Default: 50.
    pub roles_per_namespace: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            vpcs: 5,
            addresses: 5,
            nat_gateways_per_zone: 5,
            resolver_endpoints: 4,
            serverless_clusters: 10,
            roles_per_namespace: 50,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 7,
            region: "us-east-1".to_owned(),
            epoch: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
            lag: true,
            lag_scale: 1.0,
            latency_scale: 1.0,
            throttling: true,
            check_signatures: true,
            sts_endpoint_serves_redshift: true,
            redshift_service_principal: "redshift.amazonaws.com".to_owned(),
            passed_to_service: Some("redshift-serverless.amazonaws.com".to_owned()),
            bootstrap_brokers_of_cluster: true,
            optional_resources_count: true,
            audit: false,
            redshift_sends_source_context: false,
            resolver_action_needed: true,
            zones: 4,
            quotas: Quotas::default(),
            sql: SqlSwitches::default(),
        }
    }
}

impl Settings {
    /// The partition of the region: `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// The DNS suffix of the partition.
    pub fn dns_suffix(&self) -> &'static str {
        if self.partition() == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        }
    }

    /// A simulated instant as seconds since 1970, as the JSON protocols show it.
    pub fn unix_seconds(&self, at: SimTime) -> f64 {
        let date = self.epoch + at;
        date.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0.0, |since| (since.as_millis() as f64) / 1000.0)
    }

    /// A simulated instant as `2026-11-22T01:02:03.000Z`, as the XML protocols show it.
    pub fn iso8601(&self, at: SimTime) -> String {
        let date = aws_smithy_types::DateTime::from_millis(self.unix_millis(at));
        let text = date
            .fmt(aws_smithy_types::date_time::Format::DateTime)
            .unwrap_or_default();
        match text.strip_suffix('Z') {
            Some(whole) if !whole.contains('.') => format!("{whole}.000Z"),
            _ => text,
        }
    }

    /// A simulated instant as milliseconds since 1970.
    pub fn unix_millis(&self, at: SimTime) -> i64 {
        let date = self.epoch + at;
        date.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
