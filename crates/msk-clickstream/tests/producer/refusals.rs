//! Bad input: each one clear error within ten seconds.

use std::net::TcpListener;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvidedCredentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::SdkConfig;
use msk_clickstream::{
    AccessError, ClickstreamProducer, Error, ErrorKind, Hop, KafkaAccess, KafkaTopicAdmin, Limit,
};
use xacct_types::{TopicAdmin, TopicName, TopicSettings};

use crate::stage::Stage;
use crate::{create, event, policy, topic};

/// The longest that an error may take.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Connects as a user would, with the default deadline.
async fn refusal(access: KafkaAccess, brokers: &str) -> Error {
    let start = Instant::now();
    let refused = ClickstreamProducer::builder(access, brokers, topic())
        .connect()
        .await;
    let took = start.elapsed();
    let refused = refused.unwrap_err();
    assert!(took < AT_ONCE, "{took:?}: {refused}");
    refused
}

fn unreachable(error: &Error) -> Hop {
    match error.kind() {
        ErrorKind::Unreachable { hop, said: Some(_) } => *hop,
        other => panic!("{other:?}"),
    }
}

/// A listener that closes what is not TLS of its own: every connection, after its first bytes.
fn a_port_without_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Ends with the process.
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut first = [0; 16];
            let _ = std::io::Read::read(&mut connection, &mut first);
        }
    });
    address
}

#[derive(Debug)]
struct Empty;

impl ProvideCredentials for Empty {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        ProvidedCredentials::ready(Err(CredentialsError::not_loaded("no profile")))
    }
}

#[test]
fn a_topic_has_a_name_that_kafka_takes() {
    let long = "x".repeat(250);
    for name in ["", ".", "..", "a/b", "a b", "ä", &long] {
        let refused = name.parse::<TopicName>();
        assert!(refused.is_err(), "`{name}` is taken");
    }
}

#[test]
fn a_configuration_without_credentials_is_refused_before_anything_is_tried() {
    let region = aws_types::region::Region::new("eu-west-1");
    let config = SdkConfig::builder().region(region).build();
    let refused = KafkaAccess::iam(&config).unwrap_err();
    assert!(matches!(refused, AccessError::NoCredentials));
    assert_eq!(
        refused.to_string(),
        "the AWS configuration has no credentials provider"
    );
}

#[tokio::test]
async fn credentials_that_are_missing_expired_or_of_another_region_are_told_apart() {
    let stage = Stage::new();
    create(&stage.administrator(), 1).await;

    let none = stage.access_of("eu-west-1", SharedCredentialsProvider::new(Empty));
    let refused = refusal(none, "unused:9098").await;
    assert_eq!(
        refused.to_string(),
        "cannot connect to topic `clicks`: there are no usable AWS credentials"
    );
    assert!(std::error::Error::source(&refused).is_some());

    let (key, secret) = stage.sim.administrator_key(crate::stage::ACCOUNT);
    let expiry = SystemTime::now() - Duration::from_secs(1);
    let expired = stage.access(Credentials::new(key, secret, None, Some(expiry), "test"));
    let refused = refusal(expired, "unused:9098").await;
    assert_eq!(*refused.kind(), ErrorKind::CredentialsExpired);
    assert!(
        refused
            .to_string()
            .ends_with(": the AWS credentials have expired"),
        "{refused}"
    );

    let elsewhere = stage.access_in("eu-west-3", stage.administrator_credentials());
    let refused = refusal(elsewhere, "unused:9098").await;
    assert!(refused.to_string().contains("account and region"), "{refused}");
    assert!(!refused.is_retryable());
}

