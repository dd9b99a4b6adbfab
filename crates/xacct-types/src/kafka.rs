//! Topics: their names, their settings, and the trait in which the crate that
//! wants topics meets the crate that can make them.

use crate::text::checked_text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

/// The name of a Kafka topic that Redshift can read.
///
/// Letters, digits, `.`, `_` and `-`, not `.` or `..`, 1 to 127 bytes: Kafka
/// itself allows 249, Redshift's identifiers 127 (Amazon Redshift developer
/// guide, "Names and identifiers").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicName(String);

impl TopicName {
    /// The longest name, in bytes.
    pub const MAX: usize = 127;

    fn check(value: &str) -> Result<(), String> {
        if value.is_empty() || value.len() > Self::MAX {
            return Err(format!(
                "has {} bytes: Redshift takes topics of 1 to {} bytes",
                value.len(),
                Self::MAX
            ));
        }
        if value == "." || value == ".." {
            return Err("is a name that Kafka refuses".into());
        }
        if value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        {
            return Ok(());
        }
        Err("holds a character that Kafka refuses: use letters, digits, '.', '_' and '-'".into())
    }

    /// Whether Redshift finds the topic only with
    /// `enable_case_sensitive_identifier` on, because its name has capitals.
    #[must_use]
    pub fn needs_case_sensitivity(&self) -> bool {
        self.0.bytes().any(|b| b.is_ascii_uppercase())
    }
}

checked_text!(TopicName, "topic name");

/// What a topic should be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopicSettings {
    /// Its name.
    pub name: TopicName,
    /// Number of partitions, at least 1.
    pub partitions: u32,
    /// Topic configurations by name, for example `retention.ms`.
    pub config: BTreeMap<String, String>,
}

impl TopicSettings {
    /// A topic of `partitions` partitions and the cluster's default configuration.
    #[must_use]
    pub fn new(name: TopicName, partitions: u32) -> Self {
        Self {
            name,
            partitions,
            config: BTreeMap::new(),
        }
    }

    /// Sets one configuration.
    #[must_use]
    pub fn with_config(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.insert(key.into(), value.into());
        self
    }
}

/// A topic as the cluster describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TopicState {
    /// Its name.
    pub name: TopicName,
    /// Number of partitions.
    pub partitions: u32,
    /// The configurations that were asked for, as they are; those that the
    /// cluster would not tell are absent.
    pub config: BTreeMap<String, String>,
}

impl TopicState {
    /// A topic as it was found.
    #[must_use]
    pub fn new(name: TopicName, partitions: u32) -> Self {
        Self {
            name,
            partitions,
            config: BTreeMap::new(),
        }
    }
}

/// Why topics could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
#[error("topic administration: {message}")]
#[non_exhaustive]
pub struct TopicError {
    /// What happened, for people; names the missing IAM action where there is one.
    pub message: String,
    /// What kind of failure it is.
    pub kind: TopicErrorKind,
    /// The client's own error.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Kinds of [`TopicError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicErrorKind {
    /// No broker answered: wrong network, closed port, name not resolved.
    Unreachable,
    /// The role may not do this.
    Denied,
    /// The cluster refuses the settings.
    Refused,
    /// Worth another try.
    Transient,
}

impl TopicError {
    /// An error of `kind`.
    #[must_use]
    pub fn new(kind: TopicErrorKind, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind,
            source: None,
        }
    }

    /// Adds the client's own error as the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether another try may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, TopicErrorKind::Transient)
    }
}

/// A boxed future, so that the trait can be an object.
pub type TopicFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, TopicError>> + Send + 'a>>;

/// Somebody who can reach the brokers and administer topics.
///
/// `bootstrap` is the broker list that the MSK control plane gave; an
/// implementation may reach the brokers another way (a tunnel, a function
/// inside the network).
pub trait TopicAdmin: Send + Sync + 'static {
    /// Describes those of `names` that exist.
    fn describe<'a>(&'a self, bootstrap: &'a str, names: &'a [TopicName])
    -> TopicFuture<'a, Vec<TopicState>>;

    /// Makes a topic; one that is there already is no error. Returns when the
    /// topic can be written to.
    fn create<'a>(&'a self, bootstrap: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()>;

    /// Brings a topic's partitions up to, and its configurations to, what is
    /// asked. Kafka never takes partitions away. Without an implementation of
    /// its own an administrator refuses.
    fn alter<'a>(&'a self, bootstrap: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()> {
        let _ = (bootstrap, topic);
        let refusal = "this administrator makes and removes topics and does not change them";
        Box::pin(async move { Err(TopicError::new(TopicErrorKind::Refused, refusal)) })
    }

    /// Removes a topic and everything in it; one that is gone is no error.
    fn delete<'a>(&'a self, bootstrap: &'a str, name: &'a TopicName) -> TopicFuture<'a, ()>;

    /// The offset behind the last record of every partition, by partition number.
    fn end_offsets<'a>(
        &'a self,
        bootstrap: &'a str,
        name: &'a TopicName,
    ) -> TopicFuture<'a, BTreeMap<i32, i64>>;
}

/// Somebody who knows where a topic ends: what a reader's lag is measured against.
pub trait EndOffsets: Send + Sync {
    /// The offset behind the last record of every partition, by partition number.
    fn end_offsets(&self) -> TopicFuture<'_, BTreeMap<i32, i64>>;
}

/// The ends of one topic, as an administrator of topics gives them.
#[derive(Clone, Copy)]
pub struct TopicEnds<'a> {
    admin: &'a dyn TopicAdmin,
    bootstrap: &'a str,
    topic: &'a TopicName,
}

impl<'a> TopicEnds<'a> {
    /// The ends of `topic` behind `bootstrap`.
    pub fn new(admin: &'a dyn TopicAdmin, bootstrap: &'a str, topic: &'a TopicName) -> Self {
        Self {
            admin,
            bootstrap,
            topic,
        }
    }
}

impl EndOffsets for TopicEnds<'_> {
    fn end_offsets(&self) -> TopicFuture<'_, BTreeMap<i32, i64>> {
        self.admin.end_offsets(self.bootstrap, self.topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_redshift_cannot_take_is_refused() {
        let refusal = TopicName::new("t".repeat(128)).unwrap_err().to_string();
        assert!(refusal.contains("1 to 127 bytes"), "{refusal}");
        assert!(TopicName::new("a\"b").is_err());
    }

    #[test]
    fn capitals_need_case_sensitive_identifiers() {
        assert!(TopicName::new("ClickStream").unwrap().needs_case_sensitivity());
        assert!(!TopicName::new("click.stream-1").unwrap().needs_case_sensitivity());
    }
}
