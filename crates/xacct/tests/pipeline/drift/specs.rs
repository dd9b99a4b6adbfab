//! What an earlier specification asked for and the present one does not is in the
//! plan as a deletion, and goes.

use super::{Stage, inventory_lines, lines};
use crate::world::{TUTORIAL, World};
use xacct::spec::TopicMaker;
use xacct::{Change, PipelineSpec};
use xacct_sim::Standing;

fn spec(extra: &str) -> PipelineSpec {
    PipelineSpec::from_toml(&(TUTORIAL.to_owned() + extra)).unwrap()
}

fn source(extra: &str) -> PipelineSpec {
    let text = TUTORIAL.replace("[warehouse]", &format!("[source.network]\n{extra}\n[warehouse]"));
    PipelineSpec::from_toml(&text).unwrap()
}

/// From one specification to another: what the plan says, and that the world is
/// then the same as one that never knew the first.
fn change(from: PipelineSpec, to: PipelineSpec, expected: &str) {
    let mut stage = Stage::of(World::new().with_spec(from));
    stage.world.spec = to.clone();
    let calls = stage.calls();
    let plan = stage.plan();
    assert_eq!(stage.writes_since(calls), Vec::<String>::new());
    assert_eq!(
        stage.printed(&plan),
        lines(expected),
        "\n{}",
        stage.printed(&plan)
    );
    stage.deploy();
    stage.arrive();
    let again = stage.plan();
    assert!(again.is_empty(), "{again}");
    assert_eq!(stage.findings(), "");
    let fresh = World::new().with_spec(to);
    fresh.deploy();
    let (was, is) = (inventory_lines(&fresh), inventory_lines(&stage.world));
    let differ = was.lines().zip(is.lines()).find(|(was, is)| was != is);
    assert_eq!((differ, was.lines().count()), (None, is.lines().count()));
}

#[test]
fn a_way_out_that_the_source_no_longer_asks_for_goes() {
    change(
        source("egress = \"nat\""),
        source("egress = \"none\""),
        "
        - source/subnet-public (AWS::EC2::Subnet)
        - source/internet-gateway (AWS::EC2::InternetGateway)
        - source/routes-public (AWS::EC2::RouteTable)
        - source/routes-public-use-1 (AWS::EC2::SubnetRouteTableAssociation)
        - source/route-public-default (AWS::EC2::Route)
        - source/address (AWS::EC2::EIP)
        - source/nat (AWS::EC2::NatGateway)
        - source/route-default (AWS::EC2::Route)
        ",
    );
}

#[test]
fn a_nat_gateway_goes_when_an_endpoint_takes_its_place_and_the_other_way_round() {
    let broker = "[schema]\nname = \"mskschema\"\nbroker = \"address\"\n[warehouse.network]\n";
    let nat = || spec(&format!("{broker}egress = \"nat\"\n"));
    let endpoint = || spec(&format!("{broker}egress = \"sts-endpoint\"\n"));
    change(
        nat(),
        endpoint(),
        "
        - warehouse/subnet-public (AWS::EC2::Subnet)
        - warehouse/internet-gateway (AWS::EC2::InternetGateway)
        - warehouse/routes-public (AWS::EC2::RouteTable)
        - warehouse/routes-public-use-1 (AWS::EC2::SubnetRouteTableAssociation)
        - warehouse/route-public-default (AWS::EC2::Route)
        - warehouse/address (AWS::EC2::EIP)
        - warehouse/nat (AWS::EC2::NatGateway)
        - warehouse/route-default (AWS::EC2::Route)
        ~ warehouse/group-workgroup (AWS::EC2::SecurityGroup)
        rule: (absent) → egress tcp 443-443 to 10.0.1.0/24
        rule: (absent) → egress tcp 443-443 to 10.0.2.0/24
        rule: (absent) → egress tcp 443-443 to 10.0.3.0/24
        rule: egress tcp 443-443 to 0.0.0.0/0 → (absent)
        + warehouse/group-sts-endpoint (AWS::EC2::SecurityGroup)
        + warehouse/endpoint-sts (AWS::EC2::VPCEndpoint)
        ",
    );
    change(
        endpoint(),
        nat(),
        "
        + warehouse/subnet-public (AWS::EC2::Subnet)
        + warehouse/internet-gateway (AWS::EC2::InternetGateway)
        + warehouse/routes-public (AWS::EC2::RouteTable)
        + warehouse/routes-public-use-1 (AWS::EC2::SubnetRouteTableAssociation)
        + warehouse/route-public-default (AWS::EC2::Route)
        + warehouse/address (AWS::EC2::EIP)
        + warehouse/nat (AWS::EC2::NatGateway)
        + warehouse/route-default (AWS::EC2::Route)
        ~ warehouse/group-workgroup (AWS::EC2::SecurityGroup)
        rule: (absent) → egress tcp 443-443 to 0.0.0.0/0
        rule: egress tcp 443-443 to 10.0.1.0/24 → (absent)
        rule: egress tcp 443-443 to 10.0.2.0/24 → (absent)
        rule: egress tcp 443-443 to 10.0.3.0/24 → (absent)
        - warehouse/group-sts-endpoint (AWS::EC2::SecurityGroup)
        - warehouse/endpoint-sts (AWS::EC2::VPCEndpoint)
        ",
    );
}

