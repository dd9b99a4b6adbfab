//! The log of every API call: operation, parameters, result. No headers, so the same seed gives the same log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::clock::SimTime;

/// How a call ended, as the caller's side of the wire would tell it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The service answered.
    Ok(Value),
    /// The service refused.
    Failed {
        /// HTTP status.
        status: u16,
        /// Error code.
        code: String,
        /// Error text.
        message: String,
    },
    /// The call had its effect, but the answer was lost.
    AnswerLost(Value),
    /// The call never reached the service.
    NotDelivered,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Position in the log, from 0.
    pub seq: u64,
    /// The caller's account.
    pub account: String,
    /// Signing name of the service (`ec2`, `redshift-data`, …).
    pub service: String,
    /// Operation.
    pub operation: String,
    /// Parameters by wire names.
    pub params: Value,
    /// Result.
    pub outcome: Outcome,
    /// Whether the operation only reads.
    pub read_only: bool,
    /// When it was handled.
    pub at: SimTime,
}

/// Numbers of calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApiCalls {
    /// Calls that only read.
    pub read: u64,
    /// Calls that may change something.
    pub write: u64,
    /// Calls per service.
    pub by_service: BTreeMap<String, u64>,
}

/// The calls so far.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    /// Shared with every copy of the world: a log only grows.
    entries: Vec<Arc<Entry>>,
}

impl CallLog {
    /// Adds a call and gives its number.
    pub fn push(&mut self, mut entry: Entry) -> u64 {
        let seq = self.entries.len() as u64;
        entry.seq = seq;
        self.entries.push(Arc::new(entry));
        seq
    }

    /// Replaces the outcome of a call whose answer was held back.
    pub(crate) fn amend(&mut self, seq: u64, outcome: Outcome) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.seq == seq) {
            Arc::make_mut(entry).outcome = outcome;
        }
    }

    /// All calls, first to last.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(Arc::as_ref)
    }

    /// How many calls there were; the next one gets this number.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many calls there were.
    pub fn counts(&self) -> ApiCalls {
        let mut calls = ApiCalls::default();
        for entry in &self.entries {
            if entry.read_only {
                calls.read += 1;
            } else {
                calls.write += 1;
            }
            *calls.by_service.entry(entry.service.clone()).or_default() += 1;
        }
        calls
    }
}

/// Whether an operation leaves the account as it was. SQL is judged by its first word.
pub fn is_read_only(service: &str, operation: &str, params: &Value) -> bool {
    match (service, operation) {
        ("sts", _) => true,
        ("redshift-data", "ExecuteStatement") => params.get("Sql").and_then(Value::as_str).is_some_and(reads),
        ("redshift-data", "BatchExecuteStatement") => params
            .get("Sqls")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().filter_map(Value::as_str).all(reads)),
        _ => ["Describe", "Get", "List", "Simulate"]
            .iter()
            .any(|verb| operation.starts_with(verb)),
    }
}

fn reads(sql: &str) -> bool {
    let word: String = sql
        .trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    ["select", "show", "with", "explain"].contains(&word.to_ascii_lowercase().as_str())
}
/// The same value with the keys of every object in order: SDKs write maps in an order of their own, another one every
/// time.
pub(crate) fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, Value> =
                map.iter().map(|(key, value)| (key, ordered(value))).collect();
            Value::Object(
                sorted
                    .into_iter()
                    .map(|(key, value)| (key.clone(), value))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
        other => other.clone(),
    }
}
