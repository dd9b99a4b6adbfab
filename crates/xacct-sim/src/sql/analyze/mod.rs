//! From a SELECT of Redshift to one of SQLite.
//!
//! sqlparser reads the text; this module looks every name up, gives every expression a type, and writes SQL that SQLite
//! understands. What the two dialects do not share becomes a call of one of our functions (`rs_…`, see
//! [`super::functions`]). Relations have the columns `c0`, `c1`, … in SQLite, so that names never clash or fold.

mod calls;
mod case;
mod cast;
mod columns;
mod data_type;
mod expr;
mod from;
mod operators;
mod order;
mod query;
mod scalars;
mod select;
mod time_calls;

use std::collections::BTreeSet;

use sqlparser::ast::Query;
use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::parser::Parser;

use super::catalog::{Catalog, Session};
use super::error::{SqlError, SqlResult};
use super::options::SqlSwitches;
use super::types::{Column, Ty};

pub(crate) use data_type::named_type;

/// SQL for SQLite, with what it yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub sql: String,
    pub columns: Vec<Column>,
}

/// An expression for SQLite, with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub sql: String,
    pub ty: Ty,
}

impl Typed {
    fn new(sql: impl Into<String>, ty: Ty) -> Self {
        Self { sql: sql.into(), ty }
    }
}

/// The stream that a streaming view reads: its records stand in an SQLite table.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub schema: String,
    pub name: String,
    pub table: String,
    pub columns: Vec<Column>,
}

/// Compiles one query for one user.
pub(crate) struct Analyzer<'a> {
    catalog: &'a Catalog,
    session: Session<'a>,
    switches: &'a SqlSwitches,
    /// Start of the statement, microseconds since 1970.
    now: i64,
    path: Vec<String>,
    case_sensitive: bool,
    stream: Option<Stream>,
    /// Catalog views that the query reads.
    pub system: BTreeSet<String>,
    /// Relations that the query reads directly.
    pub reads: BTreeSet<(String, String)>,
    ctes: Vec<(String, Compiled)>,
    /// Inside the query of a view, where names do not count as read by the statement.
    view_depth: usize,
    in_aggregate: usize,
    aggregates: usize,
    /// Whether columns outside of GROUP BY are refused.
    checking: bool,
    next: usize,
}

/// Parses the text of a query.
///
/// # Errors
/// A syntax error.
pub(crate) fn parse_query(text: &str) -> SqlResult<Box<Query>> {
    let dialect = RedshiftSqlDialect {};
    let syntax = |error: &dyn std::fmt::Display| {
        let text = error.to_string();
        let text = text.trim_start_matches("sql parser error: ");
        SqlError::new(format!("syntax error: {text}"))
    };
    let mut parser = Parser::new(&dialect)
        .try_with_sql(text)
        .map_err(|error| syntax(&error))?;
    let query = parser.parse_query().map_err(|error| syntax(&error))?;
    let rest = parser.peek_token();
    match rest.token {
        sqlparser::tokenizer::Token::EOF => Ok(query),
        other => Err(SqlError::new(format!("syntax error at or near \"{other}\""))),
    }
}

impl<'a> Analyzer<'a> {
    /// An analyzer for a user's own queries.
    pub(crate) fn new(
        catalog: &'a Catalog,
        session: Session<'a>,
        switches: &'a SqlSwitches,
        now: i64,
    ) -> Self {
        Self {
            catalog,
            session,
            switches,
            now,
            path: session.options.search_path(session.user),
            case_sensitive: session.options.case_sensitive(),
            stream: None,
            system: BTreeSet::new(),
            reads: BTreeSet::new(),
            ctes: Vec::new(),
            view_depth: 0,
            in_aggregate: 0,
            aggregates: 0,
            checking: true,
            next: 0,
        }
    }

    /// Names are looked up as they were when the view was made.
    pub(crate) fn seen_from(mut self, path: &[String], case_sensitive: bool) -> Self {
        self.path = path.to_vec();
        self.case_sensitive = case_sensitive;
        self
    }

    /// Compiles the body of a streaming view: this stream's records are at hand, and only what is incrementally
    /// maintainable is allowed.
    pub(crate) fn over(mut self, stream: Stream) -> Self {
        self.stream = Some(stream);
        self
    }

    /// Compiles a query.
    ///
    /// # Errors
    /// Whatever Redshift would refuse at planning.
    pub(crate) fn compile(&mut self, query: &Query) -> SqlResult<Compiled> {
        self.query(query, None)
    }

    /// Compiles a query that aggregates or not; says which.
    pub(crate) fn compile_streaming(&mut self, query: &Query) -> SqlResult<(Compiled, bool)> {
        let compiled = self.query(query, None)?;
        Ok((compiled, self.aggregates > 0))
    }

    /// Compiles a condition over one table (`DELETE … WHERE`).
    pub(crate) fn condition(&mut self, text: &str, name: &str, columns: &[Column]) -> SqlResult<String> {
        let dialect = RedshiftSqlDialect {};
        let parsed = Parser::new(&dialect)
            .try_with_sql(text)
            .and_then(|mut parser| parser.parse_expr());
        let parsed = parsed.map_err(|error| SqlError::new(format!("syntax error: {error}")))?;
        let scope = columns::Scope::single(name, "t", columns.to_vec());
        Ok(self.expr(&parsed, &scope)?.sql)
    }

    fn alias(&mut self) -> String {
        self.next += 1;
        format!("t{}", self.next)
    }

    /// Refuses what a streaming view can't have.
    fn not_in_stream(&self, what: &str) -> SqlResult<()> {
        if self.stream.is_some() {
            return Err(SqlError::new(format!(
                "{what} not supported in the definition of a materialized view over a stream"
            )));
        }
        Ok(())
    }
}

/// A string literal for SQLite.
pub(crate) fn quote(text: &str) -> String {
    if text.contains('\0') {
        return format!("CAST(x'{}' AS TEXT)", hex::encode(text));
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// A value on its way into a column: converted where Redshift converts by itself.
///
/// # Errors
/// `column "x" is of type a but expression is of type b`.
pub(crate) fn assigned(sql: &str, from: Ty, column: &Column) -> SqlResult<String> {
    let value = Typed::new(sql, from);
    let to = column.ty;
    let same = cast::storage(from) == cast::storage(to);
    let converts = from == Ty::Unknown
        || to == Ty::Super
        || (from.is_number() && to.is_number())
        || (from.is_time() && to.is_time())
        || (from.is_text() && to.is_text());
    match (same, converts) {
        (true, _) => Ok(value.sql),
        (false, true) => Ok(cast::cast(value, to)?.sql),
        (false, false) => Err(SqlError::new(format!(
            "column \"{}\" is of type {} but expression is of type {}",
            column.name,
            to.sql_name(),
            from.sql_name()
        ))
        .hint("You will need to rewrite or cast the expression.")),
    }
}
