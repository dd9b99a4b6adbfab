//! `ALTER TABLE target APPEND FROM source`: moves all rows.
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE_APPEND.html>

use super::{Outcome, Run};
use crate::sql::catalog::{Kind, Relation};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::statement::Name;

impl Run<'_, '_> {
    pub(super) fn append(
        &mut self,
        target: &(String, String),
        from: &Name,
        ignore_extra: bool,
        fill_target: bool,
    ) -> SqlResult<Outcome> {
        if ignore_extra && fill_target {
            return Err(SqlError::new(
                "IGNOREEXTRA and FILLTARGET can't both be specified",
            ));
        }
        let (catalog, session) = self.here()?;
        let source = catalog.find(from, &session)?;
        for privilege in ["SELECT", "DELETE"] {
            session.need_relation(catalog, &source, privilege)?;
        }
        session.need_relation(catalog, target, "INSERT")?;
        let (to, of) = (&catalog.relations[target], &catalog.relations[&source]);
        if source == *target || matches!(of.kind, Kind::View(_)) || !matches!(to.kind, Kind::Table) {
            return Err(SqlError::new(format!(
                "ALTER TABLE APPEND from \"{}\" to \"{}\" is not possible",
                source.1, target.1
            )));
        }
        let pairs = pairs(to, of, ignore_extra, fill_target)?;
        check_layout(to, of)?;
        let list = |at: fn(&(usize, usize)) -> usize| {
            pairs
                .iter()
                .map(|pair| format!("c{}", at(pair)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (into, what) = (list(|pair| pair.0), list(|pair| pair.1));
        let connection = self.connection()?;
        let moved = connection.execute(
            &format!(
                "INSERT INTO {} ({into}) SELECT {what} FROM {}",
                to.table(),
                of.table()
            ),
            [],
        )?;
        connection.execute(&format!("DELETE FROM {}", of.table()), [])?;
        Ok(Outcome::changed(moved))
    }
}

/// Columns of the target with those of the source that they take; by name, with the same type.
fn pairs(
    to: &Relation,
    of: &Relation,
    ignore_extra: bool,
    fill_target: bool,
) -> SqlResult<Vec<(usize, usize)>> {
    let mut out = Vec::new();
    for (at, column) in to.columns.iter().enumerate() {
        match of.columns.iter().position(|other| other.name == column.name) {
            Some(other) if of.columns[other].ty == column.ty => out.push((at, other)),
            Some(_) => {
                return Err(SqlError::new(format!(
                    "ALTER TABLE APPEND: column \"{}\" differs in its attributes",
                    column.name
                )));
            }
            None if fill_target => {}
            None => {
                return Err(SqlError::new(format!(
                    "ALTER TABLE APPEND: column \"{}\" of the target is not in the source",
                    column.name
                ))
                .hint("Use FILLTARGET."));
            }
        }
    }
    let extra = of
        .columns
        .iter()
        .find(|column| !to.columns.iter().any(|other| other.name == column.name));
    match extra {
        Some(column) if !ignore_extra => Err(SqlError::new(format!(
            "ALTER TABLE APPEND: column \"{}\" of the source is not in the target",
            column.name
        ))
        .hint("Use IGNOREEXTRA.")),
        _ => Ok(out),
    }
}

/// Distribution and sort keys must be the same.
fn check_layout(to: &Relation, of: &Relation) -> SqlResult<()> {
    let style = |relation: &Relation| {
        // A materialized view is distributed evenly unless it says otherwise, a table as Redshift thinks best.
        let fallback = if relation.materialized().is_some() {
            "EVEN"
        } else {
            "AUTO"
        };
        relation.layout.dist_style.clone().unwrap_or_else(|| {
            if relation.layout.dist_key.is_some() {
                "KEY"
            } else {
                fallback
            }
            .to_owned()
        })
    };
    let same = (style(to) == style(of) || style(to) == "AUTO")
        && to.layout.dist_key == of.layout.dist_key
        && to.layout.sort_key == of.layout.sort_key;
    if same {
        Ok(())
    } else {
        Err(SqlError::new(
            "ALTER TABLE APPEND: distribution or sort keys of source and target differ",
        ))
    }
}
