//! Deployments that fail, are stopped, run out of time or are dropped; data that is not to be lost.

use crate::world::{SOURCE, WAREHOUSE, World, filter};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use xacct::{Error, OnFailure, Severity, What, explain};
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::{ApiError, Outcome};

/// The calls of a deployment that changed something: account, service, operation, and which of these it is.
fn writes(world: &World, from: usize) -> Vec<(String, String, String, u64)> {
    let (mut writes, mut seen) = (Vec::new(), BTreeMap::<_, u64>::new());
    for entry in &world.sim.call_log()[from..] {
        let call = (
            entry.account.clone(),
            entry.service.clone(),
            entry.operation.clone(),
        );
        // A rule counts tries that fail and calls of the lease, too.
        let nth = seen.entry(call.clone()).or_default();
        *nth += 1;
        let lease = entry.params.to_string().contains("warehouse-lease-");
        if !entry.read_only && !lease && matches!(entry.outcome, Outcome::Ok(_)) {
            writes.push((call.0, call.1, call.2, *nth));
        }
    }
    writes
}

/// Lets the nth call of its kind fail for good, and everything like it after it.
fn broken((account, service, operation, nth): &(String, String, String, u64)) -> Rule {
    let refusal = ApiError::bad("AccessDenied", "not today");
    let rule = Rule::new(Verdict::Fail(refusal))
        .account(account)
        .service(service);
    rule.operation(operation).nth(*nth)
}

#[test]
fn rolling_back_after_a_failure_at_any_call_leaves_exactly_what_was_there_before() {
    let world = World::new();
    world.deploy();
    let writes = writes(&world, 0);
    assert!(writes.len() > 50, "{}", writes.len());
    in_parallel(&writes, &|write| fails_and_leaves_nothing(World::new(), write));
}

/// Works on all items, on as many threads as there are processors.
fn in_parallel<T: Sync>(items: &[T], work: &(dyn Fn(&T) + Sync)) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for part in items.chunks(items.len().div_ceil(threads)) {
            scope.spawn(|| part.iter().for_each(work));
        }
    });
}

/// A pipeline that somebody took three things from.
fn damaged() -> World {
    let world = World::new();
    let outputs = world.deploy().outputs().clone();
    for (account, role) in [
        (WAREHOUSE, &outputs.warehouse.role),
        (SOURCE, &outputs.source.reader_role),
    ] {
        let role = json!({ "RoleName": role.name() });
        let policies = world.call(account, "iam", "ListRolePolicies", role.clone());
        let name = json!({ "RoleName": role["RoleName"], "PolicyName": policies["PolicyNames"][0] });
        world.call(account, "iam", "DeleteRolePolicy", name);
    }
    let vpc = outputs.network.warehouse.vpc.id.to_string();
    let tables = world.ec2(WAREHOUSE, "DescribeRouteTables", filter("vpc-id", &vpc));
    let peer = outputs.network.source.vpc.cidr.to_string();
    let has = |table: &&Json| table["routeSet"].to_string().contains(&peer);
    let table = tables["routeTableSet"]
        .as_array()
        .unwrap()
        .iter()
        .find(has)
        .unwrap();
    let route = json!({ "RouteTableId": table["routeTableId"], "DestinationCidrBlock": peer });
    world.ec2(WAREHOUSE, "DeleteRoute", route);
    world
}

#[test]
fn rolling_back_a_repair_that_failed_at_any_call_leaves_the_damage_and_everything_else() {
    let world = damaged();
    let from = world.sim.call_log().len();
    world.deploy();
    let mut writes = writes(&world, from);
    assert_eq!(writes.len(), 3, "{writes:?}");
    // The first deployment made some of the kind already; a rule counts from when it is made.
    writes.retain(|write| write.2 == "PutRolePolicy" || write.2 == "CreateRoute");
    assert_eq!(writes.len(), 3);
    in_parallel(&writes, &|write| fails_and_leaves_nothing(damaged(), write));
}

fn fails_and_leaves_nothing(world: World, write: &(String, String, String, u64)) {
    let before = world.inventories();
    let guard = world.sim.fault(broken(write));
    let error = world.sim.run(async {
        let pipeline = world.pipeline().await.unwrap();
        pipeline.on_failure(OnFailure::Rollback).deploy().await.err()
    });
    assert_eq!(guard.hits(), 1, "{write:?}");
    let error = error.unwrap_or_else(|| panic!("{write:?} did not matter"));
    assert!(
        matches!(error, Error::RolledBack(_)),
        "{write:?}: {}",
        explain(&error)
    );
    assert!(
        explain(&error).contains(&write.2) || write.1 == "redshift-data",
        "{write:?}: {}",
        explain(&error)
    );
    assert_eq!(world.inventories(), before, "{write:?}");
}

