//! Route tables and what they are associated with.

use serde_json::{Value, json};

use super::list::{self, Ids, Row};
use super::params::Params;
use super::sight::{Sight, not_found};
use super::state::{Route, RouteTable, State, Subnet, TableAssociation, Target, Vpc};
use super::{dependency, quota, route, tags};
use crate::world::{ApiError, Call, Reply};

/// `CreateRouteTable`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    if let Some(id) = super::repeated(call, "CreateRouteTable", p)?
        && let Some(table) = call.here_account().ec2.route_tables.get(&id)
    {
        return Ok(json!({ "routeTable": xml(call, table) }));
    }
    let vpc_id = p.required("VpcId")?;
    let tags = tags::requested(p, "route-table")?;
    let vpc = Sight::of(call).find(&call.here_account().ec2.vpcs, &vpc_id)?;
    let block = vpc.cidr;
    quota::route_tables(call, &vpc_id)?;
    let id = call.new_id("rtb");
    let visible_at = super::appears(call, "ec2.route-table", &id, &[&vpc_id]);
    let local = Route {
        target: Target::Local,
        origin: "CreateRouteTable",
        visible_at,
    };
    let table = RouteTable {
        id: id.clone(),
        vpc: vpc_id,
        routes: [(block, local)].into(),
        associations: Vec::new(),
        visible_at,
    };
    let state = &mut call.account().ec2;
    state.route_tables.insert(id.clone(), table.clone());
    super::tag(state, &id, tags);
    super::remember(call, "CreateRouteTable", p, &id);
    Ok(json!({ "routeTable": xml(call, &table) }))
}

/// `DeleteRouteTable`: not while a subnet uses it, never the main one.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("RouteTableId")?;
    let table = Sight::of(call).find(&call.here_account().ec2.route_tables, &id)?;
    if !table.associations.is_empty() {
        return Err(dependency("routeTable", &id));
    }
    let state = &mut call.account().ec2;
    state.route_tables.remove(&id);
    super::forget_tags(state);
    Ok(json!({ "return": true }))
}

/// `AssociateRouteTable`: a subnet that has another table of its own keeps it.
pub(crate) fn associate(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (table_id, subnet_id) = (p.required("RouteTableId")?, p.required("SubnetId")?);
    let sight = Sight::of(call);
    let state = &call.here_account().ec2;
    let table = sight.find(&state.route_tables, &table_id)?;
    let subnet = sight.find(&state.subnets, &subnet_id)?;
    same_network(table, subnet)?;
    if let Some((holder, association)) = own_association(state, &subnet_id) {
        if holder == table_id {
            return Ok(
                json!({ "associationId": association, "associationState": { "state": "associated" } }),
            );
        }
        let text = format!(
            "the specified association for route table {table_id} conflicts with an existing association"
        );
        return Err(ApiError::bad("Resource.AlreadyAssociated", text));
    }
    let id = call.new_id("rtbassoc");
    let ready_at = call.begin("ec2.association", &id, &[&table_id, &subnet_id]);
    let association = TableAssociation {
        id: id.clone(),
        subnet: Some(subnet_id),
        ready_at,
    };
    sight
        .find_mut(&mut call.account().ec2.route_tables, &table_id)?
        .associations
        .push(association);
    Ok(json!({ "associationId": id, "associationState": { "state": "associating" } }))
}

fn same_network(table: &RouteTable, subnet: &Subnet) -> Result<(), ApiError> {
    if table.vpc == subnet.vpc {
        return Ok(());
    }
    let text = format!(
        "route table {} and subnet {} belong to different networks",
        table.id, subnet.id
    );
    Err(ApiError::bad("InvalidParameterValue", text))
}

fn own_association(state: &State, subnet: &str) -> Option<(String, String)> {
    state.route_tables.values().find_map(|table| {
        let association = table
            .associations
            .iter()
            .find(|one| one.subnet.as_deref() == Some(subnet))?;
        Some((table.id.clone(), association.id.clone()))
    })
}

/// Takes an association out of its table.
fn take(state: &mut State, id: &str) -> Result<TableAssociation, ApiError> {
    for table in state.route_tables.values_mut() {
        if let Some(at) = table.associations.iter().position(|one| one.id == id) {
            return Ok(table.associations.remove(at));
        }
    }
    Err(ApiError::bad(
        "InvalidAssociationID.NotFound",
        format!("The association ID '{id}' does not exist"),
    ))
}

