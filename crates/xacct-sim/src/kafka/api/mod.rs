//! The requests that the broker serves, and in which versions.

mod configs;
mod fetch;
mod groups;
mod metadata;
mod offsets;
mod produce;
mod sasl;
mod topics;

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::{Request, StrBytes};

use super::authenticate::Identity;
use super::connection::{Broker, Session};
use super::frame::{Frame, WireFault};
use super::refusal::StoreError;

/// Request, oldest and newest version. Versions end where topics are named by id alone.
///
/// Produce is listed from 0 as Apache Kafka 4 does, because librdkafka decides from it whether it may
/// compress (KAFKA-18659); versions before 3 are refused all the same.
const SERVED: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 0, 9),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 7),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::FindCoordinator, 0, 4),
    (ApiKey::SaslHandshake, 0, 1),
    (ApiKey::ApiVersions, 0, 3),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::InitProducerId, 0, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::SaslAuthenticate, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
];

/// What is sent back.
pub(super) enum Answer {
    /// These bytes.
    Now(Bytes),
    /// Nothing: the client asked for no acknowledgement.
    Silence,
    /// Nothing to report yet: these bytes if that is still so after `wait`.
    Empty { bytes: Bytes, wait: Duration },
}

/// A request of a client that has shown who it is.
pub(super) struct Asked<'a> {
    pub(super) broker: &'a Broker,
    pub(super) identity: &'a Identity,
    pub(super) frame: &'a Frame,
    /// The error that a produce request is to be refused with.
    pub(super) refuse: Option<i16>,
}

/// Answers one request.
pub(super) fn answer(broker: &Broker, session: &mut Session, frame: &Frame) -> Result<Answer, WireFault> {
    let not_served = || WireFault::NotServed {
        key: frame.key,
        version: frame.version,
    };
    let key = ApiKey::try_from(frame.key).map_err(|_| not_served())?;
    match key {
        ApiKey::ApiVersions => return api_versions(frame).map(Answer::Now),
        ApiKey::SaslHandshake => return sasl::handshake(session, frame).map(Answer::Now),
        ApiKey::SaslAuthenticate => return sasl::authenticate(broker, session, frame).map(Answer::Now),
        _ => {}
    }
    let served = SERVED
        .iter()
        .any(|(name, oldest, newest)| *name == key && (*oldest..=*newest).contains(&frame.version));
    if !served {
        return Err(not_served());
    }
    let asked = Asked {
        broker,
        identity: session.identity(frame.key)?,
        frame,
        refuse: session.refuse,
    };
    match key {
        ApiKey::Produce => produce::produce(&asked),
        ApiKey::Fetch => fetch::fetch(&asked),
        ApiKey::ListOffsets => offsets::list_offsets(&asked).map(Answer::Now),
        ApiKey::Metadata => metadata::metadata(&asked).map(Answer::Now),
        ApiKey::FindCoordinator => groups::find_coordinator(&asked).map(Answer::Now),
        ApiKey::CreateTopics => topics::create_topics(&asked).map(Answer::Now),
        ApiKey::DeleteTopics => topics::delete_topics(&asked).map(Answer::Now),
        ApiKey::CreatePartitions => topics::create_partitions(&asked).map(Answer::Now),
        ApiKey::InitProducerId => produce::init_producer_id(&asked).map(Answer::Now),
        ApiKey::DescribeConfigs => configs::describe(&asked).map(Answer::Now),
        ApiKey::AlterConfigs => configs::replace(&asked).map(Answer::Now),
        ApiKey::IncrementalAlterConfigs => configs::alter(&asked).map(Answer::Now),
        _ => Err(not_served()),
    }
}

/// The list of what is served; to a version that is too new, in the oldest form with an error, so
/// that the client can try again.
fn api_versions(frame: &Frame) -> Result<Bytes, WireFault> {
    let mut response = ApiVersionsResponse::default();
    response.api_keys = SERVED
        .iter()
        .map(|(key, oldest, newest)| {
            ApiVersion::default()
                .with_api_key(*key as i16)
                .with_min_version(*oldest)
                .with_max_version(*newest)
        })
        .collect();
    if frame.version > 3 {
        response.error_code = ResponseError::UnsupportedVersion.code();
        return frame.encode_as::<ApiVersionsRequest>(&response, 0);
    }
    frame.encode::<ApiVersionsRequest>(&response)
}

