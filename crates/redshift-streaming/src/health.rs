//! Whether a view keeps up: lag in records and seconds, refreshes, what was skipped.
//!
//! # Cost
//!
//! Each look is three queries, and a serverless warehouse bills at least a minute for
//! what wakes it: watching more often than once in that minute keeps it billed without
//! a pause. A view that refreshes itself keeps it awake anyway.

use crate::data::SqlError;
use crate::ddl::Identifier;
use crate::query::{self, Lag, Refresh, ScanError};
use crate::statements::in_view_schema;
use crate::warehouse::Warehouse;
use futures_util::stream::{self, Stream};
use std::time::Duration;
use xacct_types::{EndOffsets, TopicError};

/// What one look at a view showed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How far it is behind its stream.
    pub lag: Lag,
    /// Whether Redshift refreshes it by itself.
    pub refreshes_itself: bool,
    /// The newest refresh, if there was one.
    pub last: Option<Refresh>,
    /// Why no more records arrive, if so.
    pub stalled: Option<Stall>,
    /// The newest positions that were skipped, with what to do about them.
    pub skipped: Vec<Skipped>,
}

/// Why no more records arrive in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stall {
    /// There is no such view.
    Gone,
    /// Redshift can no longer refresh it: what it reads was changed or dropped.
    Broken {
        /// The state in `svv_mv_info`, 101 to 105.
        state: i64,
    },
    /// The newest refresh failed, so the next one will.
    Failing {
        /// Redshift's sentence.
        status: String,
    },
    /// It was refreshed by itself once, and is no longer asked to be.
    NotRefreshed,
}

impl Stall {
    /// What mends it.
    #[must_use]
    pub fn mend(&self) -> &'static str {
        match self {
            Self::Gone | Self::Broken { .. } => "deploy again: the view is made anew",
            Self::Failing { status } if status.contains("JSON") => {
                "a record that the view's select cannot parse blocks it: change the view to land bytes \
                 (payload = \"json\"), which keeps what has landed"
            }
            Self::Failing { .. } => "mend what the status names: roles, network, topic",
            Self::NotRefreshed => "ALTER MATERIALIZED VIEW … AUTO REFRESH YES, or refresh it by hand",
        }
    }
}

/// A position that Redshift skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Where, when, and Redshift's reason.
    pub error: ScanError,
    /// What to do.
    pub advice: &'static str,
}

/// A view could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealthError {
    /// The warehouse could not be asked.
    #[error("the warehouse could not be asked about the view")]
    Sql(#[from] SqlError),
    /// The stream's end could not be asked.
    #[error("the stream could not be asked for its end")]
    Stream(#[from] TopicError),
}

/// What a view is expected to keep, and how often that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slo {
    /// The oldest that an unread record may be.
    pub lag: Duration,
    /// Between two looks. Default: a minute, the least that a warehouse bills for.
    pub every: Duration,
}

impl Slo {
    /// No partition behind by more than `lag`, looked at once a minute.
    #[must_use]
    pub const fn within(lag: Duration) -> Self {
        Self {
            lag,
            every: Duration::from_secs(60),
        }
    }

    /// Looked at more or less often.
    #[must_use]
    pub const fn every(mut self, pause: Duration) -> Self {
        self.every = pause;
        self
    }
}

/// What a watched view has become.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// It keeps up.
    Fresh,
    /// It is behind by more than the limit.
    Behind(Lag),
    /// No more records arrive.
    Stalled(Stall),
}

impl Health {
    /// What it is, measured against a limit.
    #[must_use]
    pub fn condition(&self, slo: &Slo) -> Condition {
        match &self.stalled {
            Some(stall) => Condition::Stalled(stall.clone()),
            None if self.lag.within(slo.lag) => Condition::Fresh,
            None => Condition::Behind(self.lag.clone()),
        }
    }
}

impl Warehouse {
    /// How far a view over Kafka is behind its topic, right to the record: the ends are
    /// asked for first, so that what is produced meanwhile is not counted as unread.
    ///
    /// # Errors
    /// [`HealthError`].
    pub async fn lag_behind(&self, view: &str, stream: &dyn EndOffsets) -> Result<Lag, HealthError> {
        let ends = stream.end_offsets().await?;
        let name = self.named(view)?;
        let read = self.ask(&query::progress(&name)).await?;
        Ok(Lag::between(&read, &ends))
    }

