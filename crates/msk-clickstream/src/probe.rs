//! Asking the brokers for metadata, and finding out quickly why they do not answer.
//!
//! Everything here blocks; callers run it on a blocking thread.

use std::time::Duration;

use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::{Metadata, MetadataTopic};

use crate::error::{ErrorKind, TO_DESCRIBE, kind_of, kind_of_code, unreachable};
use crate::trouble::Trouble;

/// How long one request waits before what the client reported is looked at.
const SLICE: Duration = Duration::from_millis(500);

/// Rounds in which every broker was down before nobody is expected to answer.
const ENOUGH_ROUNDS: u32 = 2;

/// Metadata of one topic, or of all that the role may see, within `limit`.
pub(crate) fn metadata<C: ClientContext>(
    client: &Client<C>,
    trouble: &Trouble,
    topic: Option<&str>,
    limit: Duration,
) -> Result<Metadata, ErrorKind> {
    let slices = (limit.as_millis() / SLICE.as_millis()).max(1);
    let mut last = ErrorKind::TimedOut;
    for _ in 0..slices {
        match client.fetch_metadata(topic, SLICE) {
            Ok(metadata) => {
                trouble.clear();
                return Ok(metadata);
            }
            Err(error) => last = kind_of(&error, trouble, TO_DESCRIBE),
        }
        if matches!(last, ErrorKind::AuthenticationRefused { .. }) {
            return Err(last);
        }
        if trouble.all_down() >= ENOUGH_ROUNDS {
            return Err(unreachable(trouble.network()));
        }
    }
    Err(last)
}

/// The number of partitions of a topic, or why it cannot be used.
pub(crate) fn partitions<C: ClientContext>(
    client: &Client<C>,
    trouble: &Trouble,
    topic: &str,
    limit: Duration,
) -> Result<u32, ErrorKind> {
    let metadata = metadata(client, trouble, Some(topic), limit)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let found = found.ok_or(ErrorKind::TopicMissing)?;
    match found.error() {
        Some(error) => Err(kind_of_code(RDKafkaErrorCode::from(error), trouble, TO_DESCRIBE)),
        None => u32::try_from(usable_partitions(found)).map_err(|_| ErrorKind::TimedOut),
    }
}

/// Partitions that have a leader.
fn usable_partitions(topic: &MetadataTopic) -> usize {
    topic
        .partitions()
        .iter()
        .filter(|partition| partition.leader() >= 0 && partition.error().is_none())
        .count()
}
