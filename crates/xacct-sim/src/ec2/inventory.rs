//! The live network of an account, for comparisons. Interfaces are left out: they belong to the services that made them.

use serde_json::{Value, json};

use super::peering;
use super::state::{GroupRule, Peer, State};
use crate::clock::SimTime;
use crate::inventory::{Collector, name_of_tags};
use crate::world::{AccountState, World};

/// Adds the live resources to an inventory.
pub(crate) fn inventory(world: &World, account: &AccountState, now: SimTime, out: &mut Collector) {
    let state = &account.ec2;
    networks(state, out);
    tables(state, out);
    groups(state, out);
    gateways(state, now, out);
    for (_, pcx) in peering::all(world) {
        let ours = [&pcx.requester, &pcx.accepter]
            .iter()
            .any(|side| side.account == account.id);
        if ours && peering::is_live(pcx, now) {
            let sides = |side: &super::state::Side| json!({ "account": side.account, "block": side.cidr.to_string() });
            let what = json!({ "requester": sides(&pcx.requester), "accepter": sides(&pcx.accepter), "tags": tags(state, &pcx.id) });
            out.add(
                "ec2:vpc-peering-connection",
                &pcx.id,
                &name(state, &pcx.id, "unnamed"),
                what,
            );
        }
    }
}

fn tags(state: &State, id: &str) -> Value {
    json!(state.tags_of(id))
}

fn name(state: &State, id: &str, otherwise: &str) -> String {
    state
        .tags_of(id)
        .and_then(name_of_tags)
        .unwrap_or_else(|| otherwise.to_owned())
}

fn networks(state: &State, out: &mut Collector) {
    for vpc in state.vpcs.values() {
        let (support, hostnames) = (
            vpc.dns_support.at(SimTime::MAX),
            vpc.dns_hostnames.at(SimTime::MAX),
        );
        let what = json!({
            "block": vpc.cidr.to_string(), "dns_support": support, "dns_hostnames": hostnames, "tags": tags(state, &vpc.id),
        });
        out.add("ec2:vpc", &vpc.id, &name(state, &vpc.id, "unnamed"), what);
    }
    for subnet in state.subnets.values() {
        let what = json!({
            "vpc": subnet.vpc, "block": subnet.cidr.to_string(), "zone": subnet.zone_id,
            "map_public_ip": subnet.map_public_ip, "tags": tags(state, &subnet.id),
        });
        out.add(
            "ec2:subnet",
            &subnet.id,
            &name(state, &subnet.id, "unnamed"),
            what,
        );
    }
}

fn tables(state: &State, out: &mut Collector) {
    for table in state.route_tables.values() {
        let routes: Vec<Value> = table
            .routes
            .iter()
            .map(|(destination, route)| {
                json!([
                    destination.to_string(),
                    super::route::target_field(&route.target).1
                ])
            })
            .collect();
        let subnets: Vec<&str> = table
            .associations
            .iter()
            .filter_map(|one| one.subnet.as_deref())
            .collect();
        let main = table.associations.iter().any(|one| one.subnet.is_none());
        let what = json!({
            "vpc": table.vpc, "main": main, "subnets": sorted(subnets), "routes": routes, "tags": tags(state, &table.id),
        });
        out.add(
            "ec2:route-table",
            &table.id,
            &name(state, &table.id, if main { "main" } else { "unnamed" }),
            what,
        );
    }
    for acl in state.network_acls.values() {
        let entries: Vec<Value> = acl
            .entries
            .iter()
            .map(|((egress, number), entry)| {
                json!([
                    egress,
                    number,
                    entry.allow,
                    entry.protocol,
                    entry.cidr.to_string(),
                    entry.ports
                ])
            })
            .collect();
        let subnets: Vec<&str> = acl.associations.keys().map(String::as_str).collect();
        let what =
            json!({ "vpc": acl.vpc, "default": acl.default, "subnets": sorted(subnets), "entries": entries });
        out.add(
            "ec2:network-acl",
            &acl.id,
            &name(state, &acl.id, if acl.default { "default" } else { "unnamed" }),
            what,
        );
    }
}

/// Physical ids are in no order that means anything.
fn sorted(mut ids: Vec<&str>) -> Vec<&str> {
    ids.sort_unstable();
    ids
}

fn groups(state: &State, out: &mut Collector) {
    for group in state.security_groups.values() {
        let mut rules: Vec<Value> = group.rules.iter().map(rule).collect();
        rules.sort_by_key(Value::to_string);
        let what = json!({
            "vpc": group.vpc, "group_name": group.name, "description": group.description, "rules": rules,
            "tags": tags(state, &group.id),
        });
        out.add(
            "ec2:security-group",
            &group.id,
            &name(state, &group.id, &group.name),
            what,
        );
    }
}

fn rule(rule: &GroupRule) -> Value {
    let peer = match &rule.peer {
        Peer::Cidr(cidr) => cidr.to_string(),
        Peer::Cidr6(text) => text.clone(),
        Peer::Group { id, .. } | Peer::PrefixList(id) => id.clone(),
    };
    let traffic = &rule.traffic;
    json!([
        if rule.egress { "out" } else { "in" },
        traffic.protocol,
        traffic.from_port,
        traffic.to_port,
        peer,
        rule.description
    ])
}

fn gateways(state: &State, now: SimTime, out: &mut Collector) {
    for gateway in state.internet_gateways.values() {
        let what = json!({ "vpc": gateway.vpc, "tags": tags(state, &gateway.id) });
        out.add(
            "ec2:internet-gateway",
            &gateway.id,
            &name(state, &gateway.id, "unnamed"),
            what,
        );
    }
    for address in state.addresses.values() {
        let id = &address.allocation;
        out.alias(&address.ip.to_string(), "address");
        out.add(
            "ec2:elastic-ip",
            id,
            &name(state, id, "unnamed"),
            json!({ "tags": tags(state, id) }),
        );
    }
    for nat in state
        .nat_gateways
        .values()
        .filter(|nat| matches!(nat.state(now), "pending" | "available"))
    {
        let what = json!({ "subnet": nat.subnet, "address": nat.allocation, "tags": tags(state, &nat.id) });
        out.add("ec2:nat-gateway", &nat.id, &name(state, &nat.id, "unnamed"), what);
    }
    for endpoint in state
        .endpoints
        .values()
        .filter(|endpoint| super::endpoint::is_live(endpoint, now))
    {
        let what = json!({
            "vpc": endpoint.vpc, "service": endpoint.service, "subnets": endpoint.subnets, "groups": endpoint.groups,
            "private_dns": endpoint.private_dns, "policy": endpoint.policy, "tags": tags(state, &endpoint.id),
        });
        out.add(
            "ec2:vpc-endpoint",
            &endpoint.id,
            &name(state, &endpoint.id, "unnamed"),
            what,
        );
    }
}
