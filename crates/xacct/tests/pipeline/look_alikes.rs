//! What looks like ours and is not stays as it is.

use crate::world::{SOURCE, WAREHOUSE, World};
use serde_json::{Value as Json, json};
use xacct_sim::{KafkaDoorOptions, Standing};

fn tags(kind: &str, name: &str, pipeline: &str, resource: &str) -> Json {
    json!([{ "ResourceType": kind, "Tag": [
        { "Key": "Name", "Value": name },
        { "Key": "xacct:pipeline", "Value": pipeline },
        { "Key": "xacct:resource", "Value": resource },
    ]}])
}

/// The same names and blocks, and another pipeline's tags, or none.
fn look_alikes(world: &World) {
    for (account, side, block) in [
        (SOURCE, "source", "172.16.0.0/16"),
        (WAREHOUSE, "warehouse", "10.0.0.0/16"),
    ] {
        let name = format!("clicks-{side}-vpc");
        let spec = tags("vpc", &name, "orders", &format!("{side}/vpc"));
        let made = world.ec2(
            account,
            "CreateVpc",
            json!({ "CidrBlock": block, "TagSpecification": spec }),
        );
        let vpc = made["vpc"]["vpcId"].clone();
        let subnet = block.replace("0.0/16", "1.0/24");
        let spec = tags(
            "subnet",
            &format!("clicks-{side}-subnet-private-1"),
            "orders",
            &format!("{side}/subnet-private-1"),
        );
        world.ec2(
            account,
            "CreateSubnet",
            json!({ "VpcId": vpc, "CidrBlock": subnet, "TagSpecification": spec }),
        );
        let spec = tags(
            "security-group",
            "clicks-source-group-cluster",
            "orders",
            "source/group-cluster",
        );
        world.ec2(account, "CreateSecurityGroup", json!({
            "VpcId": vpc, "GroupName": "clicks-source-group-cluster", "GroupDescription": "a look-alike", "TagSpecification": spec }));
        let spec = tags(
            "route-table",
            &format!("clicks-{side}-routes-private"),
            "orders",
            &format!("{side}/routes-private"),
        );
        world.ec2(
            account,
            "CreateRouteTable",
            json!({ "VpcId": vpc, "TagSpecification": spec }),
        );
        world.ec2(
            account,
            "CreateVpc",
            json!({ "CidrBlock": block, "TagSpecification": [
            { "ResourceType": "vpc", "Tag": [{ "Key": "Name", "Value": name }] }] }),
        );
    }
    let spec = tags(
        "elastic-ip",
        "clicks-warehouse-address",
        "orders",
        "warehouse/address",
    );
    world.ec2(
        WAREHOUSE,
        "AllocateAddress",
        json!({ "Domain": "vpc", "TagSpecification": spec }),
    );
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let trust = trust.to_string();
    for (account, role) in [
        (SOURCE, "clicks-source-role"),
        (WAREHOUSE, "clicks-warehouse-role-us-east-1"),
    ] {
        world.call(
            account,
            "iam",
            "CreateRole",
            json!({ "RoleName": role, "AssumeRolePolicyDocument": trust }),
        );
    }
    world.call(
        WAREHOUSE,
        "redshift-serverless",
        "CreateNamespace",
        json!({ "namespaceName": "clicks-namespace-old" }),
    );
}

#[test]
fn look_alikes_in_both_accounts_survive_deployment_and_removal_untouched() {
    let world = World::new();
    look_alikes(&world);
    world.sim.run(tokio_pause());
    let before = world.inventories();
    world.deploy();
    let calls = world.sim.call_log().len();
    world.deploy();
    assert_eq!(world.writes_since(calls), Vec::<String>::new());
    world.destroy();
    assert_eq!(world.inventories(), before);
    world.deploy();
}

/// Lets what was just made become visible.
async fn tokio_pause() {
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
}

#[test]
fn a_name_that_must_be_unique_and_is_somebody_elses_is_reported_before_anything_is_made() {
    let world = World::new();
    world.call(
        WAREHOUSE,
        "redshift-serverless",
        "CreateNamespace",
        json!({ "namespaceName": "clicks-namespace" }),
    );
    let error = world.try_deploy().err().unwrap();
    let text = xacct::explain(&error);
    assert!(
        text.contains("clicks-namespace exists and does not belong to the pipeline"),
        "{text}"
    );
    assert_eq!(world.writes_since(0), Vec::<String>::new());
}

#[test]
fn two_pipelines_of_different_names_stand_side_by_side() {
    let world = World::new();
    world.deploy();
    let mut text = crate::world::TUTORIAL.replace("clicks", "orders");
    text += "[warehouse.network]\ncidr = \"10.1.0.0/16\"\n";
    let own = "[source.network]\ncidr = \"172.17.0.0/16\"\n[[source.topic]]\nname = \"orders\"\n[warehouse]";
    let text = text.replace("[warehouse]", own);
    let options = KafkaDoorOptions::new().cluster("orders-cluster");
    let other = World {
        door: world.sim.kafka_door_with(Standing::Inside, &options).unwrap(),
        spec: xacct::PipelineSpec::from_toml(&text).unwrap(),
        ..world
    };
    let before = other.inventories();
    other.deploy();
    other.destroy();
    assert_eq!(other.inventories(), before);
}
