//! The way of a name: rule, outbound endpoint, inbound endpoint, answer.

use super::finding::{Finding, Hop, LinkId, LinkKind, Severity};
use super::findings::Findings;
use super::model::{Association, Model, ResolverAddress, ResolverEndpoint, ResolverRule, Targets, Vpc};
use super::packet::{End, Flow, Walk, connect, fail};
use crate::blueprint::{DNS_PORT, Direction, GroupRole, Protocol};
use crate::spec::Side;
use serde::Serialize;
use std::net::Ipv4Addr;
use xacct_types::Cidr;

/// What a machine in the warehouse's VPC is told about a host. Prints itself as
/// `nslookup` does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DnsAnswer {
    /// The VPC's own resolver: the second address behind the base of its block.
    pub server: Option<Ipv4Addr>,
    /// The host asked for.
    pub host: String,
    /// What it is an alias of, where known.
    pub canonical_name: Option<String>,
    /// Its addresses; where they are not known yet, the blocks that they will lie in.
    pub addresses: Vec<Cidr>,
    /// Whether the question gets through at all.
    pub answered: bool,
}

impl std::fmt::Display for DnsAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let server = self
            .server
            .map_or_else(|| "unknown".to_owned(), |ip| ip.to_string());
        writeln!(f, "Server:\t\t{server}\nAddress:\t{server}#{DNS_PORT}\n")?;
        if !self.answered {
            return writeln!(f, "** server can't find {}: SERVFAIL", self.host);
        }
        writeln!(f, "Non-authoritative answer:")?;
        let name = self.canonical_name.as_ref().unwrap_or(&self.host);
        if let Some(canonical) = &self.canonical_name {
            writeln!(f, "{}\tcanonical name = {canonical}.", self.host)?;
        }
        for block in &self.addresses {
            let at = if block.prefix() == 32 {
                block.network().to_string()
            } else {
                format!("(in {block})")
            };
            writeln!(f, "Name:\t{name}\nAddress: {at}")?;
        }
        Ok(())
    }
}

/// Whether `host` is `domain` or ends in it, at the border of a label.
///
/// ```
/// use xacct_net::proof::is_under;
/// assert!(is_under("boot-x.c3.kafka-serverless.us-east-1.amazonaws.com.", "kafka-serverless.us-east-1.amazonaws.com"));
/// assert!(!is_under("my-kafka-serverless.us-east-1.amazonaws.com", "kafka-serverless.us-east-1.amazonaws.com"));
/// ```
#[must_use]
pub fn is_under(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.trim_end_matches('.'), domain.trim_end_matches('.'));
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    let rest = host.strip_suffix(&domain);
    domain.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Asks for `host` from the warehouse's VPC.
pub(super) fn resolve(model: &Model, host: &str, out: &mut Findings) -> (Vec<Hop>, DnsAnswer) {
    let before = out.broken();
    let mut hops = Vec::new();
    if let Some(vpc) = model.vpc(Side::Warehouse) {
        out.take(asks_resolver(vpc), &mut hops);
        forwarded(model, vpc, host, out, &mut hops);
        out.take(answers_itself(model), &mut hops);
    } else {
        let link = LinkId::new(Side::Warehouse, LinkKind::Vpc);
        out.push(Finding::broken(
            link,
            "the VPC does not exist",
            "deploy the network",
        ));
    }
    let answer = answer(model, host, out.broken() == before);
    (hops, answer)
}

/// The VPC's resolver serves its machines.
fn asks_resolver(vpc: &Vpc) -> Walk<Hop> {
    if !vpc.dns_support {
        let why = format!("enableDnsSupport of {} is off", vpc.id);
        return fail(LinkId::new(vpc.side, LinkKind::DnsSupport), why, "turn it on");
    }
    if !vpc.amazon_dns {
        let why = format!(
            "the DHCP options of {} name another DNS server, which no resolver rule reaches",
            vpc.id
        );
        let mend = "use AmazonProvidedDNS, or forward the domain on that server";
        return fail(LinkId::new(vpc.side, LinkKind::DhcpOptions), why, mend);
    }
    Ok(Hop::new(&vpc.id, "its own resolver is asked"))
}

/// The source's VPC answers what its inbound endpoint is asked.
fn answers_itself(model: &Model) -> Walk<Hop> {
    match model.vpc(Side::Source) {
        Some(vpc) if vpc.dns_support => Ok(Hop::new(&vpc.id, "its own resolver answers")),
        Some(vpc) => {
            let why = format!("enableDnsSupport of {} is off", vpc.id);
            fail(LinkId::new(Side::Source, LinkKind::DnsSupport), why, "turn it on")
        }
        None => {
            let link = LinkId::new(Side::Source, LinkKind::Vpc);
            fail(link, "the VPC does not exist", "deploy the network")
        }
    }
}

