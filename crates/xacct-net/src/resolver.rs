//! The inbound and the outbound endpoint of Route 53 Resolver.

use crate::addresses::{self, ADDRESS};
use crate::blueprint::GroupRole;
use crate::outputs::{ResolverEndpointInfo, SubnetInfo, VpcInfo};
use crate::rule::targets;
use crate::site::{Site, Usable, gone_is_fine, pick, unreadable};
use aws_sdk_route53resolver::types::{
    IpAddressRequest, IpAddressResponse, IpAddressStatus, ResolverEndpoint, ResolverEndpointDirection,
    ResolverEndpointStatus as Status, ResolverRule, Tag,
};
use std::net::Ipv4Addr;
use std::time::Duration;
use xacct_converge::{
    Class, Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value, What,
};
use xacct_types::{ResolverEndpointId, SecurityGroupId};

/// Tokens to try where Resolver remembers one of something that is gone.
const ROUNDS: usize = 4;
/// What Resolver says while it makes another outbound endpoint of the account.
const IN_TURN: &str = "while another one is being created";
/// Between two tries meanwhile.
const TURN: Duration = Duration::from_secs(5);

/// One resolver endpoint.
pub(crate) struct ResolverNode {
    pub(crate) site: Site,
    pub(crate) vpc: Value<VpcInfo>,
    pub(crate) subnets: Vec<Usable<SubnetInfo>>,
    pub(crate) group: Value<SecurityGroupId>,
    /// The rules that may lead to it or through it.
    pub(crate) rules: Vec<ResolverRule>,
}

impl Site {
    /// The tags of a Resolver resource.
    pub(crate) fn resolver_tags(&self, resource: &str) -> Result<Vec<Tag>, Failure> {
        let tags = self.owner.tags(resource).into_iter();
        let tag = |(key, value)| Tag::builder().key(key).value(value).build();
        tags.map(tag)
            .collect::<Result<_, _>>()
            .map_err(|_| Failure::bug("a tag lacks its key"))
    }
}

/// The addresses that are in use, sorted.
fn attached(addresses: &[IpAddressResponse]) -> Vec<Ipv4Addr> {
    let usable = addresses
        .iter()
        .filter(|address| address.status == Some(IpAddressStatus::Attached));
    let mut found: Vec<Ipv4Addr> = usable.filter_map(|address| address.ip()?.parse().ok()).collect();
    found.sort_unstable();
    found
}

fn info(endpoint: &ResolverEndpoint, addresses: &[IpAddressResponse]) -> Option<ResolverEndpointInfo> {
    Some(ResolverEndpointInfo {
        id: endpoint.id()?.parse().ok()?,
        addresses: attached(addresses),
    })
}

impl ResolverNode {
    fn role(&self) -> GroupRole {
        match self.site.side {
            crate::Side::Source => GroupRole::Inbound,
            crate::Side::Warehouse => GroupRole::Outbound,
        }
    }

    fn resource(&self) -> String {
        self.site.side.name(self.role().as_str())
    }

    fn direction(&self) -> ResolverEndpointDirection {
        match self.role() {
            GroupRole::Inbound => ResolverEndpointDirection::Inbound,
            _ => ResolverEndpointDirection::Outbound,
        }
    }

    /// Ours by the id of the creating request, which names our VPC.
    fn is_ours(&self, endpoint: &ResolverEndpoint, vpc: &VpcInfo) -> bool {
        let prefix = self.site.creator_prefix(&self.resource(), vpc.id.as_str());
        let created = endpoint
            .creator_request_id()
            .is_some_and(|id| id.starts_with(&prefix));
        created
            && endpoint.host_vpc_id() == Some(vpc.id.as_str())
            && endpoint.status != Some(Status::Deleting)
    }

    /// What another endpoint must be made for: its groups are fixed.
    fn differences(&self, endpoint: &ResolverEndpoint, known: &Inputs<'_>) -> Vec<Reason> {
        let groups = endpoint.security_group_ids();
        match known.known(&self.group) {
            Some(group) if *groups == [group.to_string()] => Vec::new(),
            Some(group) => vec![Reason::differs("security group", groups.join(", "), group)],
            None => vec![Reason::follows("security group", groups.join(", "))],
        }
    }

