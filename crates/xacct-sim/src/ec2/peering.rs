//! VPC peering between two accounts of one region.
//!
//! A peering is kept in the account that asked for it; the other account sees it a little later, with its own tags.
//! Ended ones stay visible as tombstones (docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html).

use std::time::Duration;

use serde_json::{Value, json};

use super::list::{self, Ids, Row};
use super::params::Params;
use super::sight::Sight;
use super::state::{Peering, PeeringEnd, Side};
use super::{quota, tags};
use crate::clock::SimTime;
use crate::world::{ApiError, Call, Reply, World};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// A request that nobody accepts expires.
const EXPIRES_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// Every peering with the account that asked for it.
pub(crate) fn all(world: &World) -> impl Iterator<Item = (&str, &Peering)> {
    world.accounts.values().flat_map(|account| {
        account
            .ec2
            .peerings
            .values()
            .map(|one| (account.id.as_str(), one))
    })
}

pub(crate) fn by_id<'w>(world: &'w World, id: &str) -> Option<&'w Peering> {
    world
        .accounts
        .values()
        .find_map(|account| account.ec2.peerings.get(id))
}

/// The state of a peering at an instant.
pub(crate) fn status(pcx: &Peering, now: SimTime) -> &'static str {
    if let Some(end) = &pcx.end {
        return if end.status == "deleted" && now < end.done {
            "deleting"
        } else {
            end.status
        };
    }
    match pcx.active_at {
        Some(at) if now >= at => "active",
        Some(_) => "provisioning",
        None if now < pcx.pending_at => "initiating-request",
        None if pcx.failed => "failed",
        None if now >= pcx.created + EXPIRES_AFTER => "expired",
        None => "pending-acceptance",
    }
}

/// Whether it stands for something: asked for, or there.
pub(crate) fn is_live(pcx: &Peering, now: SimTime) -> bool {
    matches!(
        status(pcx, now),
        "initiating-request" | "pending-acceptance" | "provisioning" | "active"
    ) && !pcx.failed
}

/// Whether an active peering joins two VPCs.
pub(crate) fn joins(world: &World, now: SimTime, a: (&str, &str), b: (&str, &str)) -> bool {
    all(world).any(|(_, pcx)| {
        let ends = [(&pcx.requester, &pcx.accepter), (&pcx.accepter, &pcx.requester)];
        let is = |side: &Side, (account, vpc): (&str, &str)| side.account == account && side.vpc == vpc;
        status(pcx, now) == "active" && ends.iter().any(|(one, other)| is(one, a) && is(other, b))
    })
}

/// `peeringStatus` of a rule that names another account's group: `active`, or `deleted` when it is stale.
pub(crate) fn reference_status(world: &World, now: SimTime, account: &str, group: &str) -> &'static str {
    let vpc = world
        .account(account)
        .and_then(|account| account.ec2.security_groups.get(group))
        .map(|group| &group.vpc);
    let joined = all(world).any(|(_, pcx)| {
        let touches = [&pcx.requester, &pcx.accepter]
            .iter()
            .any(|side| Some(&side.vpc) == vpc);
        touches && status(pcx, now) == "active"
    });
    if joined { "active" } else { "deleted" }
}

/// Whether an account can see a peering: late on the accepter's side, not for ever after the end.
fn sees(sight: &Sight, account: &str, pcx: &Peering, now: SimTime) -> bool {
    let requester = pcx.requester.account == account;
    let accepter = pcx.accepter.account == account;
    if !requester && !accepter {
        return false;
    }
    let from = if requester {
        pcx.visible_at
    } else {
        pcx.accepter_visible_at
    };
    let until = match &pcx.end {
        Some(end) if end.status == "rejected" => Some(end.done + if accepter { 2 * HOUR } else { 2 * DAY }),
        Some(end) => Some(end.done + if end.by == account { 2 * HOUR } else { 2 * DAY }),
        None if pcx.failed && requester => Some(pcx.pending_at + 2 * HOUR),
        None if pcx.failed => Some(SimTime::ZERO),
        None if pcx.active_at.is_none() => Some(pcx.created + EXPIRES_AFTER + 2 * DAY),
        None => None,
    };
    sight.sees_from(&pcx.id, from) && until.is_none_or(|until| now < until)
}

/// Looks up a peering as the caller sees it.
///
/// # Errors
/// `InvalidVpcPeeringConnectionID.NotFound`, for a while also after a successful Describe.
pub(crate) fn find<'c>(call: &'c Call<'_>, id: &str) -> Result<&'c Peering, ApiError> {
    let sight = Sight::of(call);
    by_id(call.world, id)
        .filter(|pcx| sees(&sight, call.account_id(), pcx, call.now))
        .ok_or_else(|| not_found(id))
}

