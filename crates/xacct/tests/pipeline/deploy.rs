//! From nothing to rows, again, and back to nothing.

use crate::world::{SOURCE, WAREHOUSE, World};
use serde::Deserialize;
use xacct::spec::TopicMaker;
use xacct::{Change, explain};
use xacct_sim::Standing;

#[derive(Debug, Deserialize, PartialEq)]
struct Person {
    first: String,
    age: i64,
}

#[test]
fn one_call_takes_events_from_one_account_to_typed_rows_in_the_other() {
    let world = World::new();
    let deployment = world.deploy();
    let records = vec![
        br#"{"name":{"first":"Ada"},"age":36}"#.to_vec(),
        br#"{"name":{"first":"Grace"},"age":45}"#.to_vec(),
        b"not json".to_vec(),
    ];
    world.produce(&deployment, records);
    world.sim.run(async {
        let warehouse = deployment.warehouse();
        warehouse.refresh("myview1").await.unwrap();
        let tally = warehouse.tally("myview1").await.unwrap();
        assert_eq!((tally.rows, tally.quarantined, tally.skipped), (2, 1, 0));
        assert_eq!(warehouse.count("myview1").await.unwrap(), 3);
        let sql = "SELECT payload.name.first::varchar AS first, payload.age::bigint AS age \
                   FROM myview1_parsed ORDER BY 2";
        let people: Vec<Person> = warehouse.query(sql).await.unwrap();
        let person = |first: &str, age| Person {
            first: first.to_owned(),
            age,
        };
        assert_eq!(people, [person("Ada", 36), person("Grace", 45)]);
    });
}

#[test]
fn a_second_deployment_makes_no_write_call_and_verify_holds() {
    let world = World::new();
    world.deploy();
    let before = world.sim.call_log().len();
    world.deploy();
    assert_eq!(world.writes_since(before), Vec::<String>::new());
    let report = world
        .sim
        .run(async { world.pipeline().await.unwrap().verify().await.unwrap() });
    assert!(report.holds(), "{report}");
}

#[test]
fn a_plan_names_every_resource_and_makes_no_write_call() {
    let world = World::new();
    let plan = world
        .sim
        .run(async { world.pipeline().await.unwrap().plan().await.unwrap() });
    assert_eq!(world.writes_since(0), Vec::<String>::new());
    assert!(plan.steps.iter().all(|step| step.change == Change::Create));
    assert!(
        plan.to_string().contains("  + warehouse/vpc (AWS::EC2::VPC)"),
        "{plan}"
    );
    let json = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<xacct::Plan>(&json).unwrap(), plan);
    assert!(
        plan.critical_path().as_secs() > 120,
        "{}",
        plan.critical_path_seconds
    );
}

#[test]
fn an_approved_plan_is_refused_once_something_has_moved() {
    let world = World::new();
    let moved = world.sim.run(async {
        let pipeline = world.pipeline().await.unwrap();
        let plan = pipeline.plan().await.unwrap();
        pipeline.deploy().await.unwrap();
        pipeline.apply(&plan).await.err().unwrap()
    });
    assert!(explain(&moved).contains("nothing to do"), "{}", explain(&moved));
}

#[test]
fn outputs_can_be_read_again_without_a_change_and_survive_json() {
    let world = World::new();
    let deployed = world.deploy().outputs().clone();
    let read = world
        .sim
        .run(async { world.pipeline().await.unwrap().current().await.unwrap() });
    let lines = |outputs: &xacct::Outputs| serde_json::to_string_pretty(outputs).unwrap();
    let (was, is) = (lines(&deployed), lines(read.outputs()));
    let other: Vec<_> = was
        .lines()
        .zip(is.lines())
        .filter(|(was, is)| was != is)
        .collect();
    assert_eq!(other, []);
    let read_back: xacct::Outputs = serde_json::from_str(&was).unwrap();
    assert_eq!(lines(&read_back), was);
}

#[test]
fn destroying_leaves_nothing_and_deploying_again_at_once_works() {
    let world = World::new();
    let empty = world.inventories();
    world.deploy();
    assert_ne!(world.inventories(), empty);
    world.destroy();
    assert_eq!(world.inventories(), empty);
    let deployment = world.deploy();
    world.produce(&deployment, vec![b"{}".to_vec()]);
    let rows = world.sim.run(async {
        deployment.warehouse().refresh("myview1").await.unwrap();
        deployment.warehouse().count("myview1").await.unwrap()
    });
    assert_eq!(rows, 1);
}

#[test]
fn everything_stands_in_the_account_where_it_belongs() {
    let world = World::new();
    let outputs = world.deploy().outputs().clone();
    assert_eq!(outputs.source.cluster.arn.account().as_str(), SOURCE);
    assert_eq!(outputs.source.reader_role.account().as_str(), SOURCE);
    assert_eq!(outputs.warehouse.role.account().as_str(), WAREHOUSE);
    assert_eq!(outputs.network.source.vpc.account.as_str(), SOURCE);
    assert_eq!(outputs.network.warehouse.vpc.account.as_str(), WAREHOUSE);
    assert_eq!(outputs.network.source.private_subnets.len(), 3);
    let zones: std::collections::BTreeSet<_> = outputs
        .network
        .warehouse
        .private_subnets
        .iter()
        .map(|subnet| subnet.zone.clone())
        .collect();
    assert_eq!(zones.len(), 3);
    assert!(outputs.network.warehouse.public_subnet.is_some());
    assert!(outputs.network.source.public_subnet.is_none());
}

