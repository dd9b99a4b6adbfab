//! Subnets and the zones that they stand in.

use crate::outputs::{SubnetInfo, VpcInfo};
use crate::site::{IN_USE, NOT_FOUND, Site, by, gone_is_fine, perhaps_ours, unreadable};
use aws_sdk_ec2::types::{AvailabilityZone, Filter, ResourceType, ServiceDetail, Subnet, SubnetState};
use futures_util::try_join;
use std::collections::BTreeSet;
use xacct_converge::{
    Class, Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value,
};
use xacct_types::{Cidr, SubnetId, ZoneId};

/// Zones in which a service of the pipeline is known not to stand, by zone id.
///
/// Source: Amazon MSK developer guide, "Supported zones" (`use1-az3`, `usw1-az2`
/// take no brokers); Amazon Redshift Serverless has the same gap in `use1-az3`.
const UNSUPPORTED: [&str; 2] = ["use1-az3", "usw1-az2"];

/// Services whose interface endpoints tell in which zones they stand. AWS publishes
/// no list of zones by service; where one of these is not on offer, it says nothing.
const WITNESSES: [&str; 2] = ["redshift-serverless", "kafka"];

/// A subnet of one network.
pub(crate) struct SubnetNode {
    pub(crate) site: Site,
    pub(crate) vpc: Value<VpcInfo>,
    /// `warehouse/subnet-private-1`.
    pub(crate) resource: String,
    pub(crate) cidr: Cidr,
    /// The place among the zones, from 0.
    pub(crate) zone: usize,
}

impl SubnetInfo {
    pub(crate) fn read(subnet: &Subnet) -> Option<Self> {
        Some(Self {
            id: subnet.subnet_id()?.parse().ok()?,
            cidr: subnet.cidr_block()?.parse().ok()?,
            zone: subnet.availability_zone_id()?.parse().ok()?,
        })
    }
}

impl Site {
    /// The zones to choose from, sorted by id, so that both accounts choose alike.
    pub(crate) async fn zones(&self, cx: &Context) -> Result<Vec<ZoneId>, Failure> {
        let (available, offered) = try_join!(self.available_zones(cx), self.offered_zones(cx))?;
        let usable = |id: &ZoneId| {
            !UNSUPPORTED.contains(&id.as_str()) && offered.iter().all(|offer| offer.contains(id.as_str()))
        };
        Ok(available.into_iter().filter(usable).collect())
    }

    async fn available_zones(&self, cx: &Context) -> Result<BTreeSet<ZoneId>, Failure> {
        let request = self
            .ec2
            .describe_availability_zones()
            .filters(by("state", "available"));
        let call = cx.read("ec2:DescribeAvailabilityZones");
        let answer = call.run(|| request.clone().send()).await?;
        let usual =
            |zone: &&AvailabilityZone| zone.zone_type().is_none_or(|kind| kind == "availability-zone");
        let zones = answer.availability_zones.unwrap_or_default();
        Ok(zones
            .iter()
            .filter(usual)
            .filter_map(|zone| zone.zone_id()?.parse().ok())
            .collect())
    }

    /// The zones that each witness stands in, as far as it tells.
    async fn offered_zones(&self, cx: &Context) -> Result<Vec<BTreeSet<String>>, Failure> {
        let names = WITNESSES.map(|service| format!("com.amazonaws.{}.{service}", self.region));
        // Not by name: moto fails on that filter, and a name that a region lacks is an error of its own.
        let filter = Filter::builder().name("service-type").values("Interface").build();
        let request = self.ec2.describe_vpc_endpoint_services().filters(filter);
        let details = crate::site::every_page!(
            cx,
            "ec2:DescribeVpcEndpointServices",
            service_details,
            request.clone()
        );
        let ours = |detail: &ServiceDetail| {
            detail
                .service_name()
                .is_some_and(|name| names.iter().any(|n| n == name))
        };
        let details = details.into_iter().filter(ours);
        let zones = details.map(|detail| detail.availability_zone_ids.unwrap_or_default());
        Ok(zones
            .filter(|ids| !ids.is_empty())
            .map(BTreeSet::from_iter)
            .collect())
    }

