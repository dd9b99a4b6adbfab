//! CreateTopics, DeleteTopics and CreatePartitions.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};

use super::super::frame::WireFault;
use super::super::refusal::StoreError;
use super::{Asked, code_of, text};

/// Replicas of every partition of a serverless cluster, whatever the client asks for.
const REPLICAS: i16 = 3;
/// Partitions of a topic for which the client states none.
const DEFAULT_PARTITIONS: usize = 1;

/// What a refused topic gets: a code and a sentence.
type Refused = (ResponseError, String);

pub(super) fn create_topics(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: CreateTopicsRequest = asked.body()?;
    let mut response = CreateTopicsResponse::default();
    for topic in request.topics {
        let result = CreatableTopicResult::default().with_name(topic.name.clone());
        response
            .topics
            .push(match create(asked, &topic, request.validate_only) {
                Ok(partitions) => result
                    .with_num_partitions(i32::try_from(partitions).unwrap_or(i32::MAX))
                    .with_replication_factor(REPLICAS)
                    .with_configs(Some(Vec::new())),
                Err((error, why)) => result
                    .with_error_code(error.code())
                    .with_error_message(Some(text(why))),
            });
    }
    asked.reply::<CreateTopicsRequest>(&response)
}

fn create(asked: &Asked<'_>, topic: &CreatableTopic, validate_only: bool) -> Result<usize, Refused> {
    let cluster = permitted(asked, &topic.name, "kafka-cluster:CreateTopic")?;
    let given: BTreeMap<String, String> = topic
        .configs
        .iter()
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())))
        .collect();
    let partitions = match topic.num_partitions {
        -1 => DEFAULT_PARTITIONS,
        count => usize::try_from(count).unwrap_or_default(),
    };
    let made = asked.broker.estate.store(|store, _| match validate_only {
        true => store.check_new_topic(&cluster, &topic.name, partitions, &given),
        false => store.create_topic(&cluster, &topic.name, partitions, given),
    });
    made.map(|()| partitions).map_err(|error| refused(&error))
}

pub(super) fn delete_topics(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: DeleteTopicsRequest = asked.body()?;
    let by_state = request.topics.into_iter().filter_map(|topic| topic.name);
    let mut response = DeleteTopicsResponse::default();
    for name in request.topic_names.into_iter().chain(by_state) {
        let outcome = permitted(asked, &name, "kafka-cluster:DeleteTopic").and_then(|cluster| {
            let deleted = asked
                .broker
                .estate
                .store(|store, _| store.delete_topic(&cluster, &name));
            deleted.map_err(|error| refused(&error))
        });
        let result = DeletableTopicResult::default().with_name(Some(name));
        response.responses.push(match outcome {
            Ok(()) => result,
            Err((error, why)) => result
                .with_error_code(error.code())
                .with_error_message(Some(text(why))),
        });
    }
    asked.reply::<DeleteTopicsRequest>(&response)
}

pub(super) fn create_partitions(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: CreatePartitionsRequest = asked.body()?;
    let mut response = CreatePartitionsResponse::default();
    for topic in request.topics {
        let outcome = grow(asked, &topic, request.validate_only);
        let result = CreatePartitionsTopicResult::default().with_name(topic.name);
        response.results.push(match outcome {
            Ok(()) => result,
            Err((error, why)) => result
                .with_error_code(error.code())
                .with_error_message(Some(text(why))),
        });
    }
    asked.reply::<CreatePartitionsRequest>(&response)
}

fn grow(asked: &Asked<'_>, topic: &CreatePartitionsTopic, validate_only: bool) -> Result<(), Refused> {
    let cluster = permitted(asked, &topic.name, "kafka-cluster:AlterTopic")?;
    if validate_only {
        return Ok(());
    }
    let count = usize::try_from(topic.count).unwrap_or_default();
    let grown = asked
        .broker
        .estate
        .store(|store, _| store.grow_topic(&cluster, &topic.name, count));
    grown.map_err(|error| refused(&error))
}

fn permitted(asked: &Asked<'_>, topic: &TopicName, action: &str) -> Result<String, Refused> {
    asked.permitted(topic, action).map_err(|error| match error {
        ResponseError::TopicAuthorizationFailed => (error, "Authorization failed.".to_owned()),
        error => (error, "The broker is not available.".to_owned()),
    })
}

fn refused(error: &StoreError) -> Refused {
    (code_of(error), error.to_string())
}
