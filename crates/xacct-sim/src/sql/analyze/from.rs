//! FROM: relations, views, subqueries, joins, unnested arrays.

use sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins,
};

use super::columns::{Part, Scope, Source};
use super::{Analyzer, Compiled, Typed};
use crate::sql::catalog::Kind;
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::names::{fold, parts, relation};
use crate::sql::statement::Name;
use crate::sql::system;
use crate::sql::types::{Column, Ty};

/// Views nested deeper than this are taken for a defect.
const VIEW_DEPTH: usize = 64;

impl Analyzer<'_> {
    pub(super) fn from(&mut self, tables: &[TableWithJoins], scope: &mut Scope<'_>) -> SqlResult<String> {
        if tables.is_empty() {
            return Ok(String::new());
        }
        if tables.len() > 1 || tables.iter().any(|table| !table.joins.is_empty()) {
            self.not_in_stream("joins are")?;
        }
        let mut out = Vec::new();
        for table in tables {
            let mut sql = self.factor(&table.relation, scope)?;
            for join in &table.joins {
                sql.push_str(&self.join(join, scope)?);
            }
            out.push(sql);
        }
        Ok(format!(" FROM {}", out.join(", ")))
    }

    fn join(&mut self, join: &Join, scope: &mut Scope<'_>) -> SqlResult<String> {
        let (word, constraint) = match &join.join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => ("JOIN", on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("LEFT JOIN", on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("RIGHT JOIN", on),
            JoinOperator::FullOuter(on) => ("FULL JOIN", on),
            JoinOperator::CrossJoin(on) => ("CROSS JOIN", on),
            _ => return Err(SqlError::not_modelled("this kind of join")),
        };
        let left = scope.sources.len();
        let right = self.factor(&join.relation, scope)?;
        let on = match constraint {
            JoinConstraint::On(condition) => format!(" ON {}", self.truth(condition, scope)?),
            JoinConstraint::Using(names) => format!(" ON {}", self.using(names, left, scope)?),
            JoinConstraint::None => String::new(),
            JoinConstraint::Natural => return Err(SqlError::not_modelled("NATURAL JOIN")),
        };
        Ok(format!(" {word} {right}{on}"))
    }

    fn using(&mut self, names: &[ObjectName], left: usize, scope: &mut Scope<'_>) -> SqlResult<String> {
        let mut conditions = Vec::new();
        for name in names {
            let name = parts(name, self.case_sensitive).pop().unwrap_or_default();
            let place = |source: &Source| source.columns.iter().position(|column| column.name == name);
            let a = scope.sources[..left]
                .iter()
                .find_map(|source| Some(format!("{}.c{}", source.sql, place(source)?)));
            let b = scope.sources[left..]
                .iter()
                .position(|source| place(source).is_some());
            let (Some(a), Some(b)) = (a, b) else {
                return Err(SqlError::new(format!(
                    "column \"{name}\" specified in USING clause does not exist"
                )));
            };
            let source = &mut scope.sources[left + b];
            let at = source
                .columns
                .iter()
                .position(|column| column.name == name)
                .unwrap_or_default();
            source.hidden.push(at);
            conditions.push(format!("{a} = {}.c{at}", source.sql));
        }
        Ok(conditions.join(" AND "))
    }

    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) -> SqlResult<String> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => self.table(name, alias.as_ref(), scope),
            TableFactor::Derived { subquery, alias, .. } => {
                self.not_in_stream("subqueries are")?;
                let compiled = self.query(subquery, scope.parent)?;
                Ok(self.subquery(compiled, alias.as_ref(), scope))
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => {
                let mut sql = self.factor(&table_with_joins.relation, scope)?;
                for join in &table_with_joins.joins {
                    sql.push_str(&self.join(join, scope)?);
                }
                Ok(format!("({sql})"))
            }
            TableFactor::UnpivotExpr {
                expression,
                value_alias,
                attribute_alias,
            } => {
                self.not_in_stream("unpivoting is")?;
                let value = self.expr(expression, scope)?;
                self.unnest(value, value_alias, attribute_alias.as_ref(), scope)
            }
            TableFactor::Function { .. } | TableFactor::Table { .. } | TableFactor::TableFunction { .. } => {
                Err(SqlError::not_modelled("a function in FROM"))
            }
            _ => Err(SqlError::not_modelled("this item of FROM")),
        }
    }

    fn subquery(
        &mut self,
        mut compiled: Compiled,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> String {
        for (column, name) in compiled
            .columns
            .iter_mut()
            .zip(alias.iter().flat_map(|alias| &alias.columns))
        {
            column.name = fold(&name.name, self.case_sensitive);
        }
        let name = alias
            .map(|alias| fold(&alias.name, self.case_sensitive))
            .unwrap_or_default();
        let sql = format!("({})", compiled.sql);
        self.add(name, None, sql, compiled.columns, scope)
    }

    fn add(
        &mut self,
        alias: String,
        schema: Option<String>,
        sql: String,
        columns: Vec<Column>,
        scope: &mut Scope<'_>,
    ) -> String {
        let short = self.alias();
        let out = format!("{sql} AS {short}");
        scope.sources.push(Source {
            alias,
            schema,
            sql: short,
            columns,
            hidden: Vec::new(),
            element: None,
        });
        out
    }

    fn table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> SqlResult<String> {
        let names = parts(name, self.case_sensitive);
        if self.starts_with_source(&names, scope) {
            return self.unnest_path(name, alias, scope);
        }
        if let [only] = &names[..]
            && let Some((_, compiled)) = self.ctes.iter().rev().find(|(cte, _)| cte == only)
        {
            let compiled = compiled.clone();
            let given = alias.map(|alias| fold(&alias.name, self.case_sensitive));
            let out = self.subquery(compiled, alias, scope);
            if let (Some(source), None) = (scope.sources.last_mut(), given) {
                source.alias.clone_from(only);
            }
            return Ok(out);
        }
        let name = relation(names);
        let (sql, mut columns) = self.relation_sql(&name)?;
        for (column, renamed) in columns
            .iter_mut()
            .zip(alias.iter().flat_map(|alias| &alias.columns))
        {
            column.name = fold(&renamed.name, self.case_sensitive);
        }
        let (alias, schema) = match alias {
            Some(alias) => (fold(&alias.name, self.case_sensitive), None),
            None => (name.name.clone(), name.schema.clone()),
        };
        Ok(self.add(alias, schema, sql, columns, scope))
    }

    /// `c.payload.items`: the first part is something that already stands in FROM.
    fn starts_with_source(&self, names: &[String], scope: &Scope<'_>) -> bool {
        names.len() >= 2 && scope.sources.iter().any(|source| source.alias == names[0])
    }

    fn unnest_path(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> SqlResult<String> {
        self.not_in_stream("unnesting is")?;
        let names: Vec<Part> = name
            .0
            .iter()
            .filter_map(|part| part.as_ident())
            .map(|ident| self.part(ident))
            .collect();
        let value = self.unchecked(|this| this.path(&names, &[], scope))?;
        let fallback = Ident::new(names.last().map(|part| part.name.clone()).unwrap_or_default());
        let name = alias.map_or(&fallback, |alias| &alias.name);
        self.unnest(value, name, alias.and_then(|alias| alias.at.as_ref()), scope)
    }

    fn unnest(
        &mut self,
        value: Typed,
        alias: &Ident,
        at: Option<&Ident>,
        scope: &mut Scope<'_>,
    ) -> SqlResult<String> {
        if value.ty != Ty::Super {
            return Err(SqlError::new("only SUPER values can be unnested in FROM"));
        }
        let short = self.alias();
        let element = format!("rs_element({short}.type, {short}.value)");
        let at = at.map(|at| (fold(at, self.case_sensitive), format!("{short}.key")));
        scope.sources.push(Source {
            alias: fold(alias, self.case_sensitive),
            schema: None,
            sql: short.clone(),
            columns: Vec::new(),
            hidden: Vec::new(),
            element: Some((element, at)),
        });
        Ok(format!("json_each(rs_bag({})) AS {short}", value.sql))
    }

    /// SQL and columns of a named relation that the user may read.
    fn relation_sql(&mut self, name: &Name) -> SqlResult<(String, Vec<Column>)> {
        if let Some(stream) = &self.stream
            && name.schema.as_deref() == Some(&stream.schema)
            && name.name == stream.name
        {
            return Ok((stream.table.clone(), stream.columns.clone()));
        }
        if let Some(found) = self.system_relation(name)? {
            return Ok(found);
        }
        let external = name
            .schema
            .as_ref()
            .and_then(|schema| self.catalog.schemas.get(schema))
            .is_some_and(|schema| schema.stream.is_some());
        if external {
            return Err(SqlError::new(format!(
                "streaming source \"{name}\" can only be read by a materialized view"
            )));
        }
        let key = self.catalog.find_on(name, &self.path)?;
        self.session.need_relation(self.catalog, &key, "SELECT")?;
        if self.view_depth == 0 {
            self.reads.insert(key.clone());
        }
        let found = &self.catalog.relations[&key];
        if let Kind::View(_) = &found.kind {
            self.not_in_stream("views are")?;
            return self.view(&key);
        }
        Ok((found.table(), found.columns.clone()))
    }

    fn system_relation(&mut self, name: &Name) -> SqlResult<Option<(String, Vec<Column>)>> {
        let schema = name.schema.as_deref().unwrap_or("pg_catalog");
        if schema != "pg_catalog" && schema != "information_schema" {
            return Ok(None);
        }
        let Some(columns) = system::columns(schema, &name.name)? else {
            return match name.schema {
                Some(_) => Err(crate::sql::catalog::no_relation(name)),
                None => Ok(None),
            };
        };
        self.not_in_stream("system views are")?;
        let table = system::table(schema, &name.name);
        self.system.insert(table.clone());
        Ok(Some((format!("temp.{table}"), columns)))
    }

    /// A view's query, compiled with the owner's rights.
    fn view(&mut self, key: &(String, String)) -> SqlResult<(String, Vec<Column>)> {
        if self.view_depth >= VIEW_DEPTH {
            return Err(SqlError::new("infinite recursion detected in a view"));
        }
        let catalog = self.catalog;
        let found = &catalog.relations[key];
        let Kind::View(view) = &found.kind else {
            return Err(SqlError::new("internal: not a view"));
        };
        let saved = (
            self.session,
            self.path.clone(),
            self.case_sensitive,
            std::mem::take(&mut self.ctes),
        );
        self.session.user = &found.owner;
        self.path.clone_from(&view.path);
        self.case_sensitive = view.case_sensitive;
        self.view_depth += 1;
        let compiled = self.query(&view.query, None);
        self.view_depth -= 1;
        (self.session, self.path, self.case_sensitive, self.ctes) = saved;
        let mut compiled = compiled?;
        for (column, name) in compiled.columns.iter_mut().zip(&view.names) {
            column.name.clone_from(name);
        }
        Ok((format!("({})", compiled.sql), compiled.columns))
    }
}
