//! Single calls against a mocked endpoint: what is sent, and what is made of the answers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use msk_serverless::{Cluster, ClusterOut, ClusterSpec, Observed, State};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::Duration;
use wiremock::matchers::{body_partial_json, query_param};
use wiremock::{MockBuilder, MockServer, ResponseTemplate};
use xacct_converge::{ApplyError, Class, Failure, Graph, Handle, Value, explain};
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::{self, Protocol, fake_config, rest, with_attempt_timeout};
use xacct_types::{Owner, PipelineName, SecurityGroupId, SubnetId};

const ARN: &str =
    "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks-cluster/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";
const BROKERS: &str = "boot-abc.c1.kafka-serverless.ap-south-1.amazonaws.com:9098";

/// Where an operation's requests arrive.
fn route(operation: &str) -> MockBuilder {
    let arn = ARN.replace(':', "%3A").replace('/', "%2F");
    match operation {
        "kafka:ListClustersV2" => rest("GET", "/api/v2/clusters"),
        "kafka:CreateClusterV2" => rest("POST", "/api/v2/clusters"),
        "kafka:DescribeClusterV2" => rest("GET", &format!("/api/v2/clusters/{arn}")),
        "kafka:GetBootstrapBrokers" => rest("GET", &format!("/v1/clusters/{arn}/bootstrap-brokers")),
        "kafka:DeleteCluster" => rest("DELETE", &format!("/v1/clusters/{arn}")),
        "kafka:TagResource" => rest("POST", &format!("/v1/tags/{arn}")),
        other => panic!("no route for {other}"),
    }
}

/// Answers an operation with a success, every time.
async fn answers(server: &MockServer, operation: &str, body: Json) {
    let answer = Protocol::RestJson.success(body.to_string());
    route(operation).respond_with(answer).mount(server).await;
}

/// Answers the first request of an operation with one of its errors.
async fn fails(server: &MockServer, operation: &str, status: u16, code: &str) {
    once(
        server,
        operation,
        Protocol::RestJson.error(status, code, "said the service"),
    )
    .await;
}

/// Answers the first request of an operation.
async fn once(server: &MockServer, operation: &str, answer: ResponseTemplate) {
    let mock = route(operation).respond_with(answer).up_to_n_times(1);
    mock.mount(server).await;
}

fn owner() -> Owner {
    Owner::new(PipelineName::new("clicks").unwrap())
}

