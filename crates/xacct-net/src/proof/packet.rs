//! The way of one connection from one subnet to another, and of its answers back.

use super::finding::{Finding, Hop, LinkId, LinkKind};
use super::model::{AllowPeer, Model, Placement, Route, Subnet, Target};
use super::region::{EPHEMERAL, Packets, acl_passes, covered};
use crate::blueprint::{Direction, GroupRole, Protocol};
use crate::spec::Side;
use std::ops::RangeInclusive;
use xacct_types::Cidr;

/// The first link that fails.
pub(super) type Walk<T = ()> = Result<T, Box<Finding>>;

/// One end of a connection.
#[derive(Debug, Clone)]
pub(super) struct End<'a> {
    pub(super) side: Side,
    pub(super) subnet: &'a Subnet,
    /// Where in the subnet: one address, or all of it.
    pub(super) block: Cidr,
    pub(super) groups: &'a [String],
    pub(super) role: GroupRole,
}

impl<'a> End<'a> {
    /// An end anywhere in a subnet of a placement.
    pub(super) fn new(model: &'a Model, role: GroupRole, subnet: &str, groups: &'a [String]) -> Walk<Self> {
        let side = role.side();
        let Some(subnet) = model.subnet(subnet) else {
            let link = LinkId::at(side, LinkKind::Subnet, subnet);
            return fail(link, "the subnet does not exist", "make it again");
        };
        if !subnet.available {
            let link = LinkId::at(side, LinkKind::Subnet, &subnet.id);
            return fail(
                link,
                "the subnet is not available",
                "wait for it, or make it again",
            );
        }
        let block = subnet.cidr;
        Ok(Self {
            side,
            subnet,
            block,
            groups,
            role,
        })
    }

    /// The ends of a placement, one for each subnet.
    pub(super) fn all(model: &'a Model, role: GroupRole, placement: &'a Placement) -> Vec<Walk<Self>> {
        let end = |subnet: &String| Self::new(model, role, subnet, &placement.groups);
        placement.subnets.iter().map(end).collect()
    }

    pub(super) fn describe(&self) -> String {
        format!("{} in {} ({})", self.role, self.subnet.id, self.block)
    }
}

/// What is opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    pub(super) protocol: Protocol,
    pub(super) port: u16,
}

impl Flow {
    pub(super) const fn tcp(port: u16) -> Self {
        Self {
            protocol: Protocol::Tcp,
            port,
        }
    }
}

/// Ends a walk.
pub(super) fn fail<T>(link: LinkId, why: impl Into<String>, mend: impl Into<String>) -> Walk<T> {
    Err(Box::new(Finding::broken(link, why, mend)))
}

/// Follows a connection from `from` to `to`, and its answers back.
pub(super) fn connect(model: &Model, from: &End<'_>, to: &End<'_>, flow: Flow) -> Walk<Vec<Hop>> {
    let mut hops = Vec::new();
    hops.push(group_allows(model, from, to, Direction::Egress, flow)?);
    hops.extend(acl_allows(
        model,
        from,
        Direction::Egress,
        to.block,
        to.subnet,
        flow,
        false,
    )?);
    hops.push(route_leads(model, from, to)?);
    hops.extend(acl_allows(
        model,
        to,
        Direction::Ingress,
        from.block,
        from.subnet,
        flow,
        false,
    )?);
    hops.push(group_allows(model, to, from, Direction::Ingress, flow)?);
    // Security groups remember the connection; routes and ACLs do not.
    hops.push(route_leads(model, to, from)?);
    hops.extend(acl_allows(
        model,
        to,
        Direction::Egress,
        from.block,
        from.subnet,
        flow,
        true,
    )?);
    hops.extend(acl_allows(
        model,
        from,
        Direction::Ingress,
        to.block,
        to.subnet,
        flow,
        true,
    )?);
    Ok(hops)
}

/// Whether the groups that `wearer` wears allow the flow with `other`.
pub(super) fn group_allows(
    model: &Model,
    wearer: &End<'_>,
    other: &End<'_>,
    direction: Direction,
    flow: Flow,
) -> Walk<Hop> {
    let mut blocks = Vec::new();
    for id in wearer.groups {
        for rule in rules_for(model, wearer, id, direction, flow)? {
            match &rule.peer {
                AllowPeer::Block(block) => blocks.push(*block),
                AllowPeer::Group(group) if other.groups.contains(group) => blocks.push(other.block),
                AllowPeer::Group(_) | AllowPeer::PrefixList(_) => {}
            }
        }
    }
    let kind = LinkKind::GroupRule(wearer.role, direction, flow.protocol, flow.port);
    if covered(other.block, &blocks) {
        let groups = wearer.groups.join("+");
        return Ok(Hop::new(
            groups,
            format!("{direction} {} {}", flow.protocol, flow.port),
        ));
    }
    let preposition = preposition(direction);
    let why = format!(
        "no rule of {} allows {direction} {} {} {preposition} {}",
        shown(wearer.groups),
        flow.protocol,
        flow.port,
        other.describe()
    );
    let mend = format!(
        "allow {direction} {} {} {preposition} {}",
        flow.protocol, flow.port, other.block
    );
    fail(LinkId::new(wearer.side, kind), why, mend)
}

