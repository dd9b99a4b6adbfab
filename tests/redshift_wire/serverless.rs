//! Namespace and workgroup.

use super::{answers, answers_once, fails, once, sent};
use redshift_streaming::serverless::{Observed, Serverless, ServerlessSpec, Surroundings, WorkgroupOut};
use serde_json::{Value as Json, json};
use wiremock::{Mock, MockServer, ResponseTemplate};
use xacct_converge::{ApplyError, Class, Failure, Graph, Handle, explain};
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::{Protocol, fake_config, with_attempt_timeout};
use xacct_types::{Owner, PipelineName, RoleArn, SecurityGroupId, SubnetId, Tags};

const NAMESPACE: &str = "arn:aws:redshift-serverless:ap-south-1:222222222222:namespace/0a";
const WORKGROUP: &str = "arn:aws:redshift-serverless:ap-south-1:222222222222:workgroup/0b";
const ROLE: &str = "arn:aws:iam::222222222222:role/clicks-warehouse";
const SECRET: &str = "arn:aws:secretsmanager:ap-south-1:222222222222:secret:redshift!clicks-admin-AbCdEf";

fn owner() -> Owner {
    Owner::new(PipelineName::new("clicks").unwrap())
}

/// A namespace as the service writes it.
fn namespace(status: &str) -> Json {
    json!({
        "namespaceName": "clicks-namespace", "namespaceArn": NAMESPACE, "namespaceId": "0a",
        "dbName": "dev", "adminUsername": "admin", "adminPasswordSecretArn": SECRET, "status": status,
        "iamRoles": [format!("IamRole(applyStatus=in-sync, iamRoleArn={ROLE})")], "defaultIamRoleArn": ROLE,
    })
}

/// A workgroup as the service writes it.
fn workgroup(status: &str) -> Json {
    json!({
        "workgroupName": "clicks-workgroup", "workgroupArn": WORKGROUP, "workgroupId": "0b",
        "namespaceName": "clicks-namespace", "baseCapacity": 32, "enhancedVpcRouting": true,
        "publiclyAccessible": false, "status": status,
        "subnetIds": ["subnet-1", "subnet-2", "subnet-3"], "securityGroupIds": ["sg-1"],
        "endpoint": { "address": "clicks-workgroup.222222222222.ap-south-1.redshift-serverless.amazonaws.com", "port": 5439 },
    })
}

fn shown(name: &str, body: Json) -> Json {
    json!({ name: body })
}

fn tags(tags: &Tags) -> Json {
    let list: Vec<Json> = tags
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    json!({ "tags": list })
}

fn ours(server: &MockServer) -> Serverless {
    Serverless::new(&fake_config(server), owner(), ServerlessSpec::of(&owner(), "dev"))
}

fn declare(serverless: &Serverless, observed: &Observed) -> (Graph, Handle<WorkgroupOut>) {
    let mut graph = Graph::new();
    let subnet = |n: u8| SubnetId::new(format!("subnet-{n}")).unwrap().into();
    let around = Surroundings {
        role: Some(RoleArn::new(ROLE).unwrap().into()),
        subnets: (1..=3).map(subnet).collect(),
        groups: vec![SecurityGroupId::new("sg-1").unwrap().into()],
        after: Vec::new(),
    };
    let handles = serverless.declare(&mut graph, observed, around);
    (graph, handles.workgroup)
}

async fn deploy(server: &MockServer, observed: &Observed) -> Result<WorkgroupOut, ApplyError> {
    let (graph, handle) = declare(&ours(server), observed);
    let applied = graph.apply(graph.plan(), &virtual_context()).await?;
    Ok(applied.get(handle).unwrap())
}

async fn observe(server: &MockServer) -> Result<Observed, Failure> {
    ours(server).observe(&virtual_context()).await
}

/// What is there, as the read calls show it.
async fn observed(namespace: Json, workgroup: Json) -> Observed {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-serverless:GetNamespace",
        shown("namespace", namespace),
    )
    .await;
    answers(
        &server,
        "redshift-serverless:GetWorkgroup",
        shown("workgroup", workgroup),
    )
    .await;
    tags_of_ours(&server).await;
    observe(&server).await.unwrap()
}

/// Each ARN carries the tags of its resource.
async fn tags_of_ours(server: &MockServer) {
    let answer = |request: &wiremock::Request| {
        let body: Json = request.body_json().unwrap();
        let of = if body["resourceArn"] == NAMESPACE {
            "warehouse/namespace"
        } else {
            "warehouse/workgroup"
        };
        Protocol::AwsJson.success(tags(&owner().tags(of)).to_string())
    };
    super::route("redshift-serverless:ListTagsForResource")
        .respond_with(answer)
        .mount(server)
        .await;
}

