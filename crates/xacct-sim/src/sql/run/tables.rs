//! Tables and their rows.

use std::collections::BTreeMap;

use super::views::{check_columns, rename, settled};
use super::{Outcome, Run};
use crate::sql::analyze::{Analyzer, Compiled, named_type};
use crate::sql::catalog::{Kind, Relation};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::statement::{ColumnSpec, Layout, Name, TableChange};
use crate::sql::types::{Column, Ty};

impl Run<'_, '_> {
    fn add_table(
        &mut self,
        key: (String, String),
        columns: Vec<Column>,
        layout: Layout,
    ) -> SqlResult<String> {
        check_columns(&columns, &layout)?;
        let owner = self.login.user.clone();
        let oid = self.catalog()?.new_oid();
        let relation = Relation {
            oid,
            owner,
            grants: BTreeMap::new(),
            columns,
            layout,
            definition: String::new(),
            comment: None,
            kind: Kind::Table,
        };
        let table = relation.table();
        self.add_relation(key, relation)?;
        Ok(table)
    }

    pub(super) fn create_table(
        &mut self,
        name: &Name,
        if_not_exists: bool,
        specs: Vec<ColumnSpec>,
        like: Option<Name>,
        layout: Layout,
    ) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        if if_not_exists && catalog.relations.contains_key(&catalog.place(name, &session)?) {
            return Ok(Outcome::done());
        }
        let key = self.new_relation(name)?;
        let (columns, layout) = match like {
            Some(like) => {
                let (catalog, session) = self.here()?;
                let source = catalog.find(&like, &session)?;
                session.need_relation(catalog, &source, "SELECT")?;
                let found = &catalog.relations[&source];
                // LIKE takes distribution and sort keys over; a materialized view's default distribution is EVEN.
                let mut taken = found.layout.clone();
                if found.materialized().is_some() && taken.dist_style.is_none() && taken.dist_key.is_none() {
                    taken.dist_style = Some("EVEN".to_owned());
                }
                taken.auto_refresh = None;
                (found.columns.clone(), taken)
            }
            None => {
                let columns = specs
                    .iter()
                    .map(|spec| {
                        Ok(Column::new(
                            spec.name.clone(),
                            declared(named_type(&spec.data_type)?, &spec.data_type),
                        ))
                    })
                    .collect::<SqlResult<_>>()?;
                (columns, layout)
            }
        };
        self.add_table(key, columns, layout)?;
        Ok(Outcome::done())
    }

    pub(super) fn create_table_as(
        &mut self,
        name: &Name,
        names: &[String],
        layout: Layout,
        query: &str,
    ) -> SqlResult<Outcome> {
        let key = self.new_relation(name)?;
        let (compiled, _) = self.compile(query)?;
        let mut columns = settled(compiled.columns);
        rename(&mut columns, names)?;
        let table = self.add_table(key, columns, layout)?;
        let rows = self
            .connection()?
            .execute(&format!("INSERT INTO {table} {}", compiled.sql), [])?;
        Ok(Outcome::changed(rows))
    }

    pub(super) fn alter_table(&mut self, name: &Name, change: TableChange) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let key = catalog.find(name, &session)?;
        let owner = catalog.relations[&key].owner.clone();
        match change {
            TableChange::Append {
                from,
                ignore_extra,
                fill_target,
            } => self.append(&key, &from, ignore_extra, fill_target),
            TableChange::Owner(new) => {
                session.need_owner(&owner, "relation", &key.1)?;
                if !self.warehouse.accounts.users.contains_key(&new) {
                    return Err(SqlError::new(format!("user \"{new}\" does not exist")));
                }
                if let Some(relation) = self.catalog()?.relations.get_mut(&key) {
                    relation.owner = new;
                }
                Ok(Outcome::done())
            }
            TableChange::Rename(new) => {
                session.need_owner(&owner, "relation", &key.1)?;
                self.rename_table(key, new)
            }
        }
    }

    fn rename_table(&mut self, key: (String, String), new: String) -> SqlResult<Outcome> {
        let catalog = self.catalog()?;
        let target = (key.0.clone(), new);
        if catalog.relations[&key].materialized().is_some() {
            return Err(SqlError::new(format!(
                "materialized view \"{}\" cannot be renamed",
                key.1
            )));
        }
        if catalog.relations.contains_key(&target) {
            return Err(SqlError::new(format!("relation \"{}\" already exists", target.1)));
        }
        if !catalog.dependents(&key).is_empty() {
            return Err(SqlError::not_modelled("renaming a table that views read"));
        }
        if let Some(relation) = catalog.relations.remove(&key) {
            catalog.relations.insert(target, relation);
        }
        Ok(Outcome::done())
    }

    pub(super) fn truncate(&mut self, name: &Name) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let key = catalog.find(name, &session)?;
        let found = &catalog.relations[&key];
        if matches!(found.kind, Kind::View(_)) {
            return Err(SqlError::new(format!("\"{}\" is not a table", key.1)));
        }
        if !session.holds(&found.owner, &found.grants, "TRUNCATE") {
            session.need_owner(&found.owner, "relation", &key.1)?;
        }
        self.connection()?
            .execute(&format!("DELETE FROM {}", found.table()), [])?;
        Ok(Outcome::done())
    }

    pub(super) fn insert(&mut self, name: &Name, names: &[String], query: &str) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let key = catalog.find(name, &session)?;
        session.need_relation(catalog, &key, "INSERT")?;
        let target = &catalog.relations[&key];
        if !matches!(target.kind, Kind::Table) {
            return Err(SqlError::new(format!("cannot insert into view \"{}\"", key.1)));
        }
        let places: Vec<usize> = if names.is_empty() {
            (0..target.columns.len()).collect()
        } else {
            names
                .iter()
                .map(|name| place(target, name))
                .collect::<SqlResult<_>>()?
        };
        let (compiled, _) = self.compile(query)?;
        if compiled.columns.len() > places.len() {
            return Err(SqlError::new("INSERT has more expressions than target columns"));
        }
        if compiled.columns.len() < places.len() && !names.is_empty() {
            return Err(SqlError::new("INSERT has more target columns than expressions"));
        }
        let sql = insertion(target, &places, &compiled)?;
        let rows = self.connection()?.execute(&sql, [])?;
        Ok(Outcome::changed(rows))
    }

    pub(super) fn delete(&mut self, name: &Name, condition: Option<&str>) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let key = catalog.find(name, &session)?;
        session.need_relation(catalog, &key, "DELETE")?;
        let target = &catalog.relations[&key];
        let filter = match (&target.kind, condition) {
            (Kind::View(_), _) => {
                return Err(SqlError::new(format!("cannot delete from view \"{}\"", key.1)));
            }
            (Kind::Materialized(_), Some(_)) => {
                return Err(SqlError::not_modelled(
                    "DELETE of some rows of a materialized view",
                ));
            }
            (_, Some(condition)) => {
                let mut analyzer = Analyzer::new(catalog, session, self.env.switches, self.env.now);
                format!(
                    " WHERE {}",
                    analyzer.condition(condition, &key.1, &target.columns)?
                )
            }
            (_, None) => String::new(),
        };
        let rows = self
            .connection()?
            .execute(&format!("DELETE FROM {} AS t{filter}", target.table()), [])?;
        Ok(Outcome::changed(rows))
    }
}

/// CHAR and VARCHAR columns without a length are shorter than the same words in a cast.
fn declared(ty: Ty, text: &str) -> Ty {
    match ty {
        Ty::Varchar(65_535) if !text.contains('(') => Ty::Varchar(256),
        other => other,
    }
}

fn place(target: &Relation, name: &str) -> SqlResult<usize> {
    target
        .columns
        .iter()
        .position(|column| column.name == name)
        .ok_or_else(|| SqlError::new(format!("column \"{name}\" of relation does not exist")))
}

/// `INSERT INTO … SELECT`, each value brought to its column's type.
fn insertion(target: &Relation, places: &[usize], compiled: &Compiled) -> SqlResult<String> {
    let mut values = Vec::new();
    let mut names = Vec::new();
    for (at, (column, place)) in compiled.columns.iter().zip(places).enumerate() {
        let wanted = &target.columns[*place];
        values.push(crate::sql::analyze::assigned(
            &format!("c{at}"),
            column.ty,
            wanted,
        )?);
        names.push(format!("c{place}"));
    }
    Ok(format!(
        "INSERT INTO {} ({}) SELECT {} FROM ({})",
        target.table(),
        names.join(", "),
        values.join(", "),
        compiled.sql
    ))
}
