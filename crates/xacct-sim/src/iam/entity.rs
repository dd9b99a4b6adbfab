//! Users, roles, policies and keys as IAM holds them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::auth::document::Document;
use crate::clock::SimTime;

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// `/` or `/division/`.
    pub(crate) path: String,
    /// `AROA…`: what a trust policy really names; a role made again under the same name has another.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) trust: Trust,
    pub(crate) description: Option<String>,
    /// Seconds, 3600 to 43200.
    pub(crate) max_session: u32,
    pub(crate) inline: BTreeMap<String, Document>,
    /// ARNs of attached managed policies.
    pub(crate) attached: Vec<String>,
    /// ARN of the managed policy that bounds it.
    pub(crate) boundary: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) created_at: SimTime,
    /// From when reads through other hosts find it.
    pub(crate) visible_at: SimTime,
    /// From when trust policies may name it.
    pub(crate) principal_at: SimTime,
    /// From when it can be assumed.
    pub(crate) assumable_at: SimTime,
    /// Made by a service for itself.
    pub(crate) service_linked: bool,
}

impl Role {
    /// A role without policies and extras, usable at once; its id is still to be given.
    pub(crate) fn plain(name: String, path: String, arn: String, trust: Trust, now: SimTime) -> Self {
        Self {
            name,
            path,
            id: String::new(),
            arn,
            trust,
            description: None,
            max_session: 3600,
            inline: BTreeMap::new(),
            attached: Vec::new(),
            boundary: None,
            tags: BTreeMap::new(),
            created_at: now,
            visible_at: now,
            principal_at: now,
            assumable_at: now,
            service_linked: false,
        }
    }
}

/// A trust policy with principals as unique ids.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    /// The document with every user and role ARN replaced by its unique id.
    pub(crate) stored: Value,
    /// The same, parsed.
    pub(crate) document: Document,
}

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) path: String,
    /// `AIDA…`.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) inline: BTreeMap<String, Document>,
    pub(crate) attached: Vec<String>,
    pub(crate) boundary: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) created_at: SimTime,
}

/// A customer-managed policy.
#[derive(Debug, Clone)]
pub(crate) struct ManagedPolicy {
    pub(crate) name: String,
    pub(crate) path: String,
    /// `ANPA…`.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    /// By number: v1, v2 …
    pub(crate) versions: BTreeMap<u32, PolicyVersion>,
    pub(crate) default_version: u32,
    /// The highest number ever given; numbers are not used again.
    pub(crate) last_version: u32,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) created_at: SimTime,
    pub(crate) updated_at: SimTime,
}

/// One version of a managed policy.
#[derive(Debug, Clone)]
pub(crate) struct PolicyVersion {
    pub(crate) document: Document,
    pub(crate) created_at: SimTime,
}

impl ManagedPolicy {
    /// The document in force.
    pub(crate) fn document(&self) -> Option<&Document> {
        self.versions
            .get(&self.default_version)
            .map(|version| &version.document)
    }
}

/// An access key: a user's, or temporary ones of a role session.
#[derive(Debug, Clone)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) holder: Holder,
    pub(crate) created_at: SimTime,
}

/// Who holds a key.
#[derive(Debug, Clone)]
pub(crate) enum Holder {
    User(String),
    Session(Box<Session>),
}

/// A session of a role.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) role: String,
    /// Of the role that was assumed; a role made again does not revive old sessions.
    pub(crate) role_id: String,
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) expires_at: SimTime,
    /// Session policies: inline first, then managed ones.
    pub(crate) policies: Vec<(String, Document)>,
}
