//! The Data API.

use super::{answers, answers_once, fails, once, route, sent};
use redshift_streaming::data::{DataApi, SqlError};
use redshift_streaming::objects::Catalog;
use redshift_streaming::query::Count;
use redshift_streaming::warehouse::Warehouse;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::time::Duration;
use wiremock::{MockServer, ResponseTemplate};
use xacct_converge::explain;
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::{Protocol, fake_config, with_attempt_timeout};
use xacct_types::SecretArn;

const ID: &str = "d9b6c0c9-0747-4bf4-b142-e8883122f766";
const SECRET: &str = "arn:aws:secretsmanager:ap-south-1:222222222222:secret:redshift!clicks-admin-AbCdEf";

fn api(server: &MockServer) -> DataApi {
    let secret = SecretArn::new(SECRET).unwrap();
    DataApi::new(&fake_config(server), "clicks-workgroup", "dev", Some(secret))
}

/// A statement as `ExecuteStatement` and `DescribeStatement` show it.
fn statement(status: &str, rows: bool) -> Json {
    json!({ "Id": ID, "Status": status, "HasResultSet": rows })
}

fn failed(error: &str) -> Json {
    json!({ "Id": ID, "Status": "FAILED", "HasResultSet": false, "Error": error })
}

/// One row of one number.
fn number(n: u64) -> Json {
    json!({
        "Records": [[{ "longValue": n }]],
        "ColumnMetadata": [{ "label": "n", "typeName": "int8" }],
        "TotalNumRows": 1,
    })
}

async fn run(server: &MockServer) -> Result<bool, SqlError> {
    let finished = api(server)
        .run(&virtual_context(), "drop it", "DROP SCHEMA s")
        .await?;
    Ok(finished.has_rows)
}

async fn count(server: &MockServer) -> Result<u64, SqlError> {
    let rows: Vec<Count> = api(server)
        .query(&virtual_context(), "count", "SELECT 1 AS n")
        .await?;
    Ok(rows[0].n)
}

#[tokio::test]
async fn a_statement_that_ends_while_it_is_submitted_takes_one_call() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("FINISHED", false),
    )
    .await;
    assert!(!run(&server).await.unwrap());
    let calls = server.received_requests().await.unwrap();
    assert_eq!(calls.len(), 1);
    let body = &sent(&server, "redshift-data:ExecuteStatement").await[0];
    assert_eq!(body["Sql"], "DROP SCHEMA s");
    assert_eq!(
        (&body["WorkgroupName"], &body["Database"]),
        (&json!("clicks-workgroup"), &json!("dev"))
    );
    assert_eq!(
        (&body["SecretArn"], &body["StatementName"]),
        (&json!(SECRET), &json!("drop it"))
    );
    assert_eq!(body["WaitTimeSeconds"], 15, "half of what an attempt may take");
    assert!(body["ClientToken"].as_str().unwrap().len() <= 64);
    assert!(body.get("Parameters").is_none());
}

#[tokio::test]
async fn a_statement_that_runs_on_is_followed_to_its_end() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("SUBMITTED", false),
    )
    .await;
    fails(
        &server,
        "redshift-data:DescribeStatement",
        "ResourceNotFoundException",
        "not visible yet",
    )
    .await;
    answers_once(
        &server,
        "redshift-data:DescribeStatement",
        statement("PICKED", false),
    )
    .await;
    answers_once(
        &server,
        "redshift-data:DescribeStatement",
        statement("STARTED", false),
    )
    .await;
    answers(
        &server,
        "redshift-data:DescribeStatement",
        statement("FINISHED", true),
    )
    .await;
    assert!(run(&server).await.unwrap());
    assert_eq!(sent(&server, "redshift-data:DescribeStatement").await.len(), 4);
    assert_eq!(sent(&server, "redshift-data:ExecuteStatement").await.len(), 1);
}

#[tokio::test]
async fn a_refusal_is_given_in_redshifts_words_with_the_id() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("FAILED", false),
    )
    .await;
    answers(
        &server,
        "redshift-data:DescribeStatement",
        failed("ERROR: permission denied for schema s"),
    )
    .await;
    let error = run(&server).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Redshift refused \"drop it\": ERROR: permission denied for schema s"
    );
    assert!(matches!(&error, SqlError::Refused { id, .. } if id == ID));
    assert!(!error.is_retryable() && error.has_no_side_effects());
}

#[tokio::test]
async fn a_cancelled_statement_says_so() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("STARTED", false),
    )
    .await;
    answers(
        &server,
        "redshift-data:DescribeStatement",
        statement("ABORTED", false),
    )
    .await;
    assert!(matches!(run(&server).await, Err(SqlError::Cancelled { .. })));
}

