//! What names mean at one place of a query.

use super::{Analyzer, Typed, quote};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::types::{Column, Ty};

/// A part of a dotted name: as an identifier, and as an attribute of a SUPER value, which may fold differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub name: String,
    pub attribute: String,
}

/// A step of SUPER navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(i64),
}

/// Something in FROM.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Name it goes by; empty for a subquery without alias.
    pub alias: String,
    /// Schema, when it was written without alias.
    pub schema: Option<String>,
    /// Name in the SQL for SQLite.
    pub sql: String,
    pub columns: Vec<Column>,
    /// Columns merged away by USING.
    pub hidden: Vec<usize>,
    /// For the elements of an unnested array: the SQL of one element, and name and SQL of its position.
    pub element: Option<(String, Option<(String, String)>)>,
}

/// Sources in reach, with what GROUP BY allows.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope<'p> {
    pub sources: Vec<Source>,
    pub parent: Option<&'p Scope<'p>>,
    /// Aliases of the select list so far, which Redshift lets later items use.
    pub aliases: Vec<(String, Typed)>,
    /// SQL of the grouping expressions, in a query that aggregates.
    pub group: Option<Vec<String>>,
}

impl<'p> Scope<'p> {
    pub(crate) fn inside(parent: Option<&'p Scope<'p>>) -> Self {
        Self {
            parent,
            ..Self::default()
        }
    }

    /// One table.
    pub(crate) fn single(name: &str, sql: &str, columns: Vec<Column>) -> Self {
        let source = Source {
            alias: name.to_owned(),
            schema: None,
            sql: sql.to_owned(),
            columns,
            hidden: Vec::new(),
            element: None,
        };
        Self {
            sources: vec![source],
            ..Self::default()
        }
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self
            .sources
            .iter()
            .map(|source| source.alias.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            String::new()
        } else {
            format!(" in {}", names.join(", "))
        }
    }
}

impl Source {
    fn column(&self, name: &str) -> Option<Typed> {
        let index = self.columns.iter().position(|column| column.name == name)?;
        Some(Typed::new(
            format!("{}.c{index}", self.sql),
            self.columns[index].ty,
        ))
    }

    fn visible(&self, name: &str) -> Option<Typed> {
        let index = self.columns.iter().position(|column| column.name == name)?;
        (!self.hidden.contains(&index))
            .then(|| Typed::new(format!("{}.c{index}", self.sql), self.columns[index].ty))
    }

    /// The element of an unnested array, or its position, by name.
    fn element(&self, name: &str) -> Option<Typed> {
        let (value, at) = self.element.as_ref()?;
        if self.alias == name {
            return Some(Typed::new(value.clone(), Ty::Super));
        }
        let (at, sql) = at.as_ref()?;
        (at == name).then(|| Typed::new(sql.clone(), Ty::BigInt))
    }
}

