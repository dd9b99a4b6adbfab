//! The VPC and its DNS attributes.

use crate::outputs::VpcInfo;
use crate::site::{IN_USE, NOT_FOUND, Site, by, gone_is_fine, unreadable};
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Vpc, VpcState};
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing};
use xacct_types::Cidr;

const SUPPORT: &str = "enableDnsSupport";
const HOSTNAMES: &str = "enableDnsHostnames";

/// A VPC of this block, with DNS support and host names on.
pub(crate) struct VpcNode {
    pub(crate) site: Site,
    pub(crate) cidr: Cidr,
}

impl VpcInfo {
    pub(crate) fn read(vpc: &Vpc) -> Option<Self> {
        Some(Self {
            id: vpc.vpc_id()?.parse().ok()?,
            account: vpc.owner_id()?.parse().ok()?,
            cidr: vpc.cidr_block()?.parse().ok()?,
        })
    }
}

impl VpcNode {
    fn resource(&self) -> String {
        self.site.side.name("vpc")
    }

    /// The VPC that most of our other resources stand in wins over its doubles.
    fn candidates(&self, all: &[Vpc]) -> (Option<Vpc>, Vec<Vpc>) {
        let ours = all
            .iter()
            .filter(|vpc| self.site.owns(&vpc.tags, &self.resource()));
        self.site.seen.by_use(ours.cloned().collect())
    }

    fn differences(&self, vpc: &VpcInfo) -> Vec<Reason> {
        let (support, hostnames) = self
            .site
            .seen
            .dns
            .get(vpc.id.as_str())
            .copied()
            .unwrap_or((true, false));
        let off = [(SUPPORT, support), (HOSTNAMES, hostnames)]
            .into_iter()
            .filter(|(_, on)| !on);
        off.map(|(name, _)| Reason::differs(name, false, true)).collect()
    }

    /// EC2 takes one attribute a call.
    async fn turn_on(&self, vpc: &VpcInfo, attribute: &str, cx: &Context) -> Result<(), Failure> {
        let on = AttributeBooleanValue::builder().value(true).build();
        let request = self.site.ec2.modify_vpc_attribute().vpc_id(vpc.id.as_str());
        let request = match attribute {
            SUPPORT => request.enable_dns_support(on),
            _ => request.enable_dns_hostnames(on),
        };
        let call = cx.idempotent("ec2:ModifyVpcAttribute").not_yet(NOT_FOUND);
        call.run(|| request.clone().send()).await?;
        Ok(())
    }
}

impl Resource for VpcNode {
    type Output = VpcInfo;

    fn kind(&self) -> &'static str {
        "AWS::EC2::VPC"
    }

    fn needs(&self) -> Needs {
        Needs::none()
    }

    fn plan(&self, _: &Inputs<'_>) -> Decision<VpcInfo> {
        let (chosen, surplus) = self.candidates(&self.site.seen.vpcs);
        let surplus = surplus.iter().filter_map(VpcInfo::read).collect();
        let Some((vpc, state, tags)) =
            chosen.and_then(|vpc| Some((VpcInfo::read(&vpc)?, vpc.state, vpc.tags)))
        else {
            return Decision::create().with_surplus(surplus);
        };
        let decision = if vpc.cidr == self.cidr {
            let mut reasons = self.differences(&vpc);
            reasons.extend(self.site.tag_reasons(&tags, &self.resource()));
            Decision::update(vpc, reasons)
        } else {
            let reason = Reason::differs("cidr", vpc.cidr, self.cidr);
            Decision::replace(vpc, vec![reason])
        };
        decision
            .settled(state == Some(VpcState::Available))
            .with_surplus(surplus)
    }

    async fn create(&self, _: &Inputs<'_>, cx: &Context) -> Result<VpcInfo, Failure> {
        let request = self.site.ec2.create_vpc().cidr_block(self.cidr.to_string());
        let request = request.tag_specifications(self.site.tagged(ResourceType::Vpc, &self.resource()));
        let answer = cx.once("ec2:CreateVpc").run(|| request.clone().send()).await?;
        answer
            .vpc
            .as_ref()
            .and_then(VpcInfo::read)
            .ok_or_else(|| unreadable("ec2:CreateVpc"))
    }

    async fn recover(&self, _: &Inputs<'_>, cx: &Context) -> Result<Option<VpcInfo>, Failure> {
        let all = self.site.vpcs(self.site.named(&self.resource()), cx).await?;
        let known = |vpc: &Vpc| self.site.seen.vpcs.iter().any(|seen| seen.vpc_id == vpc.vpc_id);
        let new: Vec<Vpc> = all.into_iter().filter(|vpc| !known(vpc)).collect();
        Ok(self.candidates(&new).0.as_ref().and_then(VpcInfo::read))
    }

    async fn configure(
        &self,
        current: VpcInfo,
        reasons: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<VpcInfo, Failure> {
        // A VPC made by CreateVpc has DNS support on and host names off.
        let fresh = [HOSTNAMES];
        self.site.retag(current.id.as_str(), reasons, cx).await?;
        let named = reasons
            .iter()
            .map(|reason| reason.attribute.as_str())
            .filter(|attribute| [SUPPORT, HOSTNAMES].contains(attribute));
        let wanted: Vec<&str> = if reasons.is_empty() {
            fresh.to_vec()
        } else {
            named.collect()
        };
        for attribute in wanted {
            self.turn_on(&current, attribute, cx).await?;
        }
        Ok(current)
    }

    async fn settle(
        &self,
        current: &VpcInfo,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<VpcInfo>, Failure> {
        // They take effect later than the VPC is there.
        if self.site.dns_attributes(current.id.as_str(), cx).await? != (true, true) {
            return Ok(Settled::Waiting("the VPC's DNS attributes to take effect".into()));
        }
        let found = self
            .site
            .vpcs(vec![by("vpc-id", current.id.as_str())], cx)
            .await?;
        let found = found.iter().find(|vpc| vpc.vpc_id() == Some(current.id.as_str()));
        Ok(match found.and_then(|vpc| vpc.state.as_ref()) {
            Some(VpcState::Available) => Settled::Ready(current.clone()),
            _ => Settled::Waiting("the VPC to be available".into()),
        })
    }

    async fn delete(&self, current: &VpcInfo, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.delete_vpc().vpc_id(current.id.as_str());
        let call = cx.idempotent("ec2:DeleteVpc").busy(IN_USE);
        gone_is_fine(call.run(|| request.clone().send()).await)
    }

    fn timing(&self) -> Timing {
        Timing::seconds(6, 1).patience(600)
    }
}