/// Both are there and usable, whoever asks.
async fn usable(server: &MockServer) {
    answers(
        server,
        "redshift-serverless:GetNamespace",
        shown("namespace", namespace("AVAILABLE")),
    )
    .await;
    answers(
        server,
        "redshift-serverless:GetWorkgroup",
        shown("workgroup", workgroup("AVAILABLE")),
    )
    .await;
}

#[tokio::test]
async fn nothing_is_there_where_the_service_finds_nothing() {
    let server = MockServer::start().await;
    fails(
        &server,
        "redshift-serverless:GetNamespace",
        "ResourceNotFoundException",
        "no namespace",
    )
    .await;
    fails(
        &server,
        "redshift-serverless:GetWorkgroup",
        "ResourceNotFoundException",
        "no workgroup",
    )
    .await;
    let seen = observe(&server).await.unwrap();
    assert!(seen.namespace.is_none() && seen.workgroup.is_none() && seen.usable().is_none());
}

#[tokio::test]
async fn what_is_there_is_read_with_its_secret_and_endpoint() {
    let seen = observed(namespace("AVAILABLE"), workgroup("AVAILABLE")).await;
    let (namespace, workgroup) = seen.usable().unwrap();
    assert_eq!(namespace.admin_secret.unwrap().as_str(), SECRET);
    assert!(workgroup.endpoint.unwrap().ends_with(".amazonaws.com:5439"));
    assert!(
        observed(self::namespace("MODIFYING"), self::workgroup("AVAILABLE"))
            .await
            .usable()
            .is_none()
    );
}

#[tokio::test]
async fn a_name_without_our_tags_is_left_alone_and_reported() {
    let server = MockServer::start().await;
    usable(&server).await;
    let theirs = Owner::new(PipelineName::new("orders").unwrap());
    answers(
        &server,
        "redshift-serverless:ListTagsForResource",
        tags(&theirs.tags("warehouse/namespace")),
    )
    .await;
    let failure = observe(&server).await.unwrap_err();
    assert_eq!(failure.class(), Class::Terminal);
    assert!(
        failure
            .message()
            .contains("does not belong to the pipeline clicks"),
        "{failure}"
    );
}

#[tokio::test]
async fn tags_that_may_not_be_read_are_an_error_of_that_call() {
    let server = MockServer::start().await;
    usable(&server).await;
    for _ in 0..2 {
        fails(
            &server,
            "redshift-serverless:ListTagsForResource",
            "AccessDeniedException",
            "not you",
        )
        .await;
    }
    let failure = observe(&server).await.unwrap_err();
    assert_eq!(failure.operation(), "redshift-serverless:ListTagsForResource");
    assert_eq!(failure.code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn both_are_made_as_asked_for_and_waited_for() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-serverless:CreateNamespace",
        shown("namespace", namespace("MODIFYING")),
    )
    .await;
    answers(
        &server,
        "redshift-serverless:CreateWorkgroup",
        shown("workgroup", workgroup("CREATING")),
    )
    .await;
    answers_once(
        &server,
        "redshift-serverless:GetWorkgroup",
        shown("workgroup", workgroup("CREATING")),
    )
    .await;
    answers_once(
        &server,
        "redshift-serverless:GetNamespace",
        shown("namespace", namespace("MODIFYING")),
    )
    .await;
    usable(&server).await;
    let out = deploy(&server, &Observed::default()).await.unwrap();
    assert_eq!(
        (out.name.as_str(), out.arn.as_str()),
        ("clicks-workgroup", WORKGROUP)
    );

    let made = sent(&server, "redshift-serverless:CreateNamespace").await;
    assert_eq!(made[0]["manageAdminPassword"], true);
    assert_eq!(made[0]["iamRoles"], json!([ROLE]));
    assert!(
        made[0].get("adminUserPassword").is_none(),
        "no password in a request"
    );
    let made = sent(&server, "redshift-serverless:CreateWorkgroup").await;
    assert_eq!(made[0]["enhancedVpcRouting"], true);
    assert_eq!(made[0]["publiclyAccessible"], false);
    assert_eq!(made[0]["subnetIds"], json!(["subnet-1", "subnet-2", "subnet-3"]));
    let tags = made[0]["tags"].as_array().unwrap();
    assert!(tags.contains(&json!({ "key": "xacct:resource", "value": "warehouse/workgroup" })));
}