#[tokio::test]
async fn a_statement_that_never_ends_is_given_up_and_not_sent_again() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("STARTED", false),
    )
    .await;
    answers(
        &server,
        "redshift-data:DescribeStatement",
        statement("STARTED", false),
    )
    .await;
    let api = api(&server).with_deadline(Duration::from_secs(2));
    let error = api
        .run(&virtual_context(), "refresh", "REFRESH MATERIALIZED VIEW v")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("it was not sent again"), "{error}");
    assert!(error.is_retryable() && !error.has_no_side_effects());
    assert_eq!(sent(&server, "redshift-data:ExecuteStatement").await.len(), 1);
}

#[tokio::test]
async fn a_submission_whose_answer_is_lost_is_made_again_under_the_same_token() {
    let server = MockServer::start().await;
    once(
        &server,
        "redshift-data:ExecuteStatement",
        Protocol::AwsJson.malformed(),
    )
    .await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("FINISHED", false),
    )
    .await;
    run(&server).await.unwrap();
    let bodies = sent(&server, "redshift-data:ExecuteStatement").await;
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn the_same_statement_again_has_another_token() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("FINISHED", false),
    )
    .await;
    let (api, cx) = (api(&server), virtual_context());
    let other = api.clone();
    api.run(&cx, "once", "REFRESH MATERIALIZED VIEW v").await.unwrap();
    other
        .run(&cx, "twice", "REFRESH MATERIALIZED VIEW v")
        .await
        .unwrap();
    let bodies = sent(&server, "redshift-data:ExecuteStatement").await;
    assert_ne!(bodies[0]["ClientToken"], bodies[1]["ClientToken"]);
}

#[tokio::test]
async fn a_workgroup_that_is_not_there_is_final() {
    let server = MockServer::start().await;
    let message = "Redshift endpoint doesn't exist in this region.";
    fails(
        &server,
        "redshift-data:ExecuteStatement",
        "ValidationException",
        message,
    )
    .await;
    let error = run(&server).await.unwrap_err();
    assert_eq!(
        explain(&error),
        format!(
            "\"drop it\" could not be sent or followed: redshift-data:ExecuteStatement failed with \
             ValidationException: {message}: HTTP status 400"
        )
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn too_many_statements_at_a_time_are_waited_for() {
    let server = MockServer::start().await;
    fails(
        &server,
        "redshift-data:ExecuteStatement",
        "ActiveStatementsExceededException",
        "500 run",
    )
    .await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("FINISHED", false),
    )
    .await;
    run(&server).await.unwrap();
}

#[tokio::test]
async fn rows_are_read_to_their_last_page_as_serde_types() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        offset: i64,
        payload: Json,
        first_name: Option<String>,
    }
    let columns = json!([
        { "label": "offset", "typeName": "int8" },
        { "label": "payload", "typeName": "super" },
        { "label": "first_name", "typeName": "varchar" },
    ]);
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:BatchExecuteStatement",
        statement("FINISHED", true),
    )
    .await;
    let first = json!({
        "ColumnMetadata": columns, "NextToken": "page 2",
        "Records": [[{ "longValue": 1 }, { "stringValue": "{\"name\": {\"first\": \"Ada\"}}" }, { "stringValue": "Ada" }]],
    });
    answers_once(&server, "redshift-data:GetStatementResult", first).await;
    let second = json!({
        "ColumnMetadata": columns,
        "Records": [[{ "longValue": 2 }, { "isNull": true }, { "isNull": true }]],
    });
    answers(&server, "redshift-data:GetStatementResult", second).await;
    let warehouse = Warehouse::new(api(&server), virtual_context());
    let rows: Vec<Row> = warehouse
        .query("SELECT offset, payload, payload.name.first FROM v")
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].payload["name"]["first"], "Ada");
    assert_eq!(
        rows[1],
        Row {
            offset: 2,
            payload: Json::Null,
            first_name: None
        }
    );
    let asked = sent(&server, "redshift-data:GetStatementResult").await;
    assert_eq!(asked[1]["NextToken"], "page 2");
    // A setting and the query are one session: the rows are those of the second part.
    let batch = &sent(&server, "redshift-data:BatchExecuteStatement").await[0];
    assert_eq!(batch["Sqls"][0], "SET json_parse_dedup_attributes TO on");
    assert!(
        asked[0]["Id"].as_str().is_some_and(|id| id.ends_with(":2")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn rows_of_another_type_are_an_error_and_not_a_default() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("FINISHED", true),
    )
    .await;
    let body = json!({ "ColumnMetadata": [{ "label": "m", "typeName": "int8" }], "Records": [[{ "longValue": 1 }]] });
    answers(&server, "redshift-data:GetStatementResult", body).await;
    assert!(matches!(count(&server).await, Err(SqlError::Shape { .. })));
}

