//! EC2: networks as deep as a private cross-account pipeline goes.

pub(crate) mod acl;
pub(crate) mod address;
pub(crate) mod cidr;
pub(crate) mod endpoint;
pub(crate) mod eni;
pub(crate) mod gateway;
pub(crate) mod group;
pub(crate) mod group_rule;
mod inventory;
mod list;
pub(crate) mod nat;
pub(crate) mod params;
pub(crate) mod peering;
mod quota;
pub(crate) mod route;
pub(crate) mod route_table;
mod service;
pub(crate) mod sight;
pub(crate) mod state;
pub(crate) mod subnet;
mod tags;
pub(crate) mod vpc;
pub(crate) mod zone;

use serde_json::Value;

pub(crate) use eni::{
    ManagedEnis, create_managed as create_requester_managed_enis, delete_managed as delete_enis,
};
pub(crate) use inventory::inventory;
use params::Params;
pub(crate) use state::State;
use state::Tags;

use crate::clock::SimTime;
use crate::sample;
use crate::world::{ApiError, Call, Reply};

type Handler = fn(&mut Call<'_>, Params<'_>) -> Reply;

/// Every operation and who answers it.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("AcceptVpcPeeringConnection", peering::accept),
    ("AllocateAddress", address::allocate),
    ("AssociateRouteTable", route_table::associate),
    ("AttachInternetGateway", gateway::attach),
    ("AuthorizeSecurityGroupEgress", group_rule::authorize_egress),
    ("AuthorizeSecurityGroupIngress", group_rule::authorize_ingress),
    ("CreateInternetGateway", gateway::create),
    ("CreateNatGateway", nat::create),
    ("CreateNetworkAcl", acl::create),
    ("CreateNetworkAclEntry", acl::create_entry),
    ("CreateRoute", route::create),
    ("CreateRouteTable", route_table::create),
    ("CreateSecurityGroup", group::create),
    ("CreateSubnet", subnet::create),
    ("CreateTags", tags::create),
    ("CreateVpc", vpc::create),
    ("CreateVpcEndpoint", endpoint::create),
    ("CreateVpcPeeringConnection", peering::create),
    ("DeleteInternetGateway", gateway::delete),
    ("DeleteNatGateway", nat::delete),
    ("DeleteNetworkAcl", acl::delete),
    ("DeleteNetworkAclEntry", acl::delete_entry),
    ("DeleteNetworkInterface", eni::delete),
    ("DeleteRoute", route::delete),
    ("DeleteRouteTable", route_table::delete),
    ("DeleteSecurityGroup", group::delete),
    ("DeleteSubnet", subnet::delete),
    ("DeleteTags", tags::delete),
    ("DeleteVpc", vpc::delete),
    ("DeleteVpcEndpoints", endpoint::delete),
    ("DeleteVpcPeeringConnection", peering::delete),
    ("DescribeAddresses", address::describe),
    ("DescribeAvailabilityZones", zone::describe),
    ("DescribeDhcpOptions", service::describe_dhcp_options),
    ("DescribeInternetGateways", gateway::describe),
    ("DescribeNatGateways", nat::describe),
    ("DescribeNetworkAcls", acl::describe),
    ("DescribeNetworkInterfaces", eni::describe),
    ("DescribeRouteTables", route_table::describe),
    ("DescribeSecurityGroupRules", group_rule::describe),
    ("DescribeSecurityGroups", group::describe),
    ("DescribeSubnets", subnet::describe),
    ("DescribeTags", tags::describe),
    ("DescribeVpcAttribute", vpc::describe_attribute),
    ("DescribeVpcEndpointServices", service::describe),
    ("DescribeVpcEndpoints", endpoint::describe),
    ("DescribeVpcPeeringConnections", peering::describe),
    ("DescribeVpcs", vpc::describe),
    ("DetachInternetGateway", gateway::detach),
    ("DisassociateRouteTable", route_table::disassociate),
    ("ModifySubnetAttribute", subnet::modify_attribute),
    ("ModifyVpcAttribute", vpc::modify_attribute),
    ("RejectVpcPeeringConnection", peering::reject),
    ("ReleaseAddress", address::release),
    ("ReplaceNetworkAclAssociation", acl::replace_association),
    ("ReplaceRoute", route::replace),
    ("ReplaceRouteTableAssociation", route_table::replace_association),
    ("RevokeSecurityGroupEgress", group_rule::revoke_egress),
    ("RevokeSecurityGroupIngress", group_rule::revoke_ingress),
];

