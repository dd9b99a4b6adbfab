//! One call that did not work, and what may be done about it.

use std::error::Error;
use std::fmt;

/// Why a call failed, as far as it decides what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// Refused because of too many calls; nothing happened.
    Throttled,
    /// A fault on the way or at the other end; nothing happened.
    Transient,
    /// No answer, or an answer that says nothing: it may have happened.
    Ambiguous,
    /// Something just made is not visible to this call yet.
    NotYet,
    /// Something else is still going on with the resource.
    Busy,
    /// Not made, because the run was asked to stop or something else failed.
    Stopped,
    /// Trying again will not help.
    Terminal,
    /// A mistake of this library.
    Bug,
}

/// A failed call.
#[derive(Debug)]
pub struct Failure {
    operation: String,
    class: Class,
    code: Option<String>,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure of `operation`, for example `ec2:CreateVpc`.
    #[must_use]
    pub fn new(operation: impl Into<String>, class: Class, message: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            class,
            code: None,
            message: message.into(),
            source: None,
        }
    }

    /// A mistake of this library.
    #[must_use]
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new("internal", Class::Bug, message)
    }

    /// A resource that ended in a failed state, or a wait that ended.
    #[must_use]
    pub fn terminal(operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(operation, Class::Terminal, message)
    }

    /// Something that was not begun or not waited for to the end.
    #[must_use]
    pub fn stopped(operation: impl Into<String>) -> Self {
        Self::new(operation, Class::Stopped, "stopped on request")
    }

    /// Adds the service's error code.
    #[must_use]
    pub fn with_code(mut self, code: Option<&str>) -> Self {
        self.code = code.map(str::to_owned);
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same failure, classed otherwise.
    #[must_use]
    pub fn classed(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// The operation, for example `ec2:CreateVpc`.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The service's error code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The service's message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the code is one of `codes`.
    #[must_use]
    pub fn is_code(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// Whether another try of the whole operation may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        !matches!(self.class, Class::Terminal | Class::Bug)
    }

    /// Whether it is certain that nothing was changed.
    #[must_use]
    pub const fn has_no_side_effects(&self) -> bool {
        !matches!(self.class, Class::Ambiguous | Class::Bug)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} failed with {code}: {}", self.operation, self.message),
            None => write!(f, "{} failed: {}", self.operation, self.message),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref();
        source.map(|source| source as &(dyn Error + 'static))
    }
}

/// An error of a client that can say what became of its call.
pub trait Classify: Error + Send + Sync + Sized + 'static {
    /// Turns the error into a failure of `operation`.
    fn into_failure(self, operation: &str) -> Failure;
}

impl Classify for Failure {
    fn into_failure(self, _operation: &str) -> Failure {
        self
    }
}
