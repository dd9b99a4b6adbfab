//! `CreateRole`, `UpdateAssumeRolePolicy`, `UpdateRole`, `PutRolePermissionsBoundary`, `TagRole`, `PutRolePolicy`.

use crate::answers::*;
use wiremock::{MockServer, ResponseTemplate};
use xacct_converge::{ApplyError, Change, Class, Graph};
use xacct_iam::policy::{Principals, Statement};
use xacct_iam::{PolicyDocument, RoleRules};
use xacct_tests::clock::virtual_context;

/// Plans and applies what was read; the plan's changes as text, and how it ended.
async fn deploy(server: &MockServer) -> (String, Result<(), ApplyError>) {
    let cx = virtual_context();
    let pair = pair(server);
    let observed = pair.observe(&cx).await.unwrap();
    let mut graph = Graph::new();
    let _ = pair.declare(&mut graph, &observed, grants().into());
    let planned = graph.plan();
    let plan = planned.plan.to_string();
    (plan, graph.apply(planned, &cx).await.map(|_| ()))
}

/// Neither role exists when it is first looked for; later reads show both.
async fn nothing_yet(server: &MockServer) {
    for role in [WAREHOUSE, STREAM] {
        first_for_role(server, "GetRole", role, gone()).await;
    }
    both(server, &warehouse_role(), &stream_role()).await;
}

async fn creates(server: &MockServer) {
    for_role(
        server,
        "CreateRole",
        WAREHOUSE,
        warehouse_role().answer("CreateRole"),
    )
    .await;
    for_role(server, "CreateRole", STREAM, stream_role().answer("CreateRole")).await;
}

fn done(operation: &str) -> ResponseTemplate {
    result(operation, "")
}

#[tokio::test]
async fn both_roles_are_made_in_one_pass_with_everything_but_their_policies() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    creates(&server).await;
    always(&server, "PutRolePolicy", done("PutRolePolicy")).await;
    let (plan, outcome) = deploy(&server).await;
    outcome.unwrap();
    assert!(plan.contains("+ source/role (AWS::IAM::Role)"), "{plan}");
    let made = sent(&server, "CreateRole").await;
    assert_eq!(made.len(), 2);
    assert!(
        made[0].contains("RoleName=clicks-warehouse-role-ap-south-1"),
        "warehouse first: {made:?}"
    );
    assert!(made[0].contains("redshift-serverless.amazonaws.com"));
    assert!(made[1].contains(r#""AWS":"arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1""#));
    assert!(made[1].contains("xacct:resource"), "{made:?}");
    let policies = sent(&server, "PutRolePolicy").await;
    assert!(
        policies
            .iter()
            .any(|body| body.contains("arn:aws:iam::111111111111:role/clicks-source-role"))
    );
    assert!(policies.iter().any(|body| body.contains(TOPIC)));
}

#[tokio::test]
async fn an_unknown_principal_is_tried_again_until_it_is_known() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    let unknown = XML.error(
        400,
        "MalformedPolicyDocument",
        "Invalid principal in policy: AWS arn:…",
    );
    for _ in 0..4 {
        first_for_role(&server, "CreateRole", STREAM, unknown.clone()).await;
    }
    creates(&server).await;
    always(&server, "PutRolePolicy", done("PutRolePolicy")).await;
    deploy(&server).await.1.unwrap();
    assert_eq!(sent(&server, "CreateRole").await.len(), 6);
}

#[tokio::test]
async fn a_principal_that_stays_unknown_ends_the_deployment_after_two_minutes() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    let unknown = XML.error(
        400,
        "MalformedPolicyDocument",
        "Invalid principal in policy: AWS arn:…",
    );
    for_role(&server, "CreateRole", STREAM, unknown).await;
    creates(&server).await;
    always(&server, "PutRolePolicy", done("PutRolePolicy")).await;
    let error = deploy(&server).await.1.unwrap_err();
    assert_eq!(error.failure().code(), Some("MalformedPolicyDocument"));
    let tries = sent(&server, "CreateRole").await.len();
    assert!((20..=42).contains(&tries), "{tries} tries");
}

#[tokio::test]
async fn any_other_malformed_document_is_not_tried_again() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    let other = XML.error(400, "MalformedPolicyDocument", "Has prohibited field Resource");
    for_role(&server, "CreateRole", WAREHOUSE, other).await;
    let error = deploy(&server).await.1.unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!(sent(&server, "CreateRole").await.len(), 1);
}

#[tokio::test]
async fn a_hard_quota_is_not_tried_again() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    let full = XML.error(
        409,
        "LimitExceeded",
        "Cannot exceed quota for RolesPerAccount: 1000",
    );
    always(&server, "CreateRole", full).await;
    let error = deploy(&server).await.1.unwrap_err();
    assert_eq!(error.failure().class(), Class::Terminal);
    assert_eq!(sent(&server, "CreateRole").await.len(), 1);
}

