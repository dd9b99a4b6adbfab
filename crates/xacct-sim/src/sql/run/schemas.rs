//! Schemas.

use super::{Outcome, Run};
use crate::sql::catalog::{Base, Kind, Schema, no_schema};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::options::ConnectsAt;
use crate::sql::statement::{Authentication, Service, StreamChanges, StreamOptions};

impl Run<'_, '_> {
    /// Whoever makes a schema needs CREATE on the database, or the system permission CREATE SCHEMA. No page states the
    /// privilege for external schemas; it is taken to be the same.
    fn need_create_schema(&self) -> SqlResult<()> {
        let (catalog, session) = self.here()?;
        if session.holds(&catalog.owner, &catalog.grants, "CREATE") || session.has_system("CREATE SCHEMA") {
            Ok(())
        } else {
            Err(SqlError::new(format!(
                "permission denied for database {}",
                catalog.name
            )))
        }
    }

    fn add_schema(
        &mut self,
        name: String,
        if_not_exists: bool,
        owner: Option<String>,
        stream: Option<StreamOptions>,
    ) -> SqlResult<Outcome> {
        if self.here()?.0.schemas.contains_key(&name) {
            // IF NOT EXISTS says nothing about whether the options are the same.
            return if if_not_exists {
                Ok(Outcome::done())
            } else {
                Err(SqlError::new(format!("schema \"{name}\" already exists")))
            };
        }
        if name.starts_with("pg_") {
            return Err(SqlError::new(format!("unacceptable schema name \"{name}\""))
                .detail("The prefix \"pg_\" is reserved for system schemas."));
        }
        let owner = owner.unwrap_or_else(|| self.login.user.clone());
        if !self.warehouse.accounts.users.contains_key(&owner) {
            return Err(SqlError::new(format!("user \"{owner}\" does not exist")));
        }
        let catalog = self.catalog()?;
        let schema = Schema {
            oid: catalog.new_oid(),
            owner,
            grants: Default::default(),
            stream,
            comment: None,
        };
        catalog.schemas.insert(name, schema);
        Ok(Outcome::done())
    }

    pub(super) fn create_schema(
        &mut self,
        name: String,
        if_not_exists: bool,
        owner: Option<String>,
    ) -> SqlResult<Outcome> {
        self.need_create_schema()?;
        self.add_schema(name, if_not_exists, owner, None)
    }

    pub(super) fn create_external_schema(
        &mut self,
        name: String,
        if_not_exists: bool,
        options: StreamOptions,
    ) -> SqlResult<Outcome> {
        self.need_create_schema()?;
        let fresh = !self.here()?.0.schemas.contains_key(&name);
        if fresh && self.env.switches.connects_at == ConnectsAt::CreateSchema {
            self.env.source.open(&options, None).map_err(failure)?;
        }
        self.add_schema(name, if_not_exists, None, Some(options))
    }

