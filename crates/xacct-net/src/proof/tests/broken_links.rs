//! Every link broken on its own is found and named, and nothing else is.

use super::{add_route, links, model, open_acl, remove_route, report, route};
use crate::Egress;
use crate::blueprint::Direction;
use crate::proof::model::{AclEntry, AllowPeer, Model, Peering, Target, Targets};
use crate::proof::{LinkKind, Severity};

type Break = fn(&mut Model);

fn close(model: &mut Model, group: &str, direction: Direction, port: u16) {
    let group = model.groups.iter_mut().find(|known| known.id == group).unwrap();
    let before = group.rules.len();
    group
        .rules
        .retain(|rule| rule.direction != direction || !rule.ports.contains(&port));
    assert!(group.rules.len() < before, "nothing was closed");
}

fn deny(model: &mut Model, subnet: &str, direction: Direction, ports: std::ops::RangeInclusive<u16>) {
    let vpc = model.subnet(subnet).unwrap().vpc.clone();
    let mut acl = open_acl(&vpc);
    (acl.default, acl.subnets) = (false, vec![subnet.into()]);
    acl.entries.push(AclEntry {
        number: 50,
        direction,
        allow: false,
        protocol: None,
        ports,
        block: "0.0.0.0/0".parse().unwrap(),
    });
    model.acls.push(acl);
}

