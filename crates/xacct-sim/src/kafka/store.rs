//! Topics and records of every simulated cluster.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::refusal::{PARTITION_QUOTA, StoreError};
use super::sequence::{Continuation, ProducerStamp, Producers};
use super::settings;

/// A record that is about to be appended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewRecord {
    /// Milliseconds since the Unix epoch, as the producer stated them.
    pub timestamp_ms: i64,
    /// The key, if any.
    pub key: Option<Bytes>,
    /// The payload; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in the order in which they were sent.
    pub headers: Vec<(String, Option<Bytes>)>,
}

/// A record in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Position in the partition, from 0, without gaps.
    pub offset: i64,
    /// Milliseconds since the Unix epoch: the producer's time, or the time of the append where the
    /// topic says `message.timestamp.type=LogAppendTime`.
    pub timestamp_ms: i64,
    /// The key, if any.
    pub key: Option<Bytes>,
    /// The payload; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in the order in which they were sent.
    pub headers: Vec<(String, Option<Bytes>)>,
}

/// One partition: its records, and what the producers that write to it have sent.
#[derive(Debug, Clone, Default)]
pub struct Partition {
    /// Offset of the oldest record that is still kept.
    first: i64,
    records: Vec<Record>,
    producers: Producers,
}

impl Partition {
    /// The offset that the next record gets.
    pub fn end_offset(&self) -> i64 {
        self.first + self.records.len() as i64
    }

    /// The offset of the oldest record that is still kept; that of the next one where none is.
    pub fn start_offset(&self) -> i64 {
        self.first
    }

    /// Forgets the records before `offset`, as retention does.
    fn expire(&mut self, offset: i64) {
        let gone = (offset - self.first).clamp(0, self.records.len() as i64);
        self.records.drain(..usize::try_from(gone).unwrap_or_default());
        self.first += gone;
    }

    /// At most `max` records from `offset` on.
    ///
    /// # Errors
    /// [`StoreError::OffsetOutOfRange`] if `offset` is no longer kept or behind the end.
    pub fn read(&self, offset: i64, max: usize) -> Result<&[Record], StoreError> {
        let out_of_range = StoreError::OffsetOutOfRange {
            offset,
            end: self.end_offset(),
        };
        let start = usize::try_from(offset - self.first).map_err(|_| out_of_range.clone())?;
        let rest = self.records.get(start..).ok_or(out_of_range)?;
        Ok(&rest[..rest.len().min(max)])
    }

    /// The first record at or after a time, for `ListOffsets`.
    pub fn first_since(&self, timestamp_ms: i64) -> Option<&Record> {
        self.records
            .iter()
            .find(|record| record.timestamp_ms >= timestamp_ms)
    }

    fn append(
        &mut self,
        stamp: Option<ProducerStamp>,
        append_time_ms: Option<i64>,
        records: Vec<NewRecord>,
    ) -> Result<i64, StoreError> {
        let base = self.end_offset();
        if let Some(stamp) = stamp {
            match self.producers.admit(stamp, records.len(), base)? {
                Continuation::Next => {}
                Continuation::AlreadyAt(offset) => return Ok(offset),
            }
        }
        self.records
            .extend(records.into_iter().zip(base..).map(|(record, offset)| Record {
                offset,
                timestamp_ms: append_time_ms.unwrap_or(record.timestamp_ms),
                key: record.key,
                value: record.value,
                headers: record.headers,
            }));
        Ok(base)
    }
}

/// One topic.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Differs between two topics of one name of which the first was deleted.
    pub id: u128,
    /// Partitions by index.
    pub partitions: Vec<Partition>,
    /// Settings that were given, without defaults.
    pub settings: BTreeMap<String, String>,
}

impl Topic {
    /// Records in all partitions.
    pub fn record_count(&self) -> usize {
        self.partitions
            .iter()
            .map(|partition| partition.records.len())
            .sum()
    }

    /// Whether records get the time of the append in place of the producer's.
    pub fn log_append_time(&self) -> bool {
        settings::log_append_time(&self.settings)
    }

    fn check_records(&self, records: &[NewRecord], now_ms: i64) -> Result<(), StoreError> {
        let compacted = settings::compacted(&self.settings);
        let furthest = settings::timestamp_difference_max_ms(&self.settings);
        for record in records {
            if compacted && record.key.is_none() {
                return Err(StoreError::NoKey);
            }
            let timestamp_ms = record.timestamp_ms;
            if !self.log_append_time() && timestamp_ms.abs_diff(now_ms) > furthest {
                return Err(StoreError::Timestamp { timestamp_ms });
            }
        }
        Ok(())
    }
}

