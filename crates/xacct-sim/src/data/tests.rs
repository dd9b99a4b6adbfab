//! Statements through the Data API: sessions, results, limits and faults.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{ApiError, Sim};

const B: &str = "222222222222";

/// An account with a warehouse of no network: enough for SQL without streams.
fn warehouse() -> Sim {
    let sim = Sim::builder()
        .seed(7)
        .region("ap-south-1")
        .account(B)
        .lag(false)
        .build();
    let call = |service: &str, operation: &str, params: Value| {
        sim.call(B, service, operation, params).expect(operation)
    };
    let vpc = call("ec2", "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
    let vpc = vpc["vpc"]["vpcId"].as_str().expect("id").to_owned();
    sim.clock().advance(Duration::from_secs(60));
    let mut subnets = Vec::new();
    for (third, zone) in [(0, "aps1-az1"), (16, "aps1-az2"), (32, "aps1-az4")] {
        let asked =
            json!({ "VpcId": vpc, "CidrBlock": format!("10.0.{third}.0/24"), "AvailabilityZoneId": zone });
        subnets.push(call("ec2", "CreateSubnet", asked)["subnet"]["subnetId"].clone());
    }
    let group = call(
        "ec2",
        "CreateSecurityGroup",
        json!({ "VpcId": vpc, "GroupName": "g", "GroupDescription": "g" }),
    );
    sim.clock().advance(Duration::from_secs(60));
    call(
        "redshift-serverless",
        "CreateNamespace",
        json!({ "namespaceName": "clicks", "manageAdminPassword": true }),
    );
    sim.clock().advance(Duration::from_secs(120));
    let asked = json!({ "workgroupName": "clicks", "namespaceName": "clicks", "baseCapacity": 8, "enhancedVpcRouting": true,
        "subnetIds": subnets, "securityGroupIds": [group["groupId"]] });
    call("redshift-serverless", "CreateWorkgroup", asked);
    sim.clock().advance(Duration::from_secs(3_600));
    sim
}

fn secret(sim: &Sim) -> Value {
    let shown = sim
        .call(
            B,
            "redshift-serverless",
            "GetNamespace",
            json!({ "namespaceName": "clicks" }),
        )
        .expect("namespace");
    shown["namespace"]["adminPasswordSecretArn"].clone()
}

fn request(sim: &Sim, sql: &str) -> Value {
    json!({ "WorkgroupName": "clicks", "Database": "dev", "SecretArn": secret(sim), "Sql": sql })
}

fn data(sim: &Sim, operation: &str, params: Value) -> Result<Value, ApiError> {
    sim.call(B, "redshift-data", operation, params)
}

fn submit(sim: &Sim, params: Value) -> String {
    data(sim, "ExecuteStatement", params).expect("submitted")["Id"]
        .as_str()
        .expect("id")
        .to_owned()
}

fn describe(sim: &Sim, id: &str) -> Value {
    data(sim, "DescribeStatement", json!({ "Id": id })).expect("described")
}

/// Runs a statement to its end.
fn run(sim: &Sim, params: Value) -> Value {
    let id = submit(sim, params);
    sim.clock().advance(Duration::from_secs(100));
    describe(sim, &id)
}

#[test]
fn a_statement_goes_through_its_states() {
    let sim = warehouse();
    let id = submit(&sim, request(&sim, "SELECT 1 AS one"));
    assert_eq!(describe(&sim, &id)["Status"], "SUBMITTED");
    let mut seen = Vec::new();
    for _ in 0..400 {
        let status = describe(&sim, &id)["Status"].as_str().expect("status").to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        sim.clock().advance(Duration::from_millis(10));
    }
    assert_eq!(seen, ["SUBMITTED", "PICKED", "STARTED", "FINISHED"]);
    let done = describe(&sim, &id);
    assert_eq!(
        (&done["ResultRows"], &done["HasResultSet"], &done["DbUser"]),
        (&json!(1), &json!(true), &json!("admin"))
    );
    assert!(done["RedshiftQueryId"].as_i64().expect("id") > 0);
    let result = data(&sim, "GetStatementResult", json!({ "Id": id })).expect("result");
    assert_eq!(result["Records"], json!([[{ "longValue": 1 }]]));
    assert_eq!(result["ColumnMetadata"][0]["name"], "one");
}

#[test]
fn an_error_of_the_sql_is_in_the_description() {
    let sim = warehouse();
    let done = run(&sim, request(&sim, "SELECT * FROM nothing"));
    assert_eq!(
        (&done["Status"], &done["Error"]),
        (
            &json!("FAILED"),
            &json!("ERROR: relation \"nothing\" does not exist")
        )
    );
    let error = data(&sim, "GetStatementResult", json!({ "Id": done["Id"] })).expect_err("no result");
    assert_eq!(error.code, "ResourceNotFoundException");
    assert!(sim.explain(done["Id"].as_str().expect("id")).is_some());
}

#[test]
fn a_token_gives_the_same_statement_for_eight_hours() {
    let sim = warehouse();
    let with = |sql: &str| {
        let mut params = request(&sim, sql);
        params["ClientToken"] = json!("t-1");
        params
    };
    let first = submit(&sim, with("CREATE TABLE t (a int)"));
    assert_eq!(submit(&sim, with("CREATE TABLE t (a int)")), first);
    assert_eq!(
        data(&sim, "ExecuteStatement", with("SELECT 2"))
            .expect_err("other")
            .code,
        "ValidationException"
    );
    sim.clock().advance(Duration::from_secs(8 * 3_600 + 1));
    let later = submit(&sim, with("CREATE TABLE t (a int)"));
    assert_ne!(later, first);
    sim.clock().advance(Duration::from_secs(60));
    assert_eq!(
        describe(&sim, &later)["Error"],
        "ERROR: relation \"t\" already exists"
    );
}

#[test]
fn a_cancelled_statement_leaves_no_trace() {
    let sim = warehouse();
    let id = submit(&sim, request(&sim, "CREATE TABLE t (a int)"));
    assert_eq!(
        data(&sim, "CancelStatement", json!({ "Id": id })).expect("cancelled")["Status"],
        true
    );
    sim.clock().advance(Duration::from_secs(60));
    assert_eq!(describe(&sim, &id)["Status"], "ABORTED");
    assert_eq!(run(&sim, request(&sim, "SELECT * FROM t"))["Status"], "FAILED");
    assert_eq!(
        data(&sim, "CancelStatement", json!({ "Id": id }))
            .expect_err("over")
            .code,
        "ValidationException"
    );
}

#[test]
fn without_the_secret_a_fresh_database_refuses_to_make_a_schema() {
    let sim = warehouse();
    let mut params = request(&sim, "CREATE SCHEMA s");
    params.as_object_mut().expect("object").remove("SecretArn");
    let done = run(&sim, params);
    assert_eq!(
        (&done["DbUser"], &done["Error"]),
        (
            &json!("IAM:root"),
            &json!("ERROR: permission denied for database dev")
        )
    );
    assert_eq!(run(&sim, request(&sim, "CREATE SCHEMA s"))["Status"], "FINISHED");
    let mut params = request(&sim, "SELECT 1");
    params["SecretArn"] = json!("arn:aws:secretsmanager:ap-south-1:222222222222:secret:other");
    assert_eq!(
        data(&sim, "ExecuteStatement", params).expect_err("secret").code,
        "ResourceNotFoundException"
    );
}

#[test]
fn results_come_in_pages_and_expire_after_a_day() {
    let sim = warehouse();
    let rows: Vec<String> = (0..2_500).map(|at| format!("({at})")).collect();
    let done = run(
        &sim,
        request(
            &sim,
            &format!("SELECT * FROM (VALUES {}) AS v (a) ORDER BY a", rows.join(",")),
        ),
    );
    assert_eq!(done["ResultRows"], 2_500, "{}", done["Error"]);
    let mut token = Value::Null;
    let mut found = Vec::new();
    loop {
        let page = data(
            &sim,
            "GetStatementResult",
            json!({ "Id": done["Id"], "NextToken": token }),
        )
        .expect("page");
        assert_eq!(page["TotalNumRows"], 2_500);
        found.extend(
            page["Records"]
                .as_array()
                .expect("records")
                .iter()
                .map(|row| row[0]["longValue"].as_i64().expect("long")),
        );
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(found, (0..2_500).collect::<Vec<_>>());
    sim.clock().advance(Duration::from_secs(25 * 3_600));
    let error = data(&sim, "GetStatementResult", json!({ "Id": done["Id"] })).expect_err("expired");
    assert!(
        error.message.contains("it has expired after"),
        "{}",
        error.message
    );
}

#[test]
fn a_batch_is_one_transaction_unless_it_says_otherwise() {
    let sim = warehouse();
    let batch = |mode: &str| {
        let sqls = [
            "CREATE TABLE a (x int)",
            "SELECT * FROM nothing",
            "CREATE TABLE b (x int)",
        ];
        let params = json!({ "WorkgroupName": "clicks", "Database": "dev", "SecretArn": secret(&sim), "Sqls": sqls, "ExecutionMode": mode });
        let id = data(&sim, "BatchExecuteStatement", params).expect("batch")["Id"]
            .as_str()
            .expect("id")
            .to_owned();
        sim.clock().advance(Duration::from_secs(100));
        describe(&sim, &id)
    };
    let done = batch("TRANSACTION");
    let states = |done: &Value| {
        done["SubStatements"]
            .as_array()
            .expect("subs")
            .iter()
            .map(|sub| sub["Status"].as_str().expect("status").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(states(&done), ["FINISHED", "FAILED", "ABORTED"]);
    assert!(
        done["Error"]
            .as_str()
            .expect("error")
            .starts_with("Query #2 failed with ERROR: relation \"nothing\"")
    );
    assert_eq!(run(&sim, request(&sim, "SELECT * FROM a"))["Status"], "FAILED");
    let done = batch("AUTO_COMMIT");
    assert_eq!(
        (states(&done), done["Status"].as_str()),
        (
            vec!["FINISHED".into(), "FAILED".into(), "FINISHED".into()],
            Some("FAILED")
        )
    );
    assert_eq!(
        run(&sim, request(&sim, "SELECT * FROM a, b"))["Status"],
        "FINISHED"
    );
    assert_eq!(
        describe(&sim, &format!("{}:3", done["Id"].as_str().expect("id")))["QueryString"],
        "CREATE TABLE b (x int)"
    );
}

#[test]
fn parameters_are_values_and_every_one_must_be_used() {
    let sim = warehouse();
    let mut params = request(&sim, "SELECT 'a' || :x AS v WHERE 1 = :one");
    params["Parameters"] = json!([{ "name": "x", "value": "b'c" }, { "name": "one", "value": "1" }]);
    let done = run(&sim, params);
    assert_eq!(done["Error"], Value::Null);
    let result = data(&sim, "GetStatementResult", json!({ "Id": done["Id"] })).expect("result");
    assert_eq!(result["Records"][0][0]["stringValue"], "ab'c");
    let mut params = request(&sim, "SELECT 1");
    params["Parameters"] = json!([{ "name": "x", "value": "1" }]);
    assert_eq!(run(&sim, params)["Status"], "FAILED");
}

#[test]
fn settings_stay_in_a_session_and_nowhere_else() {
    let sim = warehouse();
    let mut params = request(&sim, "SET enable_case_sensitive_identifier TO true");
    params["SessionKeepAliveSeconds"] = json!(600);
    let done = run(&sim, params);
    let session = done["SessionId"].clone();
    let shown = |params: Value| {
        let done = run(&sim, params);
        data(&sim, "GetStatementResult", json!({ "Id": done["Id"] })).expect("result")["Records"][0][0]["stringValue"].clone()
    };
    assert_eq!(
        shown(json!({ "SessionId": session, "Sql": "SHOW enable_case_sensitive_identifier" })),
        "on"
    );
    assert_eq!(
        shown(request(&sim, "SHOW enable_case_sensitive_identifier")),
        "off"
    );
    sim.clock().advance(Duration::from_secs(700));
    assert!(
        data(
            &sim,
            "ExecuteStatement",
            json!({ "SessionId": session, "Sql": "SELECT 1" })
        )
        .is_err()
    );
}

#[test]
fn bad_requests_are_refused_before_anything_runs() {
    let sim = warehouse();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut params = request(&sim, "SELECT 1");
        change(&mut params);
        data(&sim, "ExecuteStatement", params).expect_err("refused").code
    };
    assert_eq!(
        refused(&|params| params["WorkgroupName"] = json!("nobody")),
        "ValidationException"
    );
    assert_eq!(
        refused(&|params| params["Sql"] = json!("x".repeat(210 * 1024))),
        "ValidationException"
    );
    assert_eq!(
        refused(&|params| params["WaitTimeSeconds"] = json!(31)),
        "ValidationException"
    );
    assert_eq!(
        refused(&|params| params["ClientToken"] = json!("x".repeat(65))),
        "ValidationException"
    );
    let mut params = request(&sim, "SELECT 1");
    params["Database"] = json!("nothing");
    assert_eq!(
        run(&sim, params)["Error"],
        "FATAL: database \"nothing\" does not exist"
    );
    let unknown = data(
        &sim,
        "DescribeStatement",
        json!({ "Id": "d9b6c0c9-0747-4bf4-b142-e8883122f766" }),
    )
    .expect_err("unknown");
    assert_eq!(unknown.code, "ResourceNotFoundException");
    assert_eq!(
        data(&sim, "DescribeStatement", json!({ "Id": "x" }))
            .expect_err("no id")
            .code,
        "ValidationException"
    );
}

#[test]
fn statements_are_listed_newest_first_and_a_deleted_namespace_takes_its_data_along() {
    let sim = warehouse();
    run(&sim, request(&sim, "CREATE TABLE t (a int)"));
    run(&sim, request(&sim, "SELECT * FROM nothing"));
    let listed = data(&sim, "ListStatements", json!({ "Status": "FAILED" })).expect("list");
    assert_eq!(listed["Statements"].as_array().map(Vec::len), Some(1));
    let all = data(&sim, "ListStatements", json!({ "MaxResults": 1 })).expect("list");
    assert_eq!(all["Statements"][0]["QueryString"], "SELECT * FROM nothing");
    assert!(all["NextToken"].is_string());
    assert!(
        sim.inventory(B)
            .resources
            .iter()
            .any(|resource| resource.name == "dev.public.t")
    );
}