/// What is broken, and the start of the name of the link that must be found first.
const BREAKS: &[(&str, Break, &str)] = &[
    (
        "the warehouse's route to the source is gone",
        |m| remove_route(m, "warehouse/routes-private", "172.16.0.0/16"),
        "warehouse/route/source-cidr@",
    ),
    (
        "the source's route back is gone",
        |m| remove_route(m, "source/routes-private", "10.0.0.0/16"),
        "source/route/warehouse-cidr@",
    ),
    (
        "the route leads to an old peering",
        |m| route(m, "source/routes-private", "10.0.0.0/16").target = Target::Peering("pcx-old".into()),
        "source/route/warehouse-cidr@",
    ),
    (
        "the route is a blackhole",
        |m| route(m, "warehouse/routes-private", "172.16.0.0/16").blackhole = true,
        "warehouse/route/source-cidr@",
    ),
    (
        "a longer route takes a broker subnet away",
        |m| {
            add_route(
                m,
                "warehouse/routes-private",
                "172.16.2.0/24",
                Target::Other("tgw-1".into()),
            )
        },
        "warehouse/route/source-cidr@",
    ),
    (
        "a longer route takes part of it away",
        |m| {
            add_route(
                m,
                "warehouse/routes-private",
                "172.16.2.122/32",
                Target::Other("tgw-1".into()),
            )
        },
        "warehouse/route/source-cidr@",
    ),
    (
        "a subnet uses another table",
        |m| {
            m.route_tables[1]
                .subnets
                .retain(|s| s != "warehouse/subnet-private-2")
        },
        "warehouse/route-table@warehouse/subnet-private-2",
    ),
    ("the peering is gone", |m| m.peerings.clear(), "warehouse/peering"),
    (
        "the peering was never accepted",
        |m| m.peerings[0].state = "pending-acceptance".into(),
        "warehouse/peering",
    ),
    (
        "one account does not see the peering",
        |m| m.peerings[0].seen_by.truncate(1),
        "warehouse/peering",
    ),
    (
        "the brokers' group hears only clients",
        |m| {
            m.groups[0]
                .rules
                .retain(|r| matches!(r.peer, AllowPeer::Group(_)))
        },
        "source/group/cluster/ingress/tcp-9098",
    ),
    (
        "the brokers' group hears one subnet less",
        |m| {
            m.groups[0]
                .rules
                .retain(|r| r.peer != AllowPeer::Block("10.0.3.0/24".parse().unwrap()))
        },
        "source/group/cluster/ingress/tcp-9098",
    ),
    (
        "the brokers' group has another port",
        |m| m.groups[0].rules.iter_mut().for_each(|r| r.ports = 9092..=9092),
        "source/group/cluster/ingress/tcp-9098",
    ),
    (
        "Redshift may not speak to brokers",
        |m| close(m, "warehouse/group-workgroup", Direction::Egress, 9098),
        "warehouse/group/workgroup/egress/tcp-9098",
    ),
    (
        "Redshift may not speak to APIs",
        |m| close(m, "warehouse/group-workgroup", Direction::Egress, 443),
        "warehouse/group/workgroup/egress/tcp-443",
    ),
    (
        "Redshift's group is gone",
        |m| m.groups.retain(|g| g.id != "warehouse/group-workgroup"),
        "warehouse/group/workgroup@",
    ),
    (
        "the brokers' group is of another VPC",
        |m| m.groups[0].vpc = "vpc-other".into(),
        "source/group/cluster@",
    ),
    (
        "the inbound endpoint's group is closed",
        |m| close(m, "source/group-resolver-inbound", Direction::Ingress, 53),
        "source/group/resolver-inbound/ingress/udp-53",
    ),
    (
        "the outbound endpoint's group is closed",
        |m| close(m, "warehouse/group-resolver-outbound", Direction::Egress, 53),
        "warehouse/group/resolver-outbound/egress/udp-53",
    ),
    (
        "the rule's targets are elsewhere",
        |m| m.rules[0].targets = Targets::Addresses(vec![([172, 16, 9, 9].into(), 53)]),
        "warehouse/resolver-rule/targets",
    ),
    (
        "the rule's targets have another port",
        |m| {
            m.rules[0].targets = Targets::Addresses(vec![
                ([172, 16, 1, 50].into(), 5353),
                ([172, 16, 2, 50].into(), 5353),
            ])
        },
        "warehouse/resolver-rule/targets",
    ),
    ("the rule is gone", |m| m.rules.clear(), "warehouse/resolver-rule"),
    (
        "the rule forwards something else",
        |m| m.rules[0].domain = "kafka.ap-south-1.amazonaws.com".into(),
        "warehouse/resolver-rule",
    ),
    (
        "the rule failed",
        |m| m.rules[0].state = "FAILED".into(),
        "warehouse/resolver-rule",
    ),
    (
        "the rule serves nobody",
        |m| m.associations.clear(),
        "warehouse/resolver-rule/association",
    ),
    (
        "the association is not complete",
        |m| m.associations[0].state = "CREATING".into(),
        "warehouse/resolver-rule/association",
    ),
    (
        "the rule sends through a lost endpoint",
        |m| m.rules[0].endpoint = Some("rslvr-out-old".into()),
        "warehouse/resolver-rule/endpoint",
    ),
    (
        "the outbound endpoint is being deleted",
        |m| m.resolver_endpoints[1].state = "DELETING".into(),
        "warehouse/resolver-outbound",
    ),
    (
        "the outbound endpoint has no address",
        |m| m.resolver_endpoints[1].addresses.clear(),
        "warehouse/resolver-outbound/addresses",
    ),
    (
        "the inbound endpoint is gone",
        |m| drop(m.resolver_endpoints.remove(0)),
        "source/resolver-inbound",
    ),
    (
        "the inbound endpoint is not operational",
        |m| m.resolver_endpoints[0].state = "CREATING".into(),
        "source/resolver-inbound",
    ),
    (
        "the rule serves the source as well",
        |m| {
            let mut again = m.associations[0].clone();
            again.vpc = "source/vpc".into();
            m.associations.push(again);
        },
        "source/resolver-rule/loop",
    ),
    (
        "the warehouse has no DNS",
        |m| m.vpcs[1].dns_support = false,
        "warehouse/vpc/dns-support",
    ),
    (
        "the source has no DNS",
        |m| m.vpcs[0].dns_support = false,
        "source/vpc/dns-support",
    ),
    (
        "the warehouse asks another name server",
        |m| m.vpcs[1].amazon_dns = false,
        "warehouse/vpc/dhcp-options",
    ),
    (
        "the NAT gateway failed",
        |m| m.nats[0].state = "failed".into(),
        "warehouse/nat",
    ),
    (
        "the NAT gateway has no public address",
        |m| m.nats[0].public = false,
        "warehouse/nat/address",
    ),
    (
        "the private default route is gone",
        |m| remove_route(m, "warehouse/routes-private", "0.0.0.0/0"),
        "warehouse/route/default@",
    ),
    (
        "the private default route is a blackhole",
        |m| route(m, "warehouse/routes-private", "0.0.0.0/0").blackhole = true,
        "warehouse/route/default@",
    ),
    (
        "the public default route is gone",
        |m| remove_route(m, "warehouse/routes-public", "0.0.0.0/0"),
        "warehouse/route/public-default@",
    ),
    (
        "the internet gateway is detached",
        |m| m.gateways[0].vpc = None,
        "warehouse/internet-gateway",
    ),
    (
        "an ACL stops Kafka on its way out",
        |m| deny(m, "warehouse/subnet-private-1", Direction::Egress, 9098..=9098),
        "warehouse/acl/egress/tcp-9098@warehouse/subnet-private-1",
    ),
    (
        "an ACL stops Kafka on its way in",
        |m| deny(m, "source/subnet-private-3", Direction::Ingress, 9098..=9098),
        "source/acl/ingress/tcp-9098@source/subnet-private-3",
    ),
    (
        "an ACL stops the answers",
        |m| deny(m, "warehouse/subnet-private-1", Direction::Ingress, 30000..=31000),
        "warehouse/acl-return/ingress/tcp-ephemeral@warehouse/subnet-private-1",
    ),
    (
        "an ACL stops what the NAT gateway is answered",
        |m| deny(m, "warehouse/subnet-public", Direction::Ingress, 1024..=65535),
        "warehouse/acl-return/ingress/tcp-ephemeral@warehouse/subnet-public",
    ),
    (
        "enhanced routing is off",
        |m| m.workgroup.enhanced_routing = Some(false),
        "warehouse/workgroup/enhanced-routing",
    ),
    (
        "Redshift stands in two zones",
        |m| m.workgroup.subnets.truncate(2),
        "warehouse/workgroup/subnets",
    ),
    (
        "a subnet of Redshift is gone",
        |m| m.subnets.retain(|s| s.id != "warehouse/subnet-private-3"),
        "warehouse/subnet@warehouse/subnet-private-3",
    ),
    (
        "the source's VPC is gone",
        |m| drop(m.vpcs.remove(0)),
        "source/vpc",
    ),
    (
        "the networks overlap",
        |m| m.vpcs[0].cidrs.push("10.0.0.0/18".parse().unwrap()),
        "warehouse/vpc/cidr",
    ),
];

