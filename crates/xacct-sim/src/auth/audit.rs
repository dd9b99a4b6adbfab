//! Which permissions were needed, and whether given policies would have been enough.
//!
//! A deployment that was made once by an administrator tells which permissions it needs, by the simulator's own table.
//! Whether some policies are enough for it is then a question about this list, without deploying again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::condition::Context;
use super::document::{Document, DocumentKind};
use super::permissions::Required;
use super::policy::PolicySet;
use crate::sim::Sim;
use crate::world::{ApiError, Caller, World};

/// One permission that a call needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The account of the caller.
    pub account: String,
    /// Who called, as an ARN.
    pub principal: String,
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

/// What was needed so far. Judging only looks at the world, so notes are taken behind its back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit {
    notes: RefCell<(Vec<Needed>, BTreeSet<Needed>)>,
}

impl Audit {
    fn extend(&self, needed: impl IntoIterator<Item = Needed>) {
        let (order, known) = &mut *self.notes.borrow_mut();
        order.extend(needed.into_iter().filter(|one| known.insert(one.clone())));
    }
}

/// Notes what a call needs, where the settings ask for it.
pub(crate) fn note(world: &World, caller: &Caller, service: &str, operation: &str, needed: &[Required]) {
    if world.settings.audit {
        world.needed.extend(noted(caller, service, operation, needed));
    }
}

/// Notes one permission judged outside of the control planes, as brokers do.
pub(crate) fn note_one(world: &World, caller: &Caller, action: &str, resource: &str) {
    if world.settings.audit {
        world.needed.extend([judged(caller, action, resource)]);
    }
}

fn judged(caller: &Caller, action: &str, resource: &str) -> Needed {
    Needed {
        account: caller.account.clone(),
        principal: caller.principal_arn.clone(),
        operation: action.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: BTreeMap::new(),
    }
}

fn noted(caller: &Caller, service: &str, operation: &str, needed: &[Required]) -> Vec<Needed> {
    let one = |need: &Required| Needed {
        account: caller.account.clone(),
        principal: caller.principal_arn.clone(),
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
        self.shared.lock().needed.notes.take().0
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
