//! Operations on rules and their associations.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::endpoints::arn;
use super::{
    Association, Direction, Rule, Target, check_creator_request_id, check_name, exists, invalid_parameter,
    invalid_request, lists, not_found, required, tags_of, text,
};
use crate::placement;
use crate::world::{ApiError, Call, Reply};

/// Most rules of an account and region, and targets of a rule (Route 53 developer guide, "Quotas").
const MOST_RULES: usize = 1000;
const MOST_TARGETS: usize = 6;

fn unavailable(message: String, kind: &str) -> ApiError {
    ApiError::bad("ResourceUnavailableException", message).with("ResourceType", kind)
}

pub(super) fn create(call: &mut Call<'_>, params: &Value) -> Reply {
    let creator_request_id = check_creator_request_id(params)?;
    let name = text(params, "Name").map(str::to_owned);
    check_name(name.as_deref())?;
    let kind = required(params, "RuleType")?.to_owned();
    let domain = domain(required(params, "DomainName")?)?;
    let targets = targets(params.get("TargetIps"))?;
    let endpoint = text(params, "ResolverEndpointId").map(str::to_owned);
    check_kind(call, &kind, &targets, endpoint.as_deref())?;
    check_account(call, &creator_request_id)?;
    let id = call.new_id("rslvr-rr");
    let mut needed: Vec<String> = endpoint.iter().cloned().collect();
    needed.extend(unchosen_inbound(call, &targets));
    let ready_at = placement::begin(call, "resolver.rule", &id, &needed);
    let rule = Rule {
        arn: arn(call, "resolver-rule", &id),
        id: id.clone(),
        created_at: call.now,
        modified_at: call.now,
        gone_at: None,
        creator_request_id,
        name,
        domain,
        kind,
        targets,
        endpoint,
        ready_at,
        failed: call.world.doom,
    };
    let tags = tags_of(params);
    let state = &mut call.account().resolver;
    state.tags.insert(rule.arn.clone(), tags);
    state.rules.insert(id.clone(), rule);
    shown(call, &id)
}

fn check_kind(
    call: &Call<'_>,
    kind: &str,
    targets: &[Target],
    endpoint: Option<&str>,
) -> Result<(), ApiError> {
    match kind {
        "FORWARD" => check_forward(call, targets, endpoint),
        "SYSTEM" if targets.is_empty() && endpoint.is_none() => Ok(()),
        "SYSTEM" => Err(invalid_request(
            "Cannot specify target IP addresses or a resolver endpoint for a SYSTEM rule.",
        )),
        other => {
            let text = format!("Value '{other}' is not a rule type that can be created.");
            Err(invalid_parameter("RuleType", text))
        }
    }
}

fn check_account(call: &Call<'_>, creator_request_id: &str) -> Result<(), ApiError> {
    let rules = &call.here_account().resolver.rules;
    if rules
        .values()
        .any(|rule| rule.creator_request_id == creator_request_id)
    {
        let text = format!("Resolver Rule with creator request id {creator_request_id} already exists");
        return Err(exists("ResolverRule", text));
    }
    if rules.len() >= MOST_RULES {
        let text = format!("Cannot have more than {MOST_RULES} resolver rules per account and Region.");
        return Err(ApiError::bad("LimitExceededException", text).with("ResourceType", "ResolverRule"));
    }
    Ok(())
}

/// Inbound endpoints whose addresses could be known only once they were attached.
fn unchosen_inbound(call: &Call<'_>, targets: &[Target]) -> Vec<String> {
    let endpoints = call
        .world
        .accounts
        .values()
        .flat_map(|account| account.resolver.endpoints.values());
    endpoints
        .filter(|endpoint| endpoint.direction == Direction::Inbound)
        .filter(|endpoint| {
            endpoint
                .ips
                .iter()
                .any(|ip| !ip.chosen && targets.iter().any(|target| target.ip == ip.ip))
        })
        .map(|endpoint| endpoint.id.clone())
        .collect()
}

/// Names are kept in lower case, with a dot at the end.
fn domain(given: &str) -> Result<String, ApiError> {
    let bare = given.trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_graphic())
            && !label.contains([':', '/'])
    };
    let legal = given == "." || (given.len() <= 256 && bare.split('.').all(label));
    match legal {
        true => Ok(format!("{bare}.")),
        false => Err(invalid_parameter(
            "DomainName",
            format!("Invalid domain name: '{given}'"),
        )),
    }
}

