//! What a warehouse knows: users, roles, databases, schemas, relations, and who may do what.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::Query;

use super::error::{SqlError, SqlResult};
use super::options::Options;
use super::statement::{Grantee, Layout, Name, StreamOptions};
use super::types::Column;

/// Privileges by grantee.
pub(crate) type Grants = BTreeMap<Grantee, BTreeSet<String>>;

/// A database user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct User {
    pub id: i64,
    pub superuser: bool,
    pub roles: BTreeSet<String>,
}

/// A database role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Role {
    pub id: i64,
    pub owner: String,
    pub roles: BTreeSet<String>,
    /// System permissions, such as `CREATE SCHEMA`.
    pub system: BTreeSet<String>,
}

/// Users and roles: one set per warehouse, whatever the database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    pub users: BTreeMap<String, User>,
    pub roles: BTreeMap<String, Role>,
}

/// A schema.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub oid: i64,
    pub owner: String,
    pub grants: Grants,
    /// Set for external schemas over streams.
    pub stream: Option<StreamOptions>,
    pub comment: Option<String>,
}

/// Where a materialized view takes its rows from.
#[derive(Debug, Clone)]
pub(crate) enum Base {
    /// A stream or topic in an external schema.
    Stream {
        schema: String,
        schema_oid: i64,
        stream: String,
        /// By partition: the first position not read yet.
        positions: BTreeMap<String, String>,
        /// Name of the SQLite table that keeps source rows, for views that aggregate.
        kept: Option<String>,
    },
    /// Relations of this database.
    Local(Vec<(String, String)>),
}

/// What a materialized view is made of.
#[derive(Debug, Clone)]
pub(crate) struct Materialized {
    pub query: Box<Query>,
    pub base: Base,
    /// Refreshed at least once.
    pub refreshed: bool,
    /// Search path and case sensitivity of the session that made it.
    pub path: Vec<String>,
    pub case_sensitive: bool,
    /// Microseconds since 1970 before which auto refresh does not try again.
    pub next_auto_refresh: i64,
    /// State of `svv_mv_info`: 1 incremental, 0 recomputed, over 100 broken.
    pub state: i64,
}

/// What a plain view is made of.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub query: Box<Query>,
    /// `WITH NO SCHEMA BINDING`: names are looked up anew by each query.
    pub late_binding: bool,
    /// Names given to the columns, if any.
    pub names: Vec<String>,
    /// Relations that it reads, directly.
    pub reads: Vec<(String, String)>,
    /// Search path and case sensitivity of the session that made it.
    pub path: Vec<String>,
    pub case_sensitive: bool,
}

/// What a relation is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Table,
    View(View),
    Materialized(Box<Materialized>),
}

/// A table, view or materialized view.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub oid: i64,
    pub owner: String,
    pub grants: Grants,
    pub columns: Vec<Column>,
    pub layout: Layout,
    /// The statement or query that made it, as `pg_get_viewdef` shows it.
    pub definition: String,
    pub comment: Option<String>,
    pub kind: Kind,
}

impl Relation {
    /// Name of the SQLite table with its rows (tables and materialized views).
    pub(crate) fn table(&self) -> String {
        format!("r{}", self.oid)
    }

    pub(crate) fn materialized(&self) -> Option<&Materialized> {
        match &self.kind {
            Kind::Materialized(view) => Some(view),
            _ => None,
        }
    }

    pub(crate) fn materialized_mut(&mut self) -> Option<&mut Materialized> {
        match &mut self.kind {
            Kind::Materialized(view) => Some(view),
            _ => None,
        }
    }
}

/// Schemas and relations of one database. Cheap enough to copy for each transaction.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    pub name: String,
    pub owner: String,
    pub grants: Grants,
    pub schemas: BTreeMap<String, Schema>,
    /// By schema and name.
    pub relations: BTreeMap<(String, String), Relation>,
    next_oid: i64,
}

impl Catalog {
    /// A fresh database: the schema `public`, in which everybody may create.
    pub(crate) fn new(name: &str, owner: &str) -> Self {
        let everybody = BTreeSet::from(["CREATE".to_owned(), "USAGE".to_owned()]);
        let public = Schema {
            oid: 2_200,
            owner: owner.to_owned(),
            grants: BTreeMap::from([(Grantee::Public, everybody)]),
            stream: None,
            comment: None,
        };
        Self {
            name: name.to_owned(),
            owner: owner.to_owned(),
            grants: BTreeMap::from([(Grantee::Public, BTreeSet::from(["TEMP".to_owned()]))]),
            schemas: BTreeMap::from([("public".to_owned(), public)]),
            relations: BTreeMap::new(),
            next_oid: 100_000,
        }
    }

    pub(crate) fn new_oid(&mut self) -> i64 {
        self.next_oid += 1;
        self.next_oid
    }

    /// The key under which a new relation goes: its schema, or the first of the search path that exists.
    pub(crate) fn place(&self, name: &Name, session: &Session<'_>) -> SqlResult<(String, String)> {
        self.check_database(name)?;
        let schema = match &name.schema {
            Some(schema) => schema.clone(),
            None => session
                .options
                .search_path(session.user)
                .into_iter()
                .find(|schema| self.schemas.contains_key(schema))
                .ok_or_else(|| SqlError::new("no schema has been selected to create in"))?,
        };
        if self.schemas.contains_key(&schema) {
            Ok((schema, name.name.clone()))
        } else {
            Err(no_schema(&schema))
        }
    }

