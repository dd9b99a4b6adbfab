//! What can go wrong with documents, grants and chains before AWS is asked.

use std::error::Error as StdError;

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
