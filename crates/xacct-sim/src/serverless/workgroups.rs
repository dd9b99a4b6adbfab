//! Operations on workgroups.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::namespaces::missing as no_namespace;
use super::{
    Interface, Workgroup, capacity, check_name, conflict, in_progress, not_found, page, required, tags_of,
    text, validation,
};
use crate::ec2::{self, ManagedEnis};
use crate::iam;
use crate::placement::{self, Misplaced, Placement, texts};
use crate::world::{ApiError, Call, CallerKind, Reply};

/// Workgroups of an account and region (Redshift management guide, "Quotas and limits").
const MOST: usize = 25;

/// Parameters that a workgroup takes (Redshift Serverless API reference, `ConfigParameter`).
const PARAMETERS: [&str; 9] = [
    "auto_mv",
    "datestyle",
    "enable_case_sensitive_identifier",
    "enable_user_activity_logging",
    "query_group",
    "search_path",
    "require_ssl",
    "use_fips_ssl",
    "wlm_json_configuration",
];

fn missing(name: &str) -> ApiError {
    not_found(format!("Serverless workgroup {name} not found."), name)
}

/// What a workgroup is to be like.
pub(super) struct Shape {
    pub(super) base_capacity: u64,
    pub(super) max_capacity: Option<u64>,
    pub(super) enhanced_vpc_routing: bool,
    pub(super) placement: Placement,
}

pub(super) fn create(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "workgroupName")?.to_owned();
    check_name("workgroupName", &name)?;
    let namespace = required(params, "namespaceName")?.to_owned();
    if text(params, "ipAddressType").is_some_and(|kind| kind != "ipv4") {
        return Err(ApiError::not_modelled(
            "redshift-serverless",
            "dualstack workgroups",
        ));
    }
    let tags = tags_of(params)?;
    let namespace_arn = check_account(call, &name, &namespace)?;
    let shape = shape(call, params)?;
    iam::ensure_service_linked(call, "redshift.amazonaws.com")?;
    let workgroup = build(call, params, &name, &namespace, &namespace_arn, shape)?;
    let shown = render(call, &workgroup);
    let state = &mut call.account().serverless;
    if let Some(namespace) = state.namespaces.get_mut(&namespace) {
        namespace.busy_until = namespace.busy_until.max(workgroup.busy_until);
    }
    state.tags.insert(workgroup.arn.clone(), tags);
    state.workgroups.insert(name, workgroup);
    Ok(json!({ "workgroup": shown }))
}

/// Makes the interfaces and starts the creation; its last part shows as MODIFYING.
fn build(
    call: &mut Call<'_>,
    params: &Value,
    name: &str,
    namespace: &str,
    namespace_arn: &str,
    shape: Shape,
) -> Result<Workgroup, ApiError> {
    let (port, config_parameters) = (port(params)?.unwrap_or(5439), config_parameters(params)?);
    let id = call.new_uuid();
    let arn = super::arn(call, "workgroup", &id);
    let (vpc_endpoint, interfaces) = interfaces(call, &arn, &shape)?;
    let mut needed = shape.placement.prerequisites();
    needed.push(namespace_arn.to_owned());
    let busy_until = placement::begin(call, "redshift.workgroup", &arn, &needed);
    let half = busy_until.saturating_sub(call.now) / 2;
    let modifying = call.sample("redshift.workgroup.modify", &arn).min(half);
    Ok(Workgroup {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        base_capacity: shape.base_capacity,
        max_capacity: shape.max_capacity,
        enhanced_vpc_routing: shape.enhanced_vpc_routing,
        publicly_accessible: flag(params, "publiclyAccessible").unwrap_or_default(),
        subnets: shape
            .placement
            .subnets
            .into_iter()
            .map(|subnet| subnet.id)
            .collect(),
        security_groups: shape.placement.groups,
        vpc: shape.placement.vpc,
        price_performance: params.get("pricePerformanceTarget").cloned(),
        created_at: call.now,
        created_until: busy_until.saturating_sub(modifying),
        gone_at: None,
        id,
        arn,
        port,
        config_parameters,
        vpc_endpoint,
        interfaces,
        busy_until,
    })
}

