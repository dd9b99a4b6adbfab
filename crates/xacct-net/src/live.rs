//! The model of two live networks, filled from what Describe calls return.

use crate::apply::Networks;
use crate::blueprint::{Direction, GroupRole, Protocol};
use crate::entries::{Entry, EntryPeer, entries};
use crate::outputs::{LinkOutputs, NetworkOutputs};
use crate::proof::Model;
use crate::proof::model::{
    Acl, AclEntry, Allow, AllowPeer, Association, Cluster, Gateway, Group, InterfaceEndpoint, Nat, Peering,
    Placement, ResolverAddress, ResolverEndpoint, ResolverRule, Route, RouteTable, Subnet, Target, Targets,
    Vpc,
};
use crate::site::{Site, by, every_page};
use crate::spec::Side;
use crate::{endpoint, peering, routes, rule};
use aws_sdk_ec2::types as ec2;
use aws_sdk_route53resolver::types::{
    IpAddressResponse, IpAddressStatus, ResolverEndpointDirection, RuleTypeOption,
};
use futures_util::future::try_join_all;
use futures_util::try_join;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use xacct_converge::{Context, Failure};
use xacct_types::Cidr;

/// Where Redshift and the brokers stand, from whoever knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// The Redshift workgroup; default: every private subnet of the warehouse.
    pub workgroup: Option<Placement>,
    /// The brokers; default: every private subnet of the source.
    pub cluster: Option<Cluster>,
    /// A producer; default: every private subnet of the source.
    pub producer: Option<Placement>,
}

/// Everything of one side.
#[derive(Default)]
struct Half {
    vpcs: Vec<Vpc>,
    subnets: Vec<Subnet>,
    route_tables: Vec<RouteTable>,
    groups: Vec<Group>,
    acls: Vec<Acl>,
    nats: Vec<Nat>,
    gateways: Vec<Gateway>,
    endpoints: Vec<InterfaceEndpoint>,
    resolver_endpoints: Vec<ResolverEndpoint>,
    rules: Vec<ResolverRule>,
    associations: Vec<Association>,
    peerings: Vec<ec2::VpcPeeringConnection>,
}

pub(crate) async fn read(
    networks: &Networks,
    outputs: &LinkOutputs,
    ends: &Ends,
    cx: &Context,
) -> Result<Model, Failure> {
    let placed = |given: &Option<Placement>, network: &NetworkOutputs, role| {
        Some(placed(given, network, outputs, role))
    };
    let cluster = || Cluster {
        placement: self::placed(&None, &outputs.source, outputs, GroupRole::Cluster),
        ..Cluster::default()
    };
    let ends = Ends {
        workgroup: placed(&ends.workgroup, &outputs.warehouse, GroupRole::Workgroup),
        cluster: ends.cluster.clone().or_else(|| Some(cluster())),
        producer: placed(&ends.producer, &outputs.source, GroupRole::Client),
    };
    let vpcs = [&outputs.source, &outputs.warehouse].map(|network| Some(network.vpc.id.to_string()));
    Box::pin(read_vpcs(networks, vpcs, ends, cx)).await
}

/// Reads the networks in which these ends stand, whoever made them.
pub(crate) async fn read_between(networks: &Networks, ends: &Ends, cx: &Context) -> Result<Model, Failure> {
    let subnet =
        |placement: Option<&Placement>| placement.and_then(|placement| placement.subnets.first().cloned());
    let of_cluster = subnet(ends.cluster.as_ref().map(|cluster| &cluster.placement));
    let vpcs = [
        vpc_of(networks.site(Side::Source), of_cluster, cx).await?,
        vpc_of(
            networks.site(Side::Warehouse),
            subnet(ends.workgroup.as_ref()),
            cx,
        )
        .await?,
    ];
    Box::pin(read_vpcs(networks, vpcs, ends.clone(), cx)).await
}

async fn vpc_of(site: &Site, subnet: Option<String>, cx: &Context) -> Result<Option<String>, Failure> {
    let Some(id) = subnet else { return Ok(None) };
    let found = site.subnets(vec![by("subnet-id", &id)], cx).await?;
    let found = found
        .into_iter()
        .find(|subnet| subnet.subnet_id() == Some(id.as_str()));
    Ok(found.and_then(|subnet| subnet.vpc_id))
}

async fn half_of(site: &Site, vpc: Option<&String>, cx: &Context) -> Result<Half, Failure> {
    match vpc {
        Some(vpc) => half(site, vpc, cx).await,
        None => Ok(Half::default()),
    }
}

