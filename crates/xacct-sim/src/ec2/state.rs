//! What EC2 holds in one account: plain records; everything that depends on time is computed when it is read.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::Value;

use super::cidr::Cidr;
use super::sight::Thing;
use crate::clock::SimTime;

/// Tags of one resource.
pub(crate) type Tags = BTreeMap<String, String>;

/// EC2 in one account.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub vpcs: BTreeMap<String, Vpc>,
    pub subnets: BTreeMap<String, Subnet>,
    pub route_tables: BTreeMap<String, RouteTable>,
    pub internet_gateways: BTreeMap<String, InternetGateway>,
    pub addresses: BTreeMap<String, Address>,
    pub nat_gateways: BTreeMap<String, NatGateway>,
    pub security_groups: BTreeMap<String, SecurityGroup>,
    pub network_acls: BTreeMap<String, NetworkAcl>,
    pub enis: BTreeMap<String, Eni>,
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Peerings that this account requested; the accepter's view is computed.
    pub peerings: BTreeMap<String, Peering>,
    /// By resource id. Tags belong to the account that set them.
    pub tags: BTreeMap<String, Tags>,
    /// Client tokens: what they were used with, and the id that came of it.
    pub tokens: BTreeMap<(&'static str, String), (Value, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Vpc {
    pub id: String,
    pub cidr: Cidr,
    pub cidr_association: String,
    pub dns_support: Attribute,
    pub dns_hostnames: Attribute,
    pub tenancy: String,
    pub visible_at: SimTime,
    pub ready_at: SimTime,
}

/// A switch whose change takes a while to show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute {
    before: bool,
    after: bool,
    from: SimTime,
}

impl Attribute {
    pub(crate) fn fixed(value: bool) -> Self {
        Self {
            before: value,
            after: value,
            from: SimTime::ZERO,
        }
    }

    pub(crate) fn at(self, now: SimTime) -> bool {
        if now >= self.from { self.after } else { self.before }
    }

    pub(crate) fn set(&mut self, now: SimTime, value: bool, from: SimTime) {
        *self = Self {
            before: self.at(now),
            after: value,
            from,
        };
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Subnet {
    pub id: String,
    pub vpc: String,
    pub cidr: Cidr,
    pub zone_id: String,
    pub map_public_ip: bool,
    pub visible_at: SimTime,
    pub ready_at: SimTime,
}

#[derive(Debug, Clone)]
pub(crate) struct RouteTable {
    pub id: String,
    pub vpc: String,
    pub routes: BTreeMap<Cidr, Route>,
    pub associations: Vec<TableAssociation>,
    pub visible_at: SimTime,
}

#[derive(Debug, Clone)]
pub(crate) struct TableAssociation {
    pub id: String,
    /// None: the VPC's main table.
    pub subnet: Option<String>,
    pub ready_at: SimTime,
}

#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub target: Target,
    pub origin: &'static str,
    pub visible_at: SimTime,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Local,
    InternetGateway(String),
    NatGateway(String),
    Peering(String),
    Interface(String),
}

#[derive(Debug, Clone)]
pub(crate) struct InternetGateway {
    pub id: String,
    pub vpc: Option<String>,
    pub visible_at: SimTime,
}

#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub allocation: String,
    pub ip: Ipv4Addr,
    pub visible_at: SimTime,
}

#[derive(Debug, Clone)]
pub(crate) struct NatGateway {
    pub id: String,
    pub vpc: String,
    pub subnet: String,
    pub public: bool,
    pub allocation: Option<String>,
    pub association: String,
    pub eni: String,
    pub private_ip: Ipv4Addr,
    pub created: SimTime,
    pub visible_at: SimTime,
    /// When it becomes available or failed.
    pub ready_at: SimTime,
    /// Code and text when it could not be made.
    pub failure: Option<(&'static str, String)>,
    /// When deletion was asked for and when it is over.
    pub deletion: Option<(SimTime, SimTime)>,
}

#[derive(Debug, Clone)]
pub(crate) struct SecurityGroup {
    pub id: String,
    pub vpc: String,
    pub name: String,
    pub description: String,
    pub rules: Vec<GroupRule>,
    pub visible_at: SimTime,
}

#[derive(Debug, Clone)]
pub(crate) struct GroupRule {
    pub id: String,
    pub egress: bool,
    pub traffic: Traffic,
    pub peer: Peer,
    pub description: Option<String>,
    pub visible_at: SimTime,
}

/// Protocol and ports of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// `-1`, `tcp`, `udp`, `icmp` or a number.
    pub protocol: String,
    /// -1 for all.
    pub from_port: i64,
    pub to_port: i64,
}