/// The name is free, the namespace is there, idle and without a workgroup. Gives the namespace's ARN.
fn check_account(call: &Call<'_>, name: &str, namespace_name: &str) -> Result<String, ApiError> {
    let state = &call.here_account().serverless;
    if state.workgroups.contains_key(name) {
        return Err(conflict(format!("Workgroup {name} already exists.")));
    }
    let namespace = state
        .namespace(namespace_name)
        .ok_or_else(|| no_namespace(namespace_name))?;
    if let Some(other) = state
        .workgroups
        .values()
        .find(|workgroup| workgroup.namespace == namespace_name)
    {
        return Err(conflict(format!(
            "Namespace {namespace_name} is associated with workgroup {}.",
            other.name
        )));
    }
    if namespace.status(call.now) != "AVAILABLE" {
        return Err(in_progress("namespace", namespace_name));
    }
    match state.workgroups.len() >= MOST {
        true => Err(validation(format!(
            "You have reached the maximum number of workgroups ({MOST}) for this account and Region."
        ))),
        false => Ok(namespace.arn.clone()),
    }
}

pub(super) fn flag(params: &Value, name: &str) -> Option<bool> {
    params.get(name).and_then(Value::as_bool)
}

pub(super) fn port(params: &Value) -> Result<Option<u16>, ApiError> {
    let Some(port) = params.get("port").and_then(Value::as_u64) else {
        return Ok(None);
    };
    match u16::try_from(port) {
        Ok(port) if (5431..=5455).contains(&port) || (8191..=8215).contains(&port) => Ok(Some(port)),
        _ => Err(validation(format!(
            "The port {port} is not valid. Valid port ranges are 5431-5455 and 8191-8215."
        ))),
    }
}

pub(super) fn config_parameters(params: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut found = BTreeMap::new();
    for parameter in params
        .get("configParameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let key = required(parameter, "parameterKey")?;
        let known = PARAMETERS.contains(&key)
            || key.starts_with("max_query_")
            || key.starts_with("max_scan_")
            || key.starts_with("max_");
        if !known {
            return Err(validation(format!("The config parameter {key} is not valid.")));
        }
        found.insert(
            key.to_owned(),
            text(parameter, "parameterValue").unwrap_or_default().to_owned(),
        );
    }
    Ok(found)
}

fn shape(call: &Call<'_>, params: &Value) -> Result<Shape, ApiError> {
    let base_capacity = params
        .get("baseCapacity")
        .and_then(Value::as_u64)
        .unwrap_or(capacity::DEFAULT);
    capacity::check_base(call.region(), base_capacity)?;
    let max_capacity = params.get("maxCapacity").and_then(Value::as_u64);
    if max_capacity.is_some_and(|most| most < base_capacity) {
        return Err(validation(
            "The max capacity must be greater than or equal to the base capacity.",
        ));
    }
    let enhanced_vpc_routing = flag(params, "enhancedVpcRouting").unwrap_or_default();
    let subnets = texts(params.get("subnetIds"));
    if subnets.is_empty() {
        return Err(validation("The account has no default VPC. Specify subnetIds."));
    }
    let placement = place(
        call,
        &subnets,
        &texts(params.get("securityGroupIds")),
        base_capacity,
        enhanced_vpc_routing,
    )?;
    Ok(Shape {
        base_capacity,
        max_capacity,
        enhanced_vpc_routing,
        placement,
    })
}

pub(super) fn place(
    call: &Call<'_>,
    subnets: &[String],
    groups: &[String],
    rpus: u64,
    enhanced_vpc_routing: bool,
) -> Result<Placement, ApiError> {
    let placement = placement::check(call, "redshift-serverless", subnets, groups).map_err(misplaced)?;
    let zones = if enhanced_vpc_routing { 3 } else { 2 };
    if placement.zones() < zones {
        return Err(validation(format!(
            "The subnets {} cover {} Availability Zone(s). Specify at least {zones} subnets that span {zones} Availability Zones.",
            subnets.join(", "),
            placement.zones()
        )));
    }
    let needed = capacity::addresses(rpus, enhanced_vpc_routing);
    if let Some(small) = placement.subnets.iter().find(|subnet| subnet.free < needed) {
        return Err(validation(format!(
            "There aren't enough free IP addresses in subnet {}. Ensure that there is a minimum of {needed} free IP addresses for each subnet, and then try again.",
            small.id
        )));
    }
    Ok(placement)
}

