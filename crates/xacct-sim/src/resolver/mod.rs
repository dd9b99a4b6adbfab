//! Route 53 Resolver: endpoints, forwarding rules, associations with VPCs.
//!
//! Sources: Route 53 developer guide ("Forwarding outbound DNS queries to your network", "Forwarding inbound DNS queries
//! to your VPCs", "Quotas"), the Resolver API reference, and public issues for the `RSLVR-…` texts: hashicorp/terraform-provider-aws
//! #6563, #46782, PR#11948, aws/aws-cdk #5012, crossplane-contrib/provider-upjet-aws #1010,
//! aws-samples/aws-network-hub-for-terraform #26.

mod endpoints;
mod lists;
mod rules;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::clock::SimTime;
use crate::inventory::{Collector, name_of_tags};
use crate::world::{ApiError, Call, Reply, World};

/// What the service holds in one account.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) endpoints: BTreeMap<String, Endpoint>,
    pub(crate) rules: BTreeMap<String, Rule>,
    pub(crate) associations: BTreeMap<String, Association>,
    /// By ARN.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// Which way queries go through an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Direction::Inbound => "INBOUND",
            Direction::Outbound => "OUTBOUND",
        }
    }

    /// What ids of such endpoints begin with.
    pub(crate) fn id_prefix(self) -> &'static str {
        match self {
            Direction::Inbound => "rslvr-in",
            Direction::Outbound => "rslvr-out",
        }
    }
}

/// An endpoint: interfaces in one VPC.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) creator_request_id: String,
    pub(crate) name: Option<String>,
    pub(crate) direction: Direction,
    pub(crate) vpc: String,
    pub(crate) security_groups: Vec<String>,
    pub(crate) ips: Vec<EndpointIp>,
    pub(crate) created_at: SimTime,
    pub(crate) modified_at: SimTime,
    pub(crate) ready_at: SimTime,
    /// A while during creation in which it claims to need action and needs none.
    pub(crate) action_needed: Option<(SimTime, SimTime)>,
    pub(crate) updating_until: SimTime,
    pub(crate) gone_at: Option<SimTime>,
}

/// One address of an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct EndpointIp {
    pub(crate) id: String,
    pub(crate) subnet: String,
    pub(crate) ip: Ipv4Addr,
    pub(crate) eni: String,
    /// The caller asked for this very address.
    pub(crate) chosen: bool,
    pub(crate) attached_at: SimTime,
    pub(crate) gone_at: Option<SimTime>,
}

/// A rule for a domain and everything below it.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) creator_request_id: String,
    pub(crate) name: Option<String>,
    /// In lower case, with a dot at the end.
    pub(crate) domain: String,
    /// `FORWARD` or `SYSTEM`.
    pub(crate) kind: String,
    pub(crate) targets: Vec<Target>,
    pub(crate) endpoint: Option<String>,
    pub(crate) created_at: SimTime,
    pub(crate) modified_at: SimTime,
    pub(crate) ready_at: SimTime,
    /// Whether it came to nothing.
    pub(crate) failed: bool,
    pub(crate) gone_at: Option<SimTime>,
}

/// Where a rule forwards to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) ip: Ipv4Addr,
    pub(crate) port: u16,
}

/// A rule in force in a VPC.
#[derive(Debug, Clone)]
pub(crate) struct Association {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) vpc: String,
    pub(crate) name: Option<String>,
    pub(crate) ready_at: SimTime,
    /// Whether it came to nothing.
    pub(crate) failed: bool,
    pub(crate) gone_at: Option<SimTime>,
}

impl Endpoint {
    /// The status as `GetResolverEndpoint` shows it.
    pub(crate) fn status(&self, now: SimTime) -> &'static str {
        if self.gone_at.is_some() {
            "DELETING"
        } else if self.needs_action(now) {
            "ACTION_NEEDED"
        } else if now < self.ready_at {
            "CREATING"
        } else if now < self.updating_until {
            "UPDATING"
        } else {
            "OPERATIONAL"
        }
    }

    /// Whether queries pass through it.
    pub(crate) fn is_operational(&self, now: SimTime) -> bool {
        matches!(self.status(now), "OPERATIONAL" | "UPDATING")
    }

    /// Addresses that take part.
    pub(crate) fn attached(&self, now: SimTime) -> impl Iterator<Item = &EndpointIp> {
        self.ips
            .iter()
            .filter(move |ip| ip.attached_at <= now && ip.gone_at.is_none())
    }

    fn needs_action(&self, now: SimTime) -> bool {
        self.action_needed
            .is_some_and(|(from, to)| from <= now && now < to)
    }
}

impl Rule {
    /// The status as `GetResolverRule` shows it.
    pub(crate) fn status(&self, now: SimTime) -> &'static str {
        if self.gone_at.is_some() {
            "DELETING"
        } else if now < self.ready_at {
            "UPDATING"
        } else if self.failed {
            "FAILED"
        } else {
            "COMPLETE"
        }
    }

    /// Whether the rule speaks of a host: its domain or a name below it, whatever the trailing dot and case.
    pub(crate) fn covers(&self, host: &str) -> bool {
        let host = format!("{}.", host.trim_end_matches('.').to_ascii_lowercase());
        self.domain == "." || host == self.domain || host.ends_with(&format!(".{}", self.domain))
    }
}

