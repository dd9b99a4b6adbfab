//! Every fault at every call of an undisturbed run, one by one.
//!
//! | file | what it holds |
//! |---|---|
//! | `story` | the undisturbed run, with the world just before each call |
//! | `points` | which of its calls are different |
//! | `cases` | a fault at a point, what is left, what the next run makes of it |
//! | `compare` | orphans, duplicates, what is missing |
//! | `crew` | cases on all cores |
//! | `table` | what a person reads |

pub mod cases;
pub mod compare;
pub mod crew;
pub mod points;
pub mod story;
pub mod table;

use super::{Findings, Ground, Report, Trouble};
use cases::{Case, Ended, Fault};
use compare::Difference;
use points::points;
use story::{Errand, Story};
use table::Table;

/// Disturbs a deployment at every call with every fault.
///
/// # Errors
/// The undisturbed run does not end well.
pub fn run(ground: &Ground, report: &mut Report) -> Result<Findings, Trouble> {
    let start = ground.world(7).build().snapshot();
    let story = Story::of(ground, Errand::Deploy, start)?;
    let points = points(&story.log);
    let cases = Case::all(&story, &points);
    let ended = crew::run(&cases, Case::run);
    let table = Table::of(&cases, &ended);
    let survived = ended.iter().filter(|ended| ended.well()).count() as u64;
    let mut difference = Difference::default();
    ended.iter().for_each(|ended| difference += &ended.difference);
    report.calls = Some(story.log.len() as u64);
    report.fault_points = Some(points.len() as u64);
    report.faults = Some(Fault::ALL.map(|fault| fault.name().to_owned()).to_vec());
    report.cases = Some(cases.len() as u64);
    report.survived = Some(survived);
    report.orphans = Some(difference.orphans);
    report.duplicates = Some(difference.duplicates);
    Ok(Findings {
        text: table.to_string(),
        survived: ended.iter().all(Ended::well),
    })
}
