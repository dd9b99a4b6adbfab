//! Killed at every kind of write, and its answer lost: the next run finishes, and nothing is left over.

use crate::world::{World, assert_same};
use xacct_converge::explain;
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::log::Entry;

/// The first of every (account, operation) that writes, by its number in the log.
fn writing(log: &[Entry]) -> Vec<(String, String)> {
    let mut seen: Vec<(String, String)> = Vec::new();
    for entry in log.iter().filter(|entry| !entry.read_only) {
        let point = (entry.account.clone(), entry.operation.clone());
        if !seen.contains(&point) {
            seen.push(point);
        }
    }
    seen
}

/// Spoils the first call of every kind of write in a world of its own; runs again.
fn sweep(verdict: &Verdict) {
    let undisturbed = World::new();
    undisturbed.deploy();
    let wanted = undisturbed.inventory();
    let points = writing(&undisturbed.sim.call_log());
    assert!(points.len() > 25, "{points:?}");
    for (account, operation) in points {
        let world = World::new();
        let rule = Rule::new(verdict.clone())
            .account(&account)
            .operation(&operation)
            .nth(1)
            .times(1);
        let guard = world.sim.fault(rule);
        let first = world.try_deploy(1);
        world.sim.revive();
        assert_eq!(guard.hits(), 1, "{operation} was not disturbed: {first:?}");
        drop(guard);
        world
            .try_deploy(2)
            .unwrap_or_else(|e| panic!("{operation}: {}", explain(&e)));
        assert_same(
            &world.inventory(),
            &wanted,
            &format!("{verdict:?} of {operation} in {account}"),
        );
        let plan = world.plan();
        assert!(plan.is_empty(), "{operation}: {plan}");
    }
}

#[test]
fn an_answer_lost_at_any_kind_of_write_leaves_no_double() {
    sweep(&Verdict::LoseResponse);
}

#[test]
fn a_process_killed_before_any_kind_of_write_is_followed_by_one_that_finishes() {
    sweep(&Verdict::KillBefore);
}

#[test]
fn a_process_killed_after_any_kind_of_write_is_followed_by_one_that_finishes() {
    sweep(&Verdict::KillAfter);
}

#[test]
fn a_removal_killed_at_any_kind_of_write_is_followed_by_one_that_finishes() {
    let undisturbed = World::new();
    let before = undisturbed.inventory();
    undisturbed.deploy();
    let made = undisturbed.sim.call_log().len();
    undisturbed.remove();
    let points = writing(&undisturbed.sim.call_log()[made..]);
    assert!(points.len() > 12, "{points:?}");
    for (account, operation) in points {
        let world = World::new();
        world.deploy();
        let rule = Rule::new(Verdict::KillAfter)
            .account(&account)
            .operation(&operation)
            .nth(1)
            .times(1);
        let guard = world.sim.fault(rule);
        assert!(world.try_remove().is_err(), "{operation} was not disturbed");
        world.sim.revive();
        assert_eq!(guard.hits(), 1);
        drop(guard);
        world.remove();
        assert_same(&world.inventory(), &before, &operation);
    }
}

#[test]
fn access_denied_names_the_resource_and_the_action_and_a_later_run_finishes() {
    let world = World::new();
    let rule = Rule::new(Verdict::AccessDenied)
        .operation("CreateResolverRule")
        .always();
    let guard = world.sim.fault(rule);
    let said = explain(&world.try_deploy(1).unwrap_err());
    assert!(
        said.contains("warehouse/resolver-rule") && said.contains("CreateResolverRule"),
        "{said}"
    );
    drop(guard);
    let outputs = world.try_deploy(2).unwrap();
    assert!(world.verify(&outputs).holds());
}
