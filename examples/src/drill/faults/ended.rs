//! How a case ended.

use super::compare::Difference;
use std::fmt;

/// How a case ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// How many calls the fault hit.
    pub hits: u64,
    /// Runs after the disturbed one.
    pub reruns: u32,
    /// What is not as after an undisturbed run.
    pub difference: Difference,
    /// Why it did not end well.
    pub error: Option<String>,
}

impl Ended {
    /// Whether the fault hit once, and the end is that of an undisturbed run.
    pub fn well(&self) -> bool {
        self.hits == 1 && self.error.is_none() && self.difference.is_none()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference {
            orphans,
            duplicates,
            missing,
        } = self.difference;
        write!(
            f,
            "{} hits, {orphans} orphans, {duplicates} duplicates, {missing} missing after {} more runs",
            self.hits, self.reruns
        )?;
        match &self.error {
            Some(error) => write!(f, "; {error}"),
            None => Ok(()),
        }
    }
}

/// A case in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// For example `ec2:CreateVpc`.
    pub action: String,
    /// Number of the call.
    pub point: u64,
    /// The fault.
    pub column: &'static str,
    /// Whether it ended well.
    pub well: bool,
    /// The case and its end, in full.
    pub told: String,
}