fn forwarded(model: &Model, vpc: &Vpc, host: &str, out: &mut Findings, hops: &mut Vec<Hop>) {
    loops(model, out);
    let Some(rule) = out.keep(chosen_rule(model, vpc, host)) else {
        return;
    };
    hops.push(Hop::new(
        &rule.id,
        format!("{host} is forwarded, being under {}", rule.domain),
    ));
    let outbound = out.keep(outbound(model, vpc, rule));
    let inbound = out.keep(inbound(model));
    for (endpoint, kind) in [
        (outbound, LinkKind::OutboundAddresses),
        (inbound, LinkKind::InboundAddresses),
    ] {
        out.extend(endpoint.and_then(|endpoint| spread(model, endpoint, kind)));
    }
    let Some(inbound) = inbound else { return };
    out.extend(targets(rule, inbound));
    if let Some(outbound) = outbound {
        hops.push(Hop::new(&outbound.id, "sends the question on"));
        packets(model, rule, outbound, inbound, out, hops);
        hops.push(Hop::new(&inbound.id, "hands the question to its VPC's resolver"));
    }
}

/// A rule that serves the VPC of its own target would loop (Resolver refuses it
/// with RSLVR-00804, but the endpoint may have come later).
fn loops(model: &Model, out: &mut Findings) {
    let Some(source) = model.vpc(Side::Source) else {
        return;
    };
    let ours = |association: &&Association| {
        let rule = model.rules.iter().find(|rule| rule.id == association.rule);
        association.vpc == source.id && rule.is_some_and(|rule| rule.domain == model.forward_domain)
    };
    if let Some(association) = model.associations.iter().find(ours) {
        let link = LinkId::new(Side::Source, LinkKind::RuleLoop);
        let why = format!(
            "{} serves {}, whose resolver should answer itself",
            association.rule, source.id
        );
        out.push(Finding::broken(link, why, "remove that association"));
    }
}

/// The rule that takes `host`: of those that serve the VPC, the longest domain.
fn chosen_rule<'m>(model: &'m Model, vpc: &Vpc, host: &str) -> Walk<&'m ResolverRule> {
    let serving = |rule: &&ResolverRule| {
        let association = association(model, rule, vpc);
        association.is_some_and(|a| a.state == "COMPLETE") && is_under(host, &rule.domain)
    };
    let chosen = model
        .rules
        .iter()
        .filter(serving)
        .max_by_key(|rule| rule.domain.len());
    let ours = model
        .rules
        .iter()
        .find(|rule| rule.domain == model.forward_domain && rule.forwards);
    match (chosen, ours) {
        (Some(chosen), _) if chosen.domain == model.forward_domain || reaches_inbound(model, chosen) => {
            usable_rule(chosen)
        }
        (Some(other), Some(_)) if other.domain.len() > model.forward_domain.len() => {
            let link = LinkId::at(Side::Warehouse, LinkKind::RuleConflict, &other.id);
            let why = format!(
                "{} takes {host}, because its domain {} is longer",
                other.id, other.domain
            );
            fail(
                link,
                why,
                "disassociate it from the VPC, or let it forward to the same targets",
            )
        }
        (_, Some(ours)) => unassociated(model, ours, vpc),
        (_, None) => {
            let link = LinkId::new(Side::Warehouse, LinkKind::Rule);
            let why = format!("no rule forwards {}", model.forward_domain);
            fail(
                link,
                why,
                "make one that sends it to the inbound endpoint's addresses",
            )
        }
    }
}

fn association<'m>(model: &'m Model, rule: &ResolverRule, vpc: &Vpc) -> Option<&'m Association> {
    model
        .associations
        .iter()
        .find(|a| a.rule == rule.id && a.vpc == vpc.id)
}

fn reaches_inbound(model: &Model, rule: &ResolverRule) -> bool {
    let inbound = model.inbound();
    rule.forwards && inbound.is_some_and(|inbound| targets(rule, inbound).is_none())
}

