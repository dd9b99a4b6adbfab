//! The drill's part about privileges.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic and talks to people"
)]

use xacct_examples::drill::{Ground, privileges};

#[test]
fn every_part_of_every_policy_is_needed_and_nothing_else_is() {
    let outcome = privileges::judge(&Ground::read(None).unwrap()).unwrap();
    println!("{outcome}");
    assert!(outcome.holds(), "{outcome}");
    assert!(outcome.mutants() >= 120, "{}", outcome.mutants());
}
