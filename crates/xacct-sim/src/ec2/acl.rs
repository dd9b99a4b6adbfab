//! Network ACLs: stateless, numbered, the lowest matching number decides.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cidr::Cidr;
use super::list::{self, Ids, Row};
use super::params::{Params, invalid, missing};
use super::sight::{Sight, not_found};
use super::state::{AclEntry, NetworkAcl, State};
use super::{dependency, quota, tags};
use crate::world::{ApiError, Call, Reply};

/// The number of the entry that ends every list: deny all.
const LAST: i64 = 32767;

fn everything(allow: bool) -> AclEntry {
    AclEntry {
        allow,
        protocol: "-1".to_owned(),
        cidr: Cidr::ANY,
        ports: None,
    }
}

/// Entries of a default ACL: everything passes.
pub(crate) fn open_entries() -> BTreeMap<(bool, i64), AclEntry> {
    [false, true]
        .into_iter()
        .flat_map(|egress| {
            [
                ((egress, 100), everything(true)),
                ((egress, LAST), everything(false)),
            ]
        })
        .collect()
}

/// Entries of a new ACL: nothing passes.
fn closed_entries() -> BTreeMap<(bool, i64), AclEntry> {
    [
        ((false, LAST), everything(false)),
        ((true, LAST), everything(false)),
    ]
    .into()
}

/// `CreateNetworkAcl`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    if let Some(id) = super::repeated(call, "CreateNetworkAcl", p)?
        && let Some(acl) = call.here_account().ec2.network_acls.get(&id)
    {
        return Ok(json!({ "networkAcl": xml(call, acl), "clientToken": p.text("ClientToken") }));
    }
    let vpc = p.required("VpcId")?;
    let tags = tags::requested(p, "network-acl")?;
    Sight::of(call).find(&call.here_account().ec2.vpcs, &vpc)?;
    quota::network_acls(call, &vpc)?;
    let id = call.new_id("acl");
    let visible_at = super::appears(call, "ec2.route-table", &id, &[&vpc]);
    let (entries, associations) = (closed_entries(), BTreeMap::new());
    let acl = NetworkAcl {
        id: id.clone(),
        vpc,
        default: false,
        entries,
        associations,
        visible_at,
    };
    let state = &mut call.account().ec2;
    super::tag(state, &id, tags);
    state.network_acls.insert(id.clone(), acl.clone());
    super::remember(call, "CreateNetworkAcl", p, &id);
    Ok(json!({ "networkAcl": xml(call, &acl), "clientToken": p.text("ClientToken") }))
}

/// `DeleteNetworkAcl`.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("NetworkAclId")?;
    let acl = Sight::of(call).find(&call.here_account().ec2.network_acls, &id)?;
    if acl.default {
        return Err(ApiError::bad(
            "InvalidParameterValue",
            format!("cannot delete default network ACL {id}"),
        ));
    }
    if !acl.associations.is_empty() {
        return Err(dependency("networkAcl", &id));
    }
    let state = &mut call.account().ec2;
    state.network_acls.remove(&id);
    super::forget_tags(state);
    Ok(json!({ "return": true }))
}

/// `CreateNetworkAclEntry`.
pub(crate) fn create_entry(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("NetworkAclId")?;
    let (egress, number) = place(p)?;
    if !(1..=32766).contains(&number) {
        return Err(invalid("RuleNumber", &number.to_string()));
    }
    let protocol = match p.required("Protocol")?.as_str() {
        "-1" | "all" => "-1".to_owned(),
        "tcp" => "6".to_owned(),
        "udp" => "17".to_owned(),
        other => other.to_owned(),
    };
    let ports = match p.sub("PortRange") {
        Some(range) => Some((
            range.number("From")?.ok_or_else(|| missing("PortRange.From"))?,
            range.number("To")?.ok_or_else(|| missing("PortRange.To"))?,
        )),
        None if matches!(protocol.as_str(), "6" | "17") => return Err(missing("PortRange")),
        None => None,
    };
    let entry = AclEntry {
        allow: p.required("RuleAction")? == "allow",
        protocol,
        cidr: p.cidr("CidrBlock")?,
        ports,
    };
    let sight = Sight::of(call);
    let acl = sight.find_mut(&mut call.account().ec2.network_acls, &id)?;
    if acl.entries.contains_key(&(egress, number)) {
        let text = format!("The network acl entry identified by {number} already exists.");
        return Err(ApiError::bad("NetworkAclEntryAlreadyExists", text));
    }
    acl.entries.insert((egress, number), entry);
    Ok(json!({ "return": true }))
}

