//! The way from Redshift to AWS APIs: an interface endpoint, else a NAT gateway.

use super::finding::{Finding, Hop, LinkId, LinkKind};
use super::findings::Findings;
use super::model::{InterfaceEndpoint, Model, Nat, Route, RouteTable, Target};
use super::packet::{End, Flow, Walk, acl_allows_block, connect, fail};
use super::region::{covered, public_blocks};
use crate::blueprint::{Direction, GroupRole, HTTPS_PORT, Protocol};
use crate::spec::Side;
use xacct_types::Cidr;

const SIDE: Side = Side::Warehouse;
const HTTPS: Flow = Flow::tcp(HTTPS_PORT);

/// Whether every subnet of the workgroup reaches the API of `service`.
///
/// An interface endpoint with private DNS takes the service's name for the whole
/// VPC, so where there is one, nothing else counts.
pub(super) fn reach(model: &Model, service: &str, out: &mut Findings) -> Vec<Hop> {
    let mut hops = Vec::new();
    let endpoint = model.vpc(SIDE).and_then(|vpc| {
        let serves = |e: &&InterfaceEndpoint| e.vpc == vpc.id && e.service == service;
        model.endpoints.iter().find(serves)
    });
    for from in End::all(model, GroupRole::Workgroup, &model.workgroup) {
        let Some(from) = out.keep(from) else { continue };
        let way = match endpoint {
            Some(endpoint) if endpoint.private_dns || !has_default(model, &from) => {
                through_endpoint(model, &from, endpoint)
            }
            _ => through_nat(model, &from, service),
        };
        if let Some(way) = out.keep(way)
            && hops.is_empty()
        {
            hops = way;
        }
    }
    hops
}

fn has_default(model: &Model, from: &End<'_>) -> bool {
    let table = model.route_table(from.subnet);
    table.is_some_and(|table| {
        table
            .routes
            .iter()
            .any(|route| route.destination == Cidr::ANYWHERE)
    })
}

fn through_endpoint(model: &Model, from: &End<'_>, endpoint: &InterfaceEndpoint) -> Walk<Vec<Hop>> {
    let link = |kind| LinkId::new(SIDE, kind);
    if !endpoint.state.eq_ignore_ascii_case("available") {
        let why = format!("{} is {}", endpoint.id, endpoint.state);
        return fail(
            link(LinkKind::StsEndpoint),
            why,
            "wait until it is available, or make it again",
        );
    }
    let names = model
        .vpc(SIDE)
        .is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames);
    if !endpoint.private_dns || !names {
        let why = format!(
            "the usual name of {} does not lead to {}",
            endpoint.service, endpoint.id
        );
        let mend = "turn its private DNS on, and both DNS attributes of the VPC";
        return fail(link(LinkKind::StsEndpointDns), why, mend);
    }
    let mut ways = Vec::new();
    for subnet in &endpoint.subnets {
        let to = End::new(model, GroupRole::StsEndpoint, subnet, &endpoint.groups)?;
        ways.push(connect(model, from, &to, HTTPS)?);
    }
    let Some(mut way) = ways.into_iter().next() else {
        let why = format!("{} has no subnet", endpoint.id);
        return fail(link(LinkKind::StsEndpoint), why, "give it the private subnets");
    };
    way.push(Hop::new(
        &endpoint.id,
        format!("answers for {}", endpoint.service),
    ));
    Ok(way)
}

fn through_nat(model: &Model, from: &End<'_>, service: &str) -> Walk<Vec<Hop>> {
    let mut hops = vec![allows_https(model, from)?];
    let nat = default_nat(model, from, service)?;
    hops.push(Hop::new(&from.subnet.id, format!("0.0.0.0/0 by {}", nat.id)));
    if nat.state != "available" {
        let link = LinkId::new(SIDE, LinkKind::Nat);
        return fail(
            link,
            format!("{} is {}", nat.id, nat.state),
            "wait until it is available, or make it again",
        );
    }
    if !nat.public {
        let link = LinkId::new(SIDE, LinkKind::NatAddress);
        return fail(
            link,
            format!("{} has no public address", nat.id),
            "make a public NAT gateway with an address",
        );
    }
    let stands = End::new(model, GroupRole::Workgroup, &nat.subnet, &[])?;
    acls(model, from, &stands)?;
    hops.push(internet(model, &stands)?);
    Ok(hops)
}

/// The workgroup's groups let HTTPS out to every public address, since AWS does not
/// say which ones its APIs use.
fn allows_https(model: &Model, from: &End<'_>) -> Walk<Hop> {
    let mut blocks = Vec::new();
    for id in from.groups {
        let Some(group) = model.groups.iter().find(|group| group.id == *id) else {
            let link = LinkId::at(SIDE, LinkKind::Group(GroupRole::Workgroup), id);
            return fail(
                link,
                "the security group does not exist",
                "make it again and attach it",
            );
        };
        blocks.extend(group.rules.iter().filter_map(|rule| {
            let speaks = rule.direction == Direction::Egress
                && rule.protocol.is_none_or(|protocol| protocol == Protocol::Tcp)
                && rule.ports.contains(&HTTPS_PORT);
            match rule.peer {
                super::model::AllowPeer::Block(block) if speaks => Some(block),
                _ => None,
            }
        }));
    }
    if public_blocks().into_iter().all(|block| covered(block, &blocks)) {
        return Ok(Hop::new(from.groups.join("+"), "egress tcp 443"));
    }
    let kind = LinkKind::GroupRule(GroupRole::Workgroup, Direction::Egress, Protocol::Tcp, HTTPS_PORT);
    let why = format!(
        "no rule of {} allows egress tcp 443 to everywhere",
        from.groups.join(", ")
    );
    fail(LinkId::new(SIDE, kind), why, "allow egress tcp 443 to 0.0.0.0/0")
}

