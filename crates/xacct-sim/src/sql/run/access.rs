//! Users, roles, privileges, comments, settings, databases.

use std::collections::BTreeSet;

use super::{Login, Outcome, Run};
use crate::sql::catalog::{Grants, Role, no_schema};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::options::Options;
use crate::sql::result::ResultSet;
use crate::sql::statement::{Grantee, Name, Statement, Target};
use crate::sql::warehouse::Database;

/// Privileges by kind of object. <https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html>
const ON_RELATION: [&str; 8] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "DROP",
    "REFERENCES",
    "ALTER",
    "TRUNCATE",
];
const ON_SCHEMA: [&str; 4] = ["CREATE", "USAGE", "ALTER", "DROP"];
const ON_DATABASE: [&str; 6] = ["CREATE", "TEMP", "TEMPORARY", "USAGE", "ALTER", "DROP"];

pub(super) fn set(login: &mut Login, name: &str, value: Option<String>) -> SqlResult<Outcome> {
    if !Options::is_known(name) {
        return Err(SqlError::new(format!(
            "unrecognized configuration parameter \"{name}\""
        )));
    }
    login.options.set(name, value);
    Ok(Outcome::done())
}

pub(super) fn show(login: &Login, name: &str) -> SqlResult<Outcome> {
    let value = login
        .options
        .value(name)
        .ok_or_else(|| SqlError::new(format!("unrecognized configuration parameter \"{name}\"")))?;
    let value = match value.as_str() {
        "true" => "on".to_owned(),
        "false" => "off".to_owned(),
        _ => value,
    };
    Ok(Outcome::of(ResultSet::text(name, &value)))
}

impl Run<'_, '_> {
    /// Statements about users and what they may do.
    pub(super) fn access(&mut self, statement: Statement) -> SqlResult<Outcome> {
        match statement {
            Statement::Grant { privileges, on, to } => self.change_grants(&privileges, &on, &to, true),
            Statement::Revoke { privileges, on, from } => self.change_grants(&privileges, &on, &from, false),
            Statement::Comment { kind, name, text } => self.comment(&kind, &name, text),
            Statement::CreateUser { name, superuser } => self.create_user(&name, superuser),
            Statement::AlterUser { name, superuser } => self.alter_user(&name, superuser),
            Statement::DropUser { names, if_exists } => self.drop_users(&names, if_exists),
            Statement::CreateRole { name } => self.create_role(name),
            Statement::DropRole { name, force } => self.drop_role(&name, force),
            Statement::CreateDatabase { name, owner } => self.create_database(&name, owner),
            Statement::DropDatabase { name } => self.drop_database(&name),
            other => Err(SqlError::not_modelled(format!("{other:?}"))),
        }
    }

