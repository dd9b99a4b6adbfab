//! Every call on the wire: what real services answer, one success and one refusal each,
//! and for both protocols the answers that no service should give.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod cases;
mod protocols;
mod stage;

use answers::{server, split};
use cases::{Then, cases};
use std::path::Path;
use xacct_tests::wire::{Protocol, assert_all_covered};

fn operations() -> Vec<&'static str> {
    cases().map(|case| case.operation).collect()
}

#[tokio::test]
async fn every_operation_is_understood_where_all_goes_well() {
    for case in cases() {
        let server = server(&operations(), &[]).await;
        let came = (case.call)(stage::Stage::new(&server)).await;
        let shown = came.unwrap_or_else(|refusal| panic!("{}: {refusal:?}", case.operation));
        assert!(shown.contains(case.shows), "{}: {shown}", case.operation);
        let (protocol, name) = split(case.operation);
        let requests = server.received_requests().await.unwrap();
        let sent = requests.iter().any(|request| match protocol {
            Protocol::Ec2Query => String::from_utf8_lossy(&request.body).contains(&format!("Action={name}&")),
            _ => request
                .headers
                .get("x-amz-target")
                .is_some_and(|target| target.as_bytes().ends_with(name.as_bytes())),
        });
        assert!(sent, "{} was not called", case.operation);
    }
}

#[tokio::test]
async fn every_operation_is_refused_with_its_name_and_code_or_knows_better() {
    for case in cases() {
        let (protocol, _) = split(case.operation);
        let (status, code, message) = case.refusal;
        let spoiled = [(case.operation, protocol.error(status, code, message))];
        let server = server(&operations(), &spoiled).await;
        let came = (case.call)(stage::Stage::new(&server)).await;
        match (came, case.then) {
            (Err(refusal), Then::Fails(class)) => {
                let said = (refusal.operation.as_str(), refusal.code.as_deref(), refusal.class);
                assert_eq!(said, (case.operation, Some(code), class), "{refusal:?}");
                assert!(refusal.text.contains(message), "{refusal:?}");
            }
            (Ok(shown), Then::Knows(what)) => assert!(shown.contains(what), "{}: {shown}", case.operation),
            (came, then) => panic!("{}: {came:?}, expected {then:?}", case.operation),
        }
    }
}

/// Condition keys, and what services do in EC2 in their caller's name: policies speak of them, nothing calls them.
const NOT_CALLED: &[&str] = &[
    "ec2:CreateAction",
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:RequesterVpc",
    "route53resolver:TagResource",
];

#[test]
fn no_operation_is_used_without_such_a_test() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_all_covered(&src, &["ec2", "route53resolver"], &operations(), NOT_CALLED);
}
