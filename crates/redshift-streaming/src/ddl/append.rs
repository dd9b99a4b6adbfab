//! `ALTER TABLE … APPEND`: moves all rows from one relation to another.

use super::ident::QualifiedName;
use std::fmt;

/// `ALTER TABLE target APPEND FROM source`.
///
/// Moves, not copies; commits by itself and cannot stand in a transaction. Columns,
/// distribution and sort key must agree, unless one of the two options says what to
/// do with columns that only one side has.
///
/// ```
/// use redshift_streaming::ddl::{AppendTable, ExtraColumns, QualifiedName};
///
/// let append = AppendTable::new(QualifiedName::parse("public.history")?, QualifiedName::parse("public.myview1")?);
/// assert_eq!(append.to_string(), r#"ALTER TABLE "public"."history" APPEND FROM "public"."myview1""#);
/// assert_eq!(
///     append.extra_columns(ExtraColumns::Ignore).to_string(),
///     r#"ALTER TABLE "public"."history" APPEND FROM "public"."myview1" IGNOREEXTRA"#
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendTable {
    target: QualifiedName,
    source: QualifiedName,
    extra: Option<ExtraColumns>,
}

/// What happens to columns that only one side has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtraColumns {
    /// `IGNOREEXTRA`: those of the source are dropped.
    Ignore,
    /// `FILLTARGET`: those of the target get their default, or NULL.
    Fill,
}

impl AppendTable {
    /// Moves every row of `source` into `target`.
    #[must_use]
    pub fn new(target: QualifiedName, source: QualifiedName) -> Self {
        Self {
            target,
            source,
            extra: None,
        }
    }

    /// Allows columns that only one side has.
    #[must_use]
    pub fn extra_columns(mut self, extra: ExtraColumns) -> Self {
        self.extra = Some(extra);
        self
    }

    /// Where the rows go.
    #[must_use]
    pub fn target(&self) -> &QualifiedName {
        &self.target
    }

    /// Where the rows come from.
    #[must_use]
    pub fn source(&self) -> &QualifiedName {
        &self.source
    }
}

impl fmt::Display for AppendTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ALTER TABLE {} APPEND FROM {}", self.target, self.source)?;
        match self.extra {
            None => Ok(()),
            Some(ExtraColumns::Ignore) => f.write_str(" IGNOREEXTRA"),
            Some(ExtraColumns::Fill) => f.write_str(" FILLTARGET"),
        }
    }
}