/// `DeleteNetworkAclEntry`.
pub(crate) fn delete_entry(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("NetworkAclId")?;
    let (egress, number) = place(p)?;
    let sight = Sight::of(call);
    let acl = sight.find_mut(&mut call.account().ec2.network_acls, &id)?;
    if number == LAST || acl.entries.remove(&(egress, number)).is_none() {
        let text = format!("The network acl entry identified by rule number {number} does not exist in {id}");
        return Err(ApiError::bad("InvalidNetworkAclEntry.NotFound", text));
    }
    Ok(json!({ "return": true }))
}

fn place(p: Params<'_>) -> Result<(bool, i64), ApiError> {
    let egress = p.flag("Egress").ok_or_else(|| missing("Egress"))?;
    let number = p.number("RuleNumber")?.ok_or_else(|| missing("RuleNumber"))?;
    Ok((egress, number))
}

/// `ReplaceNetworkAclAssociation`.
pub(crate) fn replace_association(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (old, acl_id) = (p.required("AssociationId")?, p.required("NetworkAclId")?);
    let sight = Sight::of(call);
    sight.find(&call.here_account().ec2.network_acls, &acl_id)?;
    let id = call.new_id("aclassoc");
    let state = &mut call.account().ec2;
    let subnet = take_association(state, &old)?;
    sight
        .find_mut(&mut state.network_acls, &acl_id)?
        .associations
        .insert(subnet, id.clone());
    Ok(json!({ "newAssociationId": id }))
}

fn take_association(state: &mut State, id: &str) -> Result<String, ApiError> {
    for acl in state.network_acls.values_mut() {
        let subnet = acl
            .associations
            .iter()
            .find(|(_, association)| *association == id)
            .map(|(subnet, _)| subnet.clone());
        if let Some(subnet) = subnet {
            acl.associations.remove(&subnet);
            return Ok(subnet);
        }
    }
    Err(ApiError::bad(
        "InvalidAssociationID.NotFound",
        format!("The association ID '{id}' does not exist"),
    ))
}

/// `DescribeNetworkAcls`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let sight = Sight::of(call);
    let rows = call
        .here_account()
        .ec2
        .network_acls
        .values()
        .filter(|acl| sight.sees(&acl.id, *acl))
        .map(|acl| {
            Row::new(&acl.id, xml(call, acl))
                .field("network-acl-id", &acl.id)
                .field("vpc-id", &acl.vpc)
                .field("default", acl.default)
                .field("owner-id", call.account_id())
                .fields("association.subnet-id", acl.associations.keys().cloned())
                .fields(
                    "entry.cidr",
                    acl.entries.values().map(|entry| entry.cidr.to_string()),
                )
        })
        .collect();
    list::answer(
        call,
        p,
        "networkAclSet",
        Some(Ids {
            param: "NetworkAclId",
            not_found: not_found::<NetworkAcl>,
        }),
        rows,
    )
}

fn xml(call: &Call<'_>, acl: &NetworkAcl) -> Value {
    let associations: Vec<Value> = acl
        .associations
        .iter()
        .map(|(subnet, id)| json!({ "networkAclAssociationId": id, "networkAclId": acl.id, "subnetId": subnet }))
        .collect();
    let entries: Vec<Value> = acl
        .entries
        .iter()
        .map(|((egress, number), entry)| {
            json!({
                "ruleNumber": number, "egress": egress, "protocol": entry.protocol,
                "ruleAction": if entry.allow { "allow" } else { "deny" }, "cidrBlock": entry.cidr.to_string(),
                "portRange": entry.ports.map(|(from, to)| json!({ "from": from, "to": to })),
            })
        })
        .collect();
    json!({
        "networkAclId": acl.id, "vpcId": acl.vpc, "ownerId": call.account_id(), "default": acl.default,
        "associationSet": associations, "entrySet": entries, "tagSet": tags::set(&call.here_account().ec2, &acl.id),
    })
}
