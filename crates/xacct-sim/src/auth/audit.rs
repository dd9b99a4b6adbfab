//! Which permissions were needed, and whether given policies would have been enough.
//!
//! A deployment that was made once by an administrator tells which permissions it needs, by the simulator's own table.
//! Whether some policies are enough for it is then a question about this list, without deploying again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::condition::Context;
use super::document::{Document, DocumentKind};
use super::permissions::Required;
use super::policy::PolicySet;
use crate::sim::Sim;
use crate::world::{ApiError, Caller};

/// One permission that a call needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The account of the caller.
    pub account: String,
    /// The call, such as `ec2:CreateSubnet`.
    pub operation: String,
    /// The action that is judged, such as `ec2:CreateTags`.
    pub action: String,
    /// The ARN for which it is judged, or `*` where AWS knows no resource.
    pub resource: String,
    /// The condition keys that AWS sets for the action on this resource, without those about the caller.
    pub context: BTreeMap<String, Vec<String>>,
}

/// Policies of one principal, read once and asked often.
#[derive(Debug, Clone)]
pub struct Grants(Vec<Document>);

impl Grants {
    /// Reads identity policies.
    ///
    /// # Errors
    /// What IAM answers to a malformed policy.
    pub fn of(policies: &[Value]) -> Result<Self, ApiError> {
        let read = |policy: &Value| Document::parse(&policy.to_string(), DocumentKind::Identity);
        let documents = policies.iter().map(read).collect::<Result<_, _>>();
        documents
            .map(Self)
            .map_err(|why| ApiError::bad("MalformedPolicyDocument", why))
    }

    /// Whether they allow what was needed.
    pub fn allow(&self, needed: &Needed) -> bool {
        let mut context = Context::new();
        for (key, values) in &needed.context {
            values.iter().for_each(|value| context.push(key, value));
        }
        let set = PolicySet {
            identity: self.0.iter().map(|document| ("policy", document)).collect(),
            ..PolicySet::default()
        };
        set.decide(&needed.action, &needed.resource, &context)
            .refusal()
            .is_none()
    }
}

/// What was needed so far.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    order: Vec<Needed>,
    known: BTreeSet<Needed>,
}

impl Audit {
    pub(crate) fn extend(&mut self, needed: impl IntoIterator<Item = Needed>) {
        for one in needed {
            if self.known.insert(one.clone()) {
                self.order.push(one);
            }
        }
    }
}

/// One permission judged outside of the control planes, as brokers do.
pub(crate) fn judged(caller: &Caller, operation: &str, action: &str, resource: &str) -> Needed {
    Needed {
        account: caller.account.clone(),
        operation: operation.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: BTreeMap::new(),
    }
}

pub(crate) fn noted(caller: &Caller, service: &str, operation: &str, needed: &[Required]) -> Vec<Needed> {
    let one = |need: &Required| Needed {
        account: caller.account.clone(),
        operation: format!("{service}:{operation}"),
        action: need.action.clone(),
        resource: need.resource.clone(),
        context: need.context.keys().clone(),
    };
    needed.iter().map(one).collect()
}

impl Sim {
    /// Every permission that calls needed since the last time this was asked, each once, in the order of first need. Empty
    /// unless [`Settings::audit`](crate::Settings) is on.
    pub fn needed(&self) -> Vec<Needed> {
        std::mem::take(&mut self.shared.lock().needed).order
    }

    /// What a call would need now, whoever makes it: the simulator's table made concrete.
    ///
    /// # Errors
    /// `NotModelled` for an operation without a row.
    pub fn would_need(
        &self,
        account: &str,
        service: &str,
        operation: &str,
        params: &Value,
    ) -> Result<Vec<Needed>, ApiError> {
        let world = self.shared.lock();
        let caller = Caller::root(world.settings.partition(), account);
        let needed = super::permissions::required(&world, &caller, service, operation, params);
        let needed = needed.ok_or_else(|| ApiError::not_modelled(service, operation))?;
        Ok(noted(&caller, service, operation, &needed))
    }
}
