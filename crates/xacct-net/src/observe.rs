//! Reads what there is: a few list calls per account, filtered by tag, and filtered
//! again here. Look-alikes (same names, same blocks, another pipeline's tags) fall out.

use crate::blueprint::{GroupRole, Table};
use crate::site::{Site, every_page, pick};
use crate::spec::{Egress, Network};
use aws_sdk_ec2::types::{
    Address, InternetGateway, NatGateway, RouteTable, SecurityGroup, Subnet, Vpc, VpcAttributeName,
    VpcEndpoint, VpcPeeringConnection,
};
use aws_sdk_route53resolver::types::{
    Filter, IpAddressResponse, ResolverEndpoint, ResolverRule, ResolverRuleAssociation,
};
use futures_util::future::{try_join_all, try_join3};
use futures_util::try_join;
use std::collections::BTreeMap;
use xacct_converge::{Context, Failure};
use xacct_types::ZoneId;

/// How much an account has of what quotas limit, its own and others'.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// VPCs, the default one included.
    pub vpcs: usize,
    /// Internet gateways.
    pub internet_gateways: usize,
    /// Elastic IP addresses.
    pub addresses: usize,
    /// Resolver endpoints.
    pub resolver_endpoints: usize,
}

/// What was read of one side. Everything carries this pipeline's tags, or lies in
/// a VPC that does.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) vpcs: Vec<Vpc>,
    /// (`enableDnsSupport`, `enableDnsHostnames`) by VPC id.
    pub(crate) dns: BTreeMap<String, (bool, bool)>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) route_tables: Vec<RouteTable>,
    pub(crate) gateways: Vec<InternetGateway>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) nats: Vec<NatGateway>,
    pub(crate) groups: Vec<SecurityGroup>,
    pub(crate) peerings: Vec<VpcPeeringConnection>,
    pub(crate) endpoints: Vec<VpcEndpoint>,
    pub(crate) resolver_endpoints: Vec<(ResolverEndpoint, Vec<IpAddressResponse>)>,
    pub(crate) rules: Vec<ResolverRule>,
    pub(crate) associations: Vec<ResolverRuleAssociation>,
    /// Zones to choose from, sorted; read only where a subnet is missing.
    pub(crate) zones: Vec<ZoneId>,
}

impl Seen {
    /// Whether a route of our tables leads to this NAT gateway.
    pub(crate) fn is_led_to(&self, nat: &str) -> bool {
        let mut routes = self.route_tables.iter().flat_map(RouteTable::routes);
        routes.any(|route| route.nat_gateway_id() == Some(nat))
    }

    /// Whether the NAT gateway with this address is one that a route leads to.
    pub(crate) fn leads_out(&self, address: &str) -> bool {
        self.nats.iter().any(|nat| {
            let mut addresses = nat.nat_gateway_addresses().iter();
            addresses.any(|held| held.allocation_id() == Some(address))
                && self.is_led_to(nat.nat_gateway_id().unwrap_or_default())
        })
    }

    /// The VPC that most of our subnets, groups and tables are in, else the one
    /// with the lowest id; and the others.
    pub(crate) fn by_use(&self, vpcs: Vec<Vpc>) -> (Option<Vpc>, Vec<Vpc>) {
        pick(vpcs, |vpc| {
            let subnets = self.subnets.iter().map(|item| &item.vpc_id);
            let groups = self.groups.iter().map(|item| &item.vpc_id);
            let tables = self.route_tables.iter().map(|item| &item.vpc_id);
            let all = subnets.chain(groups).chain(tables);
            let used = all.filter(|id| **id == vpc.vpc_id).count();
            let id = vpc.vpc_id().unwrap_or_default();
            (used > 0, format!("{:06}{id}", 999_999 - used))
        })
    }
}

