//! Fault rules as JSON, for callers who are not written in Rust.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::{Guard, Rule, Verdict};
use crate::sim::Sim;
use crate::world::ApiError;

/// A rule as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    verdict: VerdictForm,
    account: Option<String>,
    service: Option<String>,
    operation: Option<String>,
    resource: Option<String>,
    call_number: Option<u64>,
    nth: Option<u64>,
    times: Option<Times>,
    chance: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VerdictForm {
    Throttle,
    ServerError,
    Timeout,
    KillBefore,
    KillAfter,
    LoseResponse,
    /// Seconds.
    Delay(f64),
    AccessDenied,
    Fail(ErrorForm),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorForm {
    status: u16,
    code: String,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Times {
    Count(u64),
    Word(Word),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Always,
}

/// Reads a rule.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn rule(json: &Value) -> Result<Rule, String> {
    let form: Form = serde_json::from_value(json.clone()).map_err(|cause| cause.to_string())?;
    let mut rule = Rule::new(verdict(form.verdict)?);
    if let Some(account) = form.account {
        rule = rule.account(account);
    }
    if let Some(service) = form.service {
        rule = rule.service(service);
    }
    if let Some(operation) = form.operation {
        rule = rule.operation(operation);
    }
    if let Some(resource) = form.resource {
        rule = rule.resource(resource);
    }
    if let Some(number) = form.call_number {
        rule = rule.call_number(number);
    }
    if let Some(nth) = form.nth {
        rule = rule.nth(nth);
    }
    match form.times {
        Some(Times::Count(times)) => rule = rule.times(times),
        Some(Times::Word(Word::Always)) => rule = rule.always(),
        None => {}
    }
    match form.chance {
        Some(chance) if (0.0..=1.0).contains(&chance) => Ok(rule.chance(chance)),
        Some(chance) => Err(format!("chance is {chance} and must be between 0 and 1")),
        None => Ok(rule),
    }
}

fn verdict(form: VerdictForm) -> Result<Verdict, String> {
    Ok(match form {
        VerdictForm::Throttle => Verdict::Throttle,
        VerdictForm::ServerError => Verdict::ServerError,
        VerdictForm::Timeout => Verdict::Timeout,
        VerdictForm::KillBefore => Verdict::KillBefore,
        VerdictForm::KillAfter => Verdict::KillAfter,
        VerdictForm::LoseResponse => Verdict::LoseResponse,
        VerdictForm::AccessDenied => Verdict::AccessDenied,
        VerdictForm::Delay(seconds) => {
            let by = Duration::try_from_secs_f64(seconds);
            Verdict::Delay(by.map_err(|cause| format!("a delay of {seconds} seconds: {cause}"))?)
        }
        VerdictForm::Fail(error) if (400..600).contains(&error.status) => {
            Verdict::Fail(ApiError::new(error.status, error.code, error.message))
        }
        VerdictForm::Fail(error) => return Err(format!("{} is no status of an error", error.status)),
    })
}

/// The rules that came through a door, by number.
#[derive(Debug, Default)]
pub(super) struct Book {
    last: u64,
    rules: BTreeMap<u64, (Value, Guard)>,
}

impl Book {
    /// Puts a rule in force and gives its number.
    pub(super) fn add(&mut self, sim: &Sim, json: Value) -> Result<u64, String> {
        let guard = sim.fault(rule(&json)?);
        self.last += 1;
        self.rules.insert(self.last, (json, guard));
        Ok(self.last)
    }

    /// Takes a rule back; false where there is none of that number.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        self.rules.remove(&id).is_some()
    }

    /// Takes all of them back.
    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Every rule with how often it has spoiled a call.
    pub(super) fn list(&self) -> Value {
        let rows = self.rules.iter();
        rows.map(|(id, (rule, guard))| json!({ "id": id, "rule": rule, "hits": guard.hits() }))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_can_be_asked_for() {
        let words = [
            "throttle",
            "server-error",
            "timeout",
            "kill-before",
            "kill-after",
            "lose-response",
            "access-denied",
        ];
        for word in words {
            assert!(
                rule(&json!({ "verdict": word, "times": "always" })).is_ok(),
                "{word}"
            );
        }
        assert!(rule(&json!({ "verdict": { "delay": 0.5 }, "nth": 2, "times": 3, "chance": 0.5 })).is_ok());
        let fail = json!({ "fail": { "status": 400, "code": "LimitExceeded", "message": "no more" } });
        assert!(rule(&json!({ "verdict": fail, "service": "ec2", "operation": "CreateVpc" })).is_ok());
    }

    #[test]
    fn what_no_rule_can_mean_is_refused_and_named() {
        for (wrong, named) in [
            (json!({}), "verdict"),
            (json!({ "verdict": "explode" }), "explode"),
            (json!({ "verdict": "throttle", "servise": "ec2" }), "servise"),
            (json!({ "verdict": "throttle", "chance": 2.0 }), "chance"),
            (json!({ "verdict": { "delay": -1.0 } }), "delay"),
            (
                json!({ "verdict": { "fail": { "status": 200, "code": "x" } } }),
                "200",
            ),
        ] {
            let why = rule(&wrong).unwrap_err();
            assert!(why.contains(named), "{wrong}: {why}");
        }
    }
}