    /// What stands in a subnet or wears a group, for people who wait for it to go.
    pub(crate) async fn blocking(&self, filter: &str, id: &str, cx: &Context) -> Result<String, Failure> {
        let request = self.ec2.describe_network_interfaces().filters(by(filter, id));
        let found = crate::site::every_page!(
            cx,
            "ec2:DescribeNetworkInterfaces",
            network_interfaces,
            request.clone()
        );
        let shown: Vec<String> = found
            .iter()
            .map(|eni| {
                let what = eni
                    .description()
                    .filter(|text| !text.is_empty())
                    .unwrap_or("no description");
                format!(
                    "{} ({what})",
                    eni.network_interface_id().unwrap_or("an interface")
                )
            })
            .collect();
        Ok(if shown.is_empty() {
            "what depends on it".into()
        } else {
            shown.join(", ")
        })
    }

    /// A removal that others may still be in the way of: says who.
    pub(crate) async fn unless_blocked<T>(
        &self,
        result: Result<T, Failure>,
        filter: &str,
        id: &str,
        cx: &Context,
    ) -> Result<(), Failure> {
        match gone_is_fine(result) {
            Err(failure) if failure.class() == Class::Busy => {
                let who = self.blocking(filter, id, cx).await?;
                let message = format!("{who} to leave {id}");
                Err(Failure::new(failure.operation(), Class::Busy, message).with_code(failure.code()))
            }
            result => result,
        }
    }
}

impl SubnetNode {
    /// Ours in this VPC, and ours that a double of the VPC holds.
    fn candidates(&self, all: &[Subnet], vpc: Option<&VpcInfo>) -> (Option<Subnet>, Vec<Subnet>) {
        let ours = all
            .iter()
            .filter(|subnet| self.site.owns(&subnet.tags, &self.resource))
            .cloned();
        let here = |subnet: &Subnet| vpc.is_some_and(|vpc| subnet.vpc_id() == Some(vpc.id.as_str()));
        let block = self.cidr.to_string();
        crate::site::pick(ours.collect(), |subnet| {
            let right = here(subnet) && subnet.cidr_block() == Some(&block);
            let id = subnet.subnet_id().unwrap_or_default();
            (right, format!("{}{id}", u8::from(!here(subnet))))
        })
    }

    /// The zone that this subnet should have: the first that no other of ours has.
    fn choose(&self, zones: &[ZoneId]) -> Option<ZoneId> {
        let place = |zone: usize| zones.get(zone % zones.len().max(1)).cloned();
        let others = self.site.seen.subnets.iter();
        let others = others.filter(|subnet| !self.site.owns(&subnet.tags, &self.resource));
        let private = others.filter(|subnet| is_private(subnet));
        let taken: Vec<&str> = private
            .filter_map(|subnet| subnet.availability_zone_id())
            .collect();
        let free = |zone: &&ZoneId| !taken.contains(&zone.as_str());
        if taken.is_empty() || self.resource.ends_with("public") {
            return place(self.zone);
        }
        // Counted among the missing ones only, so that two missing ones differ.
        let missing_before = (0..self.zone).filter(|&index| !self.exists(index)).count();
        let open: Vec<&ZoneId> = zones.iter().filter(free).collect();
        open.get(missing_before)
            .map(|&zone| zone.clone())
            .or_else(|| place(self.zone))
    }

    /// Whether the private subnet of another place is there.
    fn exists(&self, zone: usize) -> bool {
        let resource = self.site.side.name(&private_noun(zone));
        self.site
            .seen
            .subnets
            .iter()
            .any(|subnet| self.site.owns(&subnet.tags, &resource))
    }
}

/// The noun of the private subnet at a place, counted from 0.
pub(crate) fn private_noun(index: usize) -> String {
    format!("subnet-private-{}", index + 1)
}

fn is_private(subnet: &Subnet) -> bool {
    let tags = crate::site::tags_of(&subnet.tags);
    tags.get(xacct_types::RESOURCE_TAG)
        .is_some_and(|name| name.contains("private"))
}

impl Resource for SubnetNode {
    type Output = SubnetInfo;

