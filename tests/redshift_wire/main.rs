//! Calls of `redshift-streaming` against a mocked endpoint: what is sent, and what is made of
//! the answers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod data;
mod serverless;
mod tags;
mod usage;

use serde_json::Value as Json;
use std::path::Path;
use wiremock::{MockBuilder, MockServer, ResponseTemplate};
use xacct_tests::wire::{self, Protocol, json};

const SERVICES: [&str; 2] = ["redshift-serverless", "redshift-data"];

/// Where an operation's requests arrive.
fn route(operation: &str) -> MockBuilder {
    let target = operation
        .replace("redshift-serverless:", "RedshiftServerless.")
        .replace("redshift-data:", "RedshiftData.");
    json(&target)
}

/// Answers an operation with a success, every time.
async fn answers(server: &MockServer, operation: &str, body: Json) {
    let answer = Protocol::AwsJson.success(body.to_string());
    route(operation).respond_with(answer).mount(server).await;
}

/// Answers the first request of an operation with one of its errors.
async fn fails(server: &MockServer, operation: &str, code: &str, message: &str) {
    once(server, operation, Protocol::AwsJson.error(400, code, message)).await;
}

/// Answers the first request of an operation.
async fn once(server: &MockServer, operation: &str, answer: ResponseTemplate) {
    let mock = route(operation).respond_with(answer).up_to_n_times(1);
    mock.mount(server).await;
}

/// Answers the first request of an operation with a success.
async fn answers_once(server: &MockServer, operation: &str, body: Json) {
    once(server, operation, Protocol::AwsJson.success(body.to_string())).await;
}

/// The bodies that an operation got, in order.
async fn sent(server: &MockServer, operation: &str) -> Vec<Json> {
    let name = operation.split(':').nth(1).unwrap_or_default();
    let all = server.received_requests().await.unwrap();
    let target = |request: &&wiremock::Request| {
        let target = request
            .headers
            .get("x-amz-target")
            .and_then(|value| value.to_str().ok());
        target.is_some_and(|target| target.ends_with(&format!(".{name}")))
    };
    all.iter()
        .filter(target)
        .map(|request| request.body_json().unwrap())
        .collect()
}

#[test]
fn every_operation_has_a_success_and_an_error_on_the_wire() {
    let sources = [
        include_str!("serverless.rs"),
        include_str!("tags.rs"),
        include_str!("data.rs"),
        include_str!("usage.rs"),
    ]
    .concat();
    let named = |call: &str| -> Vec<String> {
        let found = SERVICES
            .iter()
            .map(|service| wire::operations_passed_to(call, service, &sources));
        found.flatten().collect()
    };
    let (succeeding, failing) = (named("answers"), named("fails"));
    let both: Vec<&str> = succeeding
        .iter()
        .filter(|name| failing.contains(name))
        .map(String::as_str)
        .collect();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/redshift-streaming/src");
    // Tags come with the call that makes something, but their permission has a name of its own.
    wire::assert_all_covered(&src, &SERVICES, &both, &["redshift-serverless:TagResource"]);
}
