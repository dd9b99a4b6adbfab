//! What an evolution asks: which histories there are, in which shape, and how far they reach.

use super::{Query, name};
use crate::ddl::{Identifier, QualifiedName};
#[cfg(feature = "aws")]
use crate::ddl::{Landing, Payload, StreamKind};
#[cfg(feature = "aws")]
use crate::query::ColumnRow;
use serde::{Deserialize, Serialize};

/// How far one partition of a relation reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The partition's number, or the shard's id.
    pub partition_id: String,
    /// The first position.
    pub first: String,
    /// The last position.
    pub last: String,
    /// Rows.
    pub rows: u64,
    /// Positions among them; fewer than rows where a record stands twice.
    pub positions: u64,
}

/// How far each partition of a relation reaches, by its two columns of the position.
///
/// ```
/// use redshift_streaming::ddl::{Identifier, QualifiedName};
/// use redshift_streaming::query;
///
/// let position = [Identifier::new("kafka_partition")?, Identifier::new("kafka_offset")?];
/// assert_eq!(
///     query::extents(&QualifiedName::parse("public.v")?, &position).sql(),
///     "SELECT CAST(\"kafka_partition\" AS VARCHAR) AS \"partition_id\", \
///      CAST(MIN(\"kafka_offset\") AS VARCHAR) AS \"first\", \
///      CAST(MAX(\"kafka_offset\") AS VARCHAR) AS \"last\", COUNT(*) AS \"rows\", \
///      COUNT(DISTINCT \"kafka_offset\") AS \"positions\" FROM \"public\".\"v\" \
///      GROUP BY \"kafka_partition\" ORDER BY 1"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn extents(relation: &QualifiedName, position: &[Identifier; 2]) -> Query<Extent> {
    let [partition, offset] = position;
    let sql = format!(
        "SELECT CAST({partition} AS VARCHAR) AS \"partition_id\", CAST(MIN({offset}) AS VARCHAR) AS \"first\", \
         CAST(MAX({offset}) AS VARCHAR) AS \"last\", COUNT(*) AS \"rows\", \
         COUNT(DISTINCT {offset}) AS \"positions\" FROM {relation} GROUP BY {partition} ORDER BY 1"
    );
    Query::new(format!("positions of {}", relation.plain()), sql)
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumnRow {
    /// The table.
    pub table_name: String,
    /// The column's name.
    pub column_name: String,
    /// Its type as Redshift spells it.
    pub data_type: String,
}

/// The columns of all tables of a schema whose names begin with `prefix`, in order.
#[must_use]
pub fn columns_of_tables(schema: &Identifier, prefix: &str) -> Query<TableColumnRow> {
    let (length, prefix) = (prefix.chars().count(), crate::ddl::quoted(prefix));
    let sql = format!(
        "SELECT table_name, column_name, data_type FROM svv_columns WHERE table_schema = {} \
         AND LEFT(table_name, {length}) = {prefix} ORDER BY table_name, ordinal_position",
        name(schema)
    );
    Query::new("history tables".into(), sql)
}

/// Columns put together by table.
#[cfg(feature = "aws")]
pub(crate) fn by_table(rows: Vec<TableColumnRow>) -> Vec<(String, Vec<ColumnRow>)> {
    let mut tables: Vec<(String, Vec<ColumnRow>)> = Vec::new();
    for row in rows {
        let column = ColumnRow {
            column_name: row.column_name,
            data_type: row.data_type,
        };
        match tables.last_mut() {
            Some((table, columns)) if *table == row.table_name => columns.push(column),
            _ => tables.push((row.table_name, vec![column])),
        }
    }
    tables
}

/// The landing form whose columns these are: metadata by name, and one or two
/// columns more for the payload, by their types.
#[cfg(feature = "aws")]
pub(crate) fn landing_form(kind: StreamKind, columns: &[ColumnRow]) -> Option<Landing> {
    let metadata = |column: &ColumnRow| {
        kind.columns()
            .iter()
            .copied()
            .find(|c| c.name() == column.column_name)
    };
    let kept: Vec<_> = columns.iter().filter_map(metadata).collect();
    let rest: Vec<&ColumnRow> = columns.iter().filter(|c| metadata(c).is_none()).collect();
    let is = |column: &ColumnRow, what: &str| column.data_type.to_ascii_lowercase().contains(what);
    let named = |column: &ColumnRow| Identifier::new(column.column_name.as_str()).ok();
    let (payload, value, raw) = match rest.as_slice() {
        [one] if is(one, "super") => (Payload::JsonUnguarded, named(one)?, None),
        [one] if is(one, "varbyte") || is(one, "binary varying") => (Payload::Raw, named(one)?, None),
        [one] => (Payload::Text, named(one)?, None),
        [one, two] if is(one, "super") => (Payload::Json, named(one)?, named(two)),
        _ => return None,
    };
    Landing::of_columns(kind, kept, payload, &value, raw.as_ref())
}

/// Whether the definition of a plain view names a relation that it is bound to.
#[cfg(feature = "aws")]
pub(crate) fn binds(definition: &str, relation: &Identifier) -> bool {
    crate::ddl::names_in(definition).is_some_and(|names| {
        let late = names.ends_with(&["with", "no", "schema", "binding"].map(str::to_owned));
        let materialized = names.get(1).is_some_and(|word| word == "materialized");
        !late && !materialized && names.contains(&relation.folded().as_str().to_owned())
    })
}
