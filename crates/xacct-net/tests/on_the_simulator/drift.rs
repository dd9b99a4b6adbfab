//! What somebody changed by hand is seen and put back.

use crate::world::{SOURCE, WAREHOUSE, World, assert_same};
use serde_json::json;
use xacct_converge::Change;
use xacct_net::outputs::LinkOutputs;

/// What a person breaks, and the one step that the plan must then have.
type Case = (&'static str, fn(&World, &LinkOutputs), &'static str);

fn table_of(world: &World, account: &str, subnet: &str) -> String {
    let filter = json!({ "Filter": [{ "Name": "association.subnet-id", "Value": [subnet] }] });
    let found = world.ec2(account, "DescribeRouteTables", filter);
    found["routeTableSet"][0]["routeTableId"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn private_table(world: &World, outputs: &LinkOutputs, account: &str) -> String {
    let network = if account == SOURCE {
        &outputs.source
    } else {
        &outputs.warehouse
    };
    table_of(world, account, network.private_subnets[0].id.as_str())
}

fn delete_route(world: &World, outputs: &LinkOutputs, account: &str, block: &str) {
    let table = private_table(world, outputs, account);
    world.ec2(
        account,
        "DeleteRoute",
        json!({ "RouteTableId": table, "DestinationCidrBlock": block }),
    );
}

fn permission(protocol: &str, port: u16, block: &str) -> serde_json::Value {
    json!([{ "IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{ "CidrIp": block }] }])
}

const CASES: &[Case] = &[
    (
        "a route to the source is deleted",
        |w, o| delete_route(w, o, WAREHOUSE, "172.16.0.0/16"),
        "warehouse/route-peer",
    ),
    (
        "the route back is deleted",
        |w, o| delete_route(w, o, SOURCE, "10.0.0.0/16"),
        "source/route-peer",
    ),
    (
        "the default route is deleted",
        |w, o| delete_route(w, o, WAREHOUSE, "0.0.0.0/0"),
        "warehouse/route-default",
    ),
    (
        "the route leads elsewhere",
        |w, o| {
            let table = private_table(w, o, WAREHOUSE);
            let found = w.ec2(WAREHOUSE, "DescribeNatGateways", json!({}));
            let nat = found["natGatewaySet"][0]["natGatewayId"].clone();
            let params = json!({ "RouteTableId": table, "DestinationCidrBlock": "172.16.0.0/16", "NatGatewayId": nat });
            w.ec2(WAREHOUSE, "ReplaceRoute", params);
        },
        "warehouse/route-peer",
    ),
    (
        "the brokers' port is closed",
        |w, o| {
            let params = json!({ "GroupId": o.cluster_group, "IpPermissions": permission("tcp", 9098, "10.0.2.0/24") });
            w.ec2(SOURCE, "RevokeSecurityGroupIngress", params);
        },
        "source/group-cluster",
    ),
    (
        "a group is opened to the world",
        |w, o| {
            let params = json!({ "GroupId": o.workgroup_group, "IpPermissions": permission("tcp", 5439, "0.0.0.0/0") });
            w.ec2(WAREHOUSE, "AuthorizeSecurityGroupIngress", params);
        },
        "warehouse/group-workgroup",
    ),
    (
        "DNS host names are turned off",
        |w, o| {
            let params = json!({ "VpcId": o.source.vpc.id, "EnableDnsHostnames": { "Value": "false" } });
            w.ec2(SOURCE, "ModifyVpcAttribute", params);
        },
        "source/vpc",
    ),
    (
        "the rule's targets are changed",
        |w, o| {
            let config = json!({ "TargetIps": [{ "Ip": "172.16.9.9", "Port": 53 }] });
            w.resolver(
                "UpdateResolverRule",
                json!({ "ResolverRuleId": o.rule, "Config": config }),
            );
        },
        "warehouse/resolver-rule",
    ),
    (
        "the rule serves nobody",
        |w, o| {
            let params = json!({ "ResolverRuleId": o.rule, "VPCId": o.warehouse.vpc.id });
            w.resolver("DisassociateResolverRule", params);
        },
        "warehouse/resolver-rule-association",
    ),
    (
        "a subnet loses its route table",
        |w, o| {
            let subnet = o.warehouse.private_subnets[1].id.as_str();
            let filter = json!({ "Filter": [{ "Name": "association.subnet-id", "Value": [subnet] }] });
            let found = w.ec2(WAREHOUSE, "DescribeRouteTables", filter);
            let all = found["routeTableSet"][0]["associationSet"].as_array().unwrap();
            let mine = all.iter().find(|a| a["subnetId"] == subnet).unwrap();
            let id = mine["routeTableAssociationId"].clone();
            w.ec2(
                WAREHOUSE,
                "DisassociateRouteTable",
                json!({ "AssociationId": id }),
            );
        },
        "warehouse/routes-private-use-2",
    ),
];

#[test]
fn what_somebody_changed_is_the_only_thing_in_the_plan_and_is_put_back() {
    let world = World::new();
    let outputs = world.deploy();
    for (what, change, resource) in CASES {
        let before = world.inventory();
        change(&world, &outputs);
        world.wait();
        let plan = world.plan();
        let changed: Vec<&str> = plan.changes().map(|step| step.resource.as_str()).collect();
        assert_eq!(changed, [*resource], "{what}: {plan}");
        world
            .try_deploy(9)
            .unwrap_or_else(|e| panic!("{what}: {}", xacct_converge::explain(&e)));
        let plan = world.plan();
        let left: Vec<&str> = plan
            .steps
            .iter()
            .filter(|s| s.waits)
            .map(|s| s.resource.as_str())
            .collect();
        assert!(plan.is_empty(), "{what}: {left:?} {plan}");
        assert_same(&world.inventory(), &before, what);
    }
}

#[test]
fn a_changed_target_says_what_it_was_and_what_it_will_be() {
    let world = World::new();
    let outputs = world.deploy();
    let config = json!({ "TargetIps": [{ "Ip": "172.16.9.9", "Port": 53 }] });
    world.resolver(
        "UpdateResolverRule",
        json!({ "ResolverRuleId": outputs.rule, "Config": config }),
    );
    let plan = world.plan();
    let step = plan.changes().next().unwrap();
    let Change::Update(reasons) = &step.change else {
        panic!("{plan}")
    };
    assert_eq!(
        (reasons[0].attribute.as_str(), reasons[0].old.as_deref()),
        ("targets", Some("172.16.9.9:53"))
    );
}
