//! What the user that asks may do.

use super::Query;
use crate::ddl::{DatabaseName, quoted};
use crate::statements::VIEW_SCHEMA;
use serde::{Deserialize, Serialize};

/// The user that asks, and what it may make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// The database user.
    pub asker: String,
    /// Whether it may make schemas in the database.
    pub creates_schemas: bool,
    /// Whether it may make tables and views in the schema `public`.
    pub creates_relations: bool,
}

/// What the user that asks may make in `database`: one row.
///
/// No page of AWS names the privilege that `CREATE EXTERNAL SCHEMA` needs; `CREATE`
/// on the database is what any other schema needs.
///
/// ```
/// use redshift_streaming::{ddl::DatabaseName, query};
///
/// assert_eq!(
///     query::rights(&DatabaseName::new("dev")?).sql(),
///     "SELECT CURRENT_USER AS \"asker\", HAS_DATABASE_PRIVILEGE('dev', 'CREATE') AS \"creates_schemas\", \
///      HAS_SCHEMA_PRIVILEGE('public', 'CREATE') AS \"creates_relations\""
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn rights(database: &DatabaseName) -> Query<Rights> {
    let sql = format!(
        "SELECT CURRENT_USER AS \"asker\", HAS_DATABASE_PRIVILEGE({}, 'CREATE') AS \"creates_schemas\", \
         HAS_SCHEMA_PRIVILEGE({}, 'CREATE') AS \"creates_relations\"",
        quoted(database.as_str()),
        quoted(VIEW_SCHEMA)
    );
    Query::new("rights".into(), sql)
}