const fn preposition(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}

fn shown(groups: &[String]) -> String {
    if groups.is_empty() {
        return "(no security group)".into();
    }
    groups.join(", ")
}

/// The rules of one group that speak about the flow.
fn rules_for<'m>(
    model: &'m Model,
    wearer: &End<'_>,
    id: &str,
    direction: Direction,
    flow: Flow,
) -> Walk<Vec<&'m super::model::Allow>> {
    let link = || LinkId::at(wearer.side, LinkKind::Group(wearer.role), id);
    let Some(group) = model.groups.iter().find(|group| group.id == id) else {
        return fail(
            link(),
            "the security group does not exist",
            "make it again and attach it",
        );
    };
    if group.vpc != wearer.subnet.vpc {
        let why = format!(
            "the security group belongs to {}, not to {}",
            group.vpc, wearer.subnet.vpc
        );
        return fail(link(), why, "attach a group of the same VPC");
    }
    let speaks = |rule: &&super::model::Allow| {
        rule.direction == direction
            && rule.protocol.is_none_or(|protocol| protocol == flow.protocol)
            && rule.ports.contains(&flow.port)
    };
    Ok(group.rules.iter().filter(speaks).collect())
}

/// Whether the subnet's network ACL lets packets between `end` and `block` pass. No
/// ACL is asked about packets that stay inside a subnet.
pub(super) fn acl_allows(
    model: &Model,
    end: &End<'_>,
    direction: Direction,
    block: Cidr,
    other: &Subnet,
    flow: Flow,
    returning: bool,
) -> Walk<Option<Hop>> {
    if other.id == end.subnet.id {
        return Ok(None);
    }
    acl_allows_block(model, end, direction, block, flow, returning)
}

/// The same for a block that is no subnet of the model.
pub(super) fn acl_allows_block(
    model: &Model,
    end: &End<'_>,
    direction: Direction,
    block: Cidr,
    flow: Flow,
    returning: bool,
) -> Walk<Option<Hop>> {
    let Some(acl) = model.acl(end.subnet) else {
        return Ok(None);
    };
    let ports: RangeInclusive<u16> = if returning {
        EPHEMERAL
    } else {
        flow.port..=flow.port
    };
    let mut entries: Vec<_> = acl.entries.iter().collect();
    entries.sort_by_key(|entry| entry.number);
    let packets = Packets {
        direction,
        protocol: flow.protocol,
        block,
        ports: ports.clone(),
    };
    let Err(entry) = acl_passes(&entries, &packets) else {
        let shown = if returning { "answers" } else { "the connection" };
        return Ok(Some(Hop::new(&acl.id, format!("{direction} passes {shown}"))));
    };
    let kind = if returning {
        LinkKind::AclReturn(direction, flow.protocol)
    } else {
        LinkKind::Acl(direction, flow.protocol, flow.port)
    };
    let by = entry.map_or_else(
        || "its last line".to_owned(),
        |entry| format!("entry {}", entry.number),
    );
    let (start, last) = (ports.start(), ports.end());
    let about = format!(
        "{direction} {} {start}-{last} {} {block}",
        flow.protocol,
        preposition(direction)
    );
    let why = format!("network ACL {} denies {about} by {by}", acl.id);
    let mend = format!("allow {about} with a lower number");
    fail(LinkId::at(end.side, kind, &end.subnet.id), why, mend)
}

/// Whether the route table of `from` leads to `to`.
pub(super) fn route_leads(model: &Model, from: &End<'_>, to: &End<'_>) -> Walk<Hop> {
    let same_vpc = from.subnet.vpc == to.subnet.vpc;
    let kind = if same_vpc {
        LinkKind::LocalRoute
    } else {
        LinkKind::PeerRoute
    };
    let link = || LinkId::at(from.side, kind, &from.subnet.id);
    let Some(table) = model.route_table(from.subnet) else {
        let link = LinkId::at(from.side, LinkKind::RouteTable, &from.subnet.id);
        return fail(link, "the subnet has no route table", "associate one with it");
    };
    let Some(route) = longest(&table.routes, to.block) else {
        let why = format!("{} has no route to {}", table.id, to.block);
        let mend = format!(
            "add a route for {} to {}",
            to_cidr(model, to),
            way(model, from, to)
        );
        return fail(link(), why, mend);
    };
    if let Some(shadow) = shadow(&table.routes, to.block, route) {
        let why = format!(
            "{} sends {} of {} to {}",
            table.id, shadow.destination, to.block, shadow.target
        );
        return fail(
            link(),
            why,
            format!("remove the route for {}", shadow.destination),
        );
    }
    if same_vpc {
        return local(link(), &table.id, route);
    }
    let right = matches!(&route.target, Target::Peering(id) if connects(model, id, from, to));
    if !right {
        let why = format!("{} sends {} to {}", table.id, route.destination, route.target);
        let mend = format!("let {} lead to {}", to_cidr(model, to), way(model, from, to));
        // A route to a peering that is not active is the peering's fault.
        peering(model, from.side)?;
        return fail(link(), why, mend);
    }
    peering(model, from.side)?;
    if route.blackhole {
        let why = format!(
            "the route of {} for {} is a blackhole",
            table.id, route.destination
        );
        return fail(
            link(),
            why,
            format!("replace it by one to {}", way(model, from, to)),
        );
    }
    Ok(Hop::new(
        &table.id,
        format!("{} by {}", route.destination, route.target),
    ))
}

