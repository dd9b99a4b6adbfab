//! Dropping relations, with what depends on them.

use super::{Outcome, Run};
use crate::sql::catalog::Kind;
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::statement::Name;

/// What a DROP statement names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Table,
    View,
    Materialized,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Materialized => "materialized view",
        }
    }

    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Table => Self::Table,
            Kind::View(_) => Self::View,
            Kind::Materialized(_) => Self::Materialized,
        }
    }
}

impl Run<'_, '_> {
    pub(super) fn drop_relations(
        &mut self,
        what: What,
        names: &[Name],
        if_exists: bool,
        cascade: bool,
    ) -> SqlResult<Outcome> {
        for name in names {
            let (catalog, session) = self.here()?;
            let key = match catalog.find(name, &session) {
                Ok(key) => key,
                Err(_) if if_exists => continue,
                Err(error) => return Err(error),
            };
            let found = &catalog.relations[&key];
            let is = What::of(&found.kind);
            if is != what {
                // Also with IF EXISTS.
                return Err(
                    SqlError::new(format!("\"{}\" is not a {}", key.1, what.name())).hint(&format!(
                        "Use DROP {} to remove a {}.",
                        is.name().to_uppercase(),
                        is.name()
                    )),
                );
            }
            if !session.holds(&found.owner, &found.grants, "DROP") {
                session.need_owner(&found.owner, "relation", &key.1)?;
            }
            if !cascade && !catalog.dependents(&key).is_empty() {
                return Err(SqlError::new(format!(
                    "cannot drop {} {} because other objects depend on it",
                    what.name(),
                    key.1
                ))
                .hint("Use DROP ... CASCADE to drop the dependent objects too."));
            }
            self.drop_with_dependents(&key)?;
        }
        Ok(Outcome::done())
    }

    /// Drops a relation and, first, everything that reads from it.
    pub(super) fn drop_with_dependents(&mut self, key: &(String, String)) -> SqlResult<()> {
        for dependent in self.here()?.0.dependents(key) {
            self.drop_with_dependents(&dependent)?;
        }
        let Some(relation) = self.catalog()?.relations.remove(key) else {
            return Ok(());
        };
        self.connection()?.execute_batch(&format!(
            "DROP TABLE IF EXISTS {0}; DROP TABLE IF EXISTS {0}_base;",
            relation.table()
        ))?;
        Ok(())
    }
}
