//! Whole queries: WITH, set operations, VALUES.

use sqlparser::ast::{Query, SetExpr, SetOperator, SetQuantifier, Values};

use super::columns::Scope;
use super::{Analyzer, Compiled};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::names::fold;
use crate::sql::types::{Column, Ty};

impl Analyzer<'_> {
    pub(super) fn query(&mut self, query: &Query, parent: Option<&Scope<'_>>) -> SqlResult<Compiled> {
        if parent.is_some() {
            self.not_in_stream("subqueries are")?;
        }
        let known = self.ctes.len();
        let aggregates = std::mem::take(&mut self.aggregates);
        let in_aggregate = std::mem::take(&mut self.in_aggregate);
        let checking = std::mem::replace(&mut self.checking, true);
        self.with(query, parent)?;
        let compiled = self.ordered(query, parent);
        self.ctes.truncate(known);
        self.in_aggregate = in_aggregate;
        self.checking = checking;
        // The outermost query's own count is what a streaming view is judged by.
        if parent.is_some() || self.view_depth > 0 {
            self.aggregates = aggregates;
        }
        compiled
    }

    fn with(&mut self, query: &Query, parent: Option<&Scope<'_>>) -> SqlResult<()> {
        let Some(with) = &query.with else {
            return Ok(());
        };
        self.not_in_stream("common table expressions are")?;
        if with.recursive {
            return Err(SqlError::not_modelled("WITH RECURSIVE"));
        }
        for cte in &with.cte_tables {
            let mut compiled = self.query(&cte.query, parent)?;
            for (column, alias) in compiled.columns.iter_mut().zip(&cte.alias.columns) {
                column.name = fold(&alias.name, self.case_sensitive);
            }
            let name = fold(&cte.alias.name, self.case_sensitive);
            self.ctes.push((name, compiled));
        }
        Ok(())
    }

    /// The body with ORDER BY and LIMIT.
    fn ordered(&mut self, query: &Query, parent: Option<&Scope<'_>>) -> SqlResult<Compiled> {
        if query.order_by.is_some() || query.limit_clause.is_some() || query.fetch.is_some() {
            self.not_in_stream("ORDER BY, LIMIT and OFFSET are")?;
        }
        let limit = self.limit(query)?;
        let mut compiled = match query.body.as_ref() {
            SetExpr::Select(select) => self.select(select, query.order_by.as_ref(), parent)?,
            body => {
                let mut compiled = self.body(body, parent)?;
                if let Some(order) = &query.order_by {
                    let order = self.order_of_set(order, &compiled.columns)?;
                    compiled.sql.push_str(&order);
                }
                compiled
            }
        };
        compiled.sql.push_str(&limit);
        Ok(compiled)
    }

    fn body(&mut self, body: &SetExpr, parent: Option<&Scope<'_>>) -> SqlResult<Compiled> {
        match body {
            SetExpr::Select(select) => self.select(select, None, parent),
            SetExpr::Query(query) => self.query(query, parent),
            SetExpr::Values(values) => self.values(values, parent),
            SetExpr::SetOperation {
                op,
                set_quantifier,
                left,
                right,
            } => {
                self.not_in_stream("set operations are")?;
                let left = self.body(left, parent)?;
                let right = self.body(right, parent)?;
                combine(*op, *set_quantifier, left, right)
            }
            _ => Err(SqlError::not_modelled("this kind of query")),
        }
    }

    fn values(&mut self, values: &Values, parent: Option<&Scope<'_>>) -> SqlResult<Compiled> {
        self.not_in_stream("VALUES is")?;
        let scope = Scope::inside(parent);
        let mut rows = Vec::new();
        let mut types: Vec<Ty> = Vec::new();
        for row in &values.rows {
            let mut cells = Vec::new();
            for (at, cell) in row.content.iter().enumerate() {
                let cell = self.expr(cell, &scope)?;
                match types.get_mut(at) {
                    Some(ty) => *ty = ty.common(cell.ty),
                    None => types.push(cell.ty),
                }
                cells.push(cell.sql);
            }
            if cells.len() != types.len() {
                return Err(SqlError::new("VALUES lists must all be the same length"));
            }
            rows.push(format!("({})", cells.join(", ")));
        }
        let names: Vec<String> = (0..types.len())
            .map(|at| format!("column{} AS c{at}", at + 1))
            .collect();
        let columns = types
            .iter()
            .enumerate()
            .map(|(at, ty)| Column::new(format!("column{}", at + 1), *ty))
            .collect();
        let sql = format!("SELECT {} FROM (VALUES {})", names.join(", "), rows.join(", "));
        Ok(Compiled { sql, columns })
    }
}

fn combine(
    op: SetOperator,
    quantifier: SetQuantifier,
    left: Compiled,
    right: Compiled,
) -> SqlResult<Compiled> {
    let all = quantifier == SetQuantifier::All;
    let word = match op {
        SetOperator::Union if all => "UNION ALL",
        SetOperator::Union => "UNION",
        SetOperator::Intersect if !all => "INTERSECT",
        SetOperator::Except | SetOperator::Minus if !all => "EXCEPT",
        _ => return Err(SqlError::new("INTERSECT ALL and EXCEPT ALL are not supported")),
    };
    if left.columns.len() != right.columns.len() {
        return Err(SqlError::new(format!(
            "each {} query must have the same number of columns",
            word.trim_end_matches(" ALL")
        )));
    }
    let mut columns = Vec::new();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (at, (l, r)) in left.columns.iter().zip(&right.columns).enumerate() {
        let ty = l.ty.common(r.ty);
        a.push(as_type(at, l.ty, ty));
        b.push(as_type(at, r.ty, ty));
        columns.push(Column::new(l.name.clone(), ty));
    }
    let sql = format!(
        "SELECT {} FROM ({}) {word} SELECT {} FROM ({})",
        a.join(", "),
        left.sql,
        b.join(", "),
        right.sql
    );
    Ok(Compiled { sql, columns })
}

fn as_type(at: usize, from: Ty, to: Ty) -> String {
    let value = super::cast::unified(super::Typed::new(format!("c{at}"), from), to);
    format!("{value} AS c{at}")
}