async fn read_vpcs(
    networks: &Networks,
    vpcs: [Option<String>; 2],
    ends: Ends,
    cx: &Context,
) -> Result<Model, Failure> {
    let (source, warehouse) = try_join!(
        half_of(networks.site(Side::Source), vpcs[0].as_ref(), cx),
        half_of(networks.site(Side::Warehouse), vpcs[1].as_ref(), cx),
    )?;
    let between = vpcs.map(Option::unwrap_or_default);
    let (link, peerings) = (networks.link(), peerings(&source, &warehouse, &between));
    let joined = join(source, warehouse);
    let mut cluster = ends.cluster.unwrap_or_default();
    if cluster.addresses.is_empty() {
        cluster.addresses = addresses(networks.site(Side::Source), &cluster.placement, cx).await?;
    }
    Ok(Model {
        region: link.region.clone(),
        broker_port: link.broker_port,
        forward_domain: link.forward_domain.clone(),
        peerings,
        vpcs: joined.vpcs,
        subnets: joined.subnets,
        route_tables: joined.route_tables,
        groups: joined.groups,
        acls: joined.acls,
        nats: joined.nats,
        gateways: joined.gateways,
        endpoints: joined.endpoints,
        resolver_endpoints: joined.resolver_endpoints,
        rules: joined.rules,
        associations: joined.associations,
        workgroup: ends.workgroup.unwrap_or_default(),
        cluster,
        producer: ends.producer.unwrap_or_default(),
    })
}

/// The addresses of the brokers: of interfaces in their subnets that wear their groups and that a service manages. Where
/// there are none, the proof takes the subnets whole.
async fn addresses(site: &Site, placement: &Placement, cx: &Context) -> Result<Vec<Ipv4Addr>, Failure> {
    let Some(group) = placement.groups.first() else {
        return Ok(Vec::new());
    };
    let request = site
        .ec2
        .describe_network_interfaces()
        .filters(by("group-id", group));
    let found = every_page!(
        cx,
        "ec2:DescribeNetworkInterfaces",
        network_interfaces,
        request.clone()
    );
    let theirs = |eni: &&ec2::NetworkInterface| {
        let wears = eni
            .groups()
            .iter()
            .any(|worn| worn.group_id() == Some(group.as_str()));
        let stands = eni
            .subnet_id()
            .is_some_and(|id| placement.subnets.iter().any(|subnet| subnet == id));
        wears && stands && eni.requester_managed() == Some(true)
    };
    let ips = found
        .iter()
        .filter(theirs)
        .filter_map(|eni| eni.private_ip_address());
    let mut ips: Vec<Ipv4Addr> = ips.filter_map(|ip| ip.parse().ok()).collect();
    ips.sort_unstable();
    Ok(ips)
}

fn placed(
    given: &Option<Placement>,
    network: &NetworkOutputs,
    outputs: &LinkOutputs,
    role: GroupRole,
) -> Placement {
    let group = match role {
        GroupRole::Cluster => &outputs.cluster_group,
        GroupRole::Client => &outputs.client_group,
        _ => &outputs.workgroup_group,
    };
    given.clone().unwrap_or_else(|| Placement {
        subnets: network
            .private_subnets
            .iter()
            .map(|subnet| subnet.id.to_string())
            .collect(),
        groups: vec![group.to_string()],
        enhanced_routing: None,
    })
}

fn join(mut one: Half, other: Half) -> Half {
    one.vpcs.extend(other.vpcs);
    one.subnets.extend(other.subnets);
    one.route_tables.extend(other.route_tables);
    one.groups.extend(other.groups);
    one.acls.extend(other.acls);
    one.nats.extend(other.nats);
    one.gateways.extend(other.gateways);
    one.endpoints.extend(other.endpoints);
    one.resolver_endpoints.extend(other.resolver_endpoints);
    one.rules.extend(other.rules);
    one.associations.extend(other.associations);
    one
}

