//! Every fault at every call of an undisturbed run, one by one.
//!
//! | file | what it holds |
//! |---|---|
//! | `story` | the undisturbed run, with the world just before each call |
//! | `points` | which of its calls are different |
//! | `cases` | a fault at a point, what is left, what the next run makes of it |
//! | `terminal` | what stays until somebody mends it |
//! | `compare` | orphans, duplicates, what is missing |
//! | `ended` | how a case ended |
//! | `crew` | cases on all cores |
//! | `table` | what a person reads |

pub mod cases;
pub mod compare;
pub mod crew;
pub mod ended;
pub mod points;
pub mod story;
pub mod table;
pub mod terminal;

use super::{Findings, Ground, Report, Trouble};
use cases::{Case, Fault};
use compare::Difference;
use ended::{Ended, Line};
use points::points;
use story::{Errand, Story};
use table::Table;
use terminal::Blocked;

/// The seed of every world here.
const SEED: u64 = 7;
/// How much longer than usual things are invisible: most of what EC2 makes then appears after a run has stopped looking
/// for what a lost answer may have made, and before it gives up on what it knows to be there.
const LONG_LAG: f64 = 15.0;

/// What a sweep saw.
#[derive(Debug)]
pub struct Sweep {
    /// Calls of the undisturbed run.
    pub calls: u64,
    /// Different calls among them.
    pub points: u64,
    /// Cases.
    pub cases: u64,
    /// Cases that ended like the undisturbed run.
    pub survived: u64,
    /// What was not as after the undisturbed run, over all cases.
    pub difference: Difference,
    /// For people.
    pub table: Table,
}

impl Sweep {
    /// Whether every case survived, and there was one.
    pub fn well(&self) -> bool {
        self.cases > 0 && self.survived == self.cases
    }

    fn of(title: &str, story: &Story, points: usize, ended: &[Ended], lines: &[Line]) -> Self {
        let mut difference = Difference::default();
        ended.iter().for_each(|ended| difference += &ended.difference);
        Self {
            calls: story.log.len() as u64,
            points: points as u64,
            cases: lines.len() as u64,
            survived: lines.iter().filter(|line| line.well).count() as u64,
            difference,
            table: Table::of(title, lines),
        }
    }
}

/// The undisturbed deployment from nothing.
///
/// # Errors
/// It does not end well.
pub fn deployment(ground: &Ground) -> Result<Story, Trouble> {
    Story::of(ground, Errand::Deploy, ground.world(SEED).build().snapshot())
}

/// The same where things are invisible for longer than a run looks for what a lost answer may have made.
///
/// # Errors
/// As [`deployment`].
pub fn late_deployment(ground: &Ground) -> Result<Story, Trouble> {
    let world = ground
        .world(SEED)
        .settings(|settings| settings.lag_scale = LONG_LAG);
    Story::of(ground, Errand::Deploy, world.build().snapshot())
}

/// The undisturbed removal of what a deployment made.
///
/// # Errors
/// It does not end well.
pub fn removal(ground: &Ground) -> Result<Story, Trouble> {
    let deployed = deployment(ground)?;
    Story::of(ground, Errand::Destroy, deployed.end)
}

/// These faults at every call of a run; where something may be invisible for long, a second run may be needed.
pub fn every_fault(title: &str, story: &Story, faults: &[Fault], reruns: u32) -> Sweep {
    let points = points(&story.log);
    let cases = Case::all(story, &points, faults, reruns);
    let ends = crew::run(&cases, |case| {
        let ended = case.run();
        let line = tell(case.line(&ended));
        (ended, line)
    });
    let (ended, lines): (Vec<Ended>, Vec<Line>) = ends.into_iter().unzip();
    Sweep::of(title, story, points.len(), &ended, &lines)
}

/// Says at once what did not survive: the table comes minutes later.
#[expect(clippy::print_stderr, reason = "a drill talks to people")]
fn tell(line: Line) -> Line {
    if !line.well {
        eprintln!("NOT: {}", line.told);
    }
    line
}

/// Everything that only somebody else can mend, at every call of a run.
pub fn every_block(title: &str, story: &Story) -> Sweep {
    let points = points(&story.log);
    let cases = Blocked::all(story, &points);
    let ends = crew::run(&cases, |case| {
        let ended = case.run();
        let line = tell(case.line(&ended));
        (ended, line)
    });
    let (ended, lines): (Vec<Ended>, Vec<Line>) = ends.into_iter().unzip();
    Sweep::of(title, story, points.len(), &ended, &lines)
}

/// Disturbs a deployment and its removal at every call.
///
/// # Errors
/// The undisturbed run does not end well.
pub fn run(ground: &Ground, report: &mut Report) -> Result<Findings, Trouble> {
    let deployed = deployment(ground)?;
    let sweeps = [
        every_fault("deploy", &deployed, &Fault::ALL, 2),
        every_block("deploy, blocked", &deployed),
        every_fault(
            "deploy, long invisible",
            &late_deployment(ground)?,
            &Fault::UNSEEN,
            2,
        ),
        every_fault("destroy", &removal(ground)?, &Fault::KILLS, 1),
    ];
    let mut difference = Difference::default();
    sweeps.iter().for_each(|sweep| difference += &sweep.difference);
    report.calls = Some(sweeps[0].calls);
    report.fault_points = Some(sweeps[0].points);
    report.faults = Some(Fault::ALL.map(|fault| fault.name().to_owned()).to_vec());
    report.cases = Some(sweeps.iter().map(|sweep| sweep.cases).sum());
    report.survived = Some(sweeps.iter().map(|sweep| sweep.survived).sum());
    report.orphans = Some(difference.orphans);
    report.duplicates = Some(difference.duplicates);
    let tables: Vec<String> = sweeps.iter().map(|sweep| sweep.table.to_string()).collect();
    Ok(Findings {
        text: tables.join("\n"),
        survived: sweeps.iter().all(Sweep::well),
    })
}