    fn check_grantees(&self, grantees: &[Grantee]) -> SqlResult<()> {
        for grantee in grantees {
            let accounts = &self.warehouse.accounts;
            match grantee {
                Grantee::User(name) if !accounts.users.contains_key(name) => {
                    return Err(SqlError::new(format!("user \"{name}\" does not exist")));
                }
                Grantee::Role(name) if !accounts.roles.contains_key(name) => {
                    return Err(SqlError::new(format!("role \"{name}\" does not exist")));
                }
                Grantee::Group(name) => {
                    return Err(SqlError::new(format!("group \"{name}\" does not exist")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn change_grants(
        &mut self,
        privileges: &[String],
        on: &Target,
        grantees: &[Grantee],
        give: bool,
    ) -> SqlResult<Outcome> {
        self.check_grantees(grantees)?;
        match on {
            Target::Role(roles) => self.change_roles(roles, grantees, give)?,
            Target::System => self.change_system(privileges, grantees, give)?,
            Target::Database(names) => {
                check_privileges(privileges, &ON_DATABASE, "database")?;
                for name in names {
                    let session_user = self.login.user.clone();
                    let owner = self.warehouse.database(name)?.catalog.owner.clone();
                    if !self.session().superuser() && owner != session_user {
                        return Err(SqlError::new(format!("permission denied for database {name}")));
                    }
                    let grants = &mut self.warehouse.database(name)?.catalog.grants;
                    change(grants, privileges, &ON_DATABASE, grantees, give);
                }
            }
            Target::Schema(names) => {
                check_privileges(privileges, &ON_SCHEMA, "schema")?;
                for name in names {
                    self.change_schema_grants(name, privileges, grantees, give)?;
                }
            }
            Target::Relation(names) => {
                check_privileges(privileges, &ON_RELATION, "relation")?;
                for name in names {
                    self.change_relation_grants(name, privileges, grantees, give)?;
                }
            }
            Target::AllTables(schemas) => {
                check_privileges(privileges, &ON_RELATION, "relation")?;
                for schema in schemas {
                    let catalog = self.here()?.0;
                    if !catalog.schemas.contains_key(schema) {
                        return Err(no_schema(schema));
                    }
                    let names: Vec<Name> = catalog
                        .relations
                        .keys()
                        .filter(|(found, _)| found == schema)
                        .map(|(schema, name)| Name {
                            database: None,
                            schema: Some(schema.clone()),
                            name: name.clone(),
                        })
                        .collect();
                    for name in names {
                        self.change_relation_grants(&name, privileges, grantees, give)?;
                    }
                }
            }
        }
        Ok(Outcome::done())
    }

    fn change_schema_grants(
        &mut self,
        name: &str,
        privileges: &[String],
        grantees: &[Grantee],
        give: bool,
    ) -> SqlResult<()> {
        let (catalog, session) = self.here()?;
        let schema = catalog.schemas.get(name).ok_or_else(|| no_schema(name))?;
        if !session.superuser() && schema.owner != session.user {
            return Err(SqlError::new(format!("permission denied for schema {name}")));
        }
        if let Some(schema) = self.catalog()?.schemas.get_mut(name) {
            change(&mut schema.grants, privileges, &ON_SCHEMA, grantees, give);
        }
        Ok(())
    }

    fn change_relation_grants(
        &mut self,
        name: &Name,
        privileges: &[String],
        grantees: &[Grantee],
        give: bool,
    ) -> SqlResult<()> {
        let (catalog, session) = self.here()?;
        let external = name
            .schema
            .as_ref()
            .and_then(|schema| catalog.schemas.get(schema))
            .is_some_and(|schema| schema.stream.is_some());
        if external {
            return Err(SqlError::new("Operation not supported on external tables")
                .hint("Grant USAGE on the external schema instead."));
        }
        let key = catalog.find(name, &session)?;
        let owner = &catalog.relations[&key].owner;
        if !session.superuser() && owner != session.user {
            return Err(SqlError::new(format!("permission denied for relation {}", key.1)));
        }
        if let Some(relation) = self.catalog()?.relations.get_mut(&key) {
            change(&mut relation.grants, privileges, &ON_RELATION, grantees, give);
        }
        Ok(())
    }

    fn change_roles(&mut self, roles: &[String], grantees: &[Grantee], give: bool) -> SqlResult<()> {
        for role in roles {
            let Some(found) = self.warehouse.accounts.roles.get(role) else {
                return Err(SqlError::new(format!("role \"{role}\" does not exist")));
            };
            if !self.session().superuser() && found.owner != self.login.user {
                return Err(SqlError::new(format!(
                    "permission denied to grant role \"{role}\""
                )));
            }
            for grantee in grantees {
                let accounts = &mut self.warehouse.accounts;
                let held = match grantee {
                    Grantee::User(name) => accounts.users.get_mut(name).map(|user| &mut user.roles),
                    Grantee::Role(name) => accounts.roles.get_mut(name).map(|role| &mut role.roles),
                    _ => return Err(SqlError::new("roles are granted to users and roles only")),
                };
                if let Some(held) = held {
                    if give {
                        held.insert(role.clone())
                    } else {
                        held.remove(role)
                    };
                }
            }
        }
        Ok(())
    }

    fn change_system(&mut self, privileges: &[String], grantees: &[Grantee], give: bool) -> SqlResult<()> {
        if !self.session().superuser() {
            return Err(SqlError::new("permission denied to grant system permissions"));
        }
        for grantee in grantees {
            let Grantee::Role(name) = grantee else {
                return Err(SqlError::new("system permissions are granted to roles only"));
            };
            if let Some(role) = self.warehouse.accounts.roles.get_mut(name) {
                for privilege in privileges {
                    if give {
                        role.system.insert(privilege.clone())
                    } else {
                        role.system.remove(privilege)
                    };
                }
            }
        }
        Ok(())
    }

    fn comment(&mut self, kind: &str, name: &Name, text: Option<String>) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        match kind {
            "SCHEMA" => {
                let schema = catalog
                    .schemas
                    .get(&name.name)
                    .ok_or_else(|| no_schema(&name.name))?;
                session.need_owner(&schema.owner, "schema", &name.name)?;
                if let Some(schema) = self.catalog()?.schemas.get_mut(&name.name) {
                    schema.comment = text;
                }
            }
            "TABLE" | "VIEW" => {
                let key = catalog.find(name, &session)?;
                session.need_owner(&catalog.relations[&key].owner, "relation", &key.1)?;
                if let Some(relation) = self.catalog()?.relations.get_mut(&key) {
                    relation.comment = text;
                }
            }
            other => return Err(SqlError::not_modelled(format!("COMMENT ON {other}"))),
        }
        Ok(Outcome::done())
    }

    fn need_superuser(&self, to_do: &str) -> SqlResult<()> {
        if self.session().superuser() {
            Ok(())
        } else {
            Err(SqlError::new(format!("permission denied to {to_do}")))
        }
    }

    fn create_user(&mut self, name: &str, superuser: bool) -> SqlResult<Outcome> {
        if !self.session().has_system("CREATE USER") {
            self.need_superuser("create user")?;
        }
        if self.warehouse.accounts.users.contains_key(name) {
            return Err(SqlError::new(format!("user \"{name}\" already exists")));
        }
        self.warehouse.add_user(name, superuser);
        Ok(Outcome::done())
    }

    fn alter_user(&mut self, name: &str, superuser: Option<bool>) -> SqlResult<Outcome> {
        self.need_superuser("alter user")?;
        let Some(user) = self.warehouse.accounts.users.get_mut(name) else {
            return Err(SqlError::new(format!("user \"{name}\" does not exist")));
        };
        user.superuser = superuser.unwrap_or(user.superuser);
        Ok(Outcome::done())
    }

    fn drop_users(&mut self, names: &[String], if_exists: bool) -> SqlResult<Outcome> {
        self.need_superuser("drop user")?;
        for name in names {
            if !self.warehouse.accounts.users.contains_key(name) {
                if if_exists {
                    continue;
                }
                return Err(SqlError::new(format!("user \"{name}\" does not exist")));
            }
            let owns = self.warehouse.databases.values().any(|database| {
                let catalog = &database.catalog;
                catalog.owner == *name
                    || catalog.schemas.values().any(|schema| schema.owner == *name)
                    || catalog.relations.values().any(|relation| relation.owner == *name)
            });
            if owns {
                return Err(SqlError::new(format!(
                    "user \"{name}\" cannot be dropped because the user has a privilege on or owns some object"
                )));
            }
            self.warehouse.accounts.users.remove(name);
        }
        Ok(Outcome::done())
    }

    fn create_role(&mut self, name: String) -> SqlResult<Outcome> {
        if !self.session().has_system("CREATE ROLE") {
            self.need_superuser("create role")?;
        }
        if self.warehouse.accounts.roles.contains_key(&name) {
            return Err(SqlError::new(format!("role \"{name}\" already exists")));
        }
        let id = self.warehouse.new_id();
        let role = Role {
            id,
            owner: self.login.user.clone(),
            ..Role::default()
        };
        self.warehouse.accounts.roles.insert(name, role);
        Ok(Outcome::done())
    }

    fn drop_role(&mut self, name: &str, force: bool) -> SqlResult<Outcome> {
        let Some(role) = self.warehouse.accounts.roles.get(name) else {
            return Err(SqlError::new(format!("role \"{name}\" does not exist")));
        };
        if role.owner != self.login.user {
            self.need_superuser("drop role")?;
        }
        let accounts = &mut self.warehouse.accounts;
        let held = accounts.users.values().any(|user| user.roles.contains(name))
            || accounts.roles.values().any(|role| role.roles.contains(name));
        if held && !force {
            return Err(
                SqlError::new(format!("cannot drop role \"{name}\" because it is granted"))
                    .hint("Use FORCE."),
            );
        }
        for user in accounts.users.values_mut() {
            user.roles.remove(name);
        }
        accounts.roles.remove(name);
        Ok(Outcome::done())
    }

    fn create_database(&mut self, name: &str, owner: Option<String>) -> SqlResult<Outcome> {
        if !self.session().has_system("CREATE DATABASE") {
            self.need_superuser("create database")?;
        }
        if self.warehouse.databases.contains_key(name) {
            return Err(SqlError::new(format!("database \"{name}\" already exists")));
        }
        let owner = owner.unwrap_or_else(|| self.login.user.clone());
        self.warehouse
            .databases
            .insert(name.to_owned(), Database::new(name, &owner)?);
        Ok(Outcome::done())
    }

    fn drop_database(&mut self, name: &str) -> SqlResult<Outcome> {
        let owner = self.warehouse.database(name)?.catalog.owner.clone();
        self.session().need_owner(&owner, "database", name)?;
        if name == self.login.database {
            return Err(SqlError::new("cannot drop the currently open database"));
        }
        self.warehouse.databases.remove(name);
        Ok(Outcome::done())
    }
}

fn check_privileges(privileges: &[String], known: &[&str], what: &str) -> SqlResult<()> {
    match privileges
        .iter()
        .find(|privilege| *privilege != "ALL" && !known.contains(&privilege.as_str()))
    {
        Some(unknown) => Err(SqlError::new(format!(
            "invalid privilege type {unknown} for {what}"
        ))),
        None => Ok(()),
    }
}

/// ALL stands for every privilege of the object.
fn change(grants: &mut Grants, privileges: &[String], all: &[&str], grantees: &[Grantee], give: bool) {
    let names: BTreeSet<String> = if privileges.iter().any(|privilege| privilege == "ALL") {
        all.iter().map(|name| (*name).to_owned()).collect()
    } else {
        privileges.iter().cloned().collect()
    };
    for grantee in grantees {
        let held = grants.entry(grantee.clone()).or_default();
        for name in &names {
            if give {
                held.insert(name.clone())
            } else {
                held.remove(name)
            };
        }
        if held.is_empty() {
            grants.remove(grantee);
        }
    }
}