#[test]
fn every_link_broken_on_its_own_is_named() {
    let mut unnamed = Vec::new();
    for (what, break_it, expected) in BREAKS {
        let mut broken = model(Egress::Nat);
        break_it(&mut broken);
        let report = report(&broken);
        let found = links(&report);
        let named = found
            .iter()
            .any(|link| link == expected || (expected.ends_with('@') && link.starts_with(expected)));
        if report.holds() || !named {
            unnamed.push(format!("{what}: expected {expected}, found {found:?}"));
        }
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
}

#[test]
fn a_broken_rule_or_group_entry_gives_no_finding_about_anything_else() {
    for (what, break_it, expected) in BREAKS
        .iter()
        .filter(|(_, _, e)| e.ends_with("ss/tcp-9098") || e.ends_with("targets"))
    {
        let mut broken = model(Egress::Nat);
        break_it(&mut broken);
        let found = links(&report(&broken));
        assert_eq!(found.len(), 1, "{what}: {expected}: {found:?}");
    }
}

#[test]
fn one_wrong_target_of_two_degrades_but_does_not_break() {
    let mut model = model(Egress::Nat);
    let Targets::Addresses(targets) = &mut model.rules[0].targets else {
        unreachable!()
    };
    targets[1].0 = [172, 16, 2, 99].into();
    let report = report(&model);
    assert!(report.holds(), "{report}");
    let finding = report.findings()[0];
    assert_eq!(
        (finding.link.kind, finding.severity),
        (LinkKind::RuleTargets, Severity::Degraded)
    );
}

#[test]
fn without_tcp_names_resolve_but_not_all_of_them() {
    let mut model = model(Egress::Nat);
    let inbound = model
        .groups
        .iter_mut()
        .find(|g| g.id == "source/group-resolver-inbound")
        .unwrap();
    inbound
        .rules
        .retain(|rule| rule.protocol == Some(crate::blueprint::Protocol::Udp));
    let report = report(&model);
    assert!(report.holds(), "{report}");
    assert_eq!(links(&report), ["source/group/resolver-inbound/ingress/tcp-53"]);
}

#[test]
fn a_leftover_peering_beside_the_active_one_changes_nothing() {
    let mut model = model(Egress::Nat);
    model.peerings.insert(
        0,
        Peering {
            id: "pcx-old".into(),
            state: "failed".into(),
            ..model.peerings[0].clone()
        },
    );
    assert!(report(&model).holds());
}

#[test]
fn untouched_acls_let_everything_pass() {
    let mut model = model(Egress::Nat);
    model.acls = vec![open_acl("source/vpc"), open_acl("warehouse/vpc")];
    assert!(report(&model).holds());
}
