//! The NAT gateway: the way out for private subnets.

use crate::outputs::SubnetInfo;
use crate::site::{NOT_FOUND, Site, Usable, by, gone_is_fine, pick, unreadable};
use aws_sdk_ec2::types::{NatGateway, NatGatewayState, ResourceType};
use xacct_converge::{
    Class, Context, Decision, Failure, Inputs, Needs, Ready, Reason, Resource, Settled, Timing, Value,
};
use xacct_types::{AddressId, NatGatewayId, SubnetId};

/// A public NAT gateway.
pub(crate) struct NatNode {
    pub(crate) site: Site,
    pub(crate) subnet: Usable<SubnetInfo>,
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
            let id = nat.nat_gateway_id().unwrap_or_default();
            let idle = nat.state != Some(NatGatewayState::Available);
            (self.site.seen.is_led_to(id), format!("{}{id}", u8::from(idle)))
        })
    }

    fn id(nat: &NatGateway) -> Option<NatGatewayId> {
        nat.nat_gateway_id()?.parse().ok()
    }

    pub(crate) async fn ask(
        &self,
        token: &str,
        subnet: &SubnetId,
        address: &AddressId,
        cx: &Context,
    ) -> Result<NatGateway, Failure> {
        let tags = self.site.tagged(ResourceType::Natgateway, &self.resource());
        let request = self.site.ec2.create_nat_gateway().subnet_id(subnet.as_str());
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
            .value(self.subnet.awaited())
            .value(&self.address)
            .after(self.gateway)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<NatGatewayId> {
        let (chosen, surplus) = self.candidates(&self.site.seen.nats);
        let surplus = surplus.iter().filter_map(Self::id).collect();
        let Some((nat, id)) = chosen.and_then(|nat| Some((nat.clone(), Self::id(&nat)?))) else {
            return Decision::create().with_surplus(surplus);
        };
        let subnet = self.subnet.known(known).map(|subnet| subnet.id.to_string());
        let stands = nat.subnet_id().unwrap_or("none");
        let decision = if subnet.as_deref() == Some(stands) {
            Decision::update(id, self.site.tag_reasons(&nat.tags, &self.resource()))
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
        let (parent, address) = (self.subnet.get(inputs)?.id, inputs.get(&self.address)?);
        let tombstones = self.ours(&self.site.seen.nats).count();
        // A token that was used before is answered with what it made then, which may
        // be gone by now.
        for round in tombstones..tombstones + 4 {
            let token = self.site.token(&self.resource(), parent.as_str(), round);
            let nat = self.ask(&token, &parent, &address, cx).await?;
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

    async fn configure(
        &self,
        current: NatGatewayId,
        reasons: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<NatGatewayId, Failure> {
        self.site.retag(current.as_str(), reasons, cx).await?;
        Ok(current)
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
