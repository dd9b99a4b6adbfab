//! Topics and the cluster.

use super::{Case, Stage, judge_all, nothing};
use crate::broken_links::workgroup;
use crate::world::{SOURCE, World};
use serde_json::json;
use xacct::PipelineSpec;

fn arn(stage: &Stage) -> String {
    stage.outputs.source.cluster.arn.to_string()
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "a topic's retention is shortened",
        change: |s| {
            let settings = [("retention.ms".to_owned(), Some("1000".to_owned()))].into();
            s.world
                .sim
                .kafka(|store| store.alter_settings(&arn(s), "Clicks", &settings))
                .unwrap();
        },
        plan: r#"
            ~ topic/Clicks (Kafka::Topic)
            retention.ms: 1000 → 604800000
        "#,
        writes: "",
        afterwards: nothing,
    },
    Case {
        what: "the topic is deleted",
        change: |s| {
            s.world
                .sim
                .kafka(|store| store.delete_topic(&arn(s), "Clicks"))
                .unwrap();
        },
        plan: r#"
            + topic/Clicks (Kafka::Topic)
        "#,
        writes: "",
        afterwards: nothing,
    },
    Case {
        what: "the topic is given more partitions, which Kafka cannot take back",
        change: |s| {
            s.world
                .sim
                .kafka(|store| store.grow_topic(&arn(s), "Clicks", 5))
                .unwrap();
        },
        plan: r#"
            -/+ topic/Clicks (Kafka::Topic)  destroys data
            partitions: 5 → 3
        "#,
        writes: "",
        afterwards: nothing,
    },
    Case {
        what: "identifiers lose their case, which a topic with a capital needs",
        change: |s| {
            let parameter =
                json!([{ "parameterKey": "enable_case_sensitive_identifier", "parameterValue": "false" }]);
            workgroup(&s.world, &s.outputs, "configParameters", parameter);
        },
        plan: r#"
            ~ warehouse/workgroup (AWS::RedshiftServerless::Workgroup)
            enable_case_sensitive_identifier: false → true
        "#,
        writes: r#"
            warehouse redshift-serverless:UpdateWorkgroup
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the cluster loses a tag",
        change: |s| {
            s.world.call(
                SOURCE,
                "kafka",
                "UntagResource",
                json!({ "resourceArn": arn(s), "tagKeys": ["Name"] }),
            );
        },
        plan: r#"
            ~ cluster (AWS::MSK::ServerlessCluster)
            tag Name: (absent) → clicks-cluster
        "#,
        writes: r#"
            source kafka:TagResource
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the cluster is deleted",
        change: |s| {
            s.world
                .call(SOURCE, "kafka", "DeleteCluster", json!({ "clusterArn": arn(s) }));
            s.arrive();
        },
        plan: r#"
            + cluster (AWS::MSK::ServerlessCluster)
            ~ source/role-policy (AWS::IAM::RolePolicy)
            document: {"Version":"2012-10-17","Statement":[{"Sid":"MskConnect","Effect":"Allow","Action":"kafka-cluster:Connect","Resource":"arn:aws:kafka:ap-south-1:111111111111:cluster/clicks-cluster/<cluster id>"},{"Sid":"MskReadTopics","Effect":"Allow","Action":["kafka-cluster:DescribeTopic","kafka-cluster:ReadData"],"Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks-cluster/<cluster id>/Clicks"},{"Sid":"MskReadGroups","Effect":"Allow","Action":["kafka-cluster:AlterGroup","kafka-cluster:DescribeGroup"],"Resource":"arn:aws:kafka:ap-south-1:111111111111:group/clicks-cluster/<cluster id>/*"},{"Sid":"MskFindBrokers","Effect":"Allow","Action":"kafka:GetBootstrapBrokers","Resource":"*"}]} → (known after apply)
            + topic/Clicks (Kafka::Topic)
            -/+ warehouse/external-schema (Redshift::ExternalSchema)
            CLUSTER_ARN: arn:aws:kafka:ap-south-1:111111111111:cluster/clicks-cluster/<cluster id> → (known after apply)
            -/+ warehouse/view/myview1 (Redshift::MaterializedView)  destroys data
            external schema: an earlier one → made anew
        "#,
        writes: r#"
            source iam:PutRolePolicy
            source kafka:CreateClusterV2
            warehouse sql: CREATE EXTERNAL SCHEMA "mskschema"
            warehouse sql: CREATE MATERIALIZED VIEW "public"."myview1"
            warehouse sql: DROP MATERIALIZED VIEW IF
            warehouse sql: DROP MATERIALIZED VIEW IF
            warehouse sql: DROP SCHEMA IF EXISTS
            warehouse sql: REFRESH MATERIALIZED VIEW "public"."myview1"
        "#,
        afterwards: nothing,
    },
];

#[test]
fn what_somebody_changes_about_the_stream_is_put_back() {
    let topic =
        "[[source.topic]]\nname = \"Clicks\"\nconfig = { \"retention.ms\" = \"604800000\" }\n[warehouse]";
    let text = crate::world::TUTORIAL.replace("[warehouse]", topic);
    let world = World::new().with_spec(PipelineSpec::from_toml(&text).unwrap());
    judge_all(CASES, Stage::of(world));
}