impl Site {
    /// Reads this side. `linked`: also what stands between the networks.
    pub(crate) async fn observe(
        &self,
        network: &Network,
        linked: bool,
        cx: &Context,
    ) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        (seen.vpcs, seen.subnets, seen.route_tables, seen.groups) = try_join!(
            self.vpcs(self.ours(), cx),
            self.subnets(self.ours(), cx),
            self.route_tables(self.ours(), cx),
            self.groups(self.ours(), cx),
        )?;
        self.keep_ours(&mut seen);
        // What an earlier specification asked for is recognised by what was read already.
        if network.egress == Egress::Nat || self.marks_nat_way(&seen) {
            self.observe_nat(&mut seen, cx).await?;
        }
        if network.egress == Egress::StsEndpoint || self.marks_sts_endpoint(&seen) {
            seen.endpoints = self.endpoints(self.ours(), cx).await?;
        }
        seen.endpoints.retain(|item| self.owns_any(&item.tags));
        let wanted = usize::from(network.zones) + usize::from(network.egress == Egress::Nat);
        if seen.subnets.len() < wanted {
            seen.zones = self.zones(cx).await?;
        }
        self.observe_vpcs(&mut seen, linked, cx).await?;
        Ok(seen)
    }

    /// Whether there is a public subnet or its table, which only a NAT gateway needs.
    fn marks_nat_way(&self, seen: &Seen) -> bool {
        let (subnet, table) = (
            self.side.name("subnet-public"),
            self.side.name(Table::Public.noun()),
        );
        seen.subnets.iter().any(|item| self.owns(&item.tags, &subnet))
            || seen.route_tables.iter().any(|item| self.owns(&item.tags, &table))
    }

    fn marks_sts_endpoint(&self, seen: &Seen) -> bool {
        let group = GroupRole::StsEndpoint.resource();
        seen.groups.iter().any(|item| self.owns(&item.tags, &group))
    }

    /// Whether anything of a way out through a NAT gateway was seen.
    pub(crate) fn has_nat_way(&self) -> bool {
        let seen = &self.seen;
        let rest = seen.gateways.len() + seen.addresses.len() + seen.nats.len();
        rest > 0 || self.marks_nat_way(seen)
    }

    /// Whether an interface endpoint of STS, or its group, was seen.
    pub(crate) fn has_sts_endpoint(&self) -> bool {
        self.marks_sts_endpoint(&self.seen)
    }

    /// Whether a subnet of this noun was seen.
    pub(crate) fn has_subnet(&self, noun: &str) -> bool {
        let resource = self.side.name(noun);
        let mut subnets = self.seen.subnets.iter();
        subnets.any(|subnet| self.owns(&subnet.tags, &resource))
    }

    /// Counts what the account has, of whomever.
    pub(crate) async fn usage(&self, cx: &Context) -> Result<Usage, Failure> {
        let endpoints = async {
            let request = self.resolver.list_resolver_endpoints();
            let all: Vec<ResolverEndpoint> = every_page!(
                cx,
                "route53resolver:ListResolverEndpoints",
                resolver_endpoints,
                request.clone()
            );
            Ok::<_, Failure>(all.len())
        };
        let (vpcs, gateways, addresses, resolver_endpoints) = try_join!(
            self.vpcs(Vec::new(), cx),
            self.gateways(Vec::new(), cx),
            self.addresses(Vec::new(), cx),
            endpoints,
        )?;
        Ok(Usage {
            vpcs: vpcs.len(),
            internet_gateways: gateways.len(),
            addresses: addresses.len(),
            resolver_endpoints,
        })
    }

    fn keep_ours(&self, seen: &mut Seen) {
        seen.vpcs.retain(|item| self.owns_any(&item.tags));
        seen.subnets.retain(|item| self.owns_any(&item.tags));
        seen.route_tables.retain(|item| self.owns_any(&item.tags));
        seen.groups.retain(|item| self.owns_any(&item.tags));
    }

    async fn observe_nat(&self, seen: &mut Seen, cx: &Context) -> Result<(), Failure> {
        (seen.gateways, seen.addresses, seen.nats) = try_join3(
            self.gateways(self.ours(), cx),
            self.addresses(self.ours(), cx),
            self.nats(self.ours(), cx),
        )
        .await?;
        seen.gateways.retain(|item| self.owns_any(&item.tags));
        seen.addresses.retain(|item| self.owns_any(&item.tags));
        seen.nats.retain(|item| self.owns_any(&item.tags));
        Ok(())
    }

    /// What is found by the VPC that it belongs to.
    async fn observe_vpcs(&self, seen: &mut Seen, linked: bool, cx: &Context) -> Result<(), Failure> {
        // Of doubles only the one in use is looked at.
        let (used, _) = seen.by_use(seen.vpcs.clone());
        let ids: Vec<String> = used.into_iter().filter_map(|vpc| vpc.vpc_id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let dns = try_join_all(ids.iter().map(|id| self.dns_attributes(id, cx)));
        if !linked {
            seen.dns = ids.iter().cloned().zip(dns.await?).collect();
            return Ok(());
        }
        let (dns, peerings, resolver) = try_join!(
            dns,
            self.peerings(cx),
            try_join_all(ids.iter().map(|id| self.observe_resolver(id, cx))),
        )?;
        seen.dns = ids.iter().cloned().zip(dns).collect();
        seen.peerings = peerings;
        for (endpoints, associations) in resolver {
            seen.resolver_endpoints.extend(endpoints);
            seen.associations.extend(associations);
        }
        if self.side == crate::Side::Warehouse {
            seen.rules = self.rules(cx).await?;
        }
        Ok(())
    }

    async fn observe_resolver(&self, vpc: &str, cx: &Context) -> Result<VpcResolver, Failure> {
        let endpoints = self.resolver_endpoints(vpc, cx).await?;
        let with_addresses = endpoints.into_iter().map(|endpoint| async move {
            let id = endpoint.id.clone().unwrap_or_default();
            let addresses = self.resolver_addresses(&id, cx).await?;
            Ok::<_, Failure>((endpoint, addresses))
        });
        let associations = async {
            match self.side {
                crate::Side::Source => Ok(Vec::new()),
                crate::Side::Warehouse => self.rule_associations(vpc, cx).await,
            }
        };
        try_join!(try_join_all(with_addresses), associations)
    }

    pub(crate) async fn vpcs(&self, filters: Filters, cx: &Context) -> Result<Vec<Vpc>, Failure> {
        let request = self.ec2.describe_vpcs().set_filters(Some(filters));
        Ok(every_page!(cx, "ec2:DescribeVpcs", vpcs, request.clone()))
    }

    pub(crate) async fn dns_attributes(&self, vpc: &str, cx: &Context) -> Result<(bool, bool), Failure> {
        let read = |name: VpcAttributeName| {
            let request = self.ec2.describe_vpc_attribute().vpc_id(vpc).attribute(name);
            let call = cx
                .read("ec2:DescribeVpcAttribute")
                .not_yet(crate::site::NOT_FOUND);
            call.run(move || request.clone().send())
        };
        let (support, hostnames) = try_join!(
            read(VpcAttributeName::EnableDnsSupport),
            read(VpcAttributeName::EnableDnsHostnames)
        )?;
        let on = |value: Option<aws_sdk_ec2::types::AttributeBooleanValue>| {
            value.and_then(|value| value.value).unwrap_or(false)
        };
        Ok((on(support.enable_dns_support), on(hostnames.enable_dns_hostnames)))
    }

    pub(crate) async fn subnets(&self, filters: Filters, cx: &Context) -> Result<Vec<Subnet>, Failure> {
        let request = self.ec2.describe_subnets().set_filters(Some(filters));
        Ok(every_page!(cx, "ec2:DescribeSubnets", subnets, request.clone()))
    }

    pub(crate) async fn route_tables(
        &self,
        filters: Filters,
        cx: &Context,
    ) -> Result<Vec<RouteTable>, Failure> {
        let request = self.ec2.describe_route_tables().set_filters(Some(filters));
        Ok(every_page!(
            cx,
            "ec2:DescribeRouteTables",
            route_tables,
            request.clone()
        ))
    }

    pub(crate) async fn gateways(
        &self,
        filters: Filters,
        cx: &Context,
    ) -> Result<Vec<InternetGateway>, Failure> {
        let request = self.ec2.describe_internet_gateways().set_filters(Some(filters));
        Ok(every_page!(
            cx,
            "ec2:DescribeInternetGateways",
            internet_gateways,
            request.clone()
        ))
    }

    pub(crate) async fn addresses(&self, filters: Filters, cx: &Context) -> Result<Vec<Address>, Failure> {
        let request = self.ec2.describe_addresses().set_filters(Some(filters));
        // This call knows no pages.
        let answer = cx
            .read("ec2:DescribeAddresses")
            .run(|| request.clone().send())
            .await?;
        Ok(answer.addresses.unwrap_or_default())
    }

    pub(crate) async fn nats(&self, filters: Filters, cx: &Context) -> Result<Vec<NatGateway>, Failure> {
        let request = self.ec2.describe_nat_gateways().set_filter(Some(filters));
        Ok(every_page!(
            cx,
            "ec2:DescribeNatGateways",
            nat_gateways,
            request.clone()
        ))
    }

    pub(crate) async fn groups(&self, filters: Filters, cx: &Context) -> Result<Vec<SecurityGroup>, Failure> {
        let request = self.ec2.describe_security_groups().set_filters(Some(filters));
        Ok(every_page!(
            cx,
            "ec2:DescribeSecurityGroups",
            security_groups,
            request.clone()
        ))
    }

    pub(crate) async fn endpoints(
        &self,
        filters: Filters,
        cx: &Context,
    ) -> Result<Vec<VpcEndpoint>, Failure> {
        let request = self.ec2.describe_vpc_endpoints().set_filters(Some(filters));
        Ok(every_page!(
            cx,
            "ec2:DescribeVpcEndpoints",
            vpc_endpoints,
            request.clone()
        ))
    }

    /// Peerings that are no tombstones, whoever asked for them.
    pub(crate) async fn peerings(&self, cx: &Context) -> Result<Vec<VpcPeeringConnection>, Failure> {
        let alive = [
            "initiating-request",
            "pending-acceptance",
            "provisioning",
            "active",
        ];
        let filter = alive.iter().fold(
            aws_sdk_ec2::types::Filter::builder().name("status-code"),
            |filter, state| filter.values(*state),
        );
        self.peerings_by(vec![filter.build()], cx).await
    }

    pub(crate) async fn peerings_by(
        &self,
        filters: Filters,
        cx: &Context,
    ) -> Result<Vec<VpcPeeringConnection>, Failure> {
        let request = self
            .ec2
            .describe_vpc_peering_connections()
            .set_filters(Some(filters));
        Ok(every_page!(
            cx,
            "ec2:DescribeVpcPeeringConnections",
            vpc_peering_connections,
            request.clone()
        ))
    }

    /// The resolver endpoints of a VPC.
    pub(crate) async fn resolver_endpoints(
        &self,
        vpc: &str,
        cx: &Context,
    ) -> Result<Vec<ResolverEndpoint>, Failure> {
        let filter = Filter::builder().name("HostVPCId").values(vpc).build();
        let request = self.resolver.list_resolver_endpoints().filters(filter);
        let mut all: Vec<ResolverEndpoint> = every_page!(
            cx,
            "route53resolver:ListResolverEndpoints",
            resolver_endpoints,
            request.clone()
        );
        all.retain(|endpoint| endpoint.host_vpc_id.as_deref() == Some(vpc));
        Ok(all)
    }

    pub(crate) async fn resolver_addresses(
        &self,
        endpoint: &str,
        cx: &Context,
    ) -> Result<Vec<IpAddressResponse>, Failure> {
        let request = self
            .resolver
            .list_resolver_endpoint_ip_addresses()
            .resolver_endpoint_id(endpoint);
        Ok(every_page!(
            cx,
            "route53resolver:ListResolverEndpointIpAddresses",
            ip_addresses,
            request.clone()
        ))
    }

    /// The rules of this account, and those shared with it, that people made.
    pub(crate) async fn rules(&self, cx: &Context) -> Result<Vec<ResolverRule>, Failure> {
        let request = self.resolver.list_resolver_rules();
        Ok(every_page!(
            cx,
            "route53resolver:ListResolverRules",
            resolver_rules,
            request.clone()
        ))
    }

    /// The associations of a VPC.
    pub(crate) async fn rule_associations(
        &self,
        vpc: &str,
        cx: &Context,
    ) -> Result<Vec<ResolverRuleAssociation>, Failure> {
        let filter = Filter::builder().name("VPCId").values(vpc).build();
        let request = self.resolver.list_resolver_rule_associations().filters(filter);
        let mut all: Vec<ResolverRuleAssociation> = every_page!(
            cx,
            "route53resolver:ListResolverRuleAssociations",
            resolver_rule_associations,
            request.clone()
        );
        all.retain(|association| association.vpc_id.as_deref() == Some(vpc));
        Ok(all)
    }
}

type Filters = Vec<aws_sdk_ec2::types::Filter>;
type VpcResolver = (
    Vec<(ResolverEndpoint, Vec<IpAddressResponse>)>,
    Vec<ResolverRuleAssociation>,
);