fn usable_rule(rule: &ResolverRule) -> Walk<&ResolverRule> {
    if !rule.forwards {
        let link = LinkId::at(Side::Warehouse, LinkKind::RuleConflict, &rule.id);
        let why = format!(
            "{} keeps {} inside the VPC instead of forwarding it",
            rule.id, rule.domain
        );
        return fail(link, why, "disassociate it from the VPC");
    }
    // While a rule is being updated, its last complete version still serves.
    if !matches!(rule.state.as_str(), "COMPLETE" | "UPDATING") {
        let link = LinkId::new(Side::Warehouse, LinkKind::Rule);
        return fail(link, format!("{} is {}", rule.id, rule.state), "make it again");
    }
    Ok(rule)
}

fn unassociated<T>(model: &Model, rule: &ResolverRule, vpc: &Vpc) -> Walk<T> {
    let link = LinkId::new(Side::Warehouse, LinkKind::RuleAssociation);
    let why = match association(model, rule, vpc) {
        Some(found) => format!(
            "the association of {} with {} is {}",
            rule.id, vpc.id, found.state
        ),
        None => format!("{} does not serve {}", rule.id, vpc.id),
    };
    fail(link, why, format!("associate {} with {}", rule.id, vpc.id))
}

fn outbound<'m>(model: &'m Model, vpc: &Vpc, rule: &ResolverRule) -> Walk<&'m ResolverEndpoint> {
    let side = Side::Warehouse;
    let named = rule.endpoint.as_deref().unwrap_or("no endpoint");
    let found = model
        .resolver_endpoints
        .iter()
        .find(|endpoint| endpoint.id == named);
    let Some(endpoint) = found.filter(|endpoint| endpoint.direction == Direction::Egress) else {
        let why = format!(
            "{} sends through {named}, which is no outbound endpoint of this account",
            rule.id
        );
        return fail(
            LinkId::new(side, LinkKind::RuleEndpoint),
            why,
            "let it send through the outbound endpoint",
        );
    };
    operational(endpoint, &vpc.id, LinkId::new(side, LinkKind::OutboundEndpoint))?;
    Ok(endpoint)
}

fn inbound(model: &Model) -> Walk<&ResolverEndpoint> {
    let link = LinkId::new(Side::Source, LinkKind::InboundEndpoint);
    let Some(endpoint) = model.inbound() else {
        return fail(
            link,
            "the source's VPC has no inbound resolver endpoint",
            "make one",
        );
    };
    operational(endpoint, &endpoint.vpc, link)?;
    Ok(endpoint)
}

fn operational(endpoint: &ResolverEndpoint, vpc: &str, link: LinkId) -> Walk {
    if endpoint.vpc != vpc {
        let why = format!("{} stands in {}, not in {vpc}", endpoint.id, endpoint.vpc);
        return fail(link, why, format!("make one in {vpc}"));
    }
    // ACTION_NEEDED says that some address is gone; the addresses are judged one by one.
    let serves = ["OPERATIONAL", "UPDATING", "AUTO_RECOVERING", "ACTION_NEEDED"];
    if !serves.contains(&endpoint.state.as_str()) {
        return fail(
            link,
            format!("{} is {}", endpoint.id, endpoint.state),
            "wait until it is OPERATIONAL",
        );
    }
    Ok(())
}

fn attached(endpoint: &ResolverEndpoint) -> impl Iterator<Item = &ResolverAddress> {
    endpoint.addresses.iter().filter(|address| address.attached)
}

/// Two addresses in two zones, so that one zone may fail.
fn spread(model: &Model, endpoint: &ResolverEndpoint, kind: LinkKind) -> Option<Finding> {
    let zone = |address: &ResolverAddress| model.subnet(&address.subnet).map(|subnet| subnet.zone.clone());
    let mut zones: Vec<String> = attached(endpoint).filter_map(zone).collect();
    zones.sort();
    zones.dedup();
    if zones.len() >= 2 {
        return None;
    }
    let count = attached(endpoint).count();
    let side = if kind == LinkKind::InboundAddresses {
        Side::Source
    } else {
        Side::Warehouse
    };
    let why = format!(
        "{} has {count} attached addresses in {} zones",
        endpoint.id,
        zones.len()
    );
    let finding = Finding::broken(LinkId::new(side, kind), why, "give it two addresses in two zones");
    let severity = if count == 0 {
        Severity::Broken
    } else {
        Severity::Degraded
    };
    Some(finding.with_severity(severity))
}

