//! Typed queries: what they ask, and the rows they give.
//!
//! A [`Query`] is text and the type of its rows; running it is somebody else's
//! work. Only `SYS_` and `SVV_` views and `pg_views` are read, because Serverless
//! refuses the `STV_` and `STL_` ones; their `char(n)` columns are padded with
//! blanks and are trimmed here. Ordinary users see only their own rows in them, so
//! whoever watches a view should be its owner or a superuser.

use crate::ddl::{
    CreateMaterializedView, Identifier, Payload, QualifiedName, Select, StreamKind, not_json, quoted,
};
use crate::statements::VIEW_SCHEMA;
use serde::{Deserialize, Serialize};
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

/// What has landed in a view: `landed` is always `rows + quarantined`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Records in the view.
    pub landed: u64,
    /// Those of them that are JSON.
    pub rows: u64,
    /// Those of them that are not.
    pub quarantined: u64,
}

/// One number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    /// The number.
    pub n: u64,
}

/// Counts the records of `view` in one scan.
///
/// ```
/// use redshift_streaming::ddl::{CreateMaterializedView, Identifier, Landing, QualifiedName};
/// use redshift_streaming::query;
/// use xacct_types::TopicName;
///
/// let landing = Landing::kafka(Identifier::new("mskschema")?, &TopicName::new("testtopic")?);
/// let view = CreateMaterializedView::new(QualifiedName::parse("public.myview1")?, landing);
/// assert_eq!(
///     query::counts(&view).sql(),
///     "SELECT COUNT(*) AS \"landed\", \
///      COALESCE(SUM(CASE WHEN \"payload\" IS NULL THEN 0 ELSE 1 END), 0) AS \"rows\", \
///      COALESCE(SUM(CASE WHEN \"payload\" IS NULL THEN 1 ELSE 0 END), 0) AS \"quarantined\" \
///      FROM \"public\".\"myview1\""
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
///
/// For a select that a user wrote every record counts as a row.
#[must_use]
pub fn counts(view: &CreateMaterializedView) -> Query<Counts> {
    let bad = match view.body().landing() {
        Some(landing) => not_json(landing.payload(), landing.payload_name()),
        None => "FALSE".to_owned(),
    };
    let sum = |yes: u8, no: u8| format!("COALESCE(SUM(CASE WHEN {bad} THEN {yes} ELSE {no} END), 0)");
    let sql = format!(
        "SELECT COUNT(*) AS \"landed\", {} AS \"rows\", {} AS \"quarantined\" FROM {}",
        sum(0, 1),
        sum(1, 0),
        view.name()
    );
    Query::new(format!("count {}", view.name().plain()), sql)
}

/// The records that Redshift skipped while it read for the view, as a number:
/// positions in its scan errors, each counted once.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::skipped(&Identifier::new("myview1")?).sql(),
///     "SELECT COUNT(*) AS \"n\" FROM (SELECT DISTINCT TRIM(partition_id) AS \"partition_id\", \
///      TRIM(\"position\") AS \"position\" FROM sys_stream_scan_errors \
///      WHERE TRIM(mv_name) = 'myview1') AS \"skipped\""
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn skipped(view: &Identifier) -> Query<Count> {
    let sql = format!(
        "SELECT COUNT(*) AS \"n\" FROM (SELECT DISTINCT TRIM(partition_id) AS \"partition_id\", \
         TRIM(\"position\") AS \"position\" FROM sys_stream_scan_errors \
         WHERE TRIM(mv_name) = {}) AS \"skipped\"",
        name(view)
    );
    Query::new(format!("count skipped records of {}", view.as_str()), sql)
}

/// The catalog keeps names folded unless case sensitivity is on for the whole
/// workgroup; a name with capitals is taken to be one of those.
fn name(identifier: &Identifier) -> String {
    quoted(identifier.as_str()).to_string()
}

/// One position that Redshift skipped, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanError {
    /// The topic or stream.
    pub stream_name: String,
    /// The partition's number, or the shard's id.
    pub partition_id: String,
    /// The offset, or the sequence number.
    pub position: String,
    /// When the scan met it.
    pub record_time: Option<String>,
    /// Redshift's code.
    pub error_code: Option<i64>,
    /// Redshift's reason.
    pub error_reason: Option<String>,
}

