//! Bad input, one mistake a case, each with the exact text that a user sees.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use redshift_streaming::ddl::{
    BrokerList, Certificate, CertificateArn, ColumnNames, CreateMaterializedView, CreateView, IamRole,
    Identifier, KafkaSource, Landing, MskSource, QualifiedName, RoleChain, Select, SqlType, StreamColumn,
    StreamName, TypedView, read,
};
use redshift_streaming::{Inputs, StreamingSpec, statements};
use std::error::Error;
use std::fmt::Write;
use xacct_types::{ClusterArn, RoleArn, TopicName};

const CLUSTER: &str =
    "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";
const SERVERLESS: &str = "boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com";

fn inputs() -> Inputs {
    Inputs::new(IamRole::Default).with_cluster(ClusterArn::new(CLUSTER).unwrap())
}

/// The error with its causes, as a program would print it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string().trim_end().to_owned();
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
        Err(error) => chain(&error),
        Ok(spec) => chain(&statements(&spec, inputs).unwrap_err()),
    }
}

fn of_value<T: std::fmt::Debug, E: Error>(built: Result<T, E>) -> String {
    chain(&built.unwrap_err())
}

/// All cases with their refusals, numbered, as the snapshot keeps them.
fn listed(cases: Vec<(&str, String)>) -> String {
    let mut listing = String::new();
    for (n, (case, text)) in cases.into_iter().enumerate() {
        writeln!(listing, "{}. {case}\n{text}\n", n + 1).unwrap();
    }
    listing
}

fn name(text: &str) -> Identifier {
    Identifier::new(text).unwrap()
}

fn landing() -> Landing {
    Landing::kafka(name("s"), &TopicName::new("t").unwrap())
}

fn streaming() -> CreateMaterializedView {
    CreateMaterializedView::new(QualifiedName::parse("public.v").unwrap(), landing())
}

fn files() -> Vec<(&'static str, String)> {
    let long = "x".repeat(128);
    let schema = |text: &str| refusal(&format!("database = \"d\"\nschema = {{ {text} }}"));
    vec![
        (
            "an unknown field",
            refusal(&view("topic = \"t\"\nautorefresh = true")),
        ),
        ("a topic with a blank", refusal(&view("topic = \"click stream\""))),
        ("a topic named like a folder", refusal(&view("topic = \"..\""))),
        (
            "a topic of 128 bytes",
            refusal(&view(&format!("topic = \"{long}\""))),
        ),
        ("a stream with a slash", refusal(&view("stream = \"a/b\""))),
        (
            "a form of the payload that is none",
            refusal(&view("topic = \"t\"\npayload = \"yaml\"")),
        ),
        (
            "auto refresh as text",
            refusal(&view("topic = \"t\"\nauto_refresh = \"false\"")),
        ),
        (
            "no name",
            refusal("database = \"d\"\nschema = { name = \"s\" }\n[[view]]\ntopic = \"t\""),
        ),
        ("an empty name", schema("name = \"\"")),
        ("a name of 128 bytes", schema(&format!("name = \"{long}\""))),
        ("a NUL in a name", schema("name = \"a\\u0000b\"")),
        ("a line end in a name", schema("name = \"a\\nb\"")),
        ("a broker that is none", schema("name = \"s\", broker = \"arn\"")),
        (
            "a reserved word as database",
            refusal("database = \"user\"\nschema = { name = \"s\" }"),
        ),
        (
            "capitals in a database",
            refusal("database = \"User\"\nschema = { name = \"s\" }"),
        ),
        ("no database", refusal("schema = { name = \"s\" }")),
        ("nothing to read", refusal(&view(""))),
        (
            "a topic and a stream",
            refusal(&view("topic = \"t\"\nstream = \"t\"")),
        ),
    ]
}

