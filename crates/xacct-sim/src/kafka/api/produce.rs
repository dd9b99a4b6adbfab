//! Produce and InitProducerId.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, ProducerId,
};
use kafka_protocol::records::{NO_PRODUCER_ID, RecordBatchDecoder};

use super::super::frame::WireFault;
use super::super::sequence::ProducerStamp;
use super::super::store::NewRecord;
use super::{Answer, Asked, code_of, text};

const WRITE: &str = "kafka-cluster:WriteData";
const WRITE_IDEMPOTENTLY: &str = "kafka-cluster:WriteDataIdempotently";

/// A refusal of one partition: a code, and a sentence where there is one.
type Refused = (ResponseError, Option<String>);

pub(super) fn init_producer_id(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: InitProducerIdRequest = asked.body()?;
    let clusters = asked.clusters();
    let permitted = clusters.iter().any(|arn| asked.may(WRITE_IDEMPOTENTLY, arn));
    let refused = match (&request.transactional_id, clusters.is_empty(), permitted) {
        // Transactions are not modelled; this is what a principal without the permission gets.
        (Some(_), ..) => Some(ResponseError::TransactionalIdAuthorizationFailed),
        (_, true, _) => Some(ResponseError::CoordinatorNotAvailable),
        (_, _, false) => Some(ResponseError::ClusterAuthorizationFailed),
        _ => None,
    };
    let mut response = InitProducerIdResponse::default();
    match refused {
        Some(error) => {
            response.error_code = error.code();
            response.producer_id = ProducerId(NO_PRODUCER_ID);
            response.producer_epoch = -1;
        }
        None => {
            let id = asked.broker.estate.store(|store, _| store.new_producer_id());
            response.producer_id = ProducerId(id);
        }
    }
    asked.reply::<InitProducerIdRequest>(&response)
}

pub(super) fn produce(asked: &Asked<'_>) -> Result<Answer, WireFault> {
    let request: ProduceRequest = asked.body()?;
    let refused = match request.acks {
        _ if request.transactional_id.is_some() => Some(ResponseError::TransactionalIdAuthorizationFailed),
        -1..=1 => asked.refuse.and_then(ResponseError::try_from_code),
        _ => Some(ResponseError::InvalidRequiredAcks),
    };
    let acks = request.acks;
    let mut response = ProduceResponse::default();
    for topic in request.topic_data {
        response.responses.push(produce_topic(asked, topic, refused));
    }
    if acks == 0 {
        return Ok(Answer::Silence);
    }
    asked.reply::<ProduceRequest>(&response).map(Answer::Now)
}

fn produce_topic(
    asked: &Asked<'_>,
    topic: TopicProduceData,
    refused: Option<ResponseError>,
) -> TopicProduceResponse {
    let cluster = match refused {
        Some(error) => Err(error),
        None => asked.permitted(&topic.name, WRITE),
    };
    let entry = |data: PartitionProduceData| {
        let response = PartitionProduceResponse::default().with_index(data.index);
        let appended = cluster
            .as_ref()
            .map_err(|error| (*error, None))
            .and_then(|cluster| append(asked, cluster, &topic.name, data));
        match appended {
            Ok((offset, append_time)) => response
                .with_base_offset(offset)
                .with_log_append_time_ms(append_time),
            Err((error, why)) => response
                .with_error_code(error.code())
                .with_base_offset(-1)
                .with_error_message(why.map(text)),
        }
    };
    let partitions = topic.partition_data.into_iter().map(entry).collect();
    TopicProduceResponse::default()
        .with_name(topic.name.clone())
        .with_partition_responses(partitions)
}

/// Appends one batch; the work on its bytes is done before the world is locked. Returns the first
/// offset and the time of the append, or -1 where the producer's times stand.
fn append(
    asked: &Asked<'_>,
    cluster: &str,
    topic: &str,
    data: PartitionProduceData,
) -> Result<(i64, i64), Refused> {
    let bytes = data.records.unwrap_or_default();
    let size = bytes.len();
    let (stamp, records) = read_batch(bytes).ok_or((ResponseError::CorruptMessage, None))?;
    if stamp.is_some() && !asked.may(WRITE_IDEMPOTENTLY, cluster) {
        return Err((ResponseError::ClusterAuthorizationFailed, None));
    }
    let appended = asked.broker.estate.store(|store, now_ms| {
        let appended = store.append_batch(cluster, topic, data.index, stamp, size, records, now_ms)?;
        let stamped = store
            .topic(cluster, topic)
            .is_some_and(|topic| topic.log_append_time());
        Ok((appended, if stamped { now_ms } else { -1 }))
    });
    appended.map_err(|error| (code_of(&error), Some(error.to_string())))
}

/// The records of a batch and the mark of the idempotent producer that wrote it. Anything that
/// Kafka would call corrupt is `None`: another format, a wrong checksum, more than one batch.
fn read_batch(bytes: Bytes) -> Option<(Option<ProducerStamp>, Vec<NewRecord>)> {
    let infos = RecordBatchDecoder::decode_batch_info(&mut bytes.clone()).ok()?;
    let [info] = infos.as_slice() else { return None };
    if info.version != 2 || info.control || info.transactional {
        return None;
    }
    let stamp = (info.producer_id != NO_PRODUCER_ID).then_some(ProducerStamp {
        producer_id: info.producer_id,
        epoch: info.producer_epoch,
        first_sequence: info.base_sequence,
    });
    let set = RecordBatchDecoder::decode(&mut bytes.clone()).ok()?;
    let records = set.records.into_iter().map(|record| NewRecord {
        timestamp_ms: record.timestamp,
        key: record.key,
        value: record.value,
        headers: record
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_string(), value))
            .collect(),
    });
    Some((stamp, records.collect()))
}