async fn half(site: &Site, vpc: &str, cx: &Context) -> Result<Half, Failure> {
    let here = || vec![by("vpc-id", vpc)];
    let (vpcs, subnets, route_tables, groups, acls) = try_join!(
        live_vpcs(site, vpc, cx),
        site.subnets(here(), cx),
        site.route_tables(here(), cx),
        site.groups(here(), cx),
        acls(site, vpc, cx),
    )?;
    let (nats, gateways, endpoints, peerings) = try_join!(
        site.nats(here(), cx),
        site.gateways(vec![by("attachment.vpc-id", vpc)], cx),
        site.endpoints(here(), cx),
        site.peerings(cx),
    )?;
    let (resolver_endpoints, rules, associations) = resolver(site, vpc, cx).await?;
    Ok(Half {
        vpcs,
        subnets: subnets
            .iter()
            .filter_map(subnet)
            .filter(|subnet| subnet.vpc == vpc)
            .collect(),
        route_tables: route_tables
            .iter()
            .filter_map(table)
            .filter(|table| table.vpc == vpc)
            .collect(),
        groups: groups
            .iter()
            .filter_map(group)
            .filter(|group| group.vpc == vpc)
            .collect(),
        acls,
        nats: nats.iter().filter_map(nat).collect(),
        gateways: gateways.iter().filter_map(gateway).collect(),
        endpoints: endpoints
            .iter()
            .filter_map(interface)
            .filter(|endpoint| endpoint.vpc == vpc)
            .collect(),
        resolver_endpoints,
        rules,
        associations,
        peerings,
    })
}

/// The VPC with its attributes; nothing where it is gone.
async fn live_vpcs(site: &Site, id: &str, cx: &Context) -> Result<Vec<Vpc>, Failure> {
    let found = site.vpcs(vec![by("vpc-id", id)], cx).await?;
    let Some(vpc) = found.iter().find(|vpc| vpc.vpc_id() == Some(id)) else {
        return Ok(Vec::new());
    };
    let options = vpc.dhcp_options_id().unwrap_or("default");
    let ((dns_support, dns_hostnames), amazon_dns) =
        try_join!(site.dns_attributes(id, cx), amazon_dns(site, options, cx))?;
    let primary = vpc.cidr_block().into_iter();
    let all = primary.chain(
        vpc.cidr_block_association_set()
            .iter()
            .filter_map(|set| set.cidr_block()),
    );
    let mut cidrs: Vec<Cidr> = Vec::new();
    for cidr in all.filter_map(|text| text.parse().ok()) {
        if !cidrs.contains(&cidr) {
            cidrs.push(cidr);
        }
    }
    Ok(vec![Vpc {
        id: id.to_owned(),
        side: site.side,
        cidrs,
        available: vpc.state() == Some(&ec2::VpcState::Available),
        dns_support,
        dns_hostnames,
        amazon_dns,
    }])
}

/// Whether these DHCP options leave names to the VPC's resolver. `default` stands
/// for none at all, which leaves instances without any name server.
pub(crate) async fn amazon_dns(site: &Site, id: &str, cx: &Context) -> Result<bool, Failure> {
    let request = site
        .ec2
        .describe_dhcp_options()
        .filters(by("dhcp-options-id", id));
    let found = every_page!(cx, "ec2:DescribeDhcpOptions", dhcp_options, request.clone());
    let Some(options) = found.iter().find(|options| options.dhcp_options_id() == Some(id)) else {
        return Ok(id != "default");
    };
    let mut settings = options.dhcp_configurations().iter();
    let servers = settings.find(|setting| setting.key() == Some("domain-name-servers"));
    let amazon = |value: &ec2::AttributeValue| value.value() == Some("AmazonProvidedDNS");
    Ok(servers.is_some_and(|servers| servers.values().iter().any(amazon)))
}

fn subnet(subnet: &ec2::Subnet) -> Option<Subnet> {
    Some(Subnet {
        id: subnet.subnet_id.clone()?,
        vpc: subnet.vpc_id.clone()?,
        cidr: subnet.cidr_block()?.parse().ok()?,
        zone: subnet.availability_zone_id.clone().unwrap_or_default(),
        available: subnet.state() == Some(&ec2::SubnetState::Available),
    })
}

fn table(table: &ec2::RouteTable) -> Option<RouteTable> {
    let associations = table.associations();
    Some(RouteTable {
        id: table.route_table_id.clone()?,
        vpc: table.vpc_id.clone()?,
        main: associations
            .iter()
            .any(|association| association.main() == Some(true)),
        subnets: associations
            .iter()
            .filter_map(|association| association.subnet_id.clone())
            .collect(),
        routes: table.routes().iter().filter_map(route).collect(),
    })
}

fn route(route: &ec2::Route) -> Option<Route> {
    let id = routes::target(route).to_owned();
    let target = match id.split('-').next().unwrap_or_default() {
        "local" => Target::Local,
        "pcx" => Target::Peering(id),
        "nat" => Target::Nat(id),
        "igw" => Target::Internet(id),
        _ => Target::Other(id),
    };
    Some(Route {
        destination: route.destination_cidr_block()?.parse().ok()?,
        target,
        blackhole: route.state() == Some(&ec2::RouteState::Blackhole),
    })
}