#[test]
fn topics_made_directly_from_outside_the_network_fail_and_the_error_says_so() {
    let world = World::standing(Standing::Outside, 7);
    let error = world.try_deploy().err().unwrap();
    let text = explain(&error);
    assert!(text.contains("topic/testtopic"), "{text}");
}

#[test]
fn deferred_topics_leave_everything_else_built_and_a_later_deployment_finishes() {
    let mut world = World::standing(Standing::Outside, 7);
    world.spec = world.spec.with_topics_by(TopicMaker::Deferred);
    let outputs = world.deploy().outputs().clone();
    assert_eq!(outputs.missing_topics.len(), 1);
    assert!(outputs.warehouse.views.is_empty());
    // Somebody inside the network makes it.
    world.door = world.sim.kafka_door(Standing::Inside).unwrap();
    let outputs = world.deploy().outputs().clone();
    assert!(outputs.missing_topics.is_empty());
    assert_eq!(outputs.warehouse.views.len(), 1);
}

#[test]
fn a_view_by_address_needs_no_msk_api_and_no_permission_for_it() {
    let text = crate::world::TUTORIAL.to_owned() + "[schema]\nname = \"mskschema\"\nbroker = \"address\"\n";
    let world = World::new().with_spec(xacct::PipelineSpec::from_toml(&text).unwrap());
    let outputs = world.deploy().outputs().clone();
    assert!(
        outputs.warehouse.schema.sql.contains("FROM KAFKA"),
        "{}",
        outputs.warehouse.schema.sql
    );
    let calls = world.sim.call_log();
    let policies = calls.iter().filter(|entry| entry.operation == "PutRolePolicy");
    assert!(
        policies
            .map(|entry| entry.params.to_string())
            .all(|text| !text.contains("GetBootstrapBrokers"))
    );
}

#[test]
fn the_same_seed_twice_gives_the_same_calls_and_the_same_time() {
    let run = || {
        let epoch = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600);
        let world = World::at(epoch, 3);
        world.deploy();
        let log = world.sim.call_log();
        let lines = log.iter().map(|entry| serde_json::to_string(entry).unwrap());
        (lines.collect::<Vec<_>>(), world.sim.now())
    };
    let (first, second) = (run(), run());
    let differs = first.0.iter().zip(&second.0).find(|(a, b)| a != b);
    if let Some((a, b)) = differs {
        panic!("the first call that differs:\n{a}\n{b}");
    }
    assert_eq!(first.1, second.1);
}

#[test]
fn what_destroys_data_is_refused_until_it_is_allowed() {
    let topic = |partitions| {
        format!("[[source.topic]]\nname = \"testtopic\"\npartitions = {partitions}\n[warehouse]")
    };
    let spec = |partitions| {
        let text = crate::world::TUTORIAL.replace("[warehouse]", &topic(partitions));
        xacct::PipelineSpec::from_toml(&text).unwrap()
    };
    let mut world = World::new().with_spec(spec(3));
    world.deploy();
    world.spec = spec(1);
    let before = world.sim.call_log().len();
    let refusal = explain(&world.try_deploy().err().unwrap());
    assert!(
        refusal.contains("topic/testtopic") && refusal.contains("allow the loss of data"),
        "{refusal}"
    );
    assert_eq!(world.writes_since(before), Vec::<String>::new());
    let allowed = world
        .sim
        .run(async { world.pipeline().await?.allow_data_loss().deploy().await });
    let topics = allowed.map(|deployment| deployment.outputs().source.topics.clone());
    assert_eq!(
        topics.unwrap_or_else(|error| panic!("{}", explain(&error)))[0].partitions,
        1
    );
}

#[test]
fn a_network_that_others_stand_on_is_not_replaced_and_can_still_be_destroyed() {
    let mut world = World::new();
    let empty = world.inventories();
    world.deploy();
    let text = crate::world::TUTORIAL.to_owned() + "[warehouse.network]\ncidr = \"10.9.0.0/16\"\n";
    world.spec = xacct::PipelineSpec::from_toml(&text).unwrap();
    let before = world.sim.call_log().len();
    let changed = world
        .sim
        .run(async { world.pipeline().await?.allow_data_loss().deploy().await });
    let refusal = explain(&changed.err().unwrap());
    assert!(
        refusal.contains("warehouse/vpc") && refusal.contains("stands on it"),
        "{refusal}"
    );
    assert_eq!(world.writes_since(before), Vec::<String>::new());
    world.destroy();
    assert_eq!(world.inventories(), empty);
}