impl Asked<'_> {
    /// The request's body.
    fn body<R: Request>(&self) -> Result<R, WireFault> {
        self.frame.decode()
    }

    /// The bytes of a response.
    fn reply<R: Request>(&self, response: &R::Response) -> Result<Bytes, WireFault> {
        self.frame.encode::<R>(response)
    }

    /// The clusters that this client may still use. Empty when the last one has been deleted.
    fn clusters(&self) -> Vec<String> {
        self.broker
            .estate
            .active(&self.identity.key, &self.identity.clusters)
    }

    /// The cluster that a request about this topic means: the one that has it, else the one where
    /// the client may do what it asks, else the first.
    fn cluster_of(&self, topic: &str, action: &str) -> Result<String, ResponseError> {
        let mut clusters = self.clusters();
        if clusters.len() > 1 {
            let has = |arn: &String| {
                self.broker
                    .estate
                    .store(|store, _| store.topic(arn, topic).is_some())
            };
            let may = |arn: &String| {
                let key = &self.identity.key;
                self.broker
                    .estate
                    .allows(key, action, &resource(arn, "topic", topic))
                    .is_ok()
            };
            let meant = clusters
                .iter()
                .position(has)
                .or_else(|| clusters.iter().position(may));
            clusters.swap(0, meant.unwrap_or_default());
        }
        // A client of a deleted cluster keeps asking; it must look for brokers again.
        clusters
            .into_iter()
            .next()
            .ok_or(ResponseError::BrokerNotAvailable)
    }

    /// Whether the client may do this to a topic, group or the cluster itself.
    fn may(&self, action: &str, resource_arn: &str) -> bool {
        match self
            .broker
            .estate
            .allows(&self.identity.key, action, resource_arn)
        {
            Ok(()) => true,
            Err(why) => {
                self.broker.notes.add(why);
                false
            }
        }
    }

    /// The cluster of a topic, if the client may do this to the topic.
    fn permitted(&self, topic: &str, action: &str) -> Result<String, ResponseError> {
        let cluster = self.cluster_of(topic, action)?;
        match self.may(action, &resource(&cluster, "topic", topic)) {
            true => Ok(cluster),
            false => Err(ResponseError::TopicAuthorizationFailed),
        }
    }
}

/// The ARN of a topic or group of a cluster: its kind replaces `cluster`, its name is the last part.
pub(super) fn resource(cluster_arn: &str, kind: &str, name: &str) -> String {
    let arn = cluster_arn.replacen(":cluster/", &format!(":{kind}/"), 1);
    format!("{arn}/{name}")
}

/// The protocol's code for what the store refuses.
pub(super) fn code_of(error: &StoreError) -> ResponseError {
    match error {
        StoreError::UnknownTopic(_) | StoreError::UnknownPartition { .. } => {
            ResponseError::UnknownTopicOrPartition
        }
        StoreError::TopicExists(_) => ResponseError::TopicAlreadyExists,
        StoreError::InvalidName(_) => ResponseError::InvalidTopicException,
        StoreError::InvalidPartitions(_) => ResponseError::InvalidPartitions,
        StoreError::InvalidSetting(_) => ResponseError::InvalidConfig,
        StoreError::PartitionQuota { .. } => ResponseError::PolicyViolation,
        StoreError::OffsetOutOfRange { .. } => ResponseError::OffsetOutOfRange,
        StoreError::TooLarge { .. } => ResponseError::MessageTooLarge,
        StoreError::OutOfOrderSequence { .. } => ResponseError::OutOfOrderSequenceNumber,
        StoreError::DuplicateSequence { .. } => ResponseError::DuplicateSequenceNumber,
        StoreError::StaleEpoch { .. } => ResponseError::InvalidProducerEpoch,
        StoreError::NoKey => ResponseError::InvalidRecord,
        StoreError::Timestamp { .. } => ResponseError::InvalidTimestamp,
    }
}

/// A string of the protocol.
fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

#[cfg(test)]
mod tests {
    use super::resource;

    #[test]
    fn resources_of_a_cluster_carry_its_name_and_uuid() {
        let cluster = "arn:aws:kafka:eu-west-1:111111111111:cluster/clicks/0a-s1";
        assert_eq!(
            resource(cluster, "topic", "t"),
            "arn:aws:kafka:eu-west-1:111111111111:topic/clicks/0a-s1/t"
        );
    }
}
