//! Sends SQL through the Redshift Data API and gives typed rows back.
//!
//! A statement is submitted once under a token of its own, so that a lost
//! answer does not run it twice; then it is waited for with long polls.
//! Statement ids are never kept: AWS forgets them within a day.
//!
//! | file | what it holds |
//! |---|---|
//! | `mod` | statements and queries, one or several in one transaction |
//! | `submission` | the calls |
//! | `rows` | records as JSON |
//! | `refusal` | what Redshift's refusals say about trying again |
//! | `error` | why a statement gave nothing |

mod error;
mod refusal;
mod rows;
mod submission;

pub use error::SqlError;
pub use refusal::{Outlook, outlook};

use crate::query::Query;
use aws_sdk_redshiftdata::Client;
use aws_types::SdkConfig;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};
use submission::{Ended, Submission};
use xacct_converge::{Context, Failure};
use xacct_types::SecretArn;

/// One row by column name.
pub(crate) type Row = Map<String, Value>;

/// One database of one workgroup, as one database user.
#[derive(Debug, Clone)]
pub struct DataApi {
    client: Client,
    workgroup: String,
    database: String,
    secret: Option<SecretArn>,
    deadline: Duration,
    /// Seconds that one call may be held back by the service.
    poll: Option<i32>,
    settings: Vec<Setting>,
    submissions: Submissions,
}

/// A setting of the session that a query runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// `json_parse_dedup_attributes`: of an attribute that stands twice in one object
    /// `JSON_PARSE` takes one, instead of refusing the whole query.
    DeduplicateJson,
    /// `enable_case_sensitive_identifier`: names between quotes keep their case.
    CaseSensitiveNames,
    /// `enable_case_sensitive_super_attribute`: attributes keep their case.
    CaseSensitiveAttributes,
}

impl Setting {
    /// The statement that turns it on for the session.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::DeduplicateJson => "SET json_parse_dedup_attributes TO on",
            Self::CaseSensitiveNames => "SET enable_case_sensitive_identifier TO on",
            Self::CaseSensitiveAttributes => "SET enable_case_sensitive_super_attribute TO on",
        }
    }
}

/// Numbers submissions, so that no two have the same token; shared by clones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submissions(Arc<AtomicU64>);

/// A statement that finished.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// The Data API's id; results are kept under it for a day.
    pub id: String,
    /// Whether there are rows to fetch.
    pub has_rows: bool,
}

