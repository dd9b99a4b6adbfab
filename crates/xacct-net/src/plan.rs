//! The resources of a link, declared in a graph.
//!
//! What was read ([`Networks::observe`](crate::Networks::observe)) and what is wanted ([`Link`]) meet here;
//! [`Graph::plan`](xacct_converge::Graph::plan) then says what differs. Other crates
//! add their own resources to the same graph and take the handles as inputs.

use crate::apply::Observed;
use crate::blueprint::{self, GroupRole, RESOLVER_ZONES, RouteTarget, Table};
use crate::endpoint::StsNode;
use crate::groups::GroupNode;
use crate::internet::{AddressNode, GatewayInfo, GatewayNode};
use crate::nat::NatNode;
use crate::outputs::{ResolverEndpointInfo, SubnetInfo, VpcInfo};
use crate::peering::{AcceptNode, RequestNode};
use crate::resolver::ResolverNode;
use crate::route_tables::{TableNode, UseNode};
use crate::routes::{RouteNode, Via};
use crate::rule::{AssociationNode, RuleNode};
use crate::site::{Site, Usable};
use crate::spec::{Egress, Link, Network, Side};
use crate::subnets::{SubnetNode, private_noun};
use crate::vpc::VpcNode;
use std::collections::{BTreeMap, BTreeSet};
use xacct_converge::{Graph, Handle, Ready, Value};
use xacct_types::{Cidr, NatGatewayId, PeeringId, ResolverRuleId, RouteTableId, SecurityGroupId, SubnetId};

/// Zones that a network can have at most.
const MOST_ZONES: usize = 6;

/// What one network gives to other resources of the graph.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NetworkHandles {
    /// Whose.
    pub side: Side,
    /// The VPC.
    pub vpc: Handle<VpcInfo>,
    /// The private subnets, one for each zone.
    pub private: Vec<Handle<SubnetInfo>>,
    /// The public subnet, where there is a NAT gateway.
    pub public: Option<Handle<SubnetInfo>>,
    private_table: Handle<RouteTableId>,
    ready: Vec<Ready>,
}

impl NetworkHandles {
    /// The ids of the private subnets, as soon as they exist.
    #[must_use]
    pub fn private_subnet_ids(&self) -> Vec<Value<SubnetId>> {
        self.private
            .iter()
            .map(|subnet| subnet.ready().map(|info| info.id))
            .collect()
    }

    /// When packets find their way out: route tables in use, and the default route
    /// active where there is one.
    #[must_use]
    pub fn egress_ready(&self) -> Vec<Ready> {
        self.ready.clone()
    }
}

/// What a link gives to other resources of the graph.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LinkHandles {
    /// The network of the brokers.
    pub source: NetworkHandles,
    /// The network of Redshift.
    pub warehouse: NetworkHandles,
    /// Worn by brokers.
    pub cluster_group: Handle<SecurityGroupId>,
    /// Worn by producers.
    pub client_group: Handle<SecurityGroupId>,
    /// Worn by the Redshift workgroup.
    pub workgroup_group: Handle<SecurityGroupId>,
    /// The peering, active once it has settled.
    pub peering: Handle<PeeringId>,
    /// Takes questions in the source's VPC.
    pub inbound: Handle<ResolverEndpointInfo>,
    /// Sends questions on from the warehouse's VPC.
    pub outbound: Handle<ResolverEndpointInfo>,
    /// Forwards the brokers' domain.
    pub rule: Handle<ResolverRuleId>,
    pub(crate) forward_domain: String,
    routes: Vec<Ready>,
    dns: Ready,
    sts: Option<Ready>,
}

impl LinkHandles {
    /// When packets pass between the networks in both directions.
    #[must_use]
    pub fn peering_ready(&self) -> Vec<Ready> {
        self.routes.clone()
    }

    /// When the warehouse's VPC resolves the brokers' names.
    #[must_use]
    pub const fn dns_ready(&self) -> Ready {
        self.dns
    }

    /// When the warehouse reaches STS: its NAT route, or the endpoint.
    #[must_use]
    pub fn egress_ready(&self) -> Vec<Ready> {
        let mut ready = self.warehouse.egress_ready();
        ready.extend(self.sts);
        ready
    }

