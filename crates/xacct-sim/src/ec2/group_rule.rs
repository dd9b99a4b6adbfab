//! Rules of security groups. A call changes all of the rules that it names or none.

use serde_json::{Value, json};

use super::list::{self, Ids, Row};
use super::params::{Params, invalid, missing, not_a_cidr};
use super::sight::Sight;
use super::state::{GroupRule, Peer, SecurityGroup, Traffic};
use super::{peering, quota, tags};
use crate::world::{ApiError, Call, Reply};

/// `AuthorizeSecurityGroupIngress`.
pub(crate) fn authorize_ingress(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    authorize(call, p, false)
}

/// `AuthorizeSecurityGroupEgress`.
pub(crate) fn authorize_egress(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    authorize(call, p, true)
}

/// `RevokeSecurityGroupIngress`.
pub(crate) fn revoke_ingress(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    revoke(call, p, false)
}

/// `RevokeSecurityGroupEgress`.
pub(crate) fn revoke_egress(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    revoke(call, p, true)
}

/// One rule as a call names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    traffic: Traffic,
    peer: Peer,
    description: Option<String>,
}

fn authorize(call: &mut Call<'_>, p: Params<'_>, egress: bool) -> Reply {
    let id = group_id(call, p)?;
    let wanted = permissions(call, p)?;
    let tags = tags::requested(p, "security-group-rule")?;
    let sight = Sight::of(call);
    let group = sight.find(&call.here_account().ec2.security_groups, &id)?;
    for (index, one) in wanted.iter().enumerate() {
        check_peer(call, group, &one.peer)?;
        if find(group, egress, one).is_some() || wanted[..index].iter().any(|other| same(other, one)) {
            return Err(duplicate(one));
        }
    }
    quota::rules(group.rules.iter().filter(|rule| rule.egress == egress).count() + wanted.len())?;
    let mut made = Vec::new();
    for one in wanted {
        let rule_id = call.new_id("sgr");
        let visible_at = super::appears(call, "ec2.security-group", &rule_id, &[&id]);
        super::tag(&mut call.account().ec2, &rule_id, tags.clone());
        let Wanted {
            traffic,
            peer,
            description,
        } = one;
        made.push(GroupRule {
            id: rule_id,
            egress,
            traffic,
            peer,
            description,
            visible_at,
        });
    }
    let group = sight.find_mut(&mut call.account().ec2.security_groups, &id)?;
    group.rules.extend(made.clone());
    let group = group.clone();
    let rules: Vec<Value> = made.iter().map(|rule| rule_xml(call, &group, rule)).collect();
    Ok(json!({ "return": true, "securityGroupRuleSet": rules }))
}

fn revoke(call: &mut Call<'_>, p: Params<'_>, egress: bool) -> Reply {
    let id = group_id(call, p)?;
    let by_id = p.list("SecurityGroupRuleId");
    let sight = Sight::of(call);
    let group = sight.find(&call.here_account().ec2.security_groups, &id)?.clone();
    let gone = if by_id.is_empty() {
        let wanted = permissions(call, p)?;
        wanted
            .iter()
            .map(|one| {
                find(&group, egress, one)
                    .map(|rule| rule.id.clone())
                    .ok_or_else(|| {
                        let text = "The specified rule does not exist in this security group.";
                        ApiError::bad("InvalidPermission.NotFound", text)
                    })
            })
            .collect::<Result<Vec<_>, _>>()?
    } else {
        for rule in &by_id {
            if !group
                .rules
                .iter()
                .any(|one| one.egress == egress && one.id == *rule)
            {
                let text = format!("The security group rule ID '{rule}' does not exist");
                return Err(ApiError::bad("InvalidSecurityGroupRuleId.NotFound", text));
            }
        }
        by_id
    };
    let rules: Vec<Value> = group
        .rules
        .iter()
        .filter(|rule| gone.contains(&rule.id))
        .map(|rule| revoked_xml(&group, rule))
        .collect();
    let state = &mut call.account().ec2;
    sight
        .find_mut(&mut state.security_groups, &id)?
        .rules
        .retain(|rule| !gone.contains(&rule.id));
    super::forget_tags(state);
    Ok(json!({ "return": true, "unknownIpPermissionSet": [], "revokedSecurityGroupRuleSet": rules }))
}

/// The group that a call names: by id, or by name in no VPC in particular (refused: not modelled).
fn group_id(_call: &Call<'_>, p: Params<'_>) -> Result<String, ApiError> {
    match (p.text("GroupId"), p.text("GroupName")) {
        (Some(id), _) => Ok(id),
        (None, Some(_)) => Err(ApiError::not_modelled("ec2", "security groups by name")),
        (None, None) => Err(ApiError::bad(
            "MissingParameter",
            "The request must contain the parameter groupName or groupId",
        )),
    }
}

