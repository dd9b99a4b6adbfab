//! `CREATE DATABASE` and `DROP DATABASE`.

use super::ident::{DatabaseName, Identifier};
use std::fmt;

/// `CREATE DATABASE`. It cannot stand in a transaction.
///
/// ```
/// use redshift_streaming::ddl::{CreateDatabase, DatabaseName};
/// let create = CreateDatabase::new(DatabaseName::new("streaming")?);
/// assert_eq!(create.to_string(), r#"CREATE DATABASE "streaming""#);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateDatabase {
    name: DatabaseName,
}

impl CreateDatabase {
    /// A database of this name.
    #[must_use]
    pub fn new(name: DatabaseName) -> Self {
        Self { name }
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &DatabaseName {
        &self.name
    }
}

impl fmt::Display for CreateDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CREATE DATABASE {}", Identifier::from(&self.name))
    }
}

/// `DROP DATABASE`. Everything in it is lost; it cannot stand in a transaction.
///
/// ```
/// use redshift_streaming::ddl::{DatabaseName, DropDatabase};
/// let drop = DropDatabase::new(DatabaseName::new("streaming")?);
/// assert_eq!(drop.to_string(), r#"DROP DATABASE "streaming""#);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropDatabase {
    name: DatabaseName,
}

impl DropDatabase {
    /// Drops the database of this name.
    #[must_use]
    pub fn new(name: DatabaseName) -> Self {
        Self { name }
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &DatabaseName {
        &self.name
    }
}

impl fmt::Display for DropDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DROP DATABASE {}", Identifier::from(&self.name))
    }
}