#[tokio::test]
async fn a_namespace_whose_creation_was_answered_with_taken_is_ours_by_its_tags() {
    let server = MockServer::start().await;
    fails(
        &server,
        "redshift-serverless:CreateNamespace",
        "ConflictException",
        "clicks-namespace already exists",
    )
    .await;
    fails(
        &server,
        "redshift-serverless:CreateWorkgroup",
        "ConflictException",
        "clicks-workgroup already exists",
    )
    .await;
    tags_of_ours(&server).await;
    usable(&server).await;
    let out = deploy(&server, &Observed::default()).await.unwrap();
    assert_eq!(out.arn, WORKGROUP);
}

#[tokio::test]
async fn no_capacity_is_final_and_names_the_resource() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-serverless:CreateNamespace",
        shown("namespace", namespace("AVAILABLE")),
    )
    .await;
    fails(
        &server,
        "redshift-serverless:CreateWorkgroup",
        "InsufficientCapacityException",
        "come back later",
    )
    .await;
    usable(&server).await;
    let error = deploy(&server, &Observed::default()).await.unwrap_err();
    assert_eq!(
        (error.resource.as_str(), error.failure().code()),
        ("warehouse/workgroup", Some("InsufficientCapacityException"))
    );
    assert!(explain(&error).contains("come back later"), "{}", explain(&error));
}

/// A namespace to which another role is attached, and that role as default.
fn with_another_role() -> Json {
    let mut seen = namespace("AVAILABLE");
    let other = "arn:aws:iam::222222222222:role/theirs";
    seen["iamRoles"] = json!([format!("IamRole(applyStatus=in-sync, iamRoleArn={other})")]);
    seen["defaultIamRoleArn"] = json!(other);
    seen
}

#[tokio::test]
async fn a_role_is_added_to_those_that_are_attached() {
    let server = MockServer::start().await;
    fails(
        &server,
        "redshift-serverless:UpdateNamespace",
        "ConflictException",
        "an operation is in progress",
    )
    .await;
    answers(
        &server,
        "redshift-serverless:UpdateNamespace",
        shown("namespace", namespace("MODIFYING")),
    )
    .await;
    answers_once(
        &server,
        "redshift-serverless:GetNamespace",
        shown("namespace", with_another_role()),
    )
    .await;
    usable(&server).await;
    let seen = observed(with_another_role(), workgroup("AVAILABLE")).await;
    deploy(&server, &seen).await.unwrap();
    let updates = sent(&server, "redshift-serverless:UpdateNamespace").await;
    assert_eq!(updates.len(), 2, "the conflict ends by itself");
    assert_eq!(
        updates[1]["iamRoles"],
        json!(["arn:aws:iam::222222222222:role/theirs", ROLE])
    );
    assert_eq!(updates[1]["defaultIamRoleArn"], ROLE);
}

/// A workgroup of which several things differ from what is wanted.
fn opened() -> Json {
    let mut seen = workgroup("AVAILABLE");
    seen["publiclyAccessible"] = json!(true);
    seen["enhancedVpcRouting"] = json!(false);
    seen["baseCapacity"] = json!(8);
    seen
}

#[tokio::test]
async fn a_workgroup_is_changed_one_thing_a_call() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-serverless:UpdateWorkgroup",
        shown("workgroup", workgroup("MODIFYING")),
    )
    .await;
    usable(&server).await;
    deploy(&server, &observed(namespace("AVAILABLE"), opened()).await)
        .await
        .unwrap();
    let updates = sent(&server, "redshift-serverless:UpdateWorkgroup").await;
    let name = "clicks-workgroup";
    assert_eq!(
        updates,
        [
            json!({ "workgroupName": name, "baseCapacity": 32 }),
            json!({ "workgroupName": name, "enhancedVpcRouting": true }),
            json!({ "workgroupName": name, "publiclyAccessible": false }),
        ]
    );
}

#[tokio::test]
async fn a_refused_change_is_an_error_of_that_call() {
    let server = MockServer::start().await;
    fails(
        &server,
        "redshift-serverless:UpdateWorkgroup",
        "ValidationException",
        "no recovery point",
    )
    .await;
    usable(&server).await;
    let error = deploy(&server, &observed(namespace("AVAILABLE"), opened()).await)
        .await
        .unwrap_err();
    assert_eq!(error.failure().operation(), "redshift-serverless:UpdateWorkgroup");
    assert!(!error.is_retryable());
}

async fn remove(server: &MockServer) -> Result<(), ApplyError> {
    let (graph, _) = declare(
        &ours(server),
        &observed(namespace("AVAILABLE"), workgroup("AVAILABLE")).await,
    );
    graph.remove(graph.plan_removal(), &virtual_context()).await
}

