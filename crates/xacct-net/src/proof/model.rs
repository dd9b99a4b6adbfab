//! A network as the proof sees it: plain structs, filled from a plan (ids are then
//! resource names) or from what Describe calls returned.

use crate::blueprint::{Direction, GroupRole, Protocol};
use crate::spec::Side;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use xacct_types::{Cidr, Region};

/// Both networks and what lies between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The region of both.
    pub region: Region,
    /// The port that brokers listen on.
    pub broker_port: u16,
    /// The domain that should be forwarded; names asked for end in it.
    pub forward_domain: String,
    /// One VPC for each side.
    pub vpcs: Vec<Vpc>,
    /// Their subnets.
    pub subnets: Vec<Subnet>,
    /// Their route tables.
    pub route_tables: Vec<RouteTable>,
    /// Peerings between them that are not tombstones.
    pub peerings: Vec<Peering>,
    /// Their security groups.
    pub groups: Vec<Group>,
    /// Their network ACLs.
    pub acls: Vec<Acl>,
    /// Their NAT gateways.
    pub nats: Vec<Nat>,
    /// Their internet gateways.
    pub gateways: Vec<Gateway>,
    /// Their interface endpoints.
    pub endpoints: Vec<InterfaceEndpoint>,
    /// Their resolver endpoints.
    pub resolver_endpoints: Vec<ResolverEndpoint>,
    /// The forward rules of the warehouse's account.
    pub rules: Vec<ResolverRule>,
    /// Which rule serves which VPC.
    pub associations: Vec<Association>,
    /// Where Redshift stands.
    pub workgroup: Placement,
    /// Where the brokers stand.
    pub cluster: Cluster,
    /// Where a producer stands.
    pub producer: Placement,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`, or the resource name in a plan.
    pub id: String,
    /// Whose.
    pub side: Side,
    /// Every block, the primary one first.
    pub cidrs: Vec<Cidr>,
    /// Whether its state is `available`.
    pub available: bool,
    /// The attribute `enableDnsSupport`.
    pub dns_support: bool,
    /// The attribute `enableDnsHostnames`.
    pub dns_hostnames: bool,
    /// Whether its DHCP options name the VPC's own resolver (`AmazonProvidedDNS`);
    /// another name server would never see a resolver rule.
    pub amazon_dns: bool,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// The VPC's id.
    pub vpc: String,
    /// Its block.
    pub cidr: Cidr,
    /// The id of its zone, such as `aps1-az1`.
    pub zone: String,
    /// Whether its state is `available`.
    pub available: bool,
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// The VPC's id.
    pub vpc: String,
    /// Whether subnets without a table of their own use it.
    pub main: bool,
    /// Subnets associated with it by name.
    pub subnets: Vec<String>,
    /// Its routes, the local ones included.
    pub routes: Vec<Route>,
}

/// A route to an IPv4 block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// For which addresses.
    pub destination: Cidr,
    /// Through what.
    pub target: Target,
    /// Whether its state is `blackhole`: what it leads to is gone or not yet active.
    pub blackhole: bool,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Inside the VPC.
    Local,
    /// A peering, by id.
    Peering(String),
    /// A NAT gateway, by id.
    Nat(String),
    /// An internet gateway, by id.
    Internet(String),
    /// Something that this proof does not follow, by id.
    Other(String),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Peering(id) | Self::Nat(id) | Self::Internet(id) | Self::Other(id) => f.write_str(id),
        }
    }
}

/// A VPC peering connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peering {
    /// `pcx-…`.
    pub id: String,
    /// The VPC that asked.
    pub requester: String,
    /// The VPC that was asked.
    pub accepter: String,
    /// `active`, `pending-acceptance`, …, as EC2 writes it.
    pub state: String,
    /// The accounts whose Describe calls show it.
    pub seen_by: Vec<Side>,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// `sg-…`.
    pub id: String,
    /// The VPC's id.
    pub vpc: String,
    /// What it allows.
    pub rules: Vec<Allow>,
}

/// One thing that a security group allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allow {
    /// Which way the connection is opened.
    pub direction: Direction,
    /// Over which transport; `None` for all.
    pub protocol: Option<Protocol>,
    /// To which ports.
    pub ports: RangeInclusive<u16>,
    /// From or to whom.
    pub peer: AllowPeer,
}

/// The other end of a security group's rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllowPeer {
    /// Addresses.
    Block(Cidr),
    /// Whoever wears this group, in this VPC or across an active peering.
    Group(String),
    /// A prefix list, whose content is not known here.
    PrefixList(String),
}

/// A network ACL: stateless, lowest number first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acl {
    /// `acl-…`.
    pub id: String,
    /// The VPC's id.
    pub vpc: String,
    /// Whether subnets without an ACL of their own use it.
    pub default: bool,
    /// Subnets associated with it by name.
    pub subnets: Vec<String>,
    /// Its entries in any order. The final one, "deny the rest", is understood.
    pub entries: Vec<AclEntry>,
}

/// One line of a network ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclEntry {
    /// Its place, 1 to 32766.
    pub number: u16,
    /// Which way the packet goes, seen from the subnet.
    pub direction: Direction,
    /// Whether it lets the packet pass.
    pub allow: bool,
    /// The transport; `None` for all.
    pub protocol: Option<Protocol>,
    /// The destination ports.
    pub ports: RangeInclusive<u16>,
    /// The addresses outside the subnet.
    pub block: Cidr,
}

/// A NAT gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nat {
    /// `nat-…`.
    pub id: String,
    /// The subnet that it stands in.
    pub subnet: String,
    /// Its state, as EC2 writes it; `available` works.
    pub state: String,
    /// Whether it has a public address.
    pub public: bool,
}

/// An internet gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// `igw-…`.
    pub id: String,
    /// The VPC that it is attached to.
    pub vpc: Option<String>,
}

/// An interface endpoint of an AWS service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceEndpoint {
    /// `vpce-…`.
    pub id: String,
    /// The VPC's id.
    pub vpc: String,
    /// The last part of its service name: `sts`.
    pub service: String,
    /// Its state in lower case; `available` works.
    pub state: String,
    /// Whether the service's usual name leads to it inside the VPC.
    pub private_dns: bool,
    /// The subnets that hold its addresses.
    pub subnets: Vec<String>,
    /// The groups that it wears.
    pub groups: Vec<String>,
}

/// An endpoint of Route 53 Resolver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverEndpoint {
    /// `rslvr-in-…` or `rslvr-out-…`.
    pub id: String,
    /// Whether it takes questions (`ingress`) or sends them on (`egress`).
    pub direction: Direction,
    /// The VPC's id.
    pub vpc: String,
    /// Its state, as Resolver writes it; `OPERATIONAL` works.
    pub state: String,
    /// Its addresses.
    pub addresses: Vec<ResolverAddress>,
    /// The groups that it wears.
    pub groups: Vec<String>,
}

/// One address of a resolver endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverAddress {
    /// The subnet that it lies in.
    pub subnet: String,
    /// The address; `None` in a plan, where AWS will choose it.
    pub ip: Option<Ipv4Addr>,
    /// Whether its state is `ATTACHED`.
    pub attached: bool,
}

/// A rule of Route 53 Resolver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverRule {
    /// `rslvr-rr-…`.
    pub id: String,
    /// The domain, without a dot at its end; empty for the root.
    pub domain: String,
    /// Whether it forwards (`FORWARD`) rather than leaving the name to the VPC's resolver.
    pub forwards: bool,
    /// Its state, as Resolver writes it; `COMPLETE` works.
    pub state: String,
    /// The outbound endpoint.
    pub endpoint: Option<String>,
    /// Where it forwards to.
    pub targets: Targets,
}

/// The targets of a forward rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Targets {
    /// These addresses and ports.
    Addresses(Vec<(Ipv4Addr, u16)>),
    /// All addresses of an inbound endpoint, by id; a plan says it so.
    Endpoint(String),
}

/// A rule's association with a VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Association {
    /// The rule's id.
    pub rule: String,
    /// The VPC's id.
    pub vpc: String,
    /// Its state, as Resolver writes it; `COMPLETE` works.
    pub state: String,
}

/// Where something stands that opens or takes connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The subnets that its interfaces lie in.
    pub subnets: Vec<String>,
    /// The groups that it wears.
    pub groups: Vec<String>,
    /// Redshift only: whether enhanced VPC routing is on, so that its traffic takes
    /// the VPC's routes at all.
    pub enhanced_routing: Option<bool>,
}

/// The brokers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Where they stand.
    pub placement: Placement,
    /// Their addresses where known; otherwise anywhere in their subnets.
    pub addresses: Vec<Ipv4Addr>,
    /// The host that clients ask for first, without its port.
    pub bootstrap_host: Option<String>,
    /// What that host is an alias of.
    pub canonical_name: Option<String>,
}

impl Model {
    /// The VPC of one side.
    #[must_use]
    pub fn vpc(&self, side: Side) -> Option<&Vpc> {
        self.vpcs.iter().find(|vpc| vpc.side == side)
    }

    /// The side that a VPC belongs to.
    #[must_use]
    pub fn side_of(&self, vpc: &str) -> Option<Side> {
        self.vpcs
            .iter()
            .find(|known| known.id == vpc)
            .map(|known| known.side)
    }

    /// A subnet by id.
    #[must_use]
    pub fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.iter().find(|subnet| subnet.id == id)
    }

    /// The route table that a subnet uses: its own, else the VPC's main one.
    #[must_use]
    pub fn route_table(&self, subnet: &Subnet) -> Option<&RouteTable> {
        let own = self
            .route_tables
            .iter()
            .find(|table| table.subnets.contains(&subnet.id));
        own.or_else(|| {
            self.route_tables
                .iter()
                .find(|table| table.main && table.vpc == subnet.vpc)
        })
    }

    /// The network ACL that a subnet uses: its own, else the VPC's default one. A
    /// model without ACLs stands for untouched ones, which let everything pass.
    #[must_use]
    pub fn acl(&self, subnet: &Subnet) -> Option<&Acl> {
        let own = self.acls.iter().find(|acl| acl.subnets.contains(&subnet.id));
        own.or_else(|| self.acls.iter().find(|acl| acl.default && acl.vpc == subnet.vpc))
    }

    /// The inbound resolver endpoint of the source.
    #[must_use]
    pub(crate) fn inbound(&self) -> Option<&ResolverEndpoint> {
        let vpc = self.vpc(GroupRole::Inbound.side())?;
        self.resolver_endpoints
            .iter()
            .find(|endpoint| endpoint.direction == Direction::Ingress && endpoint.vpc == vpc.id)
    }
}
