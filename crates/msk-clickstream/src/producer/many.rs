//! Sending a stream of events.

use std::pin::pin;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, Stream, StreamExt};

use crate::error::ErrorKind;
use crate::event::ClickEvent;

use super::ClickstreamProducer;
use super::line::{Delivery, Outgoing, Pending};
use super::report::SendError;

/// How a stream of events ended.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SendSummary {
    /// Events that all replicas have.
    pub delivered: u64,
    /// Events that were not delivered, or of which that is not known.
    pub failed: Vec<SendError>,
}

impl SendSummary {
    fn add(&mut self, end: Result<Delivery, SendError>) {
        match end {
            Ok(_) => self.delivered += 1,
            Err(failure) => self.failed.push(failure),
        }
    }
}

impl ClickstreamProducer {
    /// Sends every event of a stream, in its order, and returns when each has ended. No more are taken
    /// from the stream than the buffer holds.
    ///
    /// Does not stop at failures: they are in the summary.
    pub async fn send_all<S>(&self, events: S) -> SendSummary
    where
        S: Stream<Item = ClickEvent>,
    {
        self.send_each(events.map(|event| self.encode(&event))).await
    }

    /// The same for keys and bytes.
    pub async fn send_all_bytes<S>(&self, records: S) -> SendSummary
    where
        S: Stream<Item = (Option<Vec<u8>>, Vec<u8>)>,
    {
        let outgoing = |(key, payload)| {
            Ok(Outgoing {
                key,
                payload,
                timestamp_ms: None,
            })
        };
        self.send_each(records.map(outgoing)).await
    }

    async fn send_each(&self, records: impl Stream<Item = Result<Outgoing, SendError>>) -> SendSummary {
        let mut records = pin!(records);
        let mut summary = SendSummary::default();
        let mut under_way = FuturesUnordered::new();
        while let Some(record) = records.next().await {
            match record {
                Ok(outgoing) => self.send_one(outgoing, &mut under_way, &mut summary).await,
                Err(failure) => summary.failed.push(failure),
            }
            while let Some(Some(end)) = under_way.next().now_or_never() {
                summary.add(end);
            }
        }
        while let Some(end) = under_way.next().await {
            summary.add(end);
        }
        summary
    }

    async fn send_one(
        &self,
        outgoing: Outgoing,
        under_way: &mut FuturesUnordered<Pending>,
        summary: &mut SendSummary,
    ) {
        match self.enqueue(outgoing) {
            Ok(pending) => under_way.push(pending),
            Err(full) if *full.error.kind() == ErrorKind::BufferFull => {
                let outgoing = full.into_outgoing();
                match self.enqueue_when_possible(outgoing).await {
                    Ok(pending) => under_way.push(pending),
                    Err(failure) => summary.failed.push(failure),
                }
            }
            Err(failure) => summary.failed.push(failure),
        }
    }
}
