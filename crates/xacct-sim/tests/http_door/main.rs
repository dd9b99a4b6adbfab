//! The door for every language: SDK calls and plain HTTP over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::result_large_err,
    reason = "a test may panic and reads the wall's clock"
)]

mod relay;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use serde_json::{Value, json};
use xacct_sim::{HttpDoor, HttpDoorOptions, Sim};

const A: &str = "111111111111";
const B: &str = "222222222222";

fn sim() -> Sim {
    let sim = Sim::builder().region("ap-south-1").account(A).account(B);
    sim.wall_clock(1.0).latency_scale(0.001).lag(false).build()
}

fn administrator(sim: &Sim, account: &str) -> Credentials {
    let (id, secret) = sim.administrator_key(account);
    Credentials::from_keys(id, secret, None)
}

fn ec2(sim: &Sim, door: &HttpDoor, headers: &[(&str, &str)]) -> aws_sdk_ec2::Client {
    aws_sdk_ec2::Client::new(&relay::config(&door.endpoint(), administrator(sim, A), headers))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Bytes sent to the door, and what comes back until it closes the connection.
fn raw(door: &HttpDoor, sent: &str) -> String {
    let mut stream = TcpStream::connect(door.address()).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// One request to the simulator's own resources: status and body.
fn control(door: &HttpDoor, method: &str, path: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let answer = raw(
        door,
        &format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn an_sdk_works_through_the_socket_and_a_role_is_assumed_across_accounts() {
    let sim = sim();
    let door = sim.http_door().unwrap();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{A}:root") } }] });
    let role = json!({ "RoleName": "visitor", "AssumeRolePolicyDocument": trust.to_string() });
    sim.call(B, "iam", "CreateRole", role).unwrap();
    block_on(async {
        let sts = aws_sdk_sts::Client::new(&relay::config(&door.endpoint(), administrator(&sim, A), &[]));
        let me = sts.get_caller_identity().send().await.unwrap();
        assert_eq!(me.account(), Some(A));
        let arn = format!("arn:aws:iam::{B}:role/visitor");
        let call = sts.assume_role().role_arn(arn).role_session_name("test");
        let session = call.send().await.unwrap().credentials.unwrap();
        let token = Some(session.session_token);
        let credentials = Credentials::from_keys(session.access_key_id, session.secret_access_key, token);
        let there = relay::config(&door.endpoint(), credentials, &[]);
        let me = aws_sdk_sts::Client::new(&there)
            .get_caller_identity()
            .send()
            .await
            .unwrap();
        assert_eq!(
            me.arn().unwrap(),
            format!("arn:aws:sts::{B}:assumed-role/visitor/test")
        );
        let refused = aws_sdk_kafka::Client::new(&there)
            .list_clusters_v2()
            .send()
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Some("AccessDeniedException"));
    });
}

#[test]
fn a_wrong_secret_and_an_unsigned_call_are_refused_as_aws_does() {
    let sim = sim();
    let door = sim.http_door().unwrap();
    let forged = Credentials::from_keys(sim.administrator_key(A).0, "forged", None);
    let code = block_on(async {
        let sts = aws_sdk_sts::Client::new(&relay::config(&door.endpoint(), forged, &[]));
        sts.get_caller_identity()
            .send()
            .await
            .unwrap_err()
            .code()
            .map(str::to_owned)
    });
    assert_eq!(code.as_deref(), Some("SignatureDoesNotMatch"));
    let answer = raw(&door, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(
        answer.starts_with("HTTP/1.1 403 ") && answer.contains("MissingAuthenticationToken"),
        "{answer}"
    );
}

#[test]
fn what_is_not_modelled_is_refused_in_the_shape_of_its_protocol_with_the_name_of_the_operation() {
    let sim = sim();
    let door = sim.http_door().unwrap();
    let key = sim.administrator_key(A).0;
    let ask = |service: &str, headers: &str, body: &str| {
        let scope = format!("{key}/20261122/ap-south-1/{service}/aws4_request");
        let length = body.len();
        raw(
            &door,
            &format!(
                "POST /2015-03-31/functions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\
                 Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n{headers}\r\n{body}"
            ),
        )
    };
    let json = ask(
        "dynamodb",
        "X-Amz-Target: DynamoDB_20120810.CreateTable\r\n",
        "{}",
    );
    assert!(
        json.starts_with("HTTP/1.1 501 ") && json.contains("\"__type\":\"NotModelled\""),
        "{json}"
    );
    assert!(json.contains("dynamodb CreateTable"), "{json}");
    let rest = ask("lambda", "", "{}");
    assert!(
        rest.contains("x-amzn-errortype: NotModelled") && rest.contains("lambda POST /2015-03-31/functions"),
        "{rest}"
    );
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let xml = ask("sqs", form, "Action=CreateQueue&Version=2012-11-05");
    assert!(
        xml.contains("<Code>NotModelled</Code>") && xml.contains("sqs CreateQueue"),
        "{xml}"
    );
    block_on(async {
        let error = ec2(&sim, &door, &[])
            .describe_instances()
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("NotModelled"));
        assert!(error.message().unwrap().contains("ec2 DescribeInstances"));
    });
}

#[test]
fn faults_end_on_the_wire_as_they_would() {
    let sim = sim();
    let door = sim.http_door().unwrap();
    let ec2 = ec2(&sim, &door, &[]);
    let rule = |verdict: &str| {
        let body = json!({ "verdict": verdict, "operation": "CreateVpc" }).to_string();
        assert_eq!(control(&door, "POST", "/_sim/faults", &body).0, 201);
    };
    let create = || block_on(ec2.create_vpc().cidr_block("10.0.0.0/16").send());
    rule("lose-response");
    assert!(
        matches!(create(), Err(aws_sdk_ec2::error::SdkError::DispatchFailure(failure)) if failure.is_io())
    );
    assert_eq!(
        sim.inventory(A)
            .resources
            .iter()
            .filter(|one| one.kind == "ec2:vpc")
            .count(),
        1
    );
    rule("timeout");
    let begun = Instant::now();
    assert!(create().is_err());
    assert!(
        begun.elapsed() >= Duration::from_secs(2),
        "the connection is held"
    );
    rule("kill-after");
    assert!(create().is_err());
    assert_eq!(control(&door, "GET", "/_sim/health", "").1["killed"], true);
    assert!(
        block_on(ec2.describe_vpcs().send()).is_err(),
        "the dead make no calls"
    );
    control(&door, "POST", "/_sim/revive", "");
    assert_eq!(block_on(ec2.describe_vpcs().send()).unwrap().vpcs().len(), 2);
    let (_, listed) = control(&door, "GET", "/_sim/faults", "");
    assert_eq!(listed["faults"].as_array().unwrap().len(), 3);
    assert_eq!(listed["faults"][0]["hits"], 1);
    assert_eq!(control(&door, "DELETE", "/_sim/faults/1", "").0, 200);
    assert_eq!(control(&door, "DELETE", "/_sim/faults/1", "").0, 404);
    control(&door, "DELETE", "/_sim/faults", "");
    assert_eq!(control(&door, "GET", "/_sim/faults", "").1["faults"], json!([]));
}

#[test]
fn one_call_may_have_settings_and_a_fault_of_its_own() {
    let sim = sim();
    let door = sim.http_door().unwrap();
    let create = |headers: &[(&str, &str)]| {
        let made = block_on(
            ec2(&sim, &door, headers)
                .create_vpc()
                .cidr_block("10.0.0.0/16")
                .send(),
        );
        made.map(|_| ())
            .map_err(|error| error.code().unwrap_or_default().to_owned())
    };
    let none = create(&[("x-sim-settings", r#"{"quotas":{"vpcs":0}}"#)]);
    assert_eq!(none, Err("VpcLimitExceeded".to_owned()));
    let busy = create(&[("x-sim-fault", r#"{"verdict":"throttle"}"#)]);
    assert_eq!(busy, Err("RequestLimitExceeded".to_owned()));
    assert_eq!(create(&[]), Ok(()));
    let wrong = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-sim-settings: {\"lagg\":true}\r\n\r\n";
    let answer = raw(&door, wrong);
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("lagg"),
        "{answer}"
    );
}

#[test]
fn settings_are_shown_and_changed_and_a_reset_brings_everything_back() {
    let sim = sim();
    let door = sim.http_door().unwrap();
    let (_, before) = control(&door, "GET", "/_sim/settings", "");
    let (status, after) = control(
        &door,
        "POST",
        "/_sim/settings",
        r#"{"throttling":false,"quotas":{"vpcs":9}}"#,
    );
    assert_eq!(
        (status, &after["throttling"], &after["quotas"]["vpcs"]),
        (200, &json!(false), &json!(9))
    );
    assert_eq!(control(&door, "POST", "/_sim/settings", r#"{"speed":1}"#).0, 400);
    block_on(
        ec2(&sim, &door, &[])
            .create_vpc()
            .cidr_block("10.0.0.0/16")
            .send(),
    )
    .unwrap();
    let (_, inventory) = control(&door, "GET", "/_sim/inventory", "");
    assert_eq!(inventory["accounts"][B], json!([]));
    let kinds: Vec<&str> = inventory["accounts"][A]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"ec2:vpc"), "{kinds:?}");
    let (_, calls) = control(&door, "GET", "/_sim/calls?from=0", "");
    assert_eq!(calls["calls"][0]["operation"], "CreateVpc");
    assert_eq!(calls["counts"]["write"], 1);

    let key = sim.administrator_key(A);
    assert_eq!(control(&door, "POST", "/_sim/reset", "").0, 200);
    let (_, inventory) = control(&door, "GET", "/_sim/inventory", "");
    assert_eq!(inventory["accounts"], json!({ A: [], B: [] }));
    assert_eq!(control(&door, "GET", "/_sim/settings", "").1, before);
    assert_eq!(control(&door, "GET", "/_sim/calls", "").1["calls"], json!([]));
    assert_eq!(sim.administrator_key(A), key);
    assert_eq!(control(&door, "GET", "/_sim/nothing", "").0, 404);
    let (_, modelled) = control(&door, "GET", "/_sim/modelled", "");
    assert_eq!(
        modelled["modelled"].as_array().unwrap().len(),
        xacct_sim::MODELLED.len()
    );
}

#[test]
fn one_connection_carries_many_requests_and_a_head_has_no_body() {
    let sim = sim();
    let door = sim.http_door().unwrap();
    let get = "GET /_sim/health HTTP/1.1\r\nHost: x\r\n\r\n";
    let head = "HEAD /_sim/health HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET /_sim/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = raw(&door, &format!("{get}{head}{last}"));
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
    assert_eq!(answer.matches("\"status\":\"ok\"").count(), 2, "{answer}");
    assert_eq!(answer.matches("connection: keep-alive").count(), 2, "{answer}");
}

#[test]
fn slow_and_greedy_clients_are_bounded_and_hold_up_nobody() {
    let sim = sim();
    let options = HttpDoorOptions::new()
        .longest_body(1000)
        .patience(Duration::from_millis(300));
    let door = sim.http_door_with(&options).unwrap();
    let mut slow: Vec<TcpStream> = (0..50)
        .map(|_| TcpStream::connect(door.address()).unwrap())
        .collect();
    for stream in &mut slow {
        stream
            .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")
            .unwrap();
    }
    assert_eq!(control(&door, "GET", "/_sim/health", "").0, 200);
    let mut answer = String::new();
    slow[49].read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let body = "x".repeat(1001);
    let answer = raw(
        &door,
        &format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n{body}"),
    );
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("1000 bytes"),
        "{answer}"
    );
    let waits = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n";
    assert!(
        raw(&door, waits).starts_with("HTTP/1.1 413 "),
        "no 100 for what will be refused"
    );
}

#[test]
fn a_door_that_closes_lets_calls_finish_and_leaves_its_port() {
    let sim = sim();
    let door = sim.http_door().unwrap();
    let address = door.address();
    let idle = TcpStream::connect(address).unwrap();
    let body = json!({ "verdict": { "delay": 0.5 } }).to_string();
    control(&door, "POST", "/_sim/faults", &body);
    let ec2 = ec2(&sim, &door, &[]);
    let call = std::thread::spawn(move || block_on(ec2.describe_vpcs().send()).is_ok());
    while sim.api_calls().read == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let begun = Instant::now();
    door.close();
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "an idle connection holds nobody up"
    );
    assert!(call.join().unwrap(), "the call under way was answered");
    assert!(TcpStream::connect(address).is_err());
    drop(idle);
    assert!(
        sim.http_door_with(&HttpDoorOptions::new().port(address.port()))
            .is_ok()
    );
}
