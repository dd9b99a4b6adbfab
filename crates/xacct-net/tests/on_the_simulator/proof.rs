//! `verify` names the link that was broken, from what it reads.

use crate::world::{SOURCE, WAREHOUSE, World};
use serde_json::{Value as Json, json};
use xacct_net::outputs::LinkOutputs;

type Case = (&'static str, fn(&World, &LinkOutputs), &'static str);

fn table(world: &World, account: &str, subnet: &str) -> Json {
    let filter = json!({ "Filter": [{ "Name": "association.subnet-id", "Value": [subnet] }] });
    world.ec2(account, "DescribeRouteTables", filter)["routeTableSet"][0]["routeTableId"].clone()
}

fn drop_route(world: &World, account: &str, subnet: &str, block: &str) {
    let table = table(world, account, subnet);
    world.ec2(
        account,
        "DeleteRoute",
        json!({ "RouteTableId": table, "DestinationCidrBlock": block }),
    );
}

/// Takes every rule of a direction away that speaks about this port.
fn close(world: &World, account: &str, group: &str, egress: bool, port: i64) {
    let found = world.ec2(account, "DescribeSecurityGroups", json!({ "GroupId": [group] }));
    let set = if egress {
        "ipPermissionsEgress"
    } else {
        "ipPermissions"
    };
    for rule in found["securityGroupInfo"][0][set].as_array().unwrap() {
        let number = |name: &str| rule[name].as_i64().or_else(|| rule[name].as_str()?.parse().ok());
        if number("fromPort") != Some(port) {
            continue;
        }
        let blocks = rule["ipRanges"].as_array().into_iter().flatten();
        let blocks: Vec<Json> = blocks.map(|range| json!({ "CidrIp": range["cidrIp"] })).collect();
        let groups = rule["groups"].as_array().into_iter().flatten();
        let groups: Vec<Json> = groups.map(|pair| json!({ "GroupId": pair["groupId"] })).collect();
        let permission = json!([{
            "IpProtocol": rule["ipProtocol"], "FromPort": port, "ToPort": port, "IpRanges": blocks, "Groups": groups,
        }]);
        let operation = if egress {
            "RevokeSecurityGroupEgress"
        } else {
            "RevokeSecurityGroupIngress"
        };
        world.ec2(
            account,
            operation,
            json!({ "GroupId": group, "IpPermissions": permission }),
        );
    }
}

