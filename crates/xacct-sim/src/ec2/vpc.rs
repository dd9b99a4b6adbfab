//! VPCs: with each come a main route table, a default security group and a default network ACL.

use serde_json::json;

use super::cidr::Cidr;
use super::list::{self, Ids, Row};
use super::params::{Params, invalid, missing};
use super::sight::{Sight, not_found};
use super::state::{Attribute, NetworkAcl, Route, RouteTable, State, TableAssociation, Target, Vpc};
use super::{acl, dependency, group, peering, quota, tags};
use crate::clock::SimTime;
use crate::world::{ApiError, Call, Reply};

/// `CreateVpc`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let cidr = p.cidr("CidrBlock")?;
    if !(16..=28).contains(&cidr.prefix()) {
        return Err(ApiError::bad(
            "InvalidVpc.Range",
            format!("The CIDR '{cidr}' is invalid."),
        ));
    }
    let tags = tags::requested(p, "vpc")?;
    quota::vpcs(call)?;
    let id = call.new_id("vpc");
    let (visible_at, ready_at) = super::stateful(call, "ec2.vpc", &id, &[]);
    let vpc = Vpc {
        id: id.clone(),
        cidr,
        cidr_association: call.new_id("vpc-cidr-assoc"),
        dns_support: Attribute::fixed(true),
        dns_hostnames: Attribute::fixed(false),
        tenancy: p.text("InstanceTenancy").unwrap_or_else(|| "default".to_owned()),
        visible_at,
        ready_at,
    };
    furnish(call, &vpc);
    let now = call.now;
    let owner = call.account_id().to_owned();
    let state = &mut call.account().ec2;
    super::tag(state, &id, tags);
    let answer = json!({ "vpc": xml(state, &owner, now, &vpc) });
    state.vpcs.insert(id, vpc);
    Ok(answer)
}

/// What EC2 makes along with a VPC.
fn furnish(call: &mut Call<'_>, vpc: &Vpc) {
    let table = call.new_id("rtb");
    let association = TableAssociation {
        id: call.new_id("rtbassoc"),
        subnet: None,
        ready_at: SimTime::ZERO,
    };
    let local = Route {
        target: Target::Local,
        origin: "CreateRouteTable",
        visible_at: vpc.visible_at,
    };
    let table = RouteTable {
        id: table,
        vpc: vpc.id.clone(),
        routes: [(vpc.cidr, local)].into(),
        associations: vec![association],
        visible_at: vpc.visible_at,
    };
    let acl = NetworkAcl {
        id: call.new_id("acl"),
        vpc: vpc.id.clone(),
        default: true,
        entries: acl::open_entries(),
        associations: [].into(),
        visible_at: vpc.visible_at,
    };
    let group = group::new(
        call,
        &vpc.id,
        "default",
        "default VPC security group",
        vpc.visible_at,
        true,
    );
    let state = &mut call.account().ec2;
    state.route_tables.insert(table.id.clone(), table);
    state.network_acls.insert(acl.id.clone(), acl);
    state.security_groups.insert(group.id.clone(), group);
}

/// `DeleteVpc`: everything that was put into it must be gone; what came with it goes with it.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("VpcId")?;
    let now = call.now;
    Sight::of(call).find(&call.here_account().ec2.vpcs, &id)?;
    let holds_peering = peering::all(call.world).any(|(_, one)| {
        let ours = |side: &super::state::Side| side.account == call.caller.account && side.vpc == id;
        (ours(&one.requester) || ours(&one.accepter)) && peering::is_live(one, now)
    });
    if holds_peering || occupied(&call.here_account().ec2, &id, now) {
        return Err(dependency("vpc", &id));
    }
    let state = &mut call.account().ec2;
    state.vpcs.remove(&id);
    state.route_tables.retain(|_, table| table.vpc != id);
    state.security_groups.retain(|_, group| group.vpc != id);
    state.network_acls.retain(|_, acl| acl.vpc != id);
    super::forget_tags(state);
    Ok(json!({ "return": true }))
}

fn occupied(state: &State, vpc: &str, now: SimTime) -> bool {
    let main = state.main_table(vpc).map(|table| table.id.as_str());
    let default = state.default_group(vpc).map(|group| group.id.as_str());
    state.subnets.values().any(|one| one.vpc == vpc)
        || state
            .internet_gateways
            .values()
            .any(|one| one.vpc.as_deref() == Some(vpc))
        || state
            .route_tables
            .values()
            .any(|one| one.vpc == vpc && Some(one.id.as_str()) != main)
        || state
            .security_groups
            .values()
            .any(|one| one.vpc == vpc && Some(one.id.as_str()) != default)
        || state
            .network_acls
            .values()
            .any(|one| one.vpc == vpc && !one.default)
        || state
            .nat_gateways
            .values()
            .any(|one| one.vpc == vpc && one.is_live(now))
        || state
            .endpoints
            .values()
            .any(|one| one.vpc == vpc && one.gone_at.is_none_or(|gone| now < gone))
        || state.live_enis(now).any(|one| one.vpc == vpc)
}

