//! The model of a link as it will be: ids are resource names, states are good.

use super::model::{
    Allow, AllowPeer, Association, Cluster, Gateway, Group, InterfaceEndpoint, Model, Nat, Peering,
    Placement, ResolverAddress, ResolverEndpoint, ResolverRule, Route, RouteTable, Subnet, Target, Targets,
    Vpc,
};
use crate::blueprint::{
    self, Direction, GroupPlan, GroupRole, GroupRule, RESOLVER_ZONES, RouteTarget, RulePeer, Table,
};
use crate::spec::{Egress, Link, Network, Side};
use xacct_types::Cidr;

/// Everything that a deployment of `link` would make, as if it were there.
#[must_use]
pub fn planned(link: &Link) -> Model {
    let sides = Side::BOTH.map(|side| link.network(side));
    Model {
        region: link.region.clone(),
        broker_port: link.broker_port,
        forward_domain: link.forward_domain.clone(),
        vpcs: sides.iter().map(|network| vpc(network)).collect(),
        subnets: sides.iter().flat_map(|network| subnets(network)).collect(),
        route_tables: sides
            .iter()
            .flat_map(|network| route_tables(link, network))
            .collect(),
        peerings: vec![peering()],
        groups: blueprint::groups(link).iter().map(group).collect(),
        acls: Vec::new(),
        nats: natted(&sides).map(nat).collect(),
        gateways: natted(&sides).map(gateway).collect(),
        endpoints: sts_endpoint(link).into_iter().collect(),
        resolver_endpoints: sides.iter().map(|network| resolver_endpoint(network)).collect(),
        rules: vec![rule(link)],
        associations: vec![Association {
            rule: "warehouse/rule".into(),
            vpc: "warehouse/vpc".into(),
            state: "COMPLETE".into(),
        }],
        workgroup: Placement {
            enhanced_routing: Some(true),
            ..placement(&link.warehouse, GroupRole::Workgroup)
        },
        cluster: Cluster {
            placement: placement(&link.source, GroupRole::Cluster),
            ..Cluster::default()
        },
        producer: placement(&link.source, GroupRole::Client),
    }
}