fn group_of(world: &World, account: &str, resource: &str) -> String {
    let filter = json!({ "Filter": [{ "Name": "tag:xacct:resource", "Value": [resource] }] });
    let found = world.ec2(account, "DescribeSecurityGroups", filter);
    found["securityGroupInfo"][0]["groupId"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn deny(world: &World, account: &str, vpc: &str, egress: bool, from: u16, to: u16) {
    let filter = json!({ "Filter": [{ "Name": "vpc-id", "Value": [vpc] }] });
    let acl = world.ec2(account, "DescribeNetworkAcls", filter)["networkAclSet"][0]["networkAclId"].clone();
    let entry = json!({
        "NetworkAclId": acl, "RuleNumber": "50", "Protocol": "6", "RuleAction": "deny",
        "Egress": egress.to_string(), "CidrBlock": "0.0.0.0/0", "PortRange": { "From": from, "To": to },
    });
    world.ec2(account, "CreateNetworkAclEntry", entry);
}

const CASES: &[Case] = &[
    (
        "the route to the source",
        |w, o| {
            drop_route(
                w,
                WAREHOUSE,
                o.warehouse.private_subnets[0].id.as_str(),
                "172.16.0.0/16",
            )
        },
        "warehouse/route/source-cidr@",
    ),
    (
        "the route back",
        |w, o| drop_route(w, SOURCE, o.source.private_subnets[0].id.as_str(), "10.0.0.0/16"),
        "source/route/warehouse-cidr@",
    ),
    (
        "the default route",
        |w, o| {
            drop_route(
                w,
                WAREHOUSE,
                o.warehouse.private_subnets[0].id.as_str(),
                "0.0.0.0/0",
            )
        },
        "warehouse/route/default@",
    ),
    (
        "the public default route",
        |w, o| {
            drop_route(
                w,
                WAREHOUSE,
                o.warehouse.public_subnet.as_ref().unwrap().id.as_str(),
                "0.0.0.0/0",
            )
        },
        "warehouse/route/public-default@",
    ),
    (
        "the brokers' port",
        |w, o| close(w, SOURCE, o.cluster_group.as_str(), false, 9098),
        "source/group/cluster/ingress/tcp-9098",
    ),
    (
        "Redshift's way to brokers",
        |w, o| close(w, WAREHOUSE, o.workgroup_group.as_str(), true, 9098),
        "warehouse/group/workgroup/egress/tcp-9098",
    ),
    (
        "Redshift's way to APIs",
        |w, o| close(w, WAREHOUSE, o.workgroup_group.as_str(), true, 443),
        "warehouse/group/workgroup/egress/tcp-443",
    ),
    (
        "the inbound endpoint's port",
        |w, _| {
            close(
                w,
                SOURCE,
                &group_of(w, SOURCE, "source/group-resolver-inbound"),
                false,
                53,
            )
        },
        "source/group/resolver-inbound/ingress/udp-53",
    ),
    (
        "the outbound endpoint's port",
        |w, _| {
            close(
                w,
                WAREHOUSE,
                &group_of(w, WAREHOUSE, "warehouse/group-resolver-outbound"),
                true,
                53,
            )
        },
        "warehouse/group/resolver-outbound/egress/udp-53",
    ),
    (
        "the rule's targets",
        |w, o| {
            drop(w.resolver("UpdateResolverRule", json!({ "ResolverRuleId": o.rule, "Config": { "TargetIps": [{ "Ip": "172.16.9.9", "Port": 53 }] } })))
        },
        "warehouse/resolver-rule/targets",
    ),
    (
        "the rule's association",
        |w, o| {
            drop(w.resolver(
                "DisassociateResolverRule",
                json!({ "ResolverRuleId": o.rule, "VPCId": o.warehouse.vpc.id }),
            ))
        },
        "warehouse/resolver-rule/association",
    ),
    (
        "the peering",
        |w, o| {
            drop(w.ec2(
                WAREHOUSE,
                "DeleteVpcPeeringConnection",
                json!({ "VpcPeeringConnectionId": o.peering }),
            ))
        },
        "warehouse/peering",
    ),
    (
        "DNS of the warehouse",
        |w, o| {
            drop(w.ec2(
                WAREHOUSE,
                "ModifyVpcAttribute",
                json!({ "VpcId": o.warehouse.vpc.id, "EnableDnsSupport": { "Value": "false" } }),
            ))
        },
        "warehouse/vpc/dns-support",
    ),
    (
        "DNS of the source",
        |w, o| {
            drop(w.ec2(
                SOURCE,
                "ModifyVpcAttribute",
                json!({ "VpcId": o.source.vpc.id, "EnableDnsSupport": { "Value": "false" } }),
            ))
        },
        "source/vpc/dns-support",
    ),
    (
        "the NAT gateway",
        |w, _| {
            let nat = w.ec2(WAREHOUSE, "DescribeNatGateways", json!({}))["natGatewaySet"][0]["natGatewayId"]
                .clone();
            w.ec2(WAREHOUSE, "DeleteNatGateway", json!({ "NatGatewayId": nat }));
        },
        "warehouse/nat",
    ),
    (
        "an ACL on the way out",
        |w, o| deny(w, WAREHOUSE, o.warehouse.vpc.id.as_str(), true, 9098, 9098),
        "warehouse/acl/egress/tcp-9098@",
    ),
    (
        "an ACL on the way in",
        |w, o| deny(w, SOURCE, o.source.vpc.id.as_str(), false, 9098, 9098),
        "source/acl/ingress/tcp-9098@",
    ),
    (
        "an ACL on the way back",
        |w, o| deny(w, SOURCE, o.source.vpc.id.as_str(), true, 40000, 50000),
        "source/acl-return/egress/tcp-ephemeral@",
    ),
    (
        "a longer route",
        |w, o| {
            let subnet = o.warehouse.private_subnets[2].id.as_str();
            let table = table(w, WAREHOUSE, subnet);
            let nat = w.ec2(WAREHOUSE, "DescribeNatGateways", json!({}))["natGatewaySet"][0]["natGatewayId"]
                .clone();
            w.ec2(WAREHOUSE, "CreateRoute", json!({ "RouteTableId": table, "DestinationCidrBlock": "172.16.2.0/24", "NatGatewayId": nat }));
        },
        "warehouse/route/source-cidr@",
    ),
];

#[test]
fn each_broken_link_is_named() {
    for (what, break_it, expected) in CASES {
        let world = World::new();
        let outputs = world.deploy();
        break_it(&world, &outputs);
        world.wait();
        let report = world.verify(&outputs);
        let named = |link: &str| link == *expected || (expected.ends_with('@') && link.starts_with(expected));
        let errors = report
            .findings
            .iter()
            .filter(|f| f.severity == xacct_converge::Severity::Error);
        let found: Vec<&str> = errors.map(|finding| finding.link.as_str()).collect();
        assert!(
            found.iter().any(|link| named(link)),
            "{what}: expected {expected}, found {found:?}"
        );
    }
}

#[test]
fn the_live_model_is_the_planned_one_up_to_ids() {
    let world = World::new();
    let outputs = world.deploy();
    let networks = world.networks(1);
    let read = async {
        networks
            .read(&outputs, &Default::default(), &world.context())
            .await
    };
    let live = world.sim.run(read).unwrap();
    let planned = xacct_net::proof::planned(networks.link());
    let rules = |model: &xacct_net::proof::Model| {
        let mut counts: Vec<usize> = model.groups.iter().map(|group| group.rules.len()).collect();
        counts.sort_unstable();
        counts
    };
    // Every VPC has a default group besides ours, with two rules.
    let mut wanted = rules(&planned);
    wanted.extend([2, 2]);
    wanted.sort_unstable();
    assert_eq!(rules(&live), wanted);
    let routes = |model: &xacct_net::proof::Model| {
        let ours = model.route_tables.iter().filter(|table| !table.main);
        let mut all: Vec<String> = ours
            .flat_map(|t| t.routes.iter().map(|r| r.destination.to_string()))
            .collect();
        all.sort();
        all
    };
    assert_eq!(routes(&live), routes(&planned));
}