impl Association {
    /// The status as `GetResolverRuleAssociation` shows it.
    pub(crate) fn status(&self, now: SimTime) -> &'static str {
        if self.gone_at.is_some() {
            "DELETING"
        } else if now < self.ready_at {
            "CREATING"
        } else if self.failed {
            "FAILED"
        } else {
            "COMPLETE"
        }
    }
}

impl State {
    /// The most specific rule in force for a host in a VPC.
    pub(crate) fn rule_for(&self, now: SimTime, vpc: &str, host: &str) -> Option<&Rule> {
        self.associations
            .values()
            .filter(|association| association.vpc == vpc && association.status(now) == "COMPLETE")
            .filter_map(|association| self.rules.get(&association.rule))
            .filter(|rule| rule.covers(host))
            .max_by_key(|rule| rule.domain.len())
    }

    /// An endpoint by id.
    pub(crate) fn endpoint(&self, id: &str) -> Option<&Endpoint> {
        self.endpoints.get(id)
    }

    /// The inbound endpoint that answers at an address.
    pub(crate) fn inbound_at(&self, now: SimTime, ip: Ipv4Addr) -> Option<&Endpoint> {
        self.endpoints.values().find(|endpoint| {
            endpoint.direction == Direction::Inbound && endpoint.attached(now).any(|one| one.ip == ip)
        })
    }

    /// Drops what has been deleted.
    pub(crate) fn settle(&mut self, now: SimTime) {
        let here = |gone_at: Option<SimTime>| gone_at.is_none_or(|gone| now < gone);
        self.associations
            .retain(|_, association| here(association.gone_at));
        self.rules.retain(|_, rule| here(rule.gone_at));
        self.endpoints.retain(|_, endpoint| here(endpoint.gone_at));
        for endpoint in self.endpoints.values_mut() {
            endpoint.ips.retain(|ip| here(ip.gone_at));
        }
        let live = |arn: &str| {
            let id = arn.rsplit('/').next().unwrap_or_default();
            self.endpoints.contains_key(id) || self.rules.contains_key(id)
        };
        self.tags.retain(|arn, _| live(arn));
    }
}

/// Answers one call.
pub(crate) fn handle(call: &mut Call<'_>, operation: &str, params: &Value) -> Reply {
    let now = call.now;
    call.account().resolver.settle(now);
    match operation {
        "CreateResolverEndpoint" => endpoints::create(call, params),
        "GetResolverEndpoint" => endpoints::get(call, params),
        "ListResolverEndpoints" => endpoints::list(call, params),
        "ListResolverEndpointIpAddresses" => endpoints::list_ips(call, params),
        "UpdateResolverEndpoint" => endpoints::update(call, params),
        "DeleteResolverEndpoint" => endpoints::delete(call, params),
        "AssociateResolverEndpointIpAddress" => endpoints::add_ip(call, params),
        "DisassociateResolverEndpointIpAddress" => endpoints::remove_ip(call, params),
        "CreateResolverRule" => rules::create(call, params),
        "GetResolverRule" => rules::get(call, params),
        "ListResolverRules" => rules::list(call, params),
        "UpdateResolverRule" => rules::update(call, params),
        "DeleteResolverRule" => rules::delete(call, params),
        "AssociateResolverRule" => rules::associate(call, params),
        "DisassociateResolverRule" => rules::disassociate(call, params),
        "GetResolverRuleAssociation" => rules::get_association(call, params),
        "ListResolverRuleAssociations" => rules::list_associations(call, params),
        "ListTagsForResource" => lists::list_tags(call, params),
        "TagResource" => lists::tag(call, params),
        "UntagResource" => lists::untag(call, params),
        _ => Err(ApiError::not_modelled("route53resolver", operation)),
    }
}

fn text<'a>(params: &'a Value, name: &str) -> Option<&'a str> {
    params
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn required<'a>(params: &'a Value, name: &'static str) -> Result<&'a str, ApiError> {
    text(params, name).ok_or_else(|| invalid_parameter(name, format!("The parameter {name} is required.")))
}

fn invalid_parameter(name: &str, message: impl Into<String>) -> ApiError {
    ApiError::bad("InvalidParameterException", message).with("FieldName", name)
}

fn invalid_request(message: impl Into<String>) -> ApiError {
    ApiError::bad("InvalidRequestException", message)
}

fn not_found(kind: &str, id: &str) -> ApiError {
    let noun = match kind {
        "ResolverEndpoint" => "Resolver endpoint",
        "ResolverRule" => "Resolver rule",
        _ => "Resolver rule association",
    };
    ApiError::bad(
        "ResourceNotFoundException",
        format!("{noun} with ID '{id}' does not exist."),
    )
    .with("ResourceType", kind)
}