    pub(super) fn alter_external_schema(&mut self, name: &str, changes: StreamChanges) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let schema = catalog.schemas.get(name).ok_or_else(|| no_schema(name))?;
        if !session.holds(&schema.owner, &schema.grants, "ALTER") {
            return Err(SqlError::new(format!("must be owner of schema {name}")));
        }
        let Some(options) = &schema.stream else {
            return Err(SqlError::new(format!("\"{name}\" is not an external schema")));
        };
        let changed = changed(options, changes)?;
        if let Some(schema) = self.catalog()?.schemas.get_mut(name) {
            schema.stream = Some(changed);
        }
        Ok(Outcome::done())
    }

    pub(super) fn alter_schema(
        &mut self,
        name: &str,
        rename: Option<String>,
        owner: Option<String>,
    ) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let schema = catalog.schemas.get(name).ok_or_else(|| no_schema(name))?;
        session.need_owner(&schema.owner, "schema", name)?;
        if let Some(owner) = owner {
            if !self.warehouse.accounts.users.contains_key(&owner) {
                return Err(SqlError::new(format!("user \"{owner}\" does not exist")));
            }
            if let Some(schema) = self.catalog()?.schemas.get_mut(name) {
                schema.owner = owner;
            }
        }
        if let Some(new) = rename {
            self.rename_schema(name, new)?;
        }
        Ok(Outcome::done())
    }

    fn rename_schema(&mut self, name: &str, new: String) -> SqlResult<()> {
        let catalog = self.catalog()?;
        if catalog.schemas.contains_key(&new) {
            return Err(SqlError::new(format!("schema \"{new}\" already exists")));
        }
        let schema = catalog.schemas.remove(name).ok_or_else(|| no_schema(name))?;
        catalog.schemas.insert(new.clone(), schema);
        let inside: Vec<(String, String)> = catalog
            .relations
            .keys()
            .filter(|(schema, _)| schema == name)
            .cloned()
            .collect();
        for key in inside {
            if let Some(mut relation) = catalog.relations.remove(&key) {
                // A materialized view in a renamed schema can be read but not refreshed.
                if let Kind::Materialized(view) = &mut relation.kind {
                    view.state = 105;
                }
                catalog.relations.insert((new.clone(), key.1), relation);
            }
        }
        Ok(())
    }

    pub(super) fn drop_schemas(
        &mut self,
        names: &[String],
        if_exists: bool,
        cascade: bool,
    ) -> SqlResult<Outcome> {
        for name in names {
            let (catalog, session) = self.here()?;
            match catalog.schemas.get(name) {
                None if if_exists => continue,
                None => return Err(no_schema(name)),
                Some(schema)
                    if session.has_system("DROP SCHEMA")
                        || session.holds(&schema.owner, &schema.grants, "DROP") => {}
                Some(schema) => session.need_owner(&schema.owner, "schema", name)?,
            }
            self.drop_schema(name, cascade)?;
        }
        Ok(Outcome::done())
    }

    fn drop_schema(&mut self, name: &str, cascade: bool) -> SqlResult<()> {
        let streaming_depend = self.env.switches.cascade_drops_streaming_views;
        let catalog = self.catalog()?;
        let inside = catalog
            .relations
            .keys()
            .filter(|(schema, _)| schema == name)
            .cloned();
        let reading = catalog.relations.iter().filter(|(_, relation)| {
            let base = relation.materialized().map(|view| &view.base);
            streaming_depend && matches!(base, Some(Base::Stream { schema, .. }) if schema == name)
        });
        let mut doomed: Vec<(String, String)> = inside.collect();
        doomed.extend(reading.map(|(key, _)| key.clone()));
        if !doomed.is_empty() && !cascade {
            return Err(SqlError::new(format!(
                "cannot drop schema {name} because other objects depend on it"
            ))
            .hint("Use DROP ... CASCADE to drop the dependent objects too."));
        }
        for key in doomed {
            self.drop_with_dependents(&key)?;
        }
        self.catalog()?.schemas.remove(name);
        Ok(())
    }
}

/// An outside failure as an error of the statement.
pub(super) fn failure(failure: crate::sql::stream::StreamFailure) -> SqlError {
    SqlError::outside(failure.message, failure.cause, failure.after)
}

fn changed(options: &StreamOptions, changes: StreamChanges) -> SqlResult<StreamOptions> {
    let mut out = options.clone();
    if matches!(out.service, Service::Kinesis { .. }) {
        return Err(SqlError::new(
            "ALTER EXTERNAL SCHEMA is not supported for external schema from KINESIS",
        ));
    }
    if let Some(roles) = changes.roles {
        out.roles = roles;
    }
    if let Some(brokers) = changes.brokers {
        out.service = Service::Kafka { brokers };
    }
    if let Some(authentication) = changes.authentication {
        out.authentication = authentication;
        if authentication != Authentication::Mtls {
            out.authentication_arn = None;
            out.secret_arn = None;
        }
    }
    if changes.authentication_arn.is_some() || changes.secret_arn.is_some() {
        out.authentication_arn = changes.authentication_arn;
        out.secret_arn = changes.secret_arn;
    }
    Ok(out)
}
