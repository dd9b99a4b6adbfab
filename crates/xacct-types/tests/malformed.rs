//! Thousands of malformed blocks and ARNs: each is refused with its place, none makes the reader panic.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail like the tests themselves"
)]

use proptest::prelude::*;
use std::fmt::Debug;
use xacct_types::{Cidr, ClusterArn, Invalid, RoleArn, SecretArn, StreamArn};

const ARNS: [&str; 4] = [
    "arn:aws:iam::111111111111:role/service-role/reader",
    "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1",
    "arn:aws:kinesis:us-east-1:111111111111:stream/clicks",
    "arn:aws:secretsmanager:us-east-1:111111111111:secret:redshift!ns-admin-AbCdEf",
];

/// A text near a good one: a piece replaced by something else.
fn near(good: &'static str) -> impl Strategy<Value = String> {
    (0..=good.len(), 0usize..6, "[:/.*0-9a-zé ]{0,4}").prop_map(move |(at, cut, put)| {
        let end = (at + cut).min(good.len());
        format!("{}{put}{}", &good[..at], &good[end..])
    })
}

fn any_text(good: &'static [&'static str]) -> impl Strategy<Value = String> {
    let near_one = proptest::sample::select(good).prop_flat_map(near);
    prop_oneof![6 => near_one, 1 => "[0-9./:-]{0,24}", 1 => ".{0,40}"]
}

fn refused_with_place<T: Debug>(text: &str, read: Result<T, Invalid>) -> Result<(), TestCaseError> {
    let Err(refusal) = read else { return Ok(()) };
    let place = refusal.position;
    let last = text.chars().count() + 1;
    prop_assert!(
        place.is_some_and(|place| (1..=last).contains(&place)),
        "{:?}: {:?}",
        text,
        refusal
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_malformed_block_is_refused_with_its_place(text in any_text(&["10.0.0.0/16", "172.16.128.0/17", "0.0.0.0/0"])) {
        let read = text.parse::<Cidr>();
        if let Ok(block) = &read {
            prop_assert_eq!(block.to_string(), text.clone());
        }
        prop_assume!(read.is_err());
        refused_with_place(&text, text.parse::<Cidr>())?;
    }

    #[test]
    fn a_malformed_arn_is_refused_with_its_place(text in any_text(&ARNS)) {
        refused_with_place(&text, RoleArn::new(text.clone()))?;
        refused_with_place(&text, ClusterArn::new(text.clone()))?;
        refused_with_place(&text, StreamArn::new(text.clone()))?;
        refused_with_place(&text, SecretArn::new(text.clone()))?;
    }
}
