//! The way to AWS's public services: a NAT gateway, or an interface endpoint with private DNS.

use std::net::Ipv4Addr;

use super::acl::{self, Crossing, EPHEMERAL};
use super::reach::{Sender, Side, route_of, single, tcp};
use super::{Blocked, Endpoint};
use crate::clock::SimTime;
use crate::ec2::state::{self, Target};
use crate::ec2::{endpoint, route, vpc};
use crate::world::World;

/// Stand for the public addresses of AWS, one of each large block that it announces (ip-ranges.amazonaws.com).
const PUBLIC: [Ipv4Addr; 8] = [
    Ipv4Addr::new(3, 108, 0, 14),
    Ipv4Addr::new(13, 232, 67, 32),
    Ipv4Addr::new(18, 60, 33, 6),
    Ipv4Addr::new(35, 154, 10, 9),
    Ipv4Addr::new(43, 204, 1, 77),
    Ipv4Addr::new(52, 94, 133, 131),
    Ipv4Addr::new(99, 77, 128, 5),
    Ipv4Addr::new(205, 251, 242, 103),
];

/// Whether TCP connections to the public addresses of AWS can be made: by a NAT gateway that works, since nothing here
/// has a public address of its own.
fn internet(world: &World, now: SimTime, from: &Endpoint, port: u16) -> Result<(), Blocked> {
    PUBLIC
        .into_iter()
        .try_for_each(|address| internet_at(world, now, from, (address, port)))
}

fn internet_at(
    world: &World,
    now: SimTime,
    from: &Endpoint,
    (address, port): (Ipv4Addr, u16),
) -> Result<(), Blocked> {
    let sender = Sender::of(world, from)?;
    let outward = Side {
        world,
        now,
        account: &from.account,
        groups: &from.security_groups,
        egress: true,
    };
    outward.allows(("tcp", port), single(address), ("", "", &[]), &sender.subnet.vpc)?;
    let ports = (i64::from(port), i64::from(port));
    let crossing = |ports, peer, egress| Crossing {
        protocol: "tcp",
        ports,
        peer,
        egress,
    };
    acl::passes(
        sender.state,
        &sender.subnet.id,
        crossing(ports, single(address), true),
    )?;
    acl::passes(
        sender.state,
        &sender.subnet.id,
        crossing(EPHEMERAL, single(address), false),
    )?;
    let (_, found) = route_of(
        world,
        now,
        sender.state,
        (&from.account, &sender.subnet.id),
        address,
    )?;
    let nat = match &found.target {
        Target::NatGateway(id) => sender.state.nat_gateways.get(id),
        Target::InternetGateway(id) => {
            let why = format!(
                "subnet {} leads to {id}, but the sender has no public address",
                sender.subnet.id
            );
            return Err(Blocked::new(why));
        }
        other => {
            let (_, id) = route::target_field(other);
            return Err(Blocked::new(format!(
                "subnet {} sends public traffic to {id}",
                sender.subnet.id
            )));
        }
    };
    let nat = nat.ok_or_else(|| Blocked::new("the NAT gateway is gone"))?;
    through_nat(world, now, &sender, nat, (address, port))
}

fn through_nat(
    world: &World,
    now: SimTime,
    sender: &Sender<'_>,
    nat: &state::NatGateway,
    (address, port): (Ipv4Addr, u16),
) -> Result<(), Blocked> {
    if nat.state(now) != "available" || !nat.public {
        return Err(Blocked::new(format!(
            "NAT gateway {} is {} and does not lead out",
            nat.id,
            nat.state(now)
        )));
    }
    let (_, out) = route_of(
        world,
        now,
        sender.state,
        (&sender.from.account, &nat.subnet),
        address,
    )?;
    let gateway = match &out.target {
        Target::InternetGateway(id) => sender.state.internet_gateways.get(id),
        _ => None,
    };
    if gateway.is_none_or(|gateway| gateway.vpc.as_deref() != Some(nat.vpc.as_str())) {
        return Err(Blocked::new(format!(
            "subnet {} of NAT gateway {} has no internet gateway",
            nat.subnet, nat.id
        )));
    }
    let ports = (i64::from(port), i64::from(port));
    let crossing = |ports, peer, egress| Crossing {
        protocol: "tcp",
        ports,
        peer,
        egress,
    };
    if nat.subnet != sender.subnet.id {
        acl::passes(sender.state, &nat.subnet, crossing(ports, sender.source, false))?;
        acl::passes(
            sender.state,
            &nat.subnet,
            crossing(EPHEMERAL, sender.source, true),
        )?;
    }
    acl::passes(sender.state, &nat.subnet, crossing(ports, single(address), true))?;
    acl::passes(
        sender.state,
        &nat.subnet,
        crossing(EPHEMERAL, single(address), false),
    )
}

/// Whether Redshift at `from` reaches an AWS service (`sts`, `kafka`, …) on 443: by an interface endpoint with private
/// DNS if its VPC has one (and the settings say that Redshift uses it), else by the internet.
pub(crate) fn aws_endpoint(
    world: &World,
    now: SimTime,
    from: &Endpoint,
    service: &str,
) -> Result<(), Blocked> {
    let sender = Sender::of(world, from)?;
    match private_endpoint(world, now, &sender, service) {
        Some(endpoint) if world.settings.sts_endpoint_serves_redshift => {
            if now < endpoint.ready_at {
                return Err(Blocked::new(format!("VPC endpoint {} is pending", endpoint.id)));
            }
            let addresses = sender
                .state
                .live_enis(now)
                .filter(|eni| endpoint.enis.contains(&eni.id));
            let mut last = Err(Blocked::new(format!(
                "VPC endpoint {} has no interface",
                endpoint.id
            )));
            for eni in addresses {
                last = tcp(world, now, from, eni.ip, 443);
                if last.is_ok() {
                    break;
                }
            }
            last
        }
        _ => internet(world, now, from, 443),
    }
}

/// The interface endpoint that answers for a service's public name in the sender's VPC.
fn private_endpoint<'a>(
    world: &World,
    now: SimTime,
    sender: &Sender<'a>,
    service: &str,
) -> Option<&'a state::Endpoint> {
    let name = format!("com.amazonaws.{}.{service}", world.settings.region);
    let vpc = sender.state.vpcs.get(&sender.subnet.vpc)?;
    sender.state.endpoints.values().find(|one| {
        one.vpc == vpc.id
            && one.service == name
            && one.private_dns
            && endpoint::is_live(one, now)
            && vpc::has_private_dns(vpc, now)
    })
}

/// The policy of the interface endpoint that Redshift's calls to a service pass, if they pass one.
pub(crate) fn endpoint_policy<'w>(
    world: &'w World,
    now: SimTime,
    from: &'w Endpoint,
    service: &str,
) -> Option<&'w str> {
    let sender = Sender::of(world, from).ok()?;
    let used = world.settings.sts_endpoint_serves_redshift;
    private_endpoint(world, now, &sender, service)
        .filter(|_| used)
        .map(|endpoint| endpoint.policy.as_str())
}
