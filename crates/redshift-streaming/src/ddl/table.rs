//! `CREATE TABLE … (LIKE …)`: a table of the shape of another relation.

use super::ident::QualifiedName;
use std::fmt;

/// `CREATE TABLE name (LIKE parent)`.
///
/// Columns, distribution and sort key are those of `parent`, which is what
/// [`AppendTable`](super::AppendTable) asks for. AWS shows it for tables; that a
/// materialized view may stand there too is shown by no page of AWS.
///
/// ```
/// use redshift_streaming::ddl::{CreateTableLike, QualifiedName};
///
/// let create = CreateTableLike::new(QualifiedName::parse("public.history")?, QualifiedName::parse("public.myview1")?);
/// assert_eq!(
///     create.if_not_exists().to_string(),
///     r#"CREATE TABLE IF NOT EXISTS "public"."history" (LIKE "public"."myview1")"#
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTableLike {
    name: QualifiedName,
    parent: QualifiedName,
    if_not_exists: bool,
}

impl CreateTableLike {
    /// An empty table of the shape of `parent`.
    #[must_use]
    pub fn new(name: QualifiedName, parent: QualifiedName) -> Self {
        Self {
            name,
            parent,
            if_not_exists: false,
        }
    }

    /// Makes an existing table no error. Redshift does not compare the shapes.
    #[must_use]
    pub fn if_not_exists(mut self) -> Self {
        self.if_not_exists = true;
        self
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }
}

impl fmt::Display for CreateTableLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let if_not_exists = if self.if_not_exists { "IF NOT EXISTS " } else { "" };
        write!(
            f,
            "CREATE TABLE {if_not_exists}{} (LIKE {})",
            self.name, self.parent
        )
    }
}
