//! Whether packets arrive: routes there and back, security groups, network ACLs.

use std::net::Ipv4Addr;

use super::acl::{self, Crossing, EPHEMERAL};
pub(crate) use super::egress::{aws_endpoint, endpoint_policy};
pub(crate) use super::{Blocked, Endpoint};
use crate::clock::SimTime;
use crate::ec2::cidr::Cidr;
use crate::ec2::state::{self, Eni, GroupRule, Peer, Route, State, Target};
use crate::ec2::{peering, route};
use crate::world::World;

/// Whether a TCP connection to an address inside the VPC or behind an active peering can be made.
pub(crate) fn tcp(
    world: &World,
    now: SimTime,
    from: &Endpoint,
    to: Ipv4Addr,
    port: u16,
) -> Result<(), Blocked> {
    packet(world, now, from, to, ("tcp", port))
}

/// The same for UDP and its answer.
pub(crate) fn udp(
    world: &World,
    now: SimTime,
    from: &Endpoint,
    to: Ipv4Addr,
    port: u16,
) -> Result<(), Blocked> {
    packet(world, now, from, to, ("udp", port))
}

type Service<'a> = (&'a str, u16);

/// The sender, looked up.
pub(super) struct Sender<'a> {
    pub from: &'a Endpoint,
    pub state: &'a State,
    pub subnet: &'a state::Subnet,
    /// One address, or all of the subnet.
    pub source: Cidr,
}

impl<'a> Sender<'a> {
    pub(crate) fn of(world: &'a World, from: &'a Endpoint) -> Result<Self, Blocked> {
        let state = ec2(world, &from.account)?;
        let subnet = state
            .subnets
            .get(&from.subnet_id)
            .ok_or_else(|| Blocked::new(format!("subnet {} is gone", from.subnet_id)))?;
        let source = from.ip.map_or(subnet.cidr, single);
        Ok(Self {
            from,
            state,
            subnet,
            source,
        })
    }
}

fn ec2<'w>(world: &'w World, account: &str) -> Result<&'w State, Blocked> {
    world
        .account(account)
        .map(|account| &account.ec2)
        .ok_or_else(|| Blocked::new(format!("no account {account}")))
}

pub(super) fn single(ip: Ipv4Addr) -> Cidr {
    // An address is always a block of one.
    format!("{ip}/32").parse().unwrap_or(Cidr::ANY)
}

fn packet(
    world: &World,
    now: SimTime,
    from: &Endpoint,
    to: Ipv4Addr,
    service: Service<'_>,
) -> Result<(), Blocked> {
    let sender = Sender::of(world, from)?;
    let (account, vpc) = way(world, now, &sender, to)?;
    let target = interface(world, now, &account, &vpc, to)?;
    let there = ec2(world, &account)?;
    let peer_groups: Vec<&str> = target.groups.iter().map(String::as_str).collect();
    let outward = Side {
        world,
        now,
        account: &from.account,
        groups: &from.security_groups,
        egress: true,
    };
    outward.allows(
        service,
        single(to),
        (&account, &vpc, &peer_groups),
        &sender.subnet.vpc,
    )?;
    let source_groups: Vec<&str> = from.security_groups.iter().map(String::as_str).collect();
    let inward = Side {
        world,
        now,
        account: &account,
        groups: &target.groups,
        egress: false,
    };
    inward.allows(
        service,
        sender.source,
        (&from.account, &sender.subnet.vpc, &source_groups),
        &vpc,
    )?;
    back(world, now, &sender, (&account, there), target)?;
    borders(&sender, there, target, service)
}

/// Account and VPC that hold an address, seen from a sender.
pub(crate) fn home_of(
    world: &World,
    now: SimTime,
    from: &Endpoint,
    to: Ipv4Addr,
) -> Result<(String, String), Blocked> {
    way(world, now, &Sender::of(world, from)?, to)
}

/// Where the route of the sender's subnet leads: account and VPC of the address.
fn way(world: &World, now: SimTime, sender: &Sender<'_>, to: Ipv4Addr) -> Result<(String, String), Blocked> {
    let (destination, found) = route_of(
        world,
        now,
        sender.state,
        (&sender.from.account, &sender.subnet.id),
        to,
    )?;
    match &found.target {
        Target::Local => Ok((sender.from.account.clone(), sender.subnet.vpc.clone())),
        Target::Peering(id) => {
            let pcx =
                peering::by_id(world, id).ok_or_else(|| Blocked::new(format!("peering {id} is gone")))?;
            let far = [&pcx.requester, &pcx.accepter]
                .into_iter()
                .find(|side| (&side.account, &side.vpc) != (&sender.from.account, &sender.subnet.vpc));
            match far {
                // Not transitive: the far VPC itself must hold the address.
                Some(side) if side.cidr.contains(to) => Ok((side.account.clone(), side.vpc.clone())),
                _ => Err(Blocked::new(format!(
                    "{to} is not in the VPC behind peering {id}"
                ))),
            }
        }
        other => {
            let (_, id) = route::target_field(other);
            Err(Blocked::new(format!(
                "the route {destination} of {} leads to {id}, which does not know {to}",
                sender.subnet.id
            )))
        }
    }
}

/// The route that decides about an address: the longest prefix, which must be active.
pub(super) fn route_of<'s>(
    world: &World,
    now: SimTime,
    state: &'s State,
    (account, subnet): (&str, &str),
    to: Ipv4Addr,
) -> Result<(Cidr, &'s Route), Blocked> {
    let table = state
        .table_of(subnet)
        .ok_or_else(|| Blocked::new(format!("subnet {subnet} has no route table")))?;
    let (destination, found) = table
        .routes
        .iter()
        .filter(|(destination, route)| destination.contains(to) && now >= route.visible_at)
        .max_by_key(|(destination, _)| destination.prefix())
        .ok_or_else(|| {
            Blocked::new(format!(
                "route table {} of {subnet} has no route to {to}",
                table.id
            ))
        })?;
    if route::state_of(world, account, found, now) == "active" {
        return Ok((*destination, found));
    }
    let (_, id) = route::target_field(&found.target);
    Err(Blocked::new(format!(
        "the route {destination} of {subnet} ({}) is a black hole: {id}",
        table.id
    )))
}