    /// One look at a view: lag, refreshes, whether it stalls, what was skipped.
    ///
    /// # Errors
    /// [`HealthError`].
    pub async fn health(&self, view: &str, stream: &dyn EndOffsets) -> Result<Health, HealthError> {
        let name = self.named(view)?;
        let qualified = in_view_schema(&name);
        let lag = self.lag_behind(view, stream).await?;
        let row = self.ask(&query::view(&qualified)).await?.into_iter().next();
        let last = self
            .ask(&query::refreshes(&qualified, 1))
            .await?
            .into_iter()
            .next();
        let skipped = self.ask(&query::scan_errors(&name, 10)).await?;
        let failing = last.as_ref().filter(|refresh| is_failure(&refresh.status));
        let stalled = match &row {
            None => Some(Stall::Gone),
            Some(row) if row.is_broken() => Some(Stall::Broken { state: row.state }),
            Some(_) if failing.is_some() => failing.map(|refresh| Stall::Failing {
                status: refresh.status.clone(),
            }),
            Some(row) => {
                let before = last
                    .as_ref()
                    .is_some_and(|refresh| refresh.refresh_type == "Auto");
                (before && !row.refreshes_itself()).then_some(Stall::NotRefreshed)
            }
        };
        Ok(Health {
            lag,
            refreshes_itself: row.is_some_and(|row| row.refreshes_itself()),
            last,
            stalled,
            skipped: skipped.into_iter().map(triaged).collect(),
        })
    }

    /// Looks at a view again and again, and tells each change of its condition; the
    /// first look always. It ends with whoever drops the stream.
    pub fn watch<'a>(
        &'a self,
        view: &'a str,
        stream: &'a dyn EndOffsets,
        slo: Slo,
    ) -> impl Stream<Item = Result<Condition, HealthError>> + 'a {
        stream::unfold(None, move |mut before: Option<Condition>| async move {
            loop {
                if before.is_some() {
                    self.context().sleep(slo.every).await;
                }
                let now = match self.health(view, stream).await {
                    Ok(health) => health.condition(&slo),
                    Err(error) => return Some((Err(error), before)),
                };
                // How far it is behind changes all the time; that it is, does not.
                let same = before.as_ref().is_some_and(|old| match (old, &now) {
                    (Condition::Behind(_), Condition::Behind(_)) => true,
                    (old, now) => old == now,
                });
                before = Some(now.clone());
                if !same {
                    return Some((Ok(now), before));
                }
            }
        })
    }

    /// The records of `view` between two offsets of a partition that landed and are not
    /// JSON, as bytes in hexadecimal digits with their offsets. Those that were skipped
    /// have not landed: they are read from the stream at the positions of
    /// [`scan_errors`](Self::scan_errors).
    ///
    /// # Errors
    /// [`SqlError`]; the view needs a quarantine view of that name.
    pub async fn replay(
        &self,
        quarantine: &str,
        partition: i32,
        offsets: std::ops::RangeInclusive<i64>,
    ) -> Result<Vec<query::BadRecord>, SqlError> {
        let view = in_view_schema(&self.named(quarantine)?);
        self.ask(&query::bad_records(&view, partition, offsets)).await
    }

    fn named(&self, view: &str) -> Result<Identifier, SqlError> {
        Ok(crate::warehouse::qualified(&format!("look at {view}"), view)?
            .name()
            .clone())
    }
}

/// The texts of `SVL_MV_REFRESH_STATUS`; their punctuation is not documented, so a part
/// of them decides. What yields to the users' queries is tried again by Redshift.
fn is_failure(status: &str) -> bool {
    let text = status.to_ascii_lowercase();
    text.contains("failed") && !text.contains("serializable isolation")
}

fn triaged(error: ScanError) -> Skipped {
    let reason = error
        .error_reason
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let advice = if reason.contains("size") || reason.contains("large") {
        "the record is larger than Redshift ingests: read it from the stream at this position, and make the \
         producer split or store such payloads elsewhere"
    } else {
        "read the record from the stream at this position, and see what is special about it"
    };
    Skipped { error, advice }
}
