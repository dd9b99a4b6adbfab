//! Findings: what a check saw, how bad it is, and what would mend it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Works today and may not tomorrow.
    Warning,
    /// Does not work.
    Error,
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The link of the chain, stable across releases, for example `source/routes/to-warehouse`.
    pub link: String,
    /// What is wrong, for people.
    pub what: String,
    /// What was read that shows it: ids, states, values.
    pub evidence: Vec<String>,
    /// What would mend it.
    pub mend: String,
}

impl Finding {
    /// Something that does not work.
    #[must_use]
    pub fn error(link: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(Severity::Error, link, what, mend)
    }

    /// Something that may stop working.
    #[must_use]
    pub fn warning(link: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(Severity::Warning, link, what, mend)
    }

    /// A finding of any severity.
    #[must_use]
    pub fn new(
        severity: Severity,
        link: impl Into<String>,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let (link, what, mend) = (link.into(), what.into(), mend.into());
        Self {
            severity,
            link,
            what,
            evidence: Vec::new(),
            mend,
        }
    }

    /// Adds what was read that shows it.
    #[must_use]
    pub fn with_evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }
}

/// Everything that the checks found, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// The links that were checked and hold.
    pub passed: Vec<String>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Records that a link holds.
    pub fn pass(&mut self, link: impl Into<String>) {
        self.passed.push(link.into());
    }

    /// Records a finding.
    pub fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Takes over another report.
    pub fn absorb(&mut self, other: Self) {
        self.passed.extend(other.passed);
        self.findings.extend(other.findings);
    }

    /// Whether nothing of severity `Error` was found.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed() == 0
    }

    /// How many findings are errors.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count()
    }

    /// Whether a link was found broken.
    #[must_use]
    pub fn names(&self, link: &str) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error && finding.link == link)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let sign = match finding.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            writeln!(f, "{sign}: {}: {}", finding.link, finding.what)?;
            for evidence in &finding.evidence {
                writeln!(f, "    seen: {evidence}")?;
            }
            writeln!(f, "    mend: {}", finding.mend)?;
        }
        writeln!(f, "{} links hold, {} broken", self.passed.len(), self.failed())
    }
}
