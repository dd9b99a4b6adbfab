//! Killed at every call, and every answer lost: the next run finishes, and nothing is left over.

use crate::world::{World, assert_same};
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

#[test]
fn an_answer_lost_at_any_kind_of_write_leaves_no_double() {
    let undisturbed = World::new();
    undisturbed.deploy();
    let wanted = undisturbed.inventory();
    for (account, operation) in writing(&undisturbed.sim.call_log()) {
        let world = World::new();
        let rule = Rule::new(Verdict::LoseResponse)
            .account(&account)
            .operation(&operation)
            .nth(1)
            .times(1);
        let guard = world.sim.fault(rule);
        if world.try_deploy(1).is_err() {
            world.sim.revive();
        }
        assert_eq!(guard.hits(), 1, "{operation} was not disturbed");
        drop(guard);
        world
            .try_deploy(2)
            .unwrap_or_else(|e| panic!("{operation}: {}", xacct_converge::explain(&e)));
        assert_same(&world.inventory(), &wanted, &format!("{operation} in {account}"));
        assert!(world.plan().is_empty(), "{operation}: {}", world.plan());
    }
}
