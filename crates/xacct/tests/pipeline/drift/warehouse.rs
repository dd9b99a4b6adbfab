//! Namespace and workgroup.

use super::{Case, Stage, judge_all, nothing, text};
use crate::broken_links::workgroup;
use crate::world::{WAREHOUSE, filter};
use serde_json::{Value as Json, json};

const OTHER: &str = "arn:aws:iam::222222222222:role/analytics";

fn serverless(stage: &Stage, operation: &str, params: Json) -> Json {
    stage
        .world
        .call(WAREHOUSE, "redshift-serverless", operation, params)
}

/// The roles of the namespace and the default one.
fn roles(stage: &Stage, roles: &[&str], default: &str) {
    let name = &stage.outputs.warehouse.namespace.name;
    serverless(
        stage,
        "UpdateNamespace",
        json!({ "namespaceName": name, "iamRoles": roles, "defaultIamRoleArn": default }),
    );
}

fn analytics(stage: &Stage) {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "redshift.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    stage.world.call(
        WAREHOUSE,
        "iam",
        "CreateRole",
        json!({ "RoleName": "analytics", "AssumeRolePolicyDocument": trust.to_string() }),
    );
}

fn set(stage: &Stage, field: &str, value: Json) {
    workgroup(&stage.world, &stage.outputs, field, value);
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "the role is detached from the namespace",
        change: |s| roles(s, &[], ""),
        plan: r#"
            ~ warehouse/namespace (AWS::RedshiftServerless::Namespace)
            attached role: (absent) → arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1
            default role: (absent) → arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1
        "#,
        writes: r#"
            warehouse redshift-serverless:UpdateNamespace
        "#,
        afterwards: nothing,
    },
    Case {
        what: "another role is attached and made the default; it stays attached",
        change: |s| {
            analytics(s);
            let ours = s.outputs.warehouse.role.to_string();
            roles(s, &[OTHER, &ours], OTHER);
        },
        plan: r#"
            ~ warehouse/namespace (AWS::RedshiftServerless::Namespace)
            default role: arn:aws:iam::222222222222:role/analytics → arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1
        "#,
        writes: r#"
            warehouse redshift-serverless:UpdateNamespace
        "#,
        afterwards: |s| {
            let found = serverless(
                s,
                "GetNamespace",
                json!({ "namespaceName": s.outputs.warehouse.namespace.name }),
            );
            let listed = found["namespace"]["iamRoles"].to_string();
            assert!(listed.contains(OTHER), "the other role was taken off: {listed}");
            let ours = s.outputs.warehouse.role.to_string();
            roles(s, &[&ours], &ours);
            s.world
                .call(WAREHOUSE, "iam", "DeleteRole", json!({ "RoleName": "analytics" }));
        },
    },
    Case {
        what: "enhanced VPC routing is switched off",
        change: |s| set(s, "enhancedVpcRouting", json!(false)),
        plan: r#"
            ~ warehouse/workgroup (AWS::RedshiftServerless::Workgroup)
            enhanced VPC routing: off → on
        "#,
        writes: r#"
            warehouse redshift-serverless:UpdateWorkgroup
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the workgroup is made public",
        change: |s| set(s, "publiclyAccessible", json!(true)),
        plan: r#"
            ~ warehouse/workgroup (AWS::RedshiftServerless::Workgroup)
            publicly accessible: yes → no
        "#,
        writes: r#"
            warehouse redshift-serverless:UpdateWorkgroup
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the capacity is raised",
        change: |s| set(s, "baseCapacity", json!(64)),
        plan: r#"
            ~ warehouse/workgroup (AWS::RedshiftServerless::Workgroup)
            base capacity: 64 → 32
        "#,
        writes: r#"
            warehouse redshift-serverless:UpdateWorkgroup
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the workgroup wears another security group and is public",
        change: |s| {
            let vpc = s.id("warehouse/vpc");
            let found = s.ec2(WAREHOUSE, "DescribeSecurityGroups", filter("vpc-id", &vpc));
            let groups = found["securityGroupInfo"].as_array().unwrap();
            let default = groups
                .iter()
                .find(|group| group["groupName"] == "default")
                .unwrap();
            set(s, "securityGroupIds", json!([text(&default["groupId"])]));
            s.arrive();
            set(s, "publiclyAccessible", json!(true));
        },
        plan: r#"
            ~ warehouse/workgroup (AWS::RedshiftServerless::Workgroup)
            publicly accessible: yes → no
            security groups: <default group of the warehouse> → <warehouse/group-workgroup>
        "#,
        writes: r#"
            warehouse redshift-serverless:UpdateWorkgroup
            warehouse redshift-serverless:UpdateWorkgroup
        "#,
        afterwards: nothing,
    },
    Case {
        what: "namespace and workgroup lose a tag",
        change: |s| {
            let of = &s.outputs.warehouse;
            for arn in [&of.namespace.arn, &of.workgroup.arn] {
                serverless(
                    s,
                    "UntagResource",
                    json!({ "resourceArn": arn, "tagKeys": ["Name"] }),
                );
            }
        },
        plan: r#"
            ~ warehouse/namespace (AWS::RedshiftServerless::Namespace)
            tag Name: (absent) → clicks-warehouse-namespace
            ~ warehouse/workgroup (AWS::RedshiftServerless::Workgroup)
            tag Name: (absent) → clicks-warehouse-workgroup
        "#,
        writes: r#"
            warehouse redshift-serverless:TagResource
            warehouse redshift-serverless:TagResource
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the workgroup is deleted; without it nobody can tell what the database holds",
        change: |s| {
            let name = &s.outputs.warehouse.workgroup.name;
            serverless(s, "DeleteWorkgroup", json!({ "workgroupName": name }));
            s.arrive();
        },
        plan: r#"
            + warehouse/workgroup (AWS::RedshiftServerless::Workgroup)
            + warehouse/external-schema (Redshift::ExternalSchema)
            + warehouse/view/myview1 (Redshift::MaterializedView)
            + warehouse/parsed/myview1_parsed (Redshift::View)
            + warehouse/quarantine/myview1_quarantine (Redshift::View)
        "#,
        writes: r#"
            warehouse redshift-serverless:CreateWorkgroup
            warehouse sql: CREATE EXTERNAL SCHEMA "mskschema"
            warehouse sql: CREATE MATERIALIZED VIEW "public"."myview1"
            warehouse sql: CREATE VIEW "public"."myview1_parsed" AS
            warehouse sql: CREATE VIEW "public"."myview1_quarantine" AS
            warehouse sql: REFRESH MATERIALIZED VIEW "public"."myview1"
        "#,
        afterwards: nothing,
    },
];

#[test]
fn what_somebody_changes_about_the_warehouse_is_put_back() {
    judge_all(CASES, Stage::new());
}