fn targets(given: Option<&Value>) -> Result<Vec<Target>, ApiError> {
    let mut targets = Vec::new();
    for target in given.and_then(Value::as_array).into_iter().flatten() {
        let ip = required(target, "Ip")?;
        let ip: Ipv4Addr = ip
            .parse()
            .map_err(|_| invalid_parameter("TargetIps", format!("Invalid IP address: '{ip}'")))?;
        let port = target.get("Port").and_then(Value::as_u64).unwrap_or(53);
        let port = u16::try_from(port)
            .map_err(|_| invalid_parameter("TargetIps", format!("Invalid port: {port}")))?;
        let target = Target { ip, port };
        if targets.contains(&target) {
            return Err(invalid_parameter(
                "TargetIps",
                format!("Duplicate target IP address: '{ip}'"),
            ));
        }
        targets.push(target);
    }
    if targets.len() > MOST_TARGETS {
        let text = format!("Cannot have more than {MOST_TARGETS} target IP addresses per resolver rule.");
        return Err(ApiError::bad("LimitExceededException", text).with("ResourceType", "ResolverRule"));
    }
    Ok(targets)
}

/// A forwarding rule needs targets and a finished outbound endpoint.
fn check_forward(call: &Call<'_>, targets: &[Target], endpoint: Option<&str>) -> Result<(), ApiError> {
    if targets.is_empty() {
        return Err(invalid_request(
            "FORWARD rules must have at least one target IP address.",
        ));
    }
    let id = endpoint.ok_or_else(|| invalid_request("FORWARD rules must have a resolver endpoint."))?;
    let endpoint = call
        .here_account()
        .resolver
        .endpoint(id)
        .ok_or_else(|| not_found("ResolverEndpoint", id))?;
    if endpoint.direction != Direction::Outbound {
        return Err(invalid_request(
            "The resolver endpoint of a rule must be an OUTBOUND endpoint.",
        ));
    }
    match endpoint.is_operational(call.now) {
        true => Ok(()),
        false => {
            let text = format!(
                "Resolver endpoint '{id}' is not available: its status is {}.",
                endpoint.status(call.now)
            );
            Err(unavailable(text, "ResolverEndpoint"))
        }
    }
}

fn find<'a>(call: &'a Call<'_>, id: &str) -> Result<&'a Rule, ApiError> {
    call.here_account()
        .resolver
        .rules
        .get(id)
        .ok_or_else(|| not_found("ResolverRule", id))
}

fn shown(call: &Call<'_>, id: &str) -> Reply {
    Ok(json!({ "ResolverRule": render(call, find(call, id)?) }))
}

fn render(call: &Call<'_>, rule: &Rule) -> Value {
    let targets: Vec<Value> = rule
        .targets
        .iter()
        .map(|target| json!({ "Ip": target.ip.to_string(), "Port": target.port, "Protocol": "Do53" }))
        .collect();
    json!({
        "Id": rule.id,
        "CreatorRequestId": rule.creator_request_id,
        "Arn": rule.arn,
        "DomainName": rule.domain,
        "Status": rule.status(call.now),
        "StatusMessage": format!("[Trace id: {}] Successfully created Resolver Rule.", call.request_id),
        "RuleType": rule.kind,
        "Name": rule.name,
        "TargetIps": targets,
        "ResolverEndpointId": rule.endpoint,
        "OwnerId": call.account_id(),
        "ShareStatus": "NOT_SHARED",
        "CreationTime": call.world.settings.iso8601(rule.created_at),
        "ModificationTime": call.world.settings.iso8601(rule.modified_at),
    })
}

pub(super) fn get(call: &mut Call<'_>, params: &Value) -> Reply {
    match required(params, "ResolverRuleId")? {
        INTERNET_RESOLVER => Ok(json!({ "ResolverRule": internet_resolver() })),
        id => shown(call, id),
    }
}

const INTERNET_RESOLVER: &str = "rslvr-autodefined-rr-internet-resolver";

/// The rule for everything that no other rule covers; it is there without having been made and cannot be deleted.
fn internet_resolver() -> Value {
    json!({
        "Id": INTERNET_RESOLVER,
        "CreatorRequestId": "",
        "Arn": format!("arn:aws:route53resolver:::autodefined-rule/{INTERNET_RESOLVER}"),
        "DomainName": ".",
        "Status": "COMPLETE",
        "StatusMessage": "",
        "RuleType": "RECURSIVE",
        "Name": "Internet Resolver",
        "OwnerId": "Route 53 Resolver",
        "ShareStatus": "NOT_SHARED",
    })
}

