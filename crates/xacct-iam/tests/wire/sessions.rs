//! `AssumeRole`, `GetCallerIdentity`.

use crate::answers::{XML, always, calls, first, result, sent};
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::config::StalledStreamProtectionConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use aws_types::SdkConfig;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wiremock::{MockServer, ResponseTemplate};
use xacct_converge::explain;
use xacct_iam::{AccountError, account, session};
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::fake_config;
use xacct_types::RoleArn;

/// Seconds since 1970; the sleep of a retry moves it on, that of a time limit never ends.
#[derive(Debug, Clone)]
struct Hands(Arc<AtomicU64>);

impl TimeSource for Hands {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

impl AsyncSleep for Hands {
    fn sleep(&self, duration: Duration) -> Sleep {
        if duration >= Duration::from_secs(20) {
            return Sleep::new(std::future::pending());
        }
        self.0.fetch_add(duration.as_secs() + 1, Ordering::Relaxed);
        Sleep::new(async {})
    }
}

/// 2026-01-02T00:00:00Z
const NOON: u64 = 1_767_312_000;

fn clock() -> Hands {
    Hands(Arc::new(AtomicU64::new(NOON)))
}

fn config(server: &MockServer, clock: &Hands) -> SdkConfig {
    // No limit below those that this clock's sleep never reaches.
    let limit = Duration::from_secs(30);
    let limits = TimeoutConfig::builder()
        .connect_timeout(limit)
        .operation_attempt_timeout(limit);
    fake_config(server)
        .to_builder()
        .time_source(clock.clone())
        .sleep_impl(clock.clone())
        .timeout_config(limits.build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

fn role() -> RoleArn {
    "arn:aws:iam::111111111111:role/deployer".parse().unwrap()
}

fn credentials(id: &str, expires: &str) -> ResponseTemplate {
    result(
        "AssumeRole",
        &format!(
            "<Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>s3cret-{id}</SecretAccessKey>\
             <SessionToken>t0ken</SessionToken><Expiration>{expires}</Expiration></Credentials>"
        ),
    )
}

async fn key(config: &SdkConfig) -> Result<String, String> {
    let provider = config.credentials_provider().unwrap();
    let given = provider.provide_credentials().await;
    given
        .map(|c| c.access_key_id().to_owned())
        .map_err(|e| explain(&e))
}

#[tokio::test]
async fn a_session_is_fetched_once_and_renewed_before_it_ends() {
    let (server, clock) = (MockServer::start().await, clock());
    first(
        &server,
        "AssumeRole",
        credentials("ASIAONE", "2026-01-02T01:00:00Z"),
    )
    .await;
    always(
        &server,
        "AssumeRole",
        credentials("ASIATWO", "2026-01-02T02:00:00Z"),
    )
    .await;
    let as_role = session::assume(
        &config(&server, &clock),
        &role(),
        Some("ticket:42"),
        "deploy@clicks",
    )
    .unwrap();
    assert!(
        calls(&server).await.is_empty(),
        "nothing is called before it is needed"
    );
    for _ in 0..3 {
        assert_eq!(key(&as_role).await.unwrap(), "ASIAONE");
    }
    let asked = sent(&server, "AssumeRole").await;
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].contains("RoleArn=arn:aws:iam::111111111111:role/deployer"),
        "{asked:?}"
    );
    assert!(asked[0].contains("ExternalId=ticket:42") && asked[0].contains("RoleSessionName=deploy@clicks"));
    clock.0.fetch_add(3600 - 299, Ordering::Relaxed);
    assert_eq!(key(&as_role).await.unwrap(), "ASIATWO");
}

#[tokio::test]
async fn a_refusal_is_handed_on_with_its_code() {
    for (status, code) in [(403, "AccessDenied"), (403, "RegionDisabledException")] {
        let (server, clock) = (MockServer::start().await, clock());
        always(
            &server,
            "AssumeRole",
            XML.error(status, code, "not authorized to perform: sts:AssumeRole"),
        )
        .await;
        let as_role = session::assume(&config(&server, &clock), &role(), None, "deploy").unwrap();
        let told = key(&as_role).await.unwrap_err();
        assert!(
            told.contains(&format!("sts:AssumeRole failed with {code}")),
            "{told}"
        );
        assert_eq!(sent(&server, "AssumeRole").await.len(), 1);
    }
}

#[tokio::test]
async fn old_credentials_serve_while_new_ones_cannot_be_had() {
    let (server, clock) = (MockServer::start().await, clock());
    first(
        &server,
        "AssumeRole",
        credentials("ASIAONE", "2026-01-02T01:00:00Z"),
    )
    .await;
    always(&server, "AssumeRole", XML.error(500, "InternalFailure", "oops")).await;
    let as_role = session::assume(&config(&server, &clock), &role(), None, "deploy").unwrap();
    assert_eq!(key(&as_role).await.unwrap(), "ASIAONE");
    clock.0.store(NOON + 3600 - 299, Ordering::Relaxed);
    assert_eq!(
        key(&as_role).await.unwrap(),
        "ASIAONE",
        "two minutes of trying, and still time left"
    );
    clock.0.store(NOON + 3601, Ordering::Relaxed);
    assert!(key(&as_role).await.unwrap_err().contains("InternalFailure"));
}

#[tokio::test]
async fn secrets_never_show_in_debug_output_or_errors() {
    let (server, clock) = (MockServer::start().await, clock());
    always(
        &server,
        "AssumeRole",
        credentials("ASIAONE", "2026-01-02T01:00:00Z"),
    )
    .await;
    let as_role = session::assume(&config(&server, &clock), &role(), Some("hush-hush"), "deploy").unwrap();
    key(&as_role).await.unwrap();
    let shown = format!("{:?}", as_role.credentials_provider().unwrap());
    for secret in ["s3cret", "t0ken", "hush-hush"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn names_that_sts_refuses_are_refused_before_any_call() {
    let base = SdkConfig::builder().build();
    for (name, id) in [
        ("a b", None),
        ("x", None),
        ("deploy", Some("a")),
        ("deploy", Some("a'b")),
    ] {
        assert!(
            session::assume(&base, &role(), id, name).is_err(),
            "{name} {id:?}"
        );
    }
}

fn identity(account: &str) -> ResponseTemplate {
    result(
        "GetCallerIdentity",
        &format!(
            "<Arn>arn:aws:iam::{account}:user/ann</Arn><UserId>AIDA</UserId><Account>{account}</Account>"
        ),
    )
}

#[tokio::test]
async fn the_account_of_the_credentials_is_checked() {
    let server = MockServer::start().await;
    always(&server, "GetCallerIdentity", identity("111111111111")).await;
    let cx = virtual_context();
    let ours = "111111111111".parse().unwrap();
    let who = account::check(&fake_config(&server), &ours, &cx).await.unwrap();
    assert_eq!(who.arn, "arn:aws:iam::111111111111:user/ann");
    let other = "222222222222".parse().unwrap();
    let refusal = account::check(&fake_config(&server), &other, &cx)
        .await
        .unwrap_err();
    assert!(!refusal.is_retryable());
    assert_eq!(
        refusal.to_string(),
        "the credentials belong to account 111111111111 (arn:aws:iam::111111111111:user/ann), not to 222222222222"
    );
}

#[tokio::test]
async fn credentials_that_have_expired_are_an_error_with_its_cause() {
    let server = MockServer::start().await;
    always(
        &server,
        "GetCallerIdentity",
        XML.error(403, "ExpiredToken", "The security token has expired"),
    )
    .await;
    let ours = "111111111111".parse().unwrap();
    let refusal = account::check(&fake_config(&server), &ours, &virtual_context())
        .await
        .unwrap_err();
    assert!(matches!(refusal, AccountError::Unknown { .. }));
    let told = explain(&refusal);
    assert!(
        told.contains("sts:GetCallerIdentity failed with ExpiredToken"),
        "{told}"
    );
}