#[tokio::test]
async fn each_way_not_to_reach_a_broker_is_named() {
    let stage = Stage::new();
    let iam = stage.administrator();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        (iam.clone().with_bootstrap(a_port_without_tls()), Hop::Tls),
        (iam.clone().with_bootstrap(free.to_string()), Hop::Connection),
        (iam.with_bootstrap("no-such-host.invalid:9098"), Hop::Name),
        (
            KafkaAccess::plaintext().with_bootstrap(stage.door.bootstrap()),
            Hop::Protocol,
        ),
    ];
    for (access, hop) in cases {
        let refused = refusal(access, "unused:9098").await;
        assert_eq!(unreachable(&refused), hop, "{hop:?} {refused}");
        assert!(refused.is_retryable());
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_a_matter_of_tls() {
    let (stage, other) = (Stage::new(), Stage::new());
    let stranger = stage.administrator().with_ca_pem(other.door.ca_pem());
    assert_eq!(unreachable(&refusal(stranger, "unused:9098").await), Hop::Tls);
}

#[tokio::test]
async fn an_unknown_topic_and_each_missing_permission_are_named() {
    let stage = Stage::new();
    let refused = refusal(stage.administrator(), "unused:9098").await;
    assert_eq!(
        refused.to_string(),
        "cannot connect to topic `clicks`: there is no such topic"
    );

    create(&stage.administrator(), 1).await;
    let user = |without: &str| stage.user(&format!("without-{without}"), &policy(&[without]));
    let refused = refusal(user("Connect"), "unused:9098").await;
    assert!(
        refused
            .to_string()
            .contains("or the role lacks kafka-cluster:Connect"),
        "{refused}"
    );
    let refused = refusal(user("DescribeTopic"), "unused:9098").await;
    assert!(
        refused
            .to_string()
            .ends_with(": the role lacks kafka-cluster:DescribeTopic"),
        "{refused}"
    );

    for action in ["WriteData", "WriteDataIdempotently"] {
        let builder = ClickstreamProducer::builder(user(action), "unused:9098", topic());
        let producer = builder.connect().await.unwrap();
        let start = Instant::now();
        let refused = producer.send(&event(1)).await.unwrap_err();
        assert!(start.elapsed() < AT_ONCE);
        assert_eq!(
            refused.to_string(),
            format!("cannot send to topic `clicks`: the role lacks kafka-cluster:{action}")
        );
        assert!(refused.error.has_no_side_effects());
    }
}

#[tokio::test]
async fn each_permission_that_administration_needs_is_named() {
    let stage = Stage::new();
    create(&stage.administrator(), 1).await;
    let other: TopicName = "other".parse().unwrap();
    let settings =
        |partitions, days: &str| TopicSettings::new(topic(), partitions).with_config("retention.ms", days);
    let cases = [
        "CreateTopic",
        "DeleteTopic",
        "AlterTopic",
        "AlterTopicDynamicConfiguration",
        "DescribeTopicDynamicConfiguration",
    ];
    for action in cases {
        let access = stage.user(&format!("admin-{action}"), &policy(&[action]));
        let admin = KafkaTopicAdmin::new(access);
        let start = Instant::now();
        let refused = match action {
            "CreateTopic" => {
                admin
                    .create("unused:9098", &TopicSettings::new(other.clone(), 1))
                    .await
            }
            "DeleteTopic" => admin.delete("unused:9098", &topic()).await,
            "AlterTopic" => admin.alter("unused:9098", &settings(2, "1")).await,
            _ => admin.alter("unused:9098", &settings(1, "1")).await,
        };
        let refused = refused.expect_err(action);
        assert!(start.elapsed() < AT_ONCE);
        assert!(
            refused
                .to_string()
                .ends_with(&format!("the role lacks kafka-cluster:{action}")),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn an_event_that_is_too_large_is_rejected_with_the_limit() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = crate::producer(&access).await;
    let start = Instant::now();
    let refused = producer
        .send_bytes(None, &vec![b'x'; 16_777_217])
        .await
        .unwrap_err();
    assert!(start.elapsed() < AT_ONCE);
    let limited_by = Limit::Redshift;
    assert_eq!(
        *refused.error.kind(),
        ErrorKind::TooLarge {
            size: 16_777_217,
            limited_by
        }
    );
    assert_eq!(
        refused.to_string(),
        "cannot send to topic `clicks`: 16777217 bytes are more than Amazon Redshift takes"
    );
}