#[tokio::test]
async fn the_workgroup_goes_first_and_both_are_waited_for() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-serverless:DeleteWorkgroup",
        shown("workgroup", workgroup("DELETING")),
    )
    .await;
    answers(
        &server,
        "redshift-serverless:DeleteNamespace",
        shown("namespace", namespace("DELETING")),
    )
    .await;
    answers_once(
        &server,
        "redshift-serverless:GetWorkgroup",
        shown("workgroup", workgroup("DELETING")),
    )
    .await;
    fails(
        &server,
        "redshift-serverless:GetWorkgroup",
        "ResourceNotFoundException",
        "gone",
    )
    .await;
    fails(
        &server,
        "redshift-serverless:GetNamespace",
        "ResourceNotFoundException",
        "gone",
    )
    .await;
    remove(&server).await.unwrap();
    let all = server.received_requests().await.unwrap();
    let targets: Vec<&str> = all
        .iter()
        .map(|request| request.headers["x-amz-target"].to_str().unwrap())
        .collect();
    assert_eq!(
        targets,
        [
            "RedshiftServerless.DeleteWorkgroup",
            "RedshiftServerless.GetWorkgroup",
            "RedshiftServerless.GetWorkgroup",
            "RedshiftServerless.DeleteNamespace",
            "RedshiftServerless.GetNamespace",
        ]
    );
}

#[tokio::test]
async fn a_busy_workgroup_is_asked_again_and_one_that_is_gone_is_no_error() {
    let server = MockServer::start().await;
    fails(
        &server,
        "redshift-serverless:DeleteWorkgroup",
        "ConflictException",
        "an operation is in progress",
    )
    .await;
    once(
        &server,
        "redshift-serverless:DeleteWorkgroup",
        Protocol::AwsJson.error(400, "ResourceNotFoundException", "gone"),
    )
    .await;
    fails(
        &server,
        "redshift-serverless:DeleteNamespace",
        "ResourceNotFoundException",
        "gone",
    )
    .await;
    fails(
        &server,
        "redshift-serverless:GetWorkgroup",
        "ResourceNotFoundException",
        "gone",
    )
    .await;
    fails(
        &server,
        "redshift-serverless:GetNamespace",
        "ResourceNotFoundException",
        "gone",
    )
    .await;
    remove(&server).await.unwrap();
    assert_eq!(
        sent(&server, "redshift-serverless:DeleteWorkgroup").await.len(),
        2
    );
}

#[tokio::test]
async fn throttled_calls_are_made_again_until_they_get_through() {
    let server = MockServer::start().await;
    for _ in 0..3 {
        once(
            &server,
            "redshift-serverless:GetNamespace",
            Protocol::AwsJson.throttled(),
        )
        .await;
    }
    tags_of_ours(&server).await;
    usable(&server).await;
    assert!(observe(&server).await.unwrap().usable().is_some());
    assert_eq!(sent(&server, "redshift-serverless:GetNamespace").await.len(), 4);
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_asked_for_again_and_then_reported() {
    for broken in [
        Protocol::AwsJson.malformed(),
        Protocol::AwsJson.wrong_content_type(),
        Protocol::AwsJson.error(500, "InternalServerException", "oops"),
    ] {
        let server = MockServer::start().await;
        Mock::given(wiremock::matchers::any())
            .respond_with(broken)
            .mount(&server)
            .await;
        let failure = ours(&server).observe(&virtual_context()).await.unwrap_err();
        assert!(failure.is_retryable(), "{}", explain(&failure));
    }
}

#[tokio::test]
async fn a_creation_whose_answer_cannot_be_read_is_looked_for_before_another_is_made() {
    let server = MockServer::start().await;
    once(
        &server,
        "redshift-serverless:CreateNamespace",
        Protocol::AwsJson.malformed(),
    )
    .await;
    answers(
        &server,
        "redshift-serverless:CreateWorkgroup",
        shown("workgroup", workgroup("CREATING")),
    )
    .await;
    tags_of_ours(&server).await;
    usable(&server).await;
    deploy(&server, &Observed::default()).await.unwrap();
    assert_eq!(
        sent(&server, "redshift-serverless:CreateNamespace").await.len(),
        1
    );
}

#[tokio::test]
async fn a_slow_answer_is_given_up_after_the_limit_of_one_attempt() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(std::time::Duration::from_secs(30));
    Mock::given(wiremock::matchers::any())
        .respond_with(slow)
        .mount(&server)
        .await;
    let config = with_attempt_timeout(&fake_config(&server), std::time::Duration::from_millis(50));
    let serverless = Serverless::new(&config, owner(), ServerlessSpec::of(&owner(), "dev"));
    let failure = serverless.observe(&virtual_context()).await.unwrap_err();
    assert_eq!(failure.message(), "no answer in time");
    assert!(failure.is_retryable());
}
