//! Every streaming statement of Redshift as a tree of types, and back.
//!
//! A statement is built from checked parts, so rendering it cannot fail:
//! identifiers are always quoted, literals double quotes and backslashes, and what
//! Redshift refuses has no constructor or a constructor that says why. [`read`]
//! turns the text back into the same tree.
//!
//! | statement | type |
//! |---|---|
//! | `CREATE / ALTER EXTERNAL SCHEMA`, `DROP SCHEMA` | [`CreateExternalSchema`], [`AlterExternalSchema`], [`DropSchema`] |
//! | `CREATE / ALTER / DROP / REFRESH MATERIALIZED VIEW` | [`CreateMaterializedView`], [`AlterMaterializedView`], [`DropMaterializedView`], [`RefreshMaterializedView`] |
//! | `CREATE / DROP VIEW` | [`CreateView`], [`DropView`], [`TypedView`] |
//! | `GRANT`, `REVOKE` | [`Grant`], [`Revoke`] |
//! | `CREATE TABLE … (LIKE …)`, `ALTER TABLE … APPEND` | [`CreateTableLike`], [`AppendTable`] |
//! | `CREATE / DROP DATABASE` | [`CreateDatabase`], [`DropDatabase`] |

mod append;
mod body;
mod broker;
mod column;
mod database;
mod external_schema;
mod grant;
mod ident;
mod landing;
mod literal;
mod materialized_view;
mod over_landing;
mod reader;
mod reserved;
mod role;
mod scan;
mod segment;
mod select;
mod source;
mod statement;
mod table;
mod typed;
mod view;

pub use append::{AppendTable, ExtraColumns};
pub use body::ViewBody;
pub use broker::BrokerList;
pub use column::{ColumnNames, StreamColumn, StreamKind, current_column_name};
pub use database::{CreateDatabase, DropDatabase};
pub use external_schema::{
    AlterExternalSchema, CreateExternalSchema, DropSchema, SchemaAuthentication, SchemaOption,
};
pub use grant::{Grant, Grantee, Privilege, Revoke};
pub use ident::{DatabaseName, Identifier, MAX_IDENTIFIER_BYTES, QualifiedName, StreamName};
pub use landing::{Landing, Payload};
pub use literal::Literal;
pub use materialized_view::{
    AlterMaterializedView, CreateMaterializedView, Distribution, DropMaterializedView,
    RefreshMaterializedView, SortKey, ViewChange,
};
pub use reader::{ReadError, read};
pub use role::{IamRole, RoleChain};
pub use scan::Position;
pub use segment::{Cut, Segment};
pub use select::{SelectFinding, SelectRefused, SelectRule, StreamSelect};
pub use source::{Certificate, CertificateArn, KafkaSource, KinesisSource, MskSource, StreamSource};
pub use statement::Statement;
pub use table::CreateTableLike;
pub use typed::{SqlType, TypedView};
pub use view::{CreateView, DropView, Select};

pub(crate) use literal::quoted;
pub(crate) use over_landing::not_json;
#[cfg(feature = "aws")]
pub(crate) use scan::names_in;
