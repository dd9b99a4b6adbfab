//! The answer, and the statements it rests on.

use std::fmt;

/// What a policy is to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PolicyKind {
    /// Attached to the caller: inline or managed.
    Identity,
    /// The caller's permissions boundary.
    Boundary,
    /// Passed when the session was made.
    Session,
    /// Attached to the resource.
    Resource,
    /// A role's trust policy: the resource policy of `sts:AssumeRole`.
    Trust,
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource policy",
            Self::Trust => "trust policy",
        })
    }
}

/// Which statement of which policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementRef {
    /// What the policy is to the request.
    pub kind: PolicyKind,
    /// The policy's name, as given to the evaluation.
    pub policy: String,
    /// The statement's id, if it has one.
    pub sid: Option<String>,
    /// The statement's place in the document, counted from 0.
    pub index: usize,
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "statement {sid}")?,
            None => write!(f, "statement {}", self.index + 1)?,
        }
        write!(f, " of {} {}", self.kind, self.policy)
    }
}

/// Why a statement does not apply to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// It is for others.
    Principal {
        /// Those whom it names.
        named: Vec<String>,
    },
    /// It is about other actions.
    Action {
        /// The actions that it names.
        named: Vec<String>,
    },
    /// It is about other resources.
    Resource {
        /// The resources that it names.
        named: Vec<String>,
    },
    /// One of its conditions does not hold.
    Condition {
        /// The operator.
        operator: String,
        /// The key.
        key: String,
        /// The values that the statement names.
        wanted: Vec<String>,
        /// The values of the request; `None` where the key is absent.
        found: Option<Vec<String>>,
    },
}

impl Mismatch {
    /// How far the statement got: the further, the nearer the miss.
    pub(super) const fn stage(&self) -> u8 {
        match self {
            Self::Principal { .. } => 0,
            Self::Action { .. } => 1,
            Self::Resource { .. } => 2,
            Self::Condition { .. } => 3,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |named: &[String]| named.join(", ");
        match self {
            Self::Principal { named } => write!(f, "is for {}", list(named)),
            Self::Action { named } => write!(f, "is about {}", list(named)),
            Self::Resource { named } => write!(f, "is about {}", list(named)),
            Self::Condition {
                operator,
                key,
                wanted,
                found,
            } => {
                write!(f, "requires {operator} {key} {}", list(wanted))?;
                match found {
                    Some(found) => write!(f, " and the request has {}", list(found)),
                    None => f.write_str(" and the request has no such key"),
                }
            }
        }
    }
}

/// The allowing statement that came nearest, and why it does not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The statement.
    pub statement: StatementRef,
    /// Why it does not apply.
    pub why: Mismatch,
}

/// Where an allow is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The kind of policy that would have to allow.
    pub kind: PolicyKind,
    /// The statement that came nearest, if any allows at all.
    pub nearest: Option<NearMiss>,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {} allows it", self.kind)?;
        match &self.nearest {
            Some(near) => write!(f, " ({} {})", near.statement, near.why),
            None => Ok(()),
        }
    }
}

/// A statement of which it cannot be said whether it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The statement.
    pub statement: StatementRef,
    /// What is not known.
    pub why: String,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.statement, self.why)
    }
}

/// Why a request is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// A statement with the effect `Deny` applies.
    Explicit(StatementRef),
    /// Nothing allows it where something has to; never empty.
    Implicit(Vec<Lack>),
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit(statement) => write!(f, "denied by {statement}"),
            Self::Implicit(lacks) => join(f, "denied because ", lacks),
        }
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// AWS would allow it, by these statements.
    Allowed(Vec<StatementRef>),
    /// AWS would deny it.
    Denied(Denial),
    /// It depends on something that is not known.
    Undecided(Vec<Doubt>),
}

impl Decision {
    /// Whether it is surely allowed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// Whether it is surely denied.
    #[must_use]
    pub const fn is_denied(&self) -> bool {
        matches!(self, Self::Denied(_))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(by) => join(f, "allowed by ", by),
            Self::Denied(denial) => denial.fmt(f),
            Self::Undecided(doubts) => join(f, "cannot be evaluated: ", doubts),
        }
    }
}

fn join<T: fmt::Display>(f: &mut fmt::Formatter<'_>, prefix: &str, items: &[T]) -> fmt::Result {
    f.write_str(prefix)?;
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            f.write_str(" and ")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