/// Topics and records of every cluster, by cluster ARN.
#[derive(Debug, Clone, Default)]
pub struct KafkaStore {
    clusters: BTreeMap<String, BTreeMap<String, Topic>>,
    last_producer_id: i64,
    topics_made: u128,
}

impl KafkaStore {
    /// Creates a topic.
    ///
    /// # Errors
    /// An illegal name, a name in use, no partitions, more partitions than the quota, or a setting
    /// that MSK Serverless refuses.
    pub fn create_topic(
        &mut self,
        cluster_arn: &str,
        name: &str,
        partitions: usize,
        given: BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        self.check_new_topic(cluster_arn, name, partitions, &given)?;
        self.topics_made += 1;
        let topic = Topic {
            id: topic_id(self.topics_made),
            partitions: vec![Partition::default(); partitions],
            settings: given,
        };
        let topics = self.clusters.entry(cluster_arn.to_owned()).or_default();
        topics.insert(name.to_owned(), topic);
        Ok(())
    }

    /// Checks what [`create_topic`](Self::create_topic) would check, and creates nothing.
    ///
    /// # Errors
    /// As there.
    pub fn check_new_topic(
        &self,
        cluster_arn: &str,
        name: &str,
        partitions: usize,
        given: &BTreeMap<String, String>,
    ) -> Result<(), StoreError> {
        check_name(name)?;
        if partitions == 0 {
            let why = "Number of partitions must be larger than 0.".to_owned();
            return Err(StoreError::InvalidPartitions(why));
        }
        settings::check_new(given)?;
        if self.topic(cluster_arn, name).is_some() {
            return Err(StoreError::TopicExists(name.to_owned()));
        }
        self.check_quota(cluster_arn, partitions)
    }

    /// Adds partitions until there are `count`.
    ///
    /// # Errors
    /// No such topic, a count that is not larger than the present one, or the quota.
    pub fn grow_topic(&mut self, cluster_arn: &str, name: &str, count: usize) -> Result<(), StoreError> {
        let present = self.known_topic(cluster_arn, name)?.partitions.len();
        if count <= present {
            return Err(StoreError::InvalidPartitions(format!(
                "The topic {name} currently has {present} partition(s); {count} would not be an increase."
            )));
        }
        self.check_quota(cluster_arn, count - present)?;
        self.known_topic_mut(cluster_arn, name)?
            .partitions
            .resize_with(count, Partition::default);
        Ok(())
    }

