//! Operations on serverless clusters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Broker, ClientVpc, Cluster, PORT};
use crate::ec2::{self, ManagedEnis};
use crate::iam;
use crate::placement::{self, Misplaced, Placement, texts};
use crate::world::{ApiError, Call, Reply};

fn bad(parameter: &str, message: impl Into<String>) -> ApiError {
    ApiError::bad("BadRequestException", message).with("invalidParameter", parameter)
}

fn not_found() -> ApiError {
    ApiError::new(404, "NotFoundException", "The requested resource doesn't exist.")
        .with("invalidParameter", "clusterArn")
}

pub(super) fn create(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = params
        .get("clusterName")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    check_name(&name)?;
    if params.get("provisioned").is_some_and(|value| !value.is_null()) {
        return Err(ApiError::not_modelled(
            "kafka",
            "CreateClusterV2 with provisioned",
        ));
    }
    let serverless = params
        .get("serverless")
        .ok_or_else(|| bad("serverless", "You must specify either provisioned or serverless."))?;
    if serverless
        .pointer("/clientAuthentication/sasl/iam/enabled")
        .and_then(Value::as_bool)
        != Some(true)
    {
        return Err(bad(
            "clientAuthentication",
            "Serverless clusters require IAM client authentication.",
        ));
    }
    let configs = serverless
        .get("vpcConfigs")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let placements = placements(call, &configs)?;
    let account = &call.here_account().msk;
    if account.clusters.values().any(|cluster| cluster.name == name) {
        return Err(ApiError::new(
            409,
            "ConflictException",
            "A resource with this name already exists.",
        )
        .with("invalidParameter", "clusterName"));
    }
    if account.clusters.len() >= call.world.settings.quotas.serverless_clusters {
        return Err(ApiError::new(
            429,
            "TooManyRequestsException",
            "The maximum number of serverless clusters has been reached.",
        ));
    }
    iam::ensure_service_linked(call, "kafka.amazonaws.com")?;
    let tags = tags_of(params.get("tags"));
    let cluster = place(call, name, &placements, tags)?;
    let reply = json!({ "clusterArn": cluster.arn, "clusterName": cluster.name, "clusterType": "SERVERLESS", "state": "CREATING" });
    call.account().msk.clusters.insert(cluster.arn.clone(), cluster);
    Ok(reply)
}

/// 1 to 64 letters, digits and hyphens, a letter first.
fn check_name(name: &str) -> Result<(), ApiError> {
    let legal = (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match legal {
        true => Ok(()),
        false => Err(bad(
            "clusterName",
            "The parameter value is not valid: clusterName must start with a letter and have 1 to 64 letters, digits and hyphens.",
        )),
    }
}

fn placements(call: &Call<'_>, configs: &[Value]) -> Result<Vec<Placement>, ApiError> {
    if configs.is_empty() || configs.len() > 5 {
        return Err(bad("vpcConfigs", "Specify one to five VPC configurations."));
    }
    let mut placements: Vec<Placement> = Vec::new();
    for config in configs {
        let subnets = texts(config.get("subnetIds"));
        let groups = texts(config.get("securityGroupIds"));
        if groups.len() > 5 {
            return Err(bad("securityGroupIds", "Specify at most five security groups."));
        }
        let placement = placement::check(call, "kafka", &subnets, &groups).map_err(misplaced)?;
        if placement.zones() < 2 {
            return Err(bad(
                "subnetIds",
                "Specify subnets in at least two different Availability Zones.",
            ));
        }
        if placement.zones() < placement.subnets.len() {
            return Err(bad(
                "subnetIds",
                "Specify at most one subnet per Availability Zone.",
            ));
        }
        if placements.iter().any(|other| other.vpc == placement.vpc) {
            return Err(bad(
                "vpcConfigs",
                "Each VPC configuration must be of another VPC.",
            ));
        }
        let dns = call.here_account().ec2.vpcs.get(&placement.vpc);
        if !dns.is_some_and(|vpc| vpc.dns_support.at(call.now) && vpc.dns_hostnames.at(call.now)) {
            return Err(bad(
                "vpcConfigs",
                format!(
                    "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
                    placement.vpc
                ),
            ));
        }
        placements.push(placement);
    }
    Ok(placements)
}

fn misplaced(why: Misplaced) -> ApiError {
    match why {
        Misplaced::NoSubnet(id) => bad(
            "subnetIds",
            format!("The parameter value is not valid: subnet {id} does not exist."),
        ),
        Misplaced::NoGroup(id) => bad(
            "securityGroupIds",
            format!("The parameter value is not valid: security group {id} does not exist."),
        ),
        Misplaced::SeveralVpcs => bad(
            "subnetIds",
            "All subnets of a VPC configuration must belong to the same VPC.",
        ),
        Misplaced::GroupElsewhere { group, vpc } => bad(
            "securityGroupIds",
            format!("Security group {group} does not belong to {vpc}."),
        ),
        Misplaced::UnsupportedZone(zone) => bad(
            "subnetIds",
            format!("One or more subnets belong to unsupported availability zones: [{zone}]."),
        ),
    }
}

fn place(
    call: &mut Call<'_>,
    name: String,
    placements: &[Placement],
    tags: BTreeMap<String, String>,
) -> Result<Cluster, ApiError> {
    let account = call.account_id().to_owned();
    let bits = call.world.fresh(&account, "msk");
    let (region, suffix) = (call.region().to_owned(), call.world.settings.dns_suffix());
    let uuid = format!("{}-s{}", call.new_uuid(), 1 + bits[0] % 3);
    let arn = format!(
        "arn:{}:kafka:{region}:{account}:cluster/{name}/{uuid}",
        call.partition()
    );
    let label: String = bits[1..9]
        .iter()
        .map(|b| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[usize::from(*b) % 36]))
        .collect();
    let shard = 1 + bits[9] % 4;
    let suffix = format!("kafka-serverless.{region}.{suffix}");
    let mut vpcs = Vec::new();
    for placement in placements {
        let now = call.now;
        let made = client_vpc(call, &arn, placement, &label, shard, &suffix);
        vpcs.push(made.inspect_err(|_| ec2::delete_enis(&mut call.account().ec2, &arn, now))?);
    }
    let mut needed: Vec<String> = placements.iter().flat_map(Placement::prerequisites).collect();
    // A private zone is made in each VPC, which both DNS attributes must have reached.
    let attributes = ["enableDnsSupport", "enableDnsHostnames"];
    let zones = placements
        .iter()
        .flat_map(|place| attributes.map(|name| format!("{}#{name}", place.vpc)));
    needed.extend(zones);
    let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
    let ready_at = call.begin("msk.cluster", &arn, &needed);
    let current_version = format!("K{}", hex::encode_upper(&bits[10..17])[..13].to_owned());
    Ok(Cluster {
        arn,
        name,
        uuid,
        vpcs,
        tags,
        label,
        shard,
        suffix,
        current_version,
        created_at: call.now,
        ready_at,
        failed: call.world.doom,
        gone_at: None,
    })
}

