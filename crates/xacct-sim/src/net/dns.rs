//! What a name means inside a VPC: forwarding rules first, then what the VPC's own resolver knows.
//!
//! Queries to a VPC's resolver are not seen by security groups or ACLs; those that an outbound endpoint forwards are
//! ordinary packets. A query can leave by any interface of the endpoint and go to any target of the rule, so every pair
//! of them must work.

use std::net::Ipv4Addr;

use super::{Blocked, Endpoint, reach};
use crate::clock::SimTime;
use crate::resolver::{self, Direction};
use crate::world::World;

/// Forwarding from VPC to VPC ends somewhere; a loop does not.
const MOST_HOPS: usize = 4;

/// A VPC that asks.
#[derive(Debug, Clone, Copy)]
struct Asker<'a> {
    account: &'a str,
    vpc: &'a str,
}

/// The addresses of a host as a client at `from` in a VPC sees them. Names known: those of MSK Serverless clusters.
pub(crate) fn resolve(
    world: &World,
    now: SimTime,
    vpc_account: &str,
    vpc_id: &str,
    host: &str,
    from: &Endpoint,
) -> Result<Vec<Ipv4Addr>, Blocked> {
    let state = world.account(vpc_account).map(|account| &account.ec2);
    let inside = state
        .and_then(|state| state.subnets.get(&from.subnet_id))
        .is_some_and(|subnet| subnet.vpc == vpc_id);
    if !inside {
        return Err(Blocked::new(format!(
            "{} is not a subnet of {vpc_id}",
            from.subnet_id
        )));
    }
    ask(
        world,
        now,
        Asker {
            account: vpc_account,
            vpc: vpc_id,
        },
        host,
        0,
    )
}

/// How every single way of a question ends: through each interface of the outbound endpoint, to each target of the
/// rule, by UDP and by TCP; one way where the VPC's own resolver answers.
pub(crate) fn ways(world: &World, now: SimTime, account: &str, vpc: &str, host: &str) -> Vec<Way> {
    let asker = Asker { account, vpc };
    let alone = |outcome: Result<(), Blocked>| vec![Way { udp: true, outcome }];
    let Some(state) = world.account(account) else {
        return alone(Err(Blocked::new(format!("no account {account}"))));
    };
    let rule = match state.resolver.rule_for(now, vpc, host) {
        Some(rule) if rule.kind == "FORWARD" && supported(world, now, asker) => rule,
        _ => return alone(ask(world, now, asker, host, 0).map(|_| ())),
    };
    let outbound = match outbound_of(world, now, asker, rule) {
        Ok(outbound) => outbound,
        Err(blocked) => return alone(Err(blocked)),
    };
    let mut found = Vec::new();
    for target in &rule.targets {
        for ip in outbound.attached(now) {
            let from = leaving(asker, outbound, ip);
            let answered = answering(world, now, &from, target).and_then(|(account, vpc)| {
                let asker = Asker {
                    account: &account,
                    vpc: &vpc,
                };
                ask(world, now, asker, host, 1).map(|_| ())
            });
            for udp in [true, false] {
                let reach = if udp { reach::udp } else { reach::tcp };
                let outcome = reach(world, now, &from, target.ip, target.port);
                found.push(Way {
                    udp,
                    outcome: outcome.and_then(|()| answered.clone()),
                });
            }
        }
    }
    found
}

/// One way of a question.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// Questions begin with UDP; TCP follows for long answers.
    pub udp: bool,
    pub outcome: Result<(), Blocked>,
}

fn supported(world: &World, now: SimTime, asker: Asker<'_>) -> bool {
    let state = world.account(asker.account).map(|account| &account.ec2);
    state
        .and_then(|state| state.vpcs.get(asker.vpc))
        .is_some_and(|vpc| vpc.dns_support.at(now))
}

/// An interface of an outbound endpoint as the sender that it is.
fn leaving(asker: Asker<'_>, outbound: &resolver::Endpoint, ip: &resolver::EndpointIp) -> Endpoint {
    Endpoint {
        account: asker.account.to_owned(),
        subnet_id: ip.subnet.clone(),
        security_groups: outbound.security_groups.clone(),
        ip: Some(ip.ip),
    }
}

