//! Security groups. Each new group silently lets everything out.

use serde_json::{Value, json};

use super::cidr::Cidr;
use super::group_rule;
use super::list::{self, Ids, Row};
use super::params::Params;
use super::sight::{Sight, not_found};
use super::state::{GroupRule, Peer, SecurityGroup, State, Traffic};
use super::{quota, tags};
use crate::clock::SimTime;
use crate::world::{ApiError, Call, Reply};

const ALLOWED: &str = " ._-:/()#,@[]+=&;{}!$*";

/// A group with the rules that EC2 gives it: everything out, and for the default group everything from itself in.
pub(crate) fn new(
    call: &mut Call<'_>,
    vpc: &str,
    name: &str,
    description: &str,
    visible_at: SimTime,
    default: bool,
) -> SecurityGroup {
    let id = call.new_id("sg");
    let everything = || Traffic {
        protocol: "-1".to_owned(),
        from_port: -1,
        to_port: -1,
    };
    let mut rules = vec![GroupRule {
        id: call.new_id("sgr"),
        egress: true,
        traffic: everything(),
        peer: Peer::Cidr(Cidr::ANY),
        description: None,
        visible_at,
    }];
    if default {
        let account = call.account_id().to_owned();
        let peer = Peer::Group {
            account,
            id: id.clone(),
        };
        let id = call.new_id("sgr");
        rules.push(GroupRule {
            id,
            egress: false,
            traffic: everything(),
            peer,
            description: None,
            visible_at,
        });
    }
    SecurityGroup {
        id,
        vpc: vpc.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        rules,
        visible_at,
    }
}

/// `CreateSecurityGroup`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (name, description) = (p.required("GroupName")?, p.required("GroupDescription")?);
    let vpc = p.required("VpcId")?;
    check_words(&name, &description)?;
    let tags = tags::requested(p, "security-group")?;
    let state = &call.here_account().ec2;
    Sight::of(call).find(&state.vpcs, &vpc)?;
    if state
        .security_groups
        .values()
        .any(|one| one.vpc == vpc && one.name.eq_ignore_ascii_case(&name))
    {
        let text = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(ApiError::bad("InvalidGroup.Duplicate", text));
    }
    quota::security_groups(call)?;
    let mut group = new(call, &vpc, &name, &description, call.now, false);
    let visible_at = super::appears(call, "ec2.security-group", &group.id, &[&vpc]);
    group.visible_at = visible_at;
    group
        .rules
        .iter_mut()
        .for_each(|rule| rule.visible_at = visible_at);
    let id = group.id.clone();
    let arn = arn(call, &id);
    let state = &mut call.account().ec2;
    super::tag(state, &id, tags);
    state.security_groups.insert(id.clone(), group);
    Ok(json!({ "groupId": id, "securityGroupArn": arn, "tagSet": tags::set(state, &id), "return": true }))
}

fn check_words(name: &str, description: &str) -> Result<(), ApiError> {
    let refuse = |what: &str, set: &str| {
        let text = format!(
            "Invalid security group {what}. Valid {what}s are strings less than 256 characters from the following set:  {set}"
        );
        Err(ApiError::bad("InvalidParameterValue", text))
    };
    let valid = |text: &str| {
        text.chars()
            .all(|one| one.is_ascii_alphanumeric() || ALLOWED.contains(one))
    };
    if name.starts_with("sg-") {
        let text = format!(
            "Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*."
        );
        return Err(ApiError::bad("InvalidParameterValue", text));
    }
    if name.len() > 255 || !valid(name) {
        return refuse("name", "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
    }
    if description.len() > 255 || !valid(description) {
        return refuse("description", "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
    }
    Ok(())
}

/// `DeleteSecurityGroup`: not while an interface uses it or another group's rule names it.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let id = p.required("GroupId")?;
    let now = call.now;
    let state = &call.here_account().ec2;
    let group = Sight::of(call).find(&state.security_groups, &id)?;
    if group.name == "default" {
        let text = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(ApiError::bad("CannotDelete", text));
    }
    if in_use(state, &id, now) {
        return Err(ApiError::bad(
            "DependencyViolation",
            format!("resource {id} has a dependent object"),
        ));
    }
    let state = &mut call.account().ec2;
    state.security_groups.remove(&id);
    super::forget_tags(state);
    Ok(json!({ "return": true, "groupId": id }))
}

fn in_use(state: &State, id: &str, now: SimTime) -> bool {
    let named = |rule: &GroupRule| matches!(&rule.peer, Peer::Group { id: other, .. } if other == id);
    state
        .live_enis(now)
        .any(|eni| eni.groups.iter().any(|group| group == id))
        || state
            .security_groups
            .values()
            .any(|group| group.id != id && group.rules.iter().any(named))
}

/// `DescribeSecurityGroups`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let sight = Sight::of(call);
    let names = p.list("GroupName");
    let rows = call
        .here_account()
        .ec2
        .security_groups
        .values()
        .filter(|group| sight.sees(&group.id, *group) && (names.is_empty() || names.contains(&group.name)))
        .map(|group| row(call, &sight, group))
        .collect();
    list::answer(
        call,
        p,
        "securityGroupInfo",
        Some(Ids {
            param: "GroupId",
            not_found: not_found::<SecurityGroup>,
        }),
        rows,
    )
}

fn row(call: &Call<'_>, sight: &Sight, group: &SecurityGroup) -> Row {
    let mut row = Row::new(&group.id, xml(call, sight, group))
        .field("group-id", &group.id)
        .field("group-name", &group.name)
        .field("vpc-id", &group.vpc)
        .field("description", &group.description)
        .field("owner-id", call.account_id());
    for rule in group.rules.iter().filter(|rule| !rule.egress) {
        row = row
            .field("ip-permission.from-port", rule.traffic.from_port)
            .field("ip-permission.to-port", rule.traffic.to_port);
        if let Peer::Cidr(cidr) = &rule.peer {
            row = row.field("ip-permission.cidr", cidr);
        }
    }
    row
}

fn xml(call: &Call<'_>, sight: &Sight, group: &SecurityGroup) -> Value {
    let visible = |rule: &&GroupRule| sight.sees_from(&rule.id, rule.visible_at);
    let side = |egress: bool| {
        let rules: Vec<&GroupRule> = group
            .rules
            .iter()
            .filter(|rule| rule.egress == egress)
            .filter(visible)
            .collect();
        group_rule::permissions_xml(call, &rules)
    };
    json!({
        "groupId": group.id, "groupName": group.name, "groupDescription": group.description, "vpcId": group.vpc,
        "ownerId": call.account_id(), "securityGroupArn": arn(call, &group.id), "ipPermissions": side(false),
        "ipPermissionsEgress": side(true), "tagSet": tags::set(&call.here_account().ec2, &group.id),
    })
}

fn arn(call: &Call<'_>, id: &str) -> String {
    format!(
        "arn:{}:ec2:{}:{}:security-group/{id}",
        call.partition(),
        call.region(),
        call.account_id()
    )
}
