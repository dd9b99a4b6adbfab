//! Scripted faults: which calls to spoil, and how.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::limits;
use crate::sample;
use crate::world::ApiError;

/// What happens to a call that a rule matches.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// The service's throttling error, no effect.
    Throttle,
    /// HTTP 500, no effect.
    ServerError,
    /// The call is not delivered and the client sees nothing until its own timeout.
    Timeout,
    /// The caller dies before the call has its effect.
    KillBefore,
    /// The caller dies after the call had its effect, before the answer.
    KillAfter,
    /// The call has its effect; the connection breaks before the answer.
    LoseResponse,
    /// The answer is this late.
    Delay(Duration),
    /// The service's own form of "access denied", no effect.
    AccessDenied,
    /// This error, no effect.
    Fail(ApiError),
    /// The call is accepted, and what it makes ends in the state `failed` of its kind. Kinds that have such a state: NAT
    /// gateways, peerings, clusters, resolver rules and their associations, statements; all others come to be as usual.
    Doom,
}

impl Verdict {
    /// The error this verdict answers with instead of calling the service.
    pub(crate) fn error(&self, service: &str) -> Option<ApiError> {
        match self {
            Self::Throttle => Some(limits::throttled(service)),
            Self::ServerError => Some(ApiError::server_error(service)),
            Self::AccessDenied => Some(ApiError::access_denied(service, "denied by a scripted fault")),
            Self::Fail(error) => Some(error.clone()),
            _ => None,
        }
    }
}

/// Which calls to spoil. Empty fields match everything.
#[derive(Debug, Clone)]
pub struct Rule {
    account: Option<String>,
    service: Option<String>,
    operation: Option<String>,
    resource: Option<String>,
    call_number: Option<u64>,
    first: u64,
    times: u64,
    chance: f64,
    verdict: Verdict,
}

impl Rule {
    /// A rule for every call. Narrow it with the methods below; by default it spoils one call.
    pub fn new(verdict: Verdict) -> Self {
        Self {
            account: None,
            service: None,
            operation: None,
            resource: None,
            call_number: None,
            first: 1,
            times: 1,
            chance: 1.0,
            verdict,
        }
    }

    /// Only calls by this account.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Only this service, by signing name.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Only this operation.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only calls that have this text as one of their parameter values (an id, a name, a tag).
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Only the call that gets this position in the log (from 0).
    #[must_use]
    pub fn call_number(mut self, number: u64) -> Self {
        self.call_number = Some(number);
        self
    }

    /// Starts with the `first` matching call (from 1). Default: 1.
    #[must_use]
    pub fn nth(mut self, first: u64) -> Self {
        self.first = first;
        self
    }

    /// Spoils this many calls. Default: 1.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Spoils every matching call from `nth` on.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }

    /// Spoils a matching call with this probability (0 to 1), decided by the simulator's seed and the call's number.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    fn matches(&self, call: &Target<'_>) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        is(&self.account, call.account)
            && is(&self.service, call.service)
            && is(&self.operation, call.operation)
            && self.call_number.is_none_or(|number| number == call.number)
            && self
                .resource
                .as_deref()
                .is_none_or(|text| mentions(call.params, text))
            && (self.chance >= 1.0 || self.is_lucky(call))
    }

    fn is_lucky(&self, call: &Target<'_>) -> bool {
        sample::uniform(call.seed, &["fault", &call.number.to_string(), call.operation]) < self.chance
    }
}

fn mentions(params: &Value, text: &str) -> bool {
    match params {
        Value::String(found) => found == text,
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Object(fields) => fields.values().any(|field| mentions(field, text)),
        _ => false,
    }
}

/// The call that rules are matched against.
pub(crate) struct Target<'a> {
    pub account: &'a str,
    pub service: &'a str,
    pub operation: &'a str,
    pub params: &'a Value,
    /// Position the call will have in the log.
    pub number: u64,
    pub seed: u64,
}

#[derive(Debug)]
struct Shared {
    seen: AtomicU64,
    hits: AtomicU64,
}

/// A rule in force. Dropping it takes the rule back; [`Guard::keep`] leaves it in force.
#[derive(Debug)]
#[must_use = "the rule goes with its guard"]
pub struct Guard {
    shared: Option<Arc<Shared>>,
}

impl Guard {
    /// How many calls the rule has spoiled.
    pub fn hits(&self) -> u64 {
        self.shared
            .as_ref()
            .map_or(0, |shared| shared.hits.load(Ordering::Relaxed))
    }

    /// Leaves the rule in force for the rest of the simulator's life.
    pub fn keep(mut self, sim: &crate::Sim) {
        if let Some(shared) = self.shared.take() {
            sim.shared.lock().faults.kept.push(shared);
        }
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Vec<(Rule, std::sync::Weak<Shared>)>,
    kept: Vec<Arc<Shared>>,
}

impl Rules {
    pub(crate) fn add(&mut self, rule: Rule) -> Guard {
        let shared = Arc::new(Shared {
            seen: AtomicU64::new(0),
            hits: AtomicU64::new(0),
        });
        self.rules.push((rule, Arc::downgrade(&shared)));
        Guard { shared: Some(shared) }
    }

    /// The verdict of the first rule that spoils this call. Every matching rule counts the call.
    pub(crate) fn judge(&mut self, call: &Target<'_>) -> Option<Verdict> {
        self.rules.retain(|(_, shared)| shared.strong_count() > 0);
        let mut verdict = None;
        for (rule, shared) in &self.rules {
            let Some(shared) = shared.upgrade() else { continue };
            if !rule.matches(call) {
                continue;
            }
            let seen = shared.seen.fetch_add(1, Ordering::Relaxed) + 1;
            let in_turn = seen >= rule.first && seen - rule.first < rule.times;
            if in_turn && verdict.is_none() {
                shared.hits.fetch_add(1, Ordering::Relaxed);
                verdict = Some(rule.verdict.clone());
            }
        }
        verdict
    }
}
