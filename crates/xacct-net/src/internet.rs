//! The internet gateway, and the address of the NAT gateway.

use crate::outputs::VpcInfo;
use crate::site::{IN_USE, NOT_FOUND, Site, by, gone_is_fine, pick, unreadable};
use aws_sdk_ec2::types::{Address, DomainType, InternetGateway, ResourceType};
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Ready, Reason, Resource, Settled, Value};
use xacct_types::{AddressId, GatewayId, VpcId};

/// An internet gateway and the VPC that it is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayInfo {
    pub(crate) id: GatewayId,
    vpc: Option<VpcId>,
}

const ATTACHMENT: &str = "attachment";

impl GatewayInfo {
    pub(crate) fn read(gateway: &InternetGateway) -> Option<Self> {
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
    /// Where it is no longer wanted: what must stay until it has gone.
    pub(crate) after: Vec<Ready>,
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

    fn tag_reasons(&self, gateway: &GatewayInfo) -> Vec<Reason> {
        let mut seen = self.site.seen.gateways.iter();
        let found = seen.find(|seen| seen.internet_gateway_id() == Some(gateway.id.as_str()));
        found
            .map(|found| self.site.tag_reasons(&found.tags, &self.resource()))
            .unwrap_or_default()
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
        Needs::none().value(&self.vpc).after_all(self.after.clone())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<GatewayInfo> {
        let vpc = known.known(&self.vpc).map(|vpc| vpc.id);
        let (chosen, surplus) = self.candidates(&self.site.seen.gateways, vpc.as_ref());
        let decision = match chosen {
            None => Decision::create(),
            Some(gateway) if vpc.is_some() && gateway.vpc == vpc => {
                let reasons = self.tag_reasons(&gateway);
                Decision::update(gateway, reasons)
            }
            Some(gateway) if gateway.vpc.is_none() => {
                let to = vpc.map_or_else(|| "(known after apply)".to_owned(), |vpc| vpc.to_string());
                let mut reasons = vec![Reason::missing(ATTACHMENT, to)];
                reasons.extend(self.tag_reasons(&gateway));
                Decision::update(gateway, reasons)
            }
            Some(gateway) => Decision::replace(gateway, vec![Reason::follows(ATTACHMENT, "another VPC")]),
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
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<GatewayInfo, Failure> {
        let vpc = inputs.get(&self.vpc)?.id;
        self.site.retag(current.id.as_str(), reasons, cx).await?;
        if reasons.is_empty() || reasons.iter().any(|reason| reason.attribute == ATTACHMENT) {
            self.attach(&current.id, &vpc, cx).await?;
        }
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
    /// Where it is no longer wanted: what must stay until it has gone.
    pub(crate) after: Vec<Ready>,
}

impl AddressNode {
    fn resource(&self) -> String {
        self.site.side.name("address")
    }

    fn candidates(&self, all: &[Address]) -> (Option<Address>, Vec<Address>) {
        let ours = all
            .iter()
            .filter(|address| self.site.owns(&address.tags, &self.resource()));
        pick(ours.cloned().collect(), |address| {
            let id = address.allocation_id().unwrap_or_default();
            let idle = address.association_id().is_none();
            (self.site.seen.leads_out(id), format!("{}{id}", u8::from(idle)))
        })
    }
}

fn id(address: &Address) -> Option<AddressId> {
    address.allocation_id()?.parse().ok()
}

impl Resource for AddressNode {
    type Output = AddressId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::EIP"
    }

    fn needs(&self) -> Needs {
        Needs::none().after_all(self.after.clone())
    }

    fn plan(&self, _: &Inputs<'_>) -> Decision<AddressId> {
        let (chosen, surplus) = self.candidates(&self.site.seen.addresses);
        let decision = match chosen.and_then(|address| Some((id(&address)?, address))) {
            None => Decision::create(),
            Some((id, address)) => {
                Decision::update(id, self.site.tag_reasons(&address.tags, &self.resource()))
            }
        };
        decision.with_surplus(surplus.iter().filter_map(id).collect())
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
        Ok(self.candidates(&all).0.as_ref().and_then(id))
    }

    async fn configure(
        &self,
        current: AddressId,
        reasons: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<AddressId, Failure> {
        self.site.retag(current.as_str(), reasons, cx).await?;
        Ok(current)
    }

    async fn delete(&self, current: &AddressId, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.release_address().allocation_id(current.as_str());
        let call = cx.idempotent("ec2:ReleaseAddress").busy(IN_USE);
        gone_is_fine(call.run(|| request.clone().send()).await)
    }
}
