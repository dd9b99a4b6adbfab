//! Subnets.

use std::net::Ipv4Addr;

use serde_json::json;

use super::list::{self, Ids, Row};
use super::params::{Params, missing};
use super::sight::{Sight, not_found};
use super::state::{State, Subnet};
use super::{dependency, quota, tags, vpc, zone};
use crate::clock::SimTime;
use crate::sample;
use crate::world::{ApiError, Call, Reply};

/// The first four addresses and the last one belong to AWS.
const RESERVED: u64 = 5;

/// `CreateSubnet`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let vpc_id = p.required("VpcId")?;
    let cidr = p.cidr("CidrBlock")?;
    let tags = tags::requested(p, "subnet")?;
    let zone_id = zone::chosen(call, p)?;
    let state = &call.here_account().ec2;
    let vpc = Sight::of(call).find(&state.vpcs, &vpc_id)?;
    let in_range =
        (16..=28).contains(&cidr.prefix()) && vpc::blocks(vpc).iter().any(|block| block.covers(cidr));
    if !in_range {
        return Err(ApiError::bad(
            "InvalidSubnet.Range",
            format!("The CIDR '{cidr}' is invalid."),
        ));
    }
    if state
        .subnets
        .values()
        .any(|one| one.vpc == vpc_id && one.cidr.overlaps(cidr))
    {
        let text = format!("The CIDR '{cidr}' conflicts with another subnet");
        return Err(ApiError::bad("InvalidSubnet.Conflict", text));
    }
    quota::subnets(call, &vpc_id)?;
    let id = call.new_id("subnet");
    let (visible_at, ready_at) = super::stateful(call, "ec2.subnet", &id, &[&vpc_id]);
    let subnet = Subnet {
        id: id.clone(),
        vpc: vpc_id.clone(),
        cidr,
        zone_id,
        map_public_ip: false,
        visible_at,
        ready_at,
    };
    let association = call.new_id("aclassoc");
    let state = &mut call.account().ec2;
    if let Some(acl) = state
        .network_acls
        .values_mut()
        .find(|acl| acl.vpc == vpc_id && acl.default)
    {
        acl.associations.insert(id.clone(), association);
    }
    state.subnets.insert(id.clone(), subnet.clone());
    super::tag(state, &id, tags);
    Ok(json!({ "subnet": xml(call, &subnet) }))
}

/// `DeleteSubnet`: no interface may be left in it.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("SubnetId")?;
    let now = call.now;
    let state = &call.here_account().ec2;
    Sight::of(call).find(&state.subnets, &id)?;
    let nat = state
        .nat_gateways
        .values()
        .any(|nat| nat.subnet == id && nat.is_live(now));
    if nat || state.live_enis(now).any(|eni| eni.subnet == id) {
        return Err(dependency("subnet", &id));
    }
    let state = &mut call.account().ec2;
    state.subnets.remove(&id);
    for table in state.route_tables.values_mut() {
        table
            .associations
            .retain(|one| one.subnet.as_deref() != Some(&id));
    }
    for acl in state.network_acls.values_mut() {
        acl.associations.remove(&id);
    }
    super::forget_tags(state);
    Ok(json!({ "return": true }))
}

/// `DescribeSubnets`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (sight, now) = (Sight::of(call), call.now);
    let rows = call
        .here_account()
        .ec2
        .subnets
        .values()
        .filter(|subnet| sight.sees(&subnet.id, *subnet))
        .map(|subnet| {
            let zone_name = zone::name_of(&call.world.settings, call.account_id(), &subnet.zone_id);
            Row::new(&subnet.id, xml(call, subnet))
                .field("subnet-id", &subnet.id)
                .field("vpc-id", &subnet.vpc)
                .field("vpcId", &subnet.vpc)
                .field("cidr-block", subnet.cidr)
                .field("cidr", subnet.cidr)
                .field("state", state_of(subnet, now))
                .field("availability-zone", &zone_name)
                .field("availabilityZone", &zone_name)
                .field("availability-zone-id", &subnet.zone_id)
                .field("availabilityZoneId", &subnet.zone_id)
                .field("owner-id", call.account_id())
                .field("default-for-az", false)
        })
        .collect();
    list::answer(
        call,
        p,
        "subnetSet",
        Some(Ids {
            param: "SubnetId",
            not_found: not_found::<Subnet>,
        }),
        rows,
    )
}