pub(super) fn list(call: &mut Call<'_>, params: &Value) -> Reply {
    let mut rules: Vec<Value> = call
        .here_account()
        .resolver
        .rules
        .values()
        .map(|rule| render(call, rule))
        .collect();
    rules.push(internet_resolver());
    let known = [
        ("creatorrequestid", "CreatorRequestId"),
        ("domainname", "DomainName"),
        ("name", "Name"),
        ("resolverendpointid", "ResolverEndpointId"),
        ("status", "Status"),
        ("type", "RuleType"),
    ];
    lists::answer(params, "ResolverRules", rules, &known)
}

/// Name, targets and endpoint change; a rule in use takes its time, and only one change at a time.
pub(super) fn update(call: &mut Call<'_>, params: &Value) -> Reply {
    let id = required(params, "ResolverRuleId")?.to_owned();
    let config = params.get("Config").cloned().unwrap_or_default();
    let rule = find(call, &id)?;
    if rule.status(call.now) != "COMPLETE" {
        return Err(unavailable(
            "[RSLVR-00705] Cannot update Resolver Rule because it's currently updating.".to_owned(),
            "ResolverRule",
        ));
    }
    let name = text(&config, "Name").map(str::to_owned);
    check_name(name.as_deref())?;
    let endpoint = text(&config, "ResolverEndpointId")
        .map(str::to_owned)
        .or_else(|| rule.endpoint.clone());
    let new_targets = match config.get("TargetIps") {
        Some(given) => targets(Some(given))?,
        None => rule.targets.clone(),
    };
    if rule.kind == "FORWARD" {
        check_forward(call, &new_targets, endpoint.as_deref())?;
    }
    let in_use = call
        .here_account()
        .resolver
        .associations
        .values()
        .any(|association| association.rule == id);
    let ready_at = if in_use {
        call.begin("resolver.rule.update", &id, &[])
    } else {
        call.now
    };
    let now = call.now;
    if let Some(rule) = call.account().resolver.rules.get_mut(&id) {
        rule.name = name.or_else(|| rule.name.take());
        rule.targets = new_targets;
        rule.endpoint = endpoint;
        rule.modified_at = now;
        rule.ready_at = ready_at;
    }
    shown(call, &id)
}

pub(super) fn delete(call: &mut Call<'_>, params: &Value) -> Reply {
    let id = required(params, "ResolverRuleId")?.to_owned();
    if id == INTERNET_RESOLVER {
        return Err(invalid_request("Cannot delete the Internet Resolver rule."));
    }
    find(call, &id)?;
    if call
        .here_account()
        .resolver
        .associations
        .values()
        .any(|association| association.rule == id)
    {
        let text = "Please disassociate this resolver rule from VPC first before deleting";
        return Err(ApiError::bad("ResourceInUseException", text).with("ResourceType", "ResolverRule"));
    }
    if find(call, &id)?.gone_at.is_none() {
        let done = call.begin("resolver.rule.delete", &id, &[]);
        if let Some(rule) = call.account().resolver.rules.get_mut(&id) {
            rule.gone_at = Some(done);
        }
    }
    shown(call, &id)
}

pub(super) fn associate(call: &mut Call<'_>, params: &Value) -> Reply {
    let rule_id = required(params, "ResolverRuleId")?.to_owned();
    let vpc = required(params, "VPCId")?.to_owned();
    let name = text(params, "Name").map(str::to_owned);
    check_name(name.as_deref())?;
    let rule = find(call, &rule_id)?;
    if rule.status(call.now) != "COMPLETE" {
        let status = rule.status(call.now);
        let text = format!("Resolver rule '{rule_id}' is not available: its status is {status}.");
        return Err(unavailable(text, "ResolverRule"));
    }
    if !call.here_account().ec2.vpcs.contains_key(&vpc) {
        let text = format!("The vpc ID '{vpc}' does not exist");
        return Err(ApiError::bad("ResourceNotFoundException", text).with("ResourceType", "VPC"));
    }
    check_domain_free(call, rule, &vpc)?;
    check_no_loop(call, rule, &vpc)?;
    let id = call.new_id("rslvr-rrassoc");
    let ready_at = call.begin("resolver.association", &id, &[&rule_id, &vpc]);
    let association = Association {
        id: id.clone(),
        rule: rule_id,
        vpc,
        name,
        ready_at,
        failed: call.world.doom,
        gone_at: None,
    };
    call.account()
        .resolver
        .associations
        .insert(id.clone(), association);
    shown_association(call, &id)
}

