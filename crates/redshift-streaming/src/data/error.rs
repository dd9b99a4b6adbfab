//! Why a statement gave nothing.

use super::refusal::{Outlook, outlook};
use xacct_converge::{Class, Failure};

/// Why a statement gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// Redshift refused it or gave up.
    #[error("Redshift refused \"{name}\": {message}")]
    Refused {
        /// What the statement is for, for example `refresh myview1`.
        name: String,
        /// Redshift's own text.
        message: String,
        /// The Data API's id of the statement, with which AWS support can find it.
        id: String,
    },
    /// It was cancelled.
    #[error("\"{name}\" was cancelled (statement {id})")]
    Cancelled {
        /// What the statement is for.
        name: String,
        /// The Data API's id of the statement.
        id: String,
    },
    /// It still runs; it was not submitted again.
    #[error("\"{name}\" still runs after {seconds} s (statement {id}); it was not sent again")]
    Running {
        /// What the statement is for.
        name: String,
        /// The Data API's id of the statement.
        id: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The service could not be asked.
    #[error("\"{name}\" could not be sent or followed")]
    Call {
        /// What the statement is for.
        name: String,
        /// The failed call.
        #[source]
        source: Failure,
    },
    /// The rows are not of the type asked for.
    #[error("a row of \"{name}\" is not of the type asked for")]
    Shape {
        /// What the statement is for.
        name: String,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
}

impl SqlError {
    /// Redshift's text, where it refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused { message, .. } => Some(message),
            _ => None,
        }
    }

    /// What the refusal says about trying again; `None` where Redshift did not refuse.
    #[must_use]
    pub fn outlook(&self) -> Option<Outlook> {
        self.refusal().map(outlook)
    }

    /// Whether another try may succeed without anything being changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call { source, .. } => source.is_retryable(),
            Self::Running { .. } => true,
            Self::Refused { message, .. } => {
                matches!(outlook(message), Outlook::Contended | Outlook::MayPass)
            }
            _ => false,
        }
    }

    /// Whether it is certain that nothing was changed.
    #[must_use]
    pub fn has_no_side_effects(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            Self::Call { source, .. } => source.has_no_side_effects(),
            _ => false,
        }
    }

    /// The same as a failure of the operation `redshift-data:ExecuteStatement`.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Call { source, .. } => source,
            other => {
                let class = if matches!(other, Self::Running { .. }) {
                    Class::Ambiguous
                } else {
                    Class::Terminal
                };
                Failure::new("redshift-data:ExecuteStatement", class, other.to_string())
            }
        }
    }
}
