//! Reading a specification, and what can be wrong with it.

use super::PipelineSpec;
use std::fmt;

/// A specification that cannot be deployed. Nothing was called.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The text is no specification: a syntax error, an unknown field, a value
    /// of the wrong kind. The text shows the line.
    #[error("the specification cannot be read: {message}")]
    Syntax {
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
        /// The parser's message with the line and a marker.
        message: String,
    },
    /// It can be read and would not work.
    #[error("the specification cannot be deployed: {0}")]
    Rejected(Problems),
}

/// Everything that is wrong with a specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The field, for example `warehouse.workgroup.base_capacity`.
    pub field: String,
    /// What is wrong and what to change.
    pub why: String,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", problem.field, problem.why)?;
        }
        Ok(())
    }
}

impl PipelineSpec {
    /// Reads and checks a TOML file's text.
    ///
    /// # Errors
    /// [`SpecError::Syntax`] with the line, or [`SpecError::Rejected`] with
    /// everything that is wrong.
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        let read: Result<Self, toml::de::Error> = toml::from_str(text);
        let spec = read.map_err(|error| {
            let line = error
                .span()
                .map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            SpecError::Syntax {
                line,
                message: error.to_string().trim_end().to_owned(),
            }
        })?;
        spec.checked()
    }

    /// Reads and checks a JSON file's text.
    ///
    /// # Errors
    /// As [`PipelineSpec::from_toml`].
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        let read: Result<Self, serde_json::Error> = serde_json::from_str(text);
        let spec = read.map_err(|error| SpecError::Syntax {
            line: Some(error.line()),
            message: error.to_string(),
        })?;
        spec.checked()
    }

    /// The specification as TOML.
    ///
    /// # Errors
    /// [`SpecError::Syntax`] where a value cannot be written.
    pub fn to_toml(&self) -> Result<String, SpecError> {
        toml::to_string_pretty(self).map_err(|error| SpecError::Syntax {
            line: None,
            message: error.to_string(),
        })
    }

    /// Checks everything that can be known without a call.
    ///
    /// # Errors
    /// [`SpecError::Rejected`] with everything that is wrong, not only the first thing.
    pub fn checked(self) -> Result<Self, SpecError> {
        let problems = self.problems();
        if problems.is_empty() {
            Ok(self)
        } else {
            Err(SpecError::Rejected(Problems(problems)))
        }
    }
}
