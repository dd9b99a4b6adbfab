//! What a checked link means: routes, security group rules and resolver endpoints,
//! each written down once. The proof reads it before anything exists; the
//! deployment makes it.

use crate::spec::{Egress, Link, Network, Side};
use serde::{Deserialize, Serialize};
use xacct_types::Cidr;

/// Subnets that get an address of a resolver endpoint. Route 53 Resolver wants at
/// least two addresses, and each costs by the hour.
pub const RESOLVER_ZONES: usize = 2;
/// The port of DNS.
pub const DNS_PORT: u16 = 53;
/// The port of AWS APIs.
pub const HTTPS_PORT: u16 = 443;

/// The security groups that a link has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupRole {
    /// Worn by the brokers.
    Cluster,
    /// Worn by producers and by whoever administers topics.
    Client,
    /// Worn by the inbound resolver endpoint, in the source network.
    Inbound,
    /// Worn by the Redshift workgroup.
    Workgroup,
    /// Worn by the outbound resolver endpoint, in the warehouse network.
    Outbound,
    /// Worn by the interface endpoint of STS, where there is one.
    StsEndpoint,
}

impl GroupRole {
    /// The side whose account has the group.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Cluster | Self::Client | Self::Inbound => Side::Source,
            Self::Workgroup | Self::Outbound | Self::StsEndpoint => Side::Warehouse,
        }
    }

    /// The word for it in names and findings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Client => "client",
            Self::Inbound => "resolver-inbound",
            Self::Workgroup => "workgroup",
            Self::Outbound => "resolver-outbound",
            Self::StsEndpoint => "sts-endpoint",
        }
    }

    /// The resource name: `source/group-cluster`.
    #[must_use]
    pub fn resource(self) -> String {
        self.side().name(&format!("group-{}", self.as_str()))
    }

    /// What the group's description says, in characters that EC2 takes.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Cluster => "Brokers: Kafka from the client group and from the warehouse",
            Self::Client => "Producers of events and administrators of topics",
            Self::Inbound => "Inbound resolver endpoint: DNS from the warehouse",
            Self::Workgroup => "Redshift: nothing in, Kafka and AWS APIs out",
            Self::Outbound => "Outbound resolver endpoint: DNS to the source",
            Self::StsEndpoint => "Interface endpoint of STS: HTTPS from Redshift",
        }
    }
}

impl std::fmt::Display for GroupRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which way a connection is opened, seen from who wears the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Towards the wearer.
    Ingress,
    /// Away from the wearer.
    Egress,
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}

/// The transport of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP, protocol number 6.
    Tcp,
    /// UDP, protocol number 17.
    Udp,
}

impl Protocol {
    /// `tcp` or `udp`, as EC2 writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The other end of a group's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RulePeer {
    /// Addresses.
    Block(Cidr),
    /// Whoever wears another group of the same VPC.
    Group(GroupRole),
}

/// One rule of a security group, for a single port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupRule {
    /// Which way the connection is opened.
    pub direction: Direction,
    /// Over which transport.
    pub protocol: Protocol,
    /// To which port.
    pub port: u16,
    /// From or to whom.
    pub peer: RulePeer,
}

impl GroupRule {
    const fn new(direction: Direction, protocol: Protocol, port: u16, peer: RulePeer) -> Self {
        Self {
            direction,
            protocol,
            port,
            peer,
        }
    }
}

/// A security group and everything that it allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupPlan {
    /// Which one.
    pub role: GroupRole,
    /// Its rules, sorted.
    pub rules: Vec<GroupRule>,
    /// Whether the rule "everything out" that EC2 adds to a new group stays.
    pub keeps_default_egress: bool,
}

impl GroupPlan {
    fn new(role: GroupRole, mut rules: Vec<GroupRule>) -> Self {
        rules.sort();
        Self {
            role,
            rules,
            // A producer also needs credentials and whatever else its owner runs beside it.
            keeps_default_egress: role == GroupRole::Client,
        }
    }
}

/// The subnets that hold the addresses of a network's resolver endpoint.
#[must_use]
pub fn resolver_subnets(network: &Network) -> &[Cidr] {
    let count = RESOLVER_ZONES.min(network.layout.private.len());
    network.layout.private.get(..count).unwrap_or_default()
}

/// Every security group of the link, source first.
#[must_use]
pub fn groups(link: &Link) -> Vec<GroupPlan> {
    let usual = [
        GroupRole::Cluster,
        GroupRole::Client,
        GroupRole::Inbound,
        GroupRole::Workgroup,
        GroupRole::Outbound,
    ];
    let endpoint = (link.warehouse.egress == Egress::StsEndpoint).then_some(GroupRole::StsEndpoint);
    usual
        .into_iter()
        .chain(endpoint)
        .map(|role| group(link, role))
        .collect()
}

/// One security group of the link.
#[must_use]
pub fn group(link: &Link, role: GroupRole) -> GroupPlan {
    let rules = match role {
        GroupRole::Cluster => cluster_rules(link),
        GroupRole::Client => Vec::new(),
        GroupRole::Inbound => dns_rules(Direction::Ingress, &link.warehouse),
        GroupRole::Workgroup => workgroup_rules(link),
        GroupRole::Outbound => dns_rules(Direction::Egress, &link.source),
        GroupRole::StsEndpoint => sts_rules(),
    };
    GroupPlan::new(role, rules)
}

