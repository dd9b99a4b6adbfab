//! The canonical form of every statement and every combination that Redshift documents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use redshift_streaming::ddl::{
    AlterExternalSchema, Certificate, CertificateArn, CreateExternalSchema, CreateMaterializedView,
    CreateView, Distribution, IamRole, Identifier, KafkaSource, KinesisSource, Landing, MskSource, Payload,
    QualifiedName, RoleChain, SchemaAuthentication, SchemaOption, Statement, StreamName, StreamSource, read,
};
use xacct_types::{ClusterArn, RoleArn, SecretArn, TopicName};

fn name(text: &str) -> Identifier {
    Identifier::new(text).unwrap()
}

fn chain() -> RoleChain {
    let role = |account, name| RoleArn::new(format!("arn:aws:iam::{account}:role/{name}")).unwrap();
    RoleChain::new([role("222222222222", "warehouse"), role("111111111111", "reader")]).unwrap()
}

fn cluster(kind: &str) -> ClusterArn {
    let uuid = "8ecca3e4-7e5a-4152-a212-ab7f9cde97be";
    ClusterArn::new(format!(
        "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/{uuid}-{kind}"
    ))
    .unwrap()
}

/// One line a statement, each read back as the tree it came from.
fn rendered(statements: impl IntoIterator<Item = Statement>) -> String {
    let lines = statements.into_iter().map(|statement| {
        let sql = statement.to_string();
        assert_eq!(read(&sql).unwrap(), statement);
        sql
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn external_schemas() {
    let secret = "arn:aws:secretsmanager:us-east-1:111111111111:secret:kafka-AbCdEf";
    let secret = Certificate::Secret(SecretArn::new(secret).unwrap());
    let acm = "arn:aws:acm:us-east-1:111111111111:certificate/8ecca3e4";
    let acm = Certificate::Acm(CertificateArn::new(acm).unwrap());
    let iam = "boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9098"
        .parse()
        .unwrap();
    let two = "b-1.example.com:9094,b-2.example.com:9094";
    let sources: Vec<StreamSource> = vec![
        KinesisSource::new(IamRole::Default).into(),
        KinesisSource::new(chain()).into(),
        KinesisSource::new(IamRole::Default)
            .in_region("us-east-1".parse().unwrap())
            .into(),
        MskSource::iam(cluster("s1"), chain()).into(),
        MskSource::iam(cluster("1"), IamRole::Default).into(),
        MskSource::unauthenticated(cluster("1"), None).unwrap().into(),
        MskSource::unauthenticated(cluster("1"), Some(IamRole::Default))
            .unwrap()
            .into(),
        KafkaSource::iam(iam, chain()).unwrap().into(),
        KafkaSource::unauthenticated(two.parse().unwrap()).unwrap().into(),
        KafkaSource::mtls(two.parse().unwrap(), IamRole::Default, acm)
            .unwrap()
            .into(),
        KafkaSource::mtls(two.parse().unwrap(), IamRole::Default, secret)
            .unwrap()
            .into(),
    ];
    let schemas = sources
        .into_iter()
        .map(|s| CreateExternalSchema::new(name("s"), s).into());
    insta::assert_snapshot!(rendered(schemas), @r#"
    CREATE EXTERNAL SCHEMA "s" FROM KINESIS IAM_ROLE default
    CREATE EXTERNAL SCHEMA "s" FROM KINESIS IAM_ROLE 'arn:aws:iam::222222222222:role/warehouse,arn:aws:iam::111111111111:role/reader'
    CREATE EXTERNAL SCHEMA "s" FROM KINESIS REGION 'us-east-1' IAM_ROLE default
    CREATE EXTERNAL SCHEMA "s" FROM MSK IAM_ROLE 'arn:aws:iam::222222222222:role/warehouse,arn:aws:iam::111111111111:role/reader' AUTHENTICATION iam CLUSTER_ARN 'arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1'
    CREATE EXTERNAL SCHEMA "s" FROM MSK IAM_ROLE default AUTHENTICATION iam CLUSTER_ARN 'arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-1'
    CREATE EXTERNAL SCHEMA "s" FROM MSK AUTHENTICATION none CLUSTER_ARN 'arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-1'
    CREATE EXTERNAL SCHEMA "s" FROM MSK IAM_ROLE default AUTHENTICATION none CLUSTER_ARN 'arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-1'
    CREATE EXTERNAL SCHEMA "s" FROM KAFKA IAM_ROLE 'arn:aws:iam::222222222222:role/warehouse,arn:aws:iam::111111111111:role/reader' AUTHENTICATION iam URI 'boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9098'
    CREATE EXTERNAL SCHEMA "s" FROM KAFKA AUTHENTICATION none URI 'b-1.example.com:9094,b-2.example.com:9094'
    CREATE EXTERNAL SCHEMA "s" FROM KAFKA IAM_ROLE default AUTHENTICATION mtls URI 'b-1.example.com:9094,b-2.example.com:9094' AUTHENTICATION_ARN 'arn:aws:acm:us-east-1:111111111111:certificate/8ecca3e4'
    CREATE EXTERNAL SCHEMA "s" FROM KAFKA IAM_ROLE default AUTHENTICATION mtls URI 'b-1.example.com:9094,b-2.example.com:9094' SECRET_ARN 'arn:aws:secretsmanager:us-east-1:111111111111:secret:kafka-AbCdEf'
    "#);
}

#[test]
fn changes_of_external_schemas() {
    let acm = "arn:aws:acm:us-east-1:111111111111:certificate/8ecca3e4";
    let acm = Certificate::Acm(CertificateArn::new(acm).unwrap());
    let changes = [
        SchemaOption::Role(chain().into()),
        SchemaOption::Authentication(SchemaAuthentication::None),
        SchemaOption::Authentication(SchemaAuthentication::Iam),
        SchemaOption::Authentication(SchemaAuthentication::Mtls(acm)),
        SchemaOption::Brokers("kafka.example.com:9094".parse().unwrap()),
    ];
    let alters = changes.map(|change| AlterExternalSchema::new(name("s"), change).into());
    insta::assert_snapshot!(rendered(alters), @r#"
    ALTER EXTERNAL SCHEMA "s" IAM_ROLE 'arn:aws:iam::222222222222:role/warehouse,arn:aws:iam::111111111111:role/reader'
    ALTER EXTERNAL SCHEMA "s" AUTHENTICATION none
    ALTER EXTERNAL SCHEMA "s" AUTHENTICATION iam
    ALTER EXTERNAL SCHEMA "s" AUTHENTICATION mtls AUTHENTICATION_ARN 'arn:aws:acm:us-east-1:111111111111:certificate/8ecca3e4'
    ALTER EXTERNAL SCHEMA "s" URI 'kafka.example.com:9094'
    "#);
}

#[test]
fn landing_views_and_their_quarantine() {
    let topic = TopicName::new("Click.Stream-1").unwrap();
    let stream = StreamName::new("clicks").unwrap();
    let mut statements = Vec::new();
    for payload in [Payload::Json, Payload::JsonUnguarded, Payload::Raw, Payload::Text] {
        for landing in [
            Landing::kafka(name("s"), &topic).with_payload(payload),
            Landing::kinesis(name("s"), &stream).with_payload(payload),
        ] {
            let view = CreateMaterializedView::new(QualifiedName::parse("public.v").unwrap(), landing);
            let quarantine = CreateView::quarantine(QualifiedName::parse("public.bad").unwrap(), &view);
            statements.push(view.into());
            statements.extend(quarantine.map(Statement::from));
        }
    }
    insta::assert_snapshot!(rendered(statements), @r#"
    CREATE MATERIALIZED VIEW "public"."v" AS SELECT "kafka_partition", "kafka_offset", "kafka_timestamp_type", "kafka_timestamp", "kafka_key", "kafka_headers", "refresh_time", CASE WHEN CAN_JSON_PARSE("kafka_value") THEN JSON_PARSE("kafka_value") END AS "payload", CASE WHEN CAN_JSON_PARSE("kafka_value") THEN NULL ELSE "kafka_value" END AS "raw" FROM "s"."Click.Stream-1"
    CREATE VIEW "public"."bad" AS SELECT "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_key", "refresh_time", "raw", CASE WHEN "raw" IS NULL THEN 'no value' ELSE 'not JSON' END AS "reason" FROM "public"."v" WHERE "payload" IS NULL
    CREATE MATERIALIZED VIEW "public"."v" AS SELECT "approximate_arrival_timestamp", "partition_key", "shard_id", "sequence_number", "refresh_time", CASE WHEN CAN_JSON_PARSE("kinesis_data") THEN JSON_PARSE("kinesis_data") END AS "payload", CASE WHEN CAN_JSON_PARSE("kinesis_data") THEN NULL ELSE "kinesis_data" END AS "raw" FROM "s"."clicks"
    CREATE VIEW "public"."bad" AS SELECT "approximate_arrival_timestamp", "partition_key", "shard_id", "sequence_number", "refresh_time", "raw", CASE WHEN "raw" IS NULL THEN 'no value' ELSE 'not JSON' END AS "reason" FROM "public"."v" WHERE "payload" IS NULL
    CREATE MATERIALIZED VIEW "public"."v" AS SELECT "kafka_partition", "kafka_offset", "kafka_timestamp_type", "kafka_timestamp", "kafka_key", "kafka_headers", "refresh_time", JSON_PARSE("kafka_value") AS "payload" FROM "s"."Click.Stream-1"
    CREATE VIEW "public"."bad" AS SELECT "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_key", "refresh_time", 'no value' AS "reason" FROM "public"."v" WHERE "payload" IS NULL
    CREATE MATERIALIZED VIEW "public"."v" AS SELECT "approximate_arrival_timestamp", "partition_key", "shard_id", "sequence_number", "refresh_time", JSON_PARSE("kinesis_data") AS "payload" FROM "s"."clicks"
    CREATE VIEW "public"."bad" AS SELECT "approximate_arrival_timestamp", "partition_key", "shard_id", "sequence_number", "refresh_time", 'no value' AS "reason" FROM "public"."v" WHERE "payload" IS NULL
    CREATE MATERIALIZED VIEW "public"."v" AS SELECT "kafka_partition", "kafka_offset", "kafka_timestamp_type", "kafka_timestamp", "kafka_key", "kafka_headers", "refresh_time", "kafka_value" AS "raw" FROM "s"."Click.Stream-1"
    CREATE VIEW "public"."bad" AS SELECT "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_key", "refresh_time", "raw", CASE WHEN "raw" IS NULL THEN 'no value' ELSE 'not JSON' END AS "reason" FROM "public"."v" WHERE "raw" IS NULL OR NOT CAN_JSON_PARSE("raw")
    CREATE MATERIALIZED VIEW "public"."v" AS SELECT "approximate_arrival_timestamp", "partition_key", "shard_id", "sequence_number", "refresh_time", "kinesis_data" AS "raw" FROM "s"."clicks"
    CREATE VIEW "public"."bad" AS SELECT "approximate_arrival_timestamp", "partition_key", "shard_id", "sequence_number", "refresh_time", "raw", CASE WHEN "raw" IS NULL THEN 'no value' ELSE 'not JSON' END AS "reason" FROM "public"."v" WHERE "raw" IS NULL OR NOT CAN_JSON_PARSE("raw")
    CREATE MATERIALIZED VIEW "public"."v" AS SELECT "kafka_partition", "kafka_offset", "kafka_timestamp_type", "kafka_timestamp", "kafka_key", "kafka_headers", "refresh_time", FROM_VARBYTE("kafka_value", 'utf-8') AS "payload" FROM "s"."Click.Stream-1"
    CREATE VIEW "public"."bad" AS SELECT "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_key", "refresh_time", "payload", CASE WHEN "payload" IS NULL THEN 'no value' ELSE 'not JSON' END AS "reason" FROM "public"."v" WHERE "payload" IS NULL OR NOT CAN_JSON_PARSE("payload")
    CREATE MATERIALIZED VIEW "public"."v" AS SELECT "approximate_arrival_timestamp", "partition_key", "shard_id", "sequence_number", "refresh_time", FROM_VARBYTE("kinesis_data", 'utf-8') AS "payload" FROM "s"."clicks"
    CREATE VIEW "public"."bad" AS SELECT "approximate_arrival_timestamp", "partition_key", "shard_id", "sequence_number", "refresh_time", "payload", CASE WHEN "payload" IS NULL THEN 'no value' ELSE 'not JSON' END AS "reason" FROM "public"."v" WHERE "payload" IS NULL OR NOT CAN_JSON_PARSE("payload")
    "#);
}

#[test]
fn options_of_materialized_views() {
    let landing = || Landing::kinesis(name("s"), &StreamName::new("c").unwrap()).with_payload(Payload::Raw);
    let view = || CreateMaterializedView::new(QualifiedName::new(name("v")), landing());
    let statements = [
        view(),
        view().backup(true),
        view().backup(false),
        view().auto_refresh(true),
        view().auto_refresh(false),
        view().distributed(Distribution::Even).unwrap(),
        view().distributed(Distribution::All).unwrap(),
        view().distributed(Distribution::Key(name("shard_id"))).unwrap(),
        view()
            .sorted_by([name("refresh_time"), name("shard_id")])
            .unwrap(),
    ];
    let all: Vec<String> = statements
        .into_iter()
        .map(|view| rendered([view.into()]).split(" AS ").next().unwrap().to_owned())
        .collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    CREATE MATERIALIZED VIEW "v"
    CREATE MATERIALIZED VIEW "v" BACKUP YES
    CREATE MATERIALIZED VIEW "v" BACKUP NO
    CREATE MATERIALIZED VIEW "v" AUTO REFRESH YES
    CREATE MATERIALIZED VIEW "v" AUTO REFRESH NO
    CREATE MATERIALIZED VIEW "v" DISTSTYLE EVEN
    CREATE MATERIALIZED VIEW "v" DISTSTYLE ALL
    CREATE MATERIALIZED VIEW "v" DISTSTYLE KEY DISTKEY ("shard_id")
    CREATE MATERIALIZED VIEW "v" SORTKEY ("refresh_time", "shard_id")
    "#);
}
