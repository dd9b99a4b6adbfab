//! Sends SQL through the Redshift Data API and gives typed rows back.
//!
//! A statement is submitted once under a token of its own, so that a lost
//! answer does not run it twice; then it is waited for with long polls.
//! Statement ids are never kept: AWS forgets them within a day.

use aws_sdk_redshiftdata::Client;
use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::operation::get_statement_result::GetStatementResultOutput;
use aws_sdk_redshiftdata::types::{ColumnMetadata, Field, StatusString};
use aws_types::SdkConfig;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::time::{Duration, UNIX_EPOCH};
use xacct_converge::{Class, Context, Failure};
use xacct_types::SecretArn;

/// The longest that the service holds a long poll, in seconds.
const LONG_POLL: i32 = 30;

/// One database of one workgroup, as one database user.
#[derive(Debug, Clone)]
pub struct DataApi {
    client: Client,
    workgroup: String,
    database: String,
    secret: Option<SecretArn>,
    deadline: Duration,
}

/// Why a statement gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// Redshift refused it or gave up.
    #[error("Redshift refused \"{name}\": {message}")]
    Refused {
        /// What the statement is for, for example `refresh myview1`.
        name: String,
        /// Redshift's own text.
        message: String,
        /// The Data API's id of the statement, with which AWS support can find it.
        id: String,
    },
    /// It was cancelled.
    #[error("\"{name}\" was cancelled (statement {id})")]
    Cancelled {
        /// What the statement is for.
        name: String,
        /// The Data API's id of the statement.
        id: String,
    },
    /// It still runs; it was not submitted again.
    #[error("\"{name}\" still runs after {seconds} s (statement {id}); it was not sent again")]
    Running {
        /// What the statement is for.
        name: String,
        /// The Data API's id of the statement.
        id: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The service could not be asked.
    #[error("\"{name}\" could not be sent or followed")]
    Call {
        /// What the statement is for.
        name: String,
        /// The failed call.
        #[source]
        source: Failure,
    },
    /// The rows are not of the type asked for.
    #[error("a row of \"{name}\" is not of the type asked for")]
    Shape {
        /// What the statement is for.
        name: String,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
}

impl SqlError {
    /// Redshift's text, where it refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Whether Redshift says that the object is there already.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.refusal().is_some_and(|text| text.contains("already exists"))
    }

    /// Whether Redshift says that there is no such object.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.refusal().is_some_and(|text| text.contains("does not exist"))
    }

    /// Whether another try may succeed without anything being changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call { source, .. } => source.is_retryable(),
            Self::Running { .. } => true,
            _ => false,
        }
    }

    /// Whether it is certain that nothing was changed.
    #[must_use]
    pub fn has_no_side_effects(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            Self::Call { source, .. } => source.has_no_side_effects(),
            _ => false,
        }
    }

    /// The same as a failure of the operation `redshift-data:ExecuteStatement`.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Call { source, .. } => source,
            other => {
                let class = if matches!(other, Self::Running { .. }) {
                    Class::Ambiguous
                } else {
                    Class::Terminal
                };
                Failure::new("redshift-data:ExecuteStatement", class, other.to_string())
            }
        }
    }
}

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
        let client = Client::new(&xacct_converge::smithy::control_plane(config));
        let deadline = Duration::from_secs(900);
        Self {
            client,
            workgroup: workgroup.into(),
            database: database.into(),
            secret,
            deadline,
        }
    }

    /// Another limit on how long one statement is waited for. Default: 15 minutes.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
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
        let failed = |source| SqlError::Call {
            name: name.to_owned(),
            source,
        };
        let id = self.submit(cx, name, sql).await.map_err(failed)?;
        let start = cx.now();
        loop {
            let seen = self.describe(cx, &id).await.map_err(failed)?;
            if let Some(end) = ended(name, &id, &seen) {
                return end;
            }
            if cx.since(start) > self.deadline {
                let (name, seconds) = (name.to_owned(), self.deadline.as_secs());
                return Err(SqlError::Running { name, id, seconds });
            }
            cx.sleep(Duration::from_millis(200)).await;
        }
    }

    /// Runs a query and reads every row as `T`: a struct with the columns'
    /// names as fields. SUPER columns are read as the JSON that they hold.
    ///
    /// # Errors
    /// [`SqlError`], also where a row is not of the type asked for.
    pub async fn query<T: DeserializeOwned>(
        &self,
        cx: &Context,
        name: &str,
        sql: &str,
    ) -> Result<Vec<T>, SqlError> {
        let finished = self.run(cx, name, sql).await?;
        let rows = self.rows(cx, &finished.id).await;
        let rows = rows.map_err(|source| SqlError::Call {
            name: name.to_owned(),
            source,
        })?;
        let typed: Result<Vec<T>, _> = rows
            .into_iter()
            .map(|row| serde_json::from_value(Value::Object(row)))
            .collect();
        typed.map_err(|source| SqlError::Shape {
            name: name.to_owned(),
            source,
        })
    }

    async fn submit(&self, cx: &Context, name: &str, sql: &str) -> Result<String, Failure> {
        let token = token(cx, sql);
        let call = cx.idempotent("redshift-data:ExecuteStatement");
        let answer = call.run(|| {
            let execute = self
                .client
                .execute_statement()
                .sql(sql)
                .statement_name(name)
                .client_token(&token);
            let execute = execute.workgroup_name(&self.workgroup).database(&self.database);
            execute
                .set_secret_arn(self.secret.as_ref().map(ToString::to_string))
                .send()
        });
        let none = || Failure::bug("the service took a statement and gave no id");
        answer.await?.id.ok_or_else(none)
    }

    async fn describe(&self, cx: &Context, id: &str) -> Result<DescribeStatementOutput, Failure> {
        let call = cx
            .read("redshift-data:DescribeStatement")
            .not_yet(&["ResourceNotFoundException"]);
        call.run(|| {
            self.client
                .describe_statement()
                .id(id)
                .wait_time_seconds(LONG_POLL)
                .send()
        })
        .await
    }

    async fn rows(&self, cx: &Context, id: &str) -> Result<Vec<Map<String, Value>>, Failure> {
        let (mut rows, mut next) = (Vec::new(), None::<String>);
        loop {
            let call = cx.read("redshift-data:GetStatementResult");
            let page: GetStatementResultOutput = call
                .run(|| {
                    self.client
                        .get_statement_result()
                        .id(id)
                        .set_next_token(next.clone())
                        .send()
                })
                .await?;
            let columns = page.column_metadata();
            rows.extend(page.records().iter().map(|record| object(columns, record)));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(rows);
            }
        }
    }
}

