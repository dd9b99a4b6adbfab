//! One statement, or one batch, and what became of it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::SimTime;
use crate::sql::result::ResultSet;

/// How long results and statements can be asked for. <https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html>
pub(super) const KEPT: Duration = Duration::from_secs(24 * 3_600);

/// The end of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Finished,
    Failed(String),
    Aborted,
}

/// One statement of a batch, or the only one.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub text: String,
    /// None until it ran; in a batch, those after a failure are aborted.
    pub ending: Option<Ending>,
    pub result: Option<ResultSet>,
    /// Rows returned or changed; -1 where that makes no sense.
    pub rows: i64,
    pub query: i64,
    /// Where in the whole statement's time it ended.
    pub ended_at: SimTime,
}

/// A statement as it was submitted.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub id: String,
    pub name: Option<String>,
    pub batch: bool,
    /// All parts or none.
    pub atomic: bool,
    pub parts: Vec<Part>,
    pub parameters: BTreeMap<String, String>,
    pub workgroup: String,
    pub database: String,
    pub user: String,
    pub secret: Option<String>,
    pub session: Option<String>,
    pub created_at: SimTime,
    pub picked_at: SimTime,
    pub started_at: SimTime,
    /// When it ends, if nothing happens before.
    pub due: SimTime,
    /// Failed already, but Redshift still tries until `due`.
    pub failing: bool,
    pub ending: Option<Ending>,
    pub updated_at: SimTime,
}

impl Statement {
    /// The status as `DescribeStatement` shows it.
    pub(crate) fn status(&self, now: SimTime) -> &'static str {
        match &self.ending {
            Some(ending) => ending.status(),
            None if now < self.picked_at => "SUBMITTED",
            None if now < self.started_at => "PICKED",
            None => "STARTED",
        }
    }

    /// When the status last changed.
    pub(crate) fn updated_at(&self, now: SimTime) -> SimTime {
        if self.ending.is_some() {
            self.updated_at
        } else if now < self.picked_at {
            self.created_at
        } else if now < self.started_at {
            self.picked_at
        } else {
            self.started_at
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.ending.is_none()
    }

    pub(crate) fn expired(&self, now: SimTime) -> bool {
        self.ending.is_some() && now > self.updated_at + KEPT
    }

    pub(crate) fn has_result(&self) -> bool {
        self.parts.iter().any(|part| part.result.is_some())
    }
}

impl Ending {
    pub(crate) fn status(&self) -> &'static str {
        match self {
            Self::Finished => "FINISHED",
            Self::Failed(_) => "FAILED",
            Self::Aborted => "ABORTED",
        }
    }

    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}