/// `DescribeVpcs`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (sight, now, owner) = (Sight::of(call), call.now, call.account_id());
    let state = &call.here_account().ec2;
    let rows = state
        .vpcs
        .values()
        .filter(|vpc| sight.sees(&vpc.id, *vpc))
        .map(|vpc| {
            Row::new(&vpc.id, xml(state, owner, now, vpc))
                .field("vpc-id", &vpc.id)
                .field("cidr", vpc.cidr)
                .field("cidr-block-association.cidr-block", vpc.cidr)
                .field("state", state_of(vpc, now))
                .field("owner-id", owner)
                .field("is-default", false)
                .field("isDefault", false)
        })
        .collect();
    list::answer(
        call,
        p,
        "vpcSet",
        Some(Ids {
            param: "VpcId",
            not_found: not_found::<Vpc>,
        }),
        rows,
    )
}

fn state_of(vpc: &Vpc, now: SimTime) -> &'static str {
    if now < vpc.ready_at {
        "pending"
    } else {
        "available"
    }
}

fn xml(state: &State, owner: &str, now: SimTime, vpc: &Vpc) -> serde_json::Value {
    json!({
        "vpcId": vpc.id, "ownerId": owner, "state": state_of(vpc, now), "cidrBlock": vpc.cidr.to_string(),
        "cidrBlockAssociationSet": [{
            "cidrBlock": vpc.cidr.to_string(), "associationId": vpc.cidr_association, "cidrBlockState": { "state": "associated" },
        }],
        "ipv6CidrBlockAssociationSet": [], "dhcpOptionsId": super::service::DEFAULT_OPTIONS, "instanceTenancy": vpc.tenancy,
        "isDefault": false, "tagSet": tags::set(state, &vpc.id),
    })
}

/// `ModifyVpcAttribute`: one attribute per call, and the change takes a while to show.
pub(crate) fn modify_attribute(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("VpcId")?;
    let value = |name: &str| p.sub(name).and_then(|attribute| attribute.flag("Value"));
    let (support, hostnames) = (value("EnableDnsSupport"), value("EnableDnsHostnames"));
    let (attribute, wanted) = match (support, hostnames) {
        (Some(_), Some(_)) => {
            let text = "Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames";
            return Err(ApiError::bad("InvalidParameterCombination", text));
        }
        (Some(wanted), None) => ("enableDnsSupport", wanted),
        (None, Some(wanted)) => ("enableDnsHostnames", wanted),
        (None, None) => return Err(missing("EnableDnsSupport")),
    };
    let sight = Sight::of(call);
    let vpc = sight.find(&call.here_account().ec2.vpcs, &id)?;
    if attribute == "enableDnsHostnames" && wanted && !vpc.dns_support.at(call.now) {
        return Err(ApiError::bad(
            "InvalidParameterValue",
            "enableDnsHostnames requires enableDnsSupport",
        ));
    }
    let now = call.now;
    let from = super::appears(call, "ec2.vpc.attribute", &format!("{id}#{attribute}"), &[&id]);
    let vpc = sight.find_mut(&mut call.account().ec2.vpcs, &id)?;
    let slot = if attribute == "enableDnsSupport" {
        &mut vpc.dns_support
    } else {
        &mut vpc.dns_hostnames
    };
    slot.set(now, wanted, from);
    Ok(json!({ "return": true }))
}

/// `DescribeVpcAttribute`.
pub(crate) fn describe_attribute(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (id, attribute) = (p.required("VpcId")?, p.required("Attribute")?);
    let vpc = Sight::of(call).find(&call.here_account().ec2.vpcs, &id)?;
    let value = match attribute.as_str() {
        "enableDnsSupport" => vpc.dns_support.at(call.now),
        "enableDnsHostnames" => vpc.dns_hostnames.at(call.now),
        "enableNetworkAddressUsageMetrics" => false,
        _ => return Err(invalid("Attribute", &attribute)),
    };
    Ok(json!({ "vpcId": id, attribute: { "value": value } }))
}

/// Whether private DNS names work in a VPC.
pub(crate) fn has_private_dns(vpc: &Vpc, now: SimTime) -> bool {
    vpc.dns_support.at(now) && vpc.dns_hostnames.at(now)
}

/// Every block of a VPC.
pub(crate) fn blocks(vpc: &Vpc) -> [Cidr; 1] {
    [vpc.cidr]
}
