//! The statements that the simulated Redshift takes, as trees.

use std::fmt;

/// A name that may carry a schema and a database in front.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub database: Option<String>,
    pub schema: Option<String>,
    pub name: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)
    }
}

/// Where the roles of an external schema come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roles {
    /// No `IAM_ROLE`.
    None,
    /// `IAM_ROLE default`: the namespace's default role.
    Default,
    /// A chain, assumed from left to right; one to ten ARNs.
    Chain(Vec<String>),
}

/// `AUTHENTICATION …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    None,
    Iam,
    Mtls,
}

/// The stream service behind an external schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    /// `FROM KINESIS [REGION '…']`.
    Kinesis { region: Option<String> },
    /// `FROM MSK … CLUSTER_ARN '…'`.
    Msk { cluster_arn: String },
    /// `FROM KAFKA … URI '…'`: `host:port` each.
    Kafka { brokers: Vec<String> },
}

/// What an external schema for streams says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamOptions {
    pub service: Service,
    pub roles: Roles,
    pub authentication: Authentication,
    pub authentication_arn: Option<String>,
    pub secret_arn: Option<String>,
}

/// The changes of `ALTER EXTERNAL SCHEMA`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StreamChanges {
    pub roles: Option<Roles>,
    pub authentication: Option<Authentication>,
    pub authentication_arn: Option<String>,
    pub secret_arn: Option<String>,
    pub brokers: Option<Vec<String>>,
}

/// Physical options of tables and materialized views. None means "not said".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    pub backup: Option<bool>,
    /// `EVEN`, `ALL`, `KEY` or `AUTO`.
    pub dist_style: Option<String>,
    pub dist_key: Option<String>,
    pub sort_key: Vec<String>,
    pub auto_refresh: Option<bool>,
}

/// A column of `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnSpec {
    pub name: String,
    /// Type as written, read by the type reader of SELECT.
    pub data_type: String,
    pub not_null: bool,
}

/// What privileges are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Database(Vec<String>),
    Schema(Vec<String>),
    Relation(Vec<Name>),
    AllTables(Vec<String>),
    /// `GRANT ROLE a, b`.
    Role(Vec<String>),
    /// System permissions, such as `CREATE SCHEMA`: only to roles.
    System,
}

/// Who gets or loses privileges.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grantee {
    User(String),
    Role(String),
    Group(String),
    Public,
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) | Self::Role(name) | Self::Group(name) => f.write_str(name),
            Self::Public => f.write_str("public"),
        }
    }
}

/// The changes of `ALTER MATERIALIZED VIEW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MvChange {
    AutoRefresh(bool),
    DistKey(String),
    DistStyle(String),
    SortKey(Vec<String>),
    Owner(String),
}

/// The changes of `ALTER TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TableChange {
    Append {
        from: Name,
        ignore_extra: bool,
        fill_target: bool,
    },
    Rename(String),
    Owner(String),
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    CreateExternalSchema {
        name: String,
        if_not_exists: bool,
        options: StreamOptions,
    },
    AlterExternalSchema {
        name: String,
        changes: StreamChanges,
    },
    CreateSchema {
        name: String,
        if_not_exists: bool,
        owner: Option<String>,
    },
    AlterSchema {
        name: String,
        rename: Option<String>,
        owner: Option<String>,
    },
    DropSchema {
        names: Vec<String>,
        if_exists: bool,
        cascade: bool,
    },
    CreateMv {
        name: Name,
        layout: Layout,
        query: String,
        text: String,
    },
    AlterMv {
        name: Name,
        change: MvChange,
    },
    RefreshMv {
        name: Name,
        cascade: bool,
    },
    DropMv {
        names: Vec<Name>,
        if_exists: bool,
        cascade: bool,
    },
    CreateView {
        name: Name,
        or_replace: bool,
        columns: Vec<String>,
        query: String,
        late_binding: bool,
        text: String,
    },
    DropView {
        names: Vec<Name>,
        if_exists: bool,
        cascade: bool,
    },
    CreateTable {
        name: Name,
        if_not_exists: bool,
        columns: Vec<ColumnSpec>,
        like: Option<Name>,
        layout: Layout,
    },
    CreateTableAs {
        name: Name,
        columns: Vec<String>,
        layout: Layout,
        query: String,
    },
    AlterTable {
        name: Name,
        change: TableChange,
    },
    DropTable {
        names: Vec<Name>,
        if_exists: bool,
        cascade: bool,
    },
    Truncate {
        name: Name,
    },
    /// `INSERT INTO name [(columns)] query`.
    Insert {
        name: Name,
        columns: Vec<String>,
        query: String,
    },
    /// `DELETE FROM name [alias] [WHERE …]`; the condition as text.
    Delete {
        name: Name,
        condition: Option<String>,
    },
    Grant {
        privileges: Vec<String>,
        on: Target,
        to: Vec<Grantee>,
    },
    Revoke {
        privileges: Vec<String>,
        on: Target,
        from: Vec<Grantee>,
    },
    Comment {
        kind: String,
        name: Name,
        text: Option<String>,
    },
    CreateUser {
        name: String,
        superuser: bool,
    },
    AlterUser {
        name: String,
        superuser: Option<bool>,
    },
    DropUser {
        names: Vec<String>,
        if_exists: bool,
    },
    CreateRole {
        name: String,
    },
    DropRole {
        name: String,
        force: bool,
    },
    CreateDatabase {
        name: String,
        owner: Option<String>,
    },
    DropDatabase {
        name: String,
    },
    Set {
        name: String,
        value: Option<String>,
    },
    Reset {
        name: String,
    },
    Show {
        name: String,
    },
    ShowView {
        name: Name,
    },
    Begin,
    Commit,
    Rollback,
    Select {
        query: String,
    },
}

impl Statement {
    /// The command's name where it may not stand inside a transaction block.
    /// <https://docs.aws.amazon.com/redshift/latest/dg/r_SVL_MULTI_STATEMENT_VIOLATIONS.html>
    pub(crate) fn refused_in_transaction(&self) -> Option<&'static str> {
        match self {
            Self::CreateDatabase { .. } => Some("CREATE DATABASE"),
            Self::DropDatabase { .. } => Some("DROP DATABASE"),
            Self::AlterTable {
                change: TableChange::Append { .. },
                ..
            } => Some("ALTER TABLE APPEND"),
            _ => None,
        }
    }
}