fn misplaced(why: Misplaced) -> ApiError {
    match why {
        Misplaced::NoSubnet(id) => validation(format!("The subnet ID '{id}' does not exist")),
        Misplaced::NoGroup(id) => validation(format!("The security group '{id}' does not exist")),
        Misplaced::SeveralVpcs => validation("All subnets of a workgroup must belong to the same VPC."),
        Misplaced::GroupElsewhere { group, vpc } => {
            validation(format!("VPC Security group {group} does not exist in VPC {vpc}"))
        }
        Misplaced::UnsupportedZone(zone) => validation(format!(
            "Amazon Redshift Serverless is not available in Availability Zone {zone}."
        )),
    }
}

/// One interface per subnet for clients, and with enhanced VPC routing one more through which the compute nodes leave.
pub(super) fn interfaces(
    call: &mut Call<'_>,
    arn: &str,
    shape: &Shape,
) -> Result<(String, Vec<Interface>), ApiError> {
    let endpoint = call.new_id("vpce");
    let description = format!("VPC Endpoint Interface {endpoint}");
    let made = make_interfaces(call, arn, &shape.placement, &description, "vpc_endpoint")?;
    if shape.enhanced_vpc_routing {
        let nodes = make_interfaces(
            call,
            arn,
            &shape.placement,
            "RedshiftNetworkInterface",
            "interface",
        );
        let now = call.now;
        nodes.inspect_err(|_| ec2::delete_enis(&mut call.account().ec2, arn, now))?;
    }
    Ok((endpoint, made))
}

fn make_interfaces(
    call: &mut Call<'_>,
    arn: &str,
    placement: &Placement,
    description: &str,
    interface_type: &'static str,
) -> Result<Vec<Interface>, ApiError> {
    let places: Vec<_> = placement
        .subnets
        .iter()
        .map(|subnet| (subnet.id.clone(), None))
        .collect();
    let wanted = ManagedEnis {
        owner: arn,
        places: &places,
        security_groups: &placement.groups,
        description,
        requester_id: "amazon-redshift",
        interface_type,
    };
    let enis =
        ec2::create_requester_managed_enis(call, &wanted).map_err(|error| validation(error.message))?;
    Ok(enis
        .into_iter()
        .map(|eni| Interface {
            eni: eni.id,
            subnet: eni.subnet,
            ip: eni.ip,
        })
        .collect())
}

pub(super) fn found<'a>(call: &'a Call<'_>, params: &Value) -> Result<&'a Workgroup, ApiError> {
    let name = required(params, "workgroupName")?;
    call.here_account()
        .serverless
        .workgroups
        .get(name)
        .ok_or_else(|| missing(name))
}

pub(super) fn render(call: &Call<'_>, workgroup: &Workgroup) -> Value {
    let parameters: Vec<Value> = workgroup
        .config_parameters
        .iter()
        .map(|(key, value)| json!({ "parameterKey": key, "parameterValue": value }))
        .collect();
    let mut shown = json!({
        "workgroupId": workgroup.id,
        "workgroupArn": workgroup.arn,
        "workgroupName": workgroup.name,
        "namespaceName": workgroup.namespace,
        "baseCapacity": workgroup.base_capacity,
        "enhancedVpcRouting": workgroup.enhanced_vpc_routing,
        "configParameters": parameters,
        "securityGroupIds": workgroup.security_groups,
        "subnetIds": workgroup.subnets,
        "status": workgroup.status(call.now),
        "publiclyAccessible": workgroup.publicly_accessible,
        "creationDate": call.world.settings.iso8601(workgroup.created_at),
        "port": workgroup.port,
        "ipAddressType": "ipv4",
        "trackName": "current",
        "crossAccountVpcs": [],
    });
    if let Some(most) = workgroup.max_capacity {
        shown["maxCapacity"] = json!(most);
    }
    if let Some(target) = &workgroup.price_performance {
        shown["pricePerformanceTarget"] = target.clone();
    }
    if workgroup.status(call.now) != "CREATING" {
        shown["endpoint"] = endpoint(call, workgroup);
    }
    shown
}

