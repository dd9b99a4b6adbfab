//! The interface endpoint of STS, the way to it without the internet.

use crate::outputs::{SubnetInfo, VpcInfo};
use crate::site::{NOT_FOUND, Site, Usable, by, pick, unreadable};
use aws_sdk_ec2::types::{ResourceType, VpcEndpoint, VpcEndpointType};
use std::collections::BTreeSet;
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value};
use xacct_types::{Partition, SecurityGroupId, VpcEndpointId};

/// An interface endpoint of STS with private DNS, in every private subnet.
pub(crate) struct StsNode {
    pub(crate) site: Site,
    pub(crate) vpc: Usable<VpcInfo>,
    pub(crate) subnets: Vec<Usable<SubnetInfo>>,
    pub(crate) group: Value<SecurityGroupId>,
}

/// The API's states in lower case; the SDK's type knows them only capitalized.
pub(crate) fn state(endpoint: &VpcEndpoint) -> String {
    endpoint
        .state()
        .map_or_else(String::new, |state| state.as_str().to_ascii_lowercase())
}

fn id(endpoint: &VpcEndpoint) -> Option<VpcEndpointId> {
    endpoint.vpc_endpoint_id()?.parse().ok()
}

impl StsNode {
    fn resource(&self) -> String {
        self.site.side.name("endpoint-sts")
    }

    /// `com.amazonaws.<region>.sts`, with another prefix in China.
    fn service(&self) -> String {
        let prefix = match self.site.region.partition() {
            Partition::China => "cn.com.amazonaws",
            _ => "com.amazonaws",
        };
        format!("{prefix}.{}.sts", self.site.region)
    }

    fn candidates(&self, all: &[VpcEndpoint]) -> (Option<VpcEndpoint>, Vec<VpcEndpoint>) {
        let resource = self.resource();
        let alive = |endpoint: &&VpcEndpoint| matches!(state(endpoint).as_str(), "available" | "pending");
        let ours = all
            .iter()
            .filter(|endpoint| self.site.owns(&endpoint.tags, &resource))
            .filter(alive);
        pick(ours.cloned().collect(), |endpoint| {
            (
                state(endpoint) == "available",
                endpoint.vpc_endpoint_id.clone().unwrap_or_default(),
            )
        })
    }

    fn differences(&self, endpoint: &VpcEndpoint, known: &Inputs<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let groups: Vec<&str> = endpoint
            .groups()
            .iter()
            .filter_map(|group| group.group_id())
            .collect();
        match known.known(&self.group) {
            Some(group) if groups == [group.as_str()] => {}
            Some(group) => reasons.push(Reason::differs("security group", groups.join(", "), group)),
            None => reasons.push(Reason::follows("security group", groups.join(", "))),
        }
        let found: BTreeSet<&str> = endpoint.subnet_ids().iter().map(String::as_str).collect();
        let wanted: Vec<SubnetInfo> = self
            .subnets
            .iter()
            .filter_map(|subnet| subnet.known(known))
            .collect();
        let wanted: BTreeSet<&str> = wanted.iter().map(|subnet| subnet.id.as_str()).collect();
        if found != wanted {
            let shown = |set: BTreeSet<&str>| set.into_iter().collect::<Vec<_>>().join(", ");
            reasons.push(Reason::differs("subnets", shown(found), shown(wanted)));
        }
        if endpoint.private_dns_enabled() != Some(true) {
            reasons.push(Reason::differs("private DNS", false, true));
        }
        reasons
    }

    async fn read(&self, id: &VpcEndpointId, cx: &Context) -> Result<Option<VpcEndpoint>, Failure> {
        let found = self
            .site
            .endpoints(vec![by("vpc-endpoint-id", id.as_str())], cx)
            .await?;
        Ok(found
            .into_iter()
            .find(|endpoint| endpoint.vpc_endpoint_id() == Some(id.as_str())))
    }
}