/// The newest `limit` scan errors of the view.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// let query = query::scan_errors(&Identifier::new("myview1")?, 10);
/// assert!(query.sql().contains("FROM sys_stream_scan_errors WHERE TRIM(mv_name) = 'myview1'"));
/// assert!(query.sql().ends_with("ORDER BY record_time DESC LIMIT 10"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn scan_errors(view: &Identifier, limit: u32) -> Query<ScanError> {
    let sql = format!(
        "SELECT TRIM(stream_name) AS \"stream_name\", TRIM(partition_id) AS \"partition_id\", \
         TRIM(\"position\") AS \"position\", record_time, error_code, \
         TRIM(error_reason) AS \"error_reason\" FROM sys_stream_scan_errors \
         WHERE TRIM(mv_name) = {} ORDER BY record_time DESC LIMIT {limit}",
        name(view)
    );
    Query::new(format!("scan errors of {}", view.as_str()), sql)
}

/// How far a partition has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionState {
    /// The partition's number, or the shard's id.
    pub partition_id: String,
    /// The last position read.
    pub latest_position: Option<String>,
    /// The time of the newest record read.
    pub newest_record: Option<String>,
    /// Records read so far, as far back as the system table goes (about 7 days).
    pub scanned_rows: u64,
    /// Records skipped so far.
    pub skipped_rows: u64,
}

/// How far each partition has been read for the view.
///
/// ```
/// use redshift_streaming::ddl::{Identifier, StreamKind};
/// use redshift_streaming::query;
///
/// let query = query::scan_states(&Identifier::new("myview1")?, StreamKind::Kafka);
/// assert!(query.sql().contains("MAX(CAST(TRIM(latest_position) AS BIGINT))"));
/// assert!(query.sql().ends_with("WHERE TRIM(mv_name) = 'myview1' GROUP BY TRIM(partition_id) ORDER BY 1"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn scan_states(view: &Identifier, kind: StreamKind) -> Query<PartitionState> {
    // Sequence numbers of Kinesis have 56 digits, more than any number type here
    // holds, but all equally many, so that text compares as numbers do.
    let position = match kind {
        StreamKind::Kafka => "CAST(MAX(CAST(TRIM(latest_position) AS BIGINT)) AS VARCHAR)",
        StreamKind::Kinesis => "MAX(TRIM(latest_position))",
    };
    let sql = format!(
        "SELECT TRIM(partition_id) AS \"partition_id\", {position} AS \"latest_position\", \
         MAX(stream_record_time_max) AS \"newest_record\", SUM(scanned_rows) AS \"scanned_rows\", \
         SUM(skipped_rows) AS \"skipped_rows\" FROM sys_stream_scan_states \
         WHERE TRIM(mv_name) = {} GROUP BY TRIM(partition_id) ORDER BY 1",
        name(view)
    );
    Query::new(format!("scan states of {}", view.as_str()), sql)
}

/// How old the newest record is that was read from a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionLag {
    /// The partition's number, or the shard's id.
    pub partition_id: String,
    /// Seconds between that record's time and now. It grows while nothing is
    /// produced, too: only with end offsets can the two be told apart.
    pub seconds: Option<i64>,
}

/// The lag of each partition of the view, in seconds.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::lag(&Identifier::new("myview1")?).sql(),
///     "SELECT TRIM(partition_id) AS \"partition_id\", \
///      DATEDIFF(second, MAX(stream_record_time_max), GETDATE()) AS \"seconds\" \
///      FROM sys_stream_scan_states WHERE TRIM(mv_name) = 'myview1' \
///      GROUP BY TRIM(partition_id) ORDER BY 1"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn lag(view: &Identifier) -> Query<PartitionLag> {
    let sql = format!(
        "SELECT TRIM(partition_id) AS \"partition_id\", \
         DATEDIFF(second, MAX(stream_record_time_max), GETDATE()) AS \"seconds\" \
         FROM sys_stream_scan_states WHERE TRIM(mv_name) = {} \
         GROUP BY TRIM(partition_id) ORDER BY 1",
        name(view)
    );
    Query::new(format!("lag of {}", view.as_str()), sql)
}

