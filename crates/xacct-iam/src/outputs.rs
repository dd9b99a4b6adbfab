//! What there is once the roles are there.

use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use xacct_types::RoleArn;

/// A role that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleOut {
    /// The role's ARN.
    pub arn: RoleArn,
    /// The unique id that AWS gave (`AROA…`); another one after the role was made anew.
    pub unique_id: String,
    /// When this run made it; `None` if it was there before.
    #[serde(skip)]
    pub made_at: Option<SystemTime>,
}

impl RoleOut {
    /// A role that was there before.
    #[must_use]
    pub fn new(arn: RoleArn, unique_id: impl Into<String>) -> Self {
        Self {
            arn,
            unique_id: unique_id.into(),
            made_at: None,
        }
    }
}

/// An inline policy that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RolePolicyOut {
    /// The role that has it.
    pub role: RoleArn,
    /// Its name.
    pub name: String,
}

impl RolePolicyOut {
    /// A policy of a role, by name.
    #[must_use]
    pub fn new(role: RoleArn, name: impl Into<String>) -> Self {
        Self {
            role,
            name: name.into(),
        }
    }
}
