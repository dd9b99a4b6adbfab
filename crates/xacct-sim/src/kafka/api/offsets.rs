//! ListOffsets.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use super::super::frame::WireFault;
use super::super::store::Partition;
use super::{Asked, code_of};

/// Asks for the end of a partition.
const LATEST: i64 = -1;
/// Asks for its start.
const EARLIEST: i64 = -2;

pub(super) fn list_offsets(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: ListOffsetsRequest = asked.body()?;
    let mut response = ListOffsetsResponse::default();
    for topic in request.topics {
        let cluster = asked.permitted(&topic.name, "kafka-cluster:DescribeTopic");
        let answer = |wanted: (i32, i64)| {
            let found = cluster.as_ref().map_err(|error| *error).and_then(|cluster| {
                asked.broker.estate.store(|store, _| {
                    let partition = store.partition(cluster, &topic.name, wanted.0);
                    partition
                        .map(|partition| position(partition, wanted.1))
                        .map_err(|e| code_of(&e))
                })
            });
            entry(wanted.0, found)
        };
        let wanted = topic.partitions.iter().map(|p| (p.partition_index, p.timestamp));
        let partitions = wanted.map(answer).collect();
        response.topics.push(
            ListOffsetsTopicResponse::default()
                .with_name(topic.name)
                .with_partitions(partitions),
        );
    }
    asked.reply::<ListOffsetsRequest>(&response)
}

/// Offset and timestamp of what was asked for; -1 each where there is none.
fn position(partition: &Partition, timestamp: i64) -> (i64, i64) {
    match timestamp {
        LATEST => (partition.end_offset(), -1),
        EARLIEST => (partition.start_offset(), -1),
        since => partition
            .first_since(since)
            .map_or((-1, -1), |record| (record.offset, record.timestamp_ms)),
    }
}

fn entry(index: i32, found: Result<(i64, i64), ResponseError>) -> ListOffsetsPartitionResponse {
    let entry = ListOffsetsPartitionResponse::default().with_partition_index(index);
    match found {
        Ok((offset, timestamp)) => entry
            .with_offset(offset)
            .with_timestamp(timestamp)
            .with_leader_epoch(0),
        Err(error) => entry.with_error_code(error.code()),
    }
}