    fn kind(&self) -> &'static str {
        "AWS::EC2::Subnet"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.vpc)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<SubnetInfo> {
        let vpc = known.known(&self.vpc);
        let (chosen, surplus) = self.candidates(&self.site.seen.subnets, vpc.as_ref());
        let surplus = surplus.iter().filter_map(SubnetInfo::read).collect();
        let here = |subnet: &Subnet| {
            vpc.as_ref()
                .is_some_and(|vpc| subnet.vpc_id() == Some(vpc.id.as_str()))
        };
        let Some((subnet, info)) =
            chosen.and_then(|subnet| Some((subnet.clone(), SubnetInfo::read(&subnet)?)))
        else {
            return Decision::create().with_surplus(surplus);
        };
        let decision = if !here(&subnet) {
            Decision::replace(
                info,
                vec![Reason::follows("vpc", subnet.vpc_id().unwrap_or("none"))],
            )
        } else if info.cidr != self.cidr {
            let reason = Reason::differs("cidr", info.cidr, self.cidr);
            Decision::replace(info, vec![reason])
        } else {
            Decision::update(info, self.site.tag_reasons(&subnet.tags, &self.resource))
        };
        decision
            .settled(subnet.state == Some(SubnetState::Available))
            .with_surplus(surplus)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<SubnetInfo, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let read;
        let zones = match self.site.seen.zones.as_slice() {
            [] => {
                read = self.site.zones(cx).await?;
                read.as_slice()
            }
            known => known,
        };
        let Some(zone) = self.choose(zones).filter(|_| zones.len() >= 3) else {
            let message = format!(
                "the region offers {} usable zones, and three are needed",
                zones.len()
            );
            return Err(Failure::terminal("ec2:CreateSubnet", message));
        };
        let request = self
            .site
            .ec2
            .create_subnet()
            .vpc_id(vpc.id.as_str())
            .cidr_block(self.cidr.to_string());
        let request = request.availability_zone_id(zone.as_str());
        let request = request.tag_specifications(self.site.tagged(ResourceType::Subnet, &self.resource));
        let call = cx.once("ec2:CreateSubnet").not_yet(NOT_FOUND);
        let answer = call.run(|| request.clone().send()).await;
        let answer = answer.map_err(|failure| perhaps_ours(failure, "InvalidSubnet.Conflict"))?;
        answer
            .subnet
            .as_ref()
            .and_then(SubnetInfo::read)
            .ok_or_else(|| unreadable("ec2:CreateSubnet"))
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<SubnetInfo>, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let mut all = self.site.subnets(self.site.named(&self.resource), cx).await?;
        all.retain(|subnet| subnet.vpc_id() == Some(vpc.id.as_str()));
        Ok(self
            .candidates(&all, Some(&vpc))
            .0
            .as_ref()
            .and_then(SubnetInfo::read))
    }

    async fn configure(
        &self,
        current: SubnetInfo,
        reasons: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<SubnetInfo, Failure> {
        self.site.retag(current.id.as_str(), reasons, cx).await?;
        Ok(current)
    }

    async fn settle(
        &self,
        current: &SubnetInfo,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<SubnetInfo>, Failure> {
        let found = self
            .site
            .subnets(vec![by("subnet-id", current.id.as_str())], cx)
            .await?;
        let found = found
            .iter()
            .find(|subnet| subnet.subnet_id() == Some(current.id.as_str()));
        match found.and_then(|subnet| subnet.state.as_ref()) {
            Some(SubnetState::Available) => Ok(Settled::Ready(current.clone())),
            Some(SubnetState::Failed) => Err(Failure::terminal("ec2:CreateSubnet", "the subnet failed")),
            _ => Ok(Settled::Waiting("the subnet to be available".into())),
        }
    }

    async fn delete(&self, current: &SubnetInfo, cx: &Context) -> Result<(), Failure> {
        let id: &SubnetId = &current.id;
        let request = self.site.ec2.delete_subnet().subnet_id(id.as_str());
        let call = cx.idempotent("ec2:DeleteSubnet").busy(IN_USE);
        let result = call.run(|| request.clone().send()).await;
        self.site
            .unless_blocked(result, "subnet-id", id.as_str(), cx)
            .await
    }

    fn timing(&self) -> Timing {
        // Interfaces that a service left behind may linger for many minutes.
        Timing::seconds(1, 1).patience(2700)
    }
}
