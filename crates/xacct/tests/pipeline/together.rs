//! Several deployers of one pipeline, and one that died.

use crate::door::Counter;
use crate::world::{SOURCE, WAREHOUSE, World};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;
use xacct::{Deployment, Error, Pipeline, WhenBusy, explain};
use xacct_sim::Outcome;
use xacct_sim::fault::{Rule, Verdict};

/// How often each call that changes something succeeded, but for those of the lease.
fn writes(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in world.sim.call_log() {
        let lease = entry.params.to_string().contains("/xacct/lease/") || entry.operation == "DeleteRole";
        if !entry.read_only && !lease && matches!(entry.outcome, Outcome::Ok(_)) {
            *counts
                .entry(format!("{}:{}", entry.service, entry.operation))
                .or_default() += 1;
        }
    }
    counts
}

/// Both inventories with every list sorted: some are in the order of physical ids.
fn inventories(world: &World) -> Vec<Json> {
    let of = |account| sorted(serde_json::to_value(world.sim.inventory(account)).unwrap());
    vec![of(SOURCE), of(WAREHOUSE)]
}

fn sorted(value: Json) -> Json {
    match value {
        Json::Array(items) => {
            let mut items: Vec<Json> = items.into_iter().map(sorted).collect();
            items.sort_by_cached_key(Json::to_string);
            Json::Array(items)
        }
        Json::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, sorted(value)))
            .collect(),
        other => other,
    }
}

/// What is in one and not in the other.
fn assert_same(left: &[Json], right: &[Json], what: &str) {
    for (left, right) in left.iter().zip(right) {
        let of = |all: &Json| -> Vec<String> {
            let all = all["resources"].as_array().cloned().unwrap_or_default();
            all.iter()
                .map(|one| serde_json::to_string_pretty(one).unwrap())
                .collect()
        };
        let (left, right) = (of(left), of(right));
        let only = |a: &[String], b: &[String]| a.iter().filter(|one| !b.contains(one)).cloned().collect();
        let (more, less): (Vec<String>, Vec<String>) = (only(&left, &right), only(&right, &left));
        assert!(
            left == right,
            "{what}: more {}\nless {}",
            more.join("\n"),
            less.join("\n")
        );
    }
}

/// What one deployment with nobody beside it leaves and does.
fn alone() -> (Vec<Json>, BTreeMap<String, usize>, u64) {
    let (world, counter) = (World::new(), Counter::new());
    let deployed = world
        .sim
        .run(async { counted(&world, &counter).await.deploy().await });
    deployed.unwrap_or_else(|error| panic!("{}", explain(&error)));
    (inventories(&world), writes(&world), counter.count())
}

/// A pipeline whose calls are counted.
async fn counted(world: &World, counter: &Counter) -> Pipeline {
    let configs = [SOURCE, WAREHOUSE].map(|account| counter.counted(&world.sim.sdk_config(account)));
    let [source, warehouse] = configs;
    let pipeline = Pipeline::new(world.spec.clone(), source, warehouse)
        .await
        .unwrap();
    let (brokers, pem) = (world.door.bootstrap(), world.door.ca_pem().to_owned());
    pipeline.with_kafka_access(|access| access.with_bootstrap(brokers).with_ca_pem(pem))
}

fn is_busy(outcome: &Result<Deployment, Error>) -> bool {
    match outcome {
        Ok(_) => false,
        Err(Error::Busy(_)) => true,
        Err(error) => panic!("{}", explain(error)),
    }
}

#[test]
fn whoever_begins_at_any_call_of_another_deployment_is_told_of_it_or_waits_and_nothing_is_made_twice() {
    let (inventory, made, calls) = alone();
    let (world, counter) = (World::new(), Counter::new());
    let later = |n: u64| {
        let (world, counter) = (&world, &counter);
        async move {
            counter.reached(n).await;
            let pipeline = world.pipeline().await.unwrap();
            let how = if n.is_multiple_of(10) {
                WhenBusy::Wait(Duration::from_secs(24 * 3600))
            } else {
                WhenBusy::Refuse
            };
            let outcome = pipeline.when_busy(how).deploy().await;
            (how, is_busy(&outcome))
        }
    };
    let (first, others) = world.sim.run(async {
        let pipeline = counted(&world, &counter).await;
        let others = futures_util::future::join_all((3..=calls).map(later));
        futures_util::join!(pipeline.deploy(), others)
    });
    first.unwrap_or_else(|error| panic!("{}", explain(&error)));
    let refused = others.iter().filter(|(_, busy)| *busy).count();
    assert!(refused * 10 > others.len() * 7, "{refused} of {}", others.len());
    assert!(others.iter().all(|(how, busy)| *how == WhenBusy::Refuse || !busy));
    assert_same(&inventories(&world), &inventory, "together");
    assert_eq!(writes(&world), made);
}

