//! `GRANT` and `REVOKE` of what readers of a view need.

use super::ident::{Identifier, QualifiedName};
use std::fmt;

/// What is granted, and on what.
///
/// Redshift refuses grants on single external tables: readers get `USAGE` of a
/// schema and `SELECT` of a view.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// `USAGE ON SCHEMA`.
    Usage(Identifier),
    /// `SELECT ON` a table or view.
    Select(QualifiedName),
}

/// Whom something is granted to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    /// A database user; those of IAM are `IAM:user` and `IAMR:role`.
    User(Identifier),
    /// A database role.
    Role(Identifier),
    /// A group of users.
    Group(Identifier),
    /// Everybody.
    Public,
}

/// `GRANT`.
///
/// ```
/// use redshift_streaming::ddl::{Grant, Grantee, Identifier, Privilege, QualifiedName};
///
/// let usage = Privilege::Usage(Identifier::new("public")?);
/// let analyst = Grantee::User(Identifier::new("IAMR:Analyst")?);
/// assert_eq!(
///     Grant::new(usage, analyst).to_string(),
///     r#"GRANT USAGE ON SCHEMA "public" TO "IAMR:Analyst""#
/// );
/// let select = Privilege::Select(QualifiedName::parse("public.myview1")?);
/// let role = Grantee::Role(Identifier::new("readers")?);
/// assert_eq!(
///     Grant::new(select, role).to_string(),
///     r#"GRANT SELECT ON "public"."myview1" TO ROLE "readers""#
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    privilege: Privilege,
    grantee: Grantee,
}

impl Grant {
    /// Grants `privilege` to `grantee`.
    #[must_use]
    pub fn new(privilege: Privilege, grantee: Grantee) -> Self {
        Self { privilege, grantee }
    }

    /// What is granted.
    #[must_use]
    pub fn privilege(&self) -> &Privilege {
        &self.privilege
    }

    /// Whom it is granted to.
    #[must_use]
    pub fn grantee(&self) -> &Grantee {
        &self.grantee
    }

    /// The statement that takes it back.
    #[must_use]
    pub fn revoke(self) -> Revoke {
        Revoke(self)
    }
}

/// `REVOKE`: takes back what a [`Grant`] gave.
///
/// ```
/// use redshift_streaming::ddl::{Grant, Grantee, Privilege, QualifiedName};
/// let grant = Grant::new(Privilege::Select(QualifiedName::parse("myview1")?), Grantee::Public);
/// assert_eq!(grant.revoke().to_string(), r#"REVOKE SELECT ON "myview1" FROM PUBLIC"#);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revoke(Grant);

impl Revoke {
    /// What is taken back.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.0
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(schema) => write!(f, "USAGE ON SCHEMA {schema}"),
            Self::Select(name) => write!(f, "SELECT ON {name}"),
        }
    }
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "{name}"),
            Self::Role(name) => write!(f, "ROLE {name}"),
            Self::Group(name) => write!(f, "GROUP {name}"),
            Self::Public => f.write_str("PUBLIC"),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GRANT {} TO {}", self.privilege, self.grantee)
    }
}

impl fmt::Display for Revoke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "REVOKE {} FROM {}", self.0.privilege, self.0.grantee)
    }
}
