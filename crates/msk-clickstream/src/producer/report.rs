//! What becomes of events that were not delivered.

use crate::error::Error;

use super::line::Outgoing;

/// An event that was not delivered, with its bytes.
#[derive(Debug)]
#[non_exhaustive]
pub struct SendError {
    /// Why. [`Error::has_no_side_effects`] says whether it may be in the topic all the same.
    pub error: Error,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The event as it would have been sent.
    pub payload: Vec<u8>,
    pub(super) timestamp_ms: Option<i64>,
}

/// Says what its [`Error`] says.
impl std::fmt::Display for SendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl SendError {
    pub(super) fn not_sent(error: Error, outgoing: Outgoing) -> Self {
        let Outgoing {
            key,
            payload,
            timestamp_ms,
        } = outgoing;
        Self {
            error,
            key,
            payload,
            timestamp_ms,
        }
    }

    /// The record, for another attempt.
    pub(super) fn into_outgoing(self) -> Outgoing {
        Outgoing {
            key: self.key,
            payload: self.payload,
            timestamp_ms: self.timestamp_ms,
        }
    }
}

/// What is left after a flush.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Leftovers {
    /// Events that failed and for whose result nobody waited.
    pub failed: Vec<SendError>,
    /// Events that no broker has answered yet.
    pub unanswered: usize,
}

impl Leftovers {
    /// Whether every event that nobody waits for was delivered.
    pub fn is_empty(&self) -> bool {
        self.failed.is_empty() && self.unanswered == 0
    }
}