impl Resource for StsNode {
    type Output = VpcEndpointId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::VPCEndpoint"
    }

    fn needs(&self) -> Needs {
        Needs::none()
            .value(self.vpc.awaited())
            .value(&self.group)
            .values(self.subnets.iter().map(Usable::awaited))
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<VpcEndpointId> {
        let (chosen, surplus) = self.candidates(&self.site.seen.endpoints);
        let surplus = surplus.iter().filter_map(id).collect();
        let Some((endpoint, id)) = chosen.and_then(|endpoint| Some((endpoint.clone(), id(&endpoint)?)))
        else {
            return Decision::create().with_surplus(surplus);
        };
        let reasons = self.differences(&endpoint, known);
        let decision = if reasons.is_empty() {
            Decision::update(id, self.site.tag_reasons(&endpoint.tags, &self.resource()))
        } else {
            Decision::replace(id, reasons)
        };
        decision
            .settled(state(&endpoint) == "available")
            .with_surplus(surplus)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<VpcEndpointId, Failure> {
        let (vpc, group) = (self.vpc.get(inputs)?, inputs.get(&self.group)?);
        let subnets = self
            .subnets
            .iter()
            .map(|subnet| Ok(subnet.get(inputs)?.id.to_string()));
        let subnets: Vec<String> = subnets.collect::<Result<_, Failure>>()?;
        let resource = self.resource();
        let request = self.site.ec2.create_vpc_endpoint().vpc_id(vpc.id.as_str());
        let request = request
            .service_name(self.service())
            .vpc_endpoint_type(VpcEndpointType::Interface);
        let request = request
            .set_subnet_ids(Some(subnets))
            .security_group_ids(group.as_str());
        let request = request.private_dns_enabled(true);
        let request = request.client_token(self.site.token(&resource, vpc.id.as_str(), 0));
        let request = request.tag_specifications(self.site.tagged(ResourceType::VpcEndpoint, &resource));
        let call = cx.idempotent("ec2:CreateVpcEndpoint").not_yet(NOT_FOUND);
        let answer = call.run(|| request.clone().send()).await?;
        answer
            .vpc_endpoint
            .as_ref()
            .and_then(id)
            .ok_or_else(|| unreadable("ec2:CreateVpcEndpoint"))
    }

    async fn recover(&self, _: &Inputs<'_>, cx: &Context) -> Result<Option<VpcEndpointId>, Failure> {
        let all = self.site.endpoints(self.site.named(&self.resource()), cx).await?;
        Ok(self.candidates(&all).0.as_ref().and_then(id))
    }

    async fn configure(
        &self,
        current: VpcEndpointId,
        reasons: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<VpcEndpointId, Failure> {
        self.site.retag(current.as_str(), reasons, cx).await?;
        Ok(current)
    }

    async fn settle(
        &self,
        current: &VpcEndpointId,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<VpcEndpointId>, Failure> {
        let Some(endpoint) = self.read(current, cx).await? else {
            return Ok(Settled::Waiting("the endpoint to be visible".into()));
        };
        match state(&endpoint).as_str() {
            "available" => Ok(Settled::Ready(current.clone())),
            "failed" | "rejected" | "expired" | "deleting" | "deleted" => {
                let said = endpoint
                    .last_error()
                    .and_then(|error| error.message())
                    .unwrap_or("no message");
                let message = format!("{current} is {}: {said}", state(&endpoint));
                Err(Failure::terminal("ec2:CreateVpcEndpoint", message))
            }
            _ => Ok(Settled::Waiting("the endpoint to be available".into())),
        }
    }

    async fn delete(&self, current: &VpcEndpointId, cx: &Context) -> Result<(), Failure> {
        let request = self
            .site
            .ec2
            .delete_vpc_endpoints()
            .vpc_endpoint_ids(current.as_str());
        let call = cx.idempotent("ec2:DeleteVpcEndpoints");
        let answer = match call.run(|| request.clone().send()).await {
            Err(failure) if failure.is_code(NOT_FOUND) => return Ok(()),
            answer => answer?,
        };
        // The call answers 200 and lists what it could not delete.
        let refused = answer.unsuccessful().iter().filter_map(|item| item.error());
        match refused
            .into_iter()
            .find(|error| !error.code().is_some_and(|code| NOT_FOUND.contains(&code)))
        {
            None => Ok(()),
            Some(error) => {
                let said = error.message().unwrap_or("no message");
                Err(Failure::terminal("ec2:DeleteVpcEndpoints", said).with_code(error.code()))
            }
        }
    }

    async fn gone(&self, current: &VpcEndpointId, cx: &Context) -> Result<bool, Failure> {
        let found = self.read(current, cx).await?;
        Ok(found.is_none_or(|endpoint| state(&endpoint) == "deleted"))
    }

    fn timing(&self) -> Timing {
        Timing::seconds(75, 60).patience(900)
    }
}