fn views() -> Vec<(&'static str, String)> {
    let mixed = view("topic = \"t\"\n[[view]]\nname = \"w\"\nstream = \"u\"");
    let twice = view("topic = \"t\"\n[[view]]\nname = \"V\"\ntopic = \"u\"");
    let beside = view("topic = \"t\"\n[[view]]\nname = \"v_parsed\"\ntopic = \"u\"");
    let long = format!(
        "database = \"d\"\nschema = {{ name = \"s\" }}\n[[view]]\ntopic = \"t\"\nname = \"{}\"",
        "x".repeat(121)
    );
    let topic = |lines: &str| refusal(&view(&format!("topic = \"t\"\n{lines}")));
    vec![
        ("a topic and a stream under one schema", refusal(&mixed)),
        ("two views of one name but for case", refusal(&twice)),
        ("a view named like the parsed one of another", refusal(&beside)),
        ("a name too long for what stands beside the view", refusal(&long)),
        (
            "a SUPER column as sort key",
            topic("payload = \"json-once\"\nsort_key = [\"payload\"]"),
        ),
        ("a sort key that is no column", topic("sort_key = [\"user_id\"]")),
        (
            "a sort key twice",
            topic("sort_key = [\"kafka_offset\", \"kafka_offset\"]"),
        ),
        (
            "headers as distribution key",
            topic("dist_key = \"kafka_headers\""),
        ),
        (
            "a column of Kafka in a view of Kinesis",
            refusal(&view("stream = \"t\"\nsort_key = [\"kafka_offset\"]")),
        ),
        (
            "a function that changes",
            topic("select = \"kafka_offset, GETDATE() AS at\""),
        ),
        (
            "a join",
            topic("select = \"SELECT * FROM s.t a JOIN public.users u ON u.id = a.kafka_key\""),
        ),
        (
            "a window function",
            topic("select = \"ROW_NUMBER() OVER (ORDER BY kafka_offset)\""),
        ),
        (
            "navigation on a fresh alias",
            topic("select = \"JSON_PARSE(kafka_value) AS p, p.id\""),
        ),
        (
            "a column of the preview",
            refusal(&view("stream = \"t\"\nselect = \"shardid\"")),
        ),
        (
            "two statements",
            topic("select = \"SELECT * FROM s.t; DROP SCHEMA s\""),
        ),
        ("a comment", topic("select = \"kafka_offset -- all\"")),
        (
            "a FROM in a select list",
            topic("select = \"kafka_offset FROM other.topic\""),
        ),
        (
            "a quarantine of unknown columns",
            topic("quarantine = \"bad\"\nselect = \"kafka_offset\""),
        ),
        (
            "a parsed view of unknown columns",
            topic("parsed = \"good\"\nselect = \"kafka_offset\""),
        ),
    ]
}

fn inputs_of_schemas() -> Vec<(&'static str, String)> {
    let address = "database = \"d\"\nschema = { name = \"s\", broker = \"address\" }";
    let by_arn = "database = \"d\"\nschema = { name = \"s\" }";
    let port = BrokerList::new(format!("{SERVERLESS}:9092")).unwrap();
    vec![
        ("no addresses", refusal(address)),
        ("no cluster", refusal_with(by_arn, &Inputs::new(IamRole::Default))),
        (
            "a port without IAM",
            refusal_with(address, &inputs().with_bootstrap(port)),
        ),
    ]
}

