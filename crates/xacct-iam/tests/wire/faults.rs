//! What the protocol can do to any call: throttling, broken bodies, foreign pages, slowness.

use crate::answers::*;
use std::time::Duration;
use wiremock::{MockServer, ResponseTemplate};
use xacct_converge::{Class, Failure};
use xacct_iam::RolePair;
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::{fake_config, with_attempt_timeout};

/// How reading ends when every `GetRole` is answered so.
async fn read(answer: ResponseTemplate) -> (Failure, usize) {
    let server = MockServer::start().await;
    always(&server, "GetRole", answer).await;
    let failure = pair(&server).observe(&virtual_context()).await.unwrap_err();
    (failure, calls(&server).await.len())
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let server = MockServer::start().await;
    for _ in 0..3 {
        first(&server, "GetRole", XML.throttled()).await;
    }
    both(&server, &warehouse_role(), &stream_role()).await;
    pair(&server).observe(&virtual_context()).await.unwrap();
}

#[tokio::test]
async fn throttling_without_end_ends_in_an_error_that_says_so() {
    let (failure, calls) = read(XML.throttled()).await;
    assert_eq!(failure.class(), Class::Throttled);
    assert_eq!(failure.code(), Some("Throttling"));
    assert!(calls > 10, "{calls} calls");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_tried_again_and_then_reported() {
    let (failure, calls) = read(XML.malformed()).await;
    assert!(
        failure.to_string().contains("the answer could not be read"),
        "{failure}"
    );
    assert!(calls > 2, "{calls} calls");
}

#[tokio::test]
async fn the_page_of_a_proxy_is_no_answer() {
    let (failure, calls) = read(XML.wrong_content_type()).await;
    assert!(
        failure.to_string().contains("the answer could not be read"),
        "{failure}"
    );
    assert!(calls > 2, "{calls} calls");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let server = MockServer::start().await;
    let late = stream_role().answer("GetRole").set_delay(Duration::from_secs(20));
    first(&server, "GetRole", late).await;
    both(&server, &warehouse_role(), &stream_role()).await;
    let config = with_attempt_timeout(&fake_config(&server), Duration::from_millis(100));
    let observed = RolePair::new(&config, &config, spec())
        .observe(&virtual_context())
        .await;
    observed.unwrap();
}
