//! Operations on endpoints.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{
    Direction, Endpoint, EndpointIp, check_creator_request_id, check_name, exists, invalid_parameter,
    invalid_request, lists, not_found, required, tags_of, text,
};
use crate::clock::SimTime;
use crate::ec2::{self, ManagedEnis};
use crate::placement::{self, Misplaced, texts};
use crate::sample;
use crate::world::{ApiError, Call, Reply};

/// Addresses of one endpoint (Route 53 developer guide, "Quotas").
const MOST_IPS: usize = 6;
/// How often creation shows `ACTION_NEEDED` for a while; an estimate.
const ACTION_NEEDED_CHANCE: f64 = 0.05;
const ACTION_NEEDED_FOR: SimTime = SimTime::from_secs(20);

pub(super) fn create(call: &mut Call<'_>, params: &Value) -> Reply {
    let creator_request_id = check_creator_request_id(params)?;
    let name = text(params, "Name").map(str::to_owned);
    check_name(name.as_deref())?;
    let direction = direction(required(params, "Direction")?)?;
    only_plain_dns(params)?;
    check_account(call, &creator_request_id, direction)?;
    let wanted = wanted_ips(params)?;
    let groups = texts(params.get("SecurityGroupIds"));
    if groups.is_empty() {
        let text = "The parameter SecurityGroupIds is required.";
        return Err(invalid_parameter("SecurityGroupIds", text));
    }
    let subnets: Vec<String> = wanted.iter().map(|(subnet, _)| subnet.clone()).collect();
    let placement = placement::check(call, "route53resolver", &subnets, &groups).map_err(misplaced)?;
    check_tenancy(call, &placement.vpc)?;
    let id = call.new_id(direction.id_prefix());
    let ips = place(call, &id, &wanted, &groups)?;
    let ready_at = placement::begin(call, "resolver.endpoint", &id, &placement.prerequisites());
    let endpoint = Endpoint {
        arn: arn(call, "resolver-endpoint", &id),
        ips: attached_at(ips, ready_at),
        vpc: placement.vpc,
        security_groups: groups,
        created_at: call.now,
        modified_at: call.now,
        action_needed: hiccup(call, &id, ready_at),
        updating_until: call.now,
        gone_at: None,
        id: id.clone(),
        creator_request_id,
        name,
        direction,
        ready_at,
    };
    let tags = tags_of(params);
    let state = &mut call.account().resolver;
    state.tags.insert(endpoint.arn.clone(), tags);
    state.endpoints.insert(id.clone(), endpoint);
    shown(call, &id)
}

fn direction(given: &str) -> Result<Direction, ApiError> {
    match given {
        "INBOUND" => Ok(Direction::Inbound),
        "OUTBOUND" => Ok(Direction::Outbound),
        "INBOUND_DELEGATION" => Err(ApiError::not_modelled(
            "route53resolver",
            "INBOUND_DELEGATION endpoints",
        )),
        other => Err(invalid_parameter(
            "Direction",
            format!("Value '{other}' is not a direction."),
        )),
    }
}

fn attached_at(ips: Vec<EndpointIp>, at: SimTime) -> Vec<EndpointIp> {
    ips.into_iter()
        .map(|ip| EndpointIp {
            attached_at: at,
            ..ip
        })
        .collect()
}

pub(super) fn arn(call: &Call<'_>, kind: &str, id: &str) -> String {
    format!(
        "arn:{}:route53resolver:{}:{}:{kind}/{id}",
        call.partition(),
        call.region(),
        call.account_id()
    )
}

/// A short spell of `ACTION_NEEDED` towards the end of creation, now and then.
fn hiccup(call: &Call<'_>, id: &str, ready_at: SimTime) -> Option<(SimTime, SimTime)> {
    let settings = &call.world.settings;
    let hit = settings.resolver_action_needed
        && sample::uniform(settings.seed, &["action-needed", id]) < ACTION_NEEDED_CHANCE;
    hit.then(|| (ready_at.saturating_sub(ACTION_NEEDED_FOR).max(call.now), ready_at))
}

fn only_plain_dns(params: &Value) -> Result<(), ApiError> {
    if text(params, "ResolverEndpointType").is_some_and(|kind| kind != "IPV4") {
        return Err(ApiError::not_modelled(
            "route53resolver",
            "endpoints other than IPV4",
        ));
    }
    if texts(params.get("Protocols"))
        .iter()
        .any(|protocol| protocol != "Do53")
    {
        return Err(ApiError::not_modelled(
            "route53resolver",
            "protocols other than Do53",
        ));
    }
    Ok(())
}