    /// Changes settings; `None` returns a setting to its default.
    ///
    /// # Errors
    /// No such topic, or a setting that MSK Serverless does not let change.
    pub fn alter_settings(
        &mut self,
        cluster_arn: &str,
        name: &str,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<(), StoreError> {
        let topic = self.known_topic_mut(cluster_arn, name)?;
        settings::check_changes(changes)?;
        for (key, value) in changes {
            match value {
                Some(value) => topic.settings.insert(key.clone(), value.clone()),
                None => topic.settings.remove(key),
            };
        }
        Ok(())
    }

    /// Deletes a topic with its records.
    ///
    /// # Errors
    /// No such topic.
    pub fn delete_topic(&mut self, cluster_arn: &str, name: &str) -> Result<(), StoreError> {
        let unknown = || StoreError::UnknownTopic(name.to_owned());
        let topics = self.clusters.get_mut(cluster_arn).ok_or_else(unknown)?;
        topics.remove(name).map(|_| ()).ok_or_else(unknown)
    }

    /// Forgets a cluster with everything in it; for when the cluster is deleted.
    pub fn remove_cluster(&mut self, cluster_arn: &str) {
        self.clusters.remove(cluster_arn);
    }

    /// The clusters that have, or had, topics.
    pub fn cluster_arns(&self) -> impl Iterator<Item = &str> {
        self.clusters.keys().map(String::as_str)
    }

    /// The topics of a cluster with their names, in order of name.
    pub fn topics(&self, cluster_arn: &str) -> impl Iterator<Item = (&str, &Topic)> {
        let topics = self.clusters.get(cluster_arn).into_iter().flatten();
        topics.map(|(name, topic)| (name.as_str(), topic))
    }

    /// One topic.
    pub fn topic(&self, cluster_arn: &str, name: &str) -> Option<&Topic> {
        self.clusters.get(cluster_arn)?.get(name)
    }

    /// Appends records and returns the offset of the first.
    ///
    /// # Errors
    /// No such topic or partition, or a record that is over `max.message.bytes`.
    pub fn append(
        &mut self,
        cluster_arn: &str,
        topic: &str,
        partition: i32,
        records: Vec<NewRecord>,
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        let sizes = records.iter().map(|record| {
            record.key.as_ref().map_or(0, Bytes::len) + record.value.as_ref().map_or(0, Bytes::len)
        });
        let largest = sizes.max().unwrap_or_default();
        self.append_batch(cluster_arn, topic, partition, None, largest, records, now_ms)
    }

    /// Appends one batch as a broker does: size limit, then the order of an idempotent producer,
    /// then the records. A batch that was appended before returns its first offset again.
    ///
    /// # Errors
    /// No such topic or partition, a batch of more than `max.message.bytes`, or a sequence number
    /// that does not follow the last one.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one Produce entry, all required"
    )]
    pub fn append_batch(
        &mut self,
        cluster_arn: &str,
        topic_name: &str,
        partition: i32,
        stamp: Option<ProducerStamp>,
        size: usize,
        records: Vec<NewRecord>,
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        let topic = self.known_topic_mut(cluster_arn, topic_name)?;
        let limit = settings::max_message_bytes(&topic.settings);
        if size > limit {
            return Err(StoreError::TooLarge { size, limit });
        }
        topic.check_records(&records, now_ms)?;
        let append_time = topic.log_append_time().then_some(now_ms);
        let unknown = StoreError::UnknownPartition {
            topic: topic_name.to_owned(),
            partition,
        };
        let index = usize::try_from(partition).map_err(|_| unknown.clone())?;
        let partition = topic.partitions.get_mut(index).ok_or(unknown)?;
        partition.append(stamp, append_time, records)
    }

    /// Forgets the records of a partition before `offset`, as retention does.
    ///
    /// # Errors
    /// No such topic or partition.
    pub fn expire(
        &mut self,
        cluster_arn: &str,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(), StoreError> {
        self.partition(cluster_arn, topic, partition)?;
        let known = self.known_topic_mut(cluster_arn, topic)?;
        let index = usize::try_from(partition).unwrap_or_default();
        if let Some(found) = known.partitions.get_mut(index) {
            found.expire(offset);
        }
        Ok(())
    }

    /// At most `max` records of a partition from `offset` on.
    ///
    /// # Errors
    /// No such topic or partition, or an offset that is not in it.
    pub fn fetch(
        &self,
        cluster_arn: &str,
        topic: &str,
        partition: i32,
        offset: i64,
        max: usize,
    ) -> Result<&[Record], StoreError> {
        self.partition(cluster_arn, topic, partition)?.read(offset, max)
    }

    /// One partition.
    ///
    /// # Errors
    /// No such topic or partition.
    pub fn partition(
        &self,
        cluster_arn: &str,
        topic: &str,
        partition: i32,
    ) -> Result<&Partition, StoreError> {
        let known = self.known_topic(cluster_arn, topic)?;
        let index = usize::try_from(partition).ok();
        index
            .and_then(|index| known.partitions.get(index))
            .ok_or_else(|| StoreError::UnknownPartition {
                topic: topic.to_owned(),
                partition,
            })
    }

    /// The end of every partition of a topic, by index; `None` if there is no such topic.
    pub fn end_offsets(&self, cluster_arn: &str, topic: &str) -> Option<Vec<i64>> {
        let topic = self.topic(cluster_arn, topic)?;
        Some(topic.partitions.iter().map(Partition::end_offset).collect())
    }

    /// A producer id that was not given out before, for `InitProducerId`.
    pub fn new_producer_id(&mut self) -> i64 {
        self.last_producer_id += 1;
        self.last_producer_id
    }

    fn known_topic(&self, cluster_arn: &str, name: &str) -> Result<&Topic, StoreError> {
        self.topic(cluster_arn, name)
            .ok_or_else(|| StoreError::UnknownTopic(name.to_owned()))
    }

    fn known_topic_mut(&mut self, cluster_arn: &str, name: &str) -> Result<&mut Topic, StoreError> {
        let topics = self.clusters.get_mut(cluster_arn);
        topics
            .and_then(|topics| topics.get_mut(name))
            .ok_or_else(|| StoreError::UnknownTopic(name.to_owned()))
    }

    fn check_quota(&self, cluster_arn: &str, more: usize) -> Result<(), StoreError> {
        let present: usize = self
            .topics(cluster_arn)
            .map(|(_, topic)| topic.partitions.len())
            .sum();
        let wanted = present + more;
        if wanted > PARTITION_QUOTA {
            return Err(StoreError::PartitionQuota { wanted });
        }
        Ok(())
    }
}

