//! Interface VPC endpoints. States are in small letters on the wire, whatever the SDK's enumeration says.

use serde_json::{Value, json};

use super::eni::{self, ManagedEnis};
use super::list::{self, Ids, Row};
use super::params::{Params, missing};
use super::sight::{Sight, not_found};
use super::state::{Endpoint, State};
use super::{quota, tags, vpc};
use crate::clock::SimTime;
use crate::world::{ApiError, Call, Reply};

/// Services that can be had through an interface endpoint here. `kafka` takes no new connections.
pub(crate) const SERVICES: &[&str] = &[
    "sts",
    "redshift-data",
    "redshift-serverless",
    "secretsmanager",
    "logs",
    "ec2",
    "kinesis-streams",
    "monitoring",
];

const OPEN_POLICY: &str =
    "{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Resource\":\"*\"}]}";

/// `CreateVpcEndpoint`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    if let Some(id) = super::repeated(call, "CreateVpcEndpoint", p)?
        && let Some(endpoint) = call.here_account().ec2.endpoints.get(&id)
    {
        return Ok(json!({ "vpcEndpoint": xml(call, endpoint), "clientToken": p.text("ClientToken") }));
    }
    if p.text("VpcEndpointType").as_deref() != Some("Interface") {
        return Err(ApiError::not_modelled(
            "ec2",
            "VPC endpoints that are not interfaces",
        ));
    }
    let (vpc_id, service) = (p.required("VpcId")?, p.required("ServiceName")?);
    let tags = tags::requested(p, "vpc-endpoint")?;
    let draft = check(call, p, &vpc_id, &service)?;
    quota::endpoints(call, &vpc_id)?;
    let id = call.new_id("vpce");
    let enis = interfaces(call, &id, &draft)?;
    let mut needs: Vec<&str> = vec![&vpc_id];
    needs.extend(draft.subnets.iter().chain(&draft.groups).map(String::as_str));
    let (visible_at, ready_at) = super::stateful(call, "ec2.vpc-endpoint.interface", &id, &needs);
    let endpoint = Endpoint {
        id: id.clone(),
        vpc: vpc_id,
        service,
        subnets: draft.subnets,
        groups: draft.groups,
        private_dns: draft.private_dns,
        policy: p.text("PolicyDocument").unwrap_or_else(|| OPEN_POLICY.to_owned()),
        enis,
        created: call.now,
        visible_at,
        ready_at,
        gone_at: None,
    };
    let state = &mut call.account().ec2;
    super::tag(state, &id, tags);
    state.endpoints.insert(id.clone(), endpoint.clone());
    super::remember(call, "CreateVpcEndpoint", p, &id);
    Ok(json!({ "vpcEndpoint": xml(call, &endpoint), "clientToken": p.text("ClientToken") }))
}

struct Draft {
    subnets: Vec<String>,
    groups: Vec<String>,
    private_dns: bool,
}

fn check(call: &Call<'_>, p: Params<'_>, vpc_id: &str, service: &str) -> Result<Draft, ApiError> {
    let sight = Sight::of(call);
    let state = &call.here_account().ec2;
    let vpc = sight.find(&state.vpcs, vpc_id)?;
    let prefix = format!("com.amazonaws.{}.", call.region());
    if !service
        .strip_prefix(&prefix)
        .is_some_and(|name| SERVICES.contains(&name))
    {
        let text = format!("The Vpc Endpoint Service '{service}' does not exist");
        return Err(ApiError::bad("InvalidServiceName", text));
    }
    let subnets = p.list("SubnetId");
    if subnets.is_empty() {
        return Err(missing("SubnetIds"));
    }
    let mut zones: Vec<&str> = Vec::new();
    for id in &subnets {
        let subnet = sight.find(&state.subnets, id)?;
        if subnet.vpc != vpc_id {
            let text = format!("The subnet ID '{id}' does not belong to VPC {vpc_id}");
            return Err(ApiError::bad("InvalidSubnetID.NotFound", text));
        }
        if zones.contains(&subnet.zone_id.as_str()) {
            let text = format!(
                "Found another VPC endpoint subnet in the availability zone of {id}. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service."
            );
            return Err(ApiError::bad("DuplicateSubnetsInSameZone", text));
        }
        zones.push(&subnet.zone_id);
    }
    let mut groups = p.list("SecurityGroupId");
    for id in &groups {
        sight.find(&state.security_groups, id)?;
    }
    if groups.is_empty() {
        groups.extend(state.default_group(vpc_id).map(|group| group.id.clone()));
    }
    let private_dns = p.flag("PrivateDnsEnabled").unwrap_or(true);
    if private_dns {
        check_private_dns(state, vpc, service, call.now)?;
    }
    Ok(Draft {
        subnets,
        groups,
        private_dns,
    })
}

