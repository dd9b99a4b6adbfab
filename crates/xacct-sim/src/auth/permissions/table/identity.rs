//! IAM and STS.

use super::{Row, Table, bare, need_if, row};

const POLICY: &str = "{PolicyArn}";
const ROLE: &str = "iam:role/{RoleName}";
const USER: &str = "iam:user/{UserName}";

/// `iam`.
pub(super) const IAM: Table = Table {
    service: "iam",
    source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_iam.html",
    rows: IAM_ROWS,
};

const IAM_ROWS: &[Row] = &[
    row("CreateRole", &[ROLE]).and(&[need_if("Tags", "iam:TagRole", &[ROLE])]),
    row("GetRole", &[ROLE]),
    row("ListRoles", &["*"]),
    row("UpdateRole", &[ROLE]),
    row("DeleteRole", &[ROLE]),
    row("UpdateAssumeRolePolicy", &[ROLE]),
    row("TagRole", &[ROLE]),
    row("UntagRole", &[ROLE]),
    row("ListRoleTags", &[ROLE]),
    row("PutRolePermissionsBoundary", &[ROLE]),
    row("DeleteRolePermissionsBoundary", &[ROLE]),
    row(
        "CreateServiceLinkedRole",
        &["iam:role/aws-service-role/{AWSServiceName}/*"],
    ),
    row("ListInstanceProfilesForRole", &[ROLE]),
    row("PutRolePolicy", &[ROLE]),
    row("GetRolePolicy", &[ROLE]),
    row("DeleteRolePolicy", &[ROLE]),
    row("ListRolePolicies", &[ROLE]),
    row("AttachRolePolicy", &[ROLE]),
    row("DetachRolePolicy", &[ROLE]),
    row("ListAttachedRolePolicies", &[ROLE]),
    row("CreatePolicy", &["iam:policy/{PolicyName}"]).and(&[need_if(
        "Tags",
        "iam:TagPolicy",
        &["iam:policy/{PolicyName}"],
    )]),
    row("GetPolicy", &[POLICY]),
    row("ListPolicies", &["*"]),
    row("DeletePolicy", &[POLICY]),
    row("CreatePolicyVersion", &[POLICY]),
    row("GetPolicyVersion", &[POLICY]),
    row("DeletePolicyVersion", &[POLICY]),
    row("ListPolicyVersions", &[POLICY]),
    row("SetDefaultPolicyVersion", &[POLICY]),
    row("CreateUser", &[USER]).and(&[need_if("Tags", "iam:TagUser", &[USER])]),
    row("GetUser", &[USER]),
    row("ListUsers", &["*"]),
    row("DeleteUser", &[USER]),
    row("PutUserPolicy", &[USER]),
    row("DeleteUserPolicy", &[USER]),
    row("AttachUserPolicy", &[USER]),
    row("DetachUserPolicy", &[USER]),
    row("CreateAccessKey", &[USER]),
    row("DeleteAccessKey", &[USER]),
    row("GetAccountSummary", &["*"]),
    row("GetAccountAuthorizationDetails", &["*"]),
];

/// `sts`.
pub(super) const STS: Table = Table {
    service: "sts",
    source: "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and API_GetCallerIdentity.html: no identity permission is asked before the call; both sides are judged in it",
    rows: STS_ROWS,
};

const STS_ROWS: &[Row] = &[bare("GetCallerIdentity"), bare("AssumeRole")];