    /// Everything that a first refresh needs of the network.
    #[must_use]
    pub fn all_ready(&self) -> Vec<Ready> {
        let mut ready = self.egress_ready();
        ready.extend(self.source.egress_ready());
        ready.extend(self.peering_ready());
        ready.push(self.dns);
        ready
    }
}

/// Declares one network: VPC, subnets, route tables, and the way out.
pub fn declare_network(graph: &mut Graph, network: &Network, observed: &Observed) -> NetworkHandles {
    network_to(graph, network, observed, None)
}

/// The same; with the `peer`'s block it is known where every route leads, and
/// others are taken out.
fn network_to(
    graph: &mut Graph,
    network: &Network,
    observed: &Observed,
    peer: Option<Cidr>,
) -> NetworkHandles {
    let site = observed.site(network.side);
    let side = network.side;
    let vpc = graph.add(
        side.name("vpc"),
        VpcNode {
            site: site.clone(),
            cidr: network.cidr,
        },
    );
    let blocks = network.layout.private.iter().enumerate();
    let private: Vec<Handle<SubnetInfo>> = blocks
        .map(|(i, &cidr)| subnet(graph, site, vpc, &private_noun(i), cidr, i))
        .collect();
    let leftover = network.egress != Egress::Nat && site.has_nat_way();
    let way_out = (leftover || network.egress == Egress::Nat).then_some(Cidr::ANYWHERE);
    let leads = peer.map(|peer| [peer].into_iter().chain(way_out).collect());
    let (private_table, mut ready) = table(graph, site, vpc, Table::Private, &private, leads);
    let mut public = None;
    if network.egress == Egress::Nat {
        let stands = subnet(graph, site, vpc, "subnet-public", network.layout.public, 0);
        ready.extend(nat_way(graph, site, vpc, stands, private_table, Vec::new()));
        public = Some(stands);
    }
    let wanted = graph.len();
    if leftover {
        // Its subnet and its table are what a later run recognises the rest by: they go last.
        let stands = subnet(graph, site, vpc, "subnet-public", network.layout.public, 0);
        nat_way(graph, site, vpc, stands, private_table, vec![stands.settled()]);
    }
    for index in (private.len()..MOST_ZONES).filter(|&index| site.has_subnet(&private_noun(index))) {
        let stands = subnet(
            graph,
            site,
            vpc,
            &private_noun(index),
            network.layout.public,
            index,
        );
        table_use(graph, site, Table::Private, private_table, stands, index);
    }
    graph.retire(wanted);
    NetworkHandles {
        side,
        vpc,
        private,
        public,
        private_table,
        ready,
    }
}

fn subnet(
    graph: &mut Graph,
    site: &Site,
    vpc: Handle<VpcInfo>,
    noun: &str,
    cidr: Cidr,
    zone: usize,
) -> Handle<SubnetInfo> {
    let resource = site.side.name(noun);
    graph.add(
        resource.clone(),
        SubnetNode {
            site: site.clone(),
            vpc: vpc.made(),
            resource,
            cidr,
            zone,
        },
    )
}

/// A route table and its use by subnets; `leads` are the destinations of its routes.
fn table(
    graph: &mut Graph,
    site: &Site,
    vpc: Handle<VpcInfo>,
    which: Table,
    subnets: &[Handle<SubnetInfo>],
    leads: Option<BTreeSet<Cidr>>,
) -> (Handle<RouteTableId>, Vec<Ready>) {
    let resource = site.side.name(which.noun());
    let table = graph.add(
        resource.clone(),
        TableNode {
            site: site.clone(),
            vpc: vpc.made(),
            resource,
            destinations: leads.map(|leads| leads.iter().map(ToString::to_string).collect()),
        },
    );
    let uses = subnets.iter().enumerate();
    let uses = uses.map(|(i, &subnet)| table_use(graph, site, which, table, subnet, i));
    let uses = uses.collect();
    (table, uses)
}