fn group(group: &ec2::SecurityGroup) -> Option<Group> {
    Some(Group {
        id: group.group_id.clone()?,
        vpc: group.vpc_id.clone()?,
        rules: entries(group).iter().filter_map(allow).collect(),
    })
}

/// A rule that says something about TCP or UDP over IPv4.
fn allow(entry: &Entry) -> Option<Allow> {
    let protocol = protocol(&entry.protocol)?;
    let ports = if protocol.is_none() {
        0..=65535
    } else {
        ports(entry.from, entry.to)
    };
    let peer = match &entry.peer {
        EntryPeer::Block(block) => AllowPeer::Block(block.parse().ok()?),
        EntryPeer::Group(id) => AllowPeer::Group(id.clone()),
        EntryPeer::PrefixList(id) => AllowPeer::PrefixList(id.clone()),
        EntryPeer::Block6(_) => return None,
    };
    Some(Allow {
        direction: entry.direction,
        protocol,
        ports,
        peer,
    })
}

/// `Some(None)` for every protocol; `None` for one that is neither TCP nor UDP.
fn protocol(text: &str) -> Option<Option<Protocol>> {
    match text {
        "-1" | "all" => Some(None),
        "tcp" | "6" => Some(Some(Protocol::Tcp)),
        "udp" | "17" => Some(Some(Protocol::Udp)),
        _ => None,
    }
}

fn ports(from: i32, to: i32) -> RangeInclusive<u16> {
    if from < 0 {
        return 0..=65535;
    }
    u16::try_from(from).unwrap_or(0)..=u16::try_from(to).unwrap_or(u16::MAX)
}

pub(crate) async fn acls(site: &Site, vpc: &str, cx: &Context) -> Result<Vec<Acl>, Failure> {
    let request = site.ec2.describe_network_acls().filters(by("vpc-id", vpc));
    let found = every_page!(cx, "ec2:DescribeNetworkAcls", network_acls, request.clone());
    let here = found.iter().filter(|acl| acl.vpc_id() == Some(vpc));
    Ok(here.filter_map(acl).collect())
}

fn acl(acl: &ec2::NetworkAcl) -> Option<Acl> {
    Some(Acl {
        id: acl.network_acl_id.clone()?,
        vpc: acl.vpc_id.clone()?,
        default: acl.is_default() == Some(true),
        subnets: acl
            .associations()
            .iter()
            .filter_map(|a| a.subnet_id.clone())
            .collect(),
        entries: acl.entries().iter().filter_map(acl_entry).collect(),
    })
}

fn acl_entry(entry: &ec2::NetworkAclEntry) -> Option<AclEntry> {
    let range = entry.port_range();
    let ports = range.map_or(0..=65535, |range| {
        ports(range.from().unwrap_or(-1), range.to().unwrap_or(-1))
    });
    Some(AclEntry {
        // 32767, the last line, is understood by the proof.
        number: u16::try_from(entry.rule_number()?)
            .ok()
            .filter(|&number| number < 32767)?,
        direction: if entry.egress() == Some(true) {
            Direction::Egress
        } else {
            Direction::Ingress
        },
        allow: entry.rule_action() == Some(&ec2::RuleAction::Allow),
        protocol: protocol(entry.protocol().unwrap_or("-1"))?,
        ports,
        block: entry.cidr_block()?.parse().ok()?,
    })
}

fn nat(nat: &ec2::NatGateway) -> Option<Nat> {
    let public = nat
        .nat_gateway_addresses()
        .iter()
        .any(|address| address.public_ip().is_some());
    let private = nat.connectivity_type() == Some(&ec2::ConnectivityType::Private);
    Some(Nat {
        id: nat.nat_gateway_id.clone()?,
        subnet: nat.subnet_id.clone()?,
        state: nat.state()?.as_str().to_owned(),
        public: public && !private,
    })
}

fn gateway(gateway: &ec2::InternetGateway) -> Option<Gateway> {
    Some(Gateway {
        id: gateway.internet_gateway_id.clone()?,
        vpc: gateway
            .attachments()
            .iter()
            .find_map(|attachment| attachment.vpc_id.clone()),
    })
}

