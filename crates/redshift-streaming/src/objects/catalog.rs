//! What the database's catalog says about a pipeline's objects.

use crate::data::{DataApi, SqlError, typed};
use crate::ddl::{Identifier, Statement, read};
use crate::query::{self, DefinedRow, ExternalSchemaRow, Query, ReaderOfRow, ViewRow};
use crate::statements::VIEW_SCHEMA;
use serde::de::DeserializeOwned;
use xacct_converge::Context;

/// Everything that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Catalog {
    /// External schemas.
    pub schemas: Vec<ExternalSchemaRow>,
    /// Materialized views of the schema `public`.
    pub views: Vec<ViewRow>,
    /// Definitions and owners of all views of the schema `public`, plain ones too.
    pub definitions: Vec<DefinedRow>,
    /// Who may read what in the schema `public`.
    pub readers: Vec<ReaderOfRow>,
}

/// A materialized view with its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeenView {
    pub(super) row: ViewRow,
    pub(super) definition: Option<String>,
}

impl Catalog {
    /// Reads the objects of the database: three queries in one transaction, and a
    /// fourth where it matters who may read the views.
    ///
    /// # Errors
    /// [`SqlError`]; an ordinary user sees only what is its own.
    pub async fn read(api: &DataApi, readers: bool, cx: &Context) -> Result<Self, SqlError> {
        let public = Identifier::fixed(VIEW_SCHEMA);
        let (schemas, views) = (query::external_schemas(), query::views(&public));
        let (definitions, privileges) = (query::definitions(&public), query::all_readers(&public));
        let mut texts = vec![schemas.sql(), views.sql(), definitions.sql()];
        texts.extend(readers.then(|| privileges.sql()));
        let mut rows = api.together(cx, "read the catalog", &texts).await?.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        Ok(Self {
            schemas: of(&schemas, next())?,
            views: of(&views, next())?,
            definitions: of(&definitions, next())?,
            readers: of(&privileges, next())?,
        })
    }

    /// Whether there is a materialized view of this name.
    #[must_use]
    pub fn has_view(&self, name: &Identifier) -> bool {
        self.view(name).is_some()
    }

    pub(crate) fn schema(&self, name: &Identifier) -> Option<&ExternalSchemaRow> {
        self.schemas
            .iter()
            .find(|seen| seen.schema_name.eq_ignore_ascii_case(name.as_str()))
    }

    pub(super) fn view(&self, name: &Identifier) -> Option<SeenView> {
        let row = self.view_row(name)?.clone();
        let definition = self.defined(name).and_then(|seen| seen.definition.clone());
        Some(SeenView { row, definition })
    }

    pub(crate) fn view_row(&self, name: &Identifier) -> Option<&ViewRow> {
        self.views
            .iter()
            .find(|seen| seen.name.eq_ignore_ascii_case(name.as_str()))
    }

    /// A plain or materialized view.
    pub(crate) fn defined(&self, name: &Identifier) -> Option<&DefinedRow> {
        self.definitions
            .iter()
            .find(|seen| seen.name.eq_ignore_ascii_case(name.as_str()))
    }

    /// Whether `user` was granted to read `relation`.
    pub(crate) fn may_read(&self, relation: &Identifier, user: &Identifier) -> bool {
        self.readers_of(relation).any(|seen| {
            seen.identity_type == "user" && seen.identity_name.eq_ignore_ascii_case(user.as_str())
        })
    }

    pub(crate) fn readers_of(&self, relation: &Identifier) -> impl Iterator<Item = &ReaderOfRow> {
        let name = relation.as_str().to_owned();
        self.readers
            .iter()
            .filter(move |seen| seen.relation_name.eq_ignore_ascii_case(&name))
    }

    /// The user as whom the catalog was read; unknown while there is no view.
    pub(crate) fn asker(&self) -> Option<&str> {
        self.definitions.first().map(|seen| seen.asker.as_str())
    }

    /// The materialized views that read from an external schema, as far as their
    /// definitions can be read.
    pub(super) fn views_over(&self, schema: &Identifier) -> Vec<&str> {
        let reads = |seen: &&DefinedRow| {
            let definition = seen.definition.as_deref().unwrap_or_default();
            match read(definition) {
                Ok(Statement::CreateMaterializedView(view)) => view
                    .body()
                    .reads()
                    .is_some_and(|(found, _)| found.eq_ignore_ascii_case(schema.as_str())),
                _ => false,
            }
        };
        self.definitions
            .iter()
            .filter(reads)
            .map(|seen| seen.name.as_str())
            .collect()
    }
}

fn of<R: DeserializeOwned>(query: &Query<R>, rows: Vec<crate::data::Row>) -> Result<Vec<R>, SqlError> {
    typed(query.name(), rows)
}
