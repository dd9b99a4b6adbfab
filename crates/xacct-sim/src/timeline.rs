//! The simulator's own account of what had to wait for what.
//!
//! Services record every asynchronous change with the ids it could not have started without. The longest path through
//! these records is the shortest time in which the same resources could have been built by anybody.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::SimTime;

/// One asynchronous change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What was changed, as in [`crate::sample::LATENCIES`].
    pub kind: &'static str,
    /// The resource.
    pub id: String,
    /// When the call came.
    pub begun: SimTime,
    /// When the change was done.
    pub done: SimTime,
    /// Ids of resources that had to be there first.
    pub prerequisites: Vec<String>,
}

/// All changes, in the order of the calls.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    spans: Vec<Span>,
}

impl Timeline {
    /// Adds one change.
    pub fn record(&mut self, span: Span) {
        self.spans.push(span);
    }

    /// Every change so far.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The longest path through changes begun at `from` or later. Prerequisites older than that cost nothing.
    pub fn critical_path(&self, from: SimTime) -> Duration {
        self.finish_times(from)
            .into_iter()
            .map(|(finish, _)| finish)
            .max()
            .unwrap_or_default()
    }

    /// The changes on the longest path, first to last.
    pub fn critical_spans(&self, from: SimTime) -> Vec<&Span> {
        let finishes = self.finish_times(from);
        let recent = self.since(from);
        let mut at = (0..finishes.len()).max_by_key(|index| (finishes[*index].0, std::cmp::Reverse(*index)));
        let mut path = Vec::new();
        while let Some(index) = at {
            path.push(recent[index]);
            at = finishes[index].1;
        }
        path.reverse();
        path
    }

    fn since(&self, from: SimTime) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.begun >= from).collect()
    }

    /// For each recent change: the earliest it could have finished, and the change it waited for.
    fn finish_times(&self, from: SimTime) -> Vec<(Duration, Option<usize>)> {
        let mut finishes: Vec<(Duration, Option<usize>)> = Vec::new();
        // Several changes of one id: all must be over before a dependent one starts, so keep the latest finish.
        let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
        for span in self.since(from) {
            let waited = span
                .prerequisites
                .iter()
                .filter_map(|id| by_id.get(id.as_str()).copied())
                .max_by_key(|index| finishes[*index].0);
            let start = waited.map_or(Duration::ZERO, |index| finishes[index].0);
            finishes.push((start + span.done.saturating_sub(span.begun), waited));
            let last = finishes.len() - 1;
            let slot = by_id.entry(span.id.as_str()).or_insert(last);
            if finishes[*slot].0 <= finishes[last].0 {
                *slot = last;
            }
        }
        finishes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Span, Timeline};

    fn timeline(spans: &[(&str, u64, u64, &[&str])]) -> Timeline {
        let mut timeline = Timeline::default();
        for (id, begun, done, prerequisites) in spans {
            timeline.record(Span {
                kind: "test",
                id: (*id).to_owned(),
                begun: Duration::from_secs(*begun),
                done: Duration::from_secs(*done),
                prerequisites: prerequisites.iter().map(|id| (*id).to_owned()).collect(),
            });
        }
        timeline
    }

    #[test]
    fn idle_time_between_prerequisite_and_successor_does_not_count() {
        let built = timeline(&[
            ("vpc", 0, 10, &[]),
            ("nat", 500, 600, &["vpc"]),
            ("cluster", 20, 70, &["vpc"]),
        ]);
        assert_eq!(built.critical_path(Duration::ZERO).as_secs(), 110);
        let ids: Vec<&str> = built
            .critical_spans(Duration::ZERO)
            .iter()
            .map(|span| span.id.as_str())
            .collect();
        assert_eq!(ids, ["vpc", "nat"]);
    }

    #[test]
    fn what_was_there_before_costs_nothing() {
        let built = timeline(&[("vpc", 0, 10, &[]), ("rule", 100, 130, &["vpc", "unknown"])]);
        assert_eq!(built.critical_path(Duration::from_secs(50)).as_secs(), 30);
    }

    #[test]
    fn a_second_change_of_a_resource_is_waited_for_by_what_comes_after_it() {
        let built = timeline(&[
            ("pcx", 0, 5, &[]),
            ("pcx", 5, 9, &["pcx"]),
            ("route", 9, 10, &["pcx"]),
        ]);
        assert_eq!(built.critical_path(Duration::ZERO).as_secs(), 10);
    }
}
