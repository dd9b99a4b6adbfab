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

/// A resolver endpoint of our name that somebody else asked for.
fn resolver_endpoint(world: &World, account: &str, side: &str, vpc: &Json, block: &str) {
    let zones = world.ec2(account, "DescribeAvailabilityZones", json!({}));
    let zones = zones["availabilityZoneInfo"].as_array().unwrap().clone();
    // One zone is not offered by the service.
    let zones = zones
        .iter()
        .map(|zone| &zone["zoneId"])
        .filter(|zone| **zone != "aps1-az3");
    let addresses: Vec<Json> = zones
        .take(2)
        .enumerate()
        .map(|(index, zone)| {
            let subnet = block.replace("0.0/16", &format!("{}.0/24", index + 1));
            let made = world.ec2(
                account,
                "CreateSubnet",
                json!({ "VpcId": vpc, "CidrBlock": subnet, "AvailabilityZoneId": zone }),
            );
            json!({ "SubnetId": made["subnet"]["subnetId"] })
        })
        .collect();
    let made = world.ec2(
        account,
        "CreateSecurityGroup",
        json!({ "VpcId": vpc, "GroupName": "dns", "GroupDescription": "a look-alike" }),
    );
    world.sim.run(settle());
    let (kind, direction) = if side == "source" {
        ("inbound", "INBOUND")
    } else {
        ("outbound", "OUTBOUND")
    };
    world.call(
        account,
        "route53resolver",
        "CreateResolverEndpoint",
        json!({
            "CreatorRequestId": "somebody-else", "Name": format!("clicks-{side}-resolver-{kind}"),
            "Direction": direction, "SecurityGroupIds": [made["groupId"]], "IpAddresses": addresses,
        }),
    );
}

/// A peering between the look-alike networks.
fn peering(world: &World, vpcs: &[Json]) {
    let spec = tags(
        "vpc-peering-connection",
        "clicks-warehouse-peering",
        "orders",
        "warehouse/peering",
    );
    let made = world.ec2(
        WAREHOUSE,
        "CreateVpcPeeringConnection",
        json!({ "VpcId": vpcs[1], "PeerVpcId": vpcs[0], "PeerOwnerId": SOURCE, "TagSpecification": spec }),
    );
    let id = made["vpcPeeringConnection"]["vpcPeeringConnectionId"].clone();
    world.sim.run(settle());
    world.ec2(
        SOURCE,
        "AcceptVpcPeeringConnection",
        json!({ "VpcPeeringConnectionId": id }),
    );
}

/// The same names and blocks, and another pipeline's tags, or none.
fn look_alikes(world: &World) {
    let mut vpcs = Vec::new();
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
        let other = world.ec2(
            account,
            "CreateVpc",
            json!({ "CidrBlock": block, "TagSpecification": [
            { "ResourceType": "vpc", "Tag": [{ "Key": "Name", "Value": name }] }] }),
        );
        let spec = tags(
            "internet-gateway",
            &format!("clicks-{side}-internet-gateway"),
            "orders",
            &format!("{side}/internet-gateway"),
        );
        let gateway = world.ec2(
            account,
            "CreateInternetGateway",
            json!({ "TagSpecification": spec }),
        );
        let gateway = gateway["internetGateway"]["internetGatewayId"].clone();
        world.ec2(
            account,
            "AttachInternetGateway",
            json!({ "InternetGatewayId": gateway, "VpcId": vpc }),
        );
        resolver_endpoint(world, account, side, &other["vpc"]["vpcId"], block);
        vpcs.push(vpc);
    }
    peering(world, &vpcs);
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
    world.sim.run(settle());
    let before = world.inventories();
    world.deploy();
    let calls = world.sim.call_log().len();
    world.deploy();
    assert_eq!(world.writes_since(calls), Vec::<String>::new());
    world.destroy();
    assert_eq!(world.inventories(), before);
    world.deploy();
}

/// Lets what was just made become visible and usable.
async fn settle() {
    tokio::time::sleep(std::time::Duration::from_secs(900)).await;
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
