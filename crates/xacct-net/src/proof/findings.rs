//! Collects findings, one for each link, the worst one kept.

use super::finding::{Finding, Hop, Severity};
use super::packet::Walk;

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Adds a finding; a second one for the same link only raises its severity.
    pub(super) fn push(&mut self, finding: Finding) {
        match self.0.iter_mut().find(|known| known.link == finding.link) {
            Some(known) if known.severity < finding.severity => *known = finding,
            Some(_) => {}
            None => self.0.push(finding),
        }
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// The value of a walk that got through.
    pub(super) fn keep<T>(&mut self, walk: Walk<T>) -> Option<T> {
        walk.map_err(|finding| self.push(*finding)).ok()
    }

    /// Adds the hop of a walk that got through to `hops`.
    pub(super) fn take(&mut self, walk: Walk<Hop>, hops: &mut Vec<Hop>) {
        hops.extend(self.keep(walk));
    }

    /// How many of them break the way.
    pub(super) fn broken(&self) -> usize {
        self.0
            .iter()
            .filter(|finding| finding.severity == Severity::Broken)
            .count()
    }

    pub(super) fn into_iter(self) -> std::vec::IntoIter<Finding> {
        self.0.into_iter()
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}