/// The brokers' side of one client VPC: an interface in each subnet, behind an endpoint of the cluster's own.
fn client_vpc(
    call: &mut Call<'_>,
    arn: &str,
    placement: &Placement,
    label: &str,
    shard: u8,
    suffix: &str,
) -> Result<ClientVpc, ApiError> {
    let endpoint = call.new_id("vpce");
    let places: Vec<_> = placement
        .subnets
        .iter()
        .map(|subnet| (subnet.id.clone(), None))
        .collect();
    let wanted = ManagedEnis {
        owner: arn,
        places: &places,
        security_groups: &placement.groups,
        description: &format!("VPC Endpoint Interface {endpoint}"),
        requester_id: "amazon-msk",
        interface_type: "vpc_endpoint",
    };
    let enis =
        ec2::create_requester_managed_enis(call, &wanted).map_err(|error| bad("subnetIds", error.message))?;
    let brokers = enis
        .into_iter()
        .enumerate()
        .map(|(at, eni)| Broker {
            host: format!("b{:02}-{label}.c{shard}.{suffix}", at + 1),
            subnet: eni.subnet,
            ip: eni.ip,
        })
        .collect();
    Ok(ClientVpc {
        vpc: placement.vpc.clone(),
        subnets: placement.subnets.iter().map(|subnet| subnet.id.clone()).collect(),
        security_groups: placement.groups.clone(),
        brokers,
    })
}

fn cluster_arn(params: &Value) -> Result<&str, ApiError> {
    let arn = params
        .get("clusterArn")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match arn.starts_with("arn:") && arn.contains(":cluster/") {
        true => Ok(arn),
        false => Err(bad("clusterArn", "One or more of the parameters are not valid.")),
    }
}

fn found<'a>(call: &'a Call<'_>, params: &Value) -> Result<&'a Cluster, ApiError> {
    let arn = cluster_arn(params)?;
    if arn.split(':').nth(4) != Some(call.account_id()) {
        return Err(ApiError::new(
            403,
            "ForbiddenException",
            "Access to the cluster of another account needs a cluster policy.",
        ));
    }
    call.here_account().msk.cluster(arn).ok_or_else(not_found)
}

fn render(call: &Call<'_>, cluster: &Cluster) -> Value {
    let configs: Vec<Value> = cluster
        .vpcs
        .iter()
        .map(|client| json!({ "subnetIds": client.subnets, "securityGroupIds": client.security_groups }))
        .collect();
    json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "clusterType": "SERVERLESS",
        "creationTime": call.world.settings.iso8601(cluster.created_at),
        "currentVersion": cluster.current_version,
        "state": cluster.state(call.now),
        "tags": cluster.tags,
        "serverless": {
            "vpcConfigs": configs,
            "clientAuthentication": { "sasl": { "iam": { "enabled": true } } },
        },
    })
}