/// `DisassociateRouteTable`: not the main association.
pub(crate) fn disassociate(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("AssociationId")?;
    let state = &mut call.account().ec2;
    let main = state
        .route_tables
        .values()
        .flat_map(|table| &table.associations)
        .any(|one| one.id == id && one.subnet.is_none());
    if main {
        let text = format!("cannot disassociate the main route table association {id}");
        return Err(ApiError::bad("InvalidParameterValue", text));
    }
    take(state, &id)?;
    Ok(json!({ "return": true }))
}

/// `ReplaceRouteTableAssociation`: the association moves to another table under a new id, also the main one.
pub(crate) fn replace_association(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (old, table_id) = (p.required("AssociationId")?, p.required("RouteTableId")?);
    let sight = Sight::of(call);
    sight.find(&call.here_account().ec2.route_tables, &table_id)?;
    let id = call.new_id("rtbassoc");
    let ready_at = call.begin("ec2.association", &id, &[&table_id]);
    let state = &mut call.account().ec2;
    let before = take(state, &old)?;
    let moved = TableAssociation {
        id: id.clone(),
        subnet: before.subnet,
        ready_at,
    };
    sight
        .find_mut(&mut state.route_tables, &table_id)?
        .associations
        .push(moved);
    Ok(json!({ "newAssociationId": id, "associationState": { "state": "associated" } }))
}

/// `DescribeRouteTables`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let sight = Sight::of(call);
    let rows = call
        .here_account()
        .ec2
        .route_tables
        .values()
        .filter(|table| sight.sees(&table.id, *table))
        .map(|table| row(call, &sight, table))
        .collect();
    list::answer(
        call,
        p,
        "routeTableSet",
        Some(Ids {
            param: "RouteTableId",
            not_found: not_found::<RouteTable>,
        }),
        rows,
    )
}

fn row(call: &Call<'_>, sight: &Sight, table: &RouteTable) -> Row {
    let mut row = Row::new(&table.id, xml(call, table))
        .field("route-table-id", &table.id)
        .field("vpc-id", &table.vpc)
        .field("owner-id", call.account_id())
        .field(
            "association.main",
            table.associations.iter().any(|one| one.subnet.is_none()),
        )
        .fields(
            "association.route-table-association-id",
            table.associations.iter().map(|one| one.id.clone()),
        )
        .fields(
            "association.subnet-id",
            table.associations.iter().filter_map(|one| one.subnet.clone()),
        );
    if !table.associations.is_empty() {
        row = row.field("association.route-table-id", &table.id);
    }
    for (destination, one) in &table.routes {
        if !sight.sees_from(&table.id, one.visible_at) {
            continue;
        }
        row = row.field("route.destination-cidr-block", destination).field(
            "route.state",
            route::state_of(call.world, call.account_id(), one, call.now),
        );
        row = match &one.target {
            Target::Peering(id) => row.field("route.vpc-peering-connection-id", id),
            Target::NatGateway(id) => row.field("route.nat-gateway-id", id),
            Target::InternetGateway(id) => row.field("route.gateway-id", id),
            Target::Local => row.field("route.gateway-id", "local"),
            Target::Interface(_) => row,
        };
    }
    row
}

fn xml(call: &Call<'_>, table: &RouteTable) -> Value {
    let sight = Sight::of(call);
    let associations: Vec<Value> = table
        .associations
        .iter()
        .map(|one| {
            let state = if call.now < one.ready_at {
                "associating"
            } else {
                "associated"
            };
            json!({
                "routeTableAssociationId": one.id, "routeTableId": table.id, "subnetId": one.subnet,
                "main": one.subnet.is_none(), "associationState": { "state": state },
            })
        })
        .collect();
    let routes: Vec<Value> = table
        .routes
        .iter()
        .filter(|(_, one)| sight.sees_from(&table.id, one.visible_at))
        .map(|(destination, one)| {
            let state = route::state_of(call.world, call.account_id(), one, call.now);
            let mut xml = json!({ "destinationCidrBlock": destination.to_string(), "origin": one.origin, "state": state });
            let (name, id) = route::target_field(&one.target);
            xml[name] = json!(id);
            xml
        })
        .collect();
    json!({
        "routeTableId": table.id, "vpcId": table.vpc, "ownerId": call.account_id(), "associationSet": associations,
        "routeSet": routes, "propagatingVgwSet": [], "tagSet": tags::set(&call.here_account().ec2, &table.id),
    })
}

/// The table's VPC, for checks of what a route leads to.
pub(crate) fn vpc_of<'s>(state: &'s State, table: &RouteTable) -> Option<&'s Vpc> {
    state.vpcs.get(&table.vpc)
}
