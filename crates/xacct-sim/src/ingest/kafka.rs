//! Topics: permission to read, and records as rows.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::roles::Reader;
use super::{Ingestion, refused};
use crate::kafka::{KafkaStore, Record};
use crate::msk::Cluster;
use crate::sql::stream::{Batch, StreamFailure, StreamRecord};
use crate::sql::time::timestamp_text;

impl Ingestion<'_> {
    /// What Redshift needs on cluster, topic and group; then the partitions of the topic.
    pub(super) fn authorize(
        &self,
        cluster: &Cluster,
        reader: &Reader,
        topic: &str,
    ) -> Result<Vec<String>, StreamFailure> {
        let Some(caller) = reader else {
            return Err(refused(
                "Authentication with the streaming source failed",
                "the external schema names no role",
            ));
        };
        let part = |kind: &str, name: &str| {
            let arn = cluster.arn.replacen(":cluster/", &format!(":{kind}/"), 1);
            format!("{arn}/{name}")
        };
        // The name of the group that Redshift uses is not documented.
        let group = part("group", &format!("redshift-{}", self.workgroup.id));
        let topic_arn = part("topic", topic);
        let needed = [
            (
                "kafka-cluster:Connect",
                &cluster.arn,
                "Authorization with the streaming source failed",
            ),
            (
                "kafka-cluster:DescribeTopic",
                &topic_arn,
                "Topic authorization failed",
            ),
            ("kafka-cluster:ReadData", &topic_arn, "Topic authorization failed"),
            (
                "kafka-cluster:DescribeGroup",
                &group,
                "Group authorization failed",
            ),
            ("kafka-cluster:AlterGroup", &group, "Group authorization failed"),
        ];
        for (action, resource, message) in needed {
            self.allowed(caller, &cluster.arn, action, resource)
                .map_err(|cause| refused(message, cause))?;
        }
        match self.world.kafka.topic(&cluster.arn, topic) {
            Some(found) => Ok((0..found.partitions.len()).map(|at| at.to_string()).collect()),
            None => Err(refused(
                format!("Topic {topic} not found: unknown topic or partition"),
                format!("cluster {} has no topic {topic}", cluster.name),
            )),
        }
    }
}

/// Records of a partition as rows. Positions are the next offset to read.
pub(super) fn read(
    store: &KafkaStore,
    cluster: &str,
    topic: &str,
    partition: &str,
    from: Option<&str>,
    max: usize,
) -> Result<Batch, StreamFailure> {
    let gone = |cause: String| {
        refused(
            format!("Failed to read topic {topic}, partition {partition}"),
            cause,
        )
    };
    let index: i32 = partition
        .parse()
        .map_err(|_| gone(format!("{partition} is no partition")))?;
    let wanted: i64 = match from {
        Some(text) => text.parse().map_err(|_| gone(format!("{text} is no offset")))?,
        None => 0,
    };
    let log_append = store
        .topic(cluster, topic)
        .and_then(|found| found.settings.get("message.timestamp.type"))
        .is_some_and(|value| value == "LogAppendTime");
    let found = store
        .partition(cluster, topic, index)
        .map_err(|error| gone(error.to_string()))?;
    // What a refresh does when its first offset has expired is not documented; here it goes on at the oldest record kept.
    let (from, end) = (wanted.max(found.start_offset()), found.end_offset());
    // A topic that was made again may end before the remembered position. What Redshift then does is not documented; here
    // it finds nothing new.
    if from > end {
        return Ok(Batch {
            records: Vec::new(),
            next: from.to_string(),
            more: false,
        });
    }
    let found = store
        .fetch(cluster, topic, index, from, max)
        .map_err(|error| gone(error.to_string()))?;
    let next = found.last().map_or(from, |record| record.offset + 1);
    let kind = if log_append { 'L' } else { 'C' };
    let records = found.iter().map(|record| row(index, record, kind)).collect();
    Ok(Batch {
        records,
        next: next.to_string(),
        more: next < end,
    })
}

fn row(partition: i32, record: &Record, kind: char) -> StreamRecord {
    let blob = |bytes: &Option<bytes::Bytes>| {
        bytes
            .as_ref()
            .map_or(Value::Null, |bytes| Value::Blob(bytes.to_vec()))
    };
    let sizes = [&record.key, &record.value].map(|part| part.as_ref().map_or(0, bytes::Bytes::len));
    StreamRecord {
        position: record.offset.to_string(),
        timestamp_type: kind,
        timestamp_ms: record.timestamp_ms,
        bytes: sizes.iter().sum(),
        values: vec![
            Value::Integer(i64::from(partition)),
            Value::Integer(record.offset),
            Value::Text(kind.to_string()),
            Value::Text(timestamp_text(record.timestamp_ms.saturating_mul(1_000))),
            blob(&record.key),
            blob(&record.value),
            Value::Text(headers(record)),
        ],
    }
}

/// Headers as an object. Values that are no UTF-8 come as hexadecimal digits; repeated names are not supported by
/// Redshift, the last one stays.
fn headers(record: &Record) -> String {
    let mut out = serde_json::Map::new();
    for (name, value) in &record.headers {
        let value = match value {
            None => Json::Null,
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Json::from(text),
                Err(_) => Json::from(hex::encode(bytes)),
            },
        };
        out.insert(name.clone(), value);
    }
    Json::Object(out).to_string()
}
