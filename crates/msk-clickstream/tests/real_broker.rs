//! The producer against a real Apache Kafka broker. Installed by `scripts/kafka-broker`; skipped, loudly,
//! where it is not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may panic, and says what it skips"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests over real sockets run in real time, and take their size from the environment"
)]

mod apache_kafka;
#[path = "stage/mod.rs"]
mod stage;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use apache_kafka::proxy::Proxy;
use apache_kafka::{ApacheKafka, Key, REGION, WRITER, or_skip};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::stream;
use msk_clickstream::rdkafka::client::{ClientContext, OAuthToken};
use msk_clickstream::rdkafka::producer::{DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use msk_clickstream::{ClickstreamProducer, ErrorKind, KafkaAccess, KafkaTopicAdmin, Quotas, Record, Token};
use stage::{Rotating, Stage};
use xacct_types::{TopicAdmin, TopicName, TopicSettings};

const PATIENCE: Duration = Duration::from_secs(60);
const VISITORS: u64 = 997;

fn topic() -> TopicName {
    "clicks".parse().unwrap()
}

async fn create(access: &KafkaAccess, partitions: u32) {
    let admin = KafkaTopicAdmin::new(access.clone());
    let settings = TopicSettings::new(topic(), partitions);
    admin.create("unused:9098", &settings).await.unwrap();
}

/// 100,000, or as many as `XACCT_EVENTS` says.
fn events() -> u64 {
    std::env::var("XACCT_EVENTS").map_or(100_000, |text| text.parse().expect("a number"))
}

/// The broker is killed and its connections are cut while sessions end and credentials change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_the_broker_is_killed_and_credentials_rotate() {
    let Some(place) = or_skip("nothing lost, nothing doubled") else {
        return;
    };
    let events = events();
    let proxy = Proxy::open();
    let keys: Vec<Key> = (0..3)
        .map(|n| Key::new(&format!("AKIDWRITER{n}"), WRITER).with_session_token(&format!("session/{n}+=")))
        .collect();
    // Sessions as short as the run: twenty seconds for a long one.
    let session = Duration::from_secs(if events > 100_000 { 20 } else { 5 });
    let mut broker = ApacheKafka::behind(place, session, &keys, Some(proxy.port()));
    proxy.lead_to(broker.port());
    let rotating = Rotating::new(
        keys.iter().map(Key::credentials).collect(),
        Duration::from_secs(10),
    );
    let access = broker.access(SharedCredentialsProvider::new(rotating));
    create(&access, 6).await;
    let builder = ClickstreamProducer::builder(access, "unused:9098", topic()).quotas(Quotas::unlimited());
    let producer = builder.connect().await.unwrap();

    let done = Arc::new(AtomicBool::new(false));
    let sending = {
        let (producer, done) = (producer.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let summary = producer.send_all_records(stream::unfold((0, events), next)).await;
            done.store(true, Ordering::Release);
            summary
        })
    };
    let pause = Duration::from_secs(if events > 100_000 { 6 } else { 2 });
    let (mut cuts, mut kills) = (0, 0);
    while !done.load(Ordering::Acquire) {
        for _ in 0..2 {
            tokio::time::sleep(pause).await;
            proxy.cut();
            cuts += 1;
        }
        if kills < 2 || events > 100_000 {
            // Restarting blocks for seconds.
            broker = tokio::task::spawn_blocking(move || {
                broker.kill();
                broker.revive();
                broker
            })
            .await
            .unwrap();
            kills += 1;
        }
    }
    let summary = sending.await.unwrap();
    assert_eq!(
        (summary.delivered, summary.failed.len()),
        (events, 0),
        "{:?}",
        summary.failed.first()
    );
    assert!(producer.close(PATIENCE).await.is_empty());
    assert!(cuts >= 2 && kills >= 1, "{cuts} cuts, {kills} kills");
    println!(
        "{events} events, {cuts} cuts, {kills} kills, {} connections",
        proxy.accepted()
    );
    check(&broker, events);
}

/// Some at a time, so that a hundred thousand take about ten seconds.
async fn next((n, all): (u64, u64)) -> Option<(Record, (u64, u64))> {
    if n.is_multiple_of(2_000) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let record = Record::new(format!("{{\"id\":{n},\"text\":\"{}\"}}", "x".repeat(100)));
    (n < all).then(|| (record.with_key(format!("visitor-{}", n % VISITORS)), (n + 1, all)))
}

/// Every id once, and the ids of one visitor in the order in which they were sent.
fn check(broker: &ApacheKafka, events: u64) {
    let mut seen = vec![0_u8; usize::try_from(events).unwrap()];
    let mut latest: BTreeMap<String, u64> = BTreeMap::new();
    for landed in broker.read_back(topic().as_str(), 20) {
        let digits = landed.value.trim_start_matches("{\"id\":");
        let id: u64 = digits.split(',').next().unwrap().parse().unwrap();
        seen[usize::try_from(id).unwrap()] += 1;
        let before = latest.insert(landed.key, id);
        assert!(before.is_none_or(|before| before < id), "{before:?} before {id}");
    }
    let lost = seen.iter().filter(|times| **times == 0).count();
    let doubled = seen.iter().filter(|times| **times > 1).count();
    assert_eq!((lost, doubled), (0, 0));
}