/// How a statement ended; `None` while it runs.
fn ended(name: &str, id: &str, seen: &DescribeStatementOutput) -> Option<Result<Finished, SqlError>> {
    let (name, id) = (name.to_owned(), id.to_owned());
    match seen.status()? {
        StatusString::Finished => Some(Ok(Finished {
            id,
            has_rows: seen.has_result_set().unwrap_or(false),
        })),
        StatusString::Failed => {
            let message = seen.error().unwrap_or("no reason given").to_owned();
            Some(Err(SqlError::Refused { name, message, id }))
        }
        StatusString::Aborted => Some(Err(SqlError::Cancelled { name, id })),
        _ => None,
    }
}

fn object(columns: &[ColumnMetadata], record: &[Field]) -> Map<String, Value> {
    let named = columns.iter().zip(record).map(|(column, field)| {
        let name = column.label().or(column.name()).unwrap_or_default().to_owned();
        (name, value(column.type_name().unwrap_or_default(), field))
    });
    named.collect()
}

/// A field as JSON; the service gives SUPER, decimals and times as text.
fn value(column_type: &str, field: &Field) -> Value {
    match field {
        Field::LongValue(number) => Value::from(*number),
        Field::DoubleValue(number) => Value::from(*number),
        Field::BooleanValue(truth) => Value::from(*truth),
        Field::StringValue(text) if column_type == "super" => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        }
        Field::StringValue(text) => Value::from(text.as_str()),
        _ => Value::Null,
    }
}

/// A token that no other submission has: AWS remembers tokens for 8 hours and
/// would answer with the old statement.
fn token(cx: &Context, sql: &str) -> String {
    let nanos = cx.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in sql.bytes().chain(nanos.to_be_bytes()) {
        state = (state ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    format!("xacct-{nanos:x}-{state:032x}").chars().take(64).collect()
}
