//! A warehouse at work: refreshes, counts, typed rows, what Redshift skipped.

use crate::data::{DataApi, Setting, SqlError};
use crate::ddl::{
    AppendTable, CreateTableLike, Identifier, QualifiedName, RefreshMaterializedView, Statement, read,
};
use crate::query::{self, Count, Counts, PartitionLag, Query, ScanError};
use crate::statements::in_view_schema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xacct_converge::Context;
use xacct_types::Invalid;

/// The views of one database, as the user that owns them.
#[derive(Debug, Clone)]
pub struct Warehouse {
    api: DataApi,
    cx: Context,
}

/// How the records of one view add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tally {
    /// Landed and parsed.
    pub rows: u64,
    /// Landed and not JSON; kept as bytes.
    pub quarantined: u64,
    /// Positions that Redshift skipped because the record was too large.
    pub skipped: u64,
}

impl Warehouse {
    /// The views that `api` reaches; waits on the clock of `cx`.
    #[must_use]
    pub const fn new(api: DataApi, cx: Context) -> Self {
        Self { api, cx }
    }

    /// Ingests what has arrived since the last refresh.
    ///
    /// # Errors
    /// [`SqlError::Refused`] with Redshift's text where the stream cannot be read.
    pub async fn refresh(&self, view: &str) -> Result<(), SqlError> {
        let name = format!("refresh {view}");
        let statement = Statement::from(RefreshMaterializedView::new(qualified(&name, view)?));
        self.api
            .run(&self.cx, &name, &statement.to_string())
            .await
            .map(|_| ())
    }

    /// How many rows a view has.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn count(&self, view: &str) -> Result<u64, SqlError> {
        let name = format!("count {view}");
        let count: Count = self.first(&query::landed(&qualified(&name, view)?)).await?;
        Ok(count.n)
    }

    /// How the records of a view add up: `rows + quarantined + skipped` is what was
    /// produced. What counts as a row follows from the view's definition, as the
    /// catalog keeps it; of a view with a select of its own every record does.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn tally(&self, view: &str) -> Result<Tally, SqlError> {
        let view = qualified(&format!("tally {view}"), view)?;
        let counted = self.counting(&view).await?;
        // The guard then says the same as the parsed view does to `query`.
        let api = self.api.clone().with_setting(Setting::DeduplicateJson);
        let counts: Vec<Counts> = api.query(&self.cx, counted.name(), counted.sql()).await?;
        let counts = counts.into_iter().next().unwrap_or_default();
        let skipped: Count = self.first(&query::skipped(view.name())).await?;
        Ok(Tally {
            rows: counts.rows,
            quarantined: counts.quarantined,
            skipped: skipped.n,
        })
    }

    /// The newest positions that Redshift could not ingest into a view, at most `limit`.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn scan_errors(&self, view: &str, limit: u32) -> Result<Vec<ScanError>, SqlError> {
        let view = qualified(&format!("scan errors of {view}"), view)?;
        self.ask(&query::scan_errors(view.name(), limit)).await
    }

    /// How old the newest record of each partition is that a view has read.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn lag(&self, view: &str) -> Result<Vec<PartitionLag>, SqlError> {
        let view = qualified(&format!("lag of {view}"), view)?;
        self.ask(&query::lag(view.name())).await
    }

    /// Runs one of the typed queries of [`query`].
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn ask<R: DeserializeOwned>(&self, query: &Query<R>) -> Result<Vec<R>, SqlError> {
        self.api.ask(&self.cx, query).await
    }

    /// Runs any query and reads every row as `T`: a struct with the columns'
    /// names as fields, SUPER columns as the JSON that they hold.
    ///
    /// It runs with `json_parse_dedup_attributes` on, so that a record with an
    /// attribute twice cannot fail a query over the parsed view. Tools of your own
    /// want the same: `ALTER USER … SET json_parse_dedup_attributes TO on`.
    ///
    /// # Errors
    /// [`SqlError`], also where a row is not of the type asked for.
    pub async fn query<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>, SqlError> {
        let api = self.api.clone().with_setting(Setting::DeduplicateJson);
        api.query(&self.cx, "query", sql).await
    }

    /// The Data API underneath, for statements of your own.
    #[must_use]
    pub const fn api(&self) -> &DataApi {
        &self.api
    }

    /// Moves every row that has landed in a view into the table `archive`, which is made
    /// in the view's shape if it is missing: one statement moves all rows at once, so
    /// that none is lost or doubled, whenever it is killed. Call it on a schedule; what
    /// lands meanwhile stays for the next time. The views on top no longer show them.
    ///
    /// # Errors
    /// [`SqlError`]; the user needs DELETE on the view, which its owner has.
    pub async fn archive(&self, view: &str, archive: &str) -> Result<(), SqlError> {
        let name = format!("archive {view}");
        let (from, to) = (qualified(&name, view)?, qualified(&name, archive)?);
        let make = Statement::from(CreateTableLike::new(to.clone(), from.clone()).if_not_exists());
        let append = Statement::from(AppendTable::new(to, from));
        for statement in [make, append] {
            self.api
                .run(&self.cx, &statement.label(), &statement.to_string())
                .await?;
        }
        Ok(())
    }

    /// Where the clock is.
    pub(crate) const fn context(&self) -> &Context {
        &self.cx
    }

    /// The query that counts a view, from its definition or else its columns.
    async fn counting(&self, view: &QualifiedName) -> Result<Query<Counts>, SqlError> {
        let kept = self.ask(&query::definition(view)).await?;
        if let Some(Ok(Statement::CreateMaterializedView(found))) =
            kept.first().map(|row| read(&row.definition))
        {
            let landing = found.body().landing();
            return Ok(query::counts_of(
                view,
                landing.map(|form| (form.payload(), form.payload_name())),
            ));
        }
        let form = query::payload_of(&self.ask(&query::columns(view)).await?);
        let column = form.map(|form| (form, Identifier::fixed(form.default_column())));
        Ok(query::counts_of(
            view,
            column.as_ref().map(|(form, column)| (*form, column)),
        ))
    }

    async fn first<R: DeserializeOwned + Default>(&self, query: &Query<R>) -> Result<R, SqlError> {
        Ok(self.ask(query).await?.into_iter().next().unwrap_or_default())
    }
}

pub(crate) fn qualified(name: &str, view: &str) -> Result<QualifiedName, SqlError> {
    let view = Identifier::new(view).map_err(|error| refused(name, &error))?;
    Ok(in_view_schema(&view))
}

fn refused(name: &str, error: &Invalid) -> SqlError {
    SqlError::Refused {
        name: name.to_owned(),
        message: error.to_string(),
        id: String::new(),
    }
}
