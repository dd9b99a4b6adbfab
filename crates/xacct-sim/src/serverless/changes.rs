//! Changes of workgroups: one kind per call.

use serde_json::{Value, json};

use super::workgroups::{Shape, config_parameters, flag, found, get, interfaces, place, port, render};
use super::{Workgroup, capacity, in_progress, validation};
use crate::ec2;
use crate::placement::texts;
use crate::world::{ApiError, Call, Reply};

/// The kinds of change; only one of them per call (aws/aws-cli #7507).
const KINDS: [&[&str]; 6] = [
    &["baseCapacity", "maxCapacity", "pricePerformanceTarget"],
    &["enhancedVpcRouting"],
    &["configParameters"],
    &["publiclyAccessible"],
    &["subnetIds", "securityGroupIds"],
    &["port"],
];

pub(super) fn update(call: &mut Call<'_>, params: &Value) -> Reply {
    let workgroup = found(call, params)?.clone();
    let name = workgroup.name.clone();
    let asked = KINDS
        .iter()
        .filter(|kind| {
            kind.iter()
                .any(|field| params.get(*field).is_some_and(|value| !value.is_null()))
        })
        .count();
    if asked > 1 {
        return Err(validation(format!(
            "Can't update multiple configurations at the same time for workgroup {name}. Update one configuration at a time."
        )));
    }
    let namespace = call.here_account().serverless.namespace(&workgroup.namespace);
    if workgroup.status(call.now) != "AVAILABLE"
        || namespace.is_some_and(|namespace| namespace.status(call.now) != "AVAILABLE")
    {
        return Err(in_progress("workgroup", &name));
    }
    if asked == 0 {
        return Ok(json!({ "workgroup": render(call, &workgroup) }));
    }
    let changed = changed(call, params, workgroup)?;
    let busy_until = call.begin("redshift.workgroup.update", &changed.arn, &[]);
    let state = &mut call.account().serverless;
    if let Some(namespace) = state.namespaces.get_mut(&changed.namespace) {
        namespace.busy_until = namespace.busy_until.max(busy_until);
    }
    state.workgroups.insert(
        name,
        Workgroup {
            busy_until,
            ..changed
        },
    );
    get(call, params)
}

fn changed(call: &mut Call<'_>, params: &Value, mut workgroup: Workgroup) -> Result<Workgroup, ApiError> {
    if let Some(rpus) = params.get("baseCapacity").and_then(Value::as_u64) {
        capacity::check_base(call.region(), rpus)?;
        if rpus == 4 && workgroup.base_capacity > 4 {
            return Err(validation(
                "A workgroup that was scaled beyond 4 RPU cannot return to 4 RPU.",
            ));
        }
        workgroup.base_capacity = rpus;
    }
    if let Some(most) = params.get("maxCapacity").and_then(Value::as_u64) {
        workgroup.max_capacity = Some(most);
    }
    if workgroup
        .max_capacity
        .is_some_and(|most| most < workgroup.base_capacity)
    {
        return Err(validation(
            "The max capacity must be greater than or equal to the base capacity.",
        ));
    }
    if let Some(target) = params.get("pricePerformanceTarget") {
        workgroup.price_performance = Some(target.clone());
    }
    if params.get("configParameters").is_some() {
        workgroup.config_parameters.extend(config_parameters(params)?);
    }
    if let Some(public) = flag(params, "publiclyAccessible") {
        workgroup.publicly_accessible = public;
    }
    if let Some(port) = port(params)? {
        workgroup.port = port;
    }
    moved(call, params, workgroup)
}

/// Changes of place and routing: interfaces are made anew.
fn moved(call: &mut Call<'_>, params: &Value, mut workgroup: Workgroup) -> Result<Workgroup, ApiError> {
    let (subnets, groups) = (
        texts(params.get("subnetIds")),
        texts(params.get("securityGroupIds")),
    );
    let routing = flag(params, "enhancedVpcRouting");
    if subnets.is_empty() && groups.is_empty() && routing.is_none() {
        return Ok(workgroup);
    }
    let subnets = if subnets.is_empty() {
        workgroup.subnets.clone()
    } else {
        subnets
    };
    let groups = if groups.is_empty() {
        workgroup.security_groups.clone()
    } else {
        groups
    };
    let routing = routing.unwrap_or(workgroup.enhanced_vpc_routing);
    let placement = place(call, &subnets, &groups, workgroup.base_capacity, routing)?;
    if placement.vpc != workgroup.vpc {
        return Err(validation("The subnets must belong to the VPC of the workgroup."));
    }
    let shape = Shape {
        base_capacity: workgroup.base_capacity,
        max_capacity: workgroup.max_capacity,
        enhanced_vpc_routing: routing,
        placement,
    };
    let now = call.now;
    ec2::delete_enis(&mut call.account().ec2, &workgroup.arn, now);
    let (vpc_endpoint, interfaces) = interfaces(call, &workgroup.arn, &shape)?;
    workgroup.vpc_endpoint = vpc_endpoint;
    workgroup.interfaces = interfaces;
    workgroup.subnets = subnets;
    workgroup.security_groups = groups;
    workgroup.enhanced_vpc_routing = routing;
    Ok(workgroup)
}