    /// Whether a rule that was seen leads through it or to it.
    fn is_used(&self, id: &str, addresses: &[Ipv4Addr]) -> bool {
        self.rules.iter().any(|rule| {
            let to = |(ip, _): &(Ipv4Addr, u16)| addresses.contains(ip);
            rule.resolver_endpoint_id() == Some(id) || targets(rule).iter().any(to)
        })
    }

    /// Asks again while Resolver is busy with another outbound endpoint of the
    /// account, which it makes one at a time.
    async fn ask_in_turn(
        &self,
        round: usize,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<ResolverEndpoint, Failure> {
        let start = cx.now();
        loop {
            match self.ask(round, inputs, cx).await {
                Err(failure)
                    if failure.message().contains(IN_TURN) && cx.since(start) < self.timing().patience =>
                {
                    let reason = "another outbound endpoint of the account to be made".to_owned();
                    cx.tell(What::Waiting { reason });
                    cx.sleep(TURN).await;
                }
                other => return other,
            }
        }
    }

    async fn ask(
        &self,
        round: usize,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<ResolverEndpoint, Failure> {
        let (vpc, group) = (inputs.get(&self.vpc)?, inputs.get(&self.group)?);
        let address = |subnet: SubnetInfo| IpAddressRequest::builder().subnet_id(subnet.id.as_str()).build();
        let subnets: Result<Vec<_>, _> = self.subnets.iter().map(|subnet| subnet.get(inputs)).collect();
        let addresses: Result<Vec<_>, _> = subnets?.into_iter().map(address).collect();
        let addresses = addresses.map_err(|_| Failure::bug("a resolver address lacks its subnet"))?;
        let resource = self.resource();
        let request = self
            .site
            .resolver
            .create_resolver_endpoint()
            .direction(self.direction());
        let request = request.creator_request_id(self.site.creator_id(&resource, vpc.id.as_str(), round));
        let request = request
            .name(self.site.owner.name(&resource))
            .security_group_ids(group.as_str());
        let request = request.set_ip_addresses(Some(addresses));
        let request = request.set_tags(Some(self.site.resolver_tags(&resource)?));
        let call = cx.once("route53resolver:CreateResolverEndpoint");
        // Subnets and groups made a moment ago may not be known to Resolver yet.
        let call = call.not_yet(&["ResourceNotFoundException"]);
        let answer = call.run(|| request.clone().send()).await?;
        answer
            .resolver_endpoint
            .ok_or_else(|| unreadable("route53resolver:CreateResolverEndpoint"))
    }

    async fn read(&self, id: &ResolverEndpointId, cx: &Context) -> Result<Option<ResolverEndpoint>, Failure> {
        let request = self
            .site
            .resolver
            .get_resolver_endpoint()
            .resolver_endpoint_id(id.as_str());
        let call = cx.read("route53resolver:GetResolverEndpoint");
        match call.run(|| request.clone().send()).await {
            Ok(answer) => Ok(answer.resolver_endpoint),
            Err(failure) if failure.is_code(&["ResourceNotFoundException"]) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

impl Resource for ResolverNode {
    type Output = ResolverEndpointInfo;

    fn kind(&self) -> &'static str {
        "AWS::Route53Resolver::ResolverEndpoint"
    }

    fn needs(&self) -> Needs {
        Needs::none()
            .value(&self.vpc)
            .value(&self.group)
            .values(self.subnets.iter().map(Usable::awaited))
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<ResolverEndpointInfo> {
        let Some(vpc) = known.known(&self.vpc) else {
            return Decision::create();
        };
        let ours = self
            .site
            .seen
            .resolver_endpoints
            .iter()
            .filter(|(endpoint, _)| self.is_ours(endpoint, &vpc));
        let (chosen, surplus) = pick(ours.collect(), |(endpoint, addresses)| {
            let idle = endpoint.status != Some(Status::Operational);
            let id = endpoint.id().unwrap_or_default();
            (
                self.is_used(id, &attached(addresses)),
                format!("{}{id}", u8::from(idle)),
            )
        });
        let surplus = surplus
            .iter()
            .filter_map(|(endpoint, addresses)| info(endpoint, addresses))
            .collect();
        let found = chosen.and_then(|(endpoint, found)| Some((endpoint, found, info(endpoint, found)?)));
        let Some((endpoint, found, mut current)) = found else {
            return Decision::create().with_surplus(surplus);
        };
        let fixed = self.differences(endpoint, known);
        let settled =
            endpoint.status == Some(Status::Operational) && current.addresses.len() >= self.subnets.len();
        let decision = if fixed.is_empty() {
            let wanted: Option<Vec<SubnetInfo>> =
                self.subnets.iter().map(|subnet| subnet.known(known)).collect();
            let reasons = wanted
                .map(|wanted| addresses::reasons(&wanted, found))
                .unwrap_or_default();
            if !reasons.is_empty() {
                // Who reads them has to wait for the new ones.
                current.addresses.clear();
            }
            Decision::update(current, reasons)
        } else {
            Decision::replace(current, fixed)
        };
        decision.settled(settled).with_surplus(surplus)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<ResolverEndpointInfo, Failure> {
        let mut refused = None;
        for round in 0..ROUNDS {
            match self.ask_in_turn(round, inputs, cx).await {
                Ok(endpoint) => {
                    let made = info(&endpoint, &[]);
                    return made.ok_or_else(|| unreadable("route53resolver:CreateResolverEndpoint"));
                }
                // Resolver refuses a known request id instead of handing the endpoint back.
                Err(failure) if failure.is_code(&["ResourceExistsException"]) => {
                    if let Some(found) = self.recover(inputs, cx).await? {
                        return Ok(found);
                    }
                    refused.get_or_insert(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(refused.unwrap_or_else(|| unreadable("route53resolver:CreateResolverEndpoint")))
    }

    async fn recover(
        &self,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Option<ResolverEndpointInfo>, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let all = self.site.resolver_endpoints(vpc.id.as_str(), cx).await?;
        let ours = all.iter().filter(|endpoint| self.is_ours(endpoint, &vpc));
        Ok(ours
            .min_by_key(|endpoint| endpoint.id.clone())
            .and_then(|endpoint| info(endpoint, &[])))
    }

    async fn configure(
        &self,
        current: ResolverEndpointInfo,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<ResolverEndpointInfo, Failure> {
        if reasons.iter().any(|reason| reason.attribute == ADDRESS) {
            self.readdress(&current.id, inputs, cx).await?;
        }
        Ok(current)
    }

    async fn settle(
        &self,
        current: &ResolverEndpointInfo,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<ResolverEndpointInfo>, Failure> {
        let Some(endpoint) = self.read(&current.id, cx).await? else {
            return Ok(Settled::Waiting("the resolver endpoint to be visible".into()));
        };
        match endpoint.status {
            Some(Status::Operational) => {}
            Some(Status::Deleting) => {
                let message = format!("{} is being deleted", current.id);
                return Err(Failure::terminal(
                    "route53resolver:CreateResolverEndpoint",
                    message,
                ));
            }
            // ACTION_NEEDED occurs in passing while an endpoint is made.
            ref status => {
                let status = status.as_ref().map_or("", |status| status.as_str());
                let said = endpoint.status_message().unwrap_or_default();
                let waiting = format!("the resolver endpoint to be operational ({status} {said})");
                return Ok(Settled::Waiting(waiting));
            }
        }
        let addresses = self.site.resolver_addresses(current.id.as_str(), cx).await?;
        let addresses = attached(&addresses);
        if addresses.len() < self.subnets.len() {
            return Ok(Settled::Waiting(
                "the resolver endpoint's addresses to be attached".into(),
            ));
        }
        Ok(Settled::Ready(ResolverEndpointInfo {
            id: current.id.clone(),
            addresses,
        }))
    }

    async fn delete(&self, current: &ResolverEndpointInfo, cx: &Context) -> Result<(), Failure> {
        let request = self
            .site
            .resolver
            .delete_resolver_endpoint()
            .resolver_endpoint_id(current.id.as_str());
        let call = cx.idempotent("route53resolver:DeleteResolverEndpoint");
        match call.run(|| request.clone().send()).await {
            // Its rules are on their way out.
            Err(failure) if failure.message().contains("RSLVR-00600") => Err(failure.classed(Class::Busy)),
            result => gone_is_fine(result),
        }
    }

    async fn gone(&self, current: &ResolverEndpointInfo, cx: &Context) -> Result<bool, Failure> {
        Ok(self.read(&current.id, cx).await?.is_none())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(90, 60).patience(1200)
    }
}