fn ask(
    world: &World,
    now: SimTime,
    asker: Asker<'_>,
    host: &str,
    hops: usize,
) -> Result<Vec<Ipv4Addr>, Blocked> {
    if hops > MOST_HOPS {
        return Err(Blocked::new(format!(
            "forwarding of {host} goes round in circles"
        )));
    }
    let Some(account) = world.account(asker.account) else {
        return Err(Blocked::new(format!("no account {}", asker.account)));
    };
    if !supported(world, now, asker) {
        return Err(Blocked::new(format!("{} has no DNS support", asker.vpc)));
    }
    match account.resolver.rule_for(now, asker.vpc, host) {
        Some(rule) if rule.kind == "FORWARD" => forward(world, now, asker, rule, host, hops),
        _ => own(world, now, asker, host),
    }
}

/// What the VPC's own resolver knows: clusters that have the VPC as a client VPC.
fn own(world: &World, now: SimTime, asker: Asker<'_>, host: &str) -> Result<Vec<Ipv4Addr>, Blocked> {
    let known = world
        .account(asker.account)
        .map(|account| account.msk.active_in(now, asker.vpc));
    let addresses: Vec<Ipv4Addr> = known
        .into_iter()
        .flatten()
        .flat_map(|cluster| cluster.addresses(asker.vpc, host))
        .collect();
    if addresses.is_empty() {
        return Err(Blocked::new(format!(
            "the resolver of {} knows no {host}",
            asker.vpc
        )));
    }
    Ok(addresses)
}

fn forward(
    world: &World,
    now: SimTime,
    asker: Asker<'_>,
    rule: &resolver::Rule,
    host: &str,
    hops: usize,
) -> Result<Vec<Ipv4Addr>, Blocked> {
    let outbound = outbound_of(world, now, asker, rule)?;
    let mut found = None;
    for target in &rule.targets {
        for ip in outbound.attached(now) {
            let from = leaving(asker, outbound, ip);
            query(world, now, &from, target).map_err(|blocked| {
                Blocked::new(format!("forwarding rule {} for {host}: {}", rule.id, blocked.why))
            })?;
        }
        let Some(first) = outbound.attached(now).next() else {
            continue;
        };
        let (account, vpc) = answering(world, now, &leaving(asker, outbound, first), target)?;
        let addresses = ask(
            world,
            now,
            Asker {
                account: &account,
                vpc: &vpc,
            },
            host,
            hops + 1,
        )?;
        found.get_or_insert(addresses);
    }
    found.ok_or_else(|| Blocked::new(format!("forwarding rule {} has no target", rule.id)))
}

/// The outbound endpoint of a rule, working and in the VPC that asks.
fn outbound_of<'w>(
    world: &'w World,
    now: SimTime,
    asker: Asker<'_>,
    rule: &resolver::Rule,
) -> Result<&'w resolver::Endpoint, Blocked> {
    let id = rule.endpoint.as_deref().unwrap_or_default();
    let endpoint = world
        .account(asker.account)
        .and_then(|account| account.resolver.endpoint(id));
    let blocked = |what: &str| {
        Err(Blocked::new(format!(
            "outbound endpoint {id} of rule {} {what}",
            rule.id
        )))
    };
    match endpoint {
        None => blocked("is gone"),
        Some(one) if one.direction != Direction::Outbound => blocked("is not an outbound one"),
        Some(one) if !one.is_operational(now) => blocked(&format!("is {}", one.status(now))),
        Some(one) if one.attached(now).next().is_none() => blocked("has no address"),
        Some(one) => Ok(one),
    }
}

/// DNS speaks UDP, and TCP when an answer is long.
fn query(world: &World, now: SimTime, from: &Endpoint, target: &resolver::Target) -> Result<(), Blocked> {
    reach::udp(world, now, from, target.ip, target.port)?;
    reach::tcp(world, now, from, target.ip, target.port)
}

/// The VPC whose resolver answers at a target: the one of the inbound endpoint there.
fn answering(
    world: &World,
    now: SimTime,
    from: &Endpoint,
    target: &resolver::Target,
) -> Result<(String, String), Blocked> {
    let (account, vpc) = reach::home_of(world, now, from, target.ip)?;
    let inbound = world
        .account(&account)
        .and_then(|account| account.resolver.inbound_at(now, target.ip));
    match inbound {
        Some(one) if one.vpc == vpc && target.port == 53 && one.is_operational(now) => Ok((account, vpc)),
        Some(one) => Err(Blocked::new(format!(
            "inbound endpoint {} does not answer at port {}",
            one.id, target.port
        ))),
        None => Err(Blocked::new(format!("no resolver answers at {}", target.ip))),
    }
}
