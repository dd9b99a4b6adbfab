//! Metadata: one broker, and the topics that the client may see.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, MetadataRequest, MetadataResponse, TopicName};

use super::super::frame::WireFault;
use super::{Asked, resource, text};

/// The id of the only broker.
pub(super) const BROKER: BrokerId = BrokerId(1);
const DESCRIBE: &str = "kafka-cluster:DescribeTopic";

pub(super) fn metadata(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: MetadataRequest = asked.body()?;
    let address = asked.broker.address;
    let mut response = MetadataResponse::default();
    response.controller_id = BROKER;
    response.cluster_id = asked.clusters().first().map(|arn| text(cluster_id(arn)));
    response.brokers = vec![
        MetadataResponseBroker::default()
            .with_node_id(BROKER)
            .with_host(text(address.ip().to_string()))
            .with_port(i32::from(address.port())),
    ];
    // Version 0 asks for everything with an empty list, later ones with none.
    let named = request
        .topics
        .filter(|topics| asked.frame.version > 0 || !topics.is_empty());
    response.topics = match named {
        None => visible(asked),
        Some(topics) => topics
            .into_iter()
            .map(|topic| match topic.name {
                Some(name) => describe(asked, name),
                None => MetadataResponseTopic::default()
                    .with_topic_id(topic.topic_id)
                    .with_error_code(ResponseError::UnknownTopicId.code()),
            })
            .collect(),
    };
    asked.reply::<MetadataRequest>(&response)
}

/// Every topic that the client may describe.
fn visible(asked: &Asked<'_>) -> Vec<MetadataResponseTopic> {
    let estate = &asked.broker.estate;
    let names = |arn: &String| {
        estate.store(|store, _| {
            store
                .topics(arn)
                .map(|(name, _)| name.to_owned())
                .collect::<Vec<_>>()
        })
    };
    let clusters = asked.clusters();
    let all = clusters
        .iter()
        .flat_map(|arn| names(arn).into_iter().map(move |name| (arn, name)));
    let seen = all.filter(|(arn, name)| {
        estate
            .allows(&asked.identity.key, DESCRIBE, &resource(arn, "topic", name))
            .is_ok()
    });
    seen.map(|(arn, name)| found(asked, arn, TopicName(text(name))))
        .collect()
}

fn describe(asked: &Asked<'_>, name: TopicName) -> MetadataResponseTopic {
    match asked.permitted(&name, DESCRIBE) {
        Ok(cluster) => found(asked, &cluster, name),
        Err(error) => MetadataResponseTopic::default()
            .with_name(Some(name))
            .with_error_code(error.code()),
    }
}

fn found(asked: &Asked<'_>, cluster: &str, name: TopicName) -> MetadataResponseTopic {
    let known = asked.broker.estate.store(|store, _| {
        store
            .topic(cluster, &name)
            .map(|topic| (topic.id, topic.partitions.len()))
    });
    let topic = MetadataResponseTopic::default().with_name(Some(name));
    let Some((id, partitions)) = known else {
        // Topics are never made by asking for them.
        return topic.with_error_code(ResponseError::UnknownTopicOrPartition.code());
    };
    let partition = |index: usize| {
        MetadataResponsePartition::default()
            .with_partition_index(i32::try_from(index).unwrap_or(i32::MAX))
            .with_leader_id(BROKER)
            .with_leader_epoch(0)
            .with_replica_nodes(vec![BROKER])
            .with_isr_nodes(vec![BROKER])
    };
    let bytes = id.to_be_bytes();
    topic
        .with_topic_id(bytes_to_uuid(bytes))
        .with_partitions((0..partitions).map(partition).collect())
}

/// The UUID of a cluster, as the id that Kafka shows.
fn cluster_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn bytes_to_uuid(bytes: [u8; 16]) -> uuid::Uuid {
    uuid::Uuid::from_bytes(bytes)
}