fn exists(kind: &str, message: String) -> ApiError {
    ApiError::bad("ResourceExistsException", message).with("ResourceType", kind)
}

/// At most 64 letters, digits, `-`, `_`, blanks and quotes, not digits alone.
fn check_name(name: Option<&str>) -> Result<(), ApiError> {
    let Some(name) = name else { return Ok(()) };
    let legal = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_' ".contains(c))
        && !name.chars().all(|c| c.is_ascii_digit());
    match legal && name.len() <= 64 {
        true => Ok(()),
        false => Err(invalid_parameter(
            "Name",
            format!(
                "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9\\-_' ']+)"
            ),
        )),
    }
}

fn check_creator_request_id(params: &Value) -> Result<String, ApiError> {
    let id = required(params, "CreatorRequestId")?;
    match id.len() <= 255 {
        true => Ok(id.to_owned()),
        false => Err(invalid_parameter(
            "CreatorRequestId",
            "CreatorRequestId must have at most 255 characters.",
        )),
    }
}

fn tags_of(params: &Value) -> BTreeMap<String, String> {
    let tags = params.get("Tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(|tag| {
        Some((
            text(tag, "Key")?.to_owned(),
            tag.get("Value")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        ))
    })
    .collect()
}

/// Adds the live resources to an inventory.
pub(crate) fn inventory(world: &World, state: &State, out: &mut Collector) {
    for endpoint in state
        .endpoints
        .values()
        .filter(|endpoint| endpoint.gone_at.is_none())
    {
        let kind = format!(
            "route53resolver:{}-endpoint",
            endpoint.direction.name().to_ascii_lowercase()
        );
        let name = owner(state, &endpoint.arn, endpoint.name.as_deref());
        let mut subnets: Vec<&String> = endpoint.ips.iter().map(|ip| &ip.subnet).collect();
        subnets.sort();
        let attributes = json!({
            "name": endpoint.name, "vpc": endpoint.vpc, "securityGroups": endpoint.security_groups,
            "subnets": subnets, "tags": state.tags.get(&endpoint.arn),
        });
        out.alias(&endpoint.arn, &format!("{kind}/{name}"));
        out.add(&kind, &endpoint.id, &name, attributes);
    }
    for rule in state.rules.values().filter(|rule| rule.gone_at.is_none()) {
        let name = owner(state, &rule.arn, rule.name.as_deref());
        let pipeline = state
            .tags
            .get(&rule.arn)
            .and_then(|tags| tags.get("xacct:pipeline"));
        let mut targets: Vec<String> = rule
            .targets
            .iter()
            .map(|target| target_owner(world, target, pipeline))
            .collect();
        targets.sort();
        let attributes = json!({
            "name": rule.name, "domain": rule.domain, "type": rule.kind, "targets": targets,
            "endpoint": rule.endpoint, "tags": state.tags.get(&rule.arn),
        });
        out.alias(&rule.arn, &format!("route53resolver:rule/{name}"));
        out.add("route53resolver:rule", &rule.id, &name, attributes);
    }
    for association in state
        .associations
        .values()
        .filter(|association| association.gone_at.is_none())
    {
        let name = association.name.as_deref().unwrap_or("unnamed");
        let attributes = json!({ "rule": association.rule, "vpc": association.vpc });
        out.add(
            "route53resolver:rule-association",
            &association.id,
            name,
            attributes,
        );
    }
}

fn owner(state: &State, arn: &str, name: Option<&str>) -> String {
    state
        .tags
        .get(arn)
        .and_then(name_of_tags)
        .or_else(|| name.map(str::to_owned))
        .unwrap_or_else(|| "unnamed".to_owned())
}

/// A target by the inbound endpoint that answers there, in whichever account. Networks with the same addresses may have
/// one each: that of the rule's own pipeline comes first.
fn target_owner(world: &World, target: &Target, pipeline: Option<&String>) -> String {
    let mut candidates = Vec::new();
    for state in world.accounts.values().map(|account| &account.resolver) {
        let inbound = state
            .endpoints
            .values()
            .filter(|one| one.direction == Direction::Inbound && one.gone_at.is_none());
        for endpoint in inbound {
            let Some(ip) = endpoint.ips.iter().find(|ip| ip.ip == target.ip) else {
                continue;
            };
            let theirs = state
                .tags
                .get(&endpoint.arn)
                .and_then(|tags| tags.get("xacct:pipeline"));
            let name = owner(state, &endpoint.arn, endpoint.name.as_deref());
            let position = endpoint
                .ips
                .iter()
                .filter(|other| other.subnet < ip.subnet)
                .count();
            candidates.push((
                theirs != pipeline,
                format!("inbound-endpoint/{name}/{position}:{}", target.port),
            ));
        }
    }
    let best = candidates.into_iter().min().map(|(_, name)| name);
    best.unwrap_or_else(|| format!("{}:{}", target.ip, target.port))
}
