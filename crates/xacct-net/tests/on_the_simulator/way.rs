//! The undisturbed way: deploy, again, verify, remove, again.

use crate::world::{World, assert_same};
use std::time::Duration;
use xacct_net::Egress;
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::log::Outcome;

#[test]
fn a_link_is_deployed_and_a_second_run_writes_nothing() {
    let world = World::new();
    let outputs = world.deploy();
    assert_eq!(outputs.warehouse.private_subnets.len(), 3);
    assert_eq!(outputs.inbound.addresses.len(), 2);
    let (writes, reads) = (world.writes(), world.reads());
    let again = world.deploy();
    assert_eq!(again, outputs);
    assert_eq!(world.writes(), writes, "a second run writes nothing");
    assert!(world.reads() - reads <= 26, "{} reads", world.reads() - reads);
    assert!(world.plan().is_empty(), "{}", world.plan());
}

#[test]
fn a_deployed_link_is_verified_from_what_is_read() {
    let world = World::new();
    let outputs = world.deploy();
    let writes = world.writes();
    let report = world.verify(&outputs);
    assert!(report.holds() && report.findings.is_empty(), "{report}");
    assert_eq!(world.writes(), writes);
}

#[test]
fn zones_are_three_that_services_stand_in_and_alike_in_both_accounts() {
    let outputs = World::new().deploy();
    let zones = |subnets: &[xacct_net::outputs::SubnetInfo]| -> Vec<String> {
        subnets.iter().map(|subnet| subnet.zone.to_string()).collect()
    };
    let source = zones(&outputs.source.private_subnets);
    assert_eq!(source, ["aps1-az1", "aps1-az2", "aps1-az4"]);
    assert_eq!(zones(&outputs.warehouse.private_subnets), source);
}

#[test]
fn removal_leaves_the_accounts_as_they_were_and_deploying_again_works() {
    let world = World::new();
    let before = world.inventory();
    world.deploy();
    world.remove();
    assert_same(&world.inventory(), &before, "after the removal");
    let writes = world.writes();
    world.remove();
    assert_eq!(world.writes(), writes, "nothing is left to remove");
    let outputs = world.try_deploy(5).unwrap();
    assert!(world.verify(&outputs).holds());
}

#[test]
fn the_variant_with_an_sts_endpoint_has_no_public_part() {
    let world = World::new().egress(Egress::StsEndpoint);
    let before = world.inventory();
    let outputs = world.deploy();
    assert!(outputs.warehouse.public_subnet.is_none());
    let report = world.verify(&outputs);
    assert!(report.holds(), "{report}");
    assert!(world.plan().is_empty(), "{}", world.plan());
    world.remove();
    assert_same(&world.inventory(), &before, "after the removal");
}

#[test]
fn deploying_takes_little_more_than_the_critical_path() {
    for seed in 1..=5 {
        let world = World::with_seed(seed);
        let start = world.sim.now();
        world.deploy();
        let (took, path) = (world.sim.now() - start, world.sim.critical_path());
        assert!(
            took.as_secs_f64() <= path.as_secs_f64() * 1.06,
            "seed {seed}: {took:?} of {path:?}"
        );
        assert!(path > Duration::from_secs(60));
    }
}

#[test]
fn a_cold_deployment_makes_as_many_writes_as_there_is_to_make() {
    let world = World::new();
    world.deploy();
    let log = world.sim.call_log();
    let done = log
        .iter()
        .filter(|entry| !entry.read_only && matches!(entry.outcome, Outcome::Ok(_)));
    assert_eq!(done.count(), 49);
    assert!(world.reads() <= 300, "{} reads", world.reads());
}

#[test]
fn futures_can_be_spawned() {
    fn spawnable<F: Future + Send + 'static>(_: F) {}
    let world = World::new();
    let (networks, cx) = (world.networks(1), world.context());
    spawnable(async move {
        let outputs = networks.deploy(&cx).await.unwrap();
        let (ends, options) = Default::default();
        networks.verify(&outputs, &ends, &options, &cx).await.unwrap();
        networks.remove(&cx).await.unwrap();
    });
}

#[test]
fn an_error_says_each_layer_once() {
    let world = World::new();
    let rule = Rule::new(Verdict::AccessDenied).operation("CreateVpc").always();
    let _guard = world.sim.fault(rule);
    let error = world.try_deploy(1).unwrap_err();
    let mut layer: &dyn std::error::Error = &error;
    while let Some(cause) = layer.source() {
        assert!(
            !layer.to_string().contains(&cause.to_string()),
            "{layer} repeats {cause}"
        );
        layer = cause;
    }
    assert!(!error.is_retryable() && error.has_no_side_effects());
}