fn not_found(id: &str) -> ApiError {
    let text = format!("The vpcPeeringConnection ID '{id}' does not exist");
    ApiError::bad("InvalidVpcPeeringConnectionID.NotFound", text)
}

fn change(call: &mut Call<'_>, id: &str, with: impl FnOnce(&mut Peering)) {
    if let Some(pcx) = call
        .world
        .accounts
        .values_mut()
        .find_map(|account| account.ec2.peerings.get_mut(id))
    {
        with(pcx);
    }
}

/// `CreateVpcPeeringConnection`: overlapping blocks or a wrong peer end as `failed`, not as an error. Asking again in
/// the same direction gives what is there; asking in the other direction makes a second one.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (vpc, peer_vpc) = (p.required("VpcId")?, p.required("PeerVpcId")?);
    let owner = p
        .text("PeerOwnerId")
        .unwrap_or_else(|| call.account_id().to_owned());
    if p.text("PeerRegion").is_some_and(|region| region != call.region()) {
        return Err(ApiError::not_modelled("ec2", "peering between regions"));
    }
    let tags = tags::requested(p, "vpc-peering-connection")?;
    let block = Sight::of(call).find(&call.here_account().ec2.vpcs, &vpc)?.cidr;
    let requester = Side {
        account: call.account_id().to_owned(),
        vpc,
        cidr: block,
    };
    let same = |a: &Side, b: (&str, &str)| (a.account.as_str(), a.vpc.as_str()) == b;
    let existing = call.here_account().ec2.peerings.values().find(|pcx| {
        is_live(pcx, call.now)
            && same(&pcx.requester, (&requester.account, &requester.vpc))
            && same(&pcx.accepter, (&owner, &peer_vpc))
    });
    if let Some(pcx) = existing {
        return Ok(json!({ "vpcPeeringConnection": xml(call, pcx) }));
    }
    let holds = |pcx: &&Peering| pcx.requester.vpc == requester.vpc && is_live(pcx, call.now);
    quota::peerings(call.here_account().ec2.peerings.values().filter(holds).count())?;
    let pcx = request(call, requester, &owner, &peer_vpc);
    let state = &mut call.account().ec2;
    super::tag(state, &pcx.id, tags);
    state.peerings.insert(pcx.id.clone(), pcx.clone());
    Ok(json!({ "vpcPeeringConnection": xml(call, &pcx) }))
}

fn request(call: &mut Call<'_>, requester: Side, owner: &str, peer_vpc: &str) -> Peering {
    let peer = call
        .world
        .account(owner)
        .and_then(|account| account.ec2.vpcs.get(peer_vpc))
        .map(|vpc| vpc.cidr);
    let failed = call.world.doom || peer.is_none_or(|peer| peer.overlaps(requester.cidr));
    let id = call.new_id("pcx");
    let (visible_at, pending_at) =
        super::stateful(call, "ec2.peering.request", &id, &[&requester.vpc, peer_vpc]);
    Peering {
        accepter: Side {
            account: owner.to_owned(),
            vpc: peer_vpc.to_owned(),
            cidr: peer.unwrap_or(super::cidr::Cidr::ANY),
        },
        requester,
        created: call.now,
        visible_at,
        accepter_visible_at: call.visible_at("ec2.peering.accepter-visible", &id),
        pending_at,
        failed,
        active_at: None,
        end: None,
        id,
    }
}

/// `AcceptVpcPeeringConnection`.
pub(crate) fn accept(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("VpcPeeringConnectionId")?;
    let pcx = find(call, &id)?.clone();
    if pcx.accepter.account != call.caller.account {
        let text = format!("User {} cannot accept peering {id}", call.account_id());
        return Err(ApiError::bad("OperationNotPermitted", text));
    }
    let now = call.now;
    if status(&pcx, now) != "pending-acceptance" {
        return Err(transition(&id, status(&pcx, now), "active"));
    }
    let (requester, accepter) = (&pcx.requester, &pcx.accepter);
    let other = all(call.world).find(|(_, one)| {
        let pair = |a: &Side, b: &Side| a.vpc == requester.vpc && b.vpc == accepter.vpc;
        let between = pair(&one.requester, &one.accepter) || pair(&one.accepter, &one.requester);
        between && one.id != id && matches!(status(one, now), "active" | "provisioning")
    });
    if let Some((_, other)) = other {
        let text = format!(
            "The vpc peering connection identified by {} already exists.",
            other.id
        );
        return Err(ApiError::bad("VpcPeeringConnectionAlreadyExists", text));
    }
    let active_at = call.begin("ec2.peering.accept", &id, &[&id]);
    change(call, &id, |pcx| pcx.active_at = Some(active_at));
    let pcx = find(call, &id)?;
    Ok(json!({ "vpcPeeringConnection": xml(call, pcx) }))
}