fn find<'g>(group: &'g SecurityGroup, egress: bool, wanted: &Wanted) -> Option<&'g GroupRule> {
    group
        .rules
        .iter()
        .find(|rule| rule.egress == egress && rule.traffic == wanted.traffic && rule.peer == wanted.peer)
}

/// Descriptions do not tell rules apart.
fn same(a: &Wanted, b: &Wanted) -> bool {
    a.traffic == b.traffic && a.peer == b.peer
}

fn duplicate(wanted: &Wanted) -> ApiError {
    let peer = match &wanted.peer {
        Peer::Cidr(cidr) => cidr.to_string(),
        Peer::Cidr6(text) => text.clone(),
        Peer::Group { id, .. } | Peer::PrefixList(id) => id.clone(),
    };
    let Traffic {
        protocol,
        from_port,
        to_port,
    } = &wanted.traffic;
    let ports = match protocol.as_str() {
        "-1" => "ALL".to_owned(),
        name => format!(
            "{}, from port: {from_port}, to port: {to_port}",
            name.to_uppercase()
        ),
    };
    let text = format!("the specified rule \"peer: {peer}, {ports}, ALLOW\" already exists");
    ApiError::bad("InvalidPermission.Duplicate", text)
}

/// A group named as peer must be in the same VPC, or in one that an active peering joins to it.
fn check_peer(call: &Call<'_>, group: &SecurityGroup, peer: &Peer) -> Result<(), ApiError> {
    let Peer::Group { account, id } = peer else {
        return Ok(());
    };
    let found = call
        .world
        .account(account)
        .and_then(|account| account.ec2.security_groups.get(id));
    let Some(other) = found else {
        return Err(ApiError::bad(
            "InvalidGroup.NotFound",
            format!("The security group '{id}' does not exist"),
        ));
    };
    let here = *account == call.caller.account && other.vpc == group.vpc;
    if here
        || peering::joins(
            call.world,
            call.now,
            (call.account_id(), &group.vpc),
            (account, &other.vpc),
        )
    {
        return Ok(());
    }
    let text = "You have specified two resources that belong to different networks.";
    Err(ApiError::bad("InvalidGroup.NotFound", text))
}

/// Every rule that `IpPermissions`, or the short form for one rule, names.
fn permissions(call: &Call<'_>, p: Params<'_>) -> Result<Vec<Wanted>, ApiError> {
    let mut wanted = Vec::new();
    for permission in p.items("IpPermissions") {
        read_permission(call, permission, &mut wanted)?;
    }
    if let Some(cidr) = p.text("CidrIp") {
        let peer = Peer::Cidr(cidr.parse().map_err(|()| not_a_cidr("CidrIp", &cidr))?);
        wanted.push(Wanted {
            traffic: traffic(p)?,
            peer,
            description: None,
        });
    }
    if wanted.is_empty() {
        Err(missing("IpPermissions"))
    } else {
        Ok(wanted)
    }
}

fn read_permission(call: &Call<'_>, p: Params<'_>, wanted: &mut Vec<Wanted>) -> Result<(), ApiError> {
    let traffic = traffic(p)?;
    let mut add = |peer: Peer, item: Params<'_>| {
        let description = item.text("Description");
        wanted.push(Wanted {
            traffic: traffic.clone(),
            peer,
            description,
        });
    };
    for range in p.items("IpRanges") {
        let cidr = range.required("CidrIp")?;
        add(
            Peer::Cidr(cidr.parse().map_err(|()| not_a_cidr("CidrIp", &cidr))?),
            range,
        );
    }
    for range in p.items("Ipv6Ranges") {
        add(Peer::Cidr6(range.required("CidrIpv6")?), range);
    }
    for pair in p.items("Groups") {
        let account = pair
            .text("UserId")
            .unwrap_or_else(|| call.account_id().to_owned());
        add(
            Peer::Group {
                account,
                id: pair.required("GroupId")?,
            },
            pair,
        );
    }
    for list in p.items("PrefixListIds") {
        add(Peer::PrefixList(list.required("PrefixListId")?), list);
    }
    Ok(())
}

fn traffic(p: Params<'_>) -> Result<Traffic, ApiError> {
    let protocol = match p.required("IpProtocol")?.to_ascii_lowercase().as_str() {
        "all" | "-1" => "-1".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        name @ ("tcp" | "udp" | "icmp" | "icmpv6") => name.to_owned(),
        number if number.parse::<u8>().is_ok() => number.to_owned(),
        other => return Err(invalid("IpProtocol", other)),
    };
    if protocol == "-1" {
        return Ok(Traffic {
            protocol,
            from_port: -1,
            to_port: -1,
        });
    }
    let (from_port, to_port) = (p.number("FromPort")?, p.number("ToPort")?);
    let (Some(from_port), Some(to_port)) = (from_port, to_port) else {
        let text = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
        return Err(ApiError::bad("InvalidParameterValue", text));
    };
    let in_range = |port: i64| (-1..=65535).contains(&port);
    if !in_range(from_port) || !in_range(to_port) || from_port > to_port {
        let text = format!("Invalid TCP/UDP port range ({from_port}:{to_port})");
        return Err(ApiError::bad("InvalidParameterValue", text));
    }
    Ok(Traffic {
        protocol,
        from_port,
        to_port,
    })
}

