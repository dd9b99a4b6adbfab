//! Internet gateways.

use serde_json::{Value, json};

use super::list::{self, Ids, Row};
use super::params::Params;
use super::sight::{Sight, not_found};
use super::state::{InternetGateway, State};
use super::{dependency, quota, tags};
use crate::world::{ApiError, Call, Reply};

/// `CreateInternetGateway`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let tags = tags::requested(p, "internet-gateway")?;
    quota::internet_gateways(call)?;
    let id = call.new_id("igw");
    let visible_at = super::appears(call, "ec2.internet-gateway", &id, &[]);
    let gateway = InternetGateway {
        id: id.clone(),
        vpc: None,
        visible_at,
    };
    let owner = call.account_id().to_owned();
    let state = &mut call.account().ec2;
    super::tag(state, &id, tags);
    let answer = json!({ "internetGateway": xml(state, &owner, &gateway) });
    state.internet_gateways.insert(id, gateway);
    Ok(answer)
}

/// `AttachInternetGateway`: one gateway per VPC, one VPC per gateway.
pub(crate) fn attach(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (id, vpc) = (p.required("InternetGatewayId")?, p.required("VpcId")?);
    let sight = Sight::of(call);
    let state = &call.here_account().ec2;
    sight.find(&state.vpcs, &vpc)?;
    let gateway = sight.find(&state.internet_gateways, &id)?;
    if let Some(held) = &gateway.vpc {
        let text = format!("resource {id} is already attached to network {held}");
        return Err(ApiError::bad("Resource.AlreadyAssociated", text));
    }
    if state
        .internet_gateways
        .values()
        .any(|one| one.vpc.as_ref() == Some(&vpc))
    {
        let text = format!("Network {vpc} already has an internet gateway attached");
        return Err(ApiError::bad("InvalidParameterValue", text));
    }
    sight
        .find_mut(&mut call.account().ec2.internet_gateways, &id)?
        .vpc = Some(vpc);
    Ok(json!({ "return": true }))
}

/// `DetachInternetGateway`: not while the VPC has public addresses in use.
pub(crate) fn detach(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (id, vpc) = (p.required("InternetGatewayId")?, p.required("VpcId")?);
    let (sight, now) = (Sight::of(call), call.now);
    let state = &call.here_account().ec2;
    let gateway = sight.find(&state.internet_gateways, &id)?;
    if gateway.vpc.as_ref() != Some(&vpc) {
        let text = format!("resource {id} is not attached to network {vpc}");
        return Err(ApiError::bad("Gateway.NotAttached", text));
    }
    if state
        .live_enis(now)
        .any(|eni| eni.vpc == vpc && eni.public_ip.is_some())
    {
        let text = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return Err(ApiError::bad("DependencyViolation", text));
    }
    sight
        .find_mut(&mut call.account().ec2.internet_gateways, &id)?
        .vpc = None;
    Ok(json!({ "return": true }))
}

/// `DeleteInternetGateway`.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("InternetGatewayId")?;
    let gateway = Sight::of(call).find(&call.here_account().ec2.internet_gateways, &id)?;
    if gateway.vpc.is_some() {
        return Err(dependency("internetGateway", &id));
    }
    let state = &mut call.account().ec2;
    state.internet_gateways.remove(&id);
    super::forget_tags(state);
    Ok(json!({ "return": true }))
}

/// `DescribeInternetGateways`. An attachment's state is `available`, though the API's enumeration does not list it.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (sight, owner) = (Sight::of(call), call.account_id());
    let state = &call.here_account().ec2;
    let rows = state
        .internet_gateways
        .values()
        .filter(|gateway| sight.sees(&gateway.id, *gateway))
        .map(|gateway| {
            Row::new(&gateway.id, xml(state, owner, gateway))
                .field("internet-gateway-id", &gateway.id)
                .field("owner-id", owner)
                .fields("attachment.vpc-id", gateway.vpc.clone())
                .fields(
                    "attachment.state",
                    gateway.vpc.as_ref().map(|_| "available".to_owned()),
                )
        })
        .collect();
    let ids = Ids {
        param: "InternetGatewayId",
        not_found: not_found::<InternetGateway>,
    };
    list::answer(call, p, "internetGatewaySet", Some(ids), rows)
}

fn xml(state: &State, owner: &str, gateway: &InternetGateway) -> Value {
    let attachments: Vec<Value> = gateway
        .vpc
        .iter()
        .map(|vpc| json!({ "vpcId": vpc, "state": "available" }))
        .collect();
    json!({
        "internetGatewayId": gateway.id, "ownerId": owner, "attachmentSet": attachments,
        "tagSet": tags::set(state, &gateway.id),
    })
}
