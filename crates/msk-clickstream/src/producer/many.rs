//! Sending a stream of events.

use std::borrow::Borrow;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use serde::Serialize;

use crate::error::Error;
use crate::event::ClickEvent;
use crate::record::{NO_HEADERS, Outgoing, Record};

use super::ClickstreamProducer;
use super::line::Line;
use super::report::SendError;
use super::ticket::{Many, Ticket};

/// After how many events other tasks get their turn, as the runtime sees fit.
const TURN: u64 = 64;

/// How a stream of events ended.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SendSummary {
    /// Events that all replicas have.
    pub delivered: u64,
    /// Events that were not delivered, or of which that is not known.
    pub failed: Vec<SendError>,
}

impl ClickstreamProducer {
    /// Sends every event of a stream, owned or borrowed, in its order, and returns when each has ended. No more are taken
    /// from the stream than the buffer holds.
    ///
    /// Does not stop at failures: they are in the summary. If the returned future is dropped, what was
    /// taken from the stream is still sent, and failures show up in the next [`flush`](Self::flush) or
    /// [`close`](Self::close).
    pub async fn send_all<S, E>(&self, events: S) -> SendSummary
    where
        S: Stream<Item = E>,
        E: Borrow<ClickEvent>,
    {
        self.send_each(events.map(Event)).await
    }

    /// The same for records of your own.
    pub async fn send_all_records<S>(&self, records: S) -> SendSummary
    where
        S: Stream<Item = Record>,
    {
        self.send_each(records).await
    }

    /// The same for keys and bytes.
    pub async fn send_all_bytes<S>(&self, records: S) -> SendSummary
    where
        S: Stream<Item = (Option<Vec<u8>>, Vec<u8>)>,
    {
        self.send_each(records).await
    }

    /// The same for keys and anything that serde writes as JSON.
    pub async fn send_all_json<S, T>(&self, values: S) -> SendSummary
    where
        S: Stream<Item = (Option<Vec<u8>>, T)>,
        T: Serialize,
    {
        self.send_each(values.map(|(key, value)| Json { key, value }))
            .await
    }

    async fn send_each<T: Lend>(&self, records: impl Stream<Item = T>) -> SendSummary {
        let mut records = pin!(records);
        let mut batch = Batch::new(self);
        let mut buffer = Vec::new();
        let mut taken = 0_u64;
        while let Some(record) = records.next().await {
            taken += 1;
            if taken.is_multiple_of(TURN) {
                tokio::task::consume_budget().await;
            }
            match record.lend(self, &mut buffer) {
                Ok(outgoing) => batch.send(outgoing).await,
                Err(error) => batch.refused.push(SendError {
                    error,
                    record: Record::default(),
                }),
            }
        }
        batch.end().await
    }
}

/// What can be sent out of a buffer that is used again and again.
trait Lend {
    fn lend<'a>(&'a self, by: &ClickstreamProducer, buffer: &'a mut Vec<u8>) -> Result<Outgoing<'a>, Error>;
}

/// An event, owned or borrowed.
struct Event<E>(E);

impl<E: Borrow<ClickEvent>> Lend for Event<E> {
    fn lend<'a>(&'a self, by: &ClickstreamProducer, buffer: &'a mut Vec<u8>) -> Result<Outgoing<'a>, Error> {
        buffer.clear();
        let event = self.0.borrow();
        by.write(event, buffer)?;
        Ok(by.outgoing(event, buffer))
    }
}

impl Lend for Record {
    fn lend<'a>(&'a self, _: &ClickstreamProducer, _: &'a mut Vec<u8>) -> Result<Outgoing<'a>, Error> {
        Ok(self.outgoing())
    }
}

impl Lend for (Option<Vec<u8>>, Vec<u8>) {
    fn lend<'a>(&'a self, _: &ClickstreamProducer, _: &'a mut Vec<u8>) -> Result<Outgoing<'a>, Error> {
        Ok(plain(self.0.as_deref(), &self.1))
    }
}

/// A value and its key.
struct Json<T> {
    key: Option<Vec<u8>>,
    value: T,
}

impl<T: Serialize> Lend for Json<T> {
    fn lend<'a>(&'a self, by: &ClickstreamProducer, buffer: &'a mut Vec<u8>) -> Result<Outgoing<'a>, Error> {
        buffer.clear();
        by.write(&self.value, buffer)?;
        Ok(plain(self.key.as_deref(), buffer))
    }
}

fn plain<'a>(key: Option<&'a [u8]>, payload: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        key,
        payload,
        timestamp: None,
        headers: NO_HEADERS,
    }
}

/// Records whose ends are waited for together; one ticket for each line that they went through.
struct Batch<'a> {
    producer: &'a ClickstreamProducer,
    parts: Vec<(Arc<Line>, Arc<Ticket>)>,
    refused: Vec<SendError>,
}

impl<'a> Batch<'a> {
    fn new(producer: &'a ClickstreamProducer) -> Self {
        let mut batch = Self {
            producer,
            parts: Vec::new(),
            refused: Vec::new(),
        };
        batch.go_through(producer.line());
        batch
    }

    fn go_through(&mut self, line: Arc<Line>) {
        self.parts.push((line, Arc::new(Ticket::many())));
    }

    async fn send(&mut self, outgoing: Outgoing<'_>) {
        if let Err(error) = self.try_send(outgoing).await {
            self.producer.shared.works.meters.refused();
            self.refused.push(SendError {
                error,
                record: outgoing.to_record(),
            });
        }
    }

    async fn try_send(&mut self, outgoing: Outgoing<'_>) -> Result<(), Error> {
        self.producer.admit(outgoing).await?;
        loop {
            let Some((line, ticket)) = self.parts.last() else {
                return Err(self.producer.error(crate::ErrorKind::Closed));
            };
            let many = counted(ticket);
            many.inspect(|many| many.expect());
            let produced = line.produce(outgoing, &self.producer.shared.works.headers, Arc::clone(ticket));
            let Err(code) = produced else { return Ok(()) };
            many.inspect(|many| many.expect_no_more());
            let line = Arc::clone(line);
            let next = self.producer.after_refusal(&line, code, outgoing).await?;
            if let Some(fresh) = next {
                self.go_through(fresh);
            }
        }
    }

    async fn end(mut self) -> SendSummary {
        let mut summary = SendSummary::default();
        for (line, ticket) in &self.parts {
            if let Some(many) = counted(ticket) {
                many.all().await;
                summary.delivered += many.delivered();
                let failed = many.take_failed().into_iter();
                summary
                    .failed
                    .extend(failed.map(|failure| line.send_error(failure)));
            }
        }
        summary.failed.append(&mut self.refused);
        summary
    }
}

/// Somebody lost interest: what fails from now on is reported by `flush` and `close`.
impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for (line, ticket) in &self.parts {
            let left = counted(ticket).map(Many::abandon).unwrap_or_default();
            line.deliveries().unclaimed().extend(left);
        }
    }
}

fn counted(ticket: &Ticket) -> Option<&Many> {
    match ticket {
        Ticket::Many(many) => Some(many),
        Ticket::One(_) => None,
    }
}
