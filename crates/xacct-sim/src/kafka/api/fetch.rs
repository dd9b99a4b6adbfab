//! Fetch, without incremental sessions: every request names all it wants.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse};
use kafka_protocol::records::{
    Compression, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

use super::super::frame::WireFault;
use super::super::store::Record;
use super::{Answer, Asked, code_of, text};

/// Largest answer of a serverless cluster, in bytes (Amazon MSK quota: 55 MB a fetch).
const LARGEST_ANSWER: usize = 55 * 1024 * 1024;
/// Records looked at in one go; the size limits end most fetches earlier.
const MOST_RECORDS: usize = 10_000;
/// What a record takes beside its key, value and headers, at most about.
const RECORD_OVERHEAD: usize = 24;

pub(super) fn fetch(asked: &Asked<'_>) -> Result<Answer, WireFault> {
    let request: FetchRequest = asked.body()?;
    let mut budget = usize::try_from(request.max_bytes)
        .unwrap_or(LARGEST_ANSWER)
        .min(LARGEST_ANSWER);
    let mut response = FetchResponse::default();
    let (mut sent, mut errors) = (0, false);
    for topic in &request.topics {
        let cluster = asked.permitted(&topic.topic, "kafka-cluster:ReadData");
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for wanted in &topic.partitions {
            let data = match &cluster {
                Ok(cluster) => read(asked, cluster, &topic.topic, wanted, budget),
                Err(error) => refused(wanted.partition, *error),
            };
            let size = data.records.as_ref().map_or(0, Bytes::len);
            budget = budget.saturating_sub(size);
            sent += size;
            errors |= data.error_code != 0;
            partitions.push(data);
        }
        response.responses.push(
            FetchableTopicResponse::default()
                .with_topic(topic.topic.clone())
                .with_partitions(partitions),
        );
    }
    let bytes = asked.reply::<FetchRequest>(&response)?;
    let enough = usize::try_from(request.min_bytes).unwrap_or_default();
    if errors || sent >= enough.max(1) {
        return Ok(Answer::Now(bytes));
    }
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or_default());
    Ok(Answer::Empty { bytes, wait })
}

fn read(
    asked: &Asked<'_>,
    cluster: &str,
    topic: &str,
    wanted: &FetchPartition,
    budget: usize,
) -> PartitionData {
    let limit = usize::try_from(wanted.partition_max_bytes)
        .unwrap_or_default()
        .min(budget);
    let found = asked.broker.estate.store(|store, _| {
        let partition = store.partition(cluster, topic, wanted.partition)?;
        let records = partition.read(wanted.fetch_offset, MOST_RECORDS)?;
        let (start, end) = (partition.start_offset(), partition.end_offset());
        Ok((start, end, within(records, limit).to_vec()))
    });
    let (start, end, records) = match found {
        Ok(found) => found,
        Err(error) => return refused(wanted.partition, code_of(&error)),
    };
    let Some(batch) = encode(&records) else {
        return refused(wanted.partition, ResponseError::UnknownServerError);
    };
    PartitionData::default()
        .with_partition_index(wanted.partition)
        .with_high_watermark(end)
        .with_last_stable_offset(end)
        .with_log_start_offset(start)
        .with_aborted_transactions(None)
        .with_preferred_read_replica(BrokerId(-1))
        .with_records(Some(batch))
}

/// As many records as fit, but one at least, so that no reader is stuck before a large one. The
/// first partition of an answer may so exceed the budget, a later one only if nothing was spent.
fn within(records: &[Record], limit: usize) -> &[Record] {
    let mut size = 0;
    let fits = records.iter().take_while(|record| {
        size += record_size(record);
        size <= limit
    });
    let count = fits.count();
    &records[..count.max(usize::from(limit > 0)).min(records.len())]
}

fn record_size(record: &Record) -> usize {
    let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
    let headers: usize = record
        .headers
        .iter()
        .map(|(name, value)| name.len() + length(value) + 10)
        .sum();
    RECORD_OVERHEAD + length(&record.key) + length(&record.value) + headers
}

/// One uncompressed batch; empty if there are no records.
fn encode(records: &[Record]) -> Option<Bytes> {
    let mut bytes = BytesMut::new();
    if records.is_empty() {
        return Some(bytes.freeze());
    }
    let records: Vec<_> = records
        .iter()
        .enumerate()
        .map(|(n, record)| on_the_wire(n, record))
        .collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut bytes, records.iter(), &options).ok()?;
    Some(bytes.freeze())
}

fn on_the_wire(position: usize, record: &Record) -> kafka_protocol::records::Record {
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| (text(name.as_str()), value.clone()));
    kafka_protocol::records::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        timestamp_type: TimestampType::Creation,
        offset: record.offset,
        // The encoder takes records for one batch only if offset and sequence run in step; the
        // first one's -1 then stands for "no producer".
        sequence: i32::try_from(position).unwrap_or(i32::MAX).wrapping_sub(1),
        timestamp: record.timestamp_ms,
        key: record.key.clone(),
        value: record.value.clone(),
        headers: headers.collect(),
    }
}

fn refused(partition: i32, error: ResponseError) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_error_code(error.code())
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_preferred_read_replica(BrokerId(-1))
}
