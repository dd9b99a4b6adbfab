//! What a person watching sees.

use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Something happened to a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// The resource's name, for example `source/vpc`.
    pub resource: String,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// Usual time until everything is done that is under way or waits for it;
    /// `None` outside a run.
    pub remaining: Option<Duration>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A change began.
    Started {
        /// `create`, `update`, `replace`, `delete`.
        change: String,
    },
    /// It belongs to the user, is used and will stay.
    Adopted,
    /// It exists.
    Made,
    /// It was found although the answer to its creation was lost.
    Recovered,
    /// It waits.
    Waiting {
        /// For what, for people.
        reason: String,
    },
    /// A call is made again.
    Retried {
        /// For example `ec2:CreateVpc`.
        operation: String,
        /// Why, for people.
        why: String,
    },
    /// It is usable.
    Ready,
    /// It is gone.
    Removed,
    /// It failed.
    Failed {
        /// Why, for people.
        why: String,
    },
}

/// Takes events; must return at once.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;
