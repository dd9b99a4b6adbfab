//! The way out through a NAT gateway: internet gateway, address, NAT gateway.

use crate::outputs::{SubnetInfo, VpcInfo};
use crate::site::{IN_USE, NOT_FOUND, Site, by, gone_is_fine, pick, unreadable};
use aws_sdk_ec2::types::{Address, DomainType, InternetGateway, NatGateway, NatGatewayState, ResourceType};
use xacct_converge::{
    Class, Context, Decision, Failure, Inputs, Needs, Ready, Reason, Resource, Settled, Timing, Value,
};
use xacct_types::{AddressId, GatewayId, NatGatewayId, VpcId};

/// An internet gateway and the VPC that it is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayInfo {
    pub(crate) id: GatewayId,
    vpc: Option<VpcId>,
}

impl GatewayInfo {
    fn read(gateway: &InternetGateway) -> Option<Self> {
        let attached = gateway.attachments().first();
        Some(Self {
            id: gateway.internet_gateway_id()?.parse().ok()?,
            vpc: attached.and_then(|attachment| attachment.vpc_id()?.parse().ok()),
        })
    }
}

/// An internet gateway, attached.
pub(crate) struct GatewayNode {
    pub(crate) site: Site,
    pub(crate) vpc: Value<VpcInfo>,
}

impl GatewayNode {
    fn resource(&self) -> String {
        self.site.side.name("internet-gateway")
    }

    fn candidates(
        &self,
        all: &[InternetGateway],
        vpc: Option<&VpcId>,
    ) -> (Option<GatewayInfo>, Vec<GatewayInfo>) {
        let ours = all
            .iter()
            .filter(|gateway| self.site.owns(&gateway.tags, &self.resource()));
        let ours: Vec<GatewayInfo> = ours.filter_map(GatewayInfo::read).collect();
        pick(ours, |gateway| {
            (
                vpc.is_some() && gateway.vpc.as_ref() == vpc,
                gateway.id.to_string(),
            )
        })
    }

