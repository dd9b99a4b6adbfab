//! Nothing that happens to a call keeps a deployment from ending like an undisturbed one.
//!
//! Every case is one fault at one call; none is sampled, none is skipped. The tables show how many of each there were.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic, and shows its tables"
)]

use xacct_examples::drill::Ground;
use xacct_examples::drill::faults::cases::Fault;
use xacct_examples::drill::faults::{Sweep, deployment, every_block, every_fault, late_deployment, removal};

fn ground() -> Ground {
    Ground::read(None).unwrap()
}

fn survives(sweep: &Sweep) {
    println!("{}", sweep.table);
    assert!(sweep.well(), "{} of {} survived", sweep.survived, sweep.cases);
}

#[test]
fn a_deployment_disturbed_at_any_call_ends_like_an_undisturbed_one() {
    survives(&every_fault(
        "deploy",
        &deployment(&ground()).unwrap(),
        &Fault::ALL,
        1,
    ));
}

#[test]
fn what_only_others_can_mend_ends_in_one_error_and_once_mended_all_is_well() {
    survives(&every_block("deploy, blocked", &deployment(&ground()).unwrap()));
}

#[test]
fn what_stays_invisible_for_long_is_neither_lost_nor_made_twice() {
    let story = late_deployment(&ground()).unwrap();
    survives(&every_fault("deploy, long invisible", &story, &Fault::UNSEEN, 2));
}

#[test]
fn a_removal_killed_at_any_call_and_run_again_leaves_nothing() {
    survives(&every_fault(
        "destroy",
        &removal(&ground()).unwrap(),
        &Fault::KILLS,
        1,
    ));
}