fn check_account(call: &Call<'_>, creator_request_id: &str, direction: Direction) -> Result<(), ApiError> {
    let state = &call.here_account().resolver;
    if state
        .endpoints
        .values()
        .any(|endpoint| endpoint.creator_request_id == creator_request_id)
    {
        let text = format!("Resolver Endpoint with creator request id {creator_request_id} already exists");
        return Err(exists("ResolverEndpoint", text));
    }
    if state.endpoints.len() >= call.world.settings.quotas.resolver_endpoints {
        let text = format!(
            "Cannot have more than {} resolver endpoints per account and Region.",
            call.world.settings.quotas.resolver_endpoints
        );
        return Err(ApiError::bad("LimitExceededException", text).with("ResourceType", "ResolverEndpoint"));
    }
    let making = |endpoint: &Endpoint| {
        endpoint.direction == Direction::Outbound
            && matches!(endpoint.status(call.now), "CREATING" | "ACTION_NEEDED")
    };
    if direction == Direction::Outbound && state.endpoints.values().any(making) {
        return Err(invalid_request(
            "Cannot create an outbound resolver endpoint while another one is being created.",
        ));
    }
    Ok(())
}

/// Two to six places, each a subnet and perhaps an address.
fn wanted_ips(params: &Value) -> Result<Vec<(String, Option<Ipv4Addr>)>, ApiError> {
    let requests = params
        .get("IpAddresses")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let wanted: Vec<_> = requests.map(wanted_ip).collect::<Result<_, _>>()?;
    if wanted.len() < 2 {
        let text = "[RSLVR-00400] Resolver endpoint need to have at least 2 IP addresses.";
        return Err(invalid_request(text));
    }
    check_ip_quota(wanted.len())?;
    Ok(wanted)
}

fn check_ip_quota(count: usize) -> Result<(), ApiError> {
    if count <= MOST_IPS {
        return Ok(());
    }
    let text = format!("Cannot have more than {MOST_IPS} IP addresses per resolver endpoint.");
    Err(ApiError::bad("LimitExceededException", text).with("ResourceType", "ResolverEndpoint"))
}

fn wanted_ip(request: &Value) -> Result<(String, Option<Ipv4Addr>), ApiError> {
    let subnet = required(request, "SubnetId")?.to_owned();
    let ip = text(request, "Ip").map(|ip| {
        ip.parse()
            .map_err(|_| invalid_parameter("Ip", format!("Invalid IP address: '{ip}'")))
    });
    Ok((subnet, ip.transpose()?))
}

fn misplaced(why: Misplaced) -> ApiError {
    match why {
        Misplaced::NoSubnet(id) => {
            invalid_parameter("SubnetId", format!("The subnet ID '{id}' does not exist"))
        }
        Misplaced::NoGroup(id) => invalid_parameter(
            "SecurityGroupIds",
            format!("The security group '{id}' does not exist"),
        ),
        Misplaced::SeveralVpcs => {
            invalid_request("All subnets of a resolver endpoint must belong to the same VPC.")
        }
        Misplaced::GroupElsewhere { group, vpc } => invalid_request(format!(
            "Security group '{group}' does not belong to VPC '{vpc}'."
        )),
        Misplaced::UnsupportedZone(zone) => invalid_request(format!(
            "Resolver endpoints are not available in Availability Zone '{zone}'."
        )),
    }
}

fn check_tenancy(call: &Call<'_>, vpc: &str) -> Result<(), ApiError> {
    let dedicated = call
        .here_account()
        .ec2
        .vpcs
        .get(vpc)
        .is_some_and(|vpc| vpc.tenancy == "dedicated");
    match dedicated {
        true => Err(invalid_request(
            "Resolver endpoints cannot be created in a VPC with dedicated instance tenancy.",
        )),
        false => Ok(()),
    }
}

fn place(
    call: &mut Call<'_>,
    id: &str,
    wanted: &[(String, Option<Ipv4Addr>)],
    groups: &[String],
) -> Result<Vec<EndpointIp>, ApiError> {
    let request = ManagedEnis {
        owner: id,
        places: wanted,
        security_groups: groups,
        description: &format!("Route 53 Resolver: {id}"),
        requester_id: "amazon-route53-resolver",
        interface_type: "interface",
    };
    let enis =
        ec2::create_requester_managed_enis(call, &request).map_err(|error| match error.code.as_str() {
            "InvalidIPAddress.InUse" => exists("ResolverEndpoint", error.message),
            "InvalidParameterValue" => invalid_request(format!("[RSLVR-00405] {}", error.message)),
            _ => invalid_request(error.message),
        })?;
    let mut ips = Vec::new();
    for (eni, (_, chosen)) in enis.into_iter().zip(wanted) {
        ips.push(EndpointIp {
            id: call.new_id("rni"),
            subnet: eni.subnet,
            ip: eni.ip,
            eni: eni.id,
            chosen: chosen.is_some(),
            attached_at: call.now,
            gone_at: None,
        });
    }
    Ok(ips)
}

