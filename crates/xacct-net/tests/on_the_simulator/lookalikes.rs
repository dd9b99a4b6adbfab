//! Strangers that look like ours.

use crate::world::{SOURCE, WAREHOUSE, World, assert_same};
use serde_json::json;

/// The same names and blocks, another pipeline's tags, in both accounts.
fn look_alikes(world: &World) {
    for (account, block, side) in [
        (SOURCE, "172.16.0.0/16", "source"),
        (WAREHOUSE, "10.0.0.0/16", "warehouse"),
    ] {
        let tags = |noun: &str, kind: &str| {
            let tag = |key: &str, value: String| json!({ "Key": key, "Value": value });
            let name = format!("clicks-{side}-{noun}");
            let resource = format!("{side}/{noun}");
            let tags = [
                tag("Name", name),
                tag("xacct:pipeline", "orders".into()),
                tag("xacct:resource", resource),
            ];
            json!([{ "ResourceType": kind, "Tag": tags }])
        };
        let params = json!({ "CidrBlock": block, "TagSpecification": tags("vpc", "vpc") });
        let vpc = world.ec2(account, "CreateVpc", params)["vpc"]["vpcId"].clone();
        let block = block.replace(".0.0/16", ".1.0/24");
        let params = json!({
            "VpcId": vpc, "CidrBlock": block, "TagSpecification": tags("subnet-private-1", "subnet"),
        });
        world.ec2(account, "CreateSubnet", params);
        let params = json!({
            "VpcId": vpc, "GroupName": format!("clicks-{side}-group-cluster"), "GroupDescription": "a stranger",
            "TagSpecification": tags("group-cluster", "security-group"),
        });
        world.ec2(account, "CreateSecurityGroup", params);
    }
}

#[test]
fn strangers_with_our_names_and_blocks_are_neither_used_nor_touched() {
    let world = World::new();
    look_alikes(&world);
    let before = world.inventory();
    let outputs = world.deploy();
    assert!(world.verify(&outputs).holds());
    assert!(world.plan().is_empty());
    world.remove();
    assert_same(&world.inventory(), &before, "after the removal");
}

#[test]
fn two_pipelines_live_side_by_side_and_one_goes_alone() {
    let mut world = World::new();
    world.deploy();
    let one = world.inventory();
    world.pipeline = "orders";
    world.deploy();
    assert!(world.plan().is_empty(), "{}", world.plan());
    world.remove();
    assert_same(&world.inventory(), &one, "after the removal");
}

#[test]
fn a_double_with_our_tags_is_removed_and_the_one_in_use_stays() {
    let world = World::new();
    let outputs = world.deploy();
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    let tags = json!([{ "ResourceType": "vpc", "Tag": [
        tag("xacct:pipeline", "clicks"), tag("xacct:resource", "source/vpc"),
    ] }]);
    let double = world.ec2(
        SOURCE,
        "CreateVpc",
        json!({ "CidrBlock": "172.16.0.0/16", "TagSpecification": tags }),
    );
    let double = double["vpc"]["vpcId"].as_str().unwrap().to_owned();
    world.wait();
    let plan = world.plan();
    assert_eq!(
        plan.changes().map(|step| step.surplus).sum::<usize>(),
        1,
        "{plan}"
    );
    assert_eq!(world.try_deploy(6).unwrap(), outputs);
    let left = world.ec2(SOURCE, "DescribeVpcs", json!({})).to_string();
    assert!(left.contains(outputs.source.vpc.id.as_str()) && !left.contains(&double));
}
