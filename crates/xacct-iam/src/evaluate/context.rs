//! The keys of a request that conditions look at.

use super::caller::Caller;
use std::collections::{BTreeMap, BTreeSet};

/// Condition keys and their values; keys ignore case.
///
/// A key is present, absent, or undecided: it would be there in a live
/// request, but nobody knows its value now. A condition on such a key makes
/// the statement undecided, never silently true or false.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    known: BTreeMap<String, Vec<String>>,
    undecided: BTreeSet<String>,
}

/// What is known of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known<'a> {
    Present(&'a [String]),
    Absent,
    Undecided,
}

/// Keys of every live request that cannot be told in advance, and the keys of
/// which AWS does not document whether a service sends them (network and time
/// of the call, organization, tags of principals and resources).
const ONLY_LIVE: [&str; 17] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:tokenissuetime",
    "aws:sourceip",
    "aws:vpcsourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:useragent",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:resourceaccount",
    "aws:principaltag/",
    "aws:resourcetag/",
    "aws:viaawsservice",
    "aws:calledvia",
];

impl Context {
    /// An empty context: every key not put in is absent.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A context in which the keys that only a live request shows are undecided.
    #[must_use]
    pub fn of_a_future_call() -> Self {
        let mut context = Self::new();
        context.undecided = ONLY_LIVE.iter().map(|&key| key.to_owned()).collect();
        context.set("aws:SecureTransport", ["true"])
    }

    /// Sets the values of a key.
    #[must_use]
    pub fn set<V>(mut self, key: &str, values: V) -> Self
    where
        V: IntoIterator,
        V::Item: Into<String>,
    {
        let values = values.into_iter().map(Into::into).collect();
        self.known.insert(key.to_ascii_lowercase(), values);
        self
    }

    /// Says that the key may have any value, or none; a key that ends in `/`
    /// stands for all that begin with it.
    #[must_use]
    pub fn undecided(mut self, key: &str) -> Self {
        self.undecided.insert(key.to_ascii_lowercase());
        self
    }

    pub(super) fn get(&self, key: &str) -> Known<'_> {
        let key = key.to_ascii_lowercase();
        if let Some(values) = self.known.get(&key) {
            return Known::Present(values);
        }
        let prefix = key.split_inclusive('/').next().unwrap_or("");
        if self.undecided.contains(&key) || (prefix.ends_with('/') && self.undecided.contains(prefix)) {
            return Known::Undecided;
        }
        Known::Absent
    }

    /// Adds what follows from the caller, where nothing else was said.
    pub(super) fn with_caller(&self, caller: &Caller) -> Self {
        let mut full = self.clone();
        let mut add = |key: &str, value: String| {
            full.known
                .entry(key.to_ascii_lowercase())
                .or_insert_with(|| vec![value]);
        };
        let account = caller.account();
        if let Some(account) = &account {
            add("aws:PrincipalAccount", account.to_string());
        }
        add("aws:PrincipalIsAWSService", account.is_none().to_string());
        match caller {
            Caller::Role(role) => {
                add("aws:PrincipalArn", role.arn.to_string());
                add("aws:PrincipalType", "AssumedRole".to_owned());
                match (&role.unique_id, &role.session) {
                    (Some(id), Some(session)) => add("aws:userid", format!("{id}:{session}")),
                    _ => {
                        full.undecided.insert("aws:userid".to_owned());
                    }
                }
            }
            Caller::User { arn, .. } => {
                add("aws:PrincipalArn", arn.clone());
                add("aws:PrincipalType", "User".to_owned());
                let name = arn.rsplit('/').next().unwrap_or("").to_owned();
                add("aws:username", name);
                full.undecided.insert("aws:userid".to_owned());
            }
            Caller::Service(service) => {
                add("aws:PrincipalServiceName", service.name.clone());
                add("aws:PrincipalServiceNamesList", service.name.clone());
            }
        }
        full
    }
}
