//! Faults by operation, as a table for people.

use super::ended::Line;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Cases that survived, of all, by operation and fault.
#[derive(Debug, Clone, Default)]
pub struct Table {
    title: String,
    columns: Vec<&'static str>,
    rows: BTreeMap<String, Row>,
    /// What did not survive, in full.
    lost: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Row {
    points: BTreeSet<u64>,
    /// By fault: survived, all.
    cells: BTreeMap<&'static str, (u64, u64)>,
}

impl Row {
    fn add(&mut self, line: &Line) {
        self.points.insert(line.point);
        let cell = self.cells.entry(line.column).or_default();
        cell.0 += u64::from(line.well);
        cell.1 += 1;
    }
}

impl Table {
    /// The table of these lines.
    pub fn of(title: &str, lines: &[Line]) -> Self {
        let (mut columns, mut rows) = (Vec::new(), BTreeMap::<String, Row>::new());
        let mut sum = Row::default();
        for line in lines {
            if !columns.contains(&line.column) {
                columns.push(line.column);
            }
            rows.entry(line.action.clone()).or_default().add(line);
            sum.add(line);
        }
        rows.insert("~ all".to_owned(), sum);
        let lost = lines.iter().filter(|line| !line.well);
        Self {
            title: title.to_owned(),
            columns,
            rows,
            lost: lost.map(|line| line.told.clone()).collect(),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<56} {:>6}", self.title, "points")?;
        for column in &self.columns {
            write!(f, " {column:>19}")?;
        }
        writeln!(f)?;
        for (action, row) in &self.rows {
            write!(f, "{action:<56} {:>6}", row.points.len())?;
            for column in &self.columns {
                let cell = row.cells.get(column);
                let cell = cell.map_or_else(|| "-".to_owned(), |(well, all)| format!("{well} of {all}"));
                write!(f, " {cell:>19}")?;
            }
            writeln!(f)?;
        }
        for line in &self.lost {
            writeln!(f, "NOT: {line}")?;
        }
        Ok(())
    }
}
