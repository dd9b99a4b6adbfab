//! What the database's catalog says about a pipeline's objects.

use crate::data::{DataApi, SqlError};
use crate::ddl::Identifier;
use serde::Deserialize;
use std::collections::BTreeMap;
use xacct_converge::Context;

/// An external schema as `SVV_EXTERNAL_SCHEMAS` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SeenSchema {
    /// Its name.
    pub schemaname: String,
    /// Its options: JSON whose key `IAM_ROLE` AWS documents.
    pub esoptions: Option<String>,
}

/// A materialized view as `SVV_MV_INFO` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SeenView {
    /// Its name.
    pub name: String,
    /// Its owner; only the owner may refresh it.
    pub user_name: Option<String>,
    /// 0 or 1 while it can be refreshed; 101 to 105 when it must be made anew.
    pub state: Option<i64>,
    /// Whether Redshift refreshes it by itself: `t` or `f`, or a boolean.
    pub autorefresh: serde_json::Value,
}

impl SeenView {
    /// Whether Redshift refreshes it by itself.
    #[must_use]
    pub fn refreshes_itself(&self) -> bool {
        match &self.autorefresh {
            serde_json::Value::Bool(on) => *on,
            serde_json::Value::String(text) => text.trim().starts_with(['t', 'T']),
            other => other.as_i64() == Some(1),
        }
    }

    /// Whether it must be made anew before it can be refreshed.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.state.is_some_and(|state| state >= 100)
    }
}

/// Everything that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Catalog {
    /// External schemas.
    pub schemas: Vec<SeenSchema>,
    /// Materialized views.
    pub views: Vec<SeenView>,
}

impl Catalog {
    /// Reads the external schemas and materialized views of the database.
    ///
    /// # Errors
    /// [`SqlError`]; an ordinary user sees only what is its own.
    pub async fn read(api: &DataApi, cx: &Context) -> Result<Self, SqlError> {
        let schemas = "SELECT TRIM(schemaname) AS schemaname, esoptions FROM svv_external_schemas ORDER BY 1";
        let views = "SELECT TRIM(name) AS name, TRIM(user_name) AS user_name, state, autorefresh \
                     FROM svv_mv_info WHERE schema_name = 'public' ORDER BY 1";
        let (schemas, views) = futures_util::try_join!(
            api.query(cx, "read external schemas", schemas),
            api.query(cx, "read materialized views", views),
        )?;
        Ok(Self { schemas, views })
    }

    /// Whether there is a materialized view of this name.
    #[must_use]
    pub fn has_view(&self, name: &Identifier) -> bool {
        self.view(name).is_some()
    }

    pub(super) fn schema(&self, name: &Identifier) -> Option<SeenSchema> {
        let same = |seen: &&SeenSchema| seen.schemaname.eq_ignore_ascii_case(name.as_str());
        self.schemas.iter().find(same).cloned()
    }

    pub(super) fn view(&self, name: &Identifier) -> Option<SeenView> {
        self.views
            .iter()
            .find(|seen| seen.name.eq_ignore_ascii_case(name.as_str()))
            .cloned()
    }
}

/// The options of a schema that are text, by key in upper case.
pub(crate) fn options_of(schema: &SeenSchema) -> BTreeMap<String, String> {
    let read: Option<serde_json::Value> = schema.esoptions.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let entries = read.as_ref().and_then(serde_json::Value::as_object).into_iter().flatten();
    let texts = entries.filter_map(|(key, value)| Some((key.to_uppercase(), value.as_str()?.to_owned())));
    texts.collect()
}