/// `RejectVpcPeeringConnection`.
pub(crate) fn reject(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("VpcPeeringConnectionId")?;
    let pcx = find(call, &id)?;
    let found = status(pcx, call.now);
    if pcx.accepter.account != call.caller.account {
        let text = format!("User {} cannot reject peering {id}", call.account_id());
        return Err(ApiError::bad("OperationNotPermitted", text));
    }
    if found != "pending-acceptance" {
        return Err(transition(&id, found, "rejected"));
    }
    let (now, by) = (call.now, call.account_id().to_owned());
    change(call, &id, |pcx| {
        pcx.end = Some(PeeringEnd {
            status: "rejected",
            by,
            done: now,
        })
    });
    Ok(json!({ "return": true }))
}

/// `DeleteVpcPeeringConnection`: by either side when active, by the requester while pending.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("VpcPeeringConnectionId")?;
    let pcx = find(call, &id)?;
    let found = status(pcx, call.now);
    let requester = pcx.requester.account == call.caller.account;
    let allowed = match found {
        "active" | "provisioning" => true,
        "initiating-request" | "pending-acceptance" => requester,
        _ => false,
    };
    if !allowed {
        return Err(transition(&id, found, "deleting"));
    }
    let done = call.begin("ec2.peering.delete", &format!("{id}#delete"), &[]);
    let by = call.account_id().to_owned();
    change(call, &id, |pcx| {
        pcx.end = Some(PeeringEnd {
            status: "deleted",
            by,
            done,
        })
    });
    Ok(json!({ "return": true }))
}

fn transition(id: &str, from: &str, to: &str) -> ApiError {
    let text = format!("Invalid state transition for {id}, attempted to transition from {from} to {to}");
    ApiError::bad("InvalidStateTransition", text)
}

/// `DescribeVpcPeeringConnections`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (sight, now) = (Sight::of(call), call.now);
    let rows = all(call.world)
        .filter(|(_, pcx)| sees(&sight, call.account_id(), pcx, now))
        .map(|(_, pcx)| {
            Row::new(&pcx.id, xml(call, pcx))
                .field("vpc-peering-connection-id", &pcx.id)
                .field("status-code", status(pcx, now))
                .field("requester-vpc-info.vpc-id", &pcx.requester.vpc)
                .field("requester-vpc-info.owner-id", &pcx.requester.account)
                .field("requester-vpc-info.cidr-block", pcx.requester.cidr)
                .field("accepter-vpc-info.vpc-id", &pcx.accepter.vpc)
                .field("accepter-vpc-info.owner-id", &pcx.accepter.account)
        })
        .collect();
    let ids = Ids {
        param: "VpcPeeringConnectionId",
        not_found,
    };
    list::answer(call, p, "vpcPeeringConnectionSet", Some(ids), rows)
}

fn xml(call: &Call<'_>, pcx: &Peering) -> Value {
    let found = status(pcx, call.now);
    let side = |side: &Side, with_block: bool| {
        let mut xml = json!({ "ownerId": side.account, "vpcId": side.vpc, "region": call.region() });
        if with_block {
            xml["cidrBlock"] = json!(side.cidr.to_string());
            xml["cidrBlockSet"] = json!([{ "cidrBlock": side.cidr.to_string() }]);
            xml["peeringOptions"] = json!({ "allowDnsResolutionFromRemoteVpc": false });
        }
        xml
    };
    let mut xml = json!({
        "vpcPeeringConnectionId": pcx.id, "requesterVpcInfo": side(&pcx.requester, true),
        // The accepter's block shows only once the peering is active.
        "accepterVpcInfo": side(&pcx.accepter, found == "active"),
        "status": { "code": found, "message": message(pcx, found) },
        "tagSet": tags::set(&call.here_account().ec2, &pcx.id),
    });
    if matches!(found, "initiating-request" | "pending-acceptance") {
        xml["expirationTime"] = json!(call.world.settings.iso8601(pcx.created + EXPIRES_AFTER));
    }
    xml
}

fn message(pcx: &Peering, found: &str) -> String {
    match found {
        "initiating-request" => format!("Initiating Request to {}", pcx.accepter.account),
        "pending-acceptance" => format!("Pending Acceptance by {}", pcx.accepter.account),
        "provisioning" => "Provisioning".to_owned(),
        "active" => "Active".to_owned(),
        "failed" => "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range".to_owned(),
        "expired" => "Expired".to_owned(),
        "rejected" => format!("Rejected by {}", pcx.accepter.account),
        "deleting" => "Deleting".to_owned(),
        _ => pcx
            .end
            .as_ref()
            .map_or_else(String::new, |end| format!("Deleted by {}", end.by)),
    }
}