/// A version-4 shaped id that depends only on how many topics there were.
fn topic_id(serial: u128) -> u128 {
    const VERSION_AND_VARIANT: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;
    (serial << 96) | VERSION_AND_VARIANT | serial
}

/// Kafka's rules for topic names.
fn check_name(name: &str) -> Result<(), StoreError> {
    let why = match name {
        "" => "the empty string is not allowed",
        "." | ".." => "'.' or '..' is not allowed",
        _ if name.len() > 249 => "the length is more than 249",
        _ if name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) =>
        {
            return Ok(());
        }
        _ => "it contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    };
    Err(StoreError::InvalidName(format!("Topic name is invalid: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "arn:aws:kafka:eu-west-1:111111111111:cluster/c/0-s1";

    fn store_with_topic(partitions: usize, given: &[(&str, &str)]) -> KafkaStore {
        let mut store = KafkaStore::default();
        let given = given
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        store.create_topic(CLUSTER, "t", partitions, given).unwrap();
        store
    }

    fn record(value: &str) -> NewRecord {
        NewRecord {
            timestamp_ms: 5,
            value: Some(value.to_owned().into()),
            ..NewRecord::default()
        }
    }

    #[test]
    fn records_get_offsets_without_gaps_and_are_read_back_in_order() {
        let mut store = store_with_topic(2, &[]);
        assert_eq!(
            store.append(CLUSTER, "t", 1, vec![record("a"), record("b")], 9),
            Ok(0)
        );
        assert_eq!(store.append(CLUSTER, "t", 1, vec![record("c")], 9), Ok(2));
        let read = store.fetch(CLUSTER, "t", 1, 1, 10).unwrap();
        assert_eq!(read.iter().map(|r| r.offset).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(read[1].timestamp_ms, 5);
        assert_eq!(store.end_offsets(CLUSTER, "t"), Some(vec![0, 3]));
        assert_eq!(
            store.fetch(CLUSTER, "t", 1, 4, 1),
            Err(StoreError::OffsetOutOfRange { offset: 4, end: 3 })
        );
    }

    #[test]
    fn log_append_time_replaces_the_time_of_the_producer() {
        let mut store = store_with_topic(1, &[("message.timestamp.type", "LogAppendTime")]);
        store.append(CLUSTER, "t", 0, vec![record("a")], 77).unwrap();
        assert_eq!(store.fetch(CLUSTER, "t", 0, 0, 1).unwrap()[0].timestamp_ms, 77);
    }

    #[test]
    fn a_recreated_topic_has_another_id_and_no_records() {
        let mut store = store_with_topic(1, &[]);
        store.append(CLUSTER, "t", 0, vec![record("a")], 0).unwrap();
        let first = store.topic(CLUSTER, "t").unwrap().id;
        store.delete_topic(CLUSTER, "t").unwrap();
        store.create_topic(CLUSTER, "t", 1, BTreeMap::new()).unwrap();
        let second = store.topic(CLUSTER, "t").unwrap();
        assert_ne!(first, second.id);
        assert_eq!(second.record_count(), 0);
    }

    #[test]
    fn topics_that_cannot_be_are_refused() {
        let mut store = store_with_topic(1, &[]);
        let none = BTreeMap::new();
        let refused = |outcome: Result<(), StoreError>| outcome.unwrap_err().to_string();
        assert!(refused(store.create_topic(CLUSTER, "t", 1, none.clone())).contains("already exists"));
        assert!(refused(store.create_topic(CLUSTER, "a b", 1, none.clone())).contains("invalid"));
        assert!(refused(store.create_topic(CLUSTER, "..", 1, none.clone())).contains("invalid"));
        assert!(refused(store.create_topic(CLUSTER, "z", 0, none.clone())).contains("larger than 0"));
        assert!(refused(store.create_topic(CLUSTER, "z", 2_400, none)).contains("quota"));
    }

    #[test]
    fn a_batch_over_the_limit_of_the_topic_is_refused() {
        let mut store = store_with_topic(1, &[("max.message.bytes", "10")]);
        let outcome = store.append(CLUSTER, "t", 0, vec![record("12345678901")], 0);
        assert_eq!(outcome, Err(StoreError::TooLarge { size: 11, limit: 10 }));
    }
}
