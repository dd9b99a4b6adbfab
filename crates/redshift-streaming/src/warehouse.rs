//! A warehouse at work: refreshes, counts, typed rows, what Redshift skipped.

use crate::data::{DataApi, SqlError};
use crate::ddl::{Identifier, QualifiedName, RefreshMaterializedView, Statement};
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

/// One position that Redshift could not ingest, from `SYS_STREAM_SCAN_ERRORS`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScanError {
    /// The topic.
    pub stream_name: String,
    /// The partition or shard.
    pub partition_id: String,
    /// The offset or sequence number.
    pub position: String,
    /// Redshift's reason.
    pub error_reason: String,
}

#[derive(Deserialize)]
struct Count {
    n: u64,
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
        let sql = format!("SELECT COUNT(*) AS n FROM {}", qualified(&name, view)?);
        self.one(&name, &sql).await
    }

    /// How the records of a view with a guarded payload add up:
    /// `rows + quarantined + skipped` is what was produced.
    ///
    /// # Errors
    /// [`SqlError`], also where the view has no column `payload`.
    pub async fn tally(&self, view: &str) -> Result<Tally, SqlError> {
        let name = format!("tally {view}");
        let from = qualified(&name, view)?;
        let parsed = format!("SELECT COUNT(*) AS n FROM {from} WHERE \"payload\" IS NOT NULL");
        let rest = format!("SELECT COUNT(*) AS n FROM {from} WHERE \"payload\" IS NULL");
        let (rows, quarantined) = (self.one(&name, &parsed).await?, self.one(&name, &rest).await?);
        let skipped = self.scan_errors(view).await?.len() as u64;
        Ok(Tally {
            rows,
            quarantined,
            skipped,
        })
    }

    /// Every position that Redshift could not ingest into a view.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn scan_errors(&self, view: &str) -> Result<Vec<ScanError>, SqlError> {
        let name = format!("scan errors of {view}");
        let literal =
            crate::ddl::Literal::new(view.to_lowercase()).map_err(|error| refused(&name, &error))?;
        let sql = format!(
            "SELECT TRIM(stream_name) AS stream_name, TRIM(partition_id) AS partition_id, \
             TRIM(position) AS position, TRIM(error_reason) AS error_reason \
             FROM sys_stream_scan_errors WHERE TRIM(mv_name) = {literal} ORDER BY 2, 3"
        );
        self.api.query(&self.cx, &name, &sql).await
    }

    /// Runs any query and reads every row as `T`: a struct with the columns'
    /// names as fields, SUPER columns as the JSON that they hold.
    ///
    /// # Errors
    /// [`SqlError`], also where a row is not of the type asked for.
    pub async fn query<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>, SqlError> {
        self.api.query(&self.cx, "query", sql).await
    }

    /// The Data API underneath, for statements of your own.
    #[must_use]
    pub const fn api(&self) -> &DataApi {
        &self.api
    }

    async fn one(&self, name: &str, sql: &str) -> Result<u64, SqlError> {
        let rows: Vec<Count> = self.api.query(&self.cx, name, sql).await?;
        Ok(rows.first().map_or(0, |row| row.n))
    }
}

fn qualified(name: &str, view: &str) -> Result<QualifiedName, SqlError> {
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