fn values() -> Vec<(&'static str, String)> {
    let role = |n: usize| RoleArn::new(format!("arn:aws:iam::111111111111:role/r{n}")).unwrap();
    let brokers = |text: &str| BrokerList::new(text).unwrap();
    let cluster = ClusterArn::new(CLUSTER).unwrap();
    let acm = CertificateArn::new("arn:aws:acm:us-east-1:111111111111:certificate/a").unwrap();
    let mtls = |list: &str| KafkaSource::mtls(brokers(list), IamRole::Default, Certificate::Acm(acm.clone()));
    let confluent = "pkc-1.us-east-1.aws.confluent.cloud:9092";
    vec![
        (
            "a policy for a role",
            of_value(RoleArn::new("arn:aws:iam::111111111111:policy/reader")),
        ),
        ("eleven roles", of_value(RoleChain::new((0..11).map(role)))),
        ("no role", of_value(RoleChain::new([]))),
        (
            "a role behind itself",
            of_value(RoleChain::new([role(1), role(1)])),
        ),
        (
            "a broker without a port",
            of_value(BrokerList::new("b-1.example.com")),
        ),
        ("a broker with a quote", of_value(BrokerList::new("b'1:9098"))),
        ("port 0", of_value(BrokerList::new("b-1.example.com:0"))),
        (
            "a serverless cluster without IAM",
            of_value(MskSource::unauthenticated(cluster, None)),
        ),
        (
            "serverless brokers without IAM",
            of_value(KafkaSource::unauthenticated(brokers(&format!(
                "{SERVERLESS}:9092"
            )))),
        ),
        (
            "serverless brokers with mutual TLS",
            of_value(mtls(&format!("{SERVERLESS}:9094"))),
        ),
        (
            "Confluent with IAM",
            of_value(KafkaSource::iam(brokers(confluent), IamRole::Default)),
        ),
        (
            "a secret for a certificate",
            of_value(CertificateArn::new(
                "arn:aws:secretsmanager:us-east-1:111111111111:secret:a",
            )),
        ),
        ("a stream with a blank", of_value(StreamName::new("my data"))),
        (
            "preview names for Kafka",
            of_value(landing().with_column_names(ColumnNames::Preview)),
        ),
        (
            "a column of Kinesis from Kafka",
            of_value(landing().with_columns([StreamColumn::ShardId], [])),
        ),
        (
            "a payload named like a column",
            of_value(landing().with_payload_name(name("Kafka_Offset"))),
        ),
        (
            "a raw column that is not there",
            of_value(landing().with_raw_name(name("bytes"))),
        ),
        (
            "an attribute without a path",
            of_value(TypedView::new(QualifiedName::parse("v").unwrap()).attribute(
                [],
                SqlType::Super,
                name("a"),
            )),
        ),
        (
            "a plain view with a column twice",
            of_value(
                CreateView::quarantine(QualifiedName::parse("q").unwrap(), &streaming())
                    .unwrap()
                    .columns([name("a"), name("A")]),
            ),
        ),
        (
            "a plain view of two selects",
            of_value(Select::new("SELECT 1; SELECT 2")),
        ),
    ]
}

fn texts() -> Vec<(&'static str, String)> {
    let schema = |options: &str| of_value(read(&format!("CREATE EXTERNAL SCHEMA s {options}")));
    vec![
        (
            "FROM MSK with addresses",
            schema("FROM MSK IAM_ROLE default AUTHENTICATION iam URI 'b:9098'"),
        ),
        (
            "FROM MSK with mutual TLS",
            schema(&format!(
                "FROM MSK IAM_ROLE default AUTHENTICATION mtls CLUSTER_ARN '{CLUSTER}'"
            )),
        ),
        (
            "IAM without a role",
            schema("FROM KAFKA AUTHENTICATION iam URI 'b:9098'"),
        ),
        (
            "mutual TLS without a certificate",
            schema("FROM KAFKA IAM_ROLE default AUTHENTICATION mtls URI 'b:9094'"),
        ),
        ("the role of a session", schema("FROM KINESIS IAM_ROLE 'SESSION'")),
        (
            "a blank in a chain",
            schema(
                "FROM KINESIS IAM_ROLE 'arn:aws:iam::111111111111:role/a, arn:aws:iam::111111111111:role/b'",
            ),
        ),
        ("a data catalog", schema("FROM DATA CATALOG DATABASE 'd'")),
        (
            "OR REPLACE of a materialized view",
            of_value(read("CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT * FROM s.t")),
        ),
        (
            "IF NOT EXISTS of a materialized view",
            of_value(read(
                "CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT * FROM s.t",
            )),
        ),
        (
            "DISTSTYLE KEY without a key",
            of_value(read(
                "CREATE MATERIALIZED VIEW v DISTSTYLE KEY AS SELECT * FROM s.t",
            )),
        ),
        (
            "a second statement",
            of_value(read("REFRESH MATERIALIZED VIEW v; DROP SCHEMA s")),
        ),
        ("a statement of something else", of_value(read("VACUUM"))),
    ]
}

#[test]
fn every_bad_spec_is_refused_in_words_that_say_what_to_change() {
    let mut cases = files();
    cases.extend(views());
    cases.extend(inputs_of_schemas());
    assert_eq!(cases.len(), 40, "forty bad specs");
    insta::assert_snapshot!("bad_specs", listed(cases));
}

#[test]
fn every_bad_part_is_refused_where_it_is_built_or_read() {
    let mut cases = values();
    cases.extend(texts());
    assert_eq!(cases.len(), 32);
    insta::assert_snapshot!("bad_parts", listed(cases));
}
