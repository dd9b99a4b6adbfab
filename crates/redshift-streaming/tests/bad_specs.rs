//! Bad input, one mistake a case, each with the exact text that a user sees.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use redshift_streaming::ddl::{BrokerList, IamRole, RoleChain};
use redshift_streaming::{Inputs, StreamingSpec, statements};
use std::error::Error;
use std::fmt::Write;
use xacct_types::{ClusterArn, RoleArn};

fn inputs() -> Inputs {
    let cluster =
        "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";
    Inputs::new(IamRole::Default).with_cluster(ClusterArn::new(cluster).unwrap())
}

/// The error with its causes, as a program would print it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

/// A spec of one view with these lines in it.
fn view(lines: &str) -> String {
    format!("database = \"streaming\"\nschema = {{ name = \"s\" }}\n[[view]]\nname = \"v\"\n{lines}")
}

fn refusal(text: &str) -> String {
    refusal_with(text, &inputs())
}

fn refusal_with(text: &str, inputs: &Inputs) -> String {
    match toml::from_str::<StreamingSpec>(text) {
        Err(error) => error.to_string().trim_end().to_owned(),
        Ok(spec) => chain(&statements(&spec, inputs).unwrap_err()),
    }
}

#[test]
fn a_file_that_cannot_be_read_names_the_line() {
    insta::assert_snapshot!(refusal(&view("topic = \"t\"\nautorefresh = true")), @r#"
    TOML parse error at line 6, column 1
      |
    6 | autorefresh = true
      | ^^^^^^^^^^^
    unknown field `autorefresh`, expected one of `name`, `topic`, `stream`, `payload`, `auto_refresh`, `backup`, `dist_key`, `sort_key`, `select`, `quarantine`, `readers`
    "#);
    insta::assert_snapshot!(refusal(&view("topic = \"click stream\"")), @r#"
    TOML parse error at line 5, column 9
      |
    5 | topic = "click stream"
      |         ^^^^^^^^^^^^^^
    topic name "click stream" holds a character that Kafka refuses: use letters, digits, '.', '_' and '-'
    "#);
    insta::assert_snapshot!(refusal(&view("topic = \"t\"\npayload = \"yaml\"")), @r#"
    TOML parse error at line 6, column 11
      |
    6 | payload = "yaml"
      |           ^^^^^^
    unknown variant `yaml`, expected one of `json`, `json-unguarded`, `raw`, `text`
    "#);
    insta::assert_snapshot!(refusal("database = \"User\"\nschema = { name = \"s\" }"), @r#"
    TOML parse error at line 1, column 12
      |
    1 | database = "User"
      |            ^^^^^^
    database name "User" must be lower-case letters, digits and underscores, a letter first
    "#);
}

#[test]
fn a_view_reads_one_topic_or_one_stream() {
    insta::assert_snapshot!(refusal(&view("")), @r#"
    TOML parse error at line 3, column 1
      |
    3 | [[view]]
      | ^^^^^^^^
    view "v" reads nothing: give it a topic or a stream
    "#);
    insta::assert_snapshot!(refusal(&view("topic = \"t\"\nstream = \"t\"")), @r#"
    TOML parse error at line 3, column 1
      |
    3 | [[view]]
      | ^^^^^^^^
    view "v" reads a topic and a stream: give it one
    "#);
    let mixed = view("topic = \"t\"\n[[view]]\nname = \"w\"\nstream = \"u\"");
    insta::assert_snapshot!(refusal(&mixed), @r#"view "w" reads a stream under a schema whose other views read a topic"#);
    let twice = view("topic = \"t\"\n[[view]]\nname = \"V\"\ntopic = \"u\"");
    insta::assert_snapshot!(refusal(&twice), @r#"two views are named "v""#);
}

#[test]
fn names_have_redshifts_limits() {
    let long = "x".repeat(128);
    let text = refusal(&view(&format!("topic = \"{long}\"")));
    assert!(
        text.contains("has 128 bytes: Redshift takes topics of 1 to 127 bytes"),
        "{text}"
    );
    let text = refusal(&format!("database = \"d\"\nschema = {{ name = \"{long}\" }}"));
    assert!(
        text.contains("has 128 bytes: Redshift takes names of 1 to 127"),
        "{text}"
    );
    let text = refusal("database = \"d\"\nschema = { name = \"a\\u0000b\" }");
    assert!(
        text.contains("holds the control character U+0000, which no name may have"),
        "{text}"
    );
}

#[test]
fn a_broker_needs_what_names_it() {
    let schema = "database = \"d\"\nschema = { name = \"s\", broker = \"address\" }";
    insta::assert_snapshot!(refusal(schema), @r#"schema "s" has broker = "address", which needs the addresses of the brokers"#);
    let none = Inputs::new(IamRole::Default);
    insta::assert_snapshot!(refusal_with("database = \"d\"\nschema = { name = \"s\" }", &none), @r#"schema "s" has broker = "cluster-arn", which needs the ARN of the cluster"#);
    let port = "boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9092";
    let plain = inputs().with_bootstrap(BrokerList::new(port).unwrap());
    insta::assert_snapshot!(refusal_with(schema, &plain), @r#"schema "s" cannot be made: broker list "boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9092" names port 9092, where MSK does not offer IAM authentication: [9098, 9198, 20098]"#);
    insta::assert_snapshot!(refusal("database = \"d\"\nschema = { name = \"s\", broker = \"arn\" }"), @r#"
    TOML parse error at line 2, column 33
      |
    2 | schema = { name = "s", broker = "arn" }
      |                                 ^^^^^
    unknown variant `arn`, expected `cluster-arn` or `address`
    "#);
}

#[test]
fn keys_are_columns_that_can_be_keys() {
    insta::assert_snapshot!(refusal(&view("topic = \"t\"\nsort_key = [\"payload\"]")), @r#"view "v" cannot be made: sort key "payload" is SUPER, which cannot be a key"#);
    insta::assert_snapshot!(refusal(&view("topic = \"t\"\nsort_key = [\"user_id\"]")), @r#"view "v" cannot be made: sort key "user_id" is no column of the view"#);
    insta::assert_snapshot!(refusal(&view("topic = \"t\"\ndist_key = \"kafka_headers\"")), @r#"view "v" cannot be made: distribution key "kafka_headers" is SUPER, which cannot be a key"#);
    insta::assert_snapshot!(refusal(&view("stream = \"t\"\nsort_key = [\"kafka_offset\"]")), @r#"view "v" cannot be made: sort key "kafka_offset" is no column of the view"#);
}

#[test]
fn a_select_of_ones_own_is_checked_with_its_place() {
    insta::assert_snapshot!(refusal(&view("topic = \"t\"\nselect = \"kafka_offset, GETDATE() AS at\"")), @r#"view "v" cannot be made from its select: a streaming view cannot hold this select: line 1, column 22: GETDATE: its value changes from call to call, so the view could not be kept up to date record by record; use refresh_time, or compute it in a view on top"#);
    insta::assert_snapshot!(refusal(&view("topic = \"t\"\nquarantine = \"bad\"\nselect = \"kafka_offset\"")), @r#"view "v" has a select of its own, so its quarantine view would not know the columns: leave out select or quarantine"#);
}

#[test]
fn a_policy_is_no_role_and_a_chain_has_an_end() {
    let policy = RoleArn::new("arn:aws:iam::111111111111:policy/reader").unwrap_err();
    insta::assert_snapshot!(policy, @r#"role ARN "arn:aws:iam::111111111111:policy/reader" is the ARN of a policy of iam: the ARN of a role belongs here"#);
    let role = |n: usize| RoleArn::new(format!("arn:aws:iam::111111111111:role/r{n}")).unwrap();
    let long = RoleChain::new((0..11).map(role)).unwrap_err().why;
    insta::assert_snapshot!(long, @"has 11 roles: Redshift follows 1 to 10");
}