/// Brokers hear the client group and the warehouse's private subnets; by block,
/// because a reference across a peering would have to wait for it.
fn cluster_rules(link: &Link) -> Vec<GroupRule> {
    let ingress = |peer| GroupRule::new(Direction::Ingress, Protocol::Tcp, link.broker_port, peer);
    let blocks = link
        .warehouse
        .layout
        .private
        .iter()
        .map(|&block| RulePeer::Block(block));
    blocks
        .chain([RulePeer::Group(GroupRole::Client)])
        .map(ingress)
        .collect()
}

/// Redshift opens connections to brokers and to AWS APIs, and hears nobody.
fn workgroup_rules(link: &Link) -> Vec<GroupRule> {
    let egress = |port, block| GroupRule::new(Direction::Egress, Protocol::Tcp, port, RulePeer::Block(block));
    let brokers = link
        .source
        .layout
        .private
        .iter()
        .map(|&block| egress(link.broker_port, block));
    let apis: Vec<Cidr> = match link.warehouse.egress {
        Egress::StsEndpoint => link.warehouse.layout.private.clone(),
        Egress::Nat | Egress::None => vec![Cidr::ANYWHERE],
    };
    brokers
        .chain(apis.into_iter().map(|block| egress(HTTPS_PORT, block)))
        .collect()
}

/// DNS over both transports with the resolver addresses of `other`.
fn dns_rules(direction: Direction, other: &Network) -> Vec<GroupRule> {
    let both = |&block: &Cidr| {
        [Protocol::Tcp, Protocol::Udp]
            .map(|protocol| GroupRule::new(direction, protocol, DNS_PORT, RulePeer::Block(block)))
    };
    resolver_subnets(other).iter().flat_map(both).collect()
}

fn sts_rules() -> Vec<GroupRule> {
    let from = RulePeer::Group(GroupRole::Workgroup);
    vec![GroupRule::new(
        Direction::Ingress,
        Protocol::Tcp,
        HTTPS_PORT,
        from,
    )]
}

/// Which of a network's two route tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    /// Of the public subnet.
    Public,
    /// Shared by the private subnets.
    Private,
}

impl Table {
    /// The noun in resource names: `routes-private`.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Public => "routes-public",
            Self::Private => "routes-private",
        }
    }
}

/// Where a route leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteTarget {
    /// To the other network.
    Peering,
    /// To the NAT gateway.
    Nat,
    /// To the internet gateway.
    Internet,
}

/// One route that is made; the local one is always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoutePlan {
    /// In which table.
    pub table: Table,
    /// For which addresses.
    pub destination: Cidr,
    /// Through what.
    pub target: RouteTarget,
}

/// The routes of one side.
#[must_use]
pub fn routes(link: &Link, side: Side) -> Vec<RoutePlan> {
    let route = |table, destination, target| RoutePlan {
        table,
        destination,
        target,
    };
    let peer = link.network(side.peer()).cidr;
    let mut routes = vec![route(Table::Private, peer, RouteTarget::Peering)];
    if link.network(side).egress == Egress::Nat {
        routes.push(route(Table::Private, Cidr::ANYWHERE, RouteTarget::Nat));
        routes.push(route(Table::Public, Cidr::ANYWHERE, RouteTarget::Internet));
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinkSpec;

    fn link(egress: Egress) -> Link {
        let mut spec = LinkSpec::new("ap-south-1".parse().unwrap());
        spec.warehouse.egress = Some(egress);
        spec.resolve().unwrap()
    }

    fn rules(link: &Link, role: GroupRole) -> Vec<GroupRule> {
        groups(link).into_iter().find(|g| g.role == role).unwrap().rules
    }

    #[test]
    fn redshift_hears_nobody_and_speaks_only_to_brokers_and_apis() {
        let rules = rules(&link(Egress::Nat), GroupRole::Workgroup);
        assert!(rules.iter().all(|rule| rule.direction == Direction::Egress));
        let ports: Vec<u16> = rules.iter().map(|rule| rule.port).collect();
        assert_eq!(ports, [443, 9098, 9098, 9098]);
    }

    #[test]
    fn with_an_sts_endpoint_no_rule_opens_the_internet() {
        let rules = rules(&link(Egress::StsEndpoint), GroupRole::Workgroup);
        assert!(
            rules
                .iter()
                .all(|rule| rule.peer != RulePeer::Block(Cidr::ANYWHERE))
        );
    }

    #[test]
    fn a_resolver_endpoint_gets_only_what_dns_needs() {
        let rules = rules(&link(Egress::Nat), GroupRole::Inbound);
        assert_eq!(rules.len(), 2 * RESOLVER_ZONES);
        assert!(
            rules
                .iter()
                .all(|rule| rule.port == 53 && rule.direction == Direction::Ingress)
        );
    }

    #[test]
    fn both_sides_route_to_each_other_and_only_nat_needs_a_public_table() {
        let link = link(Egress::Nat);
        let source = routes(&link, Side::Source);
        assert_eq!(source.len(), 1);
        assert_eq!(source[0].destination, link.warehouse.cidr);
        assert_eq!(routes(&link, Side::Warehouse).len(), 3);
    }
}