fn found<'a>(call: &'a Call<'_>, params: &Value) -> Result<&'a Endpoint, ApiError> {
    let id = required(params, "ResolverEndpointId")?;
    call.here_account()
        .resolver
        .endpoints
        .get(id)
        .ok_or_else(|| not_found("ResolverEndpoint", id))
}

fn found_mut<'a>(call: &'a mut Call<'_>, id: &str) -> Result<&'a mut Endpoint, ApiError> {
    call.account()
        .resolver
        .endpoints
        .get_mut(id)
        .ok_or_else(|| not_found("ResolverEndpoint", id))
}

fn shown(call: &Call<'_>, id: &str) -> Reply {
    let endpoint = call
        .here_account()
        .resolver
        .endpoints
        .get(id)
        .ok_or_else(|| not_found("ResolverEndpoint", id))?;
    Ok(json!({ "ResolverEndpoint": render(call, endpoint) }))
}

fn render(call: &Call<'_>, endpoint: &Endpoint) -> Value {
    let status = endpoint.status(call.now);
    let message = match status {
        "CREATING" => "Creating the Resolver Endpoint",
        "ACTION_NEEDED" => {
            "1 IP address(es) failed to be created. Please remove them from the ResolverEndpoint."
        }
        "DELETING" => "Deleting the Resolver Endpoint",
        "UPDATING" => "Updating the Resolver Endpoint",
        _ => "This Resolver Endpoint is operational.",
    };
    json!({
        "Id": endpoint.id,
        "CreatorRequestId": endpoint.creator_request_id,
        "Arn": endpoint.arn,
        "Name": endpoint.name,
        "SecurityGroupIds": endpoint.security_groups,
        "Direction": endpoint.direction.name(),
        "IpAddressCount": endpoint.ips.len(),
        "HostVPCId": endpoint.vpc,
        "Status": status,
        "StatusMessage": message,
        "CreationTime": call.world.settings.iso8601(endpoint.created_at),
        "ModificationTime": call.world.settings.iso8601(endpoint.modified_at),
        "ResolverEndpointType": "IPV4",
        "Protocols": ["Do53"],
    })
}

pub(super) fn get(call: &mut Call<'_>, params: &Value) -> Reply {
    let id = found(call, params)?.id.clone();
    shown(call, &id)
}

pub(super) fn list(call: &mut Call<'_>, params: &Value) -> Reply {
    let endpoints = call
        .here_account()
        .resolver
        .endpoints
        .values()
        .map(|endpoint| render(call, endpoint))
        .collect();
    let known = [
        ("creatorrequestid", "CreatorRequestId"),
        ("direction", "Direction"),
        ("hostvpcid", "HostVPCId"),
        ("ipaddresscount", "IpAddressCount"),
        ("name", "Name"),
        ("securitygroupids", "SecurityGroupIds"),
        ("status", "Status"),
    ];
    lists::answer(params, "ResolverEndpoints", endpoints, &known)
}

pub(super) fn list_ips(call: &mut Call<'_>, params: &Value) -> Reply {
    let endpoint = found(call, params)?;
    let ips = endpoint
        .ips
        .iter()
        .enumerate()
        .map(|(at, ip)| render_ip(call, endpoint, at, ip))
        .collect();
    lists::answer(params, "IpAddresses", ips, &[])
}

/// An address that Resolver picks shows only once it is attached.
fn render_ip(call: &Call<'_>, endpoint: &Endpoint, at: usize, ip: &EndpointIp) -> Value {
    let attached = ip.attached_at <= call.now;
    let status = if ip.gone_at.is_some() || endpoint.gone_at.is_some() {
        "DELETING"
    } else if attached {
        "ATTACHED"
    } else if at == 0 && endpoint.needs_action(call.now) {
        "FAILED_CREATION"
    } else {
        "CREATING"
    };
    let address = (attached || ip.chosen).then(|| ip.ip.to_string());
    json!({
        "IpId": ip.id,
        "SubnetId": ip.subnet,
        "Ip": address,
        "Status": status,
        "StatusMessage": if attached { "This IP address is operational." } else { "" },
        "CreationTime": call.world.settings.iso8601(endpoint.created_at),
        "ModificationTime": call.world.settings.iso8601(endpoint.modified_at),
    })
}

