//! NAT gateways: slow to make, slow to go, with their address held until they are gone and a tombstone for an hour.

use serde_json::{Value, json};

use super::eni::{self, ManagedEnis};
use super::list::{self, Ids, Row};
use super::params::{Params, missing};
use super::sight::{Sight, not_found};
use super::state::{NatGateway, State};
use super::{address, quota, tags};
use crate::clock::SimTime;
use crate::settings::Settings;
use crate::world::{ApiError, Call, Reply};

/// How long a gateway that cannot work stays `pending` before it is `failed`.
const FAILS_AFTER: SimTime = SimTime::from_secs(8);

/// `CreateNatGateway`. What is wrong with the network shows later, as state `failed`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    if let Some(id) = super::repeated(call, "CreateNatGateway", p)?
        && let Some(nat) = call.here_account().ec2.nat_gateways.get(&id)
    {
        return Ok(answer(call, p, nat));
    }
    let subnet_id = p.required("SubnetId")?;
    let public = p.text("ConnectivityType").is_none_or(|kind| kind == "public");
    let allocation = p.text("AllocationId");
    if public && allocation.is_none() {
        return Err(missing("AllocationId"));
    }
    let tags = tags::requested(p, "natgateway")?;
    let sight = Sight::of(call);
    let state = &call.here_account().ec2;
    let subnet = sight.find(&state.subnets, &subnet_id)?.clone();
    if let Some(id) = &allocation {
        sight.find(&state.addresses, id)?;
    }
    quota::nat_gateways(call, &subnet.zone_id)?;
    let failure = failure(state, &subnet.vpc, allocation.as_deref(), public, call.now)
        .or_else(|| call.world.doom.then(no_free_address));
    let gateway = attached_gateway(state, &subnet.vpc);
    let id = call.new_id("nat");
    let eni = interface(call, &id, &subnet_id)?;
    let needs: Vec<&str> = [
        Some(subnet_id.as_str()),
        allocation.as_deref(),
        gateway.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (visible_at, ready_at) = match &failure {
        Some(_) => (
            call.visible_at("ec2.visible", &id).min(call.now + FAILS_AFTER),
            call.now + FAILS_AFTER,
        ),
        None => super::stateful(call, "ec2.nat-gateway", &id, &needs),
    };
    let nat = NatGateway {
        id: id.clone(),
        vpc: subnet.vpc,
        subnet: subnet_id,
        public,
        allocation,
        association: call.new_id("eipassoc"),
        eni: eni.id,
        private_ip: eni.ip,
        created: call.now,
        visible_at,
        ready_at,
        failure,
        deletion: None,
    };
    install(call, &nat);
    super::tag(&mut call.account().ec2, &id, tags);
    super::remember(call, "CreateNatGateway", p, &id);
    Ok(answer(call, p, &nat))
}

fn interface(call: &mut Call<'_>, id: &str, subnet: &str) -> Result<super::state::Eni, ApiError> {
    let account = call.account_id().to_owned();
    let wanted = ManagedEnis {
        owner: id,
        places: &[(subnet.to_owned(), None)],
        security_groups: &[],
        description: &format!("Interface for NAT Gateway {id}"),
        requester_id: &account,
        interface_type: "nat_gateway",
    };
    let made = eni::create_managed(call, &wanted)?;
    made.into_iter()
        .next()
        .ok_or_else(|| ApiError::server_error("ec2"))
}

/// Puts the gateway in place: its interface carries the public address, and goes when the gateway failed.
fn install(call: &mut Call<'_>, nat: &NatGateway) {
    let state = &mut call.account().ec2;
    let ip = nat
        .allocation
        .as_ref()
        .and_then(|id| state.addresses.get(id))
        .map(|address| address.ip);
    if let Some(eni) = state.enis.get_mut(&nat.eni) {
        match &nat.failure {
            Some(_) => eni.gone_at = Some(nat.ready_at),
            None => eni.public_ip = ip,
        }
    }
    state.nat_gateways.insert(nat.id.clone(), nat.clone());
}