#[test]
fn zones_that_the_warehouse_no_longer_asks_for_go() {
    change(
        spec("[warehouse.network]\nzones = 5\n"),
        spec("[warehouse.network]\nzones = 3\n"),
        "
        - warehouse/subnet-private-4 (AWS::EC2::Subnet)
        - warehouse/routes-private-use-4 (AWS::EC2::SubnetRouteTableAssociation)
        - warehouse/subnet-private-5 (AWS::EC2::Subnet)
        - warehouse/routes-private-use-5 (AWS::EC2::SubnetRouteTableAssociation)
        ~ source/group-cluster (AWS::EC2::SecurityGroup)
        rule: ingress tcp 9098-9098 from 10.0.4.0/24 → (absent)
        rule: ingress tcp 9098-9098 from 10.0.5.0/24 → (absent)
        ~ warehouse/workgroup (AWS::RedshiftServerless::Workgroup)
        subnets: <warehouse/subnet-private-1>, <warehouse/subnet-private-2>, <warehouse/subnet-private-3>, <warehouse/subnet-private-4>, <warehouse/subnet-private-5> → <warehouse/subnet-private-1>, <warehouse/subnet-private-2>, <warehouse/subnet-private-3>
        ",
    );
}

#[test]
fn a_view_that_waits_for_its_topic_is_in_the_plan_each_time() {
    let mut world = World::standing(Standing::Outside, 7);
    world.spec = world.spec.with_topics_by(TopicMaker::Deferred);
    let mut stage = Stage::of(world);
    let plan = stage.plan();
    let expected = "+ warehouse/view/myview1 (Redshift::MaterializedView, if its topic is there)";
    assert_eq!(stage.printed(&plan), expected);
    assert!(stage.findings().contains("warehouse/view/myview1"));
    let calls = stage.calls();
    assert_eq!(stage.deploy().outputs().missing_topics.len(), 1);
    let tried = ["warehouse sql: CREATE MATERIALIZED VIEW \"public\".\"myview1\""];
    assert_eq!(stage.writes_since(calls), tried);
    let current = stage
        .world
        .sim
        .run(async { stage.world.pipeline().await?.current().await })
        .unwrap();
    assert_eq!(current.outputs().missing_topics.len(), 1);
    // Somebody inside the network makes it; nobody outside can see that.
    let arn = stage.outputs.source.cluster.arn.to_string();
    stage
        .world
        .sim
        .kafka(|store| store.create_topic(&arn, "testtopic", 3, Default::default()))
        .unwrap();
    assert!(stage.deploy().outputs().missing_topics.is_empty());
    stage.world.door = stage.world.sim.kafka_door(Standing::Outside).unwrap();
    let again = stage.plan();
    assert!(
        again.steps.iter().all(|step| step.change == Change::Keep),
        "{again}"
    );
}
