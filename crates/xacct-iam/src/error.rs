//! What can go wrong with documents, grants and accounts.

use std::error::Error as StdError;
use xacct_converge::Failure;
use xacct_types::AccountId;

/// A policy document could not be read, built or fitted.
///
/// Nothing here has touched AWS and no second try helps: the input has to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The text is no JSON, or JSON that is no policy.
    #[error("the policy document cannot be read at line {line}, column {column}")]
    #[non_exhaustive]
    Syntax {
        /// Line in the decoded text, counted from 1.
        line: usize,
        /// Column in the decoded text, counted from 1.
        column: usize,
        /// What the JSON reader says.
        #[source]
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// The percent-encoded bytes are no UTF-8.
    #[error("the policy document is percent-encoded but not UTF-8")]
    #[non_exhaustive]
    Encoding {
        /// Where the bytes stop being text.
        #[source]
        cause: std::str::Utf8Error,
    },
    /// A statement id that IAM refuses, or one that stands twice.
    #[error("the statement id \"{sid}\" {why}")]
    #[non_exhaustive]
    Sid {
        /// The id.
        sid: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A grant that no statement can express.
    #[error("the grant \"{sid}\" {why}")]
    #[non_exhaustive]
    Grant {
        /// The grant's statement id.
        sid: String,
        /// What is wrong with it.
        why: String,
    },
    /// The document is longer than IAM takes.
    #[error("the document has {size} characters and {what} takes {limit}{hint}")]
    #[non_exhaustive]
    TooLong {
        /// Characters without white space.
        size: usize,
        /// What it was meant for.
        what: &'static str,
        /// How many characters fit.
        limit: usize,
        /// Why splitting does not help, or nothing.
        hint: &'static str,
    },
}

impl PolicyError {
    pub(crate) fn syntax(cause: serde_json::Error) -> Self {
        Self::Syntax {
            line: cause.line(),
            column: cause.column(),
            cause: Box::new(cause),
        }
    }
}

/// The credentials are not those of the account that was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// They belong to another account.
    #[error("the credentials belong to account {found} ({arn}), not to {expected}")]
    #[non_exhaustive]
    Other {
        /// The account that was asked for.
        expected: AccountId,
        /// The account that the credentials belong to.
        found: AccountId,
        /// Who they are.
        arn: String,
    },
    /// STS did not say.
    #[error("it could not be found out whether the credentials belong to account {expected}")]
    #[non_exhaustive]
    Unknown {
        /// The account that was asked for.
        expected: AccountId,
        /// The failed call.
        source: Failure,
    },
}

impl AccountError {
    /// Whether another try may succeed without anything being mended.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Other { .. } => false,
            Self::Unknown { source, .. } => source.is_retryable(),
        }
    }

    /// Whether nothing was changed: always, only the caller's identity was asked.
    #[must_use]
    pub const fn has_no_side_effects(&self) -> bool {
        true
    }
}