#[tokio::test]
async fn an_expired_result_is_an_error_of_that_call() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("FINISHED", true),
    )
    .await;
    fails(
        &server,
        "redshift-data:GetStatementResult",
        "ValidationException",
        "expired after 24 hours",
    )
    .await;
    let text = explain(&count(&server).await.unwrap_err());
    assert!(
        text.contains("redshift-data:GetStatementResult failed with ValidationException: expired"),
        "{text}"
    );
}

#[tokio::test]
async fn the_catalog_is_read_in_one_transaction() {
    let server = MockServer::start().await;
    answers(
        &server,
        "redshift-data:BatchExecuteStatement",
        statement("STARTED", true),
    )
    .await;
    answers(
        &server,
        "redshift-data:DescribeStatement",
        statement("FINISHED", true),
    )
    .await;
    let none = json!({ "ColumnMetadata": [], "Records": [] });
    answers(&server, "redshift-data:GetStatementResult", none).await;
    let catalog = Catalog::read(&api(&server), true, &virtual_context())
        .await
        .unwrap();
    assert_eq!(catalog, Catalog::default());

    let batch = &sent(&server, "redshift-data:BatchExecuteStatement").await[0];
    let sqls: Vec<&str> = batch["Sqls"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Json::as_str)
        .collect();
    assert_eq!(sqls.len(), 4);
    assert!(
        sqls.iter()
            .all(|sql| sql.starts_with("SELECT ") && !sql.contains(';'))
    );
    let asked = sent(&server, "redshift-data:GetStatementResult").await;
    let ids: Vec<&str> = asked.iter().filter_map(|body| body["Id"].as_str()).collect();
    assert_eq!(ids, (1..=4).map(|n| format!("{ID}:{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_catalog_that_may_not_be_read_is_an_error_of_that_call() {
    let server = MockServer::start().await;
    fails(
        &server,
        "redshift-data:BatchExecuteStatement",
        "ResourceNotFoundException",
        "no such secret",
    )
    .await;
    let error = Catalog::read(&api(&server), true, &virtual_context())
        .await
        .unwrap_err();
    assert!(
        explain(&error).contains("redshift-data:BatchExecuteStatement"),
        "{}",
        explain(&error)
    );
}

#[tokio::test]
async fn throttled_calls_are_made_again_until_they_get_through() {
    let server = MockServer::start().await;
    for operation in [
        "redshift-data:ExecuteStatement",
        "redshift-data:GetStatementResult",
    ] {
        for _ in 0..2 {
            once(&server, operation, Protocol::AwsJson.throttled()).await;
        }
    }
    answers(
        &server,
        "redshift-data:ExecuteStatement",
        statement("FINISHED", true),
    )
    .await;
    answers(&server, "redshift-data:GetStatementResult", number(7)).await;
    assert_eq!(count(&server).await.unwrap(), 7);
    assert_eq!(sent(&server, "redshift-data:GetStatementResult").await.len(), 3);
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_asked_for_again_and_then_reported() {
    for broken in [
        Protocol::AwsJson.malformed(),
        Protocol::AwsJson.wrong_content_type(),
        Protocol::AwsJson.error(500, "InternalServerException", "oops"),
        Protocol::AwsJson.error(500, "ExecuteStatementException", "the environment failed"),
    ] {
        let server = MockServer::start().await;
        route("redshift-data:ExecuteStatement")
            .respond_with(broken)
            .mount(&server)
            .await;
        let error = run(&server).await.unwrap_err();
        assert!(error.is_retryable(), "{}", explain(&error));
        assert!(sent(&server, "redshift-data:ExecuteStatement").await.len() > 3);
    }
}

#[tokio::test]
async fn a_slow_answer_is_given_up_after_the_limit_of_one_attempt() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    route("redshift-data:ExecuteStatement")
        .respond_with(slow)
        .mount(&server)
        .await;
    let config = with_attempt_timeout(&fake_config(&server), Duration::from_millis(50));
    let api = DataApi::new(&config, "clicks-workgroup", "dev", None);
    let error = api.run(&virtual_context(), "slow", "SELECT 1").await.unwrap_err();
    assert!(
        explain(&error).contains("no answer in time"),
        "{}",
        explain(&error)
    );
}
