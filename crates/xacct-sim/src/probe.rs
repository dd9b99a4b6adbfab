//! Questions about packets and names put to the simulated world itself: for tests that compare what somebody expects
//! with what would happen. No call of AWS answers them, so library code may not ask.

use std::net::Ipv4Addr;

use crate::net::{Endpoint, dns, reach};
use crate::sim::Sim;

/// Where something stands that opens connections. Its address may be any of its subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standpoint {
    /// The account's id.
    pub account: String,
    /// `subnet-…`.
    pub subnet: String,
    /// The security groups that it wears.
    pub groups: Vec<String>,
}

/// How many of the ways that something may take are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// All of them.
    All,
    /// Some; why the first of the others is not.
    Some(String),
    /// None; why the first is not.
    None(String),
}

impl Standpoint {
    fn endpoint(&self) -> Endpoint {
        Endpoint {
            account: self.account.clone(),
            subnet_id: self.subnet.clone(),
            security_groups: self.groups.clone(),
            ip: None,
        }
    }
}

impl Sim {
    /// Whether a TCP connection to an address gets through from wherever in the subnet, and its answers back.
    ///
    /// # Errors
    /// What stops it, in words for people.
    pub fn probe_tcp(&self, from: &Standpoint, to: Ipv4Addr, port: u16) -> Result<(), String> {
        let now = self.now();
        reach::tcp(&self.shared.lock(), now, &from.endpoint(), to, port).map_err(|blocked| blocked.why)
    }

    /// Whether the public API of a service (`sts`, `kafka`) can be reached.
    ///
    /// # Errors
    /// What stops it, in words for people.
    pub fn probe_service(&self, from: &Standpoint, service: &str) -> Result<(), String> {
        let now = self.now();
        reach::aws_endpoint(&self.shared.lock(), now, &from.endpoint(), service)
            .map_err(|blocked| blocked.why)
    }

    /// Whether a name is found from inside a VPC, over every way that the question may take. A question gets through
    /// where one way over UDP does.
    pub fn probe_name(&self, account: &str, vpc: &str, host: &str) -> Open {
        let ways = dns::ways(&self.shared.lock(), self.now(), account, vpc, host);
        let why = ways.iter().find_map(|way| way.outcome.as_ref().err());
        let Some(why) = why.map(|blocked| blocked.why.clone()) else {
            return if ways.is_empty() {
                Open::None("the rule has no target".to_owned())
            } else {
                Open::All
            };
        };
        match ways.iter().any(|way| way.udp && way.outcome.is_ok()) {
            true => Open::Some(why),
            false => Open::None(why),
        }
    }

    /// The addresses of a cluster's brokers in all of its client VPCs; none if it is not there.
    pub fn broker_addresses(&self, cluster_arn: &str) -> Vec<Ipv4Addr> {
        let world = self.shared.lock();
        let clusters = world
            .accounts
            .values()
            .filter_map(|account| account.msk.cluster(cluster_arn));
        clusters
            .flat_map(|cluster| &cluster.vpcs)
            .flat_map(|client| &client.brokers)
            .map(|broker| broker.ip)
            .collect()
    }
}