fn natted<'a>(sides: &'a [&'a Network]) -> impl Iterator<Item = &'a Network> {
    sides
        .iter()
        .copied()
        .filter(|network| network.egress == Egress::Nat)
}

fn vpc(network: &Network) -> Vpc {
    Vpc {
        id: network.side.name("vpc"),
        side: network.side,
        cidrs: vec![network.cidr],
        available: true,
        dns_support: true,
        dns_hostnames: true,
        amazon_dns: true,
    }
}

/// The resource name of the `index`-th private subnet, counted from 0.
fn private_name(side: Side, index: usize) -> String {
    side.name(&format!("subnet-private-{}", index + 1))
}

fn subnets(network: &Network) -> Vec<Subnet> {
    let side = network.side;
    let subnet = |id: String, cidr: Cidr, zone: usize| Subnet {
        id,
        vpc: side.name("vpc"),
        cidr,
        zone: format!("zone-{}", zone + 1),
        available: true,
    };
    let private = network.layout.private.iter().enumerate();
    let mut all: Vec<Subnet> = private
        .map(|(i, &cidr)| subnet(private_name(side, i), cidr, i))
        .collect();
    if network.egress == Egress::Nat {
        all.push(subnet(side.name("subnet-public"), network.layout.public, 0));
    }
    all
}

fn route_tables(link: &Link, network: &Network) -> Vec<RouteTable> {
    let side = network.side;
    let private = (0..network.layout.private.len())
        .map(|i| private_name(side, i))
        .collect();
    let mut tables = vec![table(link, network, Table::Private, private)];
    if network.egress == Egress::Nat {
        tables.push(table(
            link,
            network,
            Table::Public,
            vec![side.name("subnet-public")],
        ));
    }
    tables
}

fn table(link: &Link, network: &Network, which: Table, subnets: Vec<String>) -> RouteTable {
    let side = network.side;
    let route = |destination, target| Route {
        destination,
        target,
        blackhole: false,
    };
    let mut routes = vec![route(network.cidr, Target::Local)];
    let made = blueprint::routes(link, side)
        .into_iter()
        .filter(|made| made.table == which);
    routes.extend(made.map(|made| {
        let target = match made.target {
            RouteTarget::Peering => Target::Peering("peering".into()),
            RouteTarget::Nat => Target::Nat(side.name("nat")),
            RouteTarget::Internet => Target::Internet(side.name("internet-gateway")),
        };
        route(made.destination, target)
    }));
    RouteTable {
        id: side.name(which.noun()),
        vpc: side.name("vpc"),
        main: false,
        subnets,
        routes,
    }
}

fn peering() -> Peering {
    Peering {
        id: "peering".into(),
        requester: Side::Warehouse.name("vpc"),
        accepter: Side::Source.name("vpc"),
        state: "active".into(),
        seen_by: Side::BOTH.to_vec(),
    }
}

fn group(plan: &GroupPlan) -> Group {
    let mut rules: Vec<Allow> = plan.rules.iter().map(allow).collect();
    if plan.keeps_default_egress {
        rules.push(Allow {
            direction: Direction::Egress,
            protocol: None,
            ports: 0..=65535,
            peer: AllowPeer::Block(Cidr::ANYWHERE),
        });
    }
    Group {
        id: plan.role.resource(),
        vpc: plan.role.side().name("vpc"),
        rules,
    }
}

fn allow(rule: &GroupRule) -> Allow {
    Allow {
        direction: rule.direction,
        protocol: Some(rule.protocol),
        ports: rule.port..=rule.port,
        peer: match rule.peer {
            RulePeer::Block(block) => AllowPeer::Block(block),
            RulePeer::Group(role) => AllowPeer::Group(role.resource()),
        },
    }
}

fn nat(network: &Network) -> Nat {
    Nat {
        id: network.side.name("nat"),
        subnet: network.side.name("subnet-public"),
        state: "available".into(),
        public: true,
    }
}

fn gateway(network: &Network) -> Gateway {
    Gateway {
        id: network.side.name("internet-gateway"),
        vpc: Some(network.side.name("vpc")),
    }
}

fn sts_endpoint(link: &Link) -> Option<InterfaceEndpoint> {
    let network = &link.warehouse;
    let wanted = network.egress == Egress::StsEndpoint;
    wanted.then(|| InterfaceEndpoint {
        id: network.side.name("endpoint-sts"),
        vpc: network.side.name("vpc"),
        service: "sts".into(),
        state: "available".into(),
        private_dns: true,
        subnets: placement(network, GroupRole::StsEndpoint).subnets,
        groups: vec![GroupRole::StsEndpoint.resource()],
    })
}

fn resolver_endpoint(network: &Network) -> ResolverEndpoint {
    let side = network.side;
    let (direction, role) = match side {
        Side::Source => (Direction::Ingress, GroupRole::Inbound),
        Side::Warehouse => (Direction::Egress, GroupRole::Outbound),
    };
    let address = |index| ResolverAddress {
        subnet: private_name(side, index),
        ip: None,
        attached: true,
    };
    ResolverEndpoint {
        id: side.name(role.as_str()),
        direction,
        vpc: side.name("vpc"),
        state: "OPERATIONAL".into(),
        addresses: (0..RESOLVER_ZONES).map(address).collect(),
        groups: vec![role.resource()],
    }
}

fn rule(link: &Link) -> ResolverRule {
    ResolverRule {
        id: "warehouse/rule".into(),
        domain: link.forward_domain.clone(),
        forwards: true,
        state: "COMPLETE".into(),
        endpoint: Some(Side::Warehouse.name(GroupRole::Outbound.as_str())),
        targets: Targets::Endpoint(Side::Source.name(GroupRole::Inbound.as_str())),
    }
}

fn placement(network: &Network, role: GroupRole) -> Placement {
    Placement {
        subnets: (0..network.layout.private.len())
            .map(|i| private_name(network.side, i))
            .collect(),
        groups: vec![role.resource()],
        enhanced_routing: None,
    }
}
