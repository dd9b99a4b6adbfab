//! What becomes of events that were not delivered.

use crate::error::Error;
use crate::record::Record;

/// An event that was not delivered, with its bytes.
#[derive(Debug)]
#[non_exhaustive]
pub struct SendError {
    /// Why. [`Error::has_no_side_effects`] says whether it may be in the topic all the same.
    pub error: Error,
    /// The event as it would have been sent; it can be sent again.
    pub record: Record,
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
