//! Policies of several kinds together: what allows, what cuts, what denies.

use super::pages::*;
use xacct_iam::evaluate::PolicyKind::{self, Boundary, Identity, Resource, Session, Trust};

const ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const ASSUME: &str = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#;
const OTHER: &str = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
const DENY: &str = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
const DENY_OTHER: &str = r#"{"Effect":"Deny","Action":"ec2:*","Resource":"*"}"#;
const DENY_UNLESS_ROLE: &str = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/warehouse"}}}"#;
const TO_ROLE: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/warehouse"},"Action":"*","Resource":"*"}"#;
const TO_SESSION: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::222222222222:assumed-role/warehouse/loader"},"Action":"*","Resource":"*"}"#;
const TO_ACCOUNT: &str =
    r#"{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"*","Resource":"*"}"#;
const TO_ANYONE: &str = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
const NOT_TO_ROLE: &str = r#"{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::222222222222:role/warehouse"},"Action":"*","Resource":"*"}"#;
const NOT_TO_OTHERS: &str = r#"{"Effect":"Deny","NotPrincipal":{"AWS":["222222222222","arn:aws:iam::222222222222:role/warehouse"]},"Action":"*","Resource":"*"}"#;
const ELSEWHERE: &str =
    r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111111111111:role/other"}"#;
const TRUSTED: &str = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/warehouse"},"Action":"sts:AssumeRole"}"#;
const NEVER_STS: &str = r#"{"Effect":"Deny","Principal":"*","Action":"sts:*"}"#;
const DENY_ID: &str =
    r#"{"Effect":"Deny","Principal":{"AWS":"AROAWAREHOUSE0000001"},"Action":"sts:AssumeRole"}"#;