/// The rule's targets are exactly the inbound endpoint's addresses, port 53.
fn targets(rule: &ResolverRule, inbound: &ResolverEndpoint) -> Option<Finding> {
    let link = LinkId::new(Side::Warehouse, LinkKind::RuleTargets);
    let given = match &rule.targets {
        Targets::Endpoint(id) if *id == inbound.id => return None,
        Targets::Endpoint(id) => {
            let why = format!("{} sends to {id}, not to {}", rule.id, inbound.id);
            return Some(Finding::broken(link, why, "send it to the inbound endpoint"));
        }
        Targets::Addresses(given) => given,
    };
    let mut wanted: Vec<_> = attached(inbound)
        .filter_map(|a| a.ip.map(|ip| (ip, DNS_PORT)))
        .collect();
    let mut given = given.clone();
    wanted.sort_unstable();
    given.sort_unstable();
    if given == wanted {
        return None;
    }
    let right = given.iter().filter(|target| wanted.contains(target)).count();
    let why = format!(
        "{} sends to {}, while {} listens on {}",
        rule.id,
        list(&given),
        inbound.id,
        list(&wanted)
    );
    let finding = Finding::broken(link, why, format!("set its targets to {}", list(&wanted)));
    let severity = match (right, right == given.len()) {
        (0, _) => Severity::Broken,
        // What is asked is answered; only the second zone is not used.
        (_, true) => Severity::Note,
        _ => Severity::Degraded,
    };
    Some(finding.with_severity(severity))
}

fn list(targets: &[(Ipv4Addr, u16)]) -> String {
    if targets.is_empty() {
        return "nothing".into();
    }
    let shown: Vec<String> = targets.iter().map(|(ip, port)| format!("{ip}:{port}")).collect();
    shown.join(", ")
}

/// Every outbound address reaches every target over both transports; UDP alone
/// decides whether names resolve at all.
fn packets(
    model: &Model,
    rule: &ResolverRule,
    outbound: &ResolverEndpoint,
    inbound: &ResolverEndpoint,
    out: &mut Findings,
    hops: &mut Vec<Hop>,
) {
    let (mut failed, mut passed) = (Findings::default(), None);
    for protocol in [Protocol::Udp, Protocol::Tcp] {
        for from in attached(outbound) {
            for to in attached(inbound).filter(|to| targeted(rule, to)) {
                let ends = (outbound, from, inbound, to);
                match one_question(model, ends, protocol) {
                    Ok(way) if protocol == Protocol::Udp && passed.is_none() => passed = Some(way),
                    Ok(_) => {}
                    Err(finding) => failed.push(*finding),
                }
            }
        }
    }
    let severity = if passed.is_some() {
        Severity::Degraded
    } else {
        Severity::Broken
    };
    failed
        .into_iter()
        .for_each(|finding| out.push(finding.with_severity(severity)));
    hops.extend(passed.into_iter().flatten());
}

fn targeted(rule: &ResolverRule, address: &ResolverAddress) -> bool {
    match (&rule.targets, address.ip) {
        (Targets::Addresses(targets), Some(ip)) => targets.iter().any(|(target, _)| *target == ip),
        _ => true,
    }
}

type Ends<'a> = (
    &'a ResolverEndpoint,
    &'a ResolverAddress,
    &'a ResolverEndpoint,
    &'a ResolverAddress,
);

fn one_question(
    model: &Model,
    (outbound, from, inbound, to): Ends<'_>,
    protocol: Protocol,
) -> Walk<Vec<Hop>> {
    let mut asks = End::new(model, GroupRole::Outbound, &from.subnet, &outbound.groups)?;
    let mut answers = End::new(model, GroupRole::Inbound, &to.subnet, &inbound.groups)?;
    asks.block = from.ip.map_or(asks.block, Cidr::host);
    answers.block = to.ip.map_or(answers.block, Cidr::host);
    let port = DNS_PORT;
    connect(model, &asks, &answers, Flow { protocol, port })
}

fn answer(model: &Model, host: &str, answered: bool) -> DnsAnswer {
    let vpc = model.vpc(Side::Warehouse);
    let known = model.cluster.addresses.iter().map(|ip| Cidr::host(*ip));
    let mut addresses: Vec<Cidr> = known.collect();
    if addresses.is_empty() {
        let subnets = model.cluster.placement.subnets.iter();
        addresses = subnets
            .filter_map(|id| model.subnet(id).map(|subnet| subnet.cidr))
            .collect();
    }
    DnsAnswer {
        server: vpc
            .and_then(|vpc| vpc.cidrs.first())
            .and_then(|block| block.nth(2)),
        host: host.to_owned(),
        canonical_name: model.cluster.canonical_name.clone(),
        addresses,
        answered,
    }
}
