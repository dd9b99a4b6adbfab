//! Why a pipeline could not be deployed, looked at or removed.

use crate::spec::SpecError;
use redshift_streaming::data::SqlError;
use xacct_converge::{ApplyError, Failure, Report};
use xacct_iam::AccountError;
use xacct_net::Side;

/// An error of the facade. Its text says what the facade was doing; the cause
/// is behind [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The specification cannot be deployed; nothing was called.
    #[error("the pipeline was not begun")]
    Spec(#[from] SpecError),
    /// The specification gives no networks or names that AWS could take; nothing was called.
    #[error("the specification cannot be resolved")]
    Unresolved(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The credentials of one side belong to another account, or nobody could
    /// say to which; nothing was changed.
    #[error("the {side} credentials were not accepted")]
    Identity {
        /// Whose credentials.
        side: Side,
        /// Which account they belong to instead.
        #[source]
        source: Box<AccountError>,
    },
    /// The credentials of one side are for another region; nothing was changed.
    #[error("the {side} configuration is for region {found}, and the specification says {expected}")]
    WrongRegion {
        /// Whose configuration.
        side: Side,
        /// The region of the specification.
        expected: String,
        /// The region of the configuration.
        found: String,
    },
    /// Something was found that would make the deployment fail; nothing was changed.
    #[error("the deployment was not begun: {0}")]
    Preflight(Report),
    /// A plan was to be applied that no longer fits what there is.
    #[error("the plan was not applied: {0}")]
    Moved(String),
    /// What there is could not be read; nothing was changed.
    #[error("{what} could not be read")]
    Read {
        /// What was looked at, for example `the source network`.
        what: &'static str,
        /// The failed call.
        #[source]
        source: Failure,
    },
    /// A resource could not be brought to the wanted state.
    #[error("the deployment did not finish")]
    Apply(#[source] Box<ApplyError>),
    /// A resource could not be removed.
    #[error("the removal did not finish")]
    Remove(#[source] Box<ApplyError>),
    /// A statement was refused.
    #[error("the warehouse could not be asked")]
    Sql(#[source] Box<SqlError>),
    /// The producer could not be made.
    #[error("the producer could not be made")]
    Producer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A policy document cannot be written.
    #[error("a policy cannot be written")]
    Policies(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The configuration lacks something that the brokers need.
    #[error("the brokers cannot be reached with this configuration")]
    Brokers(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        Self::Sql(Box::new(error))
    }
}

impl Error {
    /// Whether doing the same again may succeed without anything being mended.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Read { source, .. } => source.is_retryable(),
            Self::Apply(error) | Self::Remove(error) => error.is_retryable(),
            Self::Sql(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// Whether it is certain that the failed operation changed nothing.
    #[must_use]
    pub fn has_no_side_effects(&self) -> bool {
        match self {
            Self::Apply(error) | Self::Remove(error) => error.has_no_side_effects(),
            Self::Sql(error) => error.has_no_side_effects(),
            Self::Producer(_) => false,
            _ => true,
        }
    }
}
