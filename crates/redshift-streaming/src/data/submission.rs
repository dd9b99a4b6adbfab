//! The calls of the Data API.

use super::{DataApi, Row, SqlError, rows};
use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::operation::get_statement_result::GetStatementResultOutput;
use aws_sdk_redshiftdata::types::{StatementStatusString, StatusString};
use std::time::Duration;
use xacct_converge::{Context, Failure};

/// The longest that the service holds a call back, in seconds.
const LONGEST_POLL: u64 = 30;

/// Too much at a time: the quota of statements or of held calls is used up for now.
const FULL: &[&str] = &[
    "ActiveStatementsExceededException",
    "ActiveSessionsExceededException",
];

/// A statement that was taken a moment ago and is not visible yet, or too many
/// calls that are held back.
const NOT_YET: &[&str] = &[
    "ResourceNotFoundException",
    "ActiveWaitingRequestsExceededException",
];

/// How long the service may hold a call back, in seconds, where an attempt may
/// take `limit`; not at all where that is too short to wait in.
pub(super) fn long_poll(limit: Option<Duration>) -> Option<i32> {
    let seconds = limit
        .map_or(LONGEST_POLL, |limit| limit.as_secs() / 2)
        .min(LONGEST_POLL);
    i32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
}

/// A statement that was taken.
pub(super) enum Submission {
    /// It finished while the answer was held back.
    Ended(Ended),
    /// It has to be looked at again, under this id.
    Runs(String),
}

/// A statement that finished.
pub(super) struct Ended {
    pub(super) id: String,
    pub(super) has_rows: bool,
}

impl Submission {
    fn of(
        id: Option<String>,
        status: Option<StatementStatusString>,
        has_rows: Option<bool>,
    ) -> Result<Self, Failure> {
        let id = id.ok_or_else(|| Failure::bug("the service took a statement and gave no id"))?;
        Ok(match (status, has_rows) {
            (Some(StatementStatusString::Finished), Some(has_rows)) => Self::Ended(Ended { id, has_rows }),
            _ => Self::Runs(id),
        })
    }
}

impl DataApi {
    pub(super) async fn execute(&self, cx: &Context, name: &str, sql: &str) -> Result<Submission, Failure> {
        let token = self.token(cx, sql);
        let call = cx.idempotent("redshift-data:ExecuteStatement").not_yet(FULL);
        let answer = call.run(|| {
            let execute = self.client.execute_statement();
            execute
                .sql(sql)
                .statement_name(name)
                .client_token(&token)
                .workgroup_name(&self.workgroup)
                .database(&self.database)
                .set_secret_arn(self.secret.as_ref().map(ToString::to_string))
                .set_wait_time_seconds(self.poll)
                .send()
        });
        let answer = answer.await?;
        Submission::of(answer.id, answer.status, answer.has_result_set)
    }

    /// Several statements in one transaction.
    pub(super) async fn batch(&self, cx: &Context, name: &str, sqls: &[&str]) -> Result<Submission, Failure> {
        let token = self.token(cx, &sqls.join(";"));
        let sqls: Vec<String> = sqls.iter().map(ToString::to_string).collect();
        let call = cx.idempotent("redshift-data:BatchExecuteStatement").not_yet(FULL);
        let answer = call.run(|| {
            let execute = self.client.batch_execute_statement();
            execute
                .set_sqls(Some(sqls.clone()))
                .statement_name(name)
                .client_token(&token)
                .workgroup_name(&self.workgroup)
                .database(&self.database)
                .set_secret_arn(self.secret.as_ref().map(ToString::to_string))
                .set_wait_time_seconds(self.poll)
                .send()
        });
        let answer = answer.await?;
        Submission::of(answer.id, answer.status, answer.has_result_set)
    }

    pub(super) async fn describe(&self, cx: &Context, id: &str) -> Result<DescribeStatementOutput, Failure> {
        let call = cx.read("redshift-data:DescribeStatement").not_yet(NOT_YET);
        let answer = call.run(|| {
            self.client
                .describe_statement()
                .id(id)
                .set_wait_time_seconds(self.poll)
                .send()
        });
        answer.await
    }

    /// All rows of a statement that finished, or of a part of one: `id:1` is the first.
    pub(super) async fn rows(&self, cx: &Context, id: &str) -> Result<Vec<Row>, Failure> {
        let (mut found, mut next) = (Vec::new(), None::<String>);
        loop {
            let call = cx.read("redshift-data:GetStatementResult").not_yet(&NOT_YET[1..]);
            let answer = call.run(|| {
                let result = self.client.get_statement_result().id(id);
                result.set_next_token(next.clone()).send()
            });
            let page: GetStatementResultOutput = answer.await?;
            let records = page.records().iter();
            found.extend(records.map(|record| rows::object(page.column_metadata(), record)));
            next = page.next_token;
            if next.as_ref().is_none_or(String::is_empty) {
                return Ok(found);
            }
        }
    }
}

/// How a statement ended, if it did.
pub(super) fn ended(name: &str, id: &str, seen: &DescribeStatementOutput) -> Option<Result<Ended, SqlError>> {
    let (name, id) = (name.to_owned(), id.to_owned());
    match seen.status()? {
        StatusString::Finished => Some(Ok(Ended {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_held_back_for_less_than_an_attempt_may_take() {
        let seconds = |limit: u64| long_poll(Some(Duration::from_secs(limit)));
        assert_eq!(
            [seconds(60), seconds(600), seconds(10), seconds(1)],
            [Some(30), Some(30), Some(5), None]
        );
        assert_eq!(long_poll(None), Some(30));
    }
}