    async fn attach(&self, gateway: &GatewayId, vpc: &VpcId, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.attach_internet_gateway();
        let request = request.internet_gateway_id(gateway.as_str()).vpc_id(vpc.as_str());
        let call = cx.idempotent("ec2:AttachInternetGateway").not_yet(NOT_FOUND);
        match call.run(|| request.clone().send()).await {
            Ok(_) => Ok(()),
            // Attached by a call whose answer was lost, or to another VPC: settling tells.
            Err(failure) if failure.is_code(&["Resource.AlreadyAssociated"]) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

impl Resource for GatewayNode {
    type Output = GatewayInfo;

    fn kind(&self) -> &'static str {
        "AWS::EC2::InternetGateway"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.vpc)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<GatewayInfo> {
        let vpc = known.known(&self.vpc).map(|vpc| vpc.id);
        let (chosen, surplus) = self.candidates(&self.site.seen.gateways, vpc.as_ref());
        let decision = match chosen {
            None => Decision::create(),
            Some(gateway) if vpc.is_some() && gateway.vpc == vpc => Decision::keep(gateway),
            Some(gateway) if gateway.vpc.is_none() => {
                let to = vpc.map_or_else(|| "(known after apply)".to_owned(), |vpc| vpc.to_string());
                Decision::update(gateway, vec![Reason::missing("attachment", to)])
            }
            Some(gateway) => Decision::replace(gateway, vec![Reason::follows("attachment", "another VPC")]),
        };
        decision.with_surplus(surplus)
    }

    async fn create(&self, _: &Inputs<'_>, cx: &Context) -> Result<GatewayInfo, Failure> {
        let tags = self.site.tagged(ResourceType::InternetGateway, &self.resource());
        let request = self.site.ec2.create_internet_gateway().tag_specifications(tags);
        let answer = cx
            .once("ec2:CreateInternetGateway")
            .run(|| request.clone().send())
            .await?;
        let made = answer.internet_gateway.as_ref().and_then(GatewayInfo::read);
        made.ok_or_else(|| unreadable("ec2:CreateInternetGateway"))
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<GatewayInfo>, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let all = self.site.gateways(self.site.named(&self.resource()), cx).await?;
        Ok(self.candidates(&all, Some(&vpc.id)).0)
    }

    async fn configure(
        &self,
        current: GatewayInfo,
        _: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<GatewayInfo, Failure> {
        let vpc = inputs.get(&self.vpc)?.id;
        self.attach(&current.id, &vpc, cx).await?;
        Ok(GatewayInfo {
            vpc: Some(vpc),
            ..current
        })
    }

    async fn settle(
        &self,
        current: &GatewayInfo,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<GatewayInfo>, Failure> {
        let vpc = inputs.get(&self.vpc)?.id;
        let found = self
            .site
            .gateways(vec![by("internet-gateway-id", current.id.as_str())], cx)
            .await?;
        let attached = found
            .iter()
            .filter_map(GatewayInfo::read)
            .find(|gateway| gateway.id == current.id);
        Ok(match attached.and_then(|gateway| gateway.vpc) {
            Some(other) if other != vpc => {
                let message = format!("{} is attached to {other}", current.id);
                return Err(Failure::terminal("ec2:AttachInternetGateway", message));
            }
            Some(_) => Settled::Ready(current.clone()),
            None => Settled::Waiting("the internet gateway to be attached".into()),
        })
    }

    async fn delete(&self, current: &GatewayInfo, cx: &Context) -> Result<(), Failure> {
        if let Some(vpc) = &current.vpc {
            let request = self.site.ec2.detach_internet_gateway().vpc_id(vpc.as_str());
            let request = request.internet_gateway_id(current.id.as_str());
            let call = cx.idempotent("ec2:DetachInternetGateway").busy(IN_USE);
            match call.run(|| request.clone().send()).await {
                Err(failure) if failure.is_code(&["Gateway.NotAttached"]) => {}
                result => gone_is_fine(result)?,
            }
        }
        let request = self
            .site
            .ec2
            .delete_internet_gateway()
            .internet_gateway_id(current.id.as_str());
        let call = cx.idempotent("ec2:DeleteInternetGateway").busy(IN_USE);
        gone_is_fine(call.run(|| request.clone().send()).await)
    }
}

/// An Elastic IP address.
pub(crate) struct AddressNode {
    pub(crate) site: Site,
}

impl AddressNode {
    fn resource(&self) -> String {
        self.site.side.name("address")
    }

    fn candidates(&self, all: &[Address]) -> (Option<AddressId>, Vec<AddressId>) {
        let ours = all
            .iter()
            .filter(|address| self.site.owns(&address.tags, &self.resource()));
        let (chosen, rest) = pick(ours.cloned().collect(), |address| {
            (
                address.association_id().is_some(),
                address.allocation_id.clone().unwrap_or_default(),
            )
        });
        let id = |address: &Address| address.allocation_id()?.parse().ok();
        (chosen.as_ref().and_then(id), rest.iter().filter_map(id).collect())
    }
}

impl Resource for AddressNode {
    type Output = AddressId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::EIP"
    }

    fn needs(&self) -> Needs {
        Needs::none()
    }

    fn plan(&self, _: &Inputs<'_>) -> Decision<AddressId> {
        let (chosen, surplus) = self.candidates(&self.site.seen.addresses);
        chosen
            .map_or_else(Decision::create, Decision::keep)
            .with_surplus(surplus)
    }

    async fn create(&self, _: &Inputs<'_>, cx: &Context) -> Result<AddressId, Failure> {
        let tags = self.site.tagged(ResourceType::ElasticIp, &self.resource());
        let request = self
            .site
            .ec2
            .allocate_address()
            .domain(DomainType::Vpc)
            .tag_specifications(tags);
        let answer = cx
            .once("ec2:AllocateAddress")
            .run(|| request.clone().send())
            .await?;
        let id = answer.allocation_id.as_deref().and_then(|id| id.parse().ok());
        id.ok_or_else(|| unreadable("ec2:AllocateAddress"))
    }

    async fn recover(&self, _: &Inputs<'_>, cx: &Context) -> Result<Option<AddressId>, Failure> {
        let all = self.site.addresses(self.site.named(&self.resource()), cx).await?;
        Ok(self.candidates(&all).0)
    }

    async fn delete(&self, current: &AddressId, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.release_address().allocation_id(current.as_str());
        let call = cx.idempotent("ec2:ReleaseAddress").busy(IN_USE);
        gone_is_fine(call.run(|| request.clone().send()).await)
    }
}

/// A public NAT gateway.
pub(crate) struct NatNode {
    pub(crate) site: Site,
    pub(crate) subnet: Value<SubnetInfo>,
    pub(crate) address: Value<AddressId>,
    /// EC2 makes no public NAT gateway in a VPC without one.
    pub(crate) gateway: Ready,
}

impl NatNode {
    fn resource(&self) -> String {
        self.site.side.name("nat")
    }

    fn ours<'a>(&'a self, all: &'a [NatGateway]) -> impl Iterator<Item = &'a NatGateway> {
        let resource = self.resource();
        all.iter().filter(move |nat| self.site.owns(&nat.tags, &resource))
    }

    /// Deleted and failed ones stay visible for about an hour and do not count.
    fn candidates(&self, all: &[NatGateway]) -> (Option<NatGateway>, Vec<NatGateway>) {
        let alive = |nat: &&NatGateway| {
            matches!(
                nat.state,
                Some(NatGatewayState::Available | NatGatewayState::Pending)
            )
        };
        let ours = self.ours(all).filter(alive);
        pick(ours.cloned().collect(), |nat| {
            let available = nat.state == Some(NatGatewayState::Available);
            (available, nat.nat_gateway_id.clone().unwrap_or_default())
        })
    }

    fn id(nat: &NatGateway) -> Option<NatGatewayId> {
        nat.nat_gateway_id()?.parse().ok()
    }

    async fn ask(&self, token: &str, inputs: &Inputs<'_>, cx: &Context) -> Result<NatGateway, Failure> {
        let (subnet, address) = (inputs.get(&self.subnet)?, inputs.get(&self.address)?);
        let tags = self.site.tagged(ResourceType::Natgateway, &self.resource());
        let request = self.site.ec2.create_nat_gateway().subnet_id(subnet.id.as_str());
        let request = request
            .allocation_id(address.as_str())
            .client_token(token)
            .tag_specifications(tags);
        // The address may still belong to a NAT gateway that is being deleted.
        let late = [NOT_FOUND, &["Resource.AlreadyAssociated", "Gateway.NotAttached"]].concat();
        let call = cx.idempotent("ec2:CreateNatGateway").not_yet(&late);
        let answer = call.run(|| request.clone().send()).await?;
        answer
            .nat_gateway
            .ok_or_else(|| unreadable("ec2:CreateNatGateway"))
    }
}

impl Resource for NatNode {
    type Output = NatGatewayId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::NatGateway"
    }

    fn needs(&self) -> Needs {
        Needs::none()
            .value(&self.subnet)
            .value(&self.address)
            .after(self.gateway)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<NatGatewayId> {
        let (chosen, surplus) = self.candidates(&self.site.seen.nats);
        let surplus = surplus.iter().filter_map(Self::id).collect();
        let Some((nat, id)) = chosen.and_then(|nat| Some((nat.clone(), Self::id(&nat)?))) else {
            return Decision::create().with_surplus(surplus);
        };
        let subnet = known.known(&self.subnet).map(|subnet| subnet.id.to_string());
        let stands = nat.subnet_id().unwrap_or("none");
        let decision = if subnet.as_deref() == Some(stands) {
            Decision::keep(id)
        } else {
            let reason = subnet.map_or_else(
                || Reason::follows("subnet", stands),
                |subnet| Reason::differs("subnet", stands, subnet),
            );
            Decision::replace(id, vec![reason])
        };
        decision
            .settled(nat.state == Some(NatGatewayState::Available))
            .with_surplus(surplus)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<NatGatewayId, Failure> {
        let parent = inputs.get(&self.subnet)?.id;
        let tombstones = self.ours(&self.site.seen.nats).count();
        // A token that was used before is answered with what it made then, which may
        // be gone by now.
        for round in tombstones..tombstones + 4 {
            let token = self.site.token(&self.resource(), parent.as_str(), round);
            let nat = self.ask(&token, inputs, cx).await?;
            if matches!(
                nat.state,
                Some(NatGatewayState::Deleted | NatGatewayState::Deleting)
            ) {
                continue;
            }
            return Self::id(&nat).ok_or_else(|| unreadable("ec2:CreateNatGateway"));
        }
        let message = "every token was answered with a NAT gateway that is gone";
        Err(Failure::terminal("ec2:CreateNatGateway", message))
    }

    async fn recover(&self, _: &Inputs<'_>, cx: &Context) -> Result<Option<NatGatewayId>, Failure> {
        let all = self.site.nats(self.site.named(&self.resource()), cx).await?;
        Ok(self.candidates(&all).0.as_ref().and_then(Self::id))
    }

    async fn settle(
        &self,
        current: &NatGatewayId,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<NatGatewayId>, Failure> {
        let found = self
            .site
            .nats(vec![by("nat-gateway-id", current.as_str())], cx)
            .await?;
        let found = found
            .into_iter()
            .find(|nat| nat.nat_gateway_id() == Some(current.as_str()));
        let Some(nat) = found else {
            return Ok(Settled::Waiting("the NAT gateway to be visible".into()));
        };
        match nat.state {
            Some(NatGatewayState::Available) => Ok(Settled::Ready(current.clone())),
            Some(NatGatewayState::Pending) | None => {
                Ok(Settled::Waiting("the NAT gateway to be available".into()))
            }
            Some(_) => {
                let why = nat.failure_message().unwrap_or("it is being deleted");
                let failure = Failure::terminal("ec2:CreateNatGateway", format!("{current} failed: {why}"));
                Err(failure.with_code(nat.failure_code()))
            }
        }
    }

    async fn delete(&self, current: &NatGatewayId, cx: &Context) -> Result<(), Failure> {
        let request = self
            .site
            .ec2
            .delete_nat_gateway()
            .nat_gateway_id(current.as_str());
        let call = cx.idempotent("ec2:DeleteNatGateway");
        gone_is_fine(call.run(|| request.clone().send()).await)
    }

    async fn gone(&self, current: &NatGatewayId, cx: &Context) -> Result<bool, Failure> {
        let found = self
            .site
            .nats(vec![by("nat-gateway-id", current.as_str())], cx)
            .await;
        let found = match found {
            Err(failure) if failure.is_code(NOT_FOUND) && failure.class() == Class::Terminal => {
                return Ok(true);
            }
            found => found?,
        };
        let mut found = found
            .iter()
            .filter(|nat| nat.nat_gateway_id() == Some(current.as_str()));
        Ok(found.all(|nat| nat.state == Some(NatGatewayState::Deleted)))
    }

    fn timing(&self) -> Timing {
        Timing::seconds(107, 60).patience(1800)
    }
}
