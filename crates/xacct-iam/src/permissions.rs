//! What a deployer of roles needs to be allowed, call by call.
//!
//! Source: Service Authorization Reference, "AWS Identity and Access Management". Roles are named exactly: IAM forms
//! their ARNs from path and name alone.

use crate::spec::RoleSpec;
use Phase::{Create, Destroy, Read, Update};
use xacct_types::{Call, Need, Phase, Place};

const ROLE: &[(&str, &[Phase])] = &[
    ("iam:GetRole", &[Read]),
    ("iam:ListRolePolicies", &[Read]),
    ("iam:GetRolePolicy", &[Read]),
    ("iam:ListAttachedRolePolicies", &[Read]),
    ("iam:CreateRole", &[Create]),
    ("iam:TagRole", &[Create]),
    ("iam:PutRolePolicy", &[Create]),
    ("iam:TagRole", &[Update]),
    ("iam:UpdateRole", &[Update]),
    ("iam:UpdateAssumeRolePolicy", &[Update]),
    ("iam:DeleteRolePolicy", &[Destroy]),
    ("iam:DetachRolePolicy", &[Update, Destroy]),
    ("iam:DeleteRole", &[Destroy]),
];

/// Every call that making, changing, proving and removing `role` takes. Where the company wants a boundary, the role can
/// only be made with it.
#[must_use]
pub fn calls(place: &Place, role: &RoleSpec) -> Vec<Call> {
    let arn = place.iam_arn(&format!("role{}{}", role.path, role.name));
    let rows = ROLE.iter().map(|(operation, phases)| {
        // Tags that come with the role are ours; those that are put back later need not be.
        let need = match (*operation, *phases) {
            ("iam:CreateRole" | "iam:TagRole", [Create]) => place.making(operation, &arn),
            _ => Need::new(operation, &arn),
        };
        Call {
            operation,
            phases,
            needs: vec![bounded(need, role)],
        }
    });
    let mut calls: Vec<Call> = rows.collect();
    if role.permission_boundary.is_some() {
        calls.push(Call {
            operation: "iam:PutRolePermissionsBoundary",
            phases: &[Update],
            needs: vec![bounded(Need::new("iam:PutRolePermissionsBoundary", &arn), role)],
        });
    }
    calls
}

fn bounded(need: Need, role: &RoleSpec) -> Need {
    let sets = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"];
    match &role.permission_boundary {
        Some(boundary) if sets.contains(&need.action.as_str()) => {
            need.when("StringEquals", "iam:PermissionsBoundary", [boundary.as_str()])
        }
        _ => need,
    }
}

/// Handing `role` to a service that will use it, whichever of these names the service has; some requests name none.
#[must_use]
pub fn passing(place: &Place, role: &RoleSpec, services: &[&str]) -> Need {
    let arn = place.iam_arn(&format!("role{}{}", role.path, role.name));
    Need::new("iam:PassRole", arn).when(
        "StringEqualsIfExists",
        "iam:PassedToService",
        services.iter().copied(),
    )
}

/// The first use of a service makes its service-linked role in its caller's name.
#[must_use]
pub fn service_linked(place: &Place, service: &str, role: &str) -> Need {
    let arn = place.iam_arn(&format!("role/aws-service-role/{service}/{role}"));
    Need::new("iam:CreateServiceLinkedRole", arn)
}