impl Analyzer<'_> {
    /// The value that a dotted name means: column, element or alias first, SUPER navigation with what is left.
    pub(super) fn path(&mut self, parts: &[Part], more: &[Step], scope: &Scope<'_>) -> SqlResult<Typed> {
        let names: Vec<String> = parts.iter().map(|part| part.name.clone()).collect();
        let Some((found, used, own)) = self.find(&names, scope)? else {
            return self.missing(&names, scope);
        };
        let ungrouped = own && self.checking && self.in_aggregate == 0 && scope.group.is_some();
        if ungrouped {
            return Err(SqlError::new(format!(
                "column \"{}\" must appear in the GROUP BY clause or be used in an aggregate function",
                names[..used].join(".")
            )));
        }
        let steps: Vec<Step> = parts[used..]
            .iter()
            .map(|part| Step::Key(part.attribute.clone()))
            .chain(more.iter().cloned())
            .collect();
        let name = names[..used].last().cloned().unwrap_or_default();
        navigate(found, &steps, &name)
    }

    /// Value, how many parts of the name it took, and whether it is a column of this very scope.
    fn find(&self, names: &[String], scope: &Scope<'_>) -> SqlResult<Option<(Typed, usize, bool)>> {
        let first = &names[0];
        for source in &scope.sources {
            if source.alias != *first || names.len() < 2 || source.element.is_some() {
                continue;
            }
            if let Some(found) = source.column(&names[1]) {
                return Ok(Some((found, 2, true)));
            }
        }
        if names.len() >= 3 {
            let qualified = scope
                .sources
                .iter()
                .find(|source| source.schema.as_ref() == Some(first) && source.alias == names[1]);
            if let Some(found) = qualified.and_then(|source| source.column(&names[2])) {
                return Ok(Some((found, 3, true)));
            }
        }
        let mut columns = scope.sources.iter().filter_map(|source| source.visible(first));
        if let Some(found) = columns.next() {
            if columns.next().is_some() {
                return Err(SqlError::new(format!(
                    "column reference \"{first}\" is ambiguous"
                )));
            }
            return Ok(Some((found, 1, true)));
        }
        if let Some(found) = scope.sources.iter().find_map(|source| source.element(first)) {
            return Ok(Some((found, 1, true)));
        }
        if let Some((_, found)) = scope.aliases.iter().rev().find(|(alias, _)| alias == first) {
            if names.len() > 1 {
                return Err(not_super(first));
            }
            return Ok(Some((found.clone(), 1, false)));
        }
        match scope.parent {
            Some(parent) => Ok(self
                .find(names, parent)?
                .map(|(found, used, _)| (found, used, false))),
            None => Ok(None),
        }
    }

    fn missing(&self, names: &[String], scope: &Scope<'_>) -> SqlResult<Typed> {
        match names {
            [name] => self
                .bare_function(name)
                .ok_or_else(|| SqlError::new(format!("column \"{name}\" does not exist{}", scope.names()))),
            [table, column, ..] => {
                let known = scope.sources.iter().any(|source| source.alias == *table);
                Err(if known {
                    SqlError::new(format!("column {table}.{column} does not exist"))
                } else {
                    SqlError::new(format!("relation \"{table}\" does not exist"))
                })
            }
            [] => Err(SqlError::new("syntax error at end of input")),
        }
    }

    /// Functions that are written without parentheses and that sqlparser takes for columns.
    fn bare_function(&self, name: &str) -> Option<Typed> {
        match name {
            "user" | "current_user" | "session_user" => {
                Some(Typed::new(quote(self.session.user), Ty::Varchar(128)))
            }
            "sysdate" | "current_timestamp" | "current_date" | "localtimestamp" => {
                self.clock_call(name).ok().flatten()
            }
            _ => None,
        }
    }

    /// An identifier in both readings.
    pub(super) fn part(&self, ident: &sqlparser::ast::Ident) -> Part {
        let name = crate::sql::names::fold(ident, self.case_sensitive);
        let keeps = self
            .session
            .options
            .is_on("enable_case_sensitive_super_attribute");
        let attribute = if keeps { ident.value.clone() } else { name.clone() };
        Part { name, attribute }
    }

    pub(super) fn timestamp_now(&self) -> Typed {
        Typed::new(quote(&crate::sql::time::timestamp_text(self.now)), Ty::Timestamp)
    }
}

/// Follows steps into a SUPER value; lax, so what is not there is NULL.
pub(super) fn navigate(value: Typed, steps: &[Step], name: &str) -> SqlResult<Typed> {
    if steps.is_empty() {
        return Ok(value);
    }
    if value.ty != Ty::Super {
        return Err(not_super(name));
    }
    let mut sql = format!("rs_nav({}", value.sql);
    for step in steps {
        match step {
            Step::Key(key) => sql.push_str(&format!(", {}", quote(key))),
            Step::Index(index) => sql.push_str(&format!(", {index}")),
        }
    }
    sql.push(')');
    Ok(Typed::new(sql, Ty::Super))
}

fn not_super(name: &str) -> SqlError {
    SqlError::new(format!(
        "navigation on column \"{name}\" is not allowed as it is not SUPER type"
    ))
}
