//! The statements of the two public tutorials, built from types and read from their text.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use redshift_streaming::ddl::{
    ColumnNames, CreateExternalSchema, CreateMaterializedView, Identifier, KinesisSource, Landing, MskSource,
    Payload, QualifiedName, RefreshMaterializedView, RoleChain, Select, Statement, StreamColumn, StreamName,
    ViewBody, read,
};
use xacct_types::{ClusterArn, RoleArn, TopicName};

fn name(text: &str) -> Identifier {
    Identifier::new(text).unwrap()
}

fn chain(roles: [&str; 2]) -> RoleChain {
    RoleChain::new(roles.map(|role| RoleArn::new(role).unwrap())).unwrap()
}

/// White space, keyword case, and quotes around plain lower-case names aside.
fn plain(sql: &str) -> String {
    let words = sql.trim_end_matches(';').split_whitespace();
    let joined = words.collect::<Vec<_>>().join(" ").replace(" ,", ",");
    joined.replace('"', "").to_lowercase()
}

fn assert_tutorial(statement: impl Into<Statement>, tutorial: &str) {
    let statement = statement.into();
    assert_eq!(plain(&statement.to_string()), plain(tutorial));
    assert_eq!(read(tutorial).unwrap(), statement);
}

#[test]
fn the_schema_of_the_kafka_tutorial() {
    let roles = [
        "arn:aws:iam::222222222222:role/service-role/redshift-serverless-clust-redshiftNamespaceIamRole-WWLCGVATXI6M",
        "arn:aws:iam::111111111111:role/service-role/msk-serverless-cluster-redshiftStrIngestCrossActRo-RZ4CHCMSHVR3",
    ];
    let arn = "arn:aws:kafka:ap-south-1:111111111111:cluster/MSKSrc-msk-serverless-cluster/55f94cf5-80eb-499e-825c-e777d5f71510-s3";
    let source = MskSource::iam(ClusterArn::new(arn).unwrap(), chain(roles));
    let tutorial = format!(
        "CREATE EXTERNAL SCHEMA mskschema FROM MSK IAM_ROLE '{}' AUTHENTICATION IAM CLUSTER_ARN '{arn}';",
        roles.join(",")
    );
    assert_tutorial(CreateExternalSchema::new(name("mskschema"), source), &tutorial);
}

#[test]
fn the_view_of_the_kafka_tutorial() {
    let topic = TopicName::new("testtopic").unwrap();
    let columns = [
        StreamColumn::KafkaPartition,
        StreamColumn::KafkaOffset,
        StreamColumn::KafkaTimestampType,
        StreamColumn::KafkaTimestamp,
        StreamColumn::KafkaKey,
    ];
    let landing = Landing::kafka(name("mskschema"), &topic)
        .with_payload(Payload::JsonUnguarded)
        .with_payload_name(name("data"))
        .unwrap()
        .with_columns(columns, [StreamColumn::KafkaHeaders])
        .unwrap();
    let view = CreateMaterializedView::new(QualifiedName::new(name("myview1")), landing).auto_refresh(true);
    assert_tutorial(
        view,
        r#"CREATE MATERIALIZED VIEW MyView1 AUTO REFRESH YES AS
           SELECT "kafka_partition",
            "kafka_offset",
            "kafka_timestamp_type",
            "kafka_timestamp",
            "kafka_key",
            JSON_PARSE("kafka_value") as Data,
            "kafka_headers"
           FROM mskschema.testtopic;"#,
    );
    let refresh = RefreshMaterializedView::new(QualifiedName::new(name("myview1")));
    assert_tutorial(refresh, "REFRESH MATERIALIZED VIEW MyView1;");
}