    /// The key of a relation that exists.
    pub(crate) fn find(&self, name: &Name, session: &Session<'_>) -> SqlResult<(String, String)> {
        self.find_on(name, &session.options.search_path(session.user))
    }

    /// The same with the search path given.
    pub(crate) fn find_on(&self, name: &Name, path: &[String]) -> SqlResult<(String, String)> {
        self.check_database(name)?;
        let schemas = match &name.schema {
            Some(schema) if !self.schemas.contains_key(schema) => return Err(no_schema(schema)),
            Some(schema) => vec![schema.clone()],
            None => path.to_vec(),
        };
        schemas
            .into_iter()
            .map(|schema| (schema, name.name.clone()))
            .find(|key| self.relations.contains_key(key))
            .ok_or_else(|| no_relation(name))
    }

    fn check_database(&self, name: &Name) -> SqlResult<()> {
        match &name.database {
            Some(database) if *database != self.name => {
                Err(SqlError::not_modelled("a query across databases"))
            }
            _ => Ok(()),
        }
    }

    /// The relations that read from this one, directly. Late-binding views do not count.
    pub(crate) fn dependents(&self, key: &(String, String)) -> Vec<(String, String)> {
        self.relations
            .iter()
            .filter(|(_, relation)| match &relation.kind {
                Kind::View(view) => !view.late_binding && view.reads.contains(key),
                Kind::Materialized(view) => {
                    matches!(&view.base, Base::Local(bases) if bases.contains(key))
                }
                Kind::Table => false,
            })
            .map(|(dependent, _)| dependent.clone())
            .collect()
    }
}

/// `schema "x" does not exist`.
pub(crate) fn no_schema(name: &str) -> SqlError {
    SqlError::new(format!("schema \"{name}\" does not exist"))
}

/// `relation "x" does not exist`, with the name as it was written.
pub(crate) fn no_relation(name: &Name) -> SqlError {
    SqlError::new(format!("relation \"{name}\" does not exist"))
}

/// Who runs a statement, and with which settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    pub user: &'a str,
    pub accounts: &'a Accounts,
    pub options: &'a Options,
}

impl Session<'_> {
    /// Whether the user is a superuser, by attribute or by the role `sys:superuser`.
    pub(crate) fn superuser(&self) -> bool {
        let by_attribute = self
            .accounts
            .users
            .get(self.user)
            .is_some_and(|user| user.superuser);
        by_attribute || self.roles().contains("sys:superuser")
    }

    /// The user's roles, with the roles that those have.
    pub(crate) fn roles(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open: Vec<String> = self
            .accounts
            .users
            .get(self.user)
            .map(|user| user.roles.iter().cloned().collect())
            .unwrap_or_default();
        while let Some(role) = open.pop() {
            if found.insert(role.clone()) {
                open.extend(
                    self.accounts
                        .roles
                        .get(&role)
                        .into_iter()
                        .flat_map(|role| role.roles.clone()),
                );
            }
        }
        found
    }

    /// Whether some role of the user holds a system permission.
    pub(crate) fn has_system(&self, permission: &str) -> bool {
        self.superuser()
            || self.roles().iter().any(|role| {
                self.accounts
                    .roles
                    .get(role)
                    .is_some_and(|role| role.system.contains(permission) || role.system.contains("ALL"))
            })
    }

    /// Whether these grants, or ownership, give the privilege.
    pub(crate) fn holds(&self, owner: &str, grants: &Grants, privilege: &str) -> bool {
        if self.superuser() || owner == self.user {
            return true;
        }
        let gives = |grantee: &Grantee| {
            grants
                .get(grantee)
                .is_some_and(|held| held.contains(privilege) || held.contains("ALL"))
        };
        gives(&Grantee::Public)
            || gives(&Grantee::User(self.user.to_owned()))
            || self.roles().into_iter().any(|role| gives(&Grantee::Role(role)))
    }

    /// # Errors
    /// `permission denied for schema x`, `schema "x" does not exist`.
    pub(crate) fn need_schema(&self, catalog: &Catalog, schema: &str, privilege: &str) -> SqlResult<()> {
        let found = catalog.schemas.get(schema).ok_or_else(|| no_schema(schema))?;
        if self.holds(&found.owner, &found.grants, privilege) {
            Ok(())
        } else {
            Err(SqlError::new(format!("permission denied for schema {schema}")))
        }
    }

    /// # Errors
    /// `permission denied for relation x`; the schema's USAGE is needed, too.
    pub(crate) fn need_relation(
        &self,
        catalog: &Catalog,
        key: &(String, String),
        privilege: &str,
    ) -> SqlResult<()> {
        self.need_schema(catalog, &key.0, "USAGE")?;
        let found = &catalog.relations[key];
        if self.holds(&found.owner, &found.grants, privilege) {
            Ok(())
        } else {
            Err(SqlError::new(format!("permission denied for relation {}", key.1)))
        }
    }

    /// # Errors
    /// `must be owner of <what> <name>`.
    pub(crate) fn need_owner(&self, owner: &str, what: &str, name: &str) -> SqlResult<()> {
        if self.superuser() || owner == self.user {
            Ok(())
        } else {
            Err(SqlError::new(format!("must be owner of {what} {name}")))
        }
    }
}