fn interface(found: &ec2::VpcEndpoint) -> Option<InterfaceEndpoint> {
    if found.vpc_endpoint_type() != Some(&ec2::VpcEndpointType::Interface) {
        return None;
    }
    Some(InterfaceEndpoint {
        id: found.vpc_endpoint_id.clone()?,
        vpc: found.vpc_id.clone()?,
        service: found.service_name()?.rsplit('.').next()?.to_owned(),
        state: endpoint::state(found),
        private_dns: found.private_dns_enabled() == Some(true),
        subnets: found.subnet_ids().to_vec(),
        groups: found
            .groups()
            .iter()
            .filter_map(|group| group.group_id.clone())
            .collect(),
    })
}

type Resolver = (Vec<ResolverEndpoint>, Vec<ResolverRule>, Vec<Association>);

/// The resolver's part. Associations are read on both sides: a rule that serves the
/// source's VPC would loop.
async fn resolver(site: &Site, vpc: &str, cx: &Context) -> Result<Resolver, Failure> {
    let (endpoints, rules, associations) = try_join!(
        site.resolver_endpoints(vpc, cx),
        site.rules(cx),
        site.rule_associations(vpc, cx),
    )?;
    let addresses = endpoints
        .iter()
        .map(|endpoint| site.resolver_addresses(endpoint.id().unwrap_or_default(), cx));
    let addresses = try_join_all(addresses).await?;
    let endpoints = endpoints.iter().zip(&addresses);
    Ok((
        endpoints
            .filter_map(|(endpoint, addresses)| resolver_endpoint(endpoint, addresses))
            .collect(),
        rules.iter().filter_map(resolver_rule).collect(),
        associations.iter().filter_map(association).collect(),
    ))
}

fn resolver_endpoint(
    endpoint: &aws_sdk_route53resolver::types::ResolverEndpoint,
    addresses: &[IpAddressResponse],
) -> Option<ResolverEndpoint> {
    let direction = match endpoint.direction()? {
        ResolverEndpointDirection::Inbound => Direction::Ingress,
        ResolverEndpointDirection::Outbound => Direction::Egress,
        _ => return None,
    };
    Some(ResolverEndpoint {
        id: endpoint.id.clone()?,
        direction,
        vpc: endpoint.host_vpc_id.clone()?,
        state: endpoint.status()?.as_str().to_owned(),
        addresses: addresses.iter().filter_map(resolver_address).collect(),
        groups: endpoint.security_group_ids().to_vec(),
    })
}

fn resolver_address(address: &IpAddressResponse) -> Option<ResolverAddress> {
    Some(ResolverAddress {
        subnet: address.subnet_id.clone()?,
        ip: address.ip().and_then(|ip| ip.parse::<Ipv4Addr>().ok()),
        attached: address.status() == Some(&IpAddressStatus::Attached),
    })
}

fn resolver_rule(found: &aws_sdk_route53resolver::types::ResolverRule) -> Option<ResolverRule> {
    Some(ResolverRule {
        id: found.id.clone()?,
        domain: rule::domain(found),
        forwards: found.rule_type() == Some(&RuleTypeOption::Forward),
        state: found.status()?.as_str().to_owned(),
        endpoint: found.resolver_endpoint_id.clone(),
        targets: Targets::Addresses(rule::targets(found)),
    })
}

fn association(found: &aws_sdk_route53resolver::types::ResolverRuleAssociation) -> Option<Association> {
    Some(Association {
        rule: found.resolver_rule_id.clone()?,
        vpc: found.vpc_id.clone()?,
        state: found.status()?.as_str().to_owned(),
    })
}

/// Peerings between both VPCs, with the sides that see them active alike.
fn peerings(source: &Half, warehouse: &Half, [a, b]: &[String; 2]) -> Vec<Peering> {
    let mut found: Vec<Peering> = Vec::new();
    for (side, half) in [(Side::Source, source), (Side::Warehouse, warehouse)] {
        for seen in half.peerings.iter().filter(|seen| peering::joins(seen, a, b)) {
            let Some(read) = peering_of(seen, side) else {
                continue;
            };
            match found.iter_mut().find(|known| known.id == read.id) {
                Some(known) => {
                    known.seen_by.push(side);
                    // The side that is behind tells what cannot be relied on yet.
                    if read.state != "active" {
                        known.state = read.state;
                    }
                }
                None => found.push(read),
            }
        }
    }
    found
}

fn peering_of(seen: &ec2::VpcPeeringConnection, side: Side) -> Option<Peering> {
    Some(Peering {
        id: seen.vpc_peering_connection_id.clone()?,
        requester: seen.requester_vpc_info()?.vpc_id.clone()?,
        accepter: seen.accepter_vpc_info()?.vpc_id.clone()?,
        state: peering::state(seen)?.as_str().to_owned(),
        seen_by: vec![side],
    })
}