fn default_nat<'m>(model: &'m Model, from: &End<'_>, service: &str) -> Walk<&'m Nat> {
    let link = |kind| LinkId::at(SIDE, kind, &from.subnet.id);
    let Some(table) = model.route_table(from.subnet) else {
        return fail(
            link(LinkKind::RouteTable),
            "the subnet has no route table",
            "associate one with it",
        );
    };
    let Some(route) = table
        .routes
        .iter()
        .find(|route| route.destination == Cidr::ANYWHERE)
    else {
        let any = model
            .nats
            .iter()
            .any(|nat| in_vpc(model, &nat.subnet, &from.subnet.vpc));
        let kind = if any {
            LinkKind::DefaultRoute
        } else {
            LinkKind::ApiAccess
        };
        let why = format!(
            "{} has no route to the API of {service}, and no endpoint serves it",
            table.id
        );
        return fail(link(kind), why, "add a route for 0.0.0.0/0 to a NAT gateway");
    };
    let named = match &route.target {
        Target::Nat(id) => model.nats.iter().find(|nat| nat.id == *id),
        _ => None,
    };
    let Some(nat) = named else {
        let why = format!(
            "{} sends 0.0.0.0/0 to {}, which is no NAT gateway of this VPC",
            table.id, route.target
        );
        return fail(link(LinkKind::DefaultRoute), why, "let it lead to a NAT gateway");
    };
    if route.blackhole && nat.state == "available" {
        let why = format!("the route of {} for 0.0.0.0/0 is a blackhole", table.id);
        return fail(
            link(LinkKind::DefaultRoute),
            why,
            format!("replace it by one to {}", nat.id),
        );
    }
    no_detour(table, route, link(LinkKind::DefaultRoute))?;
    Ok(nat)
}

/// No longer route takes public addresses elsewhere than the default route does.
fn no_detour(table: &RouteTable, default: &Route, link: LinkId) -> Walk {
    let public = public_blocks();
    let elsewhere = |route: &&Route| {
        let differs = route.target != default.target || route.blackhole;
        differs && public.iter().any(|block| block.overlaps(&route.destination))
    };
    let others = table
        .routes
        .iter()
        .filter(|route| route.destination != Cidr::ANYWHERE);
    let Some(detour) = others.into_iter().find(elsewhere) else {
        return Ok(());
    };
    let why = format!(
        "{} sends {}, where APIs may be, to {}",
        table.id, detour.destination, detour.target
    );
    fail(link, why, format!("remove the route for {}", detour.destination))
}

fn in_vpc(model: &Model, subnet: &str, vpc: &str) -> bool {
    model.subnet(subnet).is_some_and(|subnet| subnet.vpc == vpc)
}

/// The ACLs on the way from the subnet through the NAT gateway's subnet and back.
fn acls(model: &Model, from: &End<'_>, nat: &End<'_>) -> Walk {
    if from.subnet.id != nat.subnet.id {
        acl_allows_block(model, nat, Direction::Ingress, from.block, HTTPS, false)?;
        acl_allows_block(model, nat, Direction::Egress, from.block, HTTPS, true)?;
    }
    for block in public_blocks() {
        for end in [from, nat] {
            acl_allows_block(model, end, Direction::Egress, block, HTTPS, false)?;
            acl_allows_block(model, end, Direction::Ingress, block, HTTPS, true)?;
        }
    }
    Ok(())
}

/// The NAT gateway's own subnet leads to an attached internet gateway.
fn internet(model: &Model, nat: &End<'_>) -> Walk<Hop> {
    let link = LinkId::at(SIDE, LinkKind::PublicRoute, &nat.subnet.id);
    let table = model.route_table(nat.subnet);
    let route = table.and_then(|table| {
        table
            .routes
            .iter()
            .find(|route| route.destination == Cidr::ANYWHERE)
    });
    let Some(route) = route else {
        let why = "the NAT gateway's subnet has no route for 0.0.0.0/0";
        return fail(link, why, "add one to the internet gateway");
    };
    let Target::Internet(id) = &route.target else {
        let why = format!("the NAT gateway's subnet sends 0.0.0.0/0 to {}", route.target);
        return fail(link, why, "let it lead to the internet gateway");
    };
    let attached = |vpc: &str| {
        model
            .gateways
            .iter()
            .any(|g| g.id == *id && g.vpc.as_deref() == Some(vpc))
    };
    if !attached(&nat.subnet.vpc) {
        let link = LinkId::new(SIDE, LinkKind::InternetGateway);
        let why = format!("{id} is not attached to {}", nat.subnet.vpc);
        return fail(link, why, "attach it");
    }
    if route.blackhole {
        return fail(
            link,
            "the route to the internet gateway is a blackhole",
            "replace it",
        );
    }
    if let Some(table) = table {
        no_detour(table, route, link)?;
    }
    Ok(Hop::new(id, "to the internet"))
}

/// What AWS leaves open about interface endpoints.
pub(super) fn unconfirmed(model: &Model) -> Option<Finding> {
    let vpc = model.vpc(SIDE)?;
    let endpoint = model
        .endpoints
        .iter()
        .find(|e| e.vpc == vpc.id && e.service == "sts")?;
    let why = format!(
        "AWS does not say whether Redshift with enhanced VPC routing uses {}",
        endpoint.id
    );
    let finding = Finding::broken(
        LinkId::new(SIDE, LinkKind::StsEndpoint),
        why,
        "nothing if a refresh works; otherwise choose egress = \"nat\"",
    );
    Some(finding.with_severity(super::finding::Severity::Note))
}
