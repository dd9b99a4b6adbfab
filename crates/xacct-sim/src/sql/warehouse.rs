//! The database engine of one namespace.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

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
#[derive(Debug, Clone)]
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
        Ok(Self {
            catalog: Catalog::new(name, owner),
            connection: open()?,
        })
    }
}

impl Clone for Database {
    /// The same rows in a SQLite of its own.
    ///
    /// # Panics
    /// When there is no memory for it, as for any other copy.
    fn clone(&self) -> Self {
        let connection = copy_of(&self.connection)
            .unwrap_or_else(|cause| panic!("no copy of a database: {}", cause.message));
        Self {
            catalog: self.catalog.clone(),
            connection,
        }
    }
}

/// A connection that is ready for use, with nothing in it.
fn open() -> SqlResult<Connection> {
    let connection = Connection::open_in_memory()?;
    // Nothing here outlives the process, so there is nothing to keep safe.
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;")?;
    functions::install(&connection)?;
    Ok(connection)
}

/// All tables with their rows. Temporary tables are made anew by whoever needs them.
fn copy_of(from: &Connection) -> SqlResult<Connection> {
    let to = open()?;
    let mut tables =
        from.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid")?;
    let mut found = tables.query([])?;
    while let Some(row) = found.next()? {
        let (name, made): (String, String) = (row.get(0)?, row.get(1)?);
        to.execute_batch(&made)?;
        copy_rows(from, &to, &name)?;
    }
    Ok(to)
}

fn copy_rows(from: &Connection, to: &Connection, table: &str) -> SqlResult<()> {
    let quoted = format!("\"{}\"", table.replace('"', "\"\""));
    let mut rows = from.prepare(&format!("SELECT * FROM {quoted} ORDER BY rowid"))?;
    let width = rows.column_count();
    let marks = vec!["?"; width].join(", ");
    let mut insert = to.prepare(&format!("INSERT INTO {quoted} VALUES ({marks})"))?;
    let mut found = rows.query([])?;
    while let Some(row) = found.next()? {
        let values: Vec<Value> = (0..width)
            .map(|column| row.get(column))
            .collect::<Result<_, _>>()?;
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::Warehouse;

    fn rows(warehouse: &mut Warehouse) -> i64 {
        let database = warehouse.database("dev").unwrap();
        let counted = database
            .connection
            .query_row("SELECT count(*) FROM \"a\"\"b\"", [], |row| row.get(0));
        counted.unwrap()
    }

    #[test]
    fn a_copy_has_the_same_rows_and_goes_its_own_way() {
        let mut first = Warehouse::new("admin", "dev").unwrap();
        let made = "CREATE TABLE \"a\"\"b\" (x, y); INSERT INTO \"a\"\"b\" VALUES (1, 'one'), (NULL, x'02');";
        first
            .database("dev")
            .unwrap()
            .connection
            .execute_batch(made)
            .unwrap();
        let mut copy = first.clone();
        assert_eq!(rows(&mut copy), 2);
        let more = "INSERT INTO \"a\"\"b\" SELECT * FROM \"a\"\"b\"";
        copy.database("dev")
            .unwrap()
            .connection
            .execute_batch(more)
            .unwrap();
        assert_eq!((rows(&mut first), rows(&mut copy)), (2, 4));
    }
}
