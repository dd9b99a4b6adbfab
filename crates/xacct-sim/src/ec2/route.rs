//! Routes.

use serde_json::json;

use super::cidr::Cidr;
use super::params::{Params, missing};
use super::sight::Sight;
use super::state::{Route, RouteTable, Target};
use super::{peering, quota, route_table};
use crate::clock::SimTime;
use crate::world::{ApiError, Call, Reply, World};

/// `CreateRoute`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (table_id, destination) = (p.required("RouteTableId")?, p.cidr("DestinationCidrBlock")?);
    let sight = Sight::of(call);
    let table = sight.find(&call.here_account().ec2.route_tables, &table_id)?;
    let target = target(call, p, table)?;
    fits(call, table, destination, &target)?;
    if table.routes.contains_key(&destination) {
        let text = format!("The route identified by {destination} already exists.");
        return Err(ApiError::bad("RouteAlreadyExists", text));
    }
    quota::routes(table.routes.len())?;
    put(call, &sight, &table_id, destination, target)
}

/// `ReplaceRoute`.
pub(crate) fn replace(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (table_id, destination) = (p.required("RouteTableId")?, p.cidr("DestinationCidrBlock")?);
    let sight = Sight::of(call);
    let table = sight.find(&call.here_account().ec2.route_tables, &table_id)?;
    if !table.routes.contains_key(&destination) {
        let text = format!(
            "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
        );
        return Err(ApiError::bad("InvalidParameterValue", text));
    }
    let target = target(call, p, table)?;
    fits(call, table, destination, &target)?;
    put(call, &sight, &table_id, destination, target)
}

/// `DeleteRoute`.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (table_id, destination) = (p.required("RouteTableId")?, p.cidr("DestinationCidrBlock")?);
    let sight = Sight::of(call);
    let table = sight.find_mut(&mut call.account().ec2.route_tables, &table_id)?;
    match table.routes.get(&destination).map(|route| &route.target) {
        Some(Target::Local) => {
            let text = format!("cannot remove local route {destination} in route table {table_id}");
            Err(ApiError::bad("InvalidParameterValue", text))
        }
        Some(_) => {
            table.routes.remove(&destination);
            Ok(json!({ "return": true }))
        }
        None => {
            let text =
                format!("no route with destination-cidr-block {destination} in route table {table_id}");
            Err(ApiError::bad("InvalidRoute.NotFound", text))
        }
    }
}

fn put(call: &mut Call<'_>, sight: &Sight, table_id: &str, destination: Cidr, target: Target) -> Reply {
    let (_, target_id) = target_field(&target);
    let needs: Vec<&str> = [table_id, target_id.as_str()]
        .into_iter()
        .filter(|id| *id != "local")
        .collect();
    let visible_at = super::appears(
        call,
        "ec2.route-table",
        &format!("{table_id}#{destination}"),
        &needs,
    );
    let table = sight.find_mut(&mut call.account().ec2.route_tables, table_id)?;
    table.routes.insert(
        destination,
        Route {
            target,
            origin: "CreateRoute",
            visible_at,
        },
    );
    Ok(json!({ "return": true }))
}

/// What the route is to lead to; it must belong to the table's VPC.
fn target(call: &Call<'_>, p: Params<'_>, table: &RouteTable) -> Result<Target, ApiError> {
    let sight = Sight::of(call);
    let state = &call.here_account().ec2;
    let elsewhere = |what: &str| {
        let text = format!("route table {} and {what} belong to different networks", table.id);
        ApiError::bad("InvalidParameterValue", text)
    };
    if let Some(id) = p.text("NatGatewayId") {
        let nat = sight.find(&state.nat_gateways, &id)?;
        let fits = nat.vpc == table.vpc;
        return if fits {
            Ok(Target::NatGateway(id))
        } else {
            Err(elsewhere(&format!("NAT gateway {}", nat.id)))
        };
    }
    if let Some(id) = p.text("VpcPeeringConnectionId") {
        let pcx = peering::find(call, &id)?;
        let ours = |side: &super::state::Side| side.account == call.caller.account && side.vpc == table.vpc;
        let fits = ours(&pcx.requester) || ours(&pcx.accepter);
        return if fits {
            Ok(Target::Peering(id))
        } else {
            Err(elsewhere(&format!("peering connection {id}")))
        };
    }
    if let Some(id) = p.text("GatewayId") {
        let gateway = sight.find(&state.internet_gateways, &id).map_err(|error| {
            if error.code.ends_with("Malformed") {
                ApiError::not_modelled("ec2", "routes to this kind of gateway")
            } else {
                error
            }
        })?;
        let fits = gateway.vpc.as_deref() == Some(table.vpc.as_str());
        return if fits {
            Ok(Target::InternetGateway(id))
        } else {
            Err(elsewhere(&format!("network gateway {id}")))
        };
    }
    if let Some(id) = p.text("NetworkInterfaceId") {
        let eni = sight.find(&state.enis, &id)?;
        let fits = eni.vpc == table.vpc;
        return if fits {
            Ok(Target::Interface(id))
        } else {
            Err(elsewhere(&format!("interface {id}")))
        };
    }
    for other in [
        "TransitGatewayId",
        "EgressOnlyInternetGatewayId",
        "InstanceId",
        "VpcEndpointId",
        "CarrierGatewayId",
    ] {
        if p.text(other).is_some() {
            return Err(ApiError::not_modelled("ec2", &format!("routes by {other}")));
        }
    }
    Err(missing("GatewayId"))
}

/// Only interfaces may stand between parts of one VPC.
fn fits(call: &Call<'_>, table: &RouteTable, destination: Cidr, target: &Target) -> Result<(), ApiError> {
    let vpc = route_table::vpc_of(&call.here_account().ec2, table);
    let inside = vpc.is_some_and(|vpc| {
        super::vpc::blocks(vpc)
            .iter()
            .any(|block| block.covers(destination))
    });
    if inside && !matches!(target, Target::Interface(_) | Target::Local) {
        let text = format!(
            "The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
        );
        return Err(ApiError::bad("InvalidParameterValue", text));
    }
    Ok(())
}

/// `active`, or `blackhole` when what it leads to is not there (any more).
pub(crate) fn state_of(world: &World, account: &str, route: &Route, now: SimTime) -> &'static str {
    let Some(state) = world.account(account).map(|account| &account.ec2) else {
        return "blackhole";
    };
    let alive = match &route.target {
        Target::Local => true,
        Target::InternetGateway(id) => state
            .internet_gateways
            .get(id)
            .is_some_and(|gateway| gateway.vpc.is_some()),
        Target::NatGateway(id) => state
            .nat_gateways
            .get(id)
            .is_some_and(|nat| matches!(nat.state(now), "available" | "pending")),
        Target::Peering(id) => {
            peering::by_id(world, id).is_some_and(|pcx| peering::status(pcx, now) == "active")
        }
        Target::Interface(id) => state.live_enis(now).any(|eni| eni.id == *id),
    };
    if alive { "active" } else { "blackhole" }
}

/// Element name and id of a target.
pub(crate) fn target_field(target: &Target) -> (&'static str, String) {
    match target {
        Target::Local => ("gatewayId", "local".to_owned()),
        Target::InternetGateway(id) => ("gatewayId", id.clone()),
        Target::NatGateway(id) => ("natGatewayId", id.clone()),
        Target::Peering(id) => ("vpcPeeringConnectionId", id.clone()),
        Target::Interface(id) => ("networkInterfaceId", id.clone()),
    }
}