/// The use of a route table by the subnet at `index`.
fn table_use(
    graph: &mut Graph,
    site: &Site,
    which: Table,
    table: Handle<RouteTableId>,
    subnet: Handle<SubnetInfo>,
    index: usize,
) -> Ready {
    let node = UseNode {
        site: site.clone(),
        table: table.made(),
        subnet: subnet.made(),
    };
    let noun = format!("{}-use-{}", which.noun(), index + 1);
    graph.add(site.side.name(&noun), node).settled()
}

/// Internet gateway, address, NAT gateway, and the routes through them.
/// Gateway and address come after `after`, and go before it.
fn nat_way(
    graph: &mut Graph,
    site: &Site,
    vpc: Handle<VpcInfo>,
    public: Handle<SubnetInfo>,
    private_table: Handle<RouteTableId>,
    after: Vec<Ready>,
) -> Vec<Ready> {
    let side = site.side;
    let gateway: Handle<GatewayInfo> = graph.add(
        side.name("internet-gateway"),
        GatewayNode {
            site: site.clone(),
            vpc: vpc.made(),
            after: after.clone(),
        },
    );
    let leads = Some(BTreeSet::from([Cidr::ANYWHERE]));
    let (public_table, mut ready) = table(graph, site, vpc, Table::Public, &[public], leads);
    let internet = Usable::of(gateway).map(|gateway| Via::Internet(gateway.id));
    ready.push(route(
        graph,
        site,
        "route-public-default",
        public_table,
        Cidr::ANYWHERE,
        internet,
    ));
    let address = AddressNode {
        site: site.clone(),
        after,
    };
    let address = graph.add(side.name("address"), address);
    let nat: Handle<NatGatewayId> = graph.add(
        side.name("nat"),
        NatNode {
            site: site.clone(),
            subnet: Usable::of(public),
            address: address.made(),
            gateway: gateway.settled(),
        },
    );
    let through = Usable::of(nat).map(Via::Nat);
    ready.push(route(
        graph,
        site,
        "route-default",
        private_table,
        Cidr::ANYWHERE,
        through,
    ));
    ready
}

fn route(
    graph: &mut Graph,
    site: &Site,
    noun: &str,
    table: Handle<RouteTableId>,
    destination: Cidr,
    via: Usable<Via>,
) -> Ready {
    let node = RouteNode {
        site: site.clone(),
        table: table.made(),
        destination,
        via,
    };
    graph.add(site.side.name(noun), node).settled()
}

/// Declares both networks and everything between them.
pub fn declare_link(graph: &mut Graph, link: &Link, observed: &Observed) -> LinkHandles {
    let source = network_to(graph, &link.source, observed, Some(link.warehouse.cidr));
    let warehouse = network_to(graph, &link.warehouse, observed, Some(link.source.cidr));
    let client_group = group(graph, link, observed, &source, GroupRole::Client, &[]);
    let hears = [(GroupRole::Client, client_group)];
    let cluster_group = group(graph, link, observed, &source, GroupRole::Cluster, &hears);
    let workgroup_group = group(graph, link, observed, &warehouse, GroupRole::Workgroup, &[]);
    let (peering, routes) = peering(graph, link, observed, &source, &warehouse);
    let inbound = resolver(graph, link, observed, &source, GroupRole::Inbound);
    let outbound = resolver(graph, link, observed, &warehouse, GroupRole::Outbound);
    let (rule, dns) = forwarding(graph, link, observed, &warehouse, inbound, outbound);
    let sts = (link.warehouse.egress == Egress::StsEndpoint)
        .then(|| sts_endpoint(graph, link, observed, &warehouse, workgroup_group));
    let wanted = graph.len();
    if sts.is_none() && observed.site(Side::Warehouse).has_sts_endpoint() {
        sts_endpoint(graph, link, observed, &warehouse, workgroup_group);
    }
    graph.retire(wanted);
    LinkHandles {
        source,
        warehouse,
        cluster_group,
        client_group,
        workgroup_group,
        peering,
        inbound,
        outbound,
        rule,
        forward_domain: link.forward_domain.clone(),
        routes,
        dns,
        sts,
    }
}