#[test]
fn the_schema_of_the_kinesis_tutorial() {
    let roles = [
        "arn:aws:iam::222222222222:role/RedshiftStreamRole",
        "arn:aws:iam::111111111111:role/KinesisStreamRole",
    ];
    let tutorial = format!(
        "CREATE EXTERNAL SCHEMA schema_stream\nFROM KINESIS\nIAM_ROLE '{}';",
        roles.join(",")
    );
    let schema = CreateExternalSchema::new(name("schema_stream"), KinesisSource::new(chain(roles)));
    assert_tutorial(schema, &tutorial);
}

#[test]
fn the_view_of_the_kinesis_tutorial_with_the_current_column_names() {
    let stream = StreamName::new("my-data-stream").unwrap();
    let columns = [
        StreamColumn::ApproximateArrivalTimestamp,
        StreamColumn::PartitionKey,
        StreamColumn::ShardId,
        StreamColumn::SequenceNumber,
    ];
    let landing = Landing::kinesis(name("schema_stream"), &stream)
        .with_payload(Payload::JsonUnguarded)
        .with_columns(columns, [])
        .unwrap();
    let view = CreateMaterializedView::new(QualifiedName::new(name("my_stream_vw")), landing);
    assert_tutorial(
        view,
        r#"CREATE MATERIALIZED VIEW my_stream_vw AS
            SELECT approximate_arrival_timestamp,
            partition_key,
            shard_id,
            sequence_number,
            json_parse(kinesis_data) as payload
            FROM schema_stream."my-data-stream";"#,
    );
}

const PREVIEW: &str = r#"CREATE MATERIALIZED VIEW my_stream_vw AS
    SELECT approximatearrivaltimestamp,
    partitionkey,
    shardid,
    sequencenumber,
    json_parse(data) as payload
    FROM schema_stream."my-data-stream";"#;

#[test]
fn the_view_of_the_kinesis_tutorial_word_for_word_with_the_column_names_of_the_preview() {
    let stream = StreamName::new("my-data-stream").unwrap();
    let landing = Landing::kinesis(name("schema_stream"), &stream)
        .with_payload(Payload::JsonUnguarded)
        .with_column_names(ColumnNames::Preview)
        .unwrap();
    let view = CreateMaterializedView::new(QualifiedName::new(name("my_stream_vw")), landing.clone());
    assert_tutorial(view, PREVIEW);
    // What was read under old names can be written under current ones.
    let Statement::CreateMaterializedView(found) = read(PREVIEW).unwrap() else {
        panic!("another statement")
    };
    let current = found
        .body()
        .landing()
        .unwrap()
        .clone()
        .with_column_names(ColumnNames::Current)
        .unwrap();
    assert!(
        current
            .to_string()
            .contains("JSON_PARSE(\"kinesis_data\") AS \"payload\""),
        "{current}"
    );
    let refresh = RefreshMaterializedView::new(QualifiedName::new(name("my_stream_vw")));
    assert_tutorial(refresh, "REFRESH MATERIALIZED VIEW my_stream_vw;");
}

#[test]
fn a_select_written_today_with_the_names_of_the_preview_is_refused_with_the_current_ones() {
    let select = "SELECT approximatearrivaltimestamp, partitionkey, shardid, sequencenumber, \
                  json_parse(data) as payload FROM schema_stream.\"my-data-stream\"";
    let refusal = ViewBody::written(select).unwrap_err().to_string();
    for current in [
        "approximate_arrival_timestamp",
        "partition_key",
        "shard_id",
        "sequence_number",
        "kinesis_data",
    ] {
        assert!(refusal.contains(&format!("write {current}")), "{refusal}");
    }
}

#[test]
fn the_queries_of_both_tutorials_are_selects_that_a_plain_view_takes() {
    for query in [
        "select count(*) from MyView1",
        "SELECT payload.name.first, payload.name.last, payload.name.title,\n\
         payload.dob.date as dob, payload.cell, payload.location.city, payload.email\nFROM my_stream_vw",
    ] {
        assert_eq!(plain(Select::new(query).unwrap().as_str()), plain(query));
    }
}