pub(super) fn describe(call: &mut Call<'_>, params: &Value) -> Reply {
    let cluster = found(call, params)?;
    Ok(json!({ "clusterInfo": render(call, cluster) }))
}

/// The name filter is a prefix.
pub(super) fn list(call: &mut Call<'_>, params: &Value) -> Reply {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    if text("clusterTypeFilter").is_some_and(|kind| kind == "PROVISIONED") {
        return Ok(json!({ "clusterInfoList": [] }));
    }
    let prefix = text("clusterNameFilter").unwrap_or_default();
    let clusters: Vec<Value> = call
        .here_account()
        .msk
        .clusters
        .values()
        .filter(|cluster| cluster.name.starts_with(prefix))
        .map(|cluster| render(call, cluster))
        .collect();
    let start: usize = text("nextToken")
        .and_then(|token| token.parse().ok())
        .unwrap_or_default();
    let size: usize = text("maxResults")
        .and_then(|size| size.parse().ok())
        .unwrap_or(100);
    let page: Vec<&Value> = clusters.iter().skip(start).take(size.clamp(1, 100)).collect();
    let next = start + page.len();
    let mut reply = json!({ "clusterInfoList": page });
    if next < clusters.len() {
        reply["nextToken"] = json!(next.to_string());
    }
    Ok(reply)
}

pub(super) fn delete(call: &mut Call<'_>, params: &Value) -> Reply {
    let cluster = found(call, params)?;
    let state = cluster.state(call.now);
    if state != "ACTIVE" {
        return Err(bad(
            "clusterArn",
            format!("You can't delete the cluster while it is in the {state} state."),
        ));
    }
    let version = params.get("currentVersion").and_then(Value::as_str);
    if version.is_some_and(|version| version != cluster.current_version) {
        return Err(bad(
            "currentVersion",
            "The specified version is not the current version of the cluster.",
        ));
    }
    let arn = cluster.arn.clone();
    let done = call.begin("msk.cluster.delete", &arn, &[]);
    let linger = if call.world.settings.lag {
        call.sample("ec2.eni.linger", &arn)
    } else {
        Default::default()
    };
    let account = call.account();
    ec2::delete_enis(&mut account.ec2, &arn, done + linger);
    if let Some(cluster) = account.msk.clusters.get_mut(&arn) {
        cluster.gone_at = Some(done);
    }
    call.world.kafka.remove_cluster(&arn);
    Ok(json!({ "clusterArn": arn, "state": "DELETING" }))
}

/// `GetBootstrapBrokers` models no "not found"; a cluster in the making answers with a conflict.
pub(super) fn bootstrap_brokers(call: &mut Call<'_>, params: &Value) -> Reply {
    let cluster = match found(call, params) {
        Err(error) if error.code == "NotFoundException" => {
            return Err(bad(
                "clusterArn",
                "The request does not include the correct cluster ARN.",
            ));
        }
        other => other?,
    };
    if !cluster.is_active(call.now) {
        let text = format!(
            "The cluster is in the {} state; bootstrap brokers are not available.",
            cluster.state(call.now)
        );
        return Err(ApiError::new(409, "ConflictException", text));
    }
    Ok(json!({ "bootstrapBrokerStringSaslIam": format!("{}:{PORT}", cluster.bootstrap_host()) }))
}

/// Operations that AWS documents for provisioned clusters only, topics among them ("Amazon MSK topic operations").
pub(super) fn provisioned_only(call: &mut Call<'_>, params: &Value, operation: &str) -> Reply {
    found(call, params)?;
    Err(bad(
        "clusterArn",
        format!("{operation} is not supported for serverless clusters."),
    ))
}

fn tags_of(given: Option<&Value>) -> BTreeMap<String, String> {
    let fields = given.and_then(Value::as_object).into_iter().flatten();
    fields
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn tagged<'a>(call: &'a mut Call<'_>, params: &Value) -> Result<&'a mut BTreeMap<String, String>, ApiError> {
    let arn = params
        .get("resourceArn")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let cluster = call.account().msk.clusters.get_mut(arn);
    let missing = || {
        ApiError::new(404, "NotFoundException", "The requested resource doesn't exist.")
            .with("invalidParameter", "resourceArn")
    };
    cluster.map(|cluster| &mut cluster.tags).ok_or_else(missing)
}

pub(super) fn list_tags(call: &mut Call<'_>, params: &Value) -> Reply {
    Ok(json!({ "tags": tagged(call, params)? }))
}

pub(super) fn tag(call: &mut Call<'_>, params: &Value) -> Reply {
    let added = tags_of(params.get("tags"));
    tagged(call, params)?.extend(added);
    Ok(json!({}))
}

pub(super) fn untag(call: &mut Call<'_>, params: &Value) -> Reply {
    let keys = match params.get("tagKeys") {
        Some(Value::String(one)) => vec![one.clone()],
        many => texts(many),
    };
    tagged(call, params)?.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}
