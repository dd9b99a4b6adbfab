//! The answer to the question of a chain, link by link.

use super::Mend;
use crate::evaluate::{Denial, Doubt, StatementRef};
use std::fmt;
use xacct_types::{Partition, RoleArn};

/// One link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Link {
    /// A service or a role assumes a role.
    Assume {
        /// A service principal or a role's ARN.
        by: String,
        /// The role that is assumed.
        role: RoleArn,
    },
    /// The last role acts.
    Act {
        /// The role.
        role: RoleArn,
        /// What it does.
        action: String,
        /// On what.
        resource: String,
    },
}

impl Link {
    fn sentence(&self, f: &mut fmt::Formatter<'_>, verb: &str) -> fmt::Result {
        match self {
            Self::Assume { by, role } => write!(f, "{by} {verb} assume {role}"),
            Self::Act {
                role,
                action,
                resource,
            } => write!(f, "{role} {verb} do {action} on {resource}"),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assume { by, role } => write!(f, "{by} → {role}"),
            Self::Act {
                role,
                action,
                resource,
            } => write!(f, "{role} → {action} on {resource}"),
        }
    }
}

/// Why a link does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Break {
    /// Policies deny it.
    Denied(Denial),
    /// Roles of different partitions cannot assume each other.
    OtherPartition {
        /// The partition of the role that assumes.
        from: Partition,
        /// The partition of the role to be assumed.
        to: Partition,
    },
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denial) => denial.fmt(f),
            Self::OtherPartition { from, to } => {
                write!(
                    f,
                    "a role of partition {from} cannot assume one of partition {to}"
                )
            }
        }
    }
}

/// Whether a link holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It does, by these statements.
    Holds(Vec<StatementRef>),
    /// It does not.
    Broken(Break),
    /// It depends on something that is not known.
    Undecided(Vec<Doubt>),
}

/// One link, whether it holds, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The link.
    pub link: Link,
    /// Whether it holds.
    pub outcome: Outcome,
    /// What would mend it; empty if it holds.
    pub mends: Vec<Mend>,
}

impl Step {
    pub(super) const fn new(link: Link, outcome: Outcome, mends: Vec<Mend>) -> Self {
        Self { link, outcome, mends }
    }

    /// Whether the link surely holds.
    #[must_use]
    pub const fn holds(&self) -> bool {
        matches!(self.outcome, Outcome::Holds(_))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Holds(by) => {
                self.link.sentence(f, "can")?;
                list(f, ": ", by)
            }
            Outcome::Broken(why) => {
                self.link.sentence(f, "cannot")?;
                write!(f, ": {why}")
            }
            Outcome::Undecided(doubts) => {
                self.link.sentence(f, "may or may not")?;
                list(f, ": ", doubts)
            }
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, before: &str, items: &[T]) -> fmt::Result {
    for (n, item) in items.iter().enumerate() {
        let separator = if n == 0 { before } else { ", " };
        write!(f, "{separator}{item}")?;
    }
    Ok(())
}

/// Every link of a chain with its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChainProof {
    /// The hops first, then the goals.
    pub steps: Vec<Step>,
}

impl ChainProof {
    /// Whether every link surely holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.steps.iter().all(Step::holds)
    }

    /// The first link that does not surely hold: the one to look at first.
    #[must_use]
    pub fn first_failure(&self) -> Option<&Step> {
        self.failures().next()
    }

    /// Every link that does not surely hold.
    pub fn failures(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| !step.holds())
    }
}

impl fmt::Display for ChainProof {
    /// One line per link; lines that do not hold are followed by what mends them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.steps.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            step.fmt(f)?;
            for mend in &step.mends {
                write!(f, "\n  mend: {mend}")?;
            }
        }
        Ok(())
    }
}
