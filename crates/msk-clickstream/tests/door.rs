//! A real Kafka client against the simulator's Kafka door: identity, permissions, topics, delivery.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests over real sockets run in real time"
)]

mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use futures_util::stream;
use msk_clickstream::rdkafka::consumer::{BaseConsumer, Consumer};
use msk_clickstream::rdkafka::message::Message;
use msk_clickstream::rdkafka::{Offset, TopicPartitionList};
use msk_clickstream::{
    Action, ClickEvent, ClickstreamProducer, Compression, ErrorKind, KafkaAccess, KafkaTopicAdmin, Limit,
};
use serde_json::json;
use stage::Stage;
use xacct_types::{TopicAdmin, TopicErrorKind, TopicName, TopicSettings};

const DEADLINE: Duration = Duration::from_secs(20);

fn topic() -> TopicName {
    "clicks".parse().unwrap()
}

fn event(visitor: u32) -> ClickEvent {
    ClickEvent::new(SystemTime::now(), format!("visitor-{visitor}"), Action::PageView)
}

async fn create(access: &KafkaAccess, partitions: u32) {
    let admin = KafkaTopicAdmin::new(access.clone());
    admin
        .create("unused:9098", &TopicSettings::new(topic(), partitions))
        .await
        .unwrap();
}

async fn producer(access: &KafkaAccess) -> ClickstreamProducer {
    let builder = ClickstreamProducer::builder(access.clone(), "unused:9098", topic());
    builder.connect_deadline(DEADLINE).connect().await.unwrap()
}

#[tokio::test]
async fn ten_thousand_events_land_exactly_once_and_in_order() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 6).await;
    let producer = producer(&access).await;
    let events: Vec<ClickEvent> = (0..10_000).map(|n| event(n % 97)).collect();

    let summary = producer.send_all(stream::iter(events.clone())).await;
    assert_eq!((summary.delivered, summary.failed.len()), (10_000, 0));
    assert!(producer.close(DEADLINE).await.is_empty());

    let read = read_back(&access, 6).await;
    let sent: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    let landed: BTreeSet<_> = read.iter().map(|event| event.id).collect();
    assert_eq!(read.len(), 10_000);
    assert_eq!(sent, landed);
    assert_eq!(by_visitor(&events), by_visitor(&read));
}

fn by_visitor(events: &[ClickEvent]) -> BTreeMap<&str, Vec<uuid::Uuid>> {
    let mut ids: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for event in events {
        ids.entry(&event.visitor).or_default().push(event.id);
    }
    ids
}

/// Reads a topic with a plain consumer that authenticates through this crate's context.
async fn read_back(access: &KafkaAccess, partitions: i32) -> Vec<ClickEvent> {
    let context = access.context().await.unwrap();
    let mut config = access.client_config("unused:9098");
    config
        .set("group.id", "test")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true");
    let read = move || {
        let consumer: BaseConsumer<_> = config.create_with_context(context).unwrap();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            assignment
                .add_partition_offset(topic().as_str(), partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let (mut events, mut ended) = (Vec::new(), 0);
        while ended < partitions {
            match consumer
                .poll(DEADLINE)
                .expect("a message or the end of a partition")
            {
                Ok(message) => events.push(serde_json::from_slice(message.payload().unwrap()).unwrap()),
                Err(msk_clickstream::rdkafka::error::KafkaError::PartitionEOF(_)) => ended += 1,
                Err(error) => panic!("{error}"),
            }
        }
        events
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test]
async fn every_compression_arrives() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let builder = ClickstreamProducer::builder(access.clone(), "unused:9098", topic());
        let producer = builder.compression(compression).connect().await.unwrap();
        let text = "x".repeat(10_000);
        let delivery = producer.send_bytes(Some(b"k"), text.as_bytes()).await.unwrap();
        assert_eq!(delivery.partition, 0);
    }
    let admin = KafkaTopicAdmin::new(access);
    let ends = admin.end_offsets("unused:9098", &topic()).await.unwrap();
    assert_eq!(ends, BTreeMap::from([(0, 3)]));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_with_the_brokers_words() {
    let stage = Stage::new();
    let (key, _) = stage.sim.administrator_key(stage::ACCOUNT);
    let access = stage.access(Credentials::from_keys(key, "wrong", None));
    let builder = ClickstreamProducer::builder(access, "unused:9098", topic());
    let refused = builder.connect().await.unwrap_err();
    assert_eq!(
        *refused.kind(),
        ErrorKind::AuthenticationRefused {
            said: "Access denied".to_owned()
        }
    );
    assert!(!refused.is_retryable());
    let reasons = stage.door.refusals().join("\n");
    assert!(reasons.contains("signature does not match"), "{reasons}");
}

#[tokio::test]
async fn a_token_of_another_region_is_refused() {
    let stage = Stage::new();
    let access = stage.access_in("eu-west-3", stage.administrator_credentials());
    let refused = ClickstreamProducer::builder(access, "unused:9098", topic())
        .connect()
        .await
        .unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::AuthenticationRefused { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_named() {
    let stage = Stage::new();
    let access = stage.administrator();
    let refused = ClickstreamProducer::builder(access, "unused:9098", topic())
        .connect()
        .await
        .unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::TopicMissing);
    assert!(refused.to_string().contains("`clicks`"), "{refused}");
}

#[tokio::test]
async fn nobody_answers_from_outside() {
    let stage = Stage::outside();
    let access = stage.administrator();
    let refused = ClickstreamProducer::builder(access.clone(), "unused:9098", topic())
        .connect()
        .await
        .unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::Unreachable { .. }),
        "{refused}"
    );
    let admin = KafkaTopicAdmin::new(access);
    let refused = admin
        .create("unused:9098", &TopicSettings::new(topic(), 1))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, TopicErrorKind::Unreachable);
}