#[test]
fn a_deployment_that_is_stopped_or_runs_out_of_time_gives_the_lease_back_and_the_next_one_finishes() {
    for seconds in [1, 4, 20, 60, 120] {
        for by_deadline in [false, true] {
            let world = World::new();
            let limit = Duration::from_secs(seconds);
            let (error, took) = world.sim.run(async {
                let pipeline = world.pipeline().await.unwrap();
                let begun = world.sim.now();
                let error = if by_deadline {
                    pipeline.with_deadline(limit).deploy().await.err().unwrap()
                } else {
                    let later = async {
                        tokio::time::sleep(limit).await;
                        pipeline.stop();
                        assert!(pipeline.is_stopping());
                    };
                    futures_util::join!(pipeline.deploy(), later).0.err().unwrap()
                };
                (error, world.sim.now() - begun)
            });
            let case = format!("{seconds} s, by deadline: {by_deadline}");
            assert!(
                error.is_stopped() && error.is_retryable(),
                "{case}: {}",
                explain(&error)
            );
            let why = if by_deadline {
                "the deadline has passed"
            } else {
                "stopped on request"
            };
            assert!(explain(&error).contains(why), "{case}: {}", explain(&error));
            assert!(took < limit + Duration::from_secs(30), "{case}: {took:?}");
            assert!(!world.inventories().contains("-lease-"), "{case}");
            // What was asked to stop once may be called again.
            world.deploy();
            let report = world
                .sim
                .run(async { world.pipeline().await.unwrap().verify().await.unwrap() });
            assert!(report.holds(), "{case}: {report}");
        }
    }
}

#[test]
fn destroying_what_holds_data_is_refused_before_anything_is_touched_and_names_all_of_it() {
    let world = World::new();
    world.deploy();
    let (before, from) = (world.inventories(), world.sim.call_log().len());
    let refused = world
        .sim
        .run(async { world.pipeline().await.unwrap().destroy().await });
    let Err(Error::Preflight(report)) = refused else {
        panic!("{refused:?}")
    };
    let mut named: Vec<&str> = report
        .findings
        .iter()
        .map(|finding| finding.link.as_str())
        .collect();
    named.sort_unstable();
    assert_eq!(named, ["cluster", "warehouse/namespace"]);
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.severity == Severity::Error)
    );
    assert_eq!(world.writes_since(from), Vec::<String>::new());
    assert_eq!(world.inventories(), before);
    // What is allowed to go leaves a snapshot if one is asked for.
    world.sim.run(async {
        let pipeline = world.pipeline().await.unwrap().allow_data_loss();
        pipeline
            .with_final_snapshot("the-last-one", Some(7))
            .destroy()
            .await
            .unwrap();
    });
    let left = world.sim.inventory(WAREHOUSE).resources;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(
        (left[0].kind.as_str(), left[0].name.as_str()),
        ("redshift-serverless:snapshot", "the-last-one")
    );
    assert!(world.sim.inventory(SOURCE).is_empty());
}

#[test]
fn nobody_who_listens_badly_stalls_a_deployment() {
    let world = World::new();
    let lines = world.sim.run(async {
        let (pipeline, dropped) = world.pipeline().await.unwrap().with_events();
        let (pipeline, mut slow) = pipeline.with_events();
        drop(dropped);
        pipeline.deploy().await.unwrap();
        drop(pipeline);
        let mut events = Vec::new();
        while let Some(event) = slow.next().await {
            events.push(event);
        }
        events
    });
    let made = lines.iter().filter(|event| event.what == What::Ready).count();
    assert!(made > 40, "{made}");
    assert!(
        lines
            .iter()
            .filter(|event| matches!(event.what, What::Started { .. }))
            .all(|event| event.remaining.is_some())
    );
}

#[test]
fn the_time_left_that_events_tell_is_near_the_truth_in_deploying_and_in_destroying() {
    let world = World::new();
    type Told = Arc<std::sync::Mutex<Vec<(Duration, Duration)>>>;
    let told = Told::default();
    let listen = |sim: &xacct_sim::Sim| {
        let (ear, sim) = (told.clone(), sim.clone());
        Arc::new(move |event: xacct::Event| {
            if let (What::Started { .. }, Some(left)) = (&event.what, event.remaining) {
                ear.lock().unwrap().push((sim.now(), left));
            }
        })
    };
    let check = |what: &str| {
        let end = world.sim.now();
        let all = std::mem::take(&mut *told.lock().unwrap());
        let (at, left) = all[0];
        let (truth, said) = ((end - at).as_secs_f64(), left.as_secs_f64());
        assert!(
            said > truth / 2.5 && said < truth * 2.5,
            "{what}: said {said} s, took {truth} s"
        );
        // Nearer the end, it is said to be nearer.
        let last = all.last().unwrap().1;
        assert!(last < left / 2, "{what}: {left:?}, then {last:?}");
    };
    world.sim.run(async {
        let sink = listen(&world.sim);
        world
            .pipeline()
            .await
            .unwrap()
            .on_event(sink)
            .deploy()
            .await
            .unwrap();
    });
    check("deploying");
    world.sim.run(async {
        let pipeline = world.pipeline().await.unwrap().on_event(listen(&world.sim));
        pipeline.allow_data_loss().destroy().await.unwrap();
    });
    check("destroying");
}