#[tokio::test]
async fn a_role_of_ours_that_was_not_visible_when_planning_is_taken_over() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    let taken = XML.error(409, "EntityAlreadyExists", "Role with name … already exists.");
    for_role(&server, "CreateRole", WAREHOUSE, taken).await;
    creates(&server).await;
    always(&server, "PutRolePolicy", done("PutRolePolicy")).await;
    deploy(&server).await.1.unwrap();
}

#[tokio::test]
async fn a_name_that_belongs_to_somebody_else_is_a_clear_error() {
    let server = MockServer::start().await;
    for role in [WAREHOUSE, STREAM] {
        first_for_role(&server, "GetRole", role, gone()).await;
    }
    let mut foreign = warehouse_role();
    foreign.tags.clear();
    both(&server, &foreign, &stream_role()).await;
    let taken = XML.error(409, "EntityAlreadyExists", "Role with name … already exists.");
    always(&server, "CreateRole", taken).await;
    let error = deploy(&server).await.1.unwrap_err();
    assert!(
        error
            .failure()
            .message()
            .contains("does not carry this pipeline's tags"),
        "{}",
        error.failure()
    );
}

#[tokio::test]
async fn a_lost_answer_to_create_role_does_not_make_it_fail() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    first_for_role(
        &server,
        "CreateRole",
        WAREHOUSE,
        XML.error(500, "ServiceFailure", "oops"),
    )
    .await;
    creates(&server).await;
    always(&server, "PutRolePolicy", done("PutRolePolicy")).await;
    deploy(&server).await.1.unwrap();
    assert_eq!(
        sent(&server, "CreateRole").await.len(),
        2,
        "found by its name instead of made again"
    );
}

#[tokio::test]
async fn what_is_left_of_a_recreated_role_is_written_again() {
    let server = MockServer::start().await;
    let mut drifted = stream_role();
    let dead = Principals {
        aws: vec!["AROADELETED000000001".to_owned()],
        ..Principals::default()
    };
    drifted.trust = PolicyDocument::new([Statement::allow_principals("T", dead, ["sts:AssumeRole"])]);
    first_for_role(&server, "GetRole", STREAM, drifted.answer("GetRole")).await;
    both(&server, &warehouse_role(), &stream_role()).await;
    let unknown = XML.error(
        400,
        "MalformedPolicyDocument",
        "Invalid principal in policy: AWS arn:…",
    );
    first(&server, "UpdateAssumeRolePolicy", unknown).await;
    always(&server, "UpdateAssumeRolePolicy", done("UpdateAssumeRolePolicy")).await;
    let (plan, outcome) = deploy(&server).await;
    outcome.unwrap();
    assert!(
        plan.contains("AROADELETED000000001, which is left of a role that was deleted"),
        "{plan}"
    );
    let written = sent(&server, "UpdateAssumeRolePolicy").await;
    assert_eq!(written.len(), 2);
    assert!(written[1].contains("role/clicks-warehouse-role-ap-south-1"));
}

#[tokio::test]
async fn a_protected_role_refuses_another_trust() {
    let server = MockServer::start().await;
    let mut drifted = warehouse_role();
    drifted.trust = PolicyDocument::new([]);
    both(&server, &drifted, &stream_role()).await;
    let refusal = XML.error(400, "UnmodifiableEntity", "only modifiable by AWS");
    always(&server, "UpdateAssumeRolePolicy", refusal).await;
    let error = deploy(&server).await.1.unwrap_err();
    assert_eq!(error.failure().code(), Some("UnmodifiableEntity"));
}

/// Reads a role that drifted once and is right after that, and expects one call.
async fn repaired(drifted: RoleXml, operation: &str, modelled: &str, expects: &[&str]) {
    let server = MockServer::start().await;
    first_for_role(&server, "GetRole", WAREHOUSE, drifted.answer("GetRole")).await;
    both(&server, &warehouse_role(), &stream_role()).await;
    always(&server, operation, done(operation)).await;
    let (plan, outcome) = deploy(&server).await;
    outcome.unwrap_or_else(|error| panic!("{operation}: {}", error.failure()));
    assert!(plan.contains("~ warehouse/role (AWS::IAM::Role)"), "{plan}");
    let written = sent(&server, operation).await;
    assert_eq!(written.len(), 1, "{operation}");
    for expected in expects {
        assert!(written[0].contains(expected), "{}", written[0]);
    }

    let server = MockServer::start().await;
    both(&server, &drifted, &stream_role()).await;
    always(&server, operation, XML.error(404, modelled, "said IAM")).await;
    let error = deploy(&server).await.1.unwrap_err();
    assert_eq!(error.failure().code(), Some(modelled));
    assert_eq!(error.resource, "warehouse/role");
}

