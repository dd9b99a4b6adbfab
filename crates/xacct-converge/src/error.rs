//! Why a graph could not be brought to the wanted state.

use crate::Failure;
use std::error::Error;
use std::fmt;

/// A deployment or a removal that did not finish. What was made is kept and
/// found again by the next run.
#[derive(Debug)]
#[non_exhaustive]
pub struct ApplyError {
    /// The resource that failed first, for example `source/vpc`.
    pub resource: String,
    /// Resources that are as wanted.
    pub done: Vec<String>,
    /// Resources that were not begun, or not finished.
    pub left: Vec<String>,
    /// Further failures of resources that were in flight: name and text.
    pub also: Vec<(String, String)>,
    source: Failure,
}

impl ApplyError {
    pub(crate) fn new(resource: String, source: Failure) -> Self {
        Self {
            resource,
            done: Vec::new(),
            left: Vec::new(),
            also: Vec::new(),
            source,
        }
    }

    /// The failed call.
    #[must_use]
    pub const fn failure(&self) -> &Failure {
        &self.source
    }

    /// Whether running again may succeed without anything being mended.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.source.is_retryable()
    }

    /// Whether nothing at all was changed by this run's failed call.
    #[must_use]
    pub const fn has_no_side_effects(&self) -> bool {
        self.source.has_no_side_effects()
    }
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} could not be brought to the wanted state ({} done, {} left; running again goes on from there)",
            self.resource,
            self.done.len(),
            self.left.len()
        )
    }
}

impl Error for ApplyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// The whole chain of an error in one line, each layer once.
///
/// ```
/// use xacct_converge::{Class, Failure, explain};
/// let failure = Failure::new("ec2:CreateVpc", Class::Terminal, "limit reached").with_source("five VPCs");
/// assert_eq!(explain(&failure), "ec2:CreateVpc failed: limit reached: five VPCs");
/// ```
#[must_use]
pub fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