impl DataApi {
    /// The database `database` of `workgroup` as `config` reaches it; as the
    /// admin user where `secret` holds its password, else as the caller.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        workgroup: impl Into<String>,
        database: impl Into<String>,
        secret: Option<SecretArn>,
    ) -> Self {
        let config = xacct_converge::smithy::control_plane(config);
        let limit = config
            .timeout_config()
            .and_then(|timeouts| timeouts.operation_attempt_timeout());
        Self {
            poll: submission::long_poll(limit),
            client: Client::new(&config),
            workgroup: workgroup.into(),
            database: database.into(),
            secret,
            deadline: Duration::from_secs(900),
            settings: Vec::new(),
            submissions: Submissions::default(),
        }
    }

    /// The secret that SQL is sent with; without one it is sent as the caller.
    #[must_use]
    pub const fn secret(&self) -> Option<&SecretArn> {
        self.secret.as_ref()
    }

    /// Another limit on how long one statement is waited for. Default: 15 minutes.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Turns a setting on in the session of every [`query`](Self::query): the two are
    /// sent as one batch, since each call has a session of its own.
    #[must_use]
    pub fn with_setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    /// Numbers its submissions together with others.
    pub(crate) fn numbered(mut self, submissions: Submissions) -> Self {
        self.submissions = submissions;
        self
    }

    /// Runs one statement to its end.
    ///
    /// # Guarantees
    /// It is submitted at most once, also when the answer to the submission is
    /// lost and the call is made again.
    ///
    /// # Errors
    /// [`SqlError`] with Redshift's own text where it refuses.
    pub async fn run(&self, cx: &Context, name: &str, sql: &str) -> Result<Finished, SqlError> {
        let submission = self.execute(cx, name, sql).await.map_err(calls(name))?;
        let ended = self.follow(cx, name, submission).await?;
        Ok(Finished {
            id: ended.id,
            has_rows: ended.has_rows,
        })
    }

    /// Runs a query and reads every row as `T`: a struct with the columns'
    /// names as fields. SUPER columns are read as the JSON that they hold,
    /// decimals without a fraction as numbers, all other decimals as text.
    ///
    /// # Errors
    /// [`SqlError`], also where a row is not of the type asked for.
    pub async fn query<T: DeserializeOwned>(
        &self,
        cx: &Context,
        name: &str,
        sql: &str,
    ) -> Result<Vec<T>, SqlError> {
        let rows = if self.settings.is_empty() {
            let finished = self.run(cx, name, sql).await?;
            self.rows(cx, &finished.id).await.map_err(calls(name))?
        } else {
            let mut batch: Vec<&str> = self.settings.iter().map(|setting| setting.sql()).collect();
            batch.push(sql);
            let submission = self.batch(cx, name, &batch).await.map_err(calls(name))?;
            let ended = self.follow(cx, name, submission).await?;
            let last = format!("{}:{}", ended.id, batch.len());
            self.rows(cx, &last).await.map_err(calls(name))?
        };
        typed(name, rows)
    }

    /// Runs a typed query.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn ask<R: DeserializeOwned>(&self, cx: &Context, query: &Query<R>) -> Result<Vec<R>, SqlError> {
        let finished = self.run(cx, query.name(), query.sql()).await?;
        let rows = self.rows(cx, &finished.id).await.map_err(calls(query.name()))?;
        typed(query.name(), rows)
    }

    /// Runs several queries in one transaction, so that they all show the same
    /// moment: two calls, and one for the rows of each.
    pub(crate) async fn together(
        &self,
        cx: &Context,
        name: &str,
        queries: &[&str],
    ) -> Result<Vec<Vec<Row>>, SqlError> {
        let submission = self.batch(cx, name, queries).await.map_err(calls(name))?;
        let ended = self.follow(cx, name, submission).await?;
        let parts = (1..=queries.len()).map(|part| format!("{}:{part}", ended.id));
        let rows = parts.map(|id| async move { self.rows(cx, &id).await });
        futures_util::future::try_join_all(rows)
            .await
            .map_err(calls(name))
    }

    /// Waits for the end of a statement.
    async fn follow(&self, cx: &Context, name: &str, submission: Submission) -> Result<Ended, SqlError> {
        let id = match submission {
            Submission::Ended(ended) => return Ok(ended),
            Submission::Runs(id) => id,
        };
        let start = cx.now();
        loop {
            let seen = self.describe(cx, &id).await.map_err(calls(name))?;
            if let Some(end) = submission::ended(name, &id, &seen) {
                return end;
            }
            if cx.since(start) > self.deadline {
                let (name, seconds) = (name.to_owned(), self.deadline.as_secs());
                return Err(SqlError::Running { name, id, seconds });
            }
            cx.sleep(Duration::from_millis(200)).await;
        }
    }

    /// A token that no other submission has: AWS remembers tokens for 8 hours and
    /// would answer with the old statement. The same for the same submission, so
    /// that a run on the same clock makes the same calls.
    fn token(&self, cx: &Context, sql: &str) -> String {
        let number = self.submissions.0.fetch_add(1, Ordering::Relaxed);
        let nanos = cx.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        let bytes = self
            .workgroup
            .bytes()
            .chain(self.database.bytes())
            .chain(sql.bytes());
        for byte in bytes.chain(nanos.to_be_bytes()).chain(number.to_be_bytes()) {
            state = (state ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
        format!("xacct-{nanos:x}-{number:x}-{state:032x}")
            .chars()
            .take(64)
            .collect()
    }
}

/// A failed call as an error of the statement `name`.
fn calls(name: &str) -> impl FnOnce(Failure) -> SqlError + '_ {
    |source| SqlError::Call {
        name: name.to_owned(),
        source,
    }
}

/// Rows as the type asked for.
pub(crate) fn typed<T: DeserializeOwned>(name: &str, rows: Vec<Row>) -> Result<Vec<T>, SqlError> {
    let typed: Result<Vec<T>, _> = rows
        .into_iter()
        .map(|row| serde_json::from_value(Value::Object(row)))
        .collect();
    typed.map_err(|source| SqlError::Shape {
        name: name.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::future::Future;
    use std::pin::Pin;
    use std::time::SystemTime;
    use xacct_converge::Clock;

    /// A clock that stands still.
    #[derive(Debug)]
    struct Still;

    impl Clock for Still {
        fn now(&self) -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(1_767_312_000)
        }

        fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async {})
        }
    }

    fn tokens() -> Vec<String> {
        let api = DataApi::new(&SdkConfig::builder().build(), "workgroup", "dev", None);
        let cx = Context::new(Arc::new(Still), 1);
        let same = api.clone();
        vec![
            api.token(&cx, "SELECT 1"),
            same.token(&cx, "SELECT 1"),
            api.token(&cx, "SELECT 2"),
        ]
    }

    #[test]
    fn no_two_submissions_have_the_same_token_even_at_the_same_instant() {
        let all: BTreeSet<String> = tokens().into_iter().collect();
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|token| token.len() <= 64), "{all:?}");
    }

    #[test]
    fn the_same_run_has_the_same_tokens() {
        assert_eq!(tokens(), tokens());
    }
}
