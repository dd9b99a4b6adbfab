//! Nothing that happens to a call keeps a removal from ending like an undisturbed one.
//!
//! Every case is one fault at one call; none is sampled, none is skipped. The tables show how many of each there were.
//! `cargo run --example drill -- --faults` does the same with deployments.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic, and shows its tables"
)]

use xacct_examples::drill::Ground;
use xacct_examples::drill::faults::cases::Fault;
use xacct_examples::drill::faults::{every_fault, removal};

#[test]
fn a_removal_killed_at_any_call_and_run_again_leaves_nothing() {
    let ground = Ground::read(None).unwrap();
    let sweep = every_fault("destroy", &removal(&ground).unwrap(), &Fault::KILLS, 1);
    println!("{}", sweep.table);
    assert!(sweep.well(), "{} of {} survived", sweep.survived, sweep.cases);
}