/// A cluster as MSK writes it.
fn cluster(state: &str) -> Json {
    json!({
        "clusterArn": ARN, "clusterName": "clicks-cluster", "clusterType": "SERVERLESS", "state": state,
        "creationTime": "2026-01-02T03:04:05.000Z",
        "tags": owner().tags("cluster"),
        "serverless": {
            "vpcConfigs": [{"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}],
            "clientAuthentication": {"sasl": {"iam": {"enabled": true}}},
        },
    })
}

fn listed(clusters: &[Json]) -> Json {
    json!({ "clusterInfoList": clusters })
}

fn described(state: &str) -> Json {
    json!({ "clusterInfo": cluster(state) })
}

fn made() -> Json {
    json!({ "clusterArn": ARN, "clusterName": "clicks-cluster", "state": "CREATING", "clusterType": "SERVERLESS" })
}

fn ours(server: &MockServer) -> Cluster {
    Cluster::new(&fake_config(server), owner(), ClusterSpec::of(&owner()))
}

fn declare(cluster: &Cluster, observed: &Observed) -> (Graph, Handle<ClusterOut>) {
    let mut graph = Graph::new();
    let subnets = ["subnet-1", "subnet-2"].map(|id| SubnetId::new(id).unwrap());
    let groups = vec![SecurityGroupId::new("sg-1").unwrap()];
    let handle = cluster.declare(
        &mut graph,
        observed,
        Value::known(subnets.to_vec()),
        Value::known(groups),
    );
    (graph, handle)
}

/// Applies what is missing, starting from what `observed` says.
async fn deploy(cluster: &Cluster, observed: &Observed) -> Result<ClusterOut, ApplyError> {
    let (graph, handle) = declare(cluster, observed);
    let applied = graph.apply(graph.plan(), &virtual_context()).await?;
    Ok(applied.get(handle).unwrap())
}

async fn observe(server: &MockServer) -> Result<Observed, Failure> {
    ours(server).observe(&virtual_context()).await
}

/// A cluster of ours in this state, as a list call shows it.
async fn observed(state: &str) -> Observed {
    let server = MockServer::start().await;
    answers(&server, "kafka:ListClustersV2", listed(&[cluster(state)])).await;
    answers(
        &server,
        "kafka:GetBootstrapBrokers",
        json!({ "bootstrapBrokerStringSaslIam": BROKERS }),
    )
    .await;
    observe(&server).await.unwrap()
}

/// How many requests an operation got, by method and path.
async fn requests(server: &MockServer, method: &str, ends_with: &str) -> usize {
    let all = server.received_requests().await.unwrap();
    all.iter()
        .filter(|request| request.method.as_str() == method && request.url.path().ends_with(ends_with))
        .count()
}

#[test]
fn every_operation_has_a_success_and_an_error_on_the_wire() {
    let source = include_str!("wire.rs");
    let succeeding = wire::operations_passed_to("answers", "kafka", source);
    let failing = wire::operations_passed_to("fails", "kafka", source);
    let both: Vec<&str> = succeeding.intersection(&failing).map(String::as_str).collect();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    wire::assert_all_covered(&src, &["kafka"], &both, &[]);
}

#[tokio::test]
async fn a_usable_cluster_is_read_with_its_brokers() {
    let observed = observed("ACTIVE").await;
    let seen = observed.cluster.unwrap();
    assert_eq!(seen.state, State::Active);
    assert_eq!(seen.bootstrap.as_deref(), Some(BROKERS));
    assert!(seen.iam_auth && seen.serverless);
    assert_eq!(seen.client_vpcs[0].subnets.len(), 2);
}

#[tokio::test]
async fn lists_are_read_to_their_last_page() {
    let server = MockServer::start().await;
    let second = Protocol::RestJson.success(listed(&[cluster("CREATING")]).to_string());
    rest("GET", "/api/v2/clusters")
        .and(query_param("nextToken", "page/2"))
        .respond_with(second)
        .mount(&server)
        .await;
    answers(
        &server,
        "kafka:ListClustersV2",
        json!({ "clusterInfoList": [], "nextToken": "page/2" }),
    )
    .await;
    let seen = observe(&server).await.unwrap().cluster.unwrap();
    assert_eq!((seen.state, seen.bootstrap), (State::Creating, None));
}

#[tokio::test]
async fn a_forbidden_list_is_final_and_names_the_call() {
    let server = MockServer::start().await;
    fails(&server, "kafka:ListClustersV2", 403, "ForbiddenException").await;
    let failure = observe(&server).await.unwrap_err();
    assert_eq!(
        (failure.class(), failure.has_no_side_effects()),
        (Class::Terminal, true)
    );
    assert_eq!(
        explain(&failure),
        "kafka:ListClustersV2 failed with ForbiddenException: said the service: HTTP status 403"
    );
}

#[tokio::test]
async fn a_missing_cluster_is_made_with_tags_and_iam_and_waited_for() {
    let server = MockServer::start().await;
    let body = json!({
        "clusterName": "clicks-cluster",
        "tags": {"xacct:pipeline": "clicks", "xacct:resource": "cluster"},
        "serverless": {
            "vpcConfigs": [{"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}],
            "clientAuthentication": {"sasl": {"iam": {"enabled": true}}},
        },
    });
    rest("POST", "/api/v2/clusters")
        .and(body_partial_json(body))
        .respond_with(Protocol::RestJson.success(made().to_string()))
        .expect(1)
        .mount(&server)
        .await;
    fails(&server, "kafka:DescribeClusterV2", 404, "NotFoundException").await;
    let creating = Protocol::RestJson.success(described("CREATING").to_string());
    once(&server, "kafka:DescribeClusterV2", creating).await;
    answers(&server, "kafka:DescribeClusterV2", described("ACTIVE")).await;
    fails(&server, "kafka:GetBootstrapBrokers", 409, "ConflictException").await;
    answers(
        &server,
        "kafka:GetBootstrapBrokers",
        json!({ "bootstrapBrokerStringSaslIam": BROKERS }),
    )
    .await;
    let out = deploy(&ours(&server), &Observed::default()).await.unwrap();
    assert_eq!((out.arn.as_str(), out.bootstrap.as_deref()), (ARN, Some(BROKERS)));
}

#[tokio::test]
async fn a_name_that_somebody_else_has_ends_in_an_error_that_names_him() {
    let server = MockServer::start().await;
    let mut theirs = cluster("ACTIVE");
    theirs["tags"] = json!({ "xacct:pipeline": "orders", "xacct:resource": "cluster" });
    fails(&server, "kafka:CreateClusterV2", 409, "ConflictException").await;
    answers(&server, "kafka:ListClustersV2", listed(&[theirs])).await;
    let error = deploy(&ours(&server), &Observed::default()).await.unwrap_err();
    let text = explain(&error);
    assert!(
        text.contains("is taken by arn:aws:kafka") && text.contains("belongs to the pipeline orders"),
        "{text}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_name_that_is_ours_after_all_is_used() {
    let server = MockServer::start().await;
    fails(&server, "kafka:CreateClusterV2", 409, "ConflictException").await;
    answers(&server, "kafka:ListClustersV2", listed(&[cluster("ACTIVE")])).await;
    answers(&server, "kafka:DescribeClusterV2", described("ACTIVE")).await;
    answers(
        &server,
        "kafka:GetBootstrapBrokers",
        json!({ "bootstrapBrokerStringSaslIam": BROKERS }),
    )
    .await;
    let out = deploy(&ours(&server), &Observed::default()).await.unwrap();
    assert_eq!(out.arn.as_str(), ARN);
}

#[tokio::test]
async fn a_name_of_a_cluster_that_goes_away_is_waited_for() {
    let server = MockServer::start().await;
    fails(&server, "kafka:CreateClusterV2", 409, "ConflictException").await;
    answers(&server, "kafka:CreateClusterV2", made()).await;
    answers(&server, "kafka:ListClustersV2", listed(&[cluster("DELETING")])).await;
    answers(&server, "kafka:DescribeClusterV2", described("ACTIVE")).await;
    answers(
        &server,
        "kafka:GetBootstrapBrokers",
        json!({ "bootstrapBrokerStringSaslIam": BROKERS }),
    )
    .await;
    assert!(deploy(&ours(&server), &Observed::default()).await.is_ok());
    assert_eq!(requests(&server, "POST", "/api/v2/clusters").await, 2);
}

#[tokio::test]
async fn a_cluster_that_failed_says_what_msk_says() {
    let server = MockServer::start().await;
    let mut failed = described("FAILED");
    failed["clusterInfo"]["stateInfo"] = json!({ "code": "Subnets", "message": "no free address" });
    answers(&server, "kafka:CreateClusterV2", made()).await;
    answers(&server, "kafka:DescribeClusterV2", failed).await;
    let error = deploy(&ours(&server), &Observed::default()).await.unwrap_err();
    assert!(
        explain(&error).contains("is FAILED: Subnets: no free address"),
        "{}",
        explain(&error)
    );
}

#[tokio::test]
async fn a_removed_cluster_is_waited_for_until_it_is_gone() {
    let server = MockServer::start().await;
    answers(
        &server,
        "kafka:DeleteCluster",
        json!({ "clusterArn": ARN, "state": "DELETING" }),
    )
    .await;
    once(
        &server,
        "kafka:DescribeClusterV2",
        Protocol::RestJson.success(described("DELETING").to_string()),
    )
    .await;
    fails(&server, "kafka:DescribeClusterV2", 404, "NotFoundException").await;
    remove(&server, "ACTIVE").await.unwrap();
    assert_eq!(requests(&server, "DELETE", "-s1").await, 1);
}

async fn remove(server: &MockServer, state: &str) -> Result<(), ApplyError> {
    let (graph, _) = declare(&ours(server), &observed(state).await);
    graph.remove(graph.plan_removal(), &virtual_context()).await
}

#[tokio::test]
async fn a_cluster_that_is_gone_already_needs_no_removal() {
    let server = MockServer::start().await;
    fails(&server, "kafka:DeleteCluster", 404, "NotFoundException").await;
    fails(&server, "kafka:DescribeClusterV2", 404, "NotFoundException").await;
    remove(&server, "ACTIVE").await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_still_being_made_is_removed_as_soon_as_it_can_be() {
    let server = MockServer::start().await;
    fails(&server, "kafka:DeleteCluster", 400, "BadRequestException").await;
    answers(&server, "kafka:DeleteCluster", json!({ "clusterArn": ARN })).await;
    once(
        &server,
        "kafka:DescribeClusterV2",
        Protocol::RestJson.success(described("CREATING").to_string()),
    )
    .await;
    fails(&server, "kafka:DescribeClusterV2", 404, "NotFoundException").await;
    remove(&server, "CREATING").await.unwrap();
    assert_eq!(requests(&server, "DELETE", "-s1").await, 2);
}

#[tokio::test]
async fn a_refused_removal_of_a_usable_cluster_is_an_error() {
    let server = MockServer::start().await;
    fails(&server, "kafka:DeleteCluster", 400, "BadRequestException").await;
    answers(&server, "kafka:DescribeClusterV2", described("ACTIVE")).await;
    let error = remove(&server, "ACTIVE").await.unwrap_err();
    assert_eq!(error.failure().code(), Some("BadRequestException"));
}

/// Our cluster without its `Name` tag, usable.
async fn without_a_tag() -> Observed {
    let mut observed = observed("ACTIVE").await;
    if let Some(seen) = &mut observed.cluster {
        seen.tags.remove("Name");
    }
    observed
}

#[tokio::test]
async fn only_the_missing_tag_is_put_back() {
    let server = MockServer::start().await;
    answers(&server, "kafka:TagResource", json!({})).await;
    answers(&server, "kafka:DescribeClusterV2", described("ACTIVE")).await;
    answers(
        &server,
        "kafka:GetBootstrapBrokers",
        json!({ "bootstrapBrokerStringSaslIam": BROKERS }),
    )
    .await;
    deploy(&ours(&server), &without_a_tag().await).await.unwrap();
    let sent = server.received_requests().await.unwrap();
    let body: Json = sent[0].body_json().unwrap();
    assert_eq!(body, json!({ "tags": { "Name": "clicks-cluster" } }));
}

#[tokio::test]
async fn a_tag_that_is_refused_is_an_error_of_that_call() {
    let server = MockServer::start().await;
    fails(&server, "kafka:TagResource", 400, "BadRequestException").await;
    let error = deploy(&ours(&server), &without_a_tag().await).await.unwrap_err();
    assert_eq!(error.failure().operation(), "kafka:TagResource");
    assert_eq!(error.resource, "cluster");
}

#[tokio::test]
async fn throttled_calls_are_made_again_until_they_get_through() {
    let server = MockServer::start().await;
    for _ in 0..3 {
        once(&server, "kafka:ListClustersV2", Protocol::RestJson.throttled()).await;
    }
    answers(&server, "kafka:ListClustersV2", listed(&[])).await;
    assert_eq!(observe(&server).await.unwrap(), Observed::default());
    assert_eq!(requests(&server, "GET", "clusters").await, 4);
}

#[tokio::test]
async fn a_throttled_creation_is_made_again_because_nothing_happened() {
    let server = MockServer::start().await;
    once(&server, "kafka:CreateClusterV2", Protocol::RestJson.throttled()).await;
    answers(&server, "kafka:CreateClusterV2", made()).await;
    answers(&server, "kafka:DescribeClusterV2", described("ACTIVE")).await;
    answers(
        &server,
        "kafka:GetBootstrapBrokers",
        json!({ "bootstrapBrokerStringSaslIam": BROKERS }),
    )
    .await;
    assert!(deploy(&ours(&server), &Observed::default()).await.is_ok());
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_asked_for_again_and_then_reported() {
    for broken in [
        Protocol::RestJson.malformed(),
        Protocol::RestJson.wrong_content_type(),
        Protocol::RestJson.error(500, "InternalServerErrorException", "oops"),
    ] {
        let server = MockServer::start().await;
        route("kafka:ListClustersV2")
            .respond_with(broken)
            .mount(&server)
            .await;
        let failure = observe(&server).await.unwrap_err();
        assert!(failure.is_retryable(), "{}", explain(&failure));
        assert!(requests(&server, "GET", "clusters").await > 3);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for_longer_than_an_attempt_may_take() {
    let server = MockServer::start().await;
    let late = Protocol::RestJson
        .success(listed(&[]).to_string())
        .set_delay(Duration::from_secs(600));
    once(&server, "kafka:ListClustersV2", late).await;
    answers(&server, "kafka:ListClustersV2", listed(&[])).await;
    let config = with_attempt_timeout(&fake_config(&server), Duration::from_millis(300));
    let cluster = Cluster::new(&config, owner(), ClusterSpec::of(&owner()));
    assert!(cluster.observe(&virtual_context()).await.is_ok());
    assert!(requests(&server, "GET", "clusters").await >= 2);
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_found_again_and_not_repeated() {
    let server = MockServer::start().await;
    let unreadable = Protocol::RestJson.malformed();
    once(&server, "kafka:CreateClusterV2", unreadable).await;
    answers(&server, "kafka:ListClustersV2", listed(&[cluster("CREATING")])).await;
    answers(&server, "kafka:DescribeClusterV2", described("ACTIVE")).await;
    answers(
        &server,
        "kafka:GetBootstrapBrokers",
        json!({ "bootstrapBrokerStringSaslIam": BROKERS }),
    )
    .await;
    assert!(deploy(&ours(&server), &Observed::default()).await.is_ok());
    assert_eq!(requests(&server, "POST", "clusters").await, 1);
}

#[tokio::test]
async fn an_existing_cluster_is_used_and_never_removed() {
    let server = MockServer::start().await;
    answers(&server, "kafka:DescribeClusterV2", described("ACTIVE")).await;
    answers(
        &server,
        "kafka:GetBootstrapBrokers",
        json!({ "bootstrapBrokerStringSaslIam": BROKERS }),
    )
    .await;
    let spec = ClusterSpec::existing(ARN.parse().unwrap());
    let theirs = Cluster::new(&fake_config(&server), owner(), spec);
    let observed = theirs.observe(&virtual_context()).await.unwrap();
    let (graph, _) = declare(&theirs, &observed);
    assert!(graph.plan().plan.is_empty());
    let removal = graph.plan_removal();
    assert!(removal.plan.is_empty(), "{}", removal.plan);
    graph.remove(removal, &virtual_context()).await.unwrap();
    assert_eq!(requests(&server, "DELETE", "-s1").await, 0);
}

#[tokio::test]
async fn an_existing_cluster_that_does_not_exist_is_an_error() {
    let server = MockServer::start().await;
    fails(&server, "kafka:DescribeClusterV2", 404, "NotFoundException").await;
    let spec = ClusterSpec::existing(ARN.parse().unwrap());
    let theirs = Cluster::new(&fake_config(&server), owner(), spec);
    let failure = theirs.observe(&virtual_context()).await.unwrap_err();
    assert!(failure.message().contains("does not exist"), "{failure}");
}