/// A security group; `peers` are the groups that its rules name.
fn group(
    graph: &mut Graph,
    link: &Link,
    observed: &Observed,
    network: &NetworkHandles,
    role: GroupRole,
    peers: &[(GroupRole, Handle<SecurityGroupId>)],
) -> Handle<SecurityGroupId> {
    let peers: BTreeMap<_, _> = peers
        .iter()
        .map(|(role, handle)| (*role, handle.made()))
        .collect();
    let node = GroupNode {
        site: observed.site(role.side()).clone(),
        vpc: network.vpc.made(),
        plan: blueprint::group(link, role),
        peers,
    };
    graph.add(role.resource(), node)
}

/// The peering, accepted, and the routes through it on both sides.
fn peering(
    graph: &mut Graph,
    link: &Link,
    observed: &Observed,
    source: &NetworkHandles,
    warehouse: &NetworkHandles,
) -> (Handle<PeeringId>, Vec<Ready>) {
    let request = RequestNode {
        site: observed.site(Side::Warehouse).clone(),
        here: warehouse.vpc.made(),
        there: source.vpc.made(),
    };
    let requested = graph.add(Side::Warehouse.name("peering"), request);
    let accept = AcceptNode {
        site: observed.site(Side::Source).clone(),
        requester: observed.site(Side::Warehouse).clone(),
        peering: Usable::of(requested),
    };
    let active = graph.add(Side::Source.name("peering"), accept);
    let routes = [source, warehouse].map(|network| {
        let site = observed.site(network.side);
        let planned = blueprint::routes(link, network.side).into_iter();
        let mut peer = planned.filter(|route| route.target == RouteTarget::Peering);
        let destination = peer
            .next()
            .map_or(link.network(network.side.peer()).cidr, |route| route.destination);
        let via = Usable::of(active).map(Via::Peering);
        route(graph, site, "route-peer", network.private_table, destination, via)
    });
    (active, routes.to_vec())
}

/// A resolver endpoint with its group, in the first zones of a network.
fn resolver(
    graph: &mut Graph,
    link: &Link,
    observed: &Observed,
    network: &NetworkHandles,
    role: GroupRole,
) -> Handle<ResolverEndpointInfo> {
    let group = group(graph, link, observed, network, role, &[]);
    let node = ResolverNode {
        site: observed.site(network.side).clone(),
        vpc: network.vpc.made(),
        subnets: network
            .private
            .iter()
            .take(RESOLVER_ZONES)
            .map(|&subnet| Usable::of(subnet))
            .collect(),
        group: group.made(),
        rules: observed.site(Side::Warehouse).seen.rules.clone(),
    };
    graph.add(network.side.name(role.as_str()), node)
}

/// The rule and its association with the warehouse's VPC.
fn forwarding(
    graph: &mut Graph,
    link: &Link,
    observed: &Observed,
    warehouse: &NetworkHandles,
    inbound: Handle<ResolverEndpointInfo>,
    outbound: Handle<ResolverEndpointInfo>,
) -> (Handle<ResolverRuleId>, Ready) {
    let site = observed.site(Side::Warehouse);
    let rule = RuleNode {
        site: site.clone(),
        vpc: warehouse.vpc.made(),
        domain: link.forward_domain.clone(),
        outbound: Usable::of(outbound),
        inbound: Usable::of(inbound),
    };
    let rule = graph.add(Side::Warehouse.name("resolver-rule"), rule);
    let association = AssociationNode {
        site: site.clone(),
        vpc: warehouse.vpc.made(),
        rule: Usable::of(rule),
    };
    let association = graph.add(Side::Warehouse.name("resolver-rule-association"), association);
    (rule, association.settled())
}

fn sts_endpoint(
    graph: &mut Graph,
    link: &Link,
    observed: &Observed,
    warehouse: &NetworkHandles,
    workgroup: Handle<SecurityGroupId>,
) -> Ready {
    let hears = [(GroupRole::Workgroup, workgroup)];
    let group = group(graph, link, observed, warehouse, GroupRole::StsEndpoint, &hears);
    let node = StsNode {
        site: observed.site(Side::Warehouse).clone(),
        // Private DNS needs both DNS attributes of the VPC in effect.
        vpc: Usable::of(warehouse.vpc),
        subnets: warehouse
            .private
            .iter()
            .map(|&subnet| Usable::of(subnet))
            .collect(),
        group: group.made(),
    };
    graph.add(Side::Warehouse.name("endpoint-sts"), node).settled()
}