pub(super) fn update(call: &mut Call<'_>, params: &Value) -> Reply {
    only_plain_dns(params)?;
    let id = found(call, params)?.id.clone();
    let name = text(params, "Name").map(str::to_owned);
    check_name(name.as_deref())?;
    let now = call.now;
    let endpoint = found_mut(call, &id)?;
    if name.is_some() {
        endpoint.name = name;
        endpoint.modified_at = now;
    }
    shown(call, &id)
}

pub(super) fn add_ip(call: &mut Call<'_>, params: &Value) -> Reply {
    let endpoint = found(call, params)?;
    let (id, groups, vpc, count) = (
        endpoint.id.clone(),
        endpoint.security_groups.clone(),
        endpoint.vpc.clone(),
        endpoint.ips.len(),
    );
    check_ip_quota(count + 1)?;
    let wanted = params
        .get("IpAddress")
        .map(wanted_ip)
        .transpose()?
        .ok_or_else(|| invalid_parameter("IpAddress", "The parameter IpAddress is required."))?;
    let placement = placement::check(call, "route53resolver", std::slice::from_ref(&wanted.0), &groups)
        .map_err(misplaced)?;
    if placement.vpc != vpc {
        return Err(invalid_request(
            "All subnets of a resolver endpoint must belong to the same VPC.",
        ));
    }
    let ips = place(call, &id, &[wanted], &groups)?;
    let done = call.begin("resolver.endpoint.update", &id, &[]);
    let endpoint = found_mut(call, &id)?;
    endpoint.ips.extend(attached_at(ips, done));
    endpoint.updating_until = done;
    shown(call, &id)
}

/// Two addresses must always remain.
pub(super) fn remove_ip(call: &mut Call<'_>, params: &Value) -> Reply {
    let endpoint = found(call, params)?;
    let id = endpoint.id.clone();
    let request = params.get("IpAddress").cloned().unwrap_or_default();
    let wanted = (
        text(&request, "IpId"),
        text(&request, "SubnetId"),
        text(&request, "Ip"),
    );
    let matches = |ip: &EndpointIp| {
        wanted.0.is_none_or(|one| one == ip.id)
            && wanted.1.is_none_or(|one| one == ip.subnet)
            && wanted.2.is_none_or(|one| one == ip.ip.to_string())
    };
    let found_ip = endpoint
        .ips
        .iter()
        .find(|ip| wanted != (None, None, None) && matches(ip) && ip.gone_at.is_none());
    let eni = found_ip
        .map(|ip| ip.eni.clone())
        .ok_or_else(|| not_found("ResolverEndpoint", "IP address"))?;
    if endpoint.ips.iter().filter(|ip| ip.gone_at.is_none()).count() <= 2 {
        return Err(invalid_request(
            "[RSLVR-00400] Resolver endpoint need to have at least 2 IP addresses.",
        ));
    }
    let done = call.begin("resolver.endpoint.update", &id, &[]);
    if let Some(interface) = call.account().ec2.enis.get_mut(&eni) {
        interface.gone_at = Some(done);
    }
    let endpoint = found_mut(call, &id)?;
    endpoint
        .ips
        .iter_mut()
        .filter(|ip| ip.eni == eni)
        .for_each(|ip| ip.gone_at = Some(done));
    endpoint.updating_until = done;
    shown(call, &id)
}

pub(super) fn delete(call: &mut Call<'_>, params: &Value) -> Reply {
    let endpoint = found(call, params)?;
    let id = endpoint.id.clone();
    if endpoint.gone_at.is_some() {
        return shown(call, &id);
    }
    let rules: Vec<&str> = call
        .here_account()
        .resolver
        .rules
        .values()
        .filter(|rule| rule.endpoint.as_deref() == Some(id.as_str()))
        .map(|rule| rule.id.as_str())
        .collect();
    if !rules.is_empty() {
        return Err(invalid_request(format!(
            "[RSLVR-00600] Cannot delete resolver endpoint unless its related resolver rules are deleted. The following rules still exist for this resolver endpoint: {}",
            rules.join(", ")
        )));
    }
    let done = call.begin("resolver.endpoint.delete", &id, &[]);
    ec2::delete_enis(&mut call.account().ec2, &id, done);
    found_mut(call, &id)?.gone_at = Some(done);
    shown(call, &id)
}