fn check_private_dns(
    state: &State,
    vpc: &super::state::Vpc,
    service: &str,
    now: SimTime,
) -> Result<(), ApiError> {
    if !vpc::has_private_dns(vpc, now) {
        let text = format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
            vpc.id
        );
        return Err(ApiError::bad("InvalidParameter", text));
    }
    let holds =
        |one: &&Endpoint| one.vpc == vpc.id && one.service == service && one.private_dns && is_live(one, now);
    if state.endpoints.values().any(|one| holds(&one)) {
        let text = format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}",
            domain(service),
            vpc.id
        );
        return Err(ApiError::bad("InvalidParameter", text));
    }
    Ok(())
}

fn interfaces(call: &mut Call<'_>, id: &str, draft: &Draft) -> Result<Vec<String>, ApiError> {
    let places: Vec<_> = draft
        .subnets
        .iter()
        .map(|subnet| (subnet.clone(), None))
        .collect();
    let account = call.account_id().to_owned();
    let wanted = ManagedEnis {
        owner: id,
        places: &places,
        security_groups: &draft.groups,
        description: &format!("VPC Endpoint Interface {id}"),
        requester_id: &account,
        interface_type: "vpc_endpoint",
    };
    Ok(eni::create_managed(call, &wanted)?
        .into_iter()
        .map(|eni| eni.id)
        .collect())
}

/// Whether it is there and not going.
pub(crate) fn is_live(endpoint: &Endpoint, _now: SimTime) -> bool {
    endpoint.gone_at.is_none()
}

/// The public name that private DNS answers for: `sts.ap-south-1.amazonaws.com`.
pub(crate) fn domain(service: &str) -> String {
    let mut parts = service.rsplitn(3, '.');
    let (name, region) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{name}.{region}.amazonaws.com")
}

fn state_of(endpoint: &Endpoint, now: SimTime) -> &'static str {
    match endpoint.gone_at {
        Some(_) => "deleting",
        None if now < endpoint.ready_at => "pending",
        None => "available",
    }
}

/// `DeleteVpcEndpoints`: what is not there is listed as unsuccessful, the call itself succeeds.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let sight = Sight::of(call);
    let mut unsuccessful = Vec::new();
    for id in p.list("VpcEndpointId") {
        match sight.find(&call.here_account().ec2.endpoints, &id) {
            Err(error) => unsuccessful
                .push(json!({ "resourceId": id, "error": { "code": error.code, "message": error.message } })),
            Ok(endpoint) if endpoint.gone_at.is_none() => {
                let gone = call.begin("ec2.vpc-endpoint.delete", &format!("{id}#delete"), &[]);
                let state = &mut call.account().ec2;
                sight.find_mut(&mut state.endpoints, &id)?.gone_at = Some(gone);
                eni::delete_managed(state, &id, gone);
            }
            Ok(_) => {}
        }
    }
    Ok(json!({ "unsuccessful": unsuccessful }))
}

/// `DescribeVpcEndpoints`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (sight, now) = (Sight::of(call), call.now);
    let rows = call
        .here_account()
        .ec2
        .endpoints
        .values()
        .filter(|endpoint| sight.sees(&endpoint.id, *endpoint))
        .map(|endpoint| {
            Row::new(&endpoint.id, xml(call, endpoint))
                .field("vpc-endpoint-id", &endpoint.id)
                .field("vpc-id", &endpoint.vpc)
                .field("service-name", &endpoint.service)
                .field("vpc-endpoint-state", state_of(endpoint, now))
                .field("vpc-endpoint-type", "Interface")
        })
        .collect();
    list::answer(
        call,
        p,
        "vpcEndpointSet",
        Some(Ids {
            param: "VpcEndpointId",
            not_found: not_found::<Endpoint>,
        }),
        rows,
    )
}

fn xml(call: &Call<'_>, endpoint: &Endpoint) -> Value {
    let state = &call.here_account().ec2;
    let groups: Vec<Value> = endpoint
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
    let mut names = vec![
        json!({ "dnsName": format!("{}.{}", endpoint.id, domain(&endpoint.service).replacen('.', ".vpce.", 1)), "hostedZoneId": "Z2VPCE" }),
    ];
    if endpoint.private_dns {
        names.push(json!({ "dnsName": domain(&endpoint.service), "hostedZoneId": "Z1PRIVATE" }));
    }
    json!({
        "vpcEndpointId": endpoint.id, "vpcEndpointType": "Interface", "vpcId": endpoint.vpc,
        "serviceName": endpoint.service, "state": state_of(endpoint, call.now), "policyDocument": endpoint.policy,
        "routeTableIdSet": [], "subnetIdSet": endpoint.subnets, "groupSet": groups, "ipAddressType": "ipv4",
        "privateDnsEnabled": endpoint.private_dns, "requesterManaged": false, "networkInterfaceIdSet": endpoint.enis,
        "dnsEntrySet": names, "creationTimestamp": call.world.settings.iso8601(endpoint.created),
        "ownerId": call.account_id(), "tagSet": tags::set(state, &endpoint.id),
    })
}
