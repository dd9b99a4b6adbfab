//! What an account has of what quotas limit.

use super::{answers, answers_once, fails};
use serde_json::json;
use wiremock::MockServer;
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::fake_config;

#[tokio::test]
async fn all_pages_are_counted_and_throttled_calls_are_made_again() {
    let server = MockServer::start().await;
    let (some, more) = (json!([{}, {}]), json!([{}]));
    fails(
        &server,
        "redshift-serverless:ListNamespaces",
        "ThrottlingException",
        "slow down",
    )
    .await;
    fails(
        &server,
        "redshift-serverless:ListWorkgroups",
        "ThrottlingException",
        "slow down",
    )
    .await;
    answers_once(
        &server,
        "redshift-serverless:ListNamespaces",
        json!({ "namespaces": some, "nextToken": "more" }),
    )
    .await;
    answers(
        &server,
        "redshift-serverless:ListNamespaces",
        json!({ "namespaces": more }),
    )
    .await;
    answers(
        &server,
        "redshift-serverless:ListWorkgroups",
        json!({ "workgroups": [{}, {}] }),
    )
    .await;
    let config = fake_config(&server);
    let counted = redshift_streaming::serverless::usage(&config, &virtual_context()).await;
    assert_eq!(counted.unwrap(), (3, 2));
}