/// One refresh of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// `Manual` or `Auto`.
    pub refresh_type: String,
    /// Redshift's sentence; its exact punctuation is not documented.
    pub status: String,
    /// When it began.
    pub start_time: Option<String>,
    /// When it ended.
    pub end_time: Option<String>,
}

/// The newest `limit` refreshes of the view.
///
/// ```
/// use redshift_streaming::ddl::QualifiedName;
/// use redshift_streaming::query;
///
/// let query = query::refreshes(&QualifiedName::parse("public.myview1")?, 5);
/// assert!(query.sql().contains("WHERE TRIM(mv_name) = 'myview1' AND TRIM(schema_name) = 'public'"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn refreshes(view: &QualifiedName, limit: u32) -> Query<Refresh> {
    let sql = format!(
        "SELECT TRIM(refresh_type) AS \"refresh_type\", TRIM(status) AS \"status\", start_time, end_time \
         FROM sys_mv_refresh_history WHERE TRIM(mv_name) = {} AND TRIM(schema_name) = {} \
         ORDER BY start_time DESC LIMIT {limit}",
        name(view.name()),
        schema_of(view)
    );
    Query::new(format!("refreshes of {}", view.plain()), sql)
}

fn schema_of(view: &QualifiedName) -> String {
    let schema = view.schema().map_or(VIEW_SCHEMA, Identifier::as_str);
    quoted(schema).to_string()
}

/// An external schema as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalSchemaRow {
    /// Its name.
    pub schema_name: String,
    /// 9 for Kinesis, 10 for Kafka.
    pub kind: i64,
    /// The owner's user id.
    pub owner: i64,
    /// A JSON text with `IAM_ROLE`; its other keys are not documented for streams.
    pub options: Option<String>,
}

/// The external schema of this name: one row or none. Users that are no superuser
/// see only their own.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::external_schema(&Identifier::new("mskschema")?).sql(),
///     "SELECT TRIM(schemaname) AS \"schema_name\", eskind AS \"kind\", esowner AS \"owner\", \
///      esoptions AS \"options\" FROM svv_external_schemas WHERE TRIM(schemaname) = 'mskschema'"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn external_schema(schema: &Identifier) -> Query<ExternalSchemaRow> {
    let sql = format!(
        "SELECT TRIM(schemaname) AS \"schema_name\", eskind AS \"kind\", esowner AS \"owner\", \
         esoptions AS \"options\" FROM svv_external_schemas WHERE TRIM(schemaname) = {}",
        name(schema)
    );
    Query::new(format!("external schema {}", schema.as_str()), sql)
}

/// A materialized view as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewRow {
    /// The schema it is in.
    pub schema_name: String,
    /// Its name.
    pub name: String,
    /// The user that owns it and alone may refresh it.
    pub owner: String,
    /// `t`, `f` or `u`.
    pub is_stale: String,
    /// 0: full refresh, 1: incremental; 101 to 105: cannot be refreshed any more.
    pub state: i64,
    /// `t` or `f`.
    pub autorefresh: String,
}

impl ViewRow {
    /// Whether the view refreshes itself.
    #[must_use]
    pub fn refreshes_itself(&self) -> bool {
        matches!(self.autorefresh.trim(), "t" | "true" | "1")
    }

    /// Whether it must be made again because what it reads has changed.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        (101..=105).contains(&self.state)
    }
}

/// The materialized view of this name: one row or none.
///
/// ```
/// use redshift_streaming::ddl::QualifiedName;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::view(&QualifiedName::parse("public.myview1")?).sql(),
///     "SELECT TRIM(schema_name) AS \"schema_name\", TRIM(name) AS \"name\", \
///      TRIM(user_name) AS \"owner\", TRIM(is_stale) AS \"is_stale\", state AS \"state\", \
///      TRIM(autorefresh) AS \"autorefresh\" FROM svv_mv_info \
///      WHERE TRIM(schema_name) = 'public' AND TRIM(name) = 'myview1'"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn view(view: &QualifiedName) -> Query<ViewRow> {
    let sql = format!(
        "SELECT TRIM(schema_name) AS \"schema_name\", TRIM(name) AS \"name\", \
         TRIM(user_name) AS \"owner\", TRIM(is_stale) AS \"is_stale\", state AS \"state\", \
         TRIM(autorefresh) AS \"autorefresh\" FROM svv_mv_info \
         WHERE TRIM(schema_name) = {} AND TRIM(name) = {}",
        schema_of(view),
        name(view.name())
    );
    Query::new(format!("materialized view {}", view.plain()), sql)
}

