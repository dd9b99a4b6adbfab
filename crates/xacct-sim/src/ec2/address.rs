//! Elastic IP addresses.

use serde_json::json;

use super::list::{self, Ids, Row};
use super::params::Params;
use super::sight::{Sight, not_found};
use super::state::{Address, NatGateway, State};
use super::{quota, tags};
use crate::clock::SimTime;
use crate::world::{ApiError, Call, Reply};

/// `AllocateAddress`.
pub(crate) fn allocate(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    if p.text("Domain").is_some_and(|domain| domain != "vpc") {
        return Err(ApiError::bad(
            "InvalidParameterValue",
            "Invalid domain: only vpc is supported",
        ));
    }
    let tags = tags::requested(p, "elastic-ip")?;
    quota::addresses(call)?;
    let id = call.new_id("eipalloc");
    let visible_at = super::appears(call, "ec2.address", &id, &[]);
    let ip = super::public_address(call.world.settings.seed, &id);
    let region = call.region().to_owned();
    let state = &mut call.account().ec2;
    state.addresses.insert(
        id.clone(),
        Address {
            allocation: id.clone(),
            ip,
            visible_at,
        },
    );
    super::tag(state, &id, tags);
    Ok(json!({
        "allocationId": id, "publicIp": ip.to_string(), "domain": "vpc", "publicIpv4Pool": "amazon",
        "networkBorderGroup": region,
    }))
}

/// `ReleaseAddress`: not while a NAT gateway holds it.
pub(crate) fn release(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("AllocationId")?;
    let now = call.now;
    let state = &call.here_account().ec2;
    let address = Sight::of(call).find(&state.addresses, &id)?;
    if holder(state, &id, now).is_some() {
        let text = format!("Address {} is in use.", address.ip);
        return Err(ApiError::bad("InvalidIPAddress.InUse", text));
    }
    let state = &mut call.account().ec2;
    state.addresses.remove(&id);
    super::forget_tags(state);
    Ok(json!({ "return": true }))
}

/// The NAT gateway that holds an address.
pub(crate) fn holder<'s>(state: &'s State, allocation: &str, now: SimTime) -> Option<&'s NatGateway> {
    state
        .nat_gateways
        .values()
        .find(|nat| nat.allocation.as_deref() == Some(allocation) && nat.is_live(now))
}

/// `DescribeAddresses`: not paginated.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (sight, now) = (Sight::of(call), call.now);
    let state = &call.here_account().ec2;
    let wanted = p.list("PublicIp");
    let mut rows = Vec::new();
    for address in state.addresses.values() {
        let ip = address.ip.to_string();
        let asked = wanted.is_empty() || wanted.contains(&ip);
        if !asked || !sight.sees(&address.allocation, address) {
            continue;
        }
        let mut xml = json!({
            "allocationId": address.allocation, "publicIp": ip, "domain": "vpc", "publicIpv4Pool": "amazon",
            "networkBorderGroup": call.region(), "tagSet": tags::set(state, &address.allocation),
        });
        let mut row_fields = Vec::new();
        if let Some(nat) = holder(state, &address.allocation, now) {
            xml["associationId"] = json!(nat.association);
            xml["networkInterfaceId"] = json!(nat.eni);
            xml["networkInterfaceOwnerId"] = json!(call.account_id());
            xml["privateIpAddress"] = json!(nat.private_ip.to_string());
            row_fields = vec![
                ("association-id", nat.association.clone()),
                ("network-interface-id", nat.eni.clone()),
            ];
        }
        let mut row = Row::new(&address.allocation, xml)
            .field("allocation-id", &address.allocation)
            .field("public-ip", &ip)
            .field("domain", "vpc");
        for (name, value) in row_fields {
            row = row.field(name, value);
        }
        rows.push(row);
    }
    list::answer(
        call,
        p,
        "addressesSet",
        Some(Ids {
            param: "AllocationId",
            not_found: not_found::<Address>,
        }),
        rows,
    )
}
