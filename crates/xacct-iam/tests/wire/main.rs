//! Single calls against a mocked endpoint: what is sent, and what is made of the answers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail like the tests themselves"
)]

mod answers;
mod faults;
mod leases;
mod many;
mod reading;
mod removing;
mod sessions;
mod writing;

use std::path::Path;
use xacct_tests::wire::assert_all_covered;

/// Every operation with a success and a modelled error in this test.
const TESTED: &[&str] = &[
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountSummary",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:ListRoles",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "sts:AssumeRole",
    "sts:GetCallerIdentity",
];

/// Condition keys, which look like operations, and what services do in their caller's name.
const NO_OPERATIONS: &[&str] = &[
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "iam:PassedToService",
    "iam:PermissionsBoundary",
    "sts:ExternalId",
];

#[test]
fn every_operation_in_the_code_has_a_test_on_the_wire() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_all_covered(&src, &["iam", "sts"], TESTED, NO_OPERATIONS);
}