/// Page, every policy, and the decision.
pub(crate) type Layers = (&'static str, &'static [(PolicyKind, &'static str)], char);

/// A role asks for another role of its own account.
pub(crate) const WITHIN: &[Layers] = &[
    (LOGIC, &[], 'D'),
    (SAME_ACCOUNT, &[(Identity, ALL)], 'A'),
    (SAME_ACCOUNT, &[(Identity, OTHER)], 'D'),
    (SAME_ACCOUNT, &[(Identity, OTHER), (Identity, ALL)], 'A'),
    (SAME_ACCOUNT, &[(Resource, TO_ROLE)], 'A'),
    (SAME_ACCOUNT, &[(Resource, TO_ACCOUNT)], 'D'),
    (SAME_ACCOUNT, &[(Resource, TO_ANYONE)], 'A'),
    (SAME_ACCOUNT, &[(Identity, ALL), (Resource, TO_ACCOUNT)], 'A'),
    (SAME_ACCOUNT, &[(Identity, ALL), (Resource, DENY)], 'A'),
    (BOUNDARY, &[(Identity, ALL), (Boundary, ALL)], 'A'),
    (BOUNDARY, &[(Identity, ALL), (Boundary, OTHER)], 'D'),
    (BOUNDARY, &[(Boundary, ALL)], 'D'),
    (
        BOUNDARY,
        &[(Identity, ALL), (Boundary, ALL), (Session, OTHER)],
        'D',
    ),
    (
        BOUNDARY,
        &[(Identity, ALL), (Boundary, OTHER), (Session, ALL)],
        'D',
    ),
    (BOUNDARY, &[(Resource, TO_ROLE), (Boundary, OTHER)], 'D'),
    (BOUNDARY, &[(Resource, TO_SESSION), (Boundary, OTHER)], 'A'),
    (SESSION, &[(Identity, ALL), (Session, OTHER)], 'D'),
    (SESSION, &[(Identity, ALL), (Session, OTHER), (Session, ALL)], 'A'),
    (SESSION, &[(Identity, OTHER), (Session, ALL)], 'D'),
    (SESSION, &[(Resource, TO_SESSION), (Session, OTHER)], 'A'),
    (SESSION, &[(Resource, TO_ROLE), (Session, OTHER)], 'D'),
    (EXPLICIT, &[(Identity, ALL), (Identity, DENY)], 'X'),
    (EXPLICIT, &[(Identity, ALL), (Identity, DENY_OTHER)], 'A'),
    (EXPLICIT, &[(Identity, ALL), (Identity, DENY_UNLESS_ROLE)], 'A'),
    (EXPLICIT, &[(Identity, ALL), (Session, DENY)], 'X'),
    (EXPLICIT, &[(Identity, ALL), (Boundary, DENY)], 'X'),
    (EXPLICIT, &[(Resource, TO_SESSION), (Boundary, DENY)], 'X'),
    (EXPLICIT, &[(Identity, DENY), (Resource, TO_SESSION)], 'X'),
    (EXPLICIT, &[(Identity, ALL), (Resource, NOT_TO_ROLE)], 'X'),
    (NOT_PRINCIPAL, &[(Identity, ALL), (Resource, NOT_TO_OTHERS)], 'A'),
    // A role's trust policy must always allow.
    (LOGIC, &[(Identity, ASSUME), (Trust, OTHER)], 'D'),
    (LOGIC, &[(Identity, ASSUME), (Trust, TO_ACCOUNT)], 'A'),
    (LOGIC, &[(Trust, TO_ACCOUNT)], 'D'),
    (LOGIC, &[(Trust, TO_ROLE)], 'A'),
    (BOUNDARY, &[(Trust, TO_ROLE), (Boundary, OTHER)], 'D'),
    (BOUNDARY, &[(Trust, TO_SESSION), (Boundary, OTHER)], 'A'),
    (
        BOUNDARY,
        &[(Identity, ASSUME), (Trust, TO_ACCOUNT), (Boundary, OTHER)],
        'D',
    ),
];

/// A role asks for a role of another account.
pub(crate) const ACROSS: &[Layers] = &[
    (CROSS_ACCOUNT, &[(Identity, ASSUME), (Trust, TRUSTED)], 'A'),
    (CROSS_ACCOUNT, &[(Identity, ASSUME), (Trust, TO_ACCOUNT)], 'A'),
    (CROSS_ACCOUNT, &[(Identity, ASSUME), (Trust, TO_ANYONE)], 'A'),
    (CROSS_ACCOUNT, &[(Trust, TRUSTED)], 'D'),
    (CROSS_ACCOUNT, &[(Trust, TO_SESSION)], 'D'),
    (CROSS_ACCOUNT, &[(Identity, ASSUME)], 'D'),
    (CROSS_ACCOUNT, &[(Identity, ELSEWHERE), (Trust, TRUSTED)], 'D'),
    (
        CROSS_ACCOUNT,
        &[(Identity, ELSEWHERE), (Identity, ASSUME), (Trust, TRUSTED)],
        'A',
    ),
    (
        BOUNDARY,
        &[(Identity, ASSUME), (Trust, TRUSTED), (Boundary, ELSEWHERE)],
        'D',
    ),
    (
        BOUNDARY,
        &[(Identity, ASSUME), (Trust, TRUSTED), (Boundary, ALL)],
        'A',
    ),
    (
        SESSION,
        &[(Identity, ASSUME), (Trust, TRUSTED), (Session, OTHER)],
        'D',
    ),
    (
        EXPLICIT,
        &[(Identity, ASSUME), (Trust, TRUSTED), (Trust, NEVER_STS)],
        'X',
    ),
    (
        EXPLICIT,
        &[(Identity, ASSUME), (Identity, DENY), (Trust, TRUSTED)],
        'X',
    ),
    (
        EXPLICIT,
        &[(Identity, ASSUME), (Trust, TRUSTED), (Boundary, DENY)],
        'X',
    ),
    (
        IDS,
        &[(Identity, ASSUME), (Trust, TRUSTED), (Trust, DENY_ID)],
        'X',
    ),
];
