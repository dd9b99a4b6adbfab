//! Typed queries: what they ask, and the rows they give.
//!
//! A [`Query`] is text and the type of its rows; running it is somebody else's
//! work. Only `SYS_` and `SVV_` views and `pg_views` are read, because Serverless
//! refuses the `STV_` and `STL_` ones; their `char(n)` columns are padded with
//! blanks and are trimmed here. Ordinary users see only their own rows in them, so
//! whoever watches a view should be its owner or a superuser.
mod catalog;
mod count;
mod history;
mod progress;
mod rights;
mod watch;

pub use catalog::{
    ColumnRow, DefinedRow, DefinitionRow, ExternalSchemaRow, ReaderOfRow, ReaderRow, ViewRow, all_readers,
    columns, database, definition, definitions, external_schema, external_schemas, readers, view, views,
};
pub use count::{Count, Counts, counts, counts_of, landed, payload_of, skipped};
pub use history::{Extent, TableColumnRow, columns_of_tables, extents};
pub use progress::{Lag, PartitionBehind, Progress, progress};
pub use rights::{Rights, rights};
pub use watch::{
    BadRecord, PartitionLag, PartitionState, Refresh, ScanError, bad_records, lag, refreshes, scan_errors,
    scan_states,
};

#[cfg(feature = "aws")]
pub(crate) use history::{binds, by_table, landing_form};

use crate::ddl::{Identifier, QualifiedName, Select, quoted};
use crate::statements::VIEW_SCHEMA;
use std::fmt;
use std::marker::PhantomData;
use xacct_types::Invalid;

/// One `SELECT` whose rows are of type `R`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<R> {
    name: String,
    sql: String,
    rows: PhantomData<fn() -> R>,
}

impl<R> Query<R> {
    fn new(name: String, sql: String) -> Self {
        Self {
            name,
            sql,
            rows: PhantomData,
        }
    }

    /// A select of the user's own, whose rows deserialize into `R` by column name.
    ///
    /// # Errors
    /// [`Invalid`] where the text is not exactly one select.
    pub fn written(text: &str) -> Result<Self, Invalid> {
        let select = Select::new(text)?;
        Ok(Self::new("query".into(), select.as_str().to_owned()))
    }

    /// What is asked, for messages: `count public.myview1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The statement, without a semicolon.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

impl<R> fmt::Display for Query<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

/// The catalog keeps names folded unless case sensitivity is on for the whole
/// workgroup; a name with capitals is taken to be one of those.
fn name(identifier: &Identifier) -> String {
    quoted(identifier.as_str()).to_string()
}

fn schema_of(view: &QualifiedName) -> String {
    let schema = view.schema().map_or(VIEW_SCHEMA, Identifier::as_str);
    quoted(schema).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::StreamKind;
    use sqlparser::dialect::RedshiftSqlDialect;
    use sqlparser::parser::Parser;

    #[test]
    fn every_query_is_one_statement_that_an_independent_parser_reads() {
        let view_name = QualifiedName::parse("public.it's").unwrap();
        let name = view_name.name();
        for sql in [
            skipped(name).sql,
            scan_errors(name, 5).sql,
            scan_states(name, StreamKind::Kafka).sql,
            lag(name).sql,
            refreshes(&view_name, 5).sql,
            external_schema(name).sql,
            view(&view_name).sql,
            definition(&view_name).sql,
            columns(&view_name).sql,
            readers(&view_name).sql,
            external_schemas().sql,
            views(name).sql,
            definitions(name).sql,
            all_readers(name).sql,
        ] {
            let parsed = Parser::parse_sql(&RedshiftSqlDialect {}, &sql);
            assert_eq!(parsed.as_ref().map(Vec::len), Ok(1), "{sql}: {parsed:?}");
        }
    }

    #[test]
    fn a_written_query_is_one_select() {
        assert!(Query::<Count>::written("select count(*) as n from myview1").is_ok());
        assert!(Query::<Count>::written("select 1; select 2").is_err());
        assert!(Query::<Count>::written("drop schema s").is_err());
    }
}
