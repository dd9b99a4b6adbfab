//! Roles: who may assume them, what they may do.

use super::{Case, Stage, judge_all, nothing, text};
use crate::broken_links::{percent_decode, put_policy, reader, recreate, trust, without};
use crate::world::{SOURCE, WAREHOUSE};
use serde_json::{Value as Json, json};

const GUARD: &str = "arn:aws:iam::111111111111:policy/everything";

fn iam(stage: &Stage, account: &str, operation: &str, params: Json) -> Json {
    stage.world.call(account, "iam", operation, params)
}

fn assumer(stage: &Stage) -> String {
    stage.outputs.warehouse.role.name().to_owned()
}

/// The inline policy of a role: its name and its document.
fn policy(stage: &Stage, account: &str, role: &str) -> (String, Json) {
    let names = iam(stage, account, "ListRolePolicies", json!({ "RoleName": role }));
    let name = text(&names["PolicyNames"][0]);
    let found = iam(
        stage,
        account,
        "GetRolePolicy",
        json!({ "RoleName": role, "PolicyName": name }),
    );
    let document = percent_decode(&text(&found["PolicyDocument"]));
    (name, serde_json::from_str(&document).unwrap())
}

fn allow(action: &str) -> Json {
    json!({ "Effect": "Allow", "Action": action, "Resource": "*" })
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "the stream role's trust is given to somebody else",
        change: |s| {
            trust(
                &s.world,
                SOURCE,
                &reader(&s.outputs),
                &json!({ "Service": "ec2.amazonaws.com" }),
            )
        },
        plan: r#"
            ~ source/role (AWS::IAM::Role)
            trust policy: without Allow sts:assumerole for arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1; with Allow sts:assumerole for ec2.amazonaws.com → {"Version":"2012-10-17","Statement":[{"Sid":"XacctclicksTrustWarehouse","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1"},"Action":"sts:AssumeRole"}]}
        "#,
        writes: r#"
            source iam:UpdateAssumeRolePolicy
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the warehouse role trusts a whole account, too",
        change: |s| {
            let role = assumer(s);
            let found = iam(s, WAREHOUSE, "GetRole", json!({ "RoleName": role }));
            let document = percent_decode(&text(&found["Role"]["AssumeRolePolicyDocument"]));
            let mut document: Json = serde_json::from_str(&document).unwrap();
            document["Statement"].as_array_mut().unwrap().push(json!({
                "Sid": "Convenient", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::222222222222:root" },
                "Action": "sts:AssumeRole" }));
            iam(
                s,
                WAREHOUSE,
                "UpdateAssumeRolePolicy",
                json!({ "RoleName": role, "PolicyDocument": document.to_string() }),
            );
        },
        plan: r#"
            ~ warehouse/role (AWS::IAM::Role)
            trust policy: with Allow sts:assumerole for account 222222222222 → {"Version":"2012-10-17","Statement":[{"Sid":"XacctclicksTrustRedshift","Effect":"Allow","Principal":{"Service":["redshift.amazonaws.com","redshift-serverless.amazonaws.com"]},"Action":"sts:AssumeRole"}]}
        "#,
        writes: r#"
            warehouse iam:UpdateAssumeRolePolicy
        "#,
        afterwards: nothing,
    },
    Case {
        what: "an action is taken out of the reader's policy",
        change: |s| without(&s.world, &s.outputs, "kafka-cluster:ReadData"),
        plan: r#"
            ~ source/role-policy (AWS::IAM::RolePolicy)
            permission: (absent) → Allow kafka-cluster:readdata on arn:aws:kafka:ap-south-1:111111111111:topic/clicks-cluster/<cluster id>/testtopic
        "#,
        writes: r#"
            source iam:PutRolePolicy
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the reader's policy is extended",
        change: |s| {
            let role = reader(&s.outputs);
            let (name, mut document) = policy(s, SOURCE, &role);
            let statements = document["Statement"].as_array_mut().unwrap();
            statements.push(allow("kafka-cluster:WriteData"));
            put_policy(&s.world, SOURCE, &role, &name, &document);
        },
        plan: r#"
            ~ source/role-policy (AWS::IAM::RolePolicy)
            permission: Allow kafka-cluster:writedata on * → (absent)
        "#,
        writes: r#"
            source iam:PutRolePolicy
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the right to assume the stream role is removed",
        change: |s| {
            let role = assumer(s);
            let (name, _) = policy(s, WAREHOUSE, &role);
            iam(
                s,
                WAREHOUSE,
                "DeleteRolePolicy",
                json!({ "RoleName": role, "PolicyName": name }),
            );
        },
        plan: r#"
            + warehouse/role-policy (AWS::IAM::RolePolicy)
        "#,
        writes: r#"
            warehouse iam:PutRolePolicy
        "#,
        afterwards: nothing,
    },
    Case {
        what: "another inline policy is put on the stream role",
        change: |s| {
            let document = json!({ "Version": "2012-10-17", "Statement": [allow("s3:*")] });
            put_policy(&s.world, SOURCE, &reader(&s.outputs), "convenient", &document);
        },
        plan: r#"
            ~ source/role (AWS::IAM::Role)
            inline policy convenient: {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]} → (absent)
        "#,
        writes: r#"
            source iam:DeleteRolePolicy
        "#,
        afterwards: nothing,
    },
    Case {
        what: "a managed policy is attached to the stream role",
        change: |s| {
            let document = json!({ "Version": "2012-10-17", "Statement": [allow("*")] });
            let params = json!({ "PolicyName": "everything", "PolicyDocument": document.to_string() });
            iam(s, SOURCE, "CreatePolicy", params);
            let role = reader(&s.outputs);
            iam(
                s,
                SOURCE,
                "AttachRolePolicy",
                json!({ "RoleName": role, "PolicyArn": GUARD }),
            );
        },
        plan: r#"
            ~ source/role (AWS::IAM::Role)
            managed policy arn:aws:iam::111111111111:policy/everything: attached → (absent)
        "#,
        writes: r#"
            source iam:DetachRolePolicy
        "#,
        afterwards: |s| {
            iam(s, SOURCE, "DeletePolicy", json!({ "PolicyArn": GUARD }));
        },
    },
    Case {
        what: "the warehouse role is made anew, so that the trust in it is void",
        change: |s| recreate(&s.world, WAREHOUSE, &assumer(s)),
        plan: r#"
            ~ warehouse/role (AWS::IAM::Role)
            description:  → warehouse/role of the pipeline clicks in ap-south-1
            ~ source/role (AWS::IAM::Role)
            trust policy: trusts <unique id of clicks-warehouse-role-ap-south-1>, which is left of a role that was deleted → {"Version":"2012-10-17","Statement":[{"Sid":"XacctclicksTrustWarehouse","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1"},"Action":"sts:AssumeRole"}]}
        "#,
        writes: r#"
            source iam:UpdateAssumeRolePolicy
            warehouse iam:UpdateRole
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the stream role is deleted",
        change: |s| {
            let role = reader(&s.outputs);
            let (name, _) = policy(s, SOURCE, &role);
            iam(
                s,
                SOURCE,
                "DeleteRolePolicy",
                json!({ "RoleName": role, "PolicyName": name }),
            );
            iam(s, SOURCE, "DeleteRole", json!({ "RoleName": role }));
        },
        plan: r#"
            + source/role (AWS::IAM::Role)
            + source/role-policy (AWS::IAM::RolePolicy)
        "#,
        writes: r#"
            source iam:CreateRole
            source iam:PutRolePolicy
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the warehouse role is deleted",
        change: |s| {
            let role = assumer(s);
            let (name, _) = policy(s, WAREHOUSE, &role);
            iam(
                s,
                WAREHOUSE,
                "DeleteRolePolicy",
                json!({ "RoleName": role, "PolicyName": name }),
            );
            iam(s, WAREHOUSE, "DeleteRole", json!({ "RoleName": role }));
        },
        plan: r#"
            + warehouse/role (AWS::IAM::Role)
            + warehouse/role-policy (AWS::IAM::RolePolicy)
            ~ source/role (AWS::IAM::Role)
            trust policy: {"Version":"2012-10-17","Statement":[{"Sid":"XacctclicksTrustWarehouse","Effect":"Allow","Principal":{"AWS":"<unique id of clicks-warehouse-role-ap-south-1>"},"Action":"sts:AssumeRole"}]} → (known after apply)
        "#,
        writes: r#"
            source iam:UpdateAssumeRolePolicy
            warehouse iam:CreateRole
            warehouse iam:PutRolePolicy
        "#,
        afterwards: nothing,
    },
    Case {
        what: "a role is described anew, gets longer sessions and loses a tag",
        change: |s| {
            let role = assumer(s);
            iam(
                s,
                WAREHOUSE,
                "UpdateRole",
                json!({ "RoleName": role, "Description": "mine", "MaxSessionDuration": "7200" }),
            );
            iam(
                s,
                WAREHOUSE,
                "UntagRole",
                json!({ "RoleName": role, "TagKeys": ["Name"] }),
            );
        },
        plan: r#"
            ~ warehouse/role (AWS::IAM::Role)
            description: mine → warehouse/role of the pipeline clicks in ap-south-1
            max session duration: 7200 → 3600
            tag Name: (absent) → clicks-warehouse-role
        "#,
        writes: r#"
            warehouse iam:TagRole
            warehouse iam:UpdateRole
        "#,
        afterwards: nothing,
    },
];

#[test]
fn what_somebody_changes_about_roles_is_put_back() {
    judge_all(CASES, Stage::new());
}
