//! Faults by operation, as a table for people.

use super::cases::{Case, Ended, Fault};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Cases that survived, of all, by operation and fault.
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: BTreeMap<String, Row>,
    /// What did not survive, in full.
    lost: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Row {
    points: BTreeSet<u64>,
    /// By fault: survived, all.
    cells: BTreeMap<Fault, (u64, u64)>,
}

impl Table {
    /// The table of these cases and their ends.
    pub fn of(cases: &[Case<'_>], ended: &[Ended]) -> Self {
        let mut table = Self::default();
        for (case, ended) in cases.iter().zip(ended) {
            let row = table.rows.entry(case.point.action.clone()).or_default();
            row.points.insert(case.point.number);
            let cell = row.cells.entry(case.fault).or_default();
            cell.0 += u64::from(ended.well());
            cell.1 += 1;
            if !ended.well() {
                table.lost.push(format!("{case}: {}", why(ended)));
            }
        }
        table
    }
}

fn why(ended: &Ended) -> String {
    let difference = &ended.difference;
    format!(
        "{} hits, {} orphans, {} duplicates, {} missing after {} more runs{}",
        ended.hits,
        difference.orphans,
        difference.duplicates,
        difference.missing,
        ended.reruns,
        ended
            .error
            .as_ref()
            .map_or_else(String::new, |error| format!("; {error}"))
    )
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<56} {:>6}", "survived of", "points")?;
        for fault in Fault::ALL {
            write!(f, " {:>13}", fault.name())?;
        }
        writeln!(f)?;
        for (action, row) in &self.rows {
            write!(f, "{action:<56} {:>6}", row.points.len())?;
            for fault in Fault::ALL {
                let cell = row
                    .cells
                    .get(&fault)
                    .map(|(survived, all)| format!("{survived} of {all}"));
                write!(f, " {:>13}", cell.as_deref().unwrap_or("-"))?;
            }
            writeln!(f)?;
        }
        for line in &self.lost {
            writeln!(f, "NOT: {line}")?;
        }
        Ok(())
    }
}