/// `ModifySubnetAttribute`: one attribute per call.
pub(crate) fn modify_attribute(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("SubnetId")?;
    let known = ["MapPublicIpOnLaunch"];
    if let Some(other) = p.0.as_object().and_then(|all| {
        all.keys()
            .find(|key| !known.contains(&key.as_str()) && !["SubnetId", "DryRun"].contains(&key.as_str()))
    }) {
        return Err(ApiError::not_modelled(
            "ec2",
            &format!("ModifySubnetAttribute {other}"),
        ));
    }
    let wanted = p
        .sub("MapPublicIpOnLaunch")
        .and_then(|attribute| attribute.flag("Value"))
        .ok_or_else(|| missing("MapPublicIpOnLaunch"))?;
    let sight = Sight::of(call);
    sight
        .find_mut(&mut call.account().ec2.subnets, &id)?
        .map_public_ip = wanted;
    Ok(json!({ "return": true }))
}

fn state_of(subnet: &Subnet, now: SimTime) -> &'static str {
    if now < subnet.ready_at {
        "pending"
    } else {
        "available"
    }
}

fn xml(call: &Call<'_>, subnet: &Subnet) -> serde_json::Value {
    let (settings, owner) = (&call.world.settings, call.account_id());
    let state = &call.here_account().ec2;
    json!({
        "subnetId": subnet.id, "vpcId": subnet.vpc, "ownerId": owner, "cidrBlock": subnet.cidr.to_string(),
        "state": state_of(subnet, call.now),
        "subnetArn": format!("arn:{}:ec2:{}:{owner}:subnet/{}", settings.partition(), settings.region, subnet.id),
        "availabilityZone": zone::name_of(settings, owner, &subnet.zone_id), "availabilityZoneId": subnet.zone_id,
        "availableIpAddressCount": free_addresses(state, subnet, call.now), "defaultForAz": false,
        "mapPublicIpOnLaunch": subnet.map_public_ip, "assignIpv6AddressOnCreation": false,
        "ipv6CidrBlockAssociationSet": [], "tagSet": tags::set(state, &subnet.id),
    })
}

/// How many addresses a subnet can still give.
pub(crate) fn free_addresses(state: &State, subnet: &Subnet, now: SimTime) -> u64 {
    let used = state.live_enis(now).filter(|eni| eni.subnet == subnet.id).count() as u64;
    (subnet.cidr.size() - RESERVED).saturating_sub(used)
}

/// Whether an address of the subnet is reserved by AWS or held by an interface.
pub(crate) fn is_taken(state: &State, subnet: &Subnet, ip: Ipv4Addr, now: SimTime) -> bool {
    let last = subnet
        .cidr
        .nth(u32::try_from(subnet.cidr.size() - 1).unwrap_or(u32::MAX));
    (0..4).any(|index| subnet.cidr.nth(index) == ip)
        || ip == last
        || state
            .live_enis(now)
            .any(|eni| eni.ip == ip && eni.subnet == subnet.id)
}

/// A free address: a seeded first choice, then the next ones.
pub(crate) fn pick_address(
    state: &State,
    subnet: &Subnet,
    seed: u64,
    word: &str,
    now: SimTime,
) -> Option<Ipv4Addr> {
    let usable = u32::try_from(subnet.cidr.size() - RESERVED).unwrap_or(u32::MAX);
    let first = (sample::bits(seed, &["address", &subnet.cidr.to_string(), word]) % u64::from(usable)) as u32;
    (0..usable)
        .map(|step| subnet.cidr.nth(4 + (first + step) % usable))
        .find(|ip| !is_taken(state, subnet, *ip, now))
}

/// Checks that a subnet is there and gives it; for other services.
pub(crate) fn ready<'s>(state: &'s State, id: &str, now: SimTime) -> Option<&'s Subnet> {
    state.subnets.get(id).filter(|subnet| now >= subnet.visible_at)
}