/// What the simulator's door refuses, a real broker's authorizer refuses too, and we name it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_broker_refuses_like_the_door() {
    let Some(place) = or_skip("refusals of a real broker") else {
        return;
    };
    let keys = [Key::new("AKIDWRITER", WRITER), Key::new("AKIDNOBODY", "nobody")];
    let broker = ApacheKafka::start(place, PATIENCE, &keys);
    let access = |key: &Key| broker.access(SharedCredentialsProvider::new(key.credentials()));
    let connect = |access: KafkaAccess| async move {
        let start = Instant::now();
        let connected = ClickstreamProducer::builder(access, "unused:9098", topic())
            .connect()
            .await;
        assert!(start.elapsed() < Duration::from_secs(10));
        connected
    };
    let refused = connect(access(&keys[0])).await.unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::TopicMissing);
    create(&access(&keys[0]), 1).await;
    let producer = connect(access(&keys[0])).await.unwrap();
    producer.send_bytes(Some(b"k"), b"{}").await.unwrap();

    let refused = connect(access(&keys[1])).await.unwrap_err();
    let action = "kafka-cluster:DescribeTopic";
    assert_eq!(*refused.kind(), ErrorKind::MissingPermission { action });
    let stranger = Key::new("AKIDSTRANGER", WRITER);
    let refused = connect(access(&stranger)).await.unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::AuthenticationRefused { .. }),
        "{refused}"
    );
    let mut landed = broker.read_back("clicks", 100);
    let only = landed.pop().unwrap();
    assert_eq!(
        (landed.len(), only.key.as_str(), only.value.as_str()),
        (0, "k", "{}")
    );
}

/// A client with one token and no other.
struct Fixed(String);

impl ClientContext for Fixed {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        Ok(OAuthToken {
            token: self.0.clone(),
            principal_name: "iam".to_owned(),
            lifetime_ms: i64::try_from(now.as_millis())? + 600_000,
        })
    }
}

impl ProducerContext for Fixed {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// Whether brokers let a client with this token in.
async fn let_in(access: &KafkaAccess, token: String) -> bool {
    let config = access.client_config("unused:9098");
    let asking = move || {
        let client: ThreadedProducer<Fixed> = config.create_with_context(Fixed(token)).unwrap();
        client
            .client()
            .fetch_metadata(None, Duration::from_secs(4))
            .is_ok()
    };
    tokio::task::spawn_blocking(asking).await.unwrap()
}

/// A token of the signer that AWS publishes for Python, and the signature in it; `None` if it is not installed.
fn official(place: &std::path::Path, key: &Credentials, region: &str, at: SystemTime) -> Option<String> {
    const PROGRAM: &str = "
import datetime, sys
import botocore.auth, botocore.credentials
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
key, secret, session, region, at = sys.argv[1:]
class Provider(botocore.credentials.CredentialProvider):
    def load(self):
        return botocore.credentials.Credentials(key, secret, session or None)
at = datetime.datetime.fromtimestamp(int(at), datetime.timezone.utc)
botocore.auth.get_current_datetime = lambda *_, **__: at.replace(tzinfo=None)
print(MSKAuthTokenProvider.generate_auth_token_from_credentials_provider(region, Provider())[0])
";
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .to_string();
    let made = Command::new("python3")
        .env("PYTHONPATH", place.join("python").canonicalize().ok()?)
        .args(["-c", PROGRAM, key.access_key_id(), key.secret_access_key()])
        .args([key.session_token().unwrap_or_default(), region, &since])
        .output()
        .ok()?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(String::from_utf8(made.stdout).unwrap().trim().to_owned())
}

/// Line by line the same verdict on the official signer's token and on ours, at both doors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_the_official_signer_and_ours_are_judged_alike() {
    let Some(place) = or_skip("tokens of the official signer") else {
        return;
    };
    let stage = Stage::new();
    let (id, secret) = stage.sim.administrator_key(stage::ACCOUNT);
    let good = Credentials::from_keys(id.as_str(), secret.as_str(), None);
    let wrong_secret = Credentials::from_keys(id.as_str(), "wrong", None);
    let foreign = Credentials::from_keys("AKIDNOBODYKNOWS", secret.as_str(), None);
    let session = Credentials::from_keys(
        id.as_str(),
        secret.as_str(),
        Some("some/session+token=".to_owned()),
    );
    let now = SystemTime::now();
    let long_ago = now - Duration::from_secs(1_000);
    let soon = now + Duration::from_secs(1_000);
    let cases = [
        ("good", &good, REGION, now, true),
        ("wrong secret", &wrong_secret, REGION, now, false),
        ("unknown key", &foreign, REGION, now, false),
        (
            "a session token that the key has not",
            &session,
            REGION,
            now,
            false,
        ),
        ("another region", &good, "us-east-1", now, false),
        ("expired", &good, REGION, long_ago, false),
        ("of tomorrow", &good, REGION, soon, false),
    ];
    let key = Key {
        id: id.clone(),
        secret: secret.clone(),
        session_token: None,
        principal: WRITER.to_owned(),
    };
    let broker = ApacheKafka::start(place.clone(), PATIENCE, std::slice::from_ref(&key));
    let real = broker.access(SharedCredentialsProvider::new(key.credentials()));
    let simulated = stage.administrator();
    for (name, credentials, region, at, expected) in cases {
        let Some(official) = official(&place, credentials, region, at) else {
            eprintln!("SKIPPED: tokens of the official signer: it is not installed");
            return;
        };
        let ours = Token::sign(&region.parse().unwrap(), credentials, at).unwrap();
        let ours = ours.value().to_owned();
        let verdicts = tokio::join!(
            let_in(&simulated, official.clone()),
            let_in(&simulated, ours.clone()),
            let_in(&real, official),
            let_in(&real, ours),
        );
        assert_eq!(verdicts, (expected, expected, expected, expected), "{name}");
    }
}
