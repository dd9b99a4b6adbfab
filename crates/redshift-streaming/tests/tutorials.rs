//! The statements of the two public tutorials, built from types and read from their text.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use redshift_streaming::ddl::{
    CreateExternalSchema, CreateMaterializedView, Identifier, KinesisSource, Landing, MskSource, Payload,
    QualifiedName, RefreshMaterializedView, RoleChain, Statement, StreamColumn, StreamName, read,
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

#[test]
fn the_column_names_of_the_preview_are_refused_with_the_current_ones() {
    let refusal = read(
        "CREATE MATERIALIZED VIEW my_stream_vw AS SELECT approximatearrivaltimestamp, partitionkey, \
         shardid, sequencenumber, json_parse(data) as payload FROM schema_stream.\"my-data-stream\"",
    )
    .unwrap_err();
    let cause = refusal.cause.unwrap().to_string();
    for current in [
        "approximate_arrival_timestamp",
        "partition_key",
        "shard_id",
        "sequence_number",
        "kinesis_data",
    ] {
        assert!(cause.contains(&format!("write {current}")), "{cause}");
    }
}
