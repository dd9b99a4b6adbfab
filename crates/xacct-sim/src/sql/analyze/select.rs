//! One SELECT: its list, grouping and filters.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, OrderBy, Select, SelectItem, SelectItemQualifiedWildcardKind, TopQuantity,
};

use super::columns::Scope;
use super::{Analyzer, Compiled, Typed};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::names::{fold, parts};
use crate::sql::types::{Column, Ty};

impl Analyzer<'_> {
    pub(super) fn select(
        &mut self,
        select: &Select,
        order: Option<&OrderBy>,
        parent: Option<&Scope<'_>>,
    ) -> SqlResult<Compiled> {
        self.refuse_clauses(select)?;
        let mut scope = Scope::inside(parent);
        let from = self.from(&select.from, &mut scope)?;
        let distinct = self.distinct(select)?;
        let filter = match &select.selection {
            Some(condition) => format!(" WHERE {}", self.truth(condition, &scope)?),
            None => String::new(),
        };
        let mut items = self.unchecked(|this| this.items(&select.projection, &mut scope))?;
        let group = self.group(select, &mut scope, &items)?;
        if scope.group.is_some() {
            scope.aliases.clear();
            items = self.items(&select.projection, &mut scope)?;
        }
        let having = match &select.having {
            Some(condition) => format!(" HAVING {}", self.truth(condition, &scope)?),
            None => String::new(),
        };
        let order = match order {
            Some(order) => self.order_of_select(order, &scope, &items)?,
            None => String::new(),
        };
        let list: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(at, (_, item))| format!("{} AS c{at}", item.sql))
            .collect();
        let top = top(select)?;
        let sql = format!(
            "SELECT {distinct}{}{from}{filter}{group}{having}{order}{top}",
            list.join(", ")
        );
        let columns = items
            .into_iter()
            .map(|(name, item)| Column::new(name, item.ty))
            .collect();
        Ok(Compiled { sql, columns })
    }

    fn refuse_clauses(&self, select: &Select) -> SqlResult<()> {
        let foreign = select.into.is_some()
            || !select.lateral_views.is_empty()
            || select.prewhere.is_some()
            || !select.connect_by.is_empty()
            || !select.cluster_by.is_empty()
            || !select.distribute_by.is_empty()
            || !select.sort_by.is_empty()
            || !select.named_window.is_empty()
            || select.exclude.is_some();
        if foreign {
            return Err(SqlError::not_modelled("a clause of this SELECT"));
        }
        if select.qualify.is_some() {
            return Err(SqlError::not_modelled("QUALIFY"));
        }
        Ok(())
    }

    fn distinct(&self, select: &Select) -> SqlResult<&'static str> {
        match &select.distinct {
            None | Some(Distinct::All) => Ok(""),
            Some(Distinct::Distinct) => {
                self.not_in_stream("DISTINCT is")?;
                Ok("DISTINCT ")
            }
            Some(Distinct::On(_)) => Err(SqlError::new("SELECT DISTINCT ON is not supported")),
        }
    }

    /// Runs with the GROUP BY check off.
    pub(super) fn unchecked<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let checking = std::mem::replace(&mut self.checking, false);
        let out = work(self);
        self.checking = checking;
        out
    }

    /// A condition: must be boolean.
    pub(super) fn truth(&mut self, condition: &Expr, scope: &Scope<'_>) -> SqlResult<String> {
        let typed = self.expr(condition, scope)?;
        match typed.ty {
            Ty::Bool | Ty::Unknown => Ok(typed.sql),
            Ty::Super => Ok(format!("rs_scalar({})", typed.sql)),
            other => Err(SqlError::new(format!(
                "argument of WHERE must be type boolean, not type {}",
                other.sql_name()
            ))),
        }
    }

    /// GROUP BY; afterwards the scope knows whether the query aggregates.
    fn group(
        &mut self,
        select: &Select,
        scope: &mut Scope<'_>,
        items: &[(String, Typed)],
    ) -> SqlResult<String> {
        let GroupByExpr::Expressions(list, modifiers) = &select.group_by else {
            return Err(SqlError::not_modelled("GROUP BY ALL"));
        };
        if !modifiers.is_empty() {
            return Err(SqlError::not_modelled("a modifier of GROUP BY"));
        }
        let mut keys = Vec::new();
        for expr in list {
            let key = match self.group_key(expr, scope, items)? {
                Some(found) => found,
                None => self.unchecked(|this| this.expr(expr, scope))?,
            };
            if matches!(key.ty, Ty::Varbyte(_)) {
                self.not_in_stream("grouping by VARBYTE is")?;
            }
            keys.push(key.sql);
        }
        if self.aggregates > 0 || !keys.is_empty() {
            scope.group = Some(keys.clone());
            if !keys.is_empty() {
                self.aggregates = self.aggregates.max(1);
            }
        }
        Ok(if keys.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {}", keys.join(", "))
        })
    }

    /// A grouping key given by ordinal, or by an alias that is not a column.
    fn group_key(
        &mut self,
        expr: &Expr,
        scope: &Scope<'_>,
        items: &[(String, Typed)],
    ) -> SqlResult<Option<Typed>> {
        if let Expr::Identifier(_) = expr {
            let plain = Scope {
                aliases: Vec::new(),
                ..scope.clone()
            };
            if let Ok(found) = self.unchecked(|this| this.expr(expr, &plain)) {
                return Ok(Some(found));
            }
        }
        self.by_position_or_alias(expr, items)
    }

    /// The select list with its names.
    fn items(&mut self, list: &[SelectItem], scope: &mut Scope<'_>) -> SqlResult<Vec<(String, Typed)>> {
        let mut out: Vec<(String, Typed)> = Vec::new();
        for item in list {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let typed = self.expr(expr, scope)?;
                    out.push((self.name_of(expr), typed));
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let typed = self.expr(expr, scope)?;
                    let alias = fold(alias, self.case_sensitive);
                    scope.aliases.push((alias.clone(), typed.clone()));
                    out.push((alias, typed));
                }
                SelectItem::Wildcard(_) => self.wildcard(None, scope, &mut out)?,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let name = parts(name, self.case_sensitive).pop().unwrap_or_default();
                    self.wildcard(Some(&name), scope, &mut out)?;
                }
                _ => return Err(SqlError::not_modelled("this item of a select list")),
            }
        }
        Ok(out)
    }

    fn wildcard(
        &mut self,
        of: Option<&str>,
        scope: &Scope<'_>,
        out: &mut Vec<(String, Typed)>,
    ) -> SqlResult<()> {
        let before = out.len();
        for source in scope
            .sources
            .iter()
            .filter(|source| of.is_none_or(|name| source.alias == name))
        {
            if let Some((value, _)) = &source.element {
                out.push((source.alias.clone(), Typed::new(value.clone(), Ty::Super)));
            }
            for (at, column) in source.columns.iter().enumerate() {
                if source.hidden.contains(&at) && of.is_none() {
                    continue;
                }
                out.push((
                    column.name.clone(),
                    Typed::new(format!("{}.c{at}", source.sql), column.ty),
                ));
            }
        }
        match of {
            Some(name) if out.len() == before => {
                Err(SqlError::new(format!("relation \"{name}\" does not exist")))
            }
            None if scope.sources.is_empty() => {
                Err(SqlError::new("SELECT * with no tables specified is not valid"))
            }
            _ if scope.group.is_some() && self.checking => {
                let names: Vec<String> = out[before..].iter().map(|(_, item)| item.sql.clone()).collect();
                let group = scope.group.clone().unwrap_or_default();
                match names.iter().position(|sql| !group.contains(sql)) {
                    Some(at) => Err(SqlError::new(format!(
                        "column \"{}\" must appear in the GROUP BY clause or be used in an aggregate function",
                        out[before + at].0
                    ))),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The name that Redshift gives to a column without alias.
    fn name_of(&self, expr: &Expr) -> String {
        match expr {
            Expr::Identifier(ident) => fold(ident, self.case_sensitive),
            Expr::CompoundIdentifier(idents) => idents
                .last()
                .map(|ident| fold(ident, self.case_sensitive))
                .unwrap_or_default(),
            Expr::CompoundFieldAccess { root, access_chain } => access_chain
                .iter()
                .rev()
                .find_map(|access| match access {
                    sqlparser::ast::AccessExpr::Dot(Expr::Identifier(ident)) => {
                        Some(fold(ident, self.case_sensitive))
                    }
                    _ => None,
                })
                .unwrap_or_else(|| self.name_of(root)),
            Expr::JsonAccess { value, path } => path
                .path
                .iter()
                .rev()
                .find_map(|element| match element {
                    sqlparser::ast::JsonPathElem::Dot { key, .. } => Some(key.to_ascii_lowercase()),
                    _ => None,
                })
                .unwrap_or_else(|| self.name_of(value)),
            Expr::Function(function) => parts(&function.name, false).pop().unwrap_or_default(),
            Expr::Cast { expr, data_type, .. } => match self.name_of(expr) {
                unnamed if unnamed == "?column?" => super::data_type::ty(data_type)
                    .map(|ty| ty.wire_name().to_owned())
                    .unwrap_or(unnamed),
                named => named,
            },
            Expr::Nested(inner) => self.name_of(inner),
            Expr::Case { .. } => "case".to_owned(),
            Expr::Extract { .. } => "date_part".to_owned(),
            Expr::Trim { .. } => "btrim".to_owned(),
            Expr::Substring { .. } => "substring".to_owned(),
            _ => "?column?".to_owned(),
        }
    }
}

/// `TOP n`, written as LIMIT.
fn top(select: &Select) -> SqlResult<String> {
    match select.top.as_ref().and_then(|top| top.quantity.as_ref()) {
        None => Ok(String::new()),
        Some(TopQuantity::Constant(count)) => Ok(format!(" LIMIT {count}")),
        Some(TopQuantity::Expr(_)) => Err(SqlError::not_modelled("an expression in TOP")),
    }
}
