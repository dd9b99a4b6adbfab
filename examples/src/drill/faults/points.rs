//! Fault points: the calls of an undisturbed run, each kind once.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use xacct_sim::{Entry, Outcome};

/// A call that is like no call before it: another account, operation or resource, or the resource in another state.
/// Polls that see the same again are no further points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Position in the call log of the undisturbed run.
    pub number: u64,
    /// The caller's account.
    pub account: String,
    /// For example `ec2:CreateVpc`; SQL bears its first word: `redshift-data:ExecuteStatement CREATE`.
    pub action: String,
    /// What the call is about: its parameters without tokens.
    pub resource: String,
    /// Whether the call changes nothing.
    pub reads: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} on {} (call {})",
            self.action, self.account, self.resource, self.number
        )
    }
}

/// Parameters that only tell one try from another.
const TOKENS: &[&str] = &[
    "ClientToken",
    "ClientRequestToken",
    "CreatorRequestId",
    "clientToken",
];

/// Members of answers that change although the resource does not.
const PASSING: &[&str] = &["Duration", "UpdatedAt", "CreatedAt", "ResultRows", "QueryString"];

/// The points of a run, in the order of their first calls.
pub fn points(log: &[Entry]) -> Vec<Point> {
    let mut statements = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut points = Vec::new();
    for entry in log {
        remember_statement(&mut statements, entry);
        let resource = without(&named(&entry.params, &statements), TOKENS).to_string();
        let state = state_seen(entry, &statements);
        let key = (
            entry.account.clone(),
            entry.service.clone(),
            entry.operation.clone(),
            resource.clone(),
            state,
        );
        if seen.insert(key) {
            points.push(Point {
                number: entry.seq,
                account: entry.account.clone(),
                action: action(entry),
                resource,
                reads: entry.read_only,
            });
        }
    }
    points
}

fn action(entry: &Entry) -> String {
    let word = entry.params["Sql"]
        .as_str()
        .and_then(|sql| sql.split_whitespace().next());
    let word = word.map(|word| format!(" {}", word.to_ascii_uppercase()));
    format!(
        "{}:{}{}",
        entry.service,
        entry.operation,
        word.unwrap_or_default()
    )
}

/// The ids of statements are new every time; what they run is not.
fn remember_statement(statements: &mut BTreeMap<String, String>, entry: &Entry) {
    let (Outcome::Ok(answer) | Outcome::AnswerLost(answer)) = &entry.outcome else {
        return;
    };
    if !entry.operation.ends_with("ExecuteStatement") {
        return;
    }
    let text = match &entry.params["Sql"] {
        Value::String(sql) => sql.clone(),
        _ => entry.params["Sqls"].to_string(),
    };
    if let Some(id) = answer["Id"].as_str() {
        statements.insert(id.to_owned(), text);
    }
}

/// The state that the answer shows: for a read all of it, for a write whether it was accepted.
fn state_seen(entry: &Entry, statements: &BTreeMap<String, String>) -> String {
    match &entry.outcome {
        Outcome::Ok(answer) | Outcome::AnswerLost(answer) if entry.read_only => {
            without(&named(answer, statements), PASSING).to_string()
        }
        Outcome::Failed { code, .. } => code.clone(),
        _ => String::new(),
    }
}

/// The same value with the texts of statements in place of their ids.
fn named(value: &Value, statements: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => {
            let (id, part) = text.split_once(':').unwrap_or((text, ""));
            match statements.get(id) {
                Some(sql) => Value::String(format!("{sql} {part}")),
                None => value.clone(),
            }
        }
        Value::Array(items) => items.iter().map(|item| named(item, statements)).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, field)| (key.clone(), named(field, statements)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// The same value without these members, at any depth.
fn without(value: &Value, members: &[&str]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| without(item, members)).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| !members.contains(&key.as_str()));
            let kept: Map<String, Value> = kept
                .map(|(key, field)| (key.clone(), without(field, members)))
                .collect();
            Value::Object(kept)
        }
        other => other.clone(),
    }
}
