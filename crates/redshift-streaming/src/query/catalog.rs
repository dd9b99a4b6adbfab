//! What the catalog says: schemas, views, definitions, columns, readers.
//!
//! A function in the singular asks about one object; in the plural it asks about
//! all of them, so that a whole plan costs one query of each kind.

use super::{Query, name, schema_of};
use crate::ddl::{DatabaseName, Identifier, QualifiedName, quoted};
use crate::query::Count;
use serde::{Deserialize, Serialize};

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
    let sql = format!("{SCHEMAS} WHERE TRIM(schemaname) = {}", name(schema));
    Query::new(format!("external schema {}", schema.as_str()), sql)
}

const SCHEMAS: &str = "SELECT TRIM(schemaname) AS \"schema_name\", eskind AS \"kind\", \
     esowner AS \"owner\", esoptions AS \"options\" FROM svv_external_schemas";

/// All external schemas of the database, by name.
///
/// ```
/// use redshift_streaming::query;
/// assert!(query::external_schemas().sql().ends_with("FROM svv_external_schemas ORDER BY 1"));
/// ```
#[must_use]
pub fn external_schemas() -> Query<ExternalSchemaRow> {
    Query::new("external schemas".into(), format!("{SCHEMAS} ORDER BY 1"))
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
    let (schema, name) = (schema_of(view), name(view.name()));
    let sql = format!("{VIEWS} WHERE TRIM(schema_name) = {schema} AND TRIM(name) = {name}");
    Query::new(format!("materialized view {}", view.plain()), sql)
}

const VIEWS: &str = "SELECT TRIM(schema_name) AS \"schema_name\", TRIM(name) AS \"name\", \
     TRIM(user_name) AS \"owner\", TRIM(is_stale) AS \"is_stale\", state AS \"state\", \
     TRIM(autorefresh) AS \"autorefresh\" FROM svv_mv_info";

/// All materialized views of a schema, by name.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// let query = query::views(&Identifier::new("public")?);
/// assert!(query.sql().ends_with("FROM svv_mv_info WHERE TRIM(schema_name) = 'public' ORDER BY 2"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn views(schema: &Identifier) -> Query<ViewRow> {
    let sql = format!("{VIEWS} WHERE TRIM(schema_name) = {} ORDER BY 2", name(schema));
    Query::new(format!("materialized views of {}", schema.as_str()), sql)
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

/// A plain or materialized view with its owner and definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinedRow {
    /// Its name.
    pub name: String,
    /// The user that owns it.
    pub owner: String,
    /// The user that asks.
    pub asker: String,
    /// The text, as [`definition`] gives it.
    pub definition: Option<String>,
}

/// The definitions of all plain and materialized views of a schema, by name, and
/// who it is that asks.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// assert_eq!(
///     query::definitions(&Identifier::new("public")?).sql(),
///     "SELECT viewname AS \"name\", viewowner AS \"owner\", CURRENT_USER AS \"asker\", definition \
///      FROM pg_views WHERE schemaname = 'public' ORDER BY 1"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn definitions(schema: &Identifier) -> Query<DefinedRow> {
    let sql = format!(
        "SELECT viewname AS \"name\", viewowner AS \"owner\", CURRENT_USER AS \"asker\", definition \
         FROM pg_views WHERE schemaname = {} ORDER BY 1",
        name(schema)
    );
    Query::new(format!("definitions of views of {}", schema.as_str()), sql)
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

/// Who may read which view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderOfRow {
    /// The view.
    pub relation_name: String,
    /// The user, role or group.
    pub identity_name: String,
    /// `user`, `role`, `group` or `public`.
    pub identity_type: String,
}

/// Who may read each table and view of a schema, their owners not among them.
///
/// ```
/// use redshift_streaming::ddl::Identifier;
/// use redshift_streaming::query;
///
/// let query = query::all_readers(&Identifier::new("public")?);
/// assert!(query.sql().ends_with("namespace_name = 'public' AND privilege_type = 'SELECT' ORDER BY 1, 2, 3"));
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn all_readers(schema: &Identifier) -> Query<ReaderOfRow> {
    let sql = format!(
        "SELECT TRIM(relation_name) AS \"relation_name\", TRIM(identity_name) AS \"identity_name\", \
         TRIM(identity_type) AS \"identity_type\" FROM svv_relation_privileges \
         WHERE namespace_name = {} AND privilege_type = 'SELECT' ORDER BY 1, 2, 3",
        name(schema)
    );
    Query::new(format!("readers of views of {}", schema.as_str()), sql)
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
pub fn database(name: &DatabaseName) -> Query<Count> {
    let sql = format!(
        "SELECT COUNT(*) AS \"n\" FROM pg_database WHERE datname = {}",
        quoted(name.as_str())
    );
    Query::new(format!("database {name}"), sql)
}
