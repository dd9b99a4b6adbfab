//! What other orders would have taken, on the durations of one and the same run.
//!
//! Nothing here comes from our engine: only from what the simulator recorded of a run, the changes with their
//! durations and hard prerequisites.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use xacct_sim::timeline::Span;

/// How many resources Terraform works on at the same time (`terraform apply -parallelism=10`, its default).
const AT_ONCE: usize = 10;

/// The tutorial's order: one stack after the other, and each step only when the one before is done. The person who
/// copies values between the two takes no time.
pub fn one_by_one(spans: &[Span]) -> Duration {
    spans.iter().map(lasts).sum()
}

/// A walk as Terraform does it: whatever can start starts, at most ten at a time, in the order of the plan and not of
/// what takes long; a change is noticed when the provider looks the next time.
pub fn unweighted_walk(spans: &[Span]) -> Duration {
    let before = prerequisites(spans);
    let mut done: BTreeMap<usize, Duration> = BTreeMap::new();
    let mut waiting: Vec<usize> = (0..spans.len()).collect();
    let mut busy: BTreeSet<(Duration, usize)> = BTreeSet::new();
    let mut now = Duration::ZERO;
    while !waiting.is_empty() || !busy.is_empty() {
        let ready = |index: &usize| before[*index].iter().all(|other| done.contains_key(other));
        let starts: Vec<usize> = waiting
            .iter()
            .copied()
            .filter(ready)
            .take(AT_ONCE - busy.len())
            .collect();
        waiting.retain(|index| !starts.contains(index));
        busy.extend(
            starts
                .into_iter()
                .map(|index| (now + noticed(&spans[index]), index)),
        );
        // A change that waits for itself cannot be: the walk would not end.
        let Some((end, index)) = busy.pop_first() else {
            break;
        };
        now = end;
        done.insert(index, end);
    }
    now
}

fn lasts(span: &Span) -> Duration {
    span.done.saturating_sub(span.begun)
}

/// For each change the last earlier change of everything that it needs.
fn prerequisites(spans: &[Span]) -> Vec<Vec<usize>> {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Vec::with_capacity(spans.len());
    for (index, span) in spans.iter().enumerate() {
        let needs = span.prerequisites.iter();
        all.push(needs.filter_map(|id| last.get(id.as_str()).copied()).collect());
        last.insert(&span.id, index);
    }
    all
}

/// When the provider notices that a change is done.
///
/// `retry.StateChangeConf` (hashicorp/terraform-plugin-sdk, `helper/retry/state.go`) waits for its `Delay`, looks, and
/// looks again after a pause that doubles from 100 ms to 10 s, or from `MinTimeout` where there is one. The provider
/// (hashicorp/terraform-provider-aws) sets both for Resolver (`internal/service/route53resolver/endpoint.go` and
/// `rule_association.go`: 10 s and 5 s), neither for what EC2, MSK and Redshift Serverless make
/// (`internal/service/ec2/wait.go`, `internal/service/redshiftserverless/wait.go`).
fn noticed(span: &Span) -> Duration {
    let (delay, least) = match span.kind {
        "resolver.endpoint" | "resolver.rule" | "resolver.association" => (10.0, 5.0),
        _ => (0.0, 0.0),
    };
    let (mut at, mut pause, end) = (delay, 0.1, lasts(span).as_secs_f64());
    while at < end {
        pause = f64::clamp(pause * 2.0, least, 10.0);
        at += pause;
    }
    Duration::from_secs_f64(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, seconds: u64, prerequisites: &[&str]) -> Span {
        Span {
            kind: "test",
            id: id.to_owned(),
            begun: Duration::ZERO,
            done: Duration::from_secs(seconds),
            prerequisites: prerequisites.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    #[test]
    fn one_by_one_is_the_sum() {
        let spans = [span("a", 5, &[]), span("b", 7, &[]), span("c", 1, &["a"])];
        assert_eq!(one_by_one(&spans).as_secs(), 13);
    }

    #[test]
    fn the_walk_notices_late_and_waits_for_what_is_needed() {
        // Looks come after 0.2, 0.6, 1.4, 3.0, 6.2, 12.6 and then every 10 s.
        assert_eq!(unweighted_walk(&[span("a", 5, &[])]).as_millis(), 6_200);
        let chain = [span("a", 5, &[]), span("b", 5, &["a"])];
        assert_eq!(unweighted_walk(&chain).as_millis(), 12_400);
    }

    #[test]
    fn the_eleventh_waits_for_a_place() {
        let many: Vec<Span> = (0..11).map(|n| span(&n.to_string(), 5, &[])).collect();
        assert_eq!(unweighted_walk(&many).as_millis(), 12_400);
    }
}