/// Answers one call.
pub(crate) fn handle(call: &mut Call<'_>, operation: &str, params: &Value) -> Reply {
    let (_, handler) = OPERATIONS
        .iter()
        .find(|(name, _)| *name == operation)
        .ok_or_else(|| ApiError::not_modelled("ec2", operation))?;
    let now = call.now;
    call.account().ec2.settle(now);
    let p = Params(params);
    if p.flag("DryRun") == Some(true) {
        let text = "Request would have succeeded, but DryRun flag is set.";
        return Err(ApiError::new(412, "DryRunOperation", text));
    }
    handler(call, p)
}

/// When a stateless object made now is seen by everybody; the wait is recorded as what others had to wait for.
fn appears(call: &mut Call<'_>, kind: &'static str, id: &str, prerequisites: &[&str]) -> SimTime {
    if call.world.settings.lag {
        call.begin(kind, id, prerequisites)
    } else {
        call.now
    }
}

/// When an object with states made now is seen, and when it is ready. It is seen before it is ready.
fn stateful(call: &mut Call<'_>, kind: &'static str, id: &str, prerequisites: &[&str]) -> (SimTime, SimTime) {
    let ready = call.begin(kind, id, prerequisites);
    let window = call.visible_at("ec2.visible", id) - call.now;
    (call.now + window.min(ready - call.now), ready)
}

/// Repeats of a call with the same client token: the id that the first one made.
///
/// # Errors
/// `IdempotentParameterMismatch` when the parameters differ.
fn repeated(call: &Call<'_>, operation: &'static str, p: Params<'_>) -> Result<Option<String>, ApiError> {
    let Some(token) = p.text("ClientToken") else {
        return Ok(None);
    };
    match call.here_account().ec2.tokens.get(&(operation, token.clone())) {
        None => Ok(None),
        Some((params, id)) if params == p.0 => Ok(Some(id.clone())),
        Some(_) => {
            let text = format!("The client token '{token}' was already used with different parameters.");
            Err(ApiError::bad("IdempotentParameterMismatch", text))
        }
    }
}

fn remember(call: &mut Call<'_>, operation: &'static str, p: Params<'_>, id: &str) {
    if let Some(token) = p.text("ClientToken") {
        call.account()
            .ec2
            .tokens
            .insert((operation, token), (p.0.clone(), id.to_owned()));
    }
}

fn tag(state: &mut State, id: &str, tags: Tags) {
    if !tags.is_empty() {
        state.tags.insert(id.to_owned(), tags);
    }
}

/// Tags go with their resource.
fn forget_tags(state: &mut State) {
    let State {
        vpcs,
        subnets,
        route_tables,
        internet_gateways,
        addresses,
        security_groups,
        network_acls,
        tags,
        ..
    } = state;
    tags.retain(|id, _| match tags::resource_type(id) {
        "vpc" => vpcs.contains_key(id),
        "subnet" => subnets.contains_key(id),
        "route-table" => route_tables.contains_key(id),
        "internet-gateway" => internet_gateways.contains_key(id),
        "elastic-ip" => addresses.contains_key(id),
        "security-group" => security_groups.contains_key(id),
        "security-group-rule" => security_groups
            .values()
            .any(|group| group.rules.iter().any(|rule| rule.id == *id)),
        "network-acl" => network_acls.contains_key(id),
        // Tombstones keep theirs.
        _ => true,
    });
}

/// "… has dependencies and cannot be deleted."
fn dependency(noun: &str, id: &str) -> ApiError {
    ApiError::bad(
        "DependencyViolation",
        format!("The {noun} '{id}' has dependencies and cannot be deleted."),
    )
}

/// A public address for a name, from AWS's 13.0.0.0/8 or so: only its look matters.
fn public_address(seed: u64, id: &str) -> std::net::Ipv4Addr {
    let bits = sample::bits(seed, &["public address", id]);
    std::net::Ipv4Addr::from(0x0d00_0000 | (bits as u32 & 0x00ff_ffff))
}
