//! Why a pipeline could not be deployed, looked at or removed.

use crate::spec::SpecError;
use redshift_streaming::data::SqlError;
use xacct_converge::{ApplyError, Class, Failure, Report, explain};
use xacct_iam::AccountError;
use xacct_iam::lease::LeaseError;
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
    /// A resource could not be brought to the wanted state, and everything that the
    /// deployment had made was removed again.
    #[error("the deployment did not finish, and what it had made was removed")]
    RolledBack(#[source] Box<ApplyError>),
    /// A resource could not be brought to the wanted state, and not everything that
    /// the deployment had made could be removed again.
    #[error(
        "the deployment did not finish, and not all that it had made could be removed: {}",
        explain(left)
    )]
    Stranded {
        /// What was left, and the call that failed.
        left: Box<ApplyError>,
        /// Why the deployment did not finish.
        #[source]
        source: Box<ApplyError>,
    },
    /// Another process changes the same pipeline, and did not finish while it was
    /// waited for; nothing was changed.
    #[error("the pipeline is being changed by another process")]
    Busy(#[source] Box<LeaseError>),
    /// The lease that keeps deployments apart could not be taken or given back.
    #[error("the pipeline's lease could not be taken or given back")]
    Lease(#[source] Failure),
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
            Self::Read { source, .. } | Self::Lease(source) => source.is_retryable(),
            Self::Apply(error) | Self::Remove(error) | Self::RolledBack(error) => error.is_retryable(),
            Self::Busy(_) => true,
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
            Self::Producer(_) | Self::Lease(_) | Self::RolledBack(_) | Self::Stranded { .. } => false,
            _ => true,
        }
    }

    /// Whether it ended because it was asked to, or because its deadline had
    /// passed. Doing the same again goes on from there.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let failure = match self {
            Self::Read { source, .. } | Self::Lease(source) => source,
            Self::Apply(error) | Self::Remove(error) => error.failure(),
            _ => return false,
        };
        failure.class() == Class::Stopped
    }
}