/// The other end of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    Cidr(Cidr),
    Cidr6(String),
    Group { account: String, id: String },
    PrefixList(String),
}

#[derive(Debug, Clone)]
pub(crate) struct NetworkAcl {
    pub id: String,
    pub vpc: String,
    pub default: bool,
    /// By direction (egress) and number.
    pub entries: BTreeMap<(bool, i64), AclEntry>,
    /// Association id by subnet.
    pub associations: BTreeMap<String, String>,
    pub visible_at: SimTime,
}

#[derive(Debug, Clone)]
pub(crate) struct AclEntry {
    pub allow: bool,
    /// `-1` or a protocol number (6 tcp, 17 udp).
    pub protocol: String,
    pub cidr: Cidr,
    pub ports: Option<(i64, i64)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Eni {
    pub id: String,
    pub vpc: String,
    pub subnet: String,
    pub ip: Ipv4Addr,
    pub groups: Vec<String>,
    pub description: String,
    pub interface_type: &'static str,
    /// Account or service that made it.
    pub requester_id: String,
    /// The resource it serves: an ARN or an id.
    pub owner: String,
    pub public_ip: Option<Ipv4Addr>,
    pub visible_at: SimTime,
    /// When it is really gone; services take their time.
    pub gone_at: Option<SimTime>,
}

#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub id: String,
    pub vpc: String,
    pub service: String,
    pub subnets: Vec<String>,
    pub groups: Vec<String>,
    pub private_dns: bool,
    pub policy: String,
    pub enis: Vec<String>,
    pub created: SimTime,
    pub visible_at: SimTime,
    pub ready_at: SimTime,
    pub gone_at: Option<SimTime>,
}

#[derive(Debug, Clone)]
pub(crate) struct Peering {
    pub id: String,
    pub requester: Side,
    pub accepter: Side,
    pub created: SimTime,
    pub visible_at: SimTime,
    pub accepter_visible_at: SimTime,
    pub pending_at: SimTime,
    /// Blocks overlap: failed from the start.
    pub failed: bool,
    /// When it becomes active, once accepted.
    pub active_at: Option<SimTime>,
    pub end: Option<PeeringEnd>,
}

#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub account: String,
    pub vpc: String,
    pub cidr: Cidr,
}

#[derive(Debug, Clone)]
pub(crate) struct PeeringEnd {
    /// `deleted` or `rejected`.
    pub status: &'static str,
    pub by: String,
    pub done: SimTime,
}

macro_rules! thing {
    ($kind:ty, $prefix:literal, $code:literal, $noun:literal) => {
        impl Thing for $kind {
            const PREFIX: &'static str = $prefix;
            const NOT_FOUND: (&'static str, &'static str) = ($code, $noun);
            fn visible_at(&self) -> SimTime {
                self.visible_at
            }
        }
    };
    ($kind:ty, $prefix:literal, $code:literal, $noun:literal, $vanishes:expr) => {
        impl Thing for $kind {
            const PREFIX: &'static str = $prefix;
            const NOT_FOUND: (&'static str, &'static str) = ($code, $noun);
            fn visible_at(&self) -> SimTime {
                self.visible_at
            }
            fn vanishes_at(&self) -> Option<SimTime> {
                let vanishes: fn(&Self) -> Option<SimTime> = $vanishes;
                vanishes(self)
            }
        }
    };
}

/// Failed and deleted NAT gateways stay visible for about an hour.
pub(crate) const NAT_TOMBSTONE: SimTime = SimTime::from_secs(3600);

