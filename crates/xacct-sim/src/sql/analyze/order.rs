//! ORDER BY, LIMIT, OFFSET.
//!
//! NULL counts as larger than everything in Redshift, and as smaller in SQLite; so it is always said.

use sqlparser::ast::{Expr, LimitClause, OrderBy, OrderByExpr, OrderByKind, OrderBySort, Query, Value};

use super::columns::Scope;
use super::{Analyzer, Typed};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::names::fold;
use crate::sql::types::{Column, Ty};

impl Analyzer<'_> {
    /// ` LIMIT … OFFSET …`, or nothing.
    pub(super) fn limit(&mut self, query: &Query) -> SqlResult<String> {
        let (limit, offset) = match &query.limit_clause {
            None => (None, None),
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        };
        let fetch = query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref());
        let limit = self.count(limit.or(fetch))?;
        let offset = self.count(offset)?;
        Ok(match (limit, offset) {
            (None, None) => String::new(),
            (limit, offset) => format!(" LIMIT {} OFFSET {}", limit.unwrap_or(-1), offset.unwrap_or(0)),
        })
    }

    fn count(&self, expr: Option<&Expr>) -> SqlResult<Option<i64>> {
        match expr {
            None => Ok(None),
            Some(Expr::Value(value)) => match &value.value {
                Value::Number(text, _) => text
                    .parse()
                    .map(Some)
                    .map_err(|_| SqlError::new("LIMIT must be a whole number")),
                Value::Null => Ok(None),
                _ => Err(SqlError::new("argument of LIMIT must be a number")),
            },
            Some(_) => Err(SqlError::not_modelled("an expression in LIMIT or OFFSET")),
        }
    }

    /// Items of an ORDER BY.
    pub(super) fn order_items<'q>(&self, order: &'q OrderBy) -> SqlResult<&'q [OrderByExpr]> {
        match &order.kind {
            OrderByKind::Expressions(items) => Ok(items),
            OrderByKind::All(_) => Err(SqlError::not_modelled("ORDER BY ALL")),
        }
    }

    /// ORDER BY of a plain SELECT: an ordinal, an alias, or an expression.
    pub(super) fn order_of_select(
        &mut self,
        order: &OrderBy,
        scope: &Scope<'_>,
        items: &[(String, Typed)],
    ) -> SqlResult<String> {
        let mut out = Vec::new();
        for item in self.order_items(order)? {
            let key = match self.by_position_or_alias(&item.expr, items)? {
                Some(found) => found,
                None => self.expr(&item.expr, scope)?,
            };
            out.push(sorted(&sortable(key), item));
        }
        Ok(format!(" ORDER BY {}", out.join(", ")))
    }

    /// An output column by ordinal or name.
    pub(super) fn by_position_or_alias(
        &self,
        expr: &Expr,
        items: &[(String, Typed)],
    ) -> SqlResult<Option<Typed>> {
        match expr {
            Expr::Identifier(ident) => {
                let name = fold(ident, self.case_sensitive);
                Ok(items
                    .iter()
                    .find(|(alias, _)| *alias == name)
                    .map(|(_, typed)| typed.clone()))
            }
            Expr::Value(value) => match &value.value {
                Value::Number(text, _) => text
                    .parse::<usize>()
                    .ok()
                    .and_then(|at| items.get(at.wrapping_sub(1)))
                    .map(|(_, typed)| Some(typed.clone()))
                    .ok_or_else(|| SqlError::new(format!("position {text} is not in select list"))),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// ORDER BY behind a set operation or VALUES: output columns only.
    pub(super) fn order_of_set(&mut self, order: &OrderBy, columns: &[Column]) -> SqlResult<String> {
        let items: Vec<(String, Typed)> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| (column.name.clone(), Typed::new((at + 1).to_string(), column.ty)))
            .collect();
        let mut out = Vec::new();
        for item in self.order_items(order)? {
            let found = self.by_position_or_alias(&item.expr, &items)?;
            let key = found.ok_or_else(|| {
                SqlError::new(
                    "ORDER BY on a UNION/INTERSECT/EXCEPT result must be on one of the result columns",
                )
            })?;
            out.push(sorted(&key.sql, item));
        }
        Ok(format!(" ORDER BY {}", out.join(", ")))
    }
}

/// SUPER values sort by what they hold, not by their JSON text.
pub(super) fn sortable(key: Typed) -> String {
    if key.ty == Ty::Super {
        format!("rs_scalar({})", key.sql)
    } else {
        key.sql
    }
}

pub(super) fn sorted(key: &str, item: &OrderByExpr) -> String {
    let descending = matches!(item.options.sort, Some(OrderBySort::Desc));
    let nulls_first = item.options.nulls_first.unwrap_or(descending);
    format!(
        "{key} {} NULLS {}",
        if descending { "DESC" } else { "ASC" },
        if nulls_first { "FIRST" } else { "LAST" }
    )
}
