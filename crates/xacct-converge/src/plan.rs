//! What a deployment will do, and why.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What one resource's `plan` found and decided.
#[derive(Debug, Clone)]
pub struct Decision<T> {
    /// What has to happen.
    pub change: Change,
    /// What exists now.
    pub current: Option<T>,
    /// Whether what exists is usable; if not, applying waits for it.
    pub settled: bool,
    /// Whether what exists belongs to the user and must never be removed.
    pub adopted: bool,
    /// Others that carry the same marks, to be removed.
    pub surplus: Vec<T>,
}

impl<T> Decision<T> {
    fn of(change: Change, current: Option<T>) -> Self {
        Self {
            change,
            current,
            settled: true,
            adopted: false,
            surplus: Vec::new(),
        }
    }

    /// It is missing.
    #[must_use]
    pub fn create() -> Self {
        Self::of(Change::Create, None)
    }

    /// It is there and right.
    #[must_use]
    pub fn keep(current: T) -> Self {
        Self::of(Change::Keep, Some(current))
    }

    /// It is there and can be put right; with no reasons, it is kept.
    #[must_use]
    pub fn update(current: T, reasons: Vec<Reason>) -> Self {
        match reasons.is_empty() {
            true => Self::keep(current),
            false => Self::of(Change::Update(reasons), Some(current)),
        }
    }

    /// It is there and can only be made anew.
    #[must_use]
    pub fn replace(current: T, reasons: Vec<Reason>) -> Self {
        Self::of(Change::Replace(reasons), Some(current))
    }

    /// Says whether what exists is usable already.
    #[must_use]
    pub fn settled(mut self, settled: bool) -> Self {
        self.settled = settled;
        self
    }

    /// Says that it belongs to the user.
    #[must_use]
    pub fn adopted(mut self) -> Self {
        self.adopted = true;
        self
    }

    /// Names others of the same marks that are to be removed.
    #[must_use]
    pub fn with_surplus(mut self, surplus: Vec<T>) -> Self {
        self.surplus = surplus;
        self
    }
}

/// What happens to a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", content = "reasons", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// It is made.
    Create,
    /// It is changed in place.
    Update(Vec<Reason>),
    /// It is removed and made anew.
    Replace(Vec<Reason>),
    /// Nothing.
    Keep,
    /// It is removed.
    Delete,
}

/// One difference between what is and what should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reason {
    /// The attribute, for example `enableDnsHostnames` or `route 10.0.0.0/16`.
    pub attribute: String,
    /// What it is; `None` where it is absent.
    pub old: Option<String>,
    /// What it should be; `None` where it should be absent.
    pub new: Option<String>,
}

impl Reason {
    fn of(attribute: impl Into<String>, old: Option<String>, new: Option<String>) -> Self {
        let attribute = attribute.into();
        Self { attribute, old, new }
    }

    /// `attribute` is `old` and should be `new`.
    #[must_use]
    pub fn differs(attribute: impl Into<String>, old: impl fmt::Display, new: impl fmt::Display) -> Self {
        Self::of(attribute, Some(old.to_string()), Some(new.to_string()))
    }

    /// `attribute` is absent and should be `new`.
    #[must_use]
    pub fn missing(attribute: impl Into<String>, new: impl fmt::Display) -> Self {
        Self::of(attribute, None, Some(new.to_string()))
    }

    /// `attribute` is `old` and should be absent.
    #[must_use]
    pub fn extra(attribute: impl Into<String>, old: impl fmt::Display) -> Self {
        Self::of(attribute, Some(old.to_string()), None)
    }

    /// `attribute` is `old`; what it should be is known only after another change.
    #[must_use]
    pub fn follows(attribute: impl Into<String>, old: impl fmt::Display) -> Self {
        Self::differs(attribute, old, "(known after apply)")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = (self.old.as_deref(), self.new.as_deref());
        write!(
            f,
            "{}: {} → {}",
            self.attribute,
            old.unwrap_or("(absent)"),
            new.unwrap_or("(absent)")
        )
    }
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// The resource's name in the graph, for example `source/vpc`.
    pub resource: String,
    /// Its kind, for example `ec2:Vpc`.
    pub kind: String,
    /// What happens to it.
    #[serde(flatten)]
    pub change: Change,
    /// The resources that it waits for.
    pub after: Vec<String>,
    /// Usual duration in seconds.
    pub seconds: u64,
    /// Whether the change destroys data.
    pub destroys_data: bool,
    /// How many others with the same marks are removed.
    pub surplus: usize,
    /// Whether applying must wait for it although nothing changes.
    pub waits: bool,
}

/// Everything that a deployment or a removal will do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// One step a resource, in an order that could be followed one by one.
    pub steps: Vec<Step>,
    /// Usual duration of the longest chain, in seconds.
    pub critical_path_seconds: u64,
}

impl Plan {
    /// Whether nothing has to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps
            .iter()
            .all(|step| step.change == Change::Keep && step.surplus == 0 && !step.waits)
    }

    /// The steps that change something.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| step.change != Change::Keep || step.surplus > 0)
    }

    /// Usual duration of the longest chain.
    #[must_use]
    pub const fn critical_path(&self) -> Duration {
        Duration::from_secs(self.critical_path_seconds)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = [0usize; 4];
        for step in self.changes() {
            let (sign, slot, reasons): (&str, usize, &[Reason]) = match &step.change {
                Change::Create => ("+", 0, &[]),
                Change::Update(reasons) => ("~", 1, reasons),
                Change::Replace(reasons) => ("-/+", 2, reasons),
                Change::Delete => ("-", 3, &[]),
                Change::Keep => ("=", 3, &[]),
            };
            counts[slot] += 1;
            let warning = if step.destroys_data { "  destroys data" } else { "" };
            writeln!(f, "{sign:>3} {} ({}){warning}", step.resource, step.kind)?;
            for reason in reasons {
                writeln!(f, "      {reason}")?;
            }
            if step.surplus > 0 {
                writeln!(f, "      removes {} more with the same tags", step.surplus)?;
            }
        }
        let [create, update, replace, remove] = counts;
        if self.changes().next().is_none() {
            return writeln!(f, "nothing to do");
        }
        writeln!(
            f,
            "{create} to create, {update} to update, {replace} to replace, {remove} to remove; about {} s",
            self.critical_path_seconds
        )
    }
}
