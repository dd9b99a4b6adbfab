//! Network interfaces. All that this pipeline meets belong to services: NAT, endpoints, resolvers, brokers, workgroups.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::list::{self, Ids, Row};
use super::params::Params;
use super::sight::{Sight, not_found};
use super::state::{Eni, State};
use super::{subnet, tags, zone};
use crate::clock::SimTime;
use crate::world::{ApiError, Call, Reply};

/// Interfaces that a service makes in a customer's subnets.
#[derive(Debug, Clone)]
pub(crate) struct ManagedEnis<'a> {
    /// The resource that they serve: an ARN or an id. [`delete_managed`] finds them by it.
    pub owner: &'a str,
    /// One interface per entry, with an address if a certain one is wanted.
    pub places: &'a [(String, Option<Ipv4Addr>)],
    pub security_groups: &'a [String],
    pub description: &'a str,
    /// What `requesterId` shows: `amazon-aws`, a service's account, a role session.
    pub requester_id: &'a str,
    /// `interface`, `nat_gateway`, `vpc_endpoint`, …
    pub interface_type: &'static str,
}

/// Makes requester-managed interfaces in the caller's account and gives them in the order of the places.
///
/// # Errors
/// `InvalidSubnetID.NotFound`, `InvalidGroup.NotFound`, `InsufficientFreeAddressesInSubnet`,
/// `InvalidIPAddress.InUse` or `InvalidParameterValue` for an address outside the subnet; nothing is made then.
pub(crate) fn create_managed(call: &mut Call<'_>, wanted: &ManagedEnis<'_>) -> Result<Vec<Eni>, ApiError> {
    let now = call.now;
    for group in wanted.security_groups {
        if !call.here_account().ec2.security_groups.contains_key(group) {
            return Err(ApiError::bad(
                "InvalidGroup.NotFound",
                format!("The security group '{group}' does not exist"),
            ));
        }
    }
    let mut made: Vec<Eni> = Vec::new();
    for (subnet_id, ip) in wanted.places {
        let id = call.new_id("eni");
        match place(call, wanted, &id, subnet_id, *ip, now) {
            Ok(eni) => {
                call.account().ec2.enis.insert(id, eni.clone());
                made.push(eni);
            }
            Err(error) => {
                let state = &mut call.account().ec2;
                made.iter().for_each(|eni| drop(state.enis.remove(&eni.id)));
                return Err(error);
            }
        }
    }
    Ok(made)
}

fn place(
    call: &Call<'_>,
    wanted: &ManagedEnis<'_>,
    id: &str,
    subnet_id: &str,
    ip: Option<Ipv4Addr>,
    now: SimTime,
) -> Result<Eni, ApiError> {
    let state = &call.here_account().ec2;
    let subnet =
        subnet::ready(state, subnet_id, now).ok_or_else(|| not_found::<super::state::Subnet>(subnet_id))?;
    let ip = match ip {
        Some(ip) if !subnet.cidr.contains(ip) => {
            let text = format!("Address {ip} does not fall within the subnet's address range");
            return Err(ApiError::bad("InvalidParameterValue", text));
        }
        Some(ip) if subnet::is_taken(state, subnet, ip, now) => {
            return Err(ApiError::bad(
                "InvalidIPAddress.InUse",
                format!("Address {ip} is in use."),
            ));
        }
        Some(ip) => ip,
        None => subnet::pick_address(state, subnet, call.world.settings.seed, id, now).ok_or_else(|| {
            let text = format!("Insufficient free addresses in subnet '{subnet_id}'.");
            ApiError::bad("InsufficientFreeAddressesInSubnet", text)
        })?,
    };
    Ok(Eni {
        id: id.to_owned(),
        vpc: subnet.vpc.clone(),
        subnet: subnet_id.to_owned(),
        ip,
        groups: wanted.security_groups.to_vec(),
        description: wanted.description.to_owned(),
        interface_type: wanted.interface_type,
        requester_id: wanted.requester_id.to_owned(),
        owner: wanted.owner.to_owned(),
        public_ip: None,
        visible_at: now,
        gone_at: None,
    })
}

/// Lets the interfaces of a resource go at an instant. Services' interfaces linger: pass the end of the deletion, or
/// later (`ec2.eni.linger` samples how much).
pub(crate) fn delete_managed(state: &mut State, owner: &str, at: SimTime) {
    for eni in state
        .enis
        .values_mut()
        .filter(|eni| eni.owner == owner && eni.gone_at.is_none())
    {
        eni.gone_at = Some(at);
    }
}

/// `DeleteNetworkInterface`: those of services cannot be deleted by hand.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("NetworkInterfaceId")?;
    Sight::of(call).find(&call.here_account().ec2.enis, &id)?;
    let text = format!("Network interface '{id}' is currently in use.");
    Err(ApiError::bad("InvalidParameterValue", text))
}

/// `DescribeNetworkInterfaces`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let sight = Sight::of(call);
    let state = &call.here_account().ec2;
    let rows = state
        .enis
        .values()
        .filter(|eni| sight.sees(&eni.id, *eni))
        .map(|eni| {
            Row::new(&eni.id, xml(call, eni))
                .field("network-interface-id", &eni.id)
                .field("vpc-id", &eni.vpc)
                .field("subnet-id", &eni.subnet)
                .fields("group-id", eni.groups.iter().cloned())
                .field("description", &eni.description)
                .field("requester-id", &eni.requester_id)
                .field("requester-managed", true)
                .field("interface-type", eni.interface_type)
                .field("status", "in-use")
                .field("private-ip-address", eni.ip)
                .field("addresses.private-ip-address", eni.ip)
                .field("owner-id", call.account_id())
        })
        .collect();
    list::answer(
        call,
        p,
        "networkInterfaceSet",
        Some(Ids {
            param: "NetworkInterfaceId",
            not_found: not_found::<Eni>,
        }),
        rows,
    )
}

fn xml(call: &Call<'_>, eni: &Eni) -> Value {
    let state = &call.here_account().ec2;
    let groups: Vec<Value> = eni
        .groups
        .iter()
        .map(|id| {
            let name = state
                .security_groups
                .get(id)
                .map(|group| group.name.as_str())
                .unwrap_or_default();
            json!({ "groupId": id, "groupName": name })
        })
        .collect();
    let zone_id = state
        .subnets
        .get(&eni.subnet)
        .map(|subnet| subnet.zone_id.clone())
        .unwrap_or_default();
    json!({
        "networkInterfaceId": eni.id, "vpcId": eni.vpc, "subnetId": eni.subnet, "ownerId": call.account_id(),
        "availabilityZone": zone::name_of(&call.world.settings, call.account_id(), &zone_id), "availabilityZoneId": zone_id,
        "description": eni.description, "groupSet": groups, "interfaceType": eni.interface_type, "status": "in-use",
        "privateIpAddress": eni.ip.to_string(), "requesterId": eni.requester_id, "requesterManaged": true,
        "privateIpAddressesSet": [{ "privateIpAddress": eni.ip.to_string(), "primary": true }],
        "association": eni.public_ip.map(|ip| json!({ "publicIp": ip.to_string(), "ipOwnerId": call.account_id() })),
        "sourceDestCheck": eni.interface_type != "nat_gateway", "tagSet": tags::set(state, &eni.id),
    })
}
