//! Errors of a statement, worded as Redshift words them.

use std::time::Duration;

/// Why a statement failed. `message` is what the caller of the Data API sees (with the leading
/// `ERROR: `), `cause` is what only the simulator knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlError {
    /// Text for `DescribeStatement.Error`.
    pub message: String,
    /// The real reason, when the text hides it (a closed port reads as a timeout).
    pub cause: Option<String>,
    /// How much longer the statement ran before it failed (a connection timeout, say).
    pub after: Duration,
}

pub(crate) type SqlResult<T> = Result<T, SqlError>;

impl SqlError {
    /// An error whose text says everything. The prefix `ERROR: ` is added here.
    pub(crate) fn new(message: impl AsRef<str>) -> Self {
        Self {
            message: format!("ERROR: {}", message.as_ref()),
            cause: None,
            after: Duration::ZERO,
        }
    }

    /// An error of the outside world: `cause` is kept for `Sim::explain`.
    pub(crate) fn outside(message: impl AsRef<str>, cause: impl Into<String>, after: Duration) -> Self {
        Self {
            cause: Some(cause.into()),
            after,
            ..Self::new(message)
        }
    }

    /// `syntax error at or near "x"` with the 1-based character position.
    pub(crate) fn syntax(near: &str, position: usize) -> Self {
        if near.is_empty() {
            return Self::new("syntax error at end of input").at(position);
        }
        Self::new(format!("syntax error at or near \"{near}\"")).at(position)
    }

    /// Adds the position as the Data API shows it.
    pub(crate) fn at(mut self, position: usize) -> Self {
        self.message.push_str(&format!("\n  Position: {position}"));
        self
    }

    /// Adds a detail line.
    pub(crate) fn detail(mut self, detail: &str) -> Self {
        self.message.push_str(&format!("\n  Detail: {detail}"));
        self
    }

    /// Adds a hint line.
    pub(crate) fn hint(mut self, hint: &str) -> Self {
        self.message.push_str(&format!("\n  Hint: {hint}"));
        self
    }

    /// Something Redshift has and the simulator has not. Loud, so that nobody takes it for Redshift's answer.
    pub(crate) fn not_modelled(what: impl AsRef<str>) -> Self {
        Self::new(format!("{} is not modelled by the simulator", what.as_ref()))
    }
}

impl From<rusqlite::Error> for SqlError {
    /// Errors of our own SQL functions carry their text through SQLite; anything else is a defect of the rewriting
    /// and says so.
    fn from(error: rusqlite::Error) -> Self {
        let text = match &error {
            rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
            rusqlite::Error::SqlInputError { msg, .. } => format!("internal: {msg}"),
            other => format!("internal: {other}"),
        };
        match text.strip_prefix("ERROR: ") {
            Some(rest) => Self::new(rest),
            None => Self::new(text),
        }
    }
}
