//! Every statement as one type.

use super::append::AppendTable;
use super::database::{CreateDatabase, DropDatabase};
use super::external_schema::{AlterExternalSchema, CreateExternalSchema, DropSchema};
use super::grant::{Grant, Privilege, Revoke};
use super::materialized_view::{
    AlterMaterializedView, CreateMaterializedView, DropMaterializedView, RefreshMaterializedView,
};
use super::table::CreateTableLike;
use super::view::{CreateView, DropView};
use std::fmt;

/// One statement of streaming ingestion.
///
/// `Display` writes exactly one statement on one line, without a semicolon and
/// without comments; [`read`](super::read) reads the same statement back.
///
/// ```
/// use redshift_streaming::ddl::{DropSchema, Identifier, Statement, read};
///
/// let statement = Statement::from(DropSchema::new(Identifier::new("mskschema")?));
/// assert_eq!(read(&statement.to_string())?, statement);
/// assert!(statement.loses_data());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statement {
    /// `CREATE DATABASE`.
    CreateDatabase(CreateDatabase),
    /// `DROP DATABASE`.
    DropDatabase(DropDatabase),
    /// `CREATE EXTERNAL SCHEMA`.
    CreateExternalSchema(CreateExternalSchema),
    /// `ALTER EXTERNAL SCHEMA`.
    AlterExternalSchema(AlterExternalSchema),
    /// `DROP SCHEMA`.
    DropSchema(DropSchema),
    /// `CREATE MATERIALIZED VIEW`.
    CreateMaterializedView(CreateMaterializedView),
    /// `ALTER MATERIALIZED VIEW`.
    AlterMaterializedView(AlterMaterializedView),
    /// `DROP MATERIALIZED VIEW`.
    DropMaterializedView(DropMaterializedView),
    /// `REFRESH MATERIALIZED VIEW`.
    RefreshMaterializedView(RefreshMaterializedView),
    /// `CREATE VIEW`.
    CreateView(CreateView),
    /// `DROP VIEW`.
    DropView(DropView),
    /// `GRANT`.
    Grant(Grant),
    /// `REVOKE`.
    Revoke(Revoke),
    /// `CREATE TABLE … (LIKE …)`.
    CreateTableLike(CreateTableLike),
    /// `ALTER TABLE … APPEND`.
    AppendTable(AppendTable),
}

macro_rules! each_statement {
    ($($kind:ident),+ $(,)?) => {
        $(impl From<$kind> for Statement {
            fn from(statement: $kind) -> Self {
                Self::$kind(statement)
            }
        })+

        impl fmt::Display for Statement {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$kind(statement) => statement.fmt(f),)+
                }
            }
        }
    };
}

each_statement!(
    CreateDatabase,
    DropDatabase,
    CreateExternalSchema,
    AlterExternalSchema,
    DropSchema,
    CreateMaterializedView,
    AlterMaterializedView,
    DropMaterializedView,
    RefreshMaterializedView,
    CreateView,
    DropView,
    Grant,
    Revoke,
    CreateTableLike,
    AppendTable,
);

impl Statement {
    /// What the statement does, for messages: `create materialized view public.myview1`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::CreateDatabase(s) => format!("create database {}", s.name()),
            Self::DropDatabase(s) => format!("drop database {}", s.name()),
            Self::CreateExternalSchema(s) => format!("create external schema {}", s.name().as_str()),
            Self::AlterExternalSchema(s) => format!("alter external schema {}", s.name().as_str()),
            Self::DropSchema(s) => format!("drop schema {}", s.name().as_str()),
            Self::CreateMaterializedView(s) => format!("create materialized view {}", s.name().plain()),
            Self::AlterMaterializedView(s) => format!("alter materialized view {}", s.name().plain()),
            Self::DropMaterializedView(s) => format!("drop materialized view {}", s.name().plain()),
            Self::RefreshMaterializedView(s) => {
                format!("refresh materialized view {}", s.name().plain())
            }
            Self::CreateView(s) => format!("create view {}", s.name().plain()),
            Self::DropView(s) => format!("drop view {}", s.name().plain()),
            Self::Grant(s) => format!("grant on {}", granted(s)),
            Self::Revoke(s) => format!("revoke on {}", granted(s.grant())),
            Self::CreateTableLike(s) => format!("create table {}", s.name().plain()),
            Self::AppendTable(s) => format!("append to {}", s.target().plain()),
        }
    }

    /// Whether rows that the stream may have forgotten can be lost by it.
    #[must_use]
    pub fn loses_data(&self) -> bool {
        matches!(
            self,
            Self::DropDatabase(_) | Self::DropSchema(_) | Self::DropMaterializedView(_)
        )
    }

    /// Whether the statement may stand in a transaction or a batch of several.
    ///
    /// What Redshift is documented to refuse may not (Amazon Redshift developer
    /// guide, "SVL_MULTI_STATEMENT_VIOLATIONS"); nor may a refresh, which opens a
    /// transaction of its own.
    #[must_use]
    pub fn may_stand_in_transaction(&self) -> bool {
        !matches!(
            self,
            Self::CreateDatabase(_)
                | Self::DropDatabase(_)
                | Self::AppendTable(_)
                | Self::Grant(_)
                | Self::Revoke(_)
                | Self::RefreshMaterializedView(_)
        )
    }
}

fn granted(grant: &Grant) -> String {
    match grant.privilege() {
        Privilege::Usage(schema) => schema.as_str().to_owned(),
        Privilege::Select(name) => name.plain(),
    }
}