fn interface<'w>(
    world: &'w World,
    now: SimTime,
    account: &str,
    vpc: &str,
    ip: Ipv4Addr,
) -> Result<&'w Eni, Blocked> {
    ec2(world, account)?
        .live_enis(now)
        .find(|eni| eni.vpc == vpc && eni.ip == ip)
        .ok_or_else(|| Blocked::new(format!("nothing in {vpc} has the address {ip}")))
}

/// The answer's way: by the same peering, or local; for every address that the sender may have.
fn back(
    world: &World,
    now: SimTime,
    sender: &Sender<'_>,
    (account, there): (&str, &State),
    target: &Eni,
) -> Result<(), Blocked> {
    let table = there.table_of(&target.subnet);
    let borders = table.into_iter().flat_map(|table| table.routes.keys().copied());
    for home in sender.source.samples(borders) {
        let (destination, found) = route_of(world, now, there, (account, &target.subnet), home)
            .map_err(|blocked| Blocked::new(format!("no way back: {}", blocked.why)))?;
        let fits = match &found.target {
            Target::Local => account == sender.from.account && target.vpc == sender.subnet.vpc,
            Target::Peering(id) => peering::by_id(world, id).is_some_and(|pcx| {
                let is =
                    |side: &state::Side| side.account == sender.from.account && side.vpc == sender.subnet.vpc;
                is(&pcx.requester) || is(&pcx.accepter)
            }),
            _ => false,
        };
        if !fits {
            let why = format!(
                "no way back: the route {destination} of {} does not lead to {home}",
                target.subnet
            );
            return Err(Blocked::new(why));
        }
    }
    Ok(())
}

/// The ACLs of both subnets, there and back. Inside one subnet none applies.
fn borders(
    sender: &Sender<'_>,
    there: &State,
    target: &Eni,
    (protocol, port): Service<'_>,
) -> Result<(), Blocked> {
    if sender.subnet.id == target.subnet {
        return Ok(());
    }
    let (ports, to) = ((i64::from(port), i64::from(port)), single(target.ip));
    let crossing = |ports, peer, egress| Crossing {
        protocol,
        ports,
        peer,
        egress,
    };
    acl::passes(sender.state, &sender.subnet.id, crossing(ports, to, true))?;
    acl::passes(there, &target.subnet, crossing(ports, sender.source, false))?;
    acl::passes(there, &target.subnet, crossing(EPHEMERAL, sender.source, true))?;
    acl::passes(sender.state, &sender.subnet.id, crossing(EPHEMERAL, to, false))
}

/// The security groups at one end.
pub(super) struct Side<'a> {
    pub world: &'a World,
    pub now: SimTime,
    pub account: &'a str,
    pub groups: &'a [String],
    pub egress: bool,
}

impl Side<'_> {
    /// Whether some rule of some group lets the service pass. `peer`: account, VPC and groups of the other end.
    pub(crate) fn allows(
        &self,
        (protocol, port): Service<'_>,
        address: Cidr,
        peer: (&str, &str, &[&str]),
        own_vpc: &str,
    ) -> Result<(), Blocked> {
        let state = ec2(self.world, self.account)?;
        let rules: Vec<&GroupRule> = self
            .groups
            .iter()
            .filter_map(|id| state.security_groups.get(id))
            .flat_map(|group| &group.rules)
            .filter(|rule| {
                rule.egress == self.egress && self.now >= rule.visible_at && carries(rule, protocol, port)
            })
            .collect();
        if rules.iter().any(|rule| self.names_group(rule, peer, own_vpc)) {
            return Ok(());
        }
        // Several rules may share the addresses between them.
        let blocks: Vec<Cidr> = rules.iter().filter_map(|rule| block_of(rule)).collect();
        let samples = address.samples(blocks.iter().copied());
        if samples
            .iter()
            .all(|one| blocks.iter().any(|block| block.contains(*one)))
        {
            return Ok(());
        }
        let (verb, word) = if self.egress {
            ("let out", "to")
        } else {
            ("let in", "from")
        };
        let groups = self.groups.join(", ");
        Err(Blocked::new(format!(
            "security groups {groups} do not {verb} {protocol} {port} {word} {address}"
        )))
    }

    /// Whether the rule names a group that the other end wears, here or across a peering.
    fn names_group(
        &self,
        rule: &GroupRule,
        (account, vpc, groups): (&str, &str, &[&str]),
        own_vpc: &str,
    ) -> bool {
        let Peer::Group { account: named, id } = &rule.peer else {
            return false;
        };
        let here = account == self.account && vpc == own_vpc;
        let joined = || peering::joins(self.world, self.now, (self.account, own_vpc), (account, vpc));
        named == account && groups.contains(&id.as_str()) && (here || joined())
    }
}

fn block_of(rule: &GroupRule) -> Option<Cidr> {
    match &rule.peer {
        Peer::Cidr(cidr) => Some(*cidr),
        _ => None,
    }
}

fn carries(rule: &GroupRule, protocol: &str, port: u16) -> bool {
    let traffic = &rule.traffic;
    let port = i64::from(port);
    traffic.protocol == "-1"
        || (traffic.protocol == protocol && traffic.from_port <= port && port <= traffic.to_port)
}
