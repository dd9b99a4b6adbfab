//! Every action, resource and condition of every generated policy taken away, one by one: something must fail.
//!
//! What the work needs comes from the simulator alone: it is done once as an administrator, while the simulator notes
//! which permissions its own table asks for. A part of a policy is noticed if without it something noted is not allowed
//! any more, or if without a condition something is allowed that somebody else's resources should be safe from.

mod intrusions;
mod scenarios;
mod table;

pub use scenarios::{Scenario, Settings};
pub use table::{Outcome, Row};

use super::{Findings, Ground, Report, Trouble};

/// Does this part of the drill.
///
/// # Errors
/// As [`judge`].
pub fn run(ground: &Ground, report: &mut Report) -> Result<Findings, Trouble> {
    let outcome = judge(ground)?;
    let count = |n: usize| u64::try_from(n).ok();
    report.privilege_mutants = count(outcome.mutants());
    report.privilege_killed = count(outcome.killed());
    Ok(Findings {
        text: outcome.to_string(),
        survived: outcome.holds(),
    })
}

/// Judges every policy under every setting of what AWS's sources disagree about.
///
/// # Errors
/// Where the work itself fails.
pub fn judge(ground: &Ground) -> Result<Outcome, Trouble> {
    let mut recorded = Vec::new();
    for settings in Settings::ALL {
        recorded.extend(scenarios::record(ground, settings)?);
    }
    table::judge(ground.spec(), &recorded)
}