#[tokio::test]
async fn description_and_session_length_are_put_right_by_one_call() {
    let mut drifted = warehouse_role();
    drifted.description = "edited".to_owned();
    drifted.max_session = 7200;
    let expects = [
        "MaxSessionDuration=3600",
        "Description=warehouse/role of the pipeline clicks",
    ];
    repaired(drifted, "UpdateRole", "NoSuchEntity", &expects).await;
}

#[tokio::test]
async fn tags_that_were_taken_off_are_put_on_again() {
    let mut drifted = warehouse_role();
    drifted.tags.remove("Name");
    // Another release alone plans no change.
    drifted.tags.insert("xacct:schema-version".into(), "0".into());
    let expects = [
        "Tags.member.1.Key=Name",
        "Tags.member.1.Value=clicks-warehouse-role",
    ];
    repaired(drifted, "TagRole", "NoSuchEntity", &expects).await;
}

#[tokio::test]
async fn a_boundary_that_was_taken_off_is_put_on_again() {
    let limit = "arn:aws:iam::222222222222:policy/limit";
    let rules = RoleRules {
        warehouse_boundary: Some(limit.parse().unwrap()),
        ..RoleRules::default()
    };
    for (answer, code) in [
        (done("PutRolePermissionsBoundary"), None),
        (
            XML.error(400, "PolicyNotAttachable", "said IAM"),
            Some("PolicyNotAttachable"),
        ),
    ] {
        let server = MockServer::start().await;
        both(&server, &warehouse_role(), &stream_role()).await;
        always(&server, "PutRolePermissionsBoundary", answer).await;
        let cx = virtual_context();
        let config = xacct_tests::wire::fake_config(&server);
        let pair = xacct_iam::RolePair::new(&config, &config, spec_with(&rules));
        let observed = pair.observe(&cx).await.unwrap();
        let mut graph = Graph::new();
        let _ = pair.declare(&mut graph, &observed, grants().into());
        let outcome = graph.apply(graph.plan(), &cx).await.map(|_| ());
        let found = outcome
            .err()
            .and_then(|error| error.failure().code().map(str::to_owned));
        assert_eq!(found.as_deref(), code);
        assert!(sent(&server, "PutRolePermissionsBoundary").await[0].contains(limit));
    }
}

#[tokio::test]
async fn a_policy_of_a_role_that_is_not_known_yet_is_tried_again() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    creates(&server).await;
    first(&server, "PutRolePolicy", gone()).await;
    always(&server, "PutRolePolicy", done("PutRolePolicy")).await;
    deploy(&server).await.1.unwrap();
    assert_eq!(sent(&server, "PutRolePolicy").await.len(), 3);
}

#[tokio::test]
async fn a_policy_that_lost_an_action_is_written_again_and_says_which() {
    let server = MockServer::start().await;
    let names = format!(
        "<PolicyNames><member>{}</member></PolicyNames><IsTruncated>false</IsTruncated>",
        spec().stream_policy_name()
    );
    for_role(
        &server,
        "ListRolePolicies",
        STREAM,
        result("ListRolePolicies", &names),
    )
    .await;
    let less = encoded(r#"{"Version":"2012-10-17","Statement":[]}"#);
    let policy =
        format!("<RoleName>r</RoleName><PolicyName>p</PolicyName><PolicyDocument>{less}</PolicyDocument>");
    for_role(&server, "GetRolePolicy", STREAM, result("GetRolePolicy", &policy)).await;
    both(&server, &warehouse_role(), &stream_role()).await;
    always(&server, "PutRolePolicy", done("PutRolePolicy")).await;
    let (plan, outcome) = deploy(&server).await;
    outcome.unwrap();
    assert!(
        plan.contains("permission: (absent) → Allow kafka-cluster:readdata"),
        "{plan}"
    );
    assert!(sent(&server, "PutRolePolicy").await[0].contains("kafka-cluster:ReadData"));
}

#[tokio::test]
async fn a_policy_that_iam_finds_malformed_is_not_tried_again() {
    let server = MockServer::start().await;
    nothing_yet(&server).await;
    creates(&server).await;
    always(
        &server,
        "PutRolePolicy",
        XML.error(400, "MalformedPolicyDocument", "Syntax errors in policy."),
    )
    .await;
    let error = deploy(&server).await.1.unwrap_err();
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn roles_that_are_right_are_left_alone() {
    let server = MockServer::start().await;
    both(&server, &warehouse_role(), &stream_role()).await;
    let cx = virtual_context();
    let pair = pair(&server);
    let observed = pair.observe(&cx).await.unwrap();
    let mut graph = Graph::new();
    let _ = pair.declare(&mut graph, &observed, grants().into());
    let planned = graph.plan();
    assert!(
        planned.plan.steps.iter().all(|step| step.change == Change::Keep),
        "{}",
        planned.plan
    );
    let before = calls(&server).await.len();
    graph.apply(planned, &cx).await.unwrap();
    assert_eq!(calls(&server).await.len(), before, "nothing to do makes no call");
}
