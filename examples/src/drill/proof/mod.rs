//! Every single-element change of a working network, judged twice: by the proof, from what Describe calls show, and by
//! the simulator's own packet walk, which shares no code with it.

mod acls;
mod change;
mod groups;
mod lab;
mod names;
mod routes;

pub use change::Mutant;
pub use lab::Lab;

use super::{Findings, Ground, Report, Trouble};
use std::fmt;

/// What one judge says to the five questions: brokers, names, STS, MSK API, producer. `+` every way is open, `~` some
/// are, `-` it cannot work, `.` not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict(pub String);

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mutant and what both judges say to it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Which element was changed, and how.
    pub name: String,
    /// By the proof.
    pub proof: Verdict,
    /// By the walk.
    pub walk: Verdict,
    /// What the proof finds, for people.
    pub findings: Vec<String>,
}

impl Judged {
    /// Whether both say the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.proof == self.walk
    }
}

/// What came of all mutants of one network.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One for each mutant.
    pub judged: Vec<Judged>,
}

impl Outcome {
    /// Those of which the judges disagree.
    pub fn disagreements(&self) -> impl Iterator<Item = &Judged> {
        self.judged.iter().filter(|one| !one.agrees())
    }

    /// The mutant of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Judged> {
        self.judged.iter().find(|one| one.name == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let broken = self
            .judged
            .iter()
            .filter(|one| one.walk.0.contains(['-', '~']))
            .count();
        let disagreements = self.disagreements().count();
        writeln!(
            f,
            "{} network mutants, {broken} of them broken: {disagreements} disagreements between proof and walk",
            self.judged.len()
        )?;
        for one in self.disagreements() {
            writeln!(f, "  {}: proof {}, walk {}", one.name, one.proof, one.walk)?;
            one.findings
                .iter()
                .try_for_each(|finding| writeln!(f, "    {finding}"))?;
        }
        Ok(())
    }
}

/// Does this part of the drill.
///
/// # Errors
/// As [`judge`].
pub fn run(ground: &Ground, report: &mut Report) -> Result<Findings, Trouble> {
    let outcome = judge(ground, 1)?;
    let count = |n: usize| u64::try_from(n).ok();
    report.proof_mutants = count(outcome.judged.len());
    report.proof_disagreements = count(outcome.disagreements().count());
    Ok(Findings {
        text: outcome.to_string(),
        survived: outcome.disagreements().next().is_none(),
    })
}

/// Judges the mutants of the network that is deployed on `ground`: every `nth` of those that can be undone, one after the other
/// in one world, and all that cannot, each in a world of its own.
///
/// # Errors
/// Where the working network could not be deployed, is not judged to work, or a change could not be made or undone.
pub fn judge(ground: &Ground, nth: usize) -> Result<Outcome, Trouble> {
    let lab = Lab::deploy(ground)?;
    let mut outcome = Outcome::default();
    lab.expect_working("at first")?;
    let mutants = change::all(&lab)?;
    for mutant in mutants
        .iter()
        .filter(|mutant| !mutant.undo.is_empty())
        .step_by(nth.max(1))
    {
        outcome.judged.push(lab.judge(mutant)?);
    }
    lab.expect_working("at last")?;
    for mutant in mutants.iter().filter(|mutant| mutant.undo.is_empty()) {
        let lab = Lab::deploy(ground)?;
        let same = change::all(&lab)?
            .into_iter()
            .find(|other| other.name == mutant.name);
        let mutant = same.ok_or_else(|| format!("{} is no mutant of the second world", mutant.name))?;
        outcome.judged.push(lab.judge(&mutant)?);
    }
    Ok(outcome)
}