fn endpoint(call: &Call<'_>, workgroup: &Workgroup) -> Value {
    let interfaces: Vec<Value> = workgroup
        .interfaces
        .iter()
        .map(|interface| {
            let zone = call
                .here_account()
                .ec2
                .subnets
                .get(&interface.subnet)
                .map(|subnet| subnet.zone_id.as_str())
                .unwrap_or_default();
            json!({
                "networkInterfaceId": interface.eni,
                "subnetId": interface.subnet,
                "privateIpAddress": interface.ip.to_string(),
                "availabilityZone": ec2::zone::name_of(&call.world.settings, call.account_id(), zone),
            })
        })
        .collect();
    let (region, suffix) = (call.region(), call.world.settings.dns_suffix());
    json!({
        "address": format!("{}.{}.{region}.redshift-serverless.{suffix}", workgroup.name, call.account_id()),
        "port": workgroup.port,
        "vpcEndpoints": [{ "vpcEndpointId": workgroup.vpc_endpoint, "vpcId": workgroup.vpc, "networkInterfaces": interfaces }],
    })
}

pub(super) fn get(call: &mut Call<'_>, params: &Value) -> Reply {
    let workgroup = found(call, params)?;
    Ok(json!({ "workgroup": render(call, workgroup) }))
}

pub(super) fn list(call: &mut Call<'_>, params: &Value) -> Reply {
    let workgroups = call
        .here_account()
        .serverless
        .workgroups
        .values()
        .map(|workgroup| render(call, workgroup))
        .collect();
    page(params, "workgroups", workgroups)
}

pub(super) fn delete(call: &mut Call<'_>, params: &Value) -> Reply {
    let workgroup = found(call, params)?.clone();
    let namespace = call.here_account().serverless.namespace(&workgroup.namespace);
    if workgroup.status(call.now) != "AVAILABLE"
        || namespace.is_some_and(|namespace| namespace.status(call.now) != "AVAILABLE")
    {
        return Err(in_progress("workgroup", &workgroup.name));
    }
    let done = call.begin("redshift.workgroup.delete", &workgroup.arn, &[]);
    let linger = if call.world.settings.lag {
        call.sample("ec2.eni.linger", &workgroup.arn)
    } else {
        Duration::ZERO
    };
    let account = call.account();
    ec2::delete_enis(&mut account.ec2, &workgroup.arn, done + linger);
    if let Some(namespace) = account.serverless.namespaces.get_mut(&workgroup.namespace) {
        namespace.busy_until = namespace.busy_until.max(done);
    }
    if let Some(found) = account.serverless.workgroups.get_mut(&workgroup.name) {
        found.gone_at = Some(done);
    }
    get(call, params)
}

/// The database user that an IAM identity is mapped to.
fn database_user(caller: &CallerKind) -> String {
    match caller {
        CallerKind::Root => "IAM:root".to_owned(),
        CallerKind::Administrator => "IAM:administrator".to_owned(),
        CallerKind::User { name } => format!("IAM:{name}"),
        CallerKind::AssumedRole { role, .. } => format!("IAMR:{role}"),
    }
}

pub(super) fn credentials(call: &mut Call<'_>, params: &Value) -> Reply {
    let seconds = params
        .get("durationSeconds")
        .and_then(Value::as_u64)
        .unwrap_or(900);
    if !(900..=3600).contains(&seconds) {
        return Err(validation(format!(
            "Value '{seconds}' at 'durationSeconds' must be between 900 and 3600."
        )));
    }
    let workgroup = found(call, params)?;
    if !workgroup.runs_statements(call.now) {
        return Err(validation(format!(
            "Workgroup {} is not available.",
            workgroup.name
        )));
    }
    let account = call.account_id().to_owned();
    let password = hex::encode(&call.world.fresh(&account, "password")[..16]);
    let expires = call.now + Duration::from_secs(seconds);
    Ok(json!({
        "dbUser": database_user(&call.caller.kind),
        "dbPassword": password,
        "expiration": call.world.settings.unix_seconds(expires),
        "nextRefreshTime": call.world.settings.unix_seconds(expires.saturating_sub(Duration::from_secs(300))),
    }))
}
