//! The producer against the simulator's Kafka door: what can go wrong, and how each event ends.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests over real sockets run in real time"
)]

mod crowd;
mod nothing_lost;
mod pitfalls;
mod refusals;
#[path = "../stage/mod.rs"]
mod stage;

use std::time::{Duration, SystemTime};

use msk_clickstream::{
    Action, ClickEvent, ClickstreamProducer, KafkaAccess, KafkaTopicAdmin, ProducerBuilder,
};
use serde_json::json;
use stage::Stage;
use xacct_types::{TopicAdmin, TopicName, TopicSettings};

/// For what should take no time, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

fn topic() -> TopicName {
    "clicks".parse().unwrap()
}

fn event(visitor: u32) -> ClickEvent {
    ClickEvent::new(SystemTime::now(), format!("visitor-{visitor}"), Action::PageView)
}

async fn create(access: &KafkaAccess, partitions: u32) {
    let admin = KafkaTopicAdmin::new(access.clone());
    let settings = TopicSettings::new(topic(), partitions);
    admin.create("unused:9098", &settings).await.unwrap();
}

fn builder(access: &KafkaAccess) -> ProducerBuilder {
    let builder = ClickstreamProducer::builder(access.clone(), "unused:9098", topic());
    builder.connect_deadline(PATIENCE)
}

async fn producer(access: &KafkaAccess) -> ClickstreamProducer {
    builder(access).connect().await.unwrap()
}

/// Records in the topic, whatever partition.
fn landed(stage: &Stage) -> usize {
    stage.sim.kafka(|store| {
        let arns: Vec<String> = store.cluster_arns().map(str::to_owned).collect();
        let topics = arns.iter().filter_map(|arn| store.topic(arn, topic().as_str()));
        topics.map(|topic| topic.record_count()).sum()
    })
}

/// Permissions of a producer, without the ones named.
fn policy(without: &[&str]) -> serde_json::Value {
    let all = [
        "Connect",
        "DescribeTopic",
        "CreateTopic",
        "DeleteTopic",
        "AlterTopic",
        "AlterTopicDynamicConfiguration",
        "DescribeTopicDynamicConfiguration",
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