fn attached_gateway(state: &State, vpc: &str) -> Option<String> {
    state
        .internet_gateways
        .values()
        .find(|gateway| gateway.vpc.as_deref() == Some(vpc))
        .map(|gateway| gateway.id.clone())
}

/// Why it cannot work (docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html).
fn failure(
    state: &State,
    vpc: &str,
    allocation: Option<&str>,
    public: bool,
    now: SimTime,
) -> Option<(&'static str, String)> {
    if public && attached_gateway(state, vpc).is_none() {
        return Some((
            "Gateway.NotAttached",
            format!("Network {vpc} has no Internet gateway attached"),
        ));
    }
    let allocation = allocation?;
    address::holder(state, allocation, now).map(|_| {
        (
            "Resource.AlreadyAssociated",
            format!("Elastic IP address [{allocation}] is already associated"),
        )
    })
}

/// No capacity, as the same page words it.
fn no_free_address() -> (&'static str, String) {
    (
        "InsufficientFreeAddressesInSubnet",
        "Subnet has insufficient free addresses to create this NAT gateway".to_owned(),
    )
}

/// `DeleteNatGateway`: the address stays allocated; routes to the gateway become black holes.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("NatGatewayId")?;
    let (sight, now) = (Sight::of(call), call.now);
    let nat = sight.find(&call.here_account().ec2.nat_gateways, &id)?;
    if nat.deletion.is_none() {
        let was_failed = nat.state(now) == "failed";
        let done = if was_failed {
            now
        } else {
            call.begin("ec2.nat-gateway.delete", &format!("{id}#delete"), &[])
        };
        let state = &mut call.account().ec2;
        sight.find_mut(&mut state.nat_gateways, &id)?.deletion = Some((now, done));
        eni::delete_managed(state, &id, done);
    }
    Ok(json!({ "natGatewayId": id }))
}

/// `DescribeNatGateways`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (sight, now) = (Sight::of(call), call.now);
    let state = &call.here_account().ec2;
    let rows = state
        .nat_gateways
        .values()
        .filter(|nat| sight.sees(&nat.id, *nat))
        .map(|nat| {
            Row::new(&nat.id, xml(&call.world.settings, state, now, nat))
                .field("nat-gateway-id", &nat.id)
                .field("subnet-id", &nat.subnet)
                .field("vpc-id", &nat.vpc)
                .field("state", nat.state(now))
        })
        .collect();
    list::answer(
        call,
        p,
        "natGatewaySet",
        Some(Ids {
            param: "NatGatewayId",
            not_found: not_found::<NatGateway>,
        }),
        rows,
    )
}

fn answer(call: &Call<'_>, p: Params<'_>, nat: &NatGateway) -> Value {
    let xml = xml(&call.world.settings, &call.here_account().ec2, call.now, nat);
    json!({ "natGateway": xml, "clientToken": p.text("ClientToken") })
}

fn xml(settings: &Settings, state: &State, now: SimTime, nat: &NatGateway) -> Value {
    let public_ip = nat
        .allocation
        .as_ref()
        .and_then(|id| state.addresses.get(id))
        .map(|address| address.ip.to_string());
    let shown = nat.state(now);
    let failure = nat.failure.as_ref().filter(|_| now >= nat.ready_at);
    json!({
        "natGatewayId": nat.id, "vpcId": nat.vpc, "subnetId": nat.subnet, "state": shown,
        "connectivityType": if nat.public { "public" } else { "private" }, "createTime": settings.iso8601(nat.created),
        "deleteTime": nat.deletion.map(|(asked, _)| settings.iso8601(asked)),
        "failureCode": failure.map(|(code, _)| *code), "failureMessage": failure.map(|(_, text)| text),
        "natGatewayAddressSet": [{
            "allocationId": nat.allocation, "publicIp": public_ip.filter(|_| shown == "available"),
            "networkInterfaceId": nat.eni, "privateIp": nat.private_ip.to_string(), "associationId": nat.association,
            "isPrimary": true, "status": if shown == "available" { "succeeded" } else { "associating" },
        }],
        "tagSet": tags::set(state, &nat.id),
    })
}