thing!(Vpc, "vpc", "InvalidVpcID.NotFound", "vpc ID");
thing!(Subnet, "subnet", "InvalidSubnetID.NotFound", "subnet ID");
thing!(RouteTable, "rtb", "InvalidRouteTableID.NotFound", "routeTable ID");
thing!(
    InternetGateway,
    "igw",
    "InvalidInternetGatewayID.NotFound",
    "internetGateway ID"
);
thing!(
    Address,
    "eipalloc",
    "InvalidAllocationID.NotFound",
    "allocation ID"
);
thing!(SecurityGroup, "sg", "InvalidGroup.NotFound", "security group");
thing!(NetworkAcl, "acl", "InvalidNetworkAclID.NotFound", "networkAcl ID");
thing!(NatGateway, "nat", "NatGatewayNotFound", "Nat Gateway", |nat| nat
    .deletion
    .map(|(_, done)| done)
    .or(nat.failure.as_ref().map(|_| nat.ready_at))
    .map(|end| end + NAT_TOMBSTONE));
thing!(
    Eni,
    "eni",
    "InvalidNetworkInterfaceID.NotFound",
    "networkInterface ID",
    |eni| eni.gone_at
);
thing!(
    Endpoint,
    "vpce",
    "InvalidVpcEndpointId.NotFound",
    "Vpc Endpoint Id",
    |endpoint| endpoint.gone_at
);

impl State {
    /// A VPC's main route table.
    pub(crate) fn main_table(&self, vpc: &str) -> Option<&RouteTable> {
        self.route_tables.values().find(|table| {
            table.vpc == vpc
                && table
                    .associations
                    .iter()
                    .any(|association| association.subnet.is_none())
        })
    }

    /// The table that holds for a subnet: its own, else the main one.
    pub(crate) fn table_of(&self, subnet: &str) -> Option<&RouteTable> {
        let vpc = &self.subnets.get(subnet)?.vpc;
        let own = |table: &&RouteTable| {
            table
                .associations
                .iter()
                .any(|one| one.subnet.as_deref() == Some(subnet))
        };
        self.route_tables
            .values()
            .find(own)
            .or_else(|| self.main_table(vpc))
    }

    /// The ACL that holds for a subnet.
    pub(crate) fn acl_of(&self, subnet: &str) -> Option<&NetworkAcl> {
        self.network_acls
            .values()
            .find(|acl| acl.associations.contains_key(subnet))
    }

    /// A VPC's default security group.
    pub(crate) fn default_group(&self, vpc: &str) -> Option<&SecurityGroup> {
        self.security_groups
            .values()
            .find(|group| group.vpc == vpc && group.name == "default")
    }

    /// Interfaces that are there at an instant.
    pub(crate) fn live_enis(&self, now: SimTime) -> impl Iterator<Item = &Eni> {
        self.enis
            .values()
            .filter(move |eni| eni.gone_at.is_none_or(|gone| now < gone))
    }

    /// Drops what nobody can see any more, so that ids of the distant past cost nothing.
    pub(crate) fn settle(&mut self, now: SimTime) {
        self.enis
            .retain(|_, eni| eni.gone_at.is_none_or(|gone| now < gone));
        self.endpoints
            .retain(|_, endpoint| endpoint.gone_at.is_none_or(|gone| now < gone));
        self.nat_gateways
            .retain(|_, nat| nat.vanishes_at().is_none_or(|gone| now < gone));
        let Self {
            enis,
            endpoints,
            nat_gateways,
            tags,
            ..
        } = self;
        tags.retain(|id, _| match id.split('-').next() {
            Some("eni") => enis.contains_key(id),
            Some("vpce") => endpoints.contains_key(id),
            Some("nat") => nat_gateways.contains_key(id),
            _ => true,
        });
    }

    /// A resource's tags.
    pub(crate) fn tags_of(&self, id: &str) -> Option<&Tags> {
        self.tags.get(id)
    }
}

impl NatGateway {
    pub(crate) fn state(&self, now: SimTime) -> &'static str {
        match (self.deletion, &self.failure) {
            (Some((_, done)), _) if now >= done => "deleted",
            (Some(_), _) => "deleting",
            (None, _) if now < self.ready_at => "pending",
            (None, Some(_)) => "failed",
            (None, None) => "available",
        }
    }

    /// Whether it holds its subnet, address and place in the VPC.
    pub(crate) fn is_live(&self, now: SimTime) -> bool {
        !matches!(self.state(now), "deleted" | "failed")
    }
}
