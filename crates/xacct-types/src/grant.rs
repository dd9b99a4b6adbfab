//! A permission as the crates hand it to each other: actions on resources, and why.

use serde::{Deserialize, Serialize};

/// Actions that somebody needs on some resources, and the reason.
///
/// The crate that knows a service says what is needed; `xacct-iam` turns grants
/// into policy documents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// A statement id of letters and digits, unique within the role.
    pub sid: String,
    /// IAM actions such as `kafka-cluster:Connect`, sorted.
    pub actions: Vec<String>,
    /// Resource ARNs, wildcards allowed; `*` only where AWS knows no narrower one.
    pub resources: Vec<String>,
    /// Conditions, all of which must hold.
    pub conditions: Vec<Condition>,
    /// Why it is needed, for people.
    pub reason: String,
}

/// One line of a policy's `Condition` block.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Condition {
    /// For example `StringEquals`.
    pub operator: String,
    /// For example `aws:RequestTag/xacct:pipeline`.
    pub key: String,
    /// Any of these matches.
    pub values: Vec<String>,
}

impl Grant {
    /// Grants `actions` on `resources` because of `reason`.
    #[must_use]
    pub fn new<A, R>(sid: &str, actions: A, resources: R, reason: &str) -> Self
    where
        A: IntoIterator,
        A::Item: Into<String>,
        R: IntoIterator,
        R::Item: Into<String>,
    {
        let mut actions: Vec<String> = actions.into_iter().map(Into::into).collect();
        actions.sort();
        actions.dedup();
        let resources = resources.into_iter().map(Into::into).collect();
        Self {
            sid: sid.into(),
            actions,
            resources,
            conditions: Vec::new(),
            reason: reason.into(),
        }
    }

    /// Adds a condition that must hold.
    #[must_use]
    pub fn when(mut self, operator: &str, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        let values = values.into_iter().collect();
        self.conditions.push(Condition {
            operator: operator.into(),
            key: key.into(),
            values,
        });
        self
    }
}
