//! How many records landed, and how many did not.

use super::catalog::ColumnRow;
use super::{Query, name};
use crate::ddl::{CreateMaterializedView, Identifier, Payload, QualifiedName, not_json};
use serde::{Deserialize, Serialize};

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

/// The number of rows of a table or view.
///
/// ```
/// use redshift_streaming::ddl::QualifiedName;
/// use redshift_streaming::query;
///
/// let view = QualifiedName::parse("public.myview1")?;
/// assert_eq!(query::landed(&view).sql(), "SELECT COUNT(*) AS \"n\" FROM \"public\".\"myview1\"");
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn landed(view: &QualifiedName) -> Query<Count> {
    let sql = format!("SELECT COUNT(*) AS \"n\" FROM {view}");
    Query::new(format!("count {}", view.plain()), sql)
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
///      COALESCE(SUM(CASE WHEN \"raw\" IS NULL OR NOT CAN_JSON_PARSE(\"raw\") THEN 0 ELSE 1 END), 0) AS \"rows\", \
///      COALESCE(SUM(CASE WHEN \"raw\" IS NULL OR NOT CAN_JSON_PARSE(\"raw\") THEN 1 ELSE 0 END), 0) AS \"quarantined\" \
///      FROM \"public\".\"myview1\""
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
///
/// For a select that a user wrote every record counts as a row.
#[must_use]
pub fn counts(view: &CreateMaterializedView) -> Query<Counts> {
    let landing = view.body().landing();
    counts_of(
        view.name(),
        landing.map(|landing| (landing.payload(), landing.payload_name())),
    )
}

/// Counts the records of a view whose payload is in this form, in this column.
/// Without one every record counts as a row.
#[must_use]
pub fn counts_of(view: &QualifiedName, payload: Option<(Payload, &Identifier)>) -> Query<Counts> {
    let bad = payload.map_or_else(|| "FALSE".to_owned(), |(form, column)| not_json(form, column));
    let sum = |yes: u8, no: u8| format!("COALESCE(SUM(CASE WHEN {bad} THEN {yes} ELSE {no} END), 0)");
    let sql = format!(
        "SELECT COUNT(*) AS \"landed\", {} AS \"rows\", {} AS \"quarantined\" FROM {view}",
        sum(0, 1),
        sum(1, 0),
    );
    Query::new(format!("count {}", view.plain()), sql)
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