/// A VPC has one rule per domain, and the same rule only once.
fn check_domain_free(call: &Call<'_>, rule: &Rule, vpc: &str) -> Result<(), ApiError> {
    let state = &call.here_account().resolver;
    let mut here = state
        .associations
        .values()
        .filter(|association| association.vpc == vpc);
    let same = |association: &&Association| {
        state
            .rules
            .get(&association.rule)
            .is_some_and(|other| other.domain == rule.domain)
    };
    match here.find(same) {
        None => Ok(()),
        Some(other) => Err(invalid_request(format!(
            "[RSLVR-00802] Cannot associate rules with same domain name with same VPC. Conflict with resolver rule \"{}\"",
            other.rule
        ))),
    }
}

/// Queries must not come back to the VPC that they leave.
fn check_no_loop(call: &Call<'_>, rule: &Rule, vpc: &str) -> Result<(), ApiError> {
    let endpoints = call.here_account().resolver.endpoints.values();
    let mut inbound = endpoints.filter(|one| one.direction == Direction::Inbound && one.vpc == vpc);
    let is_target = |ip| rule.targets.iter().any(|target| target.ip == ip);
    match inbound.any(|endpoint| endpoint.ips.iter().any(|ip| is_target(ip.ip))) {
        false => Ok(()),
        true => Err(invalid_request(format!(
            "[RSLVR-00804] Cannot associate rule \"{}\" with VPC \"{vpc}\" because the VPC include an INBOUND resolver endpoints with rule's target IP",
            rule.id
        ))),
    }
}

fn render_association(call: &Call<'_>, association: &Association) -> Value {
    json!({
        "Id": association.id,
        "ResolverRuleId": association.rule,
        "Name": association.name,
        "VPCId": association.vpc,
        "Status": association.status(call.now),
        "StatusMessage": "",
    })
}

fn shown_association(call: &Call<'_>, id: &str) -> Reply {
    let association = call
        .here_account()
        .resolver
        .associations
        .get(id)
        .ok_or_else(|| not_found("ResolverRuleAssociation", id))?;
    Ok(json!({ "ResolverRuleAssociation": render_association(call, association) }))
}

pub(super) fn disassociate(call: &mut Call<'_>, params: &Value) -> Reply {
    let (rule, vpc) = (required(params, "ResolverRuleId")?, required(params, "VPCId")?);
    let associations = &call.here_account().resolver.associations;
    let found = associations
        .values()
        .find(|association| association.rule == rule && association.vpc == vpc);
    let missing = || not_found("ResolverRuleAssociation", &format!("{rule} with VPC {vpc}"));
    let (id, leaving) = found
        .map(|found| (found.id.clone(), found.gone_at.is_some()))
        .ok_or_else(missing)?;
    if !leaving {
        let done = call.begin("resolver.association.delete", &id, &[]);
        if let Some(association) = call.account().resolver.associations.get_mut(&id) {
            association.gone_at = Some(done);
        }
    }
    shown_association(call, &id)
}

pub(super) fn get_association(call: &mut Call<'_>, params: &Value) -> Reply {
    shown_association(call, required(params, "ResolverRuleAssociationId")?)
}

pub(super) fn list_associations(call: &mut Call<'_>, params: &Value) -> Reply {
    let account = call.here_account();
    let own = account
        .resolver
        .associations
        .values()
        .map(|association| render_association(call, association));
    let everywhere = account.ec2.vpcs.keys().map(|vpc| {
        json!({
            "Id": format!("rslvr-autodefined-assoc-{vpc}-internet-resolver"),
            "ResolverRuleId": INTERNET_RESOLVER,
            "Name": "System Rule Association",
            "VPCId": vpc,
            "Status": "COMPLETE",
            "StatusMessage": "",
        })
    });
    let known = [
        ("name", "Name"),
        ("resolverruleid", "ResolverRuleId"),
        ("status", "Status"),
        ("vpcid", "VPCId"),
    ];
    lists::answer(
        params,
        "ResolverRuleAssociations",
        own.chain(everywhere).collect(),
        &known,
    )
}