/// `DescribeSecurityGroupRules`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let sight = Sight::of(call);
    let state = &call.here_account().ec2;
    let mut rows = Vec::new();
    for group in state
        .security_groups
        .values()
        .filter(|group| sight.sees(&group.id, *group))
    {
        for rule in group
            .rules
            .iter()
            .filter(|rule| sight.sees_from(&rule.id, rule.visible_at))
        {
            rows.push(
                Row::new(&rule.id, rule_xml(call, group, rule))
                    .field("security-group-rule-id", &rule.id)
                    .field("group-id", &group.id)
                    .field("is-egress", rule.egress),
            );
        }
    }
    let not_found = |id: &str| {
        ApiError::bad(
            "InvalidSecurityGroupRuleId.NotFound",
            format!("The security group rule ID '{id}' does not exist"),
        )
    };
    list::answer(
        call,
        p,
        "securityGroupRuleSet",
        Some(Ids {
            param: "SecurityGroupRuleId",
            not_found,
        }),
        rows,
    )
}

fn rule_xml(call: &Call<'_>, group: &SecurityGroup, rule: &GroupRule) -> Value {
    let mut xml = revoked_xml(group, rule);
    xml["groupOwnerId"] = json!(call.account_id());
    xml["tagSet"] = tags::set(&call.here_account().ec2, &rule.id);
    xml["securityGroupRuleArn"] = json!(format!(
        "arn:{}:ec2:{}:{}:security-group-rule/{}",
        call.partition(),
        call.region(),
        call.account_id(),
        rule.id
    ));
    if let Peer::Group { account, id } = &rule.peer {
        xml["referencedGroupInfo"] = json!({ "groupId": id, "userId": account });
    }
    xml
}

fn revoked_xml(group: &SecurityGroup, rule: &GroupRule) -> Value {
    let mut xml = json!({
        "securityGroupRuleId": rule.id, "groupId": group.id, "isEgress": rule.egress,
        "ipProtocol": rule.traffic.protocol, "fromPort": rule.traffic.from_port, "toPort": rule.traffic.to_port,
        "description": rule.description,
    });
    match &rule.peer {
        Peer::Cidr(cidr) => xml["cidrIpv4"] = json!(cidr.to_string()),
        Peer::Cidr6(text) => xml["cidrIpv6"] = json!(text),
        Peer::Group { id, .. } => xml["referencedGroupId"] = json!(id),
        Peer::PrefixList(id) => xml["prefixListId"] = json!(id),
    }
    xml
}

/// Rules as `DescribeSecurityGroups` shows them: those of the same traffic in one permission.
pub(crate) fn permissions_xml(call: &Call<'_>, rules: &[&GroupRule]) -> Value {
    let mut kinds: Vec<&Traffic> = Vec::new();
    for rule in rules {
        if !kinds.contains(&&rule.traffic) {
            kinds.push(&rule.traffic);
        }
    }
    kinds
        .into_iter()
        .map(|traffic| permission_xml(call, traffic, rules))
        .collect()
}

fn permission_xml(call: &Call<'_>, traffic: &Traffic, rules: &[&GroupRule]) -> Value {
    let (mut ranges, mut ranges6, mut groups, mut lists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for rule in rules.iter().filter(|rule| rule.traffic == *traffic) {
        let description = &rule.description;
        match &rule.peer {
            Peer::Cidr(cidr) => {
                ranges.push(json!({ "cidrIp": cidr.to_string(), "description": description }))
            }
            Peer::Cidr6(text) => ranges6.push(json!({ "cidrIpv6": text, "description": description })),
            Peer::PrefixList(id) => lists.push(json!({ "prefixListId": id, "description": description })),
            Peer::Group { account, id } => {
                let mut group = json!({ "userId": account, "groupId": id, "description": description });
                if *account != call.caller.account {
                    group["peeringStatus"] =
                        json!(peering::reference_status(call.world, call.now, account, id));
                }
                groups.push(group);
            }
        }
    }
    let mut xml = json!({
        "ipProtocol": traffic.protocol, "ipRanges": ranges, "ipv6Ranges": ranges6, "groups": groups,
        "prefixListIds": lists,
    });
    if traffic.protocol != "-1" {
        xml["fromPort"] = json!(traffic.from_port);
        xml["toPort"] = json!(traffic.to_port);
    }
    xml
}
