//! For tests of services that embed this library: the call log as a story, shown when a test fails.

use std::fmt::Write as _;

use serde_json::Value;

use crate::log::{Entry, Outcome};
use crate::sim::Sim;

/// Longest text of parameters, results and messages in a story, in characters.
const LONGEST: usize = 160;

/// Tells the story of a simulator if the test that holds it panics.
///
/// Made by [`Sim::on_panic`].
#[derive(Debug)]
#[must_use = "a story is told when this is dropped in a panic"]
pub struct Storyteller<F: FnMut(&str)> {
    sim: Sim,
    tell: F,
}

impl<F: FnMut(&str)> Drop for Storyteller<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.tell)(&self.sim.story());
        }
    }
}

impl Sim {
    /// Every call so far, one a line: when, whose, what, how it ended.
    ///
    /// ```
    /// let sim = xacct_sim::Sim::builder().account("111111111111").build();
    /// let sts = aws_sdk_sts::Client::new(&sim.sdk_config("111111111111"));
    /// sim.run(sts.get_caller_identity().send())?;
    /// assert!(sim.story().contains("111111111111 sts GetCallerIdentity {} → ok"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn story(&self) -> String {
        let world = self.shared.lock();
        let mut story = String::new();
        for entry in world.log.entries() {
            // Writing to a String cannot fail.
            let _ = writeln!(story, "{}", line(entry));
        }
        story
    }

    /// Tells [`story`](Self::story) if the thread that holds the result panics before it is dropped.
    ///
    /// ```
    /// let sim = xacct_sim::Sim::builder().account("111111111111").build();
    /// let _told = sim.on_panic(|story| eprintln!("{story}"));
    /// ```
    pub fn on_panic<F: FnMut(&str)>(&self, tell: F) -> Storyteller<F> {
        Storyteller {
            sim: self.clone(),
            tell,
        }
    }
}

fn line(entry: &Entry) -> String {
    let Entry {
        seq,
        account,
        service,
        operation,
        ..
    } = entry;
    let seconds = entry.at.as_secs_f64();
    let asked = short(&entry.params);
    let ended = match &entry.outcome {
        Outcome::Ok(result) => format!("ok {}", short(result)),
        Outcome::Failed {
            status,
            code,
            message,
        } => format!("{status} {code}: {}", cut(message)),
        Outcome::AnswerLost(result) => format!("answer lost {}", short(result)),
        Outcome::NotDelivered => "not delivered".to_owned(),
    };
    format!("#{seq} {seconds:.3} s {account} {service} {operation} {asked} → {ended}")
}

fn short(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        other => cut(&other.to_string()),
    }
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_when_whose_what_and_how_it_ended_and_stays_short() {
        let entry = |params: Value, outcome: Outcome| Entry {
            seq: 3,
            account: "111111111111".to_owned(),
            service: "ec2".to_owned(),
            operation: "CreateVpc".to_owned(),
            params,
            outcome,
            read_only: false,
            at: Duration::from_millis(1500),
        };
        let failed = Outcome::Failed {
            status: 400,
            code: "VpcLimitExceeded".to_owned(),
            message: "no\nmore".to_owned(),
        };
        assert_eq!(
            line(&entry(json!({ "CidrBlock": "10.0.0.0/16" }), failed)),
            "#3 1.500 s 111111111111 ec2 CreateVpc {\"CidrBlock\":\"10.0.0.0/16\"} → 400 VpcLimitExceeded: no more"
        );
        let long = line(&entry(json!({ "a": "x".repeat(999) }), Outcome::NotDelivered));
        assert!(
            long.chars().count() < 250 && long.ends_with("… → not delivered"),
            "{long}"
        );
    }

    #[test]
    fn a_story_is_told_in_a_panic_and_only_then() {
        let told = |panics: bool| {
            let mut times = 0;
            let run = std::panic::AssertUnwindSafe(|| {
                let sim = Sim::builder().account("111111111111").build();
                let _told = sim.on_panic(|_| times += 1);
                assert!(!panics, "on purpose");
            });
            let _ = std::panic::catch_unwind(run);
            times
        };
        assert_eq!((told(false), told(true)), (0, 1));
    }
}