fn local(link: LinkId, table: &str, route: &Route) -> Walk<Hop> {
    if route.target == Target::Local {
        return Ok(Hop::new(table, format!("{} local", route.destination)));
    }
    let why = format!(
        "{table} sends {} to {} instead of keeping it inside",
        route.destination, route.target
    );
    fail(link, why, format!("remove the route for {}", route.destination))
}

fn to_cidr(model: &Model, to: &End<'_>) -> Cidr {
    let vpc = model.vpcs.iter().find(|vpc| vpc.id == to.subnet.vpc);
    let whole = vpc.and_then(|vpc| vpc.cidrs.iter().find(|cidr| cidr.covers(&to.block)));
    whole.copied().unwrap_or(to.block)
}

fn way(model: &Model, from: &End<'_>, to: &End<'_>) -> String {
    let known = model
        .peerings
        .iter()
        .find(|peering| joins(peering, &from.subnet.vpc, &to.subnet.vpc));
    known.map_or_else(|| "the peering".into(), |peering| peering.id.clone())
}

fn joins(peering: &super::model::Peering, a: &str, b: &str) -> bool {
    (peering.requester == a && peering.accepter == b) || (peering.requester == b && peering.accepter == a)
}

fn connects(model: &Model, id: &str, from: &End<'_>, to: &End<'_>) -> bool {
    let by_id = model.peerings.iter().find(|peering| peering.id == id);
    by_id.is_some_and(|peering| joins(peering, &from.subnet.vpc, &to.subnet.vpc))
}

/// The route that takes every address of `block`: the longest prefix wins.
pub(super) fn longest(routes: &[Route], block: Cidr) -> Option<&Route> {
    let covering = routes.iter().filter(|route| route.destination.covers(&block));
    covering.max_by_key(|route| route.destination.prefix())
}

/// A longer route that takes some addresses of `block` elsewhere.
fn shadow<'r>(routes: &'r [Route], block: Cidr, main: &Route) -> Option<&'r Route> {
    let inside = |route: &&Route| block.covers(&route.destination) && route.destination != block;
    routes
        .iter()
        .filter(inside)
        .find(|route| route.target != main.target || route.blackhole)
}

/// Whether the peering is there, active, and known to both accounts.
pub(super) fn peering(model: &Model, side: Side) -> Walk<&super::model::Peering> {
    let link = LinkId::new(Side::Warehouse, LinkKind::Peering);
    let (Some(here), Some(there)) = (model.vpc(side), model.vpc(side.peer())) else {
        return fail(link, "one of the VPCs does not exist", "deploy both networks");
    };
    let between: Vec<_> = model
        .peerings
        .iter()
        .filter(|p| joins(p, &here.id, &there.id))
        .collect();
    let Some(peering) = between.iter().find(|p| p.state == "active").or(between.first()) else {
        let why = format!("no peering joins {} and {}", here.id, there.id);
        return fail(
            link,
            why,
            "request one from the warehouse's account and accept it in the source's",
        );
    };
    if peering.state != "active" {
        let why = format!("{} is {}", peering.id, peering.state);
        return fail(
            link,
            why,
            "accept it in the account that was asked, or make it again",
        );
    }
    if let Some(blind) = Side::BOTH
        .into_iter()
        .find(|side| !peering.seen_by.contains(side))
    {
        let why = format!("the account of the {blind} does not see {}", peering.id);
        return fail(link, why, "wait a moment and read again");
    }
    Ok(peering)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(destination: &str, target: Target) -> Route {
        Route {
            destination: destination.parse().unwrap(),
            target,
            blackhole: false,
        }
    }

    #[test]
    fn the_longest_prefix_wins() {
        let routes = [
            route("0.0.0.0/0", Target::Nat("nat-1".into())),
            route("172.16.0.0/16", Target::Peering("pcx-1".into())),
        ];
        let found = longest(&routes, "172.16.3.0/24".parse().unwrap()).unwrap();
        assert_eq!(found.target, Target::Peering("pcx-1".into()));
    }

    #[test]
    fn a_longer_route_elsewhere_shadows_part_of_a_block() {
        let peering = || Target::Peering("pcx-1".into());
        let routes = [
            route("172.16.0.0/16", peering()),
            route("172.16.3.128/25", Target::Other("tgw-1".into())),
        ];
        let block = "172.16.3.0/24".parse().unwrap();
        let main = longest(&routes, block).unwrap();
        assert_eq!(
            shadow(&routes, block, main).unwrap().target,
            Target::Other("tgw-1".into())
        );
    }
}
