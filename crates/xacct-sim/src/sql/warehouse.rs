//! The database engine of one namespace.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::catalog::{Accounts, Catalog, Role, User};
use super::error::{SqlError, SqlResult};
use super::functions;
use super::history::History;

/// Roles that every warehouse has. <https://docs.aws.amazon.com/redshift/latest/dg/r_roles-default.html>
const SYSTEM_ROLES: [&str; 6] = [
    "sys:dba",
    "sys:monitor",
    "sys:operator",
    "sys:secadmin",
    "sys:superuser",
    "ds:administrator",
];

/// Users, databases and history of one namespace.
#[derive(Debug)]
pub(crate) struct Warehouse {
    pub accounts: Accounts,
    pub databases: BTreeMap<String, Database>,
    pub history: History,
    next_user: i64,
    next_query: i64,
}

/// One database: what it knows, and the SQLite that holds its rows.
#[derive(Debug)]
pub(crate) struct Database {
    pub catalog: Catalog,
    pub connection: Connection,
}

impl Database {
    /// An empty database.
    ///
    /// # Errors
    /// SQLite's, for lack of memory.
    pub(crate) fn new(name: &str, owner: &str) -> SqlResult<Self> {
        let connection = Connection::open_in_memory()?;
        // Nothing here outlives the process, so there is nothing to keep safe.
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;")?;
        functions::install(&connection)?;
        Ok(Self {
            catalog: Catalog::new(name, owner),
            connection,
        })
    }
}

impl Warehouse {
    /// A fresh warehouse with its admin user and its first database.
    ///
    /// # Errors
    /// As [`Database::new`].
    pub(crate) fn new(admin: &str, database: &str) -> SqlResult<Self> {
        let mut warehouse = Self {
            accounts: Accounts::default(),
            databases: BTreeMap::new(),
            history: History::default(),
            next_user: 100,
            next_query: 1_000,
        };
        warehouse.accounts.users.insert(
            "rdsdb".to_owned(),
            User {
                id: 1,
                superuser: true,
                ..User::default()
            },
        );
        warehouse.add_user(admin, true);
        for (at, name) in SYSTEM_ROLES.iter().enumerate() {
            let role = Role {
                id: at as i64 + 1,
                owner: "rdsdb".to_owned(),
                ..Role::default()
            };
            warehouse.accounts.roles.insert((*name).to_owned(), role);
        }
        let first = Database::new(database, admin)?;
        warehouse.databases.insert(database.to_owned(), first);
        // `dev` is always there, whatever the first database is called.
        if database != "dev" {
            warehouse
                .databases
                .insert("dev".to_owned(), Database::new("dev", admin)?);
        }
        Ok(warehouse)
    }

    /// Adds a user, if it is not there yet.
    pub(crate) fn add_user(&mut self, name: &str, superuser: bool) {
        if !self.accounts.users.contains_key(name) {
            self.next_user += 1;
            let user = User {
                id: self.next_user,
                superuser,
                ..User::default()
            };
            self.accounts.users.insert(name.to_owned(), user);
        }
    }

    /// An id that was not used for a user, role, query or transaction.
    pub(crate) fn new_id(&mut self) -> i64 {
        self.next_query += 1;
        self.next_query
    }

    /// # Errors
    /// `database "x" does not exist`.
    pub(crate) fn database(&mut self, name: &str) -> SqlResult<&mut Database> {
        self.databases
            .get_mut(name)
            .ok_or_else(|| SqlError::new(format!("database \"{name}\" does not exist")))
    }
}