#[test]
fn whoever_comes_second_is_told_who_was_first_or_waits_and_finds_nothing_to_do() {
    let world = World::new();
    let allow = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" }
    ]});
    let alice = world
        .sim
        .create_user_with_policy(WAREHOUSE, "alice", &allow)
        .unwrap();
    let before = world.inventories();
    world.sim.run(async {
        let configs = (world.sim.sdk_config(SOURCE), world.sim.sdk_config_for(alice));
        let first = Pipeline::new(world.spec.clone(), configs.0, configs.1)
            .await
            .unwrap();
        let (brokers, pem) = (world.door.bootstrap(), world.door.ca_pem().to_owned());
        let first = first.with_kafka_access(|access| access.with_bootstrap(brokers).with_ca_pem(pem));
        let second = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let second = world.pipeline().await.unwrap();
            let refused = second
                .clone()
                .when_busy(WhenBusy::Refuse)
                .deploy()
                .await
                .err()
                .unwrap();
            let text = explain(&refused);
            assert!(
                text.contains("user/alice has the lease clicks.ap-south-1.warehouse-lease-1"),
                "{text}"
            );
            assert!(refused.is_retryable() && refused.has_no_side_effects());
            let (second, mut events) = second.with_events();
            second.deploy().await.unwrap();
            drop(second);
            let mut told = Vec::new();
            while let Some(event) = events.next().await {
                told.push(format!("{}: {:?}", event.resource, event.what));
            }
            assert!(
                told[0].starts_with("lease: Waiting") && told[0].contains("user/alice"),
                "{told:?}"
            );
            assert_eq!(told.len(), 1, "{told:?}");
        };
        let (first, ()) = futures_util::join!(first.deploy(), second);
        first.unwrap_or_else(|error| panic!("{}", explain(&error)));
        world
            .pipeline()
            .await
            .unwrap()
            .allow_data_loss()
            .destroy()
            .await
            .unwrap();
    });
    assert_eq!(world.inventories(), before);
}

#[test]
fn what_a_dead_deployer_or_remover_left_is_finished_by_the_next_one() {
    let (inventory, ..) = alone();
    for (operation, nth) in [
        ("CreateRole", 1),
        ("CreateVpc", 2),
        ("CreateNatGateway", 1),
        ("CreateClusterV2", 1),
        ("DeleteRole", 1),
    ] {
        let world = World::new();
        let empty = world.inventories();
        let death = world
            .sim
            .fault(Rule::new(Verdict::KillAfter).operation(operation).nth(nth));
        world.sim.run(async {
            let pipeline = world.pipeline().await.unwrap();
            tokio::select! {
                () = world.sim.killed() => world.sim.revive(),
                _ = pipeline.deploy() => panic!("it was to die at {operation}"),
            }
        });
        assert_eq!(death.hits(), 1);
        drop(death);
        world.deploy();
        assert_same(&inventories(&world), &inventory, operation);
        let death = world
            .sim
            .fault(Rule::new(Verdict::KillAfter).operation("DeleteRole"));
        world.sim.run(async {
            let pipeline = world.pipeline().await.unwrap().allow_data_loss();
            tokio::select! {
                () = world.sim.killed() => world.sim.revive(),
                _ = pipeline.destroy() => panic!("it was to die"),
            }
        });
        drop(death);
        world.destroy();
        assert_eq!(world.inventories(), empty, "{operation}");
    }
}

#[test]
fn a_plan_that_nobody_carries_out_and_a_deployment_without_a_change_take_no_lease() {
    let world = World::new();
    world
        .sim
        .run(async { world.pipeline().await.unwrap().plan().await.unwrap() });
    assert_eq!(world.writes_since(0), Vec::<String>::new());
    world.deploy();
    let before = world.sim.call_log().len();
    world.deploy();
    assert_eq!(world.writes_since(before), Vec::<String>::new());
}