/// The definition of a view, as the catalog keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionRow {
    /// The text.
    pub definition: String,
}

/// The definition of a plain or materialized view: one row or none.
///
/// For a materialized view `pg_views` holds the whole `CREATE MATERIALIZED VIEW`
/// statement; dbt's adapter for Redshift reads it back the same way. Redshift
/// refuses a join of `pg_views` with `SVV_` views, so this is a query of its own.
///
/// ```
/// use redshift_streaming::ddl::QualifiedName;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::definition(&QualifiedName::parse("public.myview1")?).sql(),
///     "SELECT definition FROM pg_views WHERE schemaname = 'public' AND viewname = 'myview1'"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn definition(view: &QualifiedName) -> Query<DefinitionRow> {
    let sql = format!(
        "SELECT definition FROM pg_views WHERE schemaname = {} AND viewname = {}",
        schema_of(view),
        name(view.name())
    );
    Query::new(format!("definition of {}", view.plain()), sql)
}

/// A column of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRow {
    /// Its name.
    pub column_name: String,
    /// Its type as Redshift spells it.
    pub data_type: String,
}

/// The columns of a view, in order.
///
/// ```
/// use redshift_streaming::ddl::QualifiedName;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::columns(&QualifiedName::parse("public.myview1")?).sql(),
///     "SELECT column_name, data_type FROM svv_columns WHERE table_schema = 'public' \
///      AND table_name = 'myview1' ORDER BY ordinal_position"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn columns(view: &QualifiedName) -> Query<ColumnRow> {
    let sql = format!(
        "SELECT column_name, data_type FROM svv_columns WHERE table_schema = {} \
         AND table_name = {} ORDER BY ordinal_position",
        schema_of(view),
        name(view.name())
    );
    Query::new(format!("columns of {}", view.plain()), sql)
}

/// Who may read a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderRow {
    /// The user, role or group.
    pub identity_name: String,
    /// `user`, `role`, `group` or `public`.
    pub identity_type: String,
}

/// Who may read the view, its owner not among them.
///
/// ```
/// use redshift_streaming::ddl::QualifiedName;
/// use redshift_streaming::query;
///
/// let query = query::readers(&QualifiedName::parse("public.myview1")?);
/// assert!(query.sql().contains("FROM svv_relation_privileges"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn readers(view: &QualifiedName) -> Query<ReaderRow> {
    let sql = format!(
        "SELECT TRIM(identity_name) AS \"identity_name\", TRIM(identity_type) AS \"identity_type\" \
         FROM svv_relation_privileges WHERE namespace_name = {} AND relation_name = {} \
         AND privilege_type = 'SELECT' ORDER BY 1, 2",
        schema_of(view),
        name(view.name())
    );
    Query::new(format!("readers of {}", view.plain()), sql)
}

/// Whether a database is there: one row or none.
///
/// ```
/// use redshift_streaming::ddl::DatabaseName;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::database(&DatabaseName::new("streaming")?).sql(),
///     "SELECT COUNT(*) AS \"n\" FROM pg_database WHERE datname = 'streaming'"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn database(name: &crate::ddl::DatabaseName) -> Query<Count> {
    let sql = format!(
        "SELECT COUNT(*) AS \"n\" FROM pg_database WHERE datname = {}",
        quoted(name.as_str())
    );
    Query::new(format!("database {name}"), sql)
}

/// The form of the payload that tells rows from quarantined records in a view that
/// was not made by this crate: by the names of its columns.
#[must_use]
pub fn payload_of(columns: &[ColumnRow]) -> Option<Payload> {
    let of = |name: &str| columns.iter().find(|c| c.column_name.eq_ignore_ascii_case(name));
    let is_super = |c: &ColumnRow| c.data_type.eq_ignore_ascii_case("super");
    match (of("payload"), of("raw")) {
        (Some(payload), Some(_)) if is_super(payload) => Some(Payload::Json),
        (Some(payload), None) if is_super(payload) => Some(Payload::JsonUnguarded),
        (Some(_), None) => Some(Payload::Text),
        (None, Some(_)) => Some(Payload::Raw),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