#[tokio::test]
async fn topics_are_made_described_and_removed() {
    let stage = Stage::new();
    let admin = KafkaTopicAdmin::new(stage.administrator());
    let wanted = TopicSettings::new(topic(), 3).with_config("retention.ms", "3600000");
    admin.create("unused:9098", &wanted).await.unwrap();
    // A topic that is there already is no error.
    admin.create("unused:9098", &wanted).await.unwrap();
    let other: TopicName = "other".parse().unwrap();
    let found = admin.describe("unused:9098", &[topic(), other]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(msk_clickstream::compare(&wanted, &found[0]), []);
    let more = TopicSettings::new(topic(), 5).with_config("max.message.bytes", "2000000");
    admin.alter("unused:9098", &more).await.unwrap();
    let found = admin.describe("unused:9098", &[topic()]).await.unwrap();
    assert_eq!(msk_clickstream::compare(&more, &found[0]), []);
    assert_eq!(found[0].config["retention.ms"], "3600000");
    let refused = admin.alter("unused:9098", &wanted).await.unwrap_err();
    assert!(refused.to_string().contains("never takes one away"), "{refused}");
    admin.delete("unused:9098", &topic()).await.unwrap();
    admin.delete("unused:9098", &topic()).await.unwrap();
    assert!(
        admin
            .describe("unused:9098", &[topic()])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn settings_that_serverless_does_not_take_are_refused() {
    let stage = Stage::new();
    let admin = KafkaTopicAdmin::new(stage.administrator());
    let wanted = TopicSettings::new(topic(), 1).with_config("max.message.bytes", "8388609");
    let refused = admin.create("unused:9098", &wanted).await.unwrap_err();
    assert_eq!(refused.kind, TopicErrorKind::Refused, "{refused}");
}

#[tokio::test]
async fn events_that_are_too_large_are_rejected_with_the_limit() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = producer(&access).await;
    let for_redshift = producer
        .send_bytes(None, &vec![b'x'; 16_777_217])
        .await
        .unwrap_err();
    let limited = |limited_by, size| ErrorKind::TooLarge { size, limited_by };
    assert_eq!(*for_redshift.error.kind(), limited(Limit::Redshift, 16_777_217));
    assert_eq!(for_redshift.record.payload.len(), 16_777_217);
    let random = incompressible(2_000_000);
    let for_topic = producer.send_bytes(None, &random).await.unwrap_err();
    assert_eq!(*for_topic.error.kind(), limited(Limit::Topic, 2_000_000));
    assert!(for_topic.error.has_no_side_effects());
    // The producer is still good.
    producer.send(&event(1)).await.unwrap();
}

/// Bytes of an xorshift generator: brokers compare the compressed size with their limit.
fn incompressible(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

#[tokio::test]
async fn sessions_that_end_early_lose_nothing() {
    let stage = Stage::with_sessions_of(Duration::from_secs(2));
    let access = stage.administrator();
    create(&access, 2).await;
    let producer = producer(&access).await;
    let mut delivered = 0;
    for n in 0..60 {
        producer.send(&event(n)).await.unwrap();
        delivered += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let admin = KafkaTopicAdmin::new(access);
    let ends = admin.end_offsets("unused:9098", &topic()).await.unwrap();
    assert_eq!(ends.values().sum::<i64>(), delivered);
}

#[tokio::test]
async fn a_closed_producer_hands_back_what_it_gets() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = producer(&access).await;
    assert!(producer.close(DEADLINE).await.is_empty());
    let refused = producer.send(&event(1)).await.unwrap_err();
    assert_eq!(*refused.error.kind(), ErrorKind::Closed);
    assert!(!refused.record.payload.is_empty());
}

#[tokio::test]
async fn what_cannot_be_delivered_comes_back_from_close() {
    let mut stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = producer(&access).await;
    producer.send(&event(0)).await.unwrap();
    stage.close_door();
    drop(producer.try_send(&event(1)).unwrap());
    let waited_for = producer.try_send(&event(2)).unwrap();
    let left = producer.close(Duration::from_millis(500)).await;
    assert_eq!((left.failed.len(), left.unanswered), (1, 0), "{left:?}");
    assert_eq!(*waited_for.await.unwrap_err().error.kind(), ErrorKind::Closed);
}

/// Permissions of a producer, without the ones named.
fn policy(without: &[&str]) -> serde_json::Value {
    let all = [
        "Connect",
        "DescribeTopic",
        "CreateTopic",
        "WriteData",
        "WriteDataIdempotently",
    ];
    let actions: Vec<String> = all
        .iter()
        .filter(|action| !without.contains(action))
        .map(|action| format!("kafka-cluster:{action}"))
        .collect();
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let stage = Stage::new();
    create(&stage.administrator(), 1).await;
    let connect = |without: &'static str| {
        let access = stage.user(&format!("without-{without}"), &policy(&[without]));
        async move {
            ClickstreamProducer::builder(access, "unused:9098", topic())
                .connect()
                .await
        }
    };
    let refused = connect("Connect").await.unwrap_err();
    assert!(refused.to_string().contains("kafka-cluster:Connect"), "{refused}");
    let refused = connect("DescribeTopic").await.unwrap_err();
    assert_eq!(
        *refused.kind(),
        ErrorKind::MissingPermission {
            action: "kafka-cluster:DescribeTopic"
        }
    );
    for action in ["WriteData", "WriteDataIdempotently"] {
        let producer = connect(action).await.unwrap();
        let refused = producer.send(&event(1)).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("cannot send to topic `clicks`: the role lacks kafka-cluster:{action}")
        );
    }
}

#[tokio::test]
async fn failures_that_nobody_waits_for_come_back_from_flush() {
    let stage = Stage::new();
    create(&stage.administrator(), 1).await;
    let access = stage.user("writer", &policy(&["WriteDataIdempotently"]));
    let producer = producer(&access).await;
    let missing = ErrorKind::MissingPermission {
        action: "kafka-cluster:WriteDataIdempotently",
    };
    for _ in 0..3 {
        // Turns the producer of librdkafka fatal; the next event gets a new one.
        drop(producer.try_send(&event(1)).unwrap());
        let refused = producer.send(&event(2)).await.unwrap_err();
        assert_eq!(*refused.error.kind(), missing);
    }
    let left = producer.flush(DEADLINE).await;
    assert_eq!(left.unanswered, 0);
    assert_eq!(
        left.failed
            .iter()
            .filter(|failure| *failure.error.kind() == missing)
            .count(),
        3
    );
}

#[tokio::test]
async fn a_role_that_may_not_create_topics_is_told_so() {
    let stage = Stage::new();
    let admin = KafkaTopicAdmin::new(stage.user("reader", &policy(&["CreateTopic"])));
    let refused = admin
        .create("unused:9098", &TopicSettings::new(topic(), 1))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, TopicErrorKind::Denied);
    assert!(
        refused.to_string().contains("kafka-cluster:CreateTopic"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_keys_of_a_role_session_are_good_until_they_expire() {
    let stage = Stage::new();
    create(&stage.administrator(), 1).await;
    let session = stage.session_of_role("producer", &policy(&[]), "pipeline").await;
    let first = producer(&stage.access(session.clone())).await;
    first.send(&event(1)).await.unwrap();
    // A session's key without its token is nobody's.
    let stolen = Credentials::from_keys(session.access_key_id(), session.secret_access_key(), None);
    let builder = ClickstreamProducer::builder(stage.access(stolen), "unused:9098", topic());
    let refused = builder.connect().await.unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::AuthenticationRefused { .. }),
        "{refused}"
    );
    stage.sim.clock().advance(Duration::from_secs(2 * 3_600));
    let builder = ClickstreamProducer::builder(stage.access(session), "unused:9098", topic());
    assert!(builder.connect().await.is_err());
    let reasons = stage.door.refusals().join("\n");
    assert!(reasons.contains("have expired"), "{reasons}");
}

#[tokio::test]
async fn a_closed_port_keeps_everyone_out() {
    let stage = Stage::new();
    create(&stage.administrator(), 1).await;
    stage.close_port();
    let builder = ClickstreamProducer::builder(stage.administrator(), "unused:9098", topic());
    let refused = builder.connect().await.unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::Unreachable { .. }),
        "{refused}"
    );
    let reasons = stage.door.refusals().join("\n");
    assert!(reasons.contains("do not let in tcp 9098"), "{reasons}");
}

#[test]
fn virtual_time_does_not_run_ahead_of_the_sockets() {
    let stage = Stage::new();
    let access = stage.administrator();
    let before = stage.sim.now();
    stage.sim.run(async {
        create(&access, 2).await;
        let producer = producer(&access).await;
        let events: Vec<_> = (0..1_000).map(event).collect();
        let summary = producer.send_all(stream::iter(events)).await;
        assert_eq!(summary.delivered, 1_000);
        assert!(producer.close(DEADLINE).await.is_empty());
    });
    let passed = stage.sim.now() - before;
    assert!(passed < Duration::from_secs(1), "{passed:?}");
}

#[test]
fn ten_thousand_real_log_lines_become_events() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/access.log");
    let Ok(file) = std::fs::File::open(path) else {
        println!("skipped: there is no {path}");
        return;
    };
    let log = msk_clickstream::AccessLog::new(std::io::BufReader::new(file));
    let events: Vec<ClickEvent> = log.collect::<Result<_, _>>().unwrap();
    let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!((events.len(), ids.len()), (10_000, 10_000));
}
